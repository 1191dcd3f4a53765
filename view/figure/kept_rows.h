/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where the rows of a category are drawn, as the steps left them, to be counted for any window. */
#ifndef VIEW_FIGURE_KEPT_ROWS_H
#define VIEW_FIGURE_KEPT_ROWS_H

#include "query/query.h"
#include "view/figure/kept_block.h"

/* Those of one category, in blocks. */
struct kept_rows {
	struct cache_memory *memory; /* lent */
	size_t n, max;
	struct kept_block *blocks;
	struct kept_ends *waiting; /* rows that are not a block yet */
};

void kept_rows_free(struct kept_rows *kept);

/* Of points @x1 and @y1 are NULL. */
int kept_rows_add(struct kept_rows *kept, const struct query_column *x0,
		  const struct query_column *y0, const struct query_column *x1,
		  const struct query_column *y1, size_t n, struct schedtrace_error *err);

/* No more rows come. */
int kept_rows_finish(struct kept_rows *kept, struct schedtrace_error *err);

/* How many rows are looked at if the window is drawn in strips of so many columns. */
uint64_t kept_rows_cost(const struct kept_rows *kept, const struct raster_window *window,
			uint32_t columns);

/* Counts them in the raster's columns, and how many pixels into @counted; @ends is room. */
int kept_rows_count(const struct kept_rows *kept, struct raster *raster, const struct mix *unit,
		    struct kept_ends *ends, uint64_t *counted, struct schedtrace_error *err);

#endif
