/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One printer a format. They know views and values, nothing of any analysis. */
#ifndef ANALYZE_PRINT_H
#define ANALYZE_PRINT_H

#include <stdio.h>

#include "analyze/select.h"

/* Text: aligned columns for people. */
struct text_options {
	size_t width;	  /* of the terminal, 0: no limit */
	bool exact;	  /* whole numbers in the columns' own units */
	int64_t begin_ns; /* stamps are printed as seconds since this; INT64_MIN: as they are */
	int64_t depth;	  /* frames of a call stack to show, 0: all */
};

int text_table(FILE *f, const struct view *view, const struct text_options *options,
	       struct schedtrace_error *err);

/* Rows of a log: the layout is made once, from the columns alone, and freed by the caller. */
struct column_layout;
struct column_layout *text_log_layout(const struct view *view, const struct text_options *options);
void text_log_heading(FILE *f, const struct view *view, const struct column_layout *layouts,
		      const struct text_options *options);
int text_log_row(FILE *f, const struct view *view, const struct column_layout *layouts,
		 const struct text_options *options, const union schedtrace_value *values,
		 struct schedtrace_error *err);

/*
 * CSV: RFC 4180 quoting, lines end in a newline. Unknown is an empty cell; a text that a
 * spreadsheet would take for a formula gets an apostrophe before it. Of several tables each begins
 * with a line that holds its name, and an empty line stands between them.
 */
int csv_tables(FILE *f, const struct view *views, size_t n, struct schedtrace_error *err);
void csv_heading(FILE *f, const struct view *view);
int csv_row(FILE *f, const struct view *view, const union schedtrace_value *values,
	    struct schedtrace_error *err);

/* JSON: one object, a key a table. Of a log: an object a line. Unknown is null. */
int json_tables(FILE *f, const struct view *views, size_t n, struct schedtrace_error *err);
int json_log_row(FILE *f, const struct view *view, const union schedtrace_value *values,
		 struct schedtrace_error *err);

#endif
