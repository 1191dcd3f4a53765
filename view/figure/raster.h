/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How many rows fall on each pixel, exactly, and the sum of their colours.
 *
 * A window has equal columns from x0 to x1 and rows from y0 (below) to y1. A value belongs to pixel
 * floor((value - begin) * pixels / (end - begin)), one at the very end to the last pixel, as
 * numpy.histogram2d() has it. The pixels of a row of the recording count it once each:
 *
 * a point: its own, if it is in the window, edges included
 * a line along x or y: from the pixel of its begin to that of its end, as far as they are in the
 *	window
 * another line that goes through more columns than rows (or as many): in each of its columns one,
 *	where it passes the column's middle, or at its end if that comes before the middle; a line
 *	that goes through more rows: likewise in each of its rows
 */
#ifndef VIEW_FIGURE_RASTER_H
#define VIEW_FIGURE_RASTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <schedtrace/error.h>

struct raster_window {
	double x0, x1, y0, y1; /* x0 < x1 and y0 < y1 */
	uint32_t width, height;
};

/* Of the rows on a pixel: how many, and the sums of their colours' parts. */
struct mix {
	uint64_t n, red, green, blue;
};

/* What a row with a colour, 0xrrggbb, adds to each of its pixels. */
struct mix mix_of(uint32_t colour);

/* The columns [first, first + columns) of a window. Those that are beside it count no rows. */
struct raster {
	struct raster_window window;
	uint32_t first, columns, room; /* room: most columns that there can be */
	double left, right;	       /* what is surely beside these columns is beyond */
	struct mix *counts;	       /* column after column, the lowest pixel first */
	/* What changes from a pixel to the one right of it, or above it; NULL: no such line. */
	struct mix *along, *up;
	uint8_t *touched; /* of each column, in which of the three there is something */
	uint8_t *row_touched;
	bool all_rows;
	/* Of a complete raster: those that may have something, where a column has. */
	uint32_t *rows;
	size_t n_rows;
};

/* For up to @columns columns, of which none are chosen yet. */
int raster_new(struct raster *out, const struct raster_window *window, uint32_t columns,
	       struct schedtrace_error *err);
void raster_free(struct raster *raster);

/* Chooses columns, and clears them. */
void raster_begin(struct raster *raster, uint32_t first, uint32_t columns);

/* What rows of n places add; returns how many pixels of these columns they count, together. */
uint64_t raster_points(struct raster *raster, const struct mix *unit, const double *x,
		       const double *y, size_t n);
int raster_lines(struct raster *raster, const struct mix *unit, const double *x0, const double *y0,
		 const double *x1, const double *y1, size_t n, uint64_t *counted,
		 struct schedtrace_error *err);

/* The rows of pixels that a point or an upright line counts; in no column if @none. */
struct raster_stretch {
	bool none;
	uint32_t first, last;
};

struct raster_stretch raster_stretch_of(const struct raster_window *window, double y0, double y1);

/* Counts so many points or upright lines, alike, in a column of the window. */
int raster_stack(struct raster *raster, const struct mix *unit, uint32_t times, uint32_t column,
		 const struct raster_stretch *stretch, uint64_t *counted,
		 struct schedtrace_error *err);

/* Values of x between these are in a column of the window; some beside them may be, too. */
double raster_surely_from(const struct raster_window *window, uint32_t column);
double raster_surely_to(const struct raster_window *window, uint32_t column);

/* Completes the counts. */
void raster_finish(struct raster *raster);

/* The column of the window that x is in; the first or last one for what is beside it. */
uint32_t raster_column(const struct raster_window *window, double x);

#endif
