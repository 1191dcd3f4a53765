/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "libschedtrace/row_checks.h"

#include "base/error.h"
#include "libschedtrace/context.h"

int rows_check_order(int64_t before, int64_t at, uint64_t row, struct schedtrace_error *err)
{
	if (at >= before)
		return 0;
	return error_set(err, SCHEDTRACE_E_FORMAT,
			 "row %llu: timestamp %lld is before the previous row's %lld",
			 (unsigned long long)row, (long long)at, (long long)before);
}

int rows_no_time(int64_t timestamp, uint64_t row, struct schedtrace_error *err)
{
	return error_set(err, SCHEDTRACE_E_FORMAT, "row %llu: timestamp %lld is no time in ns",
			 (unsigned long long)row, (long long)timestamp);
}

static int check_timestamps(const int64_t *t, size_t n, uint64_t first_row,
			    struct schedtrace_error *err)
{
	int bad = 0;

	for (size_t i = 1; i < n; i++) /* without a branch, so that it is vectorised */
		bad |= t[i] < t[i - 1];
	for (size_t i = 1; bad && i < n; i++)
		if (t[i] < t[i - 1])
			return rows_check_order(t[i - 1], t[i], first_row + i, err);
	if (n && t[0] <= -ROWS_MAX_TIME)
		return rows_no_time(t[0], first_row, err);
	if (n && t[n - 1] >= ROWS_MAX_TIME)
		return rows_no_time(t[n - 1], first_row + n - 1, err);
	return 0;
}

/* The first value outside [min, max], n if there is none. */
static size_t find_outside(const int32_t *values, size_t n, int32_t min, int32_t max)
{
	uint32_t range = (uint32_t)max - (uint32_t)min;
	int bad = 0;
	size_t i;

	if (max < min)
		return 0;
	for (i = 0; i < n; i++)
		bad |= (uint32_t)values[i] - (uint32_t)min > range;
	for (i = bad ? 0 : n; i < n; i++)
		if ((uint32_t)values[i] - (uint32_t)min > range)
			break;
	return i;
}

int rows_check(enum column_id column, const void *data, size_t n, uint64_t first_row,
	       const struct row_limits *limits, struct schedtrace_error *err)
{
	const int32_t *v = data;
	unsigned long long row;
	size_t i;

	switch (column) {
	case COLUMN_TIMESTAMP:
		return check_timestamps(data, n, first_row, err);
	case COLUMN_EVENT:
		i = find_outside(v, n, 0, limits->events - 1);
		row = first_row + i;
		return i == n ? 0
			      : error_set(err, SCHEDTRACE_E_FORMAT,
					  "row %llu: event id %d has no name", row, v[i]);
	case COLUMN_CPU:
		i = find_outside(v, n, 0, CONTEXT_MAX_CPU);
		row = first_row + i;
		return i == n ? 0
			      : error_set(err, SCHEDTRACE_E_FORMAT,
					  "row %llu: CPU id %d is not within 0 to %d", row, v[i],
					  CONTEXT_MAX_CPU);
	case COLUMN_COMM:
		i = find_outside(v, n, 0, limits->comms);
		row = first_row + i;
		return i == n ? 0
			      : error_set(err, SCHEDTRACE_E_FORMAT,
					  "row %llu: name id %d has no name", row, v[i]);
	case COLUMN_STACK:
		i = find_outside(v, n, -1, limits->stacks - 1);
		row = first_row + i;
		return i == n ? 0
			      : error_set(err, SCHEDTRACE_E_FORMAT,
					  "row %llu: no call stack %d, there are %d", row, v[i],
					  limits->stacks);
	default:
		return 0; /* any pid and any argument */
	}
}
