/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "view/figure/ordered.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/cache_memory.h"
#include "base/error.h"
#include "base/mem.h"

#define DIGIT_BITS 11
#define DIGITS	   6 /* of 64 bits */
#define BUCKETS	   (1u << DIGIT_BITS)
#define POLL_ROWS  ((size_t)1 << 20) /* between two looks whether to stop */
#define SMALL	   512		     /* rows of a window that are kept sorted */

/* Rows by value, as far as they are sorted; values as numbers that order alike. */
struct ordering {
	struct cache_memory *memory;
	uint64_t *keys, *other_keys;
	uint32_t *rows, *other_rows;
	size_t known; /* rows that have a value */
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

static bool is_time_to_stop(const atomic_bool *cancel, size_t i)
{
	return i % POLL_ROWS == 0 && cancel && atomic_load(cancel);
}

static int cancelled(struct schedtrace_error *err)
{
	return error_set(err, SCHEDTRACE_E_CANCELLED, "cancelled");
}

/* Unsigned numbers that order as the values do; 0 and -0 are equal. */
static uint64_t key_of(const struct query_column *column, size_t i)
{
	const uint64_t sign = (uint64_t)1 << 63;
	uint64_t bits;

	if (!column->reals)
		return (uint64_t)whole(column, i) ^ sign;
	memcpy(&bits, &column->reals[i], sizeof(bits));
	if (bits == sign)
		bits = 0;
	return bits & sign ? ~bits : bits | sign;
}

static double value_of(const struct query_column *column, uint64_t key)
{
	const uint64_t sign = (uint64_t)1 << 63;
	double value;

	if (!column->reals)
		return (double)(int64_t)(key ^ sign);
	key = key & sign ? key ^ sign : ~key;
	memcpy(&value, &key, sizeof(value));
	return value;
}

static int make_room(struct ordering *o, size_t n, struct schedtrace_error *err)
{
	int r = n > UINT32_MAX ? error_set(err, SCHEDTRACE_E_LIMIT,
					   "%zu rows to order are more than %u", n, UINT32_MAX)
			       : cache_memory_new(&o->memory, err);

	if (r < 0)
		return r;
	o->keys = cache_memory_take(o->memory, (n + 1) * sizeof(*o->keys));
	o->other_keys = cache_memory_take(o->memory, (n + 1) * sizeof(*o->keys));
	o->rows = cache_memory_take(o->memory, (n + 1) * sizeof(*o->rows));
	o->other_rows = cache_memory_take(o->memory, (n + 1) * sizeof(*o->rows));
	return o->keys && o->other_keys && o->rows && o->other_rows ? 0 : no_memory(n, err);
}

static void ordering_free(struct ordering *o)
{
	cache_memory_free(o->memory);
}
#define auto_ordering __attribute__((cleanup(ordering_free)))

static uint32_t digit_of(uint64_t key, int digit)
{
	return (uint32_t)(key >> (digit * DIGIT_BITS)) % BUCKETS;
}

/* By one digit, equal ones in the order that they have; @begins: where each value's rows go. */
static int sort_by_digit(struct ordering *o, int digit, size_t *begins, const atomic_bool *cancel,
			 struct schedtrace_error *err)
{
	uint64_t *keys = o->keys;
	uint32_t *rows = o->rows;

	for (size_t i = 0; i < o->known; i++) {
		size_t to = begins[digit_of(keys[i], digit)]++;

		if (is_time_to_stop(cancel, i))
			return cancelled(err);
		o->other_keys[to] = keys[i];
		o->other_rows[to] = rows[i];
	}
	o->keys = o->other_keys;
	o->rows = o->other_rows;
	o->other_keys = keys;
	o->other_rows = rows;
	return 0;
}

/* By all digits, from the last to the first; those that all have in common are passed over. */
static int sort_by_digits(struct ordering *o, size_t *counts, const atomic_bool *cancel,
			  struct schedtrace_error *err)
{
	int r = 0;

