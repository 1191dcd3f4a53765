/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The parts that tables of a comparison are made of: columns by group, and lines of their
 * values. */
#ifndef ANALYZE_COMPARE_LINES_H
#define ANALYZE_COMPARE_LINES_H

#include "analyze/compare/compared_tables.h"

/* A text that lives as long as the tables; NULL without memory. */
const char *shape_text(struct comparison *c, const char *fmt, ...) SCHEDTRACE_PRINTF(2, 3);

/* A table's columns while they are put together. */
struct shape {
	struct comparison *c;
	const struct schedtrace_column_info **columns;
	size_t n, max;
	bool failed; /* no memory */
};

int shape_begin(struct shape *shape, struct comparison *c, size_t max,
		struct schedtrace_error *err);

/*
 * Texts are lent, of shape_text() or static; NULL is no memory, which shape_table() tells. @name
 * gets an underscore where another column has it: readers of JSON and CSV need different names.
 * What kind of figure it is the unit says.
 */
void shape_add(struct shape *shape, const char *name, const char *unit, const char *about,
	       enum schedtrace_type type);

/* A column as another table has it. */
void shape_copy(struct shape *shape, const struct schedtrace_column_info *column);

/* @of: the table that it is made of, in whose order and units it is shown; NULL: none. */
int shape_table(struct shape *shape, const char *name, const char *about,
		const struct schedtrace_table_info *of, struct schedtrace_table **out,
		struct schedtrace_error *err);

/* How a group compares with the first one. Unknown is NaN, or NULL. */
struct difference {
	double diff, low, high, change, a12;
	const char *differs;
};

/* One figure in all groups. */
struct line {
	double *values;			/* by group */
	size_t *n;			/* by group: recordings that have a value */
	struct difference *differences; /* by group; of the first nothing is known */
};

/* From a value of each file; NaN is unknown. -1 without memory; lines_free() it in any case. */
int line_make(const struct comparison *c, struct line *line, const double *values);
void lines_free(struct line *lines, size_t n);

/* Whether integers hold all values without loss. */
bool line_is_whole(const struct groups *groups, const struct line *line);

/* The most columns that line_add_columns() adds. */
size_t line_columns(const struct groups *groups);

/* A column for each group, and what compares it with the first; @whole: of integers. */
void line_add_columns(struct shape *shape, const char *unit, bool whole);

/* The values of these columns. */
void line_fill(union schedtrace_value *v, const struct groups *groups, const struct line *line,
	       bool whole);

#endif
