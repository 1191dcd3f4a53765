/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A figure of a recording by instructions: its categories' sums, and its picture. */
#ifndef VIEW_FIGURE_FIGURE_H
#define VIEW_FIGURE_FIGURE_H

#include "view/figure/category_rows.h"

struct figure_source {
	const char *trace, *instructions; /* paths */
	const char *query;		  /* a condition on all rows, or NULL */
	struct input_options input;
};

struct drawn_figure {
	struct trace_columns columns;
	struct instructions instructions;
	struct plan plan;
	struct category_rows *rows; /* of each category; of a failed one there are none */
};

/* Reads all, and sums. On failure, too, figure_close() releases. */
int figure_open(struct drawn_figure *out, const struct figure_source *source,
		struct schedtrace_error *err);
void figure_close(struct drawn_figure *figure);

/* Whether along x there is time, so that it can be cut by a window of time. */
bool figure_x_is_time(const struct drawn_figure *figure);

/* The whole of the places where rows are drawn; 0 to 1 where there is none. */
struct raster_window figure_places(const struct drawn_figure *figure);

/* What stands at an axis: the column that all categories made it of, "" if there are several. */
const char *figure_x_about(const struct drawn_figure *figure);
const char *figure_y_about(const struct drawn_figure *figure);

/*
 * Sets 0xffrrggbb of each pixel of the window, row after row from the highest: the mean of the
 * categories' colours by their counts. Pixels without a row take what those up to @spread beside
 * them have together, or stay as they are; FIGURE_SPREAD: so far that few rows are seen too.
 */
#define FIGURE_SPREAD -1
int figure_paint(const struct drawn_figure *figure, const struct raster_window *window, int spread,
		 uint32_t *dots, struct schedtrace_error *err);

#endif