	for (int digit = 0; digit < DIGITS && r == 0; digit++) {
		size_t *begins = counts + (size_t)digit * BUCKETS, before = 0;
		bool common = false;

		for (size_t bucket = 0; bucket < BUCKETS; bucket++) {
			size_t count = begins[bucket];

			common |= count == o->known;
			begins[bucket] = before;
			before += count;
		}
		if (!common)
			r = sort_by_digit(o, digit, begins, cancel, err);
	}
	return r;
}

/* The rows that have a value, by value, equal ones in their own order. */
static int sort(struct ordering *o, const struct query_column *column, size_t n,
		const atomic_bool *cancel, struct schedtrace_error *err)
{
	auto_free size_t *counts = calloc((size_t)DIGITS * BUCKETS, sizeof(*counts));
	int r = counts ? make_room(o, n, err) : no_memory(n, err);

	for (size_t i = 0; i < n && r == 0; i++) {
		uint64_t key = key_of(column, i);

		if (is_time_to_stop(cancel, i))
			r = cancelled(err);
		if (column->reals && isnan(column->reals[i]))
			continue;
		o->keys[o->known] = key;
		o->rows[o->known++] = (uint32_t)i;
		for (int digit = 0; digit < DIGITS; digit++)
			counts[(size_t)digit * BUCKETS + digit_of(key, digit)]++;
	}
	return r < 0 ? r : sort_by_digits(o, counts, cancel, err);
}

int ordered_argsort(const struct query_column *column, size_t n, int64_t *out,
		    const atomic_bool *cancel, struct schedtrace_error *err)
{
	auto_ordering struct ordering o = { .memory = NULL };
	uint32_t *place; /* of each row with a value among those */
	size_t at = 0;
	int r = sort(&o, column, n, cancel, err);

	if (r < 0)
		return r;
	if (o.known == n) {
		for (size_t i = 0; i < n; i++)
			out[i] = o.rows[i];
		return 0;
	}
	place = o.other_rows;
	for (size_t i = 0; i < n; i++) {
		place[i] = (uint32_t)at;
		at += !isnan(column->reals[i]);
	}
	for (size_t i = 0, k = 0; i < n; i++)
		out[i] = isnan(column->reals[i]) ? -1 : (int64_t)place[o.rows[k++]];
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

static double median_of(const struct ranks *r, const struct ordering *o,
			const struct query_column *column, size_t window)
{
	double low = ordered_real(column, o->rows[ranks_find(r, (window - 1) / 2)]);

	if (window % 2)
		return low;
	return (low + ordered_real(column, o->rows[ranks_find(r, window / 2)])) / 2;
}

#define NO_RANK UINT32_MAX

/* Of a window of many rows: by the ranks that they have among all. */
static int roll_ranks(const struct query_column *column, size_t n, size_t window, double *out,
		      const atomic_bool *cancel, struct schedtrace_error *err)
{
	auto_ordering struct ordering o = { .memory = NULL };
	struct ranks ranks = { .n = n, .top = 1 };
	uint32_t *rank; /* of each row */
	size_t unknown = 0;
	int r = sort(&o, column, n, cancel, err);

	if (r < 0)
		return r;
	rank = o.other_rows;
	ranks.count = cache_memory_take(o.memory, (n + 1) * sizeof(*ranks.count));
	if (!ranks.count)
		return no_memory(n, err);
	while (ranks.top * 2 <= n)
		ranks.top *= 2;
	for (size_t i = 0; i < n; i++)
		rank[i] = NO_RANK;
	for (size_t k = 0; k < o.known; k++)
		if (!column->reals || isfinite(column->reals[o.rows[k]]))
			rank[o.rows[k]] = (uint32_t)k;
	for (size_t i = 0; i < n; i++) {
		if (is_time_to_stop(cancel, i))
			return cancelled(err);
		if (rank[i] == NO_RANK)
			unknown++;
		else
			ranks_add(&ranks, rank[i], 1);
		if (i >= window && rank[i - window] == NO_RANK)
			unknown--;
		else if (i >= window)
			ranks_add(&ranks, rank[i - window], -1);
		out[i] = i + 1 < window || unknown ? NAN : median_of(&ranks, &o, column, window);
	}
	return 0;
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

/* Of a window of few rows: their values are kept sorted. */
static int roll_sorted(const struct query_column *column, size_t n, size_t window, double *out,
		       const atomic_bool *cancel, struct schedtrace_error *err)
{
	uint64_t keys[SMALL + 1];
	size_t known = 0;

	for (size_t i = 0; i < n; i++) {
		if (is_time_to_stop(cancel, i))
			return cancelled(err);
		if (i >= window && (!column->reals || isfinite(column->reals[i - window]))) {
			size_t at = place_among(keys, known, key_of(column, i - window));

			memmove(keys + at, keys + at + 1, (--known - at) * sizeof(*keys));
		}
		if (!column->reals || isfinite(column->reals[i])) {
			uint64_t key = key_of(column, i);
			size_t at = place_among(keys, known, key);

			memmove(keys + at + 1, keys + at, (known++ - at) * sizeof(*keys));
			keys[at] = key;
		}
		out[i] = known < window ? NAN
			 : window % 2	? value_of(column, keys[window / 2])
					: (value_of(column, keys[window / 2 - 1]) +
					   value_of(column, keys[window / 2])) /
						2;
	}
	return 0;
}

int ordered_rolling(const struct query_column *column, size_t n, int64_t window,
		    enum rolling_kind kind, double *out, const atomic_bool *cancel,
		    struct schedtrace_error *err)
{
	if ((uint64_t)window > n) {
		for (size_t i = 0; i < n; i++)
			out[i] = NAN;
		return 0;
	}
	if (kind == ROLLING_MEDIAN)
		return (window <= SMALL ? roll_sorted : roll_ranks)(column, n, (size_t)window, out,
								    cancel, err);
	if (column->reals)
		roll_reals(column->reals, n, (size_t)window, kind, out);
	else
		roll_whole(column, n, (size_t)window, kind, out);
	return 0;
}
