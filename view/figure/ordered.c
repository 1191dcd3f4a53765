/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "view/figure/ordered.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "view/figure/sorted_rows.h"

#define SMALL 512 /* rows of a window that are kept sorted */

/* Values of a column on their way into it, and whether anybody still wants them. */
struct putting {
	struct column_spool *out;
	const atomic_bool *cancel;
	struct schedtrace_error *err;
	size_t n; /* that wait */
	union {
		int64_t ints[COLUMN_SPOOL_ROWS];
		double reals[COLUMN_SPOOL_ROWS];
	};
};

static int64_t whole(const struct query_column *column, size_t i)
{
	return column->ints ? column->ints[i] : column->small_ints[i];
}

double ordered_real(const struct query_column *column, size_t i)
{
	return column->reals ? column->reals[i] : (double)whole(column, i);
}

void ordered_reals(const struct query_column *column, size_t begin, size_t n, double *out)
{
	const int64_t *ints = column->ints ? column->ints + begin : NULL;
	const int32_t *small_ints = column->small_ints ? column->small_ints + begin : NULL;

	if (column->reals)
		memcpy(out, column->reals + begin, n * sizeof(*out));
	else if (ints)
		for (size_t i = 0; i < n; i++)
			out[i] = (double)ints[i];
	else
		for (size_t i = 0; i < n; i++)
			out[i] = (double)small_ints[i];
}

static int put_waiting(struct putting *p)
{
	size_t n = p->n;

	p->n = 0;
	if (p->cancel && atomic_load(p->cancel))
		return error_set(p->err, SCHEDTRACE_E_CANCELLED, "cancelled");
	return column_spool_put(p->out, p->ints, n, p->err);
}

static int put_int(struct putting *p, int64_t value)
{
	p->ints[p->n++] = value;
	return p->n == COLUMN_SPOOL_ROWS ? put_waiting(p) : 0;
}

static int put_real(struct putting *p, double value)
{
	p->reals[p->n++] = value;
	return p->n == COLUMN_SPOOL_ROWS ? put_waiting(p) : 0;
}

/* Rows in order; between them, in their own places, those without a value. */
struct numbering {
	struct putting *putting;
	const double *reals; /* NULL: all have a value */
	size_t n, at;
};

static int put_unknown(struct numbering *to)
{
	int r = 0;

	for (; to->reals && to->at < to->n && isnan(to->reals[to->at]) && r == 0; to->at++)
		r = put_int(to->putting, -1);
	return r;
}

static int put_rows(void *user, const uint32_t *rows, size_t n, struct schedtrace_error *err)
{
	struct numbering *to = user;
	int r = 0;

	for (size_t i = 0; i < n && r == 0; i++) {
		r = put_unknown(to);
		if (r == 0)
			r = put_int(to->putting, rows[i]);
		to->at++;
	}
	return r;
}

int ordered_argsort(const struct query_column *column, size_t n, struct cache_memory *memory,
		    struct column_spool *out, const atomic_bool *cancel,
		    struct schedtrace_error *err)
{
	struct putting putting = { .out = out, .cancel = cancel, .err = err };
	struct numbering to = { &putting, column->reals, n, 0 };
	int r = sorted_rows(column, n, true, memory, put_rows, &to, cancel, err);

	if (r == 0)
		r = put_unknown(&to);
	return r < 0 ? r : put_waiting(&putting);
}

static int roll_whole(const struct query_column *column, size_t n, size_t window,
		      enum rolling_kind kind, struct putting *out)
{
	__int128 sum = 0;
	int r = 0;

	for (size_t i = 0; i < n && r == 0; i++) {
		sum += whole(column, i);
		if (i >= window)
			sum -= whole(column, i - window);
		if (i + 1 < window)
			r = put_real(out, NAN);
		else if (kind == ROLLING_SUM)
			r = put_real(out, (double)sum);
		else
			r = put_real(out, (double)((long double)sum / (long double)window));
	}
	return r;
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

static int roll_reals(const double *values, size_t n, size_t window, enum rolling_kind kind,
		      struct putting *out)
{
	struct compensated c = { 0 };
	size_t unknown = 0;
	int r = 0;

