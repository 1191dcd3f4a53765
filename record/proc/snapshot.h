/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The state of the system when recording begins and ends, as JSON in the timeline. */
#ifndef RECORD_PROC_SNAPSHOT_H
#define RECORD_PROC_SNAPSHOT_H

#include <stdbool.h>

#include <schedtrace/error.h>

#include "record/proc/proc_tasks.h"
#include "record/tracefs/clocks.h"

/*
 * Writes MARKER_SNAPSHOT_BEGIN or, if @end, MARKER_SNAPSHOT_END to trace_marker_raw. Of @tasks,
 * those that are marked MARKER_TASK_TREE are told in detail.
 */
int snapshot_write(int marker_fd, bool end, const struct task_list *tasks,
		   const struct clocks *clocks, struct schedtrace_error *err);

#endif
