/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How many rows fall on each pixel, exactly.
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

#include <stddef.h>
#include <stdint.h>

#include <schedtrace/error.h>

#include "query/query.h"

struct raster_window {
	double x0, x1, y0, y1; /* x0 < x1 and y0 < y1 */
	uint32_t width, height;
};

#define RASTER_MAX_SIDE 32767

struct raster {
	struct raster_window window;
	uint32_t *counts; /* row after row, the lowest first */
	/* What changes from a pixel to the next one of its row, or above it; NULL: no such line. */
	uint32_t *along, *up;
};

int raster_new(struct raster *out, const struct raster_window *window,
	       struct schedtrace_error *err);
void raster_free(struct raster *raster);

/* Columns of numbers without empty values. */
void raster_points(struct raster *raster, const struct query_column *x,
		   const struct query_column *y, size_t n);
int raster_lines(struct raster *raster, const struct query_column *x0,
		 const struct query_column *y0, const struct query_column *x1,
		 const struct query_column *y1, size_t n, struct schedtrace_error *err);

/* Completes the counts. */
void raster_finish(struct raster *raster);

/* All counts are 0 again. */
void raster_clear(struct raster *raster);

#endif
