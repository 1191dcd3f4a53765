/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "view/figure/ordered.h"
#include "view/figure/sorted_rows.h"

#define ROWS 3000

static struct cache_memory *memory;

static int make_memory(void **state)
{
	struct schedtrace_error err;

	return cache_memory_new(&memory, &err);
}

static int free_memory(void **state)
{
	cache_memory_free(memory);
	return 0;
}

static const int64_t *argsort(const struct query_column *column, size_t n)
{
	struct schedtrace_error err;
	struct column_spool out;

	assert_int_equal(column_spool_begin(&out, memory, n, 8, &err), 0);
	assert_int_equal(ordered_argsort(column, n, memory, &out, NULL, &err), 0);
	assert_int_equal(out.n, n);
	return out.piece.bytes;
}

static const double *median(const struct query_column *column, size_t n, size_t window)
{
	struct schedtrace_error err;
	struct column_spool out;

	assert_int_equal(column_spool_begin(&out, memory, n, 8, &err), 0);
	assert_int_equal(ordered_rolling(column, n, (int64_t)window, ROLLING_MEDIAN, memory, &out,
					 NULL, &err),
			 0);
	assert_int_equal(out.n, n);
	return out.piece.bytes;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void equal_values_keep_their_order(void **state)
{
	const double reals[] = { 2, -0.0, NAN, 0, -INFINITY, 2, -3.5, INFINITY };
	const int64_t order[] = { 3, 5, -1, 1, 2, 0, 4, 6 };
	const int64_t ints[] = { INT64_MAX, -1, INT64_MIN, -1, 0, INT64_MAX };
	const int64_t int_order[] = { 2, 1, 3, 4, 0, 5 };
	const int64_t *out = argsort(&(struct query_column){ .reals = reals }, 8);

	/* Those with a value: 2, -0, 0, -inf, 2, -3.5, inf. */
	for (size_t i = 0; i < 8; i++)
		assert_int_equal(out[i], order[i]);
	out = argsort(&(struct query_column){ .ints = ints }, 6);
	for (size_t i = 0; i < 6; i++)
		assert_int_equal(out[i], int_order[i]);
}

static void check_order(const int32_t *values, const int64_t *order, size_t n)
{
	for (size_t i = 1; i < n; i++) {
		int64_t a = order[i - 1], b = order[i];

		assert_true(values[a] < values[b] || (values[a] == values[b] && a < b));
	}
}

static void rows_are_sorted_by_all_their_digits(void **state)
{
	static int32_t values[ROWS];
	unsigned int seed = 1;

	for (int spread = 1; spread < 31; spread += 7) {
		for (size_t i = 0; i < ROWS; i++)
			values[i] = (rand_r(&seed) % (1 << spread)) * (i % 3 ? 1 : -1);
		check_order(values, argsort(&(struct query_column){ .small_ints = values }, ROWS),
			    ROWS);
	}
}

#define MANY (2 * SORTED_ROWS_AT_ONCE + 123)

/* Few values that most rows have are not sorted; others are, in parts. */
static void many_rows_are_sorted_in_parts(void **state)
{
	int32_t *values = calloc(MANY, sizeof(*values));
	unsigned int seed = 3;

	assert_non_null(values);
	for (int spread = 3; spread < 31; spread += 13) {
		for (size_t i = 0; i < MANY; i++)
			values[i] = i % 2 ? 17 : rand_r(&seed) % (1 << spread) - (1 << spread) / 3;
		check_order(values, argsort(&(struct query_column){ .small_ints = values }, MANY),
			    MANY);
	}
	free(values);
}

static void many_rows_without_a_value_stay_in_their_places(void **state)
{
	double *values = calloc(MANY, sizeof(*values));
	const int64_t *order;
	size_t known = 0;

	assert_non_null(values);
	for (size_t i = 0; i < MANY; i++)
		values[i] = i % 3 ? -(double)i : NAN;
	for (size_t i = 0; i < MANY; i++)
		known += i % 3 != 0;
	order = argsort(&(struct query_column){ .reals = values }, MANY);
	for (size_t i = 0; i < MANY; i++) /* those with one are in falling order */
		assert_int_equal(order[i], i % 3 ? (int64_t)--known : -1);
	free(values);
}

/* Few and many rows of a window have ways of their own. */
static void medians_are_those_of_sorted_windows(void **state)
{
	static const size_t windows[] = { 1, 2, 7, 512, 513, 900 };
	static double values[ROWS], sorted[ROWS];
	unsigned int seed = 2;

	for (size_t i = 0; i < ROWS; i++)
		values[i] = i % 1000 == 999 ? NAN : (rand_r(&seed) % 200) / 4.0 - 20;
	values[1500] = INFINITY;
	for (size_t w = 0; w < sizeof(windows) / sizeof(*windows); w++) {
		size_t n = windows[w];
		const double *out = median(&(struct query_column){ .reals = values }, ROWS, n);

		for (size_t i = 0; i < ROWS; i++) {
			size_t finite = 0;

			for (size_t k = i + 1 < n ? 0 : i + 1 - n; k <= i; k++)
				if (isfinite(values[k]))
					sorted[finite++] = values[k];
			if (finite < n) {
				assert_true(isnan(out[i]));
				continue;
			}
			qsort(sorted, n, sizeof(*sorted), compare);
			assert_true(out[i] == (n % 2 ? sorted[n / 2]
						     : (sorted[n / 2 - 1] + sorted[n / 2]) / 2));
		}
	}
}

static void all_end_when_they_are_cancelled(void **state)
{
	static const enum rolling_kind kinds[] = { ROLLING_SUM, ROLLING_MEAN, ROLLING_MEDIAN };
	static const int32_t values[1] = { 1 };
	static const double reals[1] = { 1 };
	const struct query_column columns[] = { { .small_ints = values }, { .reals = reals } };
	atomic_bool cancel = true;
	struct schedtrace_error err;
	struct column_spool out;

	assert_int_equal(column_spool_begin(&out, memory, 1, 8, &err), 0);
	for (size_t c = 0; c < 2; c++) {
		assert_int_equal(ordered_argsort(&columns[c], 1, memory, &out, &cancel, &err),
				 SCHEDTRACE_E_CANCELLED);
		for (size_t k = 0; k < 3; k++)
			for (int64_t window = 1; window < 3; window++)
				assert_int_equal(ordered_rolling(&columns[c], 1, window, kinds[k],
								 memory, &out, &cancel, &err),
						 SCHEDTRACE_E_CANCELLED);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(equal_values_keep_their_order),
		cmocka_unit_test(rows_are_sorted_by_all_their_digits),
		cmocka_unit_test(many_rows_are_sorted_in_parts),
		cmocka_unit_test(many_rows_without_a_value_stay_in_their_places),
		cmocka_unit_test(medians_are_those_of_sorted_windows),
		cmocka_unit_test(all_end_when_they_are_cancelled),
	};

	return cmocka_run_group_tests(tests, make_memory, free_memory);
}
