/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/unit/rows.h"

static void expect(const struct result *r, const char *table, int64_t pid, const char *column,
		   int64_t value)
{
	int64_t got = of_pid(r, table, pid, column);

	if (got != value)
		fail_msg("%s of %lld is %lld, not %lld", column, (long long)pid, (long long)got,
			 (long long)value);
}

/* That the parts of every row of table waits add up, and none is negative. */
static void expect_sums(const struct result *r)
{
	static const char *const parts[] = { "on_cpu_ns",   "wait_wakeup_ns", "wait_preempt_ns",
					     "wait_new_ns", "wait_old_ns",    "sleep_ns",
					     "idle_ns",	    "blocked_ns",     "stopped_ns",
					     "made_ns",	    "lasting_ns",     "unknown_ns" };
	const struct schedtrace_table *waits = table_of(r, "waits");

	for (size_t i = 0; i < schedtrace_table_rows(waits); i++) {
		int64_t sum = 0;

		for (size_t p = 0; p < sizeof(parts) / sizeof(*parts); p++) {
			int64_t ns = schedtrace_table_ints(waits, parts[p])[i];

			if (ns < 0)
				fail_msg("row %zu: %s is %lld", i, parts[p], (long long)ns);
			sum += ns;
		}
		assert_int_equal(sum, schedtrace_table_ints(waits, "wall_ns")[i]);
	}
}

static void the_parts_of_a_life_add_up_to_its_wall_time(void **state)
{
	struct rows b = rows_new();
	struct result r;

	runs(&b, 100, 0, 5);
	add(&b, 110, 0, 7, SCHEDTRACE_FORK, 5, 0);
	add(&b, 114, 0, 7, SCHEDTRACE_WAKEUP_NEW, 0, 0);
	sw(&b, 120, 0, 5, 'S', 7);
	sw(&b, 135, 0, 7, 'D', 0);
	wake(&b, 150, 0, 7);
	sw(&b, 152, 0, 0, 'R', 7);
	wake(&b, 155, 0, 5);
	sw(&b, 160, 0, 7, 'R', 5);
	sw(&b, 190, 0, 5, 'S', 7);
	add(&b, 195, 0, 7, SCHEDTRACE_EXIT, 0, 0);
	sw(&b, 200, 0, 7, 'Z', 0);
	sw(&b, 230, 0, 0, 'R', 6);
	r = result_of(&b, "waits");
	expect_sums(&r);
	expect(&r, "waits", 7, "wall_ns", 90);
	expect(&r, "waits", 7, "made_ns", 4);
	expect(&r, "waits", 7, "wait_new_ns", 6);
	expect(&r, "waits", 7, "on_cpu_ns", 15 + 8 + 10);
	expect(&r, "waits", 7, "blocked_ns", 15);
	expect(&r, "waits", 7, "wait_wakeup_ns", 2);
	expect(&r, "waits", 7, "wait_preempt_ns", 30);
	expect(&r, "waits", 7, "unknown_ns", 0);
	expect(&r, "waits", 5, "wall_ns", 130);
	expect(&r, "waits", 5, "lasting_ns", 40);
	expect(&r, "waits", 6, "unknown_ns", 130);
	result_free(&r);
}

static void who_ran_while_a_task_waited_is_told(void **state)
{
	struct rows b = rows_new();
	struct result r;

	runs(&b, 100, 0, 5);
	wake(&b, 110, 0, 7);
	sw(&b, 130, 0, 5, 'S', 6);
	sw(&b, 160, 0, 6, 'S', 7);
	sw(&b, 170, 0, 7, 'R', 5);
	sw(&b, 175, 0, 5, 'S', 7);
	sw(&b, 180, 0, 7, 'S', 0);
	r = result_of(&b, "waits");
	expect(&r, "wait_reasons", 7, "wait_ns", 50 + 5);
	expect(&r, "wait_reasons", 7, "behind_tasks_ns", 55);
	expect(&r, "wait_reasons", 7, "behind_idle_ns", 0);
	expect(&r, "wait_reasons", 7, "by_pid", 6);
	expect(&r, "wait_reasons", 7, "by_ns", 30);
	expect(&r, "wait_reasons", 7, "preempted", 1);
	expect(&r, "antagonists", 7, "ran_ns", 30);
	assert_int_equal(nth(&r, "antagonists", "by_pid", 5, 0, "ran_ns"), 20 + 5);
	assert_int_equal(nth(&r, "antagonists", "by_pid", 5, 0, "preemptions"), 1);
	assert_int_equal(nth(&r, "antagonists", "by_pid", 6, 0, "preemptions"), 0);
	result_free(&r);
}

