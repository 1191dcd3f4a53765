/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "view/figure/kept_block.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"

#define SLOTS	   (2 * KEPT_BLOCK_PAIRS) /* of a table of pairs, a power of 2 */
#define MOST_WHOLE 9007199254740992.0	  /* 2^53: up to it doubles are exact whole numbers */
#define NO_CODE	   UINT16_MAX

static int no_memory(struct schedtrace_error *err)
{
	return error_set(err, SCHEDTRACE_E_NOMEM,
			 "no memory, nor room in the cache folder, for the places of rows");
}

/* NULL: it cannot be. */
static const void *store(struct cache_memory *memory, const void *values, size_t bytes)
{
	struct cache_piece piece;

	return cache_memory_reserve(memory, bytes, &piece) < 0 ||
			       cache_piece_write(&piece, 0, values, bytes) < 0
		       ? NULL
		       : piece.bytes;
}

static void find_ends(const double *values, size_t n, double *least, double *most)
{
	double low = INFINITY, high = -INFINITY;

	for (size_t i = 0; i < n; i++) {
		low = values[i] < low ? values[i] : low;
		high = values[i] > high ? values[i] : high;
	}
	*least = low;
	*most = high;
}

/* Each as a whole number beyond the base; false: they are not of that kind. */
static bool take_beyond(const double *values, size_t n, double base, uint32_t *beyond)
{
	double wrong = 0;

	for (size_t i = 0; i < n; i++) {
		beyond[i] = (uint32_t)(int64_t)(values[i] - base);
		wrong += base + (double)beyond[i] != values[i];
	}
	return wrong == 0;
}

static int keep_column(struct kept_column *out, const double *values, size_t n,
		       struct cache_memory *memory, struct schedtrace_error *err)
{
	uint32_t beyond[KEPT_BLOCK_ROWS];
	double least, most;

	find_ends(values, n, &least, &most);
	*out = (struct kept_column){ .base = least };
	if (least == most)
		return 0;
	if (fabs(least) <= MOST_WHOLE && fabs(most) <= MOST_WHOLE && floor(least) == least &&
	    most - least <= UINT32_MAX && take_beyond(values, n, least, beyond))
		out->beyond = store(memory, beyond, n * sizeof(*beyond));
	else
		out->reals = store(memory, values, n * sizeof(*values));
	return out->beyond || out->reals ? 0 : no_memory(err);
}

static size_t slot_of(const struct kept_pair *pair)
{
	uint64_t bits[2];

	memcpy(bits, pair, sizeof(bits));
	return (size_t)(((bits[0] * 3 + bits[1]) * UINT64_C(0x9e3779b97f4a7c15)) >> 40) % SLOTS;
}

/* The pairs that there are, and of each row which one; false: there are too many. */
static bool find_pairs(const struct kept_ends *ends, struct kept_pair *pairs, uint32_t *n_pairs,
		       uint16_t *codes)
{
	uint16_t slots[SLOTS];

	memset(slots, 0xff, sizeof(slots)); /* NO_CODE */
	*n_pairs = 0;
	for (size_t i = 0; i < ends->n; i++) {
		const struct kept_pair pair = { ends->y0[i], ends->y1[i] };
		size_t slot = slot_of(&pair);

		while (slots[slot] != NO_CODE &&
		       memcmp(&pairs[slots[slot]], &pair, sizeof(pair)) != 0)
			slot = (slot + 1) % SLOTS;
		if (slots[slot] == NO_CODE) {
			if (*n_pairs == KEPT_BLOCK_PAIRS)
				return false;
			pairs[*n_pairs] = pair;
			slots[slot] = (uint16_t)(*n_pairs)++;
		}
		codes[i] = slots[slot];
	}
	return true;
}

static int keep_y(struct kept_block *out, const struct kept_ends *ends, struct cache_memory *memory,
		  struct schedtrace_error *err)
{
	struct kept_pair pairs[KEPT_BLOCK_PAIRS];
	uint16_t codes[KEPT_BLOCK_ROWS];
	int r;

	if (find_pairs(ends, pairs, &out->n_pairs, codes)) {
		out->pairs = store(memory, pairs, out->n_pairs * sizeof(*pairs));
		out->codes = store(memory, codes, ends->n * sizeof(*codes));
		return out->pairs && out->codes ? 0 : no_memory(err);
	}
	out->n_pairs = 0;
	r = keep_column(&out->y0, ends->y0, ends->n, memory, err);
	out->y1 = out->y0;
	return r < 0 || out->level ? r : keep_column(&out->y1, ends->y1, ends->n, memory, err);
}