	for (size_t i = 0; i < n && r == 0; i++) {
		if (isfinite(values[i]))
			add(&c, values[i]);
		else
			unknown++;
		if (i >= window && isfinite(values[i - window]))
			add(&c, -values[i - window]);
		else if (i >= window)
			unknown--;
		if (i + 1 < window || unknown)
			r = put_real(out, NAN);
		else
			r = put_real(out, kind == ROLLING_SUM ? c.sum : c.sum / (double)window);
	}
	return r;
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

#define NO_RANK UINT32_MAX

/* All rows by rank, and the ranks of all rows, of those that are no finite value NO_RANK. */
struct ranking {
	const struct query_column *column;
	uint32_t *rows, *rank;
	size_t n;
};

static int take_ranks(void *user, const uint32_t *rows, size_t n, struct schedtrace_error *err)
{
	struct ranking *r = user;

	for (size_t i = 0; i < n; i++, r->n++) {
		r->rows[r->n] = rows[i];
		if (!r->column->reals || isfinite(r->column->reals[rows[i]]))
			r->rank[rows[i]] = (uint32_t)r->n;
	}
	return 0;
}

static double median_of(const struct ranks *r, const struct ranking *ranking, size_t window)
{
	const struct query_column *column = ranking->column;
	double low = ordered_real(column, ranking->rows[ranks_find(r, (window - 1) / 2)]);

	if (window % 2)
		return low;
	return (low + ordered_real(column, ranking->rows[ranks_find(r, window / 2)])) / 2;
}

/* Of a window of many rows: by the ranks that they have among all. */
static int roll_ranks(const struct query_column *column, size_t n, size_t window,
		      struct cache_memory *memory, struct putting *out)
{
	struct ranking of = { column, cache_memory_take(memory, (n + 1) * sizeof(uint32_t)),
			      cache_memory_take(memory, (n + 1) * sizeof(uint32_t)), 0 };
	struct ranks ranks = { .count = cache_memory_take(memory, (n + 1) * sizeof(uint32_t)),
			       .n = n,
			       .top = 1 };
	size_t unknown = 0;
	int r = 0;

	if (!of.rows || !of.rank || !ranks.count)
		return error_set(out->err, SCHEDTRACE_E_NOMEM, "no memory to order %zu rows", n);
	memset(of.rank, 0xff, n * sizeof(*of.rank)); /* NO_RANK */
	r = sorted_rows(column, n, false, memory, take_ranks, &of, out->cancel, out->err);
	while (ranks.top * 2 <= n)
		ranks.top *= 2;
	for (size_t i = 0; i < n && r == 0; i++) {
		if (of.rank[i] == NO_RANK)
			unknown++;
		else
			ranks_add(&ranks, of.rank[i], 1);
		if (i >= window && of.rank[i - window] == NO_RANK)
			unknown--;
		else if (i >= window)
			ranks_add(&ranks, of.rank[i - window], -1);
		r = put_real(out, i + 1 < window || unknown ? NAN : median_of(&ranks, &of, window));
	}
	return r;
}

/* Where a value is, or would be put, among sorted ones. */
static size_t place_among(const uint64_t *keys, size_t n, uint64_t key)
{
	size_t low = 0;

	while (n) {
		size_t half = n / 2;

		if (keys[low + half] < key) {
			low += half + 1;
			n -= half + 1;
		} else {
			n = half;
		}
	}
	return low;
}

static double median_among(const struct query_column *column, const uint64_t *keys, size_t n)
{
	double high = sorted_rows_value(column, keys[n / 2]);

	return n % 2 ? high : (sorted_rows_value(column, keys[n / 2 - 1]) + high) / 2;
}

/* Of a window of few rows: their values are kept sorted. */
static int roll_sorted(const struct query_column *column, size_t n, size_t window,
		       struct putting *out)
{
	uint64_t keys[SMALL + 1];
	size_t known = 0;
	int r = 0;

	for (size_t i = 0; i < n && r == 0; i++) {
		if (i >= window && (!column->reals || isfinite(column->reals[i - window]))) {
			uint64_t key = sorted_rows_key(column, i - window);
			size_t at = place_among(keys, known, key);

			memmove(keys + at, keys + at + 1, (--known - at) * sizeof(*keys));
		}
		if (!column->reals || isfinite(column->reals[i])) {
			uint64_t key = sorted_rows_key(column, i);
			size_t at = place_among(keys, known, key);

			memmove(keys + at + 1, keys + at, (known++ - at) * sizeof(*keys));
			keys[at] = key;
		}
		r = put_real(out, known < window ? NAN : median_among(column, keys, window));
	}
	return r;
}

static int roll(const struct query_column *column, size_t n, size_t window, enum rolling_kind kind,
		struct cache_memory *memory, struct putting *out)
{
	if (kind == ROLLING_MEDIAN)
		return window <= SMALL ? roll_sorted(column, n, window, out)
				       : roll_ranks(column, n, window, memory, out);
	return column->reals ? roll_reals(column->reals, n, window, kind, out)
			     : roll_whole(column, n, window, kind, out);
}

int ordered_rolling(const struct query_column *column, size_t n, int64_t window,
		    enum rolling_kind kind, struct cache_memory *memory, struct column_spool *out,
		    const atomic_bool *cancel, struct schedtrace_error *err)
{
	struct putting putting = { .out = out, .cancel = cancel, .err = err };
	int r = 0;

	if ((uint64_t)window <= n)
		r = roll(column, n, (size_t)window, kind, memory, &putting);
	for (size_t i = 0; i < n && (uint64_t)window > n && r == 0; i++)
		r = put_real(&putting, NAN);
	return r < 0 ? r : put_waiting(&putting);
}
