/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/cache_memory.h"

static void an_array_keeps_what_it_has_while_it_moves_into_a_file(void **state)
{
	struct cache_array array = { .items = NULL };
	size_t n = 0, most = 6 << 20; /* 48 MiB */

	while (n < most) {
		size_t more = n + n / 3 + 1000;
		uint64_t *items;

		assert_int_equal(cache_array_grow(&array, more * sizeof(*items)), 0);
		items = array.items;
		for (size_t i = n; i < more; i += 997) {
			assert_int_equal(items[i], 0);
			items[i] = i;
		}
		for (size_t i = n, to = more; i < to; i++)
			items[i] = i;
		n = more;
	}
	for (size_t i = 0; i < n; i += 511)
		assert_int_equal(((uint64_t *)array.items)[i], i);
	assert_true(array.fd > 0);
	assert_true(array.size >= n * sizeof(uint64_t));
	cache_array_free(&array);
	assert_null(array.items);
}

static void more_than_there_can_be_is_refused(void **state)
{
	struct cache_array array = { .items = NULL };

	assert_int_equal(cache_array_grow(&array, SIZE_MAX / 2), -1);
	assert_int_equal(cache_array_grow(&array, 0), 0);
	cache_array_free(&array);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_array_keeps_what_it_has_while_it_moves_into_a_file),
		cmocka_unit_test(more_than_there_can_be_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