static bool same(const double *a, const double *b, size_t n)
{
	size_t other = 0;

	for (size_t i = 0; i < n; i++)
		other += a[i] != b[i];
	return !other;
}

static bool is_rising(const double *x, size_t n)
{
	size_t falls = 0;

	for (size_t i = 1; i < n; i++)
		falls += x[i] < x[i - 1];
	return !falls;
}

static void widen(double *least, double *most, const double *values, size_t n)
{
	double low, high;

	find_ends(values, n, &low, &high);
	*least = fmin(*least, low);
	*most = fmax(*most, high);
}

int kept_block_make(struct kept_block *out, const struct kept_ends *ends,
		    struct cache_memory *memory, struct schedtrace_error *err)
{
	size_t n = ends->n;
	int r;

	*out = (struct kept_block){ .n = (uint32_t)n,
				    .upright = same(ends->x0, ends->x1, n),
				    .level = same(ends->y0, ends->y1, n),
				    .rising = is_rising(ends->x0, n) };
	find_ends(ends->x0, n, &out->least_x, &out->most_x);
	find_ends(ends->y0, n, &out->least_y, &out->most_y);
	widen(&out->least_x, &out->most_x, ends->x1, n);
	widen(&out->least_y, &out->most_y, ends->y1, n);
	r = keep_column(&out->x0, ends->x0, n, memory, err);
	out->x1 = out->x0;
	if (r == 0 && !out->upright)
		r = keep_column(&out->x1, ends->x1, n, memory, err);
	return r < 0 ? r : keep_y(out, ends, memory, err);
}

static double value_of(const struct kept_column *column, size_t i)
{
	return column->beyond  ? column->base + (double)column->beyond[i]
	       : column->reals ? column->reals[i]
			       : column->base;
}

static void take_values(const struct kept_column *column, size_t begin, size_t n, double *out)
{
	if (column->reals)
		memcpy(out, column->reals + begin, n * sizeof(*out));
	else if (column->beyond)
		for (size_t i = 0; i < n; i++)
			out[i] = column->base + (double)column->beyond[begin + i];
	else
		for (size_t i = 0; i < n; i++)
			out[i] = column->base;
}

static void take_ends(const struct kept_block *b, size_t begin, size_t n, struct kept_ends *out)
{
	out->n = n;
	take_values(&b->x0, begin, n, out->x0);
	if (!b->upright)
		take_values(&b->x1, begin, n, out->x1);
	if (b->codes) {
		for (size_t i = 0; i < n; i++) {
			out->y0[i] = b->pairs[b->codes[begin + i]].y0;
			out->y1[i] = b->pairs[b->codes[begin + i]].y1;
		}
		return;
	}
	take_values(&b->y0, begin, n, out->y0);
	if (!b->level)
		take_values(&b->y1, begin, n, out->y1);
}

static int count_each(const struct kept_block *b, size_t begin, size_t n, struct raster *raster,
		      const struct mix *unit, struct kept_ends *ends, uint64_t *counted,
		      struct schedtrace_error *err)
{
	take_ends(b, begin, n, ends);
	if (b->upright && b->level) {
		*counted += raster_points(raster, unit, ends->x0, ends->y0, n);
		return 0;
	}
	return raster_lines(raster, unit, ends->x0, ends->y0, b->upright ? ends->x0 : ends->x1,
			    b->level ? ends->y0 : ends->y1, n, counted, err);
}

/* Rows of a block that begin in one column of pixels, and which pixels each pair is. */
struct stacking {
	const struct kept_block *block;
	struct raster *raster;
	const struct mix *unit;
	struct kept_ends *ends; /* lines that reach other columns */
	uint64_t *counted;
	struct schedtrace_error *err;
	struct raster_stretch stretches[KEPT_BLOCK_PAIRS];
	uint32_t times[2][KEPT_BLOCK_PAIRS]; /* two, for rows by turns: none waits for the other */
};

static int put_times(struct stacking *s, uint32_t column)
{
	int r = 0;

	for (uint32_t code = 0; code < s->block->n_pairs && r == 0; code++) {
		uint32_t times = s->times[0][code] + s->times[1][code];

		if (times)
			r = raster_stack(s->raster, s->unit, times, column, &s->stretches[code],
					 s->counted, s->err);
		s->times[0][code] = s->times[1][code] = 0;
	}
	return r;
}

static int stack_upright(struct stacking *s, uint32_t column, size_t begin, size_t end)
{
	const uint16_t *codes = s->block->codes;
	size_t i = begin;
	int r = 0;

	if (end - begin < s->block->n_pairs / 4) {
		for (; i < end && r == 0; i++)
			r = raster_stack(s->raster, s->unit, 1, column, &s->stretches[codes[i]],
					 s->counted, s->err);
		return r;
	}
	for (; i + 1 < end; i += 2) {
		s->times[0][codes[i]]++;
		s->times[1][codes[i + 1]]++;
	}
	if (i < end)
		s->times[0][codes[i]]++;
	return put_times(s, column);
}

