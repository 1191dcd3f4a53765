/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "view/figure/kept_rows.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "view/figure/ordered.h"

#define BLOCK_ROWS ((size_t)1 << 12)

/* Ends that are the same are the same array. */
struct kept_block {
	size_t n, room;
	double least_x, most_x, least_y, most_y; /* of all ends; infinite ones too */
	double *x0, *y0, *x1, *y1;
	bool upright, level; /* in all rows x1 is x0, y1 is y0: the array is x0, y0 */
};

void kept_rows_free(struct kept_rows *kept)
{
	free(kept->blocks);
	kept->blocks = NULL;
	kept->n = 0;
}

static int no_memory(struct schedtrace_error *err)
{
	return error_set(err, SCHEDTRACE_E_NOMEM,
			 "no memory, nor room in the cache folder, for "
			 "the places of rows");
}

static bool same(const struct query_column *a, const struct query_column *b, size_t begin, size_t n)
{
	for (size_t i = begin; i < begin + n; i++)
		if (!(ordered_real(a, i) == ordered_real(b, i)))
			return false;
	return true;
}

static void copy(const struct query_column *from, size_t begin, size_t n, double *to, double *least,
		 double *most)
{
	for (size_t i = 0; i < n; i++) {
		double value = ordered_real(from, begin + i);

		to[i] = value;
		*least = value < *least ? value : *least;
		*most = value > *most ? value : *most;
	}
}

/* The block that rows are put into, or a new one. */
static struct kept_block *block_for(struct kept_rows *kept, bool upright, bool level, size_t n)
{
	struct kept_block *last = kept->n ? &kept->blocks[kept->n - 1] : NULL;
	struct kept_block block = { .room = BLOCK_ROWS,
				    .least_x = INFINITY,
				    .most_x = -INFINITY,
				    .least_y = INFINITY,
				    .most_y = -INFINITY,
				    .upright = upright,
				    .level = level };
	size_t bytes = block.room * sizeof(double);

	if (last && last->n + n <= last->room && last->upright == upright && last->level == level)
		return last;
	if (!array_room(kept->blocks, kept->n, kept->max))
		return NULL;
	block.x0 = cache_memory_take(kept->memory, bytes);
	block.y0 = cache_memory_take(kept->memory, bytes);
	block.x1 = upright ? block.x0 : cache_memory_take(kept->memory, bytes);
	block.y1 = level ? block.y0 : cache_memory_take(kept->memory, bytes);
	if (!block.x0 || !block.y0 || !block.x1 || !block.y1)
		return NULL;
	kept->blocks[kept->n] = block;
	return &kept->blocks[kept->n++];
}

int kept_rows_add(struct kept_rows *kept, const struct query_column *x0,
		  const struct query_column *y0, const struct query_column *x1,
		  const struct query_column *y1, size_t n, struct schedtrace_error *err)
{
	kept->lines = x1 != NULL;
	for (size_t begin = 0, part; begin < n; begin += part) {
		struct kept_block *b;
		bool upright, level;

		part = n - begin < BLOCK_ROWS ? n - begin : BLOCK_ROWS;
		upright = !x1 || same(x0, x1, begin, part);
		level = !y1 || same(y0, y1, begin, part);
		b = block_for(kept, upright, level, part);
		if (!b)
			return no_memory(err);
		copy(x0, begin, part, b->x0 + b->n, &b->least_x, &b->most_x);
		copy(y0, begin, part, b->y0 + b->n, &b->least_y, &b->most_y);
		if (!upright)
			copy(x1, begin, part, b->x1 + b->n, &b->least_x, &b->most_x);
		if (!level)
			copy(y1, begin, part, b->y1 + b->n, &b->least_y, &b->most_y);
		b->n += part;
	}
	return 0;
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

static int count_block(const struct kept_block *b, bool lines, struct raster *raster,
		       const struct mix *unit, uint64_t *counted, struct schedtrace_error *err)
{
	if (lines && !(b->upright && b->level))
		return raster_lines(raster, unit, b->x0, b->y0, b->x1, b->y1, b->n, counted, err);
	*counted += raster_points(raster, unit, b->x0, b->y0, b->n);
	return 0;
}

int kept_rows_count(const struct kept_rows *kept, struct raster *raster, const struct mix *unit,
		    uint64_t *counted, struct schedtrace_error *err)
{
	const struct raster_window *w = &raster->window;
	int r = 0;

	for (size_t i = 0; i < kept->n && r == 0; i++) {
		const struct kept_block *b = &kept->blocks[i];

		if (!beside(b, w) && raster_column(w, b->most_x) >= raster->first &&
		    raster_column(w, b->least_x) < raster->first + raster->columns)
			r = count_block(b, kept->lines, raster, unit, counted, err);
	}
	return r;
}
