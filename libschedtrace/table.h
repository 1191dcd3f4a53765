/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Typed result columns: how an analysis makes its tables. */
#ifndef LIBSCHEDTRACE_TABLE_H
#define LIBSCHEDTRACE_TABLE_H

#include <stdbool.h>

#include <schedtrace/tables.h>

#define UNKNOWN_INT INT64_MIN

static inline int64_t if_known(bool known, int64_t value)
{
	return known ? value : UNKNOWN_INT;
}

int tables_new(struct schedtrace_tables **out, struct schedtrace_error *err);

/* An empty table of the shape @info, which must be static; it belongs to @tables. */
int tables_add(struct schedtrace_tables *tables, const struct schedtrace_table_info *info,
	       struct schedtrace_table **out, struct schedtrace_error *err);

/* Appends a row: one value a column, in the order of the shape. Texts are copied. */
int table_row(struct schedtrace_table *table, const union schedtrace_value *values,
	      struct schedtrace_error *err);

#endif
