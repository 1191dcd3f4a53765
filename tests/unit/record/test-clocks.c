/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "record/tracefs/clocks.h"

static uint64_t convert(const struct tsc_scale *s, uint64_t ticks)
{
	return (uint64_t)((unsigned __int128)ticks * s->mult >> s->shift) + s->offset;
}

static void expect_near(uint64_t ns, uint64_t expected, uint64_t by)
{
	assert_in_range(ns, expected - by, expected + by);
}

static void ticks_become_ns_at_both_readings(void **state)
{
	/* 2.6 GHz for a second, up for 100 days; then 800 MHz; then 0.3 Hz less than 1 GHz. */
	static const struct {
		struct clocks from, to;
		uint32_t shift;
	} cases[] = {
		{ { .tsc = 22464000000000000, .mono = 8640000000000500 },
		  { .tsc = 22464002600000000, .mono = 8640001000000500 },
		  32 },
		{ { .tsc = 8000, .mono = 0 }, { .tsc = 8000 + 800000000, .mono = 1000000000 }, 31 },
		{ { .tsc = 1, .mono = 7 }, { .tsc = 1000000001, .mono = 1000000007 }, 31 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct tsc_scale s;

		assert_true(clocks_tsc_scale(&cases[i].from, &cases[i].to, &s));
		assert_int_equal(s.shift, cases[i].shift);
		assert_int_equal(convert(&s, cases[i].from.tsc), cases[i].from.mono);
		expect_near(convert(&s, cases[i].to.tsc), (uint64_t)cases[i].to.mono, 2);
	}
}

static void readings_that_tell_nothing_give_no_scale(void **state)
{
	const struct clocks none = { .mono = 5 }, a = { .tsc = 10, .mono = 5 },
			    back = { .tsc = 9, .mono = 6 }, still = { .tsc = 20, .mono = 5 };
	struct tsc_scale s;

	assert_false(clocks_tsc_scale(&none, &a, &s));
	assert_false(clocks_tsc_scale(&a, &a, &s));
	assert_false(clocks_tsc_scale(&a, &back, &s));
	assert_false(clocks_tsc_scale(&a, &still, &s));
}

static void the_clocks_are_read_together(void **state)
{
	struct clocks a, b;
	int64_t ns;

	clocks_read(&a);
	clocks_read(&b);
	assert_true(a.spread_ns >= 0 && a.mono <= b.mono && a.boot >= a.mono - a.spread_ns);
	assert_true(a.tsc <= b.tsc);
	assert_true(clocks_by_name(&a, "boot", &ns) && ns == a.boot);
	assert_true(clocks_by_name(&a, "mono", &ns) && ns == a.mono);
	assert_false(clocks_by_name(&a, "local", &ns));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ticks_become_ns_at_both_readings),
		cmocka_unit_test(readings_that_tell_nothing_give_no_scale),
		cmocka_unit_test(the_clocks_are_read_together),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