static void a_wakeup_past_an_idle_cpu_is_counted_with_its_wait(void **state)
{
	struct rows b = rows_new();
	struct result r;

	runs(&b, 100, 0, 5);
	runs(&b, 100, 1, 0);
	wake(&b, 110, 0, 7); /* CPU 1 idles */
	sw(&b, 120, 1, 0, 'R', 6);
	sw(&b, 130, 0, 5, 'S', 7);
	sw(&b, 140, 0, 7, 'S', 0);
	wake(&b, 150, 0, 7); /* onto its idle CPU */
	sw(&b, 153, 0, 0, 'R', 7);
	wake(&b, 160, 0, 5); /* both are busy */
	sw(&b, 170, 0, 7, 'S', 5);
	r = result_of(&b, "waits");
	expect(&r, "wait_reasons", 7, "woken_past_idle", 1);
	expect(&r, "wait_reasons", 7, "wait_past_idle_ns", 20);
	expect(&r, "wait_reasons", 7, "other_idle_ns", 10);
	expect(&r, "wait_reasons", 7, "woken_idle", 1);
	expect(&r, "wait_reasons", 7, "behind_idle_ns", 3);
	expect(&r, "wait_reasons", 7, "woken_busy", 0);
	expect(&r, "wait_reasons", 5, "woken_busy", 1);
	result_free(&r);
}

/* 40 others take turns of 10 ns while 7 waits; then 7 and the last one take turns. */
static void a_long_wait_behind_many_adds_up_all_the_same(void **state)
{
	struct rows b = rows_new();
	const struct schedtrace_table *antagonists;
	struct result r;
	int64_t t = 1000, sum = 0, unknown = 0;

	runs(&b, t, 0, 100);
	wake(&b, t, 0, 7);
	for (int i = 1; i <= 2000; i++) {
		t += 10;
		sw(&b, t, 0, 100 + (i - 1) % 40, 'R', i < 2000 ? 100 + i % 40 : 7);
	}
	sw(&b, t + 5, 0, 7, 'S', 0);
	r = result_of(&b, "waits");
	expect(&r, "wait_reasons", 7, "wait_ns", 20000);
	expect(&r, "wait_reasons", 7, "behind_tasks_ns", 20000);
	antagonists = table_of(&r, "antagonists");
	for (size_t i = 0; i < schedtrace_table_rows(antagonists); i++) {
		int64_t ns = schedtrace_table_ints(antagonists, "ran_ns")[i];

		if (schedtrace_table_ints(antagonists, "pid")[i] != 7)
			continue;
		sum += ns;
		if (schedtrace_table_ints(antagonists, "by_pid")[i] == INT64_MIN)
			unknown += ns;
		else /* 50 turns each */
			assert_in_range(ns, 10, 500);
	}
	assert_int_equal(sum, 20000);
	assert_true(unknown > 0);
	result_free(&r);
}

/* Two hogs leave 7 no turn until the end: both are told, though their turns are many. */
static void who_starves_a_task_is_told_however_long_it_takes(void **state)
{
	struct rows b = rows_new();
	struct result r;
	int64_t t = 1000;

	runs(&b, t, 0, 5);
	wake(&b, t, 0, 7);
	for (int i = 1; i <= 5000; i++, t += 10)
		sw(&b, t + 10, 0, i % 2 ? 5 : 6, 'R', i % 2 ? 6 : 5);
	r = result_of(&b, "waits"); /* 7 still waits */
	assert_in_range(nth(&r, "antagonists", "by_pid", 5, 0, "ran_ns"), 20000, 25000);
	assert_in_range(nth(&r, "antagonists", "by_pid", 6, 1, "ran_ns"), 20000, 25000);
	result_free(&r);
}

