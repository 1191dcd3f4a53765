/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How requests name lanes and parts of the time. */
#ifndef VIEW_PAGE_LANE_ARGUMENTS_H
#define VIEW_PAGE_LANE_ARGUMENTS_H

#include "view/page/server.h"
#include "view/timeline/timeline.h"

/* Who a lane is of: 'c' who runs on a CPU, 'q' its queue, 'w' where it idles while others wait, 't'
 * what a task does; by the CPU's id or the task's number. 'a': all CPUs together. */
struct lane_name {
	char kind;
	uint32_t number;
};

/* Reads the name that @text begins with, and goes behind it; fails if there is no such lane. */
int lane_name_read(struct lane_name *out, const char **text, const struct timeline *timeline,
		   struct schedtrace_error *err);

/* NULL for that of all CPUs. */
const struct timeline_lane *lane_of(const struct timeline *timeline, struct lane_name name);

/* A whole number of ns since the first row, as a time on the trace clock. */
int lane_time_read(const struct request *request, const char *name, const struct timeline *timeline,
		   int64_t *out, struct schedtrace_error *err);

/* "x0" and "x1". */
int lane_window_read(const struct request *request, const struct timeline *timeline,
		     struct timeline_window *out, struct schedtrace_error *err);

#endif
