/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "input/window.h"

static int64_t begin, end;

static int parse(const char *text, int64_t origin)
{
	return window_parse(text, origin, &begin, &end, NULL);
}

static void seconds_count_from_the_begin_of_the_trace(void **state)
{
	assert_int_equal(parse("1.5:2", 1000), 0);
	assert_int_equal(begin, 1500001000);
	assert_int_equal(end, 2000001000);
	assert_int_equal(parse("0.000000001:12.3456789019", 0), 0);
	assert_int_equal(begin, 1);
	assert_int_equal(end, 12345678901); /* what is finer than a nanosecond is dropped */
}

static void an_empty_side_is_the_edge_of_the_trace(void **state)
{
	assert_int_equal(parse(":2", 0), 0);
	assert_int_equal(begin, INT64_MIN);
	assert_int_equal(end, 2000000000);
	assert_int_equal(parse("2:", 0), 0);
	assert_int_equal(begin, 2000000000);
	assert_int_equal(end, INT64_MAX);
}

static void at_signs_give_nanoseconds_on_the_trace_clock(void **state)
{
	/* Above 2^53: exact, not through a double. */
	assert_int_equal(parse("@9007199254740993:@9007199254740995", 5), 0);
	assert_int_equal(begin, 9007199254740993);
	assert_int_equal(end, 9007199254740995);
	assert_int_equal(parse("@5:", INT64_MIN), 0);
	assert_int_equal(begin, 5);
}

static void what_is_no_window_is_refused(void **state)
{
	static const char *const bad[] = {
		"1",	   "2:1", "1:1", "a:2",	  "1s:2",	  "-1:2",
		"1.2.3:4", ".:1", "@:2", "@1x:2", "99999999999:", "1:2:3"
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_int_equal(parse(bad[i], 0), SCHEDTRACE_E_USAGE);
	assert_int_equal(parse("9223372036:", 9000000000000000000), SCHEDTRACE_E_USAGE);
}

static void seconds_need_a_known_begin(void **state)
{
	assert_int_equal(parse("1:2", INT64_MIN), SCHEDTRACE_E_USAGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(seconds_count_from_the_begin_of_the_trace),
		cmocka_unit_test(an_empty_side_is_the_edge_of_the_trace),
		cmocka_unit_test(at_signs_give_nanoseconds_on_the_trace_clock),
		cmocka_unit_test(what_is_no_window_is_refused),
		cmocka_unit_test(seconds_need_a_known_begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