static void a_task_that_is_moved_takes_its_reasons_along(void **state)
{
	struct rows b = rows_new();
	struct result r;

	runs(&b, 100, 0, 5);
	runs(&b, 100, 1, 6);
	wake(&b, 110, 0, 7);
	add(&b, 125, 1, 7, SCHEDTRACE_MIGRATE, 0, 1);
	sw(&b, 130, 1, 6, 'S', 7);
	sw(&b, 140, 0, 5, 'S', 0);
	r = result_of(&b, "waits");
	expect(&r, "wait_reasons", 7, "wait_ns", 20);
	expect(&r, "wait_reasons", 7, "behind_tasks_ns", 20);
	assert_int_equal(nth(&r, "antagonists", "by_pid", 5, 0, "ran_ns"), 15);
	assert_int_equal(nth(&r, "antagonists", "by_pid", 6, 0, "ran_ns"), 5);
	result_free(&r);
}

static void interrupts_during_a_wait_are_told_once_when_they_nest(void **state)
{
	struct rows b = rows_new();
	struct result r;

	runs(&b, 100, 0, 5);
	add(&b, 105, 0, 5, SCHEDTRACE_IRQ_ENTRY, 9, 0);
	wake(&b, 110, 0, 7);
	add(&b, 112, 0, 5, SCHEDTRACE_IRQ_EXIT, 9, 0);
	add(&b, 115, 0, 5, SCHEDTRACE_IRQ_ENTRY, 65537, 0);
	add(&b, 116, 0, 5, SCHEDTRACE_IRQ_ENTRY, 9, 0);
	add(&b, 117, 0, 5, SCHEDTRACE_IRQ_EXIT, 9, 0);
	add(&b, 119, 0, 5, SCHEDTRACE_IRQ_EXIT, 65537, 0);
	sw(&b, 120, 0, 5, 'S', 7);
	r = result_of(&b, "waits");
	expect(&r, "wait_reasons", 7, "irq_ns", 2 + 4);
	result_free(&r);
}

static void without_interrupts_recorded_their_time_is_unknown(void **state)
{
	struct rows b = rows_new();
	struct result r;

	runs(&b, 100, 0, 5);
	wake(&b, 110, 0, 7);
	sw(&b, 120, 0, 5, 'S', 7);
	r = result_of(&b, "waits");
	expect(&r, "wait_reasons", 7, "irq_ns", INT64_MIN);
	result_free(&r);
}

static void a_wait_with_a_doubtful_end_has_no_reasons(void **state)
{
	struct rows b = rows_new();
	struct result r;

	runs(&b, 100, 0, 5);
	wake(&b, 110, 0, 7);
	runs(&b, 130, 0, 7);
	sw(&b, 140, 0, 7, 'S', 0);
	r = result_of(&b, "waits");
	expect_sums(&r);
	expect(&r, "waits", 7, "unknown_ns", 10 + 20);
	for (size_t i = 0; i < schedtrace_table_rows(table_of(&r, "wait_reasons")); i++)
		assert_int_equal(schedtrace_table_ints(table_of(&r, "wait_reasons"), "wait_ns")[i],
				 0);
	result_free(&r);
}