static int put_ends(struct stacking *s)
{
	struct kept_ends *e = s->ends;
	size_t n = e->n;

	e->n = 0;
	return raster_lines(s->raster, s->unit, e->x0, e->y0, e->x1, e->y0, n, s->counted, s->err);
}

static int put_line(struct stacking *s, size_t i, double x1)
{
	struct kept_ends *e = s->ends;

	e->x0[e->n] = value_of(&s->block->x0, i);
	e->y0[e->n] = s->block->pairs[s->block->codes[i]].y0;
	e->x1[e->n++] = x1;
	return e->n == KEPT_BLOCK_ROWS ? put_ends(s) : 0;
}

/* Level lines: those that end in the column where they begin count as points do. */
static int stack_level(struct stacking *s, uint32_t column, size_t begin, size_t end)
{
	double least = raster_surely_from(&s->raster->window, column);
	double most = raster_surely_to(&s->raster->window, column);
	const uint16_t *codes = s->block->codes;
	int r = 0;

	for (size_t i = begin; i < end && r == 0; i++) {
		double x1 = value_of(&s->block->x1, i);

		if (x1 >= least && x1 <= most)
			s->times[i % 2][codes[i]]++;
		else
			r = put_line(s, i, x1);
	}
	return r < 0 ? r : put_times(s, column);
}

/* The first row from @begin on whose x0 is beyond, or is in a column from @column on. */
static size_t find_column(const struct kept_block *b, const struct raster_window *w, size_t begin,
			  uint32_t column)
{
	size_t n = b->n - begin;

	while (n) {
		double x = value_of(&b->x0, begin + n / 2);

		if (x <= w->x1 && (x < w->x0 || raster_column(w, x) < column)) {
			begin += n / 2 + 1;
			n -= n / 2 + 1;
		} else {
			n /= 2;
		}
	}
	return begin;
}

static size_t find_window(const struct kept_block *b, const struct raster_window *w)
{
	size_t begin = 0, n = b->n;

	while (n) {
		if (value_of(&b->x0, begin + n / 2) < w->x0) {
			begin += n / 2 + 1;
			n -= n / 2 + 1;
		} else {
			n /= 2;
		}
	}
	return begin;
}

/* Rows in the order of x0, column of pixels by column; pixels of each pair are found once. */
static int count_columns(struct stacking *s)
{
	const struct kept_block *b = s->block;
	const struct raster *raster = s->raster;
	const struct raster_window *w = &raster->window;
	size_t begin = find_window(b, w), first = find_column(b, w, begin, raster->first), end;
	uint32_t last = raster->first + raster->columns;
	int r = 0;

	for (uint32_t code = 0; code < b->n_pairs; code++)
		s->stretches[code] = raster_stretch_of(w, b->pairs[code].y0, b->pairs[code].y1);
	for (size_t i = 0; i < first && !b->upright && r == 0; i++) {
		double x1 = value_of(&b->x1, i);

		if (x1 >= raster->left)
			r = put_line(s, i, x1);
	}
	while (first < b->n && r == 0) {
		double x = value_of(&b->x0, first);
		uint32_t column = x <= w->x1 ? raster_column(w, x) : last;

		if (column >= last)
			break;
		end = find_column(b, w, first, column + 1);
		r = (b->upright ? stack_upright : stack_level)(s, column, first, end);
		first = end;
	}
	/* Lines to the left, of which there is hardly any. */
	for (size_t i = first; i < b->n && !b->upright && r == 0; i++) {
		double x1 = value_of(&b->x1, i);

		if (x1 <= raster->right)
			r = put_line(s, i, x1);
	}
	return r < 0 || b->upright ? r : put_ends(s);
}

int kept_block_count(const struct kept_block *b, struct raster *raster, const struct mix *unit,
		     struct kept_ends *ends, uint64_t *counted, struct schedtrace_error *err)
{
	struct stacking *s;
	int r;

	if (!b->rising || !b->codes || !(b->upright || b->level))
		return count_each(b, 0, b->n, raster, unit, ends, counted, err);
	s = calloc(1, sizeof(*s));
	if (!s)
		return no_memory(err);
	s->block = b;
	s->raster = raster;
	s->unit = unit;
	s->ends = ends;
	s->counted = counted;
	s->err = err;
	ends->n = 0;
	r = count_columns(s);
	free(s);
	return r;
}
