/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/ranges.h"

static void overlapping_ranges_count_once_and_neighbours_become_one(void **state)
{
	struct ranges_pool pool;
	struct ranges set = { 0 };

	ranges_pool_init(&pool);
	assert_int_equal(ranges_add(&pool, &set, 10, 20), 0);
	assert_int_equal(ranges_add(&pool, &set, 15, 30), 0);
	assert_int_equal(set.bytes, 20);
	assert_int_equal(ranges_add(&pool, &set, 30, 40), 0);
	assert_int_equal(set.bytes, 30);
	assert_int_equal(ranges_remove(&pool, &set, 12, 14), 0);
	assert_int_equal(set.bytes, 28);
	assert_int_equal(ranges_remove(&pool, &set, 0, 100), 0);
	assert_int_equal(set.bytes, 0);
	assert_int_equal(set.root, 0);
	ranges_pool_free(&pool);
}

static void the_highest_addresses_and_empty_ranges_do_no_harm(void **state)
{
	struct ranges_pool pool;
	struct ranges set = { 0 };

	ranges_pool_init(&pool);
	assert_int_equal(ranges_add(&pool, &set, UINT64_MAX - 10, UINT64_MAX), 0);
	assert_int_equal(ranges_add(&pool, &set, 7, 7), 0);
	assert_int_equal(ranges_add(&pool, &set, 9, 7), 0);
	assert_int_equal(ranges_remove(&pool, &set, UINT64_MAX - 5, UINT64_MAX), 0);
	assert_int_equal(set.bytes, 5);
	ranges_clear(&pool, &set);
	ranges_pool_free(&pool);
}

/* The witness is a byte for each address. */
static void a_set_always_equals_a_byte_map(void **state)
{
	enum { ADDRESSES = 4000, STEPS = 20000 };
	static unsigned char map[2][ADDRESSES];
	struct ranges_pool pool;
	struct ranges sets[2] = { { 0 } };

	srandom(42);
	ranges_pool_init(&pool);
	for (int step = 0; step < STEPS; step++) {
		uint64_t begin = (uint64_t)random() % ADDRESSES;
		uint64_t end = begin + (uint64_t)random() % 60, bytes = 0;
		int k = (int)(random() & 1);

		end = end < ADDRESSES ? end : ADDRESSES;
		switch (random() % 40) {
		case 0:
			ranges_clear(&pool, &sets[k]);
			assert_int_equal(ranges_copy(&pool, &sets[k], &sets[!k]), 0);
			memcpy(map[k], map[!k], ADDRESSES);
			break;
		case 1 ... 20:
			assert_int_equal(ranges_add(&pool, &sets[k], begin, end), 0);
			memset(map[k] + begin, 1, end - begin);
			break;
		default:
			assert_int_equal(ranges_remove(&pool, &sets[k], begin, end), 0);
			memset(map[k] + begin, 0, end - begin);
			break;
		}
		for (int i = 0; i < ADDRESSES; i++)
			bytes += map[k][i];
		assert_int_equal(sets[k].bytes, bytes);
	}
	ranges_pool_free(&pool);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(overlapping_ranges_count_once_and_neighbours_become_one),
		cmocka_unit_test(the_highest_addresses_and_empty_ranges_do_no_harm),
		cmocka_unit_test(a_set_always_equals_a_byte_map),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