static void of_more_than_16_antagonists_the_least_are_put_together(void **state)
{
	struct rows b = rows_new();
	const struct schedtrace_table *table;
	struct result r;
	int64_t sum = 0;

	runs(&b, 1000, 0, 100);
	wake(&b, 1000, 0, 7);
	for (int i = 0; i < 40; i++)
		sw(&b, 1100 + 100 * i, 0, 100 + i, 'S', 101 + i);
	sw(&b, 9000, 0, 140, 'S', 7);
	r = result_of(&b, "waits");
	table = table_of(&r, "antagonists");
	for (size_t i = 0; i < schedtrace_table_rows(table); i++) {
		if (schedtrace_table_ints(table, "pid")[i] == 7)
			sum += schedtrace_table_ints(table, "ran_ns")[i];
	}
	assert_int_equal(sum, 8000);
	assert_int_equal(nth(&r, "antagonists", "pid", 7, 0, "by_pid"), 140);
	assert_int_equal(nth(&r, "antagonists", "pid", 7, 16, "by_pid"), INT64_MIN);
	result_free(&r);
}

static void the_parts_add_up_in_a_window_too(void **state)
{
	for (int64_t begin = 95; begin < 205; begin += 3) {
		struct rows b = rows_new();
		struct result r;

		b.window_begin = begin;
		b.window_end = begin + 40;
		runs(&b, 100, 0, 5);
		add(&b, 110, 0, 7, SCHEDTRACE_FORK, 5, 0);
		add(&b, 114, 0, 7, SCHEDTRACE_WAKEUP_NEW, 0, 0);
		sw(&b, 120, 0, 5, 'R', 7);
		add(&b, 140, 1, 0, SCHEDTRACE_LOST, -1, 130);
		sw(&b, 150, 0, 7, 'S', 5);
		runs(&b, 160, 0, 7);
		sw(&b, 170, 0, 7, 'D', 5);
		sw(&b, 200, 0, 5, 'S', 0);
		r = result_of(&b, "waits");
		expect_sums(&r);
		result_free(&r);
	}
}

static void without_wakeups_waits_after_them_and_sleeps_are_unknown(void **state)
{
	struct rows b = rows_new();
	struct result r;

	recorded(&b, "sched:sched_switch");
	runs(&b, 100, 0, 7);
	sw(&b, 110, 0, 7, 'S', 9);
	sw(&b, 130, 0, 9, 'R', 7);
	sw(&b, 140, 0, 7, 'R', 9);
	sw(&b, 145, 0, 9, 'S', 7);
	sw(&b, 150, 0, 7, 'S', 0);
	r = result_of(&b, "waits");
	assert_int_equal(of_pid(&r, "waits", 7, "wait_wakeup_ns"), INT64_MIN);
	assert_int_equal(of_pid(&r, "waits", 7, "wait_new_ns"), INT64_MIN);
	assert_int_equal(of_pid(&r, "waits", 7, "sleep_ns"), INT64_MIN);
	assert_int_equal(of_pid(&r, "waits", 7, "blocked_ns"), INT64_MIN);
	assert_int_equal(of_pid(&r, "waits", 7, "on_cpu_ns"), 25);
	assert_int_equal(of_pid(&r, "waits", 7, "wait_preempt_ns"), 5);
	assert_int_equal(of_pid(&r, "waits", 7, "unknown_ns"), 20);
	assert_int_equal(of_pid(&r, "wait_reasons", 7, "woken_past_idle"), INT64_MIN);
	result_free(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_parts_of_a_life_add_up_to_its_wall_time),
		cmocka_unit_test(who_ran_while_a_task_waited_is_told),
		cmocka_unit_test(a_wakeup_past_an_idle_cpu_is_counted_with_its_wait),
		cmocka_unit_test(a_long_wait_behind_many_adds_up_all_the_same),
		cmocka_unit_test(who_starves_a_task_is_told_however_long_it_takes),
		cmocka_unit_test(a_task_that_is_moved_takes_its_reasons_along),
		cmocka_unit_test(interrupts_during_a_wait_are_told_once_when_they_nest),
		cmocka_unit_test(without_interrupts_recorded_their_time_is_unknown),
		cmocka_unit_test(a_wait_with_a_doubtful_end_has_no_reasons),
		cmocka_unit_test(of_more_than_16_antagonists_the_least_are_put_together),
		cmocka_unit_test(the_parts_add_up_in_a_window_too),
		cmocka_unit_test(without_wakeups_waits_after_them_and_sleeps_are_unknown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
