/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Typed result columns: how an analysis makes its tables. */
#ifndef LIBSCHEDTRACE_TABLE_H
#define LIBSCHEDTRACE_TABLE_H

#include <stdbool.h>

#include <schedtrace/tables.h>

#define UNKNOWN_INT INT64_MIN

/*
 * A column of a table's description: COLUMN(name, unit, type, kind, about, .member = value, ...).
 * The others know unit, type and kind; figures are added up where rows merge unless .merge says
 * otherwise.
 */
#define COLUMN(name_, unit_, type_, kind_, ...)                                                    \
	(&(const struct schedtrace_column_info){ .name = (name_),                                  \
						 .unit = (unit_),                                  \
						 .type = SCHEDTRACE_##type_,                       \
						 .kind = SCHEDTRACE_KIND_##kind_,                  \
						 .about = __VA_ARGS__ })
#define COLUMN_UNMERGED(name, unit, type, kind, ...)                                               \
	COLUMN(name, unit, type, kind, __VA_ARGS__, .merge = SCHEDTRACE_MERGE_NONE)

#define COLUMN_TEXT(name, ...)	   COLUMN_UNMERGED(name, "", TEXT, TEXT, __VA_ARGS__)
#define COLUMN_ID(name, ...)	   COLUMN_UNMERGED(name, "", INT, ID, __VA_ARGS__)
#define COLUMN_ADDRESS(name, ...)  COLUMN_UNMERGED(name, "", INT, ADDRESS, __VA_ARGS__)
#define COLUMN_STAMP(name, ...)	   COLUMN_UNMERGED(name, "ns", INT, STAMP, __VA_ARGS__)
#define COLUMN_DURATION(name, ...) COLUMN(name, "ns", INT, DURATION, __VA_ARGS__)
#define COLUMN_COUNT(name, ...)	   COLUMN(name, "1", INT, COUNT, __VA_ARGS__)
#define COLUMN_SIZE(name, ...)	   COLUMN(name, "bytes", INT, SIZE, __VA_ARGS__)
/* Means and shares: nobody knows whether a missing record makes them larger or smaller. */
#define COLUMN_MEAN(name, unit, kind, ...)                                                         \
	COLUMN(name, unit, REAL, kind, __VA_ARGS__, .doubt = SCHEDTRACE_DOUBT_ANY)
#define COLUMN_SHARE(name, ...) COLUMN_MEAN(name, "%", SHARE, __VA_ARGS__)
#define COLUMN_PERCENTILE(name, ...)                                                               \
	COLUMN_DURATION(name, __VA_ARGS__, .merge = SCHEDTRACE_MERGE_ONE,                          \
			.doubt = SCHEDTRACE_DOUBT_ANY)

#define PICTURES(...) ((const struct schedtrace_picture *const[]){ __VA_ARGS__, NULL })

static inline int64_t if_known(bool known, int64_t value)
{
	return known ? value : UNKNOWN_INT;
}

/* Hidden columns: the serial number of the life that a row is about, by which
 * schedtrace_tables_interval() finds it again; 0: of nobody known. And which column will count what
 * lasts. */
#define COLUMN_LIFE(name)	COLUMN_ID(name, "serial number of the life")
#define COLUMN_LASTING_IN(name) COLUMN_COUNT(name, "which column will count what lasts, -1 none")

/* Tables of which there is none of an interval, and those that say what is at the moment. */
extern const struct schedtrace_table_interval table_left_out, table_of_now;

struct let_go;

int tables_new(struct schedtrace_tables **out, struct schedtrace_error *err);

/* Says of which moment they are: @place is held by them, as let_go_mark() gives it. */
void tables_set_moment(struct schedtrace_tables *tables, struct let_go *place, int64_t now);
struct let_go *tables_place(const struct schedtrace_tables *tables);
int64_t tables_now(const struct schedtrace_tables *tables);

/* How many rows tables had in an earlier snapshot. All zero: nobody knows. */
struct table_sizes {
	struct {
		const struct schedtrace_table_info *info;
		size_t rows;
	} * all;
	size_t n, max;
};

/* Before any is added: they will be about that large. @sizes must stay until the last is. */
void tables_expect(struct schedtrace_tables *tables, const struct table_sizes *sizes);

/* Remembers how large they are; -1 without memory. */
int tables_sizes(const struct schedtrace_tables *tables, struct table_sizes *sizes);

struct schedtrace_table *tables_at(struct schedtrace_tables *tables, size_t index);

/* An empty table of the shape @info, which must be static; it belongs to @tables. */
int tables_add(struct schedtrace_tables *tables, const struct schedtrace_table_info *info,
	       struct schedtrace_table **out, struct schedtrace_error *err);

/* Appends a row: one value a column, in the order of the shape, also the hidden ones. Texts are
 * copied. */
int table_row(struct schedtrace_table *table, const union schedtrace_value *values,
	      struct schedtrace_error *err);

/* Leaves the rows @keep says, by row. */
void table_keep(struct schedtrace_table *table, const bool *keep);

/* The index of a column, also of a hidden one; SIZE_MAX: there is none, or @name is NULL. */
size_t table_column(const struct schedtrace_table_info *info, const char *name, size_t n);

/* Also of a hidden column. Both must exist. */
union schedtrace_value table_cell(const struct schedtrace_table *table, size_t row, size_t column);

#endif
