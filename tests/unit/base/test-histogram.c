/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/histogram.h"

static void an_empty_histogram_has_no_percentile(void **state)
{
	struct histogram h = { 0 };

	assert_int_equal(histogram_percentile(&h, 50), INT64_MIN);
	assert_true(histogram_mean(&h) != histogram_mean(&h));
	assert_int_equal(histogram_octave(&h, 256), 0);
	histogram_free(&h);
}

static void a_single_value_is_every_percentile_exactly(void **state)
{
	struct histogram h = { 0 };

	assert_int_equal(histogram_add(&h, 123456789), 0);
	assert_int_equal(histogram_percentile(&h, 0.1), 123456789);
	assert_int_equal(histogram_percentile(&h, 50), 123456789);
	assert_int_equal(histogram_percentile(&h, 100), 123456789);
	histogram_free(&h);
}

static int compare(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

/* Values of all sizes, always the same ones. */
static void make_values(int64_t *values, size_t n)
{
	uint64_t x = 88172645463325252u;

	for (size_t i = 0; i < n; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		values[i] = (int64_t)(x >> (2 + x % 61));
	}
}

static void percentiles_are_within_a_32nd_of_the_ranked_value(void **state)
{
	static const double percents[] = { 1, 10, 50, 90, 99, 99.9, 100 };
	struct histogram h = { 0 };
	int64_t values[5000];

	make_values(values, 5000);
	for (size_t i = 0; i < 5000; i++)
		assert_int_equal(histogram_add(&h, values[i]), 0);
	qsort(values, 5000, sizeof(*values), compare);
	assert_int_equal(h.min, values[0]);
	assert_int_equal(h.max, values[4999]);
	for (size_t i = 0; i < sizeof(percents) / sizeof(*percents); i++) {
		int64_t truth = values[(size_t)(percents[i] * 50 + 0.5) - 1];
		int64_t got = histogram_percentile(&h, percents[i]);

		assert_true(llabs(got - truth) <= (truth < 256 ? 8 : truth / 32));
	}
	histogram_free(&h);
}

static void merged_histograms_equal_the_one_of_all_values(void **state)
{
	struct histogram parts[3] = { 0 }, all = { 0 }, merged = { 0 };
	int64_t values[3000];

	make_values(values, 3000);
	for (size_t i = 0; i < 3000; i++) {
		assert_int_equal(histogram_add(&parts[i % 3], values[i] / 16), 0);
		assert_int_equal(histogram_add(&all, values[i] / 16), 0);
	}
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(histogram_merge(&merged, &parts[i]), 0);
	assert_int_equal(merged.count, all.count);
	assert_int_equal(merged.sum, all.sum);
	assert_int_equal(merged.min, all.min);
	assert_int_equal(merged.max, all.max);
	assert_int_equal(merged.n, all.n);
	assert_memory_equal(merged.buckets, all.buckets, all.n * 16 * sizeof(*all.buckets));
	for (size_t i = 0; i < 3; i++)
		histogram_free(&parts[i]);
	histogram_free(&merged);
	histogram_free(&all);
}

static void octaves_count_exactly(void **state)
{
	static const int64_t values[] = { 0, 15, 16, 31, 32, 255, 256, 511, 512, INT64_MAX };
	struct histogram h = { 0 };

	for (size_t i = 0; i < sizeof(values) / sizeof(*values); i++)
		assert_int_equal(histogram_add(&h, values[i]), 0);
	assert_int_equal(histogram_octave(&h, 0), 2);
	assert_int_equal(histogram_octave(&h, 16), 2);
	assert_int_equal(histogram_octave(&h, 32), 1);
	assert_int_equal(histogram_octave(&h, 64), 0);
	assert_int_equal(histogram_octave(&h, 128), 1);
	assert_int_equal(histogram_octave(&h, 256), 2);
	assert_int_equal(histogram_octave(&h, 512), 1);
	assert_int_equal(histogram_octave(&h, INT64_C(1) << 61), 0);
	histogram_free(&h);
}

static void a_sum_too_large_stays_at_the_largest(void **state)
{
	struct histogram h = { 0 };

	for (int i = 0; i < 3; i++)
		assert_int_equal(histogram_add(&h, INT64_MAX - 5), 0);
	assert_int_equal(h.sum, INT64_MAX);
	assert_int_equal(histogram_percentile(&h, 50), INT64_MAX - 5);
	histogram_free(&h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_histogram_has_no_percentile),
		cmocka_unit_test(a_single_value_is_every_percentile_exactly),
		cmocka_unit_test(percentiles_are_within_a_32nd_of_the_ranked_value),
		cmocka_unit_test(merged_histograms_equal_the_one_of_all_values),
		cmocka_unit_test(octaves_count_exactly),
		cmocka_unit_test(a_sum_too_large_stays_at_the_largest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
