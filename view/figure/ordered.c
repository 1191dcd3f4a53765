/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "view/figure/ordered.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"

struct sortable {
	union {
		int64_t i;
		double f;
	};
	size_t row;
};

static int no_memory(size_t n, struct schedtrace_error *err)
{
	return error_set(err, SCHEDTRACE_E_NOMEM, "no memory to order %zu rows", n);
}

static int64_t whole(const struct query_column *column, size_t i)
{
	return column->ints ? column->ints[i] : column->small_ints[i];
}

double ordered_real(const struct query_column *column, size_t i)
{
	return column->reals ? column->reals[i] : (double)whole(column, i);
}

static int by_int(const void *a, const void *b)
{
	const struct sortable *x = a, *y = b;

	return x->i != y->i ? (x->i < y->i ? -1 : 1) : x->row < y->row ? -1 : 1;
}

static int by_real(const void *a, const void *b)
{
	const struct sortable *x = a, *y = b;

	return x->f < y->f ? -1 : x->f > y->f ? 1 : x->row < y->row ? -1 : 1;
}

/* The rows that have a value, by value; returns their number. */
static size_t sort(const struct query_column *column, size_t n, struct sortable *items)
{
	size_t known = 0;

	for (size_t i = 0; i < n; i++) {
		if (column->reals && isnan(column->reals[i]))
			continue;
		if (column->reals)
			items[known].f = column->reals[i];
		else
			items[known].i = whole(column, i);
		items[known++].row = i;
	}
	qsort(items, known, sizeof(*items), column->reals ? by_real : by_int);
	return known;
}

int ordered_argsort(const struct query_column *column, size_t n, int64_t *out,
		    struct schedtrace_error *err)
{
	auto_free struct sortable *items = reallocarray(NULL, n + 1, sizeof(*items));
	auto_free int64_t *place = NULL; /* of each row with a value among those */
	size_t known, at = 0;

	if (!items)
		return no_memory(n, err);
	known = sort(column, n, items);
	if (known < n) {
		place = reallocarray(NULL, n, sizeof(*place));
		if (!place)
			return no_memory(n, err);
		for (size_t i = 0, k = 0; i < n; i++)
			place[i] = isnan(column->reals[i]) ? -1 : (int64_t)k++;
	}
	for (size_t i = 0; i < n; i++) {
		if (place && place[i] < 0) {
			out[i] = -1;
			continue;
		}
		out[i] = place ? place[items[at].row] : (int64_t)items[at].row;
		at++;
	}
	return 0;
}

static void roll_whole(const struct query_column *column, size_t n, size_t window,
		       enum rolling_kind kind, double *out)
{
	__int128 sum = 0;

	for (size_t i = 0; i < n; i++) {
		sum += whole(column, i);
		if (i >= window)
			sum -= whole(column, i - window);
		if (i + 1 < window)
			out[i] = NAN;
		else if (kind == ROLLING_SUM)
			out[i] = (double)sum;
		else
			out[i] = (double)((long double)sum / (long double)window);
	}
}

/* A sum and what rounding took from it, as Kahan has it. */
struct compensated {
	double sum, rest;
};

static void add(struct compensated *c, double value)
{
	double corrected = value - c->rest;
	double sum = c->sum + corrected;

	c->rest = sum - c->sum - corrected;
	c->sum = sum;
}

static void roll_reals(const double *values, size_t n, size_t window, enum rolling_kind kind,
		       double *out)
{
	struct compensated c = { 0 };
	size_t unknown = 0;

	for (size_t i = 0; i < n; i++) {
		if (isfinite(values[i]))
			add(&c, values[i]);
		else
			unknown++;
		if (i >= window && isfinite(values[i - window]))
			add(&c, -values[i - window]);
		else if (i >= window)
			unknown--;
		if (i + 1 < window || unknown)
			out[i] = NAN;
		else
			out[i] = kind == ROLLING_SUM ? c.sum : c.sum / (double)window;
	}
}

/* How many of the rows in the window have which rank: a tree of sums (Fenwick's). */
struct ranks {
	uint32_t *count; /* from 1 on */
	size_t n, top;	 /* the largest power of two in n */
};

static void ranks_add(struct ranks *r, size_t rank, int by)
{
	for (size_t i = rank + 1; i <= r->n; i += i & -i)
		r->count[i] += (uint32_t)by;
}

/* The rank that has @before others before it. */
static size_t ranks_find(const struct ranks *r, size_t before)
{
	size_t at = 0;

	for (size_t step = r->top; step; step /= 2)
		if (at + step <= r->n && r->count[at + step] <= before) {
			at += step;
			before -= r->count[at];
		}
	return at;
}

static double median_of(const struct ranks *r, const struct sortable *items,
			const struct query_column *column, size_t window)
{
	double low = ordered_real(column, items[ranks_find(r, (window - 1) / 2)].row);

	if (window % 2)
		return low;
	return (low + ordered_real(column, items[ranks_find(r, window / 2)].row)) / 2;
}

static int roll_median(const struct query_column *column, size_t n, size_t window, double *out,
		       struct schedtrace_error *err)
{
	auto_free struct sortable *items = reallocarray(NULL, n + 1, sizeof(*items));
	auto_free size_t *rank = reallocarray(NULL, n + 1, sizeof(*rank));
	auto_free uint32_t *count = calloc(n + 1, sizeof(*count));
	struct ranks ranks = { .count = count, .n = n, .top = 1 };
	size_t known, unknown = 0;

	if (!items || !rank || !count)
		return no_memory(n, err);
	while (ranks.top * 2 <= n)
		ranks.top *= 2;
	known = sort(column, n, items);
	for (size_t i = 0; i < n; i++)
		rank[i] = SIZE_MAX;
	for (size_t k = 0; k < known; k++)
		if (!column->reals || isfinite(column->reals[items[k].row]))
			rank[items[k].row] = k;
	for (size_t i = 0; i < n; i++) {
		if (rank[i] == SIZE_MAX)
			unknown++;
		else
			ranks_add(&ranks, rank[i], 1);
		if (i >= window && rank[i - window] == SIZE_MAX)
			unknown--;
		else if (i >= window)
			ranks_add(&ranks, rank[i - window], -1);
		out[i] = i + 1 < window || unknown ? NAN : median_of(&ranks, items, column, window);
	}
	return 0;
}

int ordered_rolling(const struct query_column *column, size_t n, int64_t window,
		    enum rolling_kind kind, double *out, struct schedtrace_error *err)
{
	if ((uint64_t)window > n) {
		for (size_t i = 0; i < n; i++)
			out[i] = NAN;
		return 0;
	}
	if (kind == ROLLING_MEDIAN)
		return roll_median(column, n, (size_t)window, out, err);
	if (column->reals)
		roll_reals(column->reals, n, (size_t)window, kind, out);
	else
		roll_whole(column, n, (size_t)window, kind, out);
	return 0;
}
