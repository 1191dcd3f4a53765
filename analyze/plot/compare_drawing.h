/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the panels of a comparison have in common: groups as columns, the room of a page, words. */
#ifndef ANALYZE_PLOT_COMPARE_DRAWING_H
#define ANALYZE_PLOT_COMPARE_DRAWING_H

#include "analyze/compare/groups.h"
#include "analyze/plot/figures.h"

#define WHISKERS                                                                                   \
	"Whiskers: 95 % interval of the difference from the first group, at that group's value"

struct drawing {
	const struct groups *groups;
	int64_t top; /* rows of a panel that were asked for; not above 0: as many as fit */
	struct plot_figure figure;
	size_t n_left_out;
	double height; /* of all panels, points */
	bool chosen;   /* the tables are the user's choice: all are drawn */
};

/* "PREFIX" and the name of a group, as columns are called; SIZE_MAX: there is none. */
size_t drawing_column(const struct view *view, const char *prefix, const struct group *group);

/* NaN where unknown, or where there is no such column. */
double drawing_cell(const struct view *view, size_t row, size_t column);

/* Groups, and rows of @n, that a panel shows. */
size_t drawing_groups(const struct drawing *d);
size_t drawing_rows(const struct drawing *d, size_t n);

/* A panel that takes @height beside its title and axis; NULL, and counted, where the page is
 * full. */
struct plot_panel *drawing_panel(struct drawing *d, enum plot_kind kind, double height);
double drawing_bars_height(const struct drawing *d, size_t rows);

/* What stands under bars; NULL: nothing. */
const char *drawing_note(struct drawing *d, size_t left_out, const char *more);

/* "Tasks: CPU time that the kernel charged", of "tasks.charged_ns" and what is said about it. */
const char *drawing_title(struct drawing *d, const char *name, const char *about);

/* By the columns before the first group's, which say what a row is about. */
const char *drawing_row_name(struct drawing *d, const struct view *view, size_t row);

/* Whether these are figures of whole recordings: a row has the names of a table and its column. */
bool drawing_is_totals(const struct view *view);

/*
 * The panel of those. Times, counts, sums and means have no scale in common: each is drawn as a
 * share of what it is in the first group, with its own value behind.
 */
int drawing_totals(struct drawing *d, const struct view *views, size_t n_views,
		   struct schedtrace_error *err);

#endif
