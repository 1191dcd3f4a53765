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

#define ROWS 3000

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
	struct schedtrace_error err;
	int64_t out[8];

	assert_int_equal(
		ordered_argsort(&(struct query_column){ .reals = reals }, 8, out, NULL, &err), 0);
	/* Those with a value: 2, -0, 0, -inf, 2, -3.5, inf. */
	for (size_t i = 0; i < 8; i++)
		assert_int_equal(out[i], order[i]);
	assert_int_equal(
		ordered_argsort(&(struct query_column){ .ints = ints }, 6, out, NULL, &err), 0);
	for (size_t i = 0; i < 6; i++)
		assert_int_equal(out[i], int_order[i]);
}

static void check_order(const int32_t *values, const int64_t *order)
{
	for (size_t i = 1; i < ROWS; i++) {
		int64_t a = order[i - 1], b = order[i];

		assert_true(values[a] < values[b] || (values[a] == values[b] && a < b));
	}
}

static void rows_are_sorted_by_all_their_digits(void **state)
{
	static int32_t values[ROWS];
	static int64_t order[ROWS];
	struct schedtrace_error err;
	unsigned int seed = 1;

	for (int spread = 1; spread < 31; spread += 7) {
		for (size_t i = 0; i < ROWS; i++)
			values[i] = (rand_r(&seed) % (1 << spread)) * (i % 3 ? 1 : -1);
		assert_int_equal(ordered_argsort(&(struct query_column){ .small_ints = values },
						 ROWS, order, NULL, &err),
				 0);
		check_order(values, order);
	}
}

/* Few and many rows of a window have ways of their own. */
static void medians_are_those_of_sorted_windows(void **state)
{
	static const size_t windows[] = { 1, 2, 7, 512, 513, 900 };
	static double values[ROWS], out[ROWS], sorted[ROWS];
	struct schedtrace_error err;
	unsigned int seed = 2;

	for (size_t i = 0; i < ROWS; i++)
		values[i] = i % 1000 == 999 ? NAN : (rand_r(&seed) % 200) / 4.0 - 20;
	values[1500] = INFINITY;
	for (size_t w = 0; w < sizeof(windows) / sizeof(*windows); w++) {
		size_t n = windows[w];

		assert_int_equal(ordered_rolling(&(struct query_column){ .reals = values }, ROWS,
						 (int64_t)n, ROLLING_MEDIAN, out, NULL, &err),
				 0);
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

static void both_end_when_they_are_cancelled(void **state)
{
	static const int32_t values[1] = { 1 };
	const struct query_column column = { .small_ints = values };
	atomic_bool cancel = true;
	struct schedtrace_error err;
	int64_t order;
	double median;

	assert_int_equal(ordered_argsort(&column, 1, &order, &cancel, &err),
			 SCHEDTRACE_E_CANCELLED);
	assert_int_equal(ordered_rolling(&column, 1, 1, ROLLING_MEDIAN, &median, &cancel, &err),
			 SCHEDTRACE_E_CANCELLED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(equal_values_keep_their_order),
		cmocka_unit_test(rows_are_sorted_by_all_their_digits),
		cmocka_unit_test(medians_are_those_of_sorted_windows),
		cmocka_unit_test(both_end_when_they_are_cancelled),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
