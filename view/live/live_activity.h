/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The table "activity": what each task did in an interval, with pidstat's columns. Times on and off
 * CPUs, switches and moves come from events; user and system time, faults, memory and the user come
 * from /proc, which knows tasks that are there at the end of the interval.
 */
#ifndef VIEW_LIVE_LIVE_ACTIVITY_H
#define VIEW_LIVE_LIVE_ACTIVITY_H

#include "libschedtrace/table.h"
#include "view/live/live_samples.h"
#include "view/live/live_waits.h"

extern const struct schedtrace_table_info live_activity_info;
/* The analyses that it is made of, NULL-terminated. */
extern const char *const live_activity_analyses[];

/* What its rows are made of, interval after interval. All zero: none has begun. */
struct live_activity {
	struct live_samples before, now;
	struct live_waits waits; /* of the interval */
	bool processes;		 /* threads are put together */
};

/* An interval begins without one before. */
void live_activity_begin(struct live_activity *activity);

/* Adds the table of an interval of @length_ns to @out. @between: tables of it, with "tasks". The
 * next interval begins. */
int live_activity_add(struct live_activity *activity, const struct schedtrace_tables *between,
		      int64_t length_ns, struct schedtrace_tables *out,
		      struct schedtrace_error *err);
void live_activity_free(struct live_activity *activity);

#endif
