/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What must hold for every row, checked a column at a time. */
#ifndef LIBSCHEDTRACE_ROW_CHECKS_H
#define LIBSCHEDTRACE_ROW_CHECKS_H

#include <stddef.h>
#include <stdint.h>

#include "libschedtrace/trace.h"

/* Times are within ± 2^62 ns (146 years), so that differences fit in 63 bits. */
#define ROWS_MAX_TIME (INT64_C(1) << 62)

/* What the values of a column may be. */
struct row_limits {
	int32_t events; /* ids are below */
	int32_t comms;	/* ids are at most */
	int32_t stacks; /* indexes are below */
};

/* @first_row is the number of data[0]. Order is checked within the n rows only. */
int rows_check(enum column_id column, const void *data, size_t n, uint64_t first_row,
	       const struct row_limits *limits, struct schedtrace_error *err);

/* The order of the rows before and at @row. */
int rows_check_order(int64_t before, int64_t at, uint64_t row, struct schedtrace_error *err);

/* Says that the timestamp of @row is outside of that. */
int rows_no_time(int64_t timestamp, uint64_t row, struct schedtrace_error *err);

#endif
