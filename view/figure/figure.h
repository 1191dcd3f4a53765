/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A figure of an opened recording by instructions: its categories' sums, and its picture for any
 * window and size. Nothing here changes a figure once it is made, so threads may share it and its
 * recording.
 */
#ifndef VIEW_FIGURE_FIGURE_H
#define VIEW_FIGURE_FIGURE_H

#include "view/figure/category_rows.h"
#include "view/figure/dots.h"

struct drawn_figure {
	struct trace_columns *columns; /* lent; closed after the figure is freed */
	struct instructions instructions;
	struct plan plan;
	struct figure_known
		*known; /* what is known of all its rows, made when it is first wanted */
};

/*
 * Reads instructions, a file's @text of @n bytes, and makes the columns that they name. Categories
 * that cannot be drawn say so: category.failed. E_FORMAT: the text is no instructions, and the
 * sentence has the place. On failure nothing is to be freed.
 */
int figure_make(struct drawn_figure *out, struct trace_columns *columns, const char *text, size_t n,
		struct schedtrace_error *err);

/* The same from a file, whose path is put before such a sentence. */
int figure_read(struct drawn_figure *out, struct trace_columns *columns, const char *path,
		struct schedtrace_error *err);

void figure_free(struct drawn_figure *figure);

/* What of a figure is looked at. */
struct figure_choice {
	const char *query;	   /* another condition on all rows (--query), or NULL */
	const bool *off;	   /* of each category: it is left out; NULL: none is */
	const atomic_bool *cancel; /* when it becomes true, E_CANCELLED comes soon; or NULL */
	bool once;		   /* only sums are wanted: nothing is kept for a picture */
};

/* Of each category; those that failed or are left out have no rows. */
struct figure_sums {
	size_t n;
	struct category_rows *rows;
};

/* E_USAGE: the query, with the column of the fault. On failure nothing is to be freed. */
int figure_sum(struct figure_sums *out, const struct drawn_figure *figure,
	       const struct figure_choice *choice, struct schedtrace_error *err);
void figure_sums_free(struct figure_sums *sums);

/* Whether along x there is time, so that it can be cut by a window of time. */
bool figure_x_is_time(const struct figure_sums *sums);
bool figure_y_is_time(const struct figure_sums *sums);

/* The whole of the places where rows are drawn; 0 to 1 where there is none. */
struct raster_window figure_places(const struct figure_sums *sums);

/* What stands at an axis: the column that all categories made it of, "" if there are several. */
const char *figure_x_about(const struct figure_sums *sums);
const char *figure_y_about(const struct figure_sums *sums);

/*
 * Sets 0xffrrggbb of each pixel of the window, row after row from the highest: the mean of the
 * categories' colours by their counts. Pixels without a row take what those up to @spread beside
 * them have together, or stay as they are; FIGURE_SPREAD: so far that few rows are seen too.
 *
 * @counts, if not NULL, gets of each category how many pixels its rows counted in this window, one
 * that several rows count as often.
 */
#define FIGURE_SPREAD DOTS_SPREAD
int figure_paint(const struct drawn_figure *figure, const struct figure_choice *choice,
		 const struct raster_window *window, int spread, uint32_t *dots, uint64_t *counts,
		 struct schedtrace_error *err);

/* How many rows of a category count in each pixel, row after row from the lowest. */
int figure_count(const struct drawn_figure *figure, size_t category,
		 const struct raster_window *window, uint64_t *counts,
		 struct schedtrace_error *err);

#endif
