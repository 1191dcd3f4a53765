/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/cpulist.h"

static void a_list_is_read_range_by_range(void **state)
{
	const char *list = "0,2-5,65534";
	int32_t first, last;

	assert_int_equal(cpulist_next(&list, &first, &last), 1);
	assert_true(first == 0 && last == 0);
	assert_int_equal(cpulist_next(&list, &first, &last), 1);
	assert_true(first == 2 && last == 5);
	assert_int_equal(cpulist_next(&list, &first, &last), 1);
	assert_true(first == 65534 && last == 65534);
	assert_int_equal(cpulist_next(&list, &first, &last), 0);
}

static void a_cpu_is_in_the_list_or_not(void **state)
{
	assert_true(cpulist_has("0,2-5", 0));
	assert_false(cpulist_has("0,2-5", 1));
	assert_true(cpulist_has("0,2-5", 5));
	assert_false(cpulist_has("0,2-5", 6));
	assert_false(cpulist_has("", 0));
}

static void what_the_kernel_would_not_write_is_no_list(void **state)
{
	static const char *const wrong[] = { "-1",  "a",    "1-",    "1,",	    ",1",
					     "3-2", "1 2",  "1-2-3", "65535",	    "0x1",
					     " 1",  "1,,2", "-",     "99999999999", "1\n" };

	assert_true(cpulist_valid(""));
	assert_true(cpulist_valid("0"));
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_false(cpulist_valid(wrong[i]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_list_is_read_range_by_range),
		cmocka_unit_test(a_cpu_is_in_the_list_or_not),
		cmocka_unit_test(what_the_kernel_would_not_write_is_no_list),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
