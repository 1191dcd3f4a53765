/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "view/figure/kept_rows.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "view/figure/ordered.h"

void kept_rows_free(struct kept_rows *kept)
{
	free(kept->blocks);
	free(kept->waiting);
	kept->blocks = NULL;
	kept->waiting = NULL;
	kept->n = 0;
}

static int no_memory(struct schedtrace_error *err)
{
	return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for the places of rows");
}

/* Those that wait become a block. */
static int put_block(struct kept_rows *kept, struct schedtrace_error *err)
{
	int r;

	if (!array_room(kept->blocks, kept->n, kept->max))
		return no_memory(err);
	r = kept_block_make(&kept->blocks[kept->n], kept->waiting, kept->memory, err);
	kept->waiting->n = 0;
	kept->n += r == 0;
	return r;
}

int kept_rows_add(struct kept_rows *kept, const struct query_column *x0,
		  const struct query_column *y0, const struct query_column *x1,
		  const struct query_column *y1, size_t n, struct schedtrace_error *err)
{
	int r = 0;

	if (!kept->waiting && !(kept->waiting = calloc(1, sizeof(*kept->waiting))))
		return no_memory(err);
	for (size_t begin = 0, part; begin < n && r == 0; begin += part) {
		struct kept_ends *to = kept->waiting;
		size_t left = KEPT_BLOCK_ROWS - to->n;

		part = n - begin < left ? n - begin : left;
		ordered_reals(x0, begin, part, to->x0 + to->n);
		ordered_reals(y0, begin, part, to->y0 + to->n);
		ordered_reals(x1 ? x1 : x0, begin, part, to->x1 + to->n);
		ordered_reals(y1 ? y1 : y0, begin, part, to->y1 + to->n);
		to->n += part;
		if (to->n == KEPT_BLOCK_ROWS)
			r = put_block(kept, err);
	}
	return r;
}

int kept_rows_finish(struct kept_rows *kept, struct schedtrace_error *err)
{
	int r = kept->waiting && kept->waiting->n ? put_block(kept, err) : 0;

	free(kept->waiting);
	kept->waiting = NULL;
	return r;
}

static bool beside(const struct kept_block *b, const struct raster_window *w)
{
	return b->most_x < w->x0 || b->least_x > w->x1 || b->most_y < w->y0 || b->least_y > w->y1;
}

uint64_t kept_rows_cost(const struct kept_rows *kept, const struct raster_window *window,
			uint32_t columns)
{
	uint64_t cost = 0;

	for (size_t i = 0; i < kept->n; i++) {
		const struct kept_block *b = &kept->blocks[i];
		uint32_t first = raster_column(window, b->least_x) / columns;
		uint32_t last = raster_column(window, b->most_x) / columns;

		if (!beside(b, window))
			cost += b->n * (uint64_t)(last - first + 1);
	}
	return cost;
}

int kept_rows_count(const struct kept_rows *kept, struct raster *raster, const struct mix *unit,
		    struct kept_ends *ends, uint64_t *counted, struct schedtrace_error *err)
{
	const struct raster_window *w = &raster->window;
	int r = 0;

	for (size_t i = 0; i < kept->n && r == 0; i++) {
		const struct kept_block *b = &kept->blocks[i];

		if (!beside(b, w) && raster_column(w, b->most_x) >= raster->first &&
		    raster_column(w, b->least_x) < raster->first + raster->columns)
			r = kept_block_count(b, raster, unit, ends, counted, err);
	}
	return r;
}
