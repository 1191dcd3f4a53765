/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where some of a category's rows are drawn, in few bytes and exactly: places along x as whole
 * numbers beyond the least, where they are whole; of those along y each that there is once.
 */
#ifndef VIEW_FIGURE_KEPT_BLOCK_H
#define VIEW_FIGURE_KEPT_BLOCK_H

#include <stdbool.h>

#include "base/cache_memory.h"
#include "view/figure/raster.h"

#define KEPT_BLOCK_ROWS	 ((size_t)1 << 15)
#define KEPT_BLOCK_PAIRS 4096 /* most that there are once */

/* One of both arrays, or neither: then all are @base. */
struct kept_column {
	double base;
	const uint32_t *beyond;
	const double *reals;
};

/* Ends along y. */
struct kept_pair {
	double y0, y1;
};

struct kept_block {
	uint32_t n;
	double least_x, most_x, least_y, most_y; /* of all ends; infinite ones too */
	bool upright, level;			 /* in all rows x1 is x0, y1 is y0 */
	bool rising;				 /* no x0 is less than the one before */
	struct kept_column x0, x1;
	/* Along y, by the code of a row; or, where there would be too many, */
	uint32_t n_pairs;
	const struct kept_pair *pairs;
	const uint16_t *codes;
	struct kept_column y0, y1; /* each by itself */
};

/* Ends of up to KEPT_BLOCK_ROWS rows. */
struct kept_ends {
	size_t n;
	double x0[KEPT_BLOCK_ROWS], y0[KEPT_BLOCK_ROWS];
	double x1[KEPT_BLOCK_ROWS], y1[KEPT_BLOCK_ROWS];
};

/* Lies in @memory as long as that is there. */
int kept_block_make(struct kept_block *out, const struct kept_ends *ends,
		    struct cache_memory *memory, struct schedtrace_error *err);

/* Counts its rows in the raster's columns, and how many pixels into @counted. @ends is room. */
int kept_block_count(const struct kept_block *block, struct raster *raster, const struct mix *unit,
		     struct kept_ends *ends, uint64_t *counted, struct schedtrace_error *err);

#endif
