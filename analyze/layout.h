/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How a column of text looks: its unit, its decimals, its heading and its width. */
#ifndef ANALYZE_LAYOUT_H
#define ANALYZE_LAYOUT_H

#include "analyze/print.h"

enum column_kind {
	COLUMN_PLAIN,	/* whole numbers as they are */
	COLUMN_REAL,	/* numbers with decimals, in the column's own unit */
	COLUMN_SCALED,	/* divided into a larger unit */
	COLUMN_STAMP,	/* seconds since the begin of the trace */
	COLUMN_TIME,	/* dates and times of day */
	COLUMN_ADDRESS, /* hexadecimal */
	COLUMN_TEXT,
};

struct column_layout {
	size_t column; /* index into the table's columns */
	enum column_kind kind;
	double divisor;
	int decimals;
	const struct time_of_day *times; /* of COLUMN_TIME; lent by the view */
	const char *unit;    /* as shown; "" none */
	char heading[2][48]; /* the name on one or two lines; the first may be empty */
	size_t width;
	bool known;	/* in some row that is shown */
	bool redundant; /* an upper bound that equals the certain figure in every row */
	bool zero;	/* a figure that is 0 in every row */
};

/* One layout for each column of @view, in its order. Widths are those of the rows to show. */
int layout_table(struct column_layout *layouts, const struct view *view,
		 const struct text_options *options, struct schedtrace_error *err);

/* The same before any row is known. */
void layout_log(struct column_layout *layouts, const struct view *view,
		const struct text_options *options);

/* Why columns are left out of the text, unless the user chose the columns. */
struct layout_left_out {
	size_t narrow;	  /* do not fit into the width: the least important */
	size_t redundant; /* upper bounds that tell nothing new */
	size_t unknown;	  /* in every row */
};

/*
 * Moves the columns to leave out behind the others, in the order of the counts in @out, and
 * returns how many stay. @width 0: no limit.
 */
size_t layout_fit(struct column_layout *layouts, const struct view *view, size_t width,
		  struct layout_left_out *out);

/* The text of a value; NULL without memory. */
char *layout_cell(const struct column_layout *layout, const struct schedtrace_column_info *column,
		  union schedtrace_value value, const struct text_options *options);

#endif
