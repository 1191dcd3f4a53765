/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Points on the trace clock as dates and times of day. */
#ifndef ANALYZE_TIME_OF_DAY_H
#define ANALYZE_TIME_OF_DAY_H

#include <schedtrace/context.h>

struct time_of_day {
	enum {
		TIME_AS_WALL, /* 2026-11-30 13:15:02.123456, as TZ says */
		TIME_AS_UTC,  /* 2026-11-30 12:15:02.123456Z */
		TIME_AS_ISO,  /* 2026-11-30T13:15:02.123456+01:00: ISO 8601 */
	} form;
	int64_t offset_ns; /* wall clock minus trace clock, when the recording began */
};

/* "wall", "utc" or "iso"; the offset is not known yet. */
int time_of_day_parse(struct time_of_day *time, const char *word, struct schedtrace_error *err);

/* Takes the offset from what is known of the recording. */
int time_of_day_begin(struct time_of_day *time, const struct schedtrace_info *info,
		      struct schedtrace_error *err);

/* By how much the wall clock was set, or drifted, until the recording ended; 0: as far as known
 * not. */
int64_t time_of_day_drift(const struct schedtrace_info *info);

/* @digits of the second behind the point, at most 9. NULL without memory. */
char *time_of_day_text(const struct time_of_day *time, int64_t trace_ns, int digits);

/* What stands below the name of a column of them. */
const char *time_of_day_unit(const struct time_of_day *time);

#endif
