/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What of a table is shown: its columns, its rows, and their order. */
#ifndef ANALYZE_SELECT_H
#define ANALYZE_SELECT_H

#include <stdbool.h>

#include <schedtrace/tables.h>

#include "analyze/filters.h"
#include "cli/options.h"

/* As the command line gives it. */
struct selection {
	const char *columns;	  /* names with commas between; NULL: all */
	const char *sort;	  /* a column, with - before it descending; NULL: as is usual */
	int64_t top;		  /* rows of a table; 0: all; negative: as is usual */
	struct filters filters;
};

/* A table or a log as it will be shown. */
struct view {
	char *name; /* of the table, or ANALYSIS.TABLE where two have one name */
	const struct schedtrace_table_info *info;
	const struct schedtrace_table *table; /* NULL for a log */
	size_t *columns, n_columns;	      /* indexes into info->columns */
	bool columns_chosen;		      /* by the user: all of them are shown */
	size_t *rows, n_rows;
	size_t n_matching; /* rows before the limit to @n_rows */
	bool spread;	   /* rows of a curve were left out between others */
	/* Points in time are printed as this says; NULL: in what the column is in. */
	const struct time_of_day *times;
};

/*
 * The views of @n tables. A column that --sort or --columns names must be in at least one of
 * them; tables without it keep their usual order and columns. filters_check() allows each of them.
 */
int views_make(struct view *views, const struct schedtrace_table *const *tables, size_t n,
	       const struct selection *sel, bool limit_rows, struct schedtrace_error *err);

/* The view of a log, whose rows come one at a time. */
int view_of_log(struct view *view, const struct schedtrace_table_info *log,
		const struct selection *sel, struct schedtrace_error *err);

void view_release(struct view *view);

/* Whether a list such as "tasks,cpus" has @name. */
bool select_names(const char *list, const char *name);

/* The analysis that a table belongs to, or NULL. */
const char *analysis_of_table(const struct schedtrace_table_info *info);

/* A column by its whole name, or without the unit at the end: on_cpu for on_cpu_ns. SIZE_MAX:
 * none. */
size_t select_column(const struct schedtrace_table_info *info, const char *word, size_t n);

bool name_ends_with(const char *name, const char *end);

/* Whether a column is a point on the trace clock rather than a length of time. */
bool column_is_stamp(const struct schedtrace_column_info *column);

/* Whether the view shows a column as times of day, and what it is called: "time_ns" as "time". */
bool view_shows_time(const struct view *view, const struct schedtrace_column_info *column);
char *view_column_name(const struct view *view, const struct schedtrace_column_info *column);

bool value_unknown(const struct schedtrace_column_info *column, union schedtrace_value value);

#endif
