/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/unit/rows.h"

/* The value of @column in the row of @pid and @kind of a table with both. */
static int64_t of_kind(const struct result *r, int64_t pid, const char *kind, const char *column)
{
	const struct schedtrace_table *table = table_of(r, "latency");
	const int64_t *pids = schedtrace_table_ints(table, "pid");
	const char *const *kinds = schedtrace_table_texts(table, "kind");

	for (size_t i = 0; i < schedtrace_table_rows(table); i++) {
		if (pids[i] == pid && !strcmp(kinds[i], kind))
			return schedtrace_table_ints(table, column)[i];
	}
	fail_msg("no row of %lld %s", (long long)pid, kind);
	return 0;
}

static void waking(struct rows *b, int64_t t, int32_t cpu, int32_t pid, int64_t waker)
{
	add(b, t, cpu, pid, SCHEDTRACE_WAKING, waker, 0);
}

/* 9 runs on CPU 0 and wakes 7, which slept, waits, is preempted by 9 and waits again. */
static struct rows wakeup_and_preemption(void)
{
	struct rows b = rows_new();

	runs(&b, 1000, 0, 7);
	sw(&b, 2000, 0, 7, 'S', 9);
	waking(&b, 3000, 0, 7, 9);
	wake(&b, 3100, 0, 7);
	sw(&b, 3600, 0, 9, 'R', 7);
	sw(&b, 4000, 0, 7, 'R', 9);
	sw(&b, 7000, 0, 9, 'S', 7);
	sw(&b, 7100, 0, 7, 'S', 0);
	return b;
}

static void each_kind_of_wait_is_measured_from_its_own_begin(void **state)
{
	struct rows b = wakeup_and_preemption();
	struct result r = result_of(&b, "latency");

	assert_int_equal(of_kind(&r, 7, "wakeup", "count"), 1);
	assert_int_equal(of_kind(&r, 7, "wakeup", "max_ns"), 500);
	assert_int_equal(of_kind(&r, 7, "wakeup", "max_at_ns"), 3100);
	assert_int_equal(of_kind(&r, 7, "waking", "max_ns"), 600);
	assert_int_equal(of_kind(&r, 7, "waking", "max_at_ns"), 3000);
	assert_int_equal(of_kind(&r, 7, "preempt", "total_ns"), 3000);
	assert_int_equal(of_kind(&r, 9, "preempt", "max_ns"), 400);
	result_free(&r);
}

/* CPU 1 belongs to 7, for which a waking at 280 comes before it is asleep. */
static void without_records_of_wakeups_waits_after_wakings_are_measured_still(void **state)
{
	struct rows b = rows_new();
	struct result r;

	recorded(&b, "sched:sched_switch,sched:sched_waking");
	runs(&b, 100, 0, 9);
	runs(&b, 100, 1, 0);
	waking(&b, 110, 0, 7, 9); /* it did not run since the begin */
	sw(&b, 130, 1, 0, 'R', 7);
	sw(&b, 150, 1, 7, 'S', 0);
	waking(&b, 200, 0, 7, 9);
	sw(&b, 240, 1, 0, 'R', 7);
	sw(&b, 250, 1, 7, 'R', 8); /* preempted: that is no waking */
	sw(&b, 270, 1, 8, 'S', 7);
	waking(&b, 280, 0, 7, 9);
	sw(&b, 290, 1, 7, 'S', 0);
	sw(&b, 300, 1, 0, 'R', 7);
	sw(&b, 310, 1, 7, 'S', 0);
	waking(&b, 320, 0, 7, 9);
	runs(&b, 330, 1, 7); /* nobody saw when it came */
	r = result_of(&b, "latency");
	assert_int_equal(of_kind(&r, 7, "waking", "count"), 3);
	assert_int_equal(of_kind(&r, 7, "waking", "total_ns"), 20 + 40 + 10);
	assert_int_equal(of_kind(&r, 7, "waking", "max_ns"), 40);
	assert_int_equal(of_kind(&r, 7, "waking", "max_at_ns"), 200);
	assert_int_equal(of_kind(&r, 7, "waking", "waker_pid"), 9);
	assert_int_equal(of_kind(&r, 7, "preempt", "count"), 1);
	assert_int_equal(of_kind(&r, 7, "wakeup", "count"), INT64_MIN);
	result_free(&r);
}

static void the_waker_and_who_ran_instead_are_named(void **state)
{
	struct rows b = wakeup_and_preemption();
	struct result r = result_of(&b, "latency");

	assert_int_equal(of_kind(&r, 7, "wakeup", "waker_pid"), 9);
	assert_int_equal(of_kind(&r, 7, "wakeup", "ran_pid"), 9);
	assert_int_equal(of_kind(&r, 7, "wakeup", "cpu"), 0);
	assert_int_equal(of_kind(&r, 7, "wakeup", "moved"), 0);
	assert_int_equal(of_kind(&r, 9, "preempt", "ran_pid"), 7);
	assert_int_equal(of_kind(&r, 9, "preempt", "waker_pid"), INT64_MIN);
	result_free(&r);
}

static void the_worst_are_the_longest_first_and_never_count_a_wait_twice(void **state)
{
	struct rows b = wakeup_and_preemption();
	struct result r = result_of(&b, "latency");
	const struct schedtrace_table *worst = table_of(&r, "latency_worst");

	assert_int_equal(schedtrace_table_rows(worst), 3);
	assert_int_equal(schedtrace_table_ints(worst, "latency_ns")[0], 3000);
	assert_int_equal(schedtrace_table_ints(worst, "latency_ns")[1], 500);
	assert_int_equal(schedtrace_table_ints(worst, "latency_ns")[2], 400);
	assert_int_equal(schedtrace_table_ints(worst, "begin_ns")[0], 4000);
	result_free(&r);
}

static void of_more_waits_than_fit_the_longest_are_kept(void **state)
{
	struct rows b = rows_new();
	const struct schedtrace_table *worst;
	struct result r;
	int64_t t = 1000;

	runs(&b, t, 0, 7);
	for (int i = 0; i < 50; i++) {
		sw(&b, t += 10, 0, 7, 'S', 9);
		wake(&b, t += 10, 0, 7);
		sw(&b, t += 100 + i * 7 % 50, 0, 9, 'S', 7); /* 100 to 149, each once */
	}
	r = result_of(&b, "latency");
	worst = table_of(&r, "latency_worst");
	assert_int_equal(schedtrace_table_rows(worst), 20);
	for (int i = 0; i < 20; i++)
		assert_int_equal(schedtrace_table_ints(worst, "latency_ns")[i], 149 - i);
	assert_int_equal(of_kind(&r, 7, "wakeup", "count"), 50);
	assert_int_equal(of_kind(&r, 7, "wakeup", "total_ns"), 50 * 100 + 49 * 50 / 2);
	result_free(&r);
}

static void a_wait_that_still_goes_on_is_cut(void **state)
{
	struct rows b = rows_new();
	struct result r;

	runs(&b, 100, 0, 9);
	wake(&b, 110, 0, 7);
	runs(&b, 150, 0, 9);
	r = result_of(&b, "latency");
	assert_int_equal(of_kind(&r, 7, "wakeup", "count"), 0);
	assert_int_equal(of_kind(&r, 7, "wakeup", "cut"), 1);
	assert_int_equal(of_kind(&r, 7, "wakeup", "max_ns"), INT64_MIN);
	result_free(&r);
}

static void a_switch_in_of_somebody_never_seen_is_cut_and_of_unknown_kind(void **state)
{
	struct rows b = rows_new();
	struct result r;

	runs(&b, 100, 0, 9);
	sw(&b, 110, 0, 9, 'S', 7);
	r = result_of(&b, "latency");
	assert_int_equal(of_kind(&r, 7, "unknown", "cut"), 1);
	assert_int_equal(of_kind(&r, 7, "unknown", "uncertain"), 0);
	result_free(&r);
}

static void a_wait_that_ends_by_evidence_is_uncertain(void **state)
{
	struct rows b = rows_new();
	struct result r;

	runs(&b, 100, 0, 9);
	wake(&b, 110, 0, 7);
	runs(&b, 150, 0, 7); /* the switch is missing */
	r = result_of(&b, "latency");
	assert_int_equal(of_kind(&r, 7, "wakeup", "count"), 0);
	assert_int_equal(of_kind(&r, 7, "wakeup", "uncertain"), 1);
	assert_int_equal(of_kind(&r, 7, "wakeup", "uncertain_max_ns"), 40);
	result_free(&r);
}

static void waits_of_a_kind_that_was_not_recorded_are_unknown(void **state)
{
	static const int64_t counts[] = { INT64_MIN, INT64_MIN, INT64_MIN, INT64_MIN,
					  1,	     INT64_MIN, 0 };
	struct rows b = rows_new();
	const int64_t *count, *total;
	struct result r;

	recorded(&b, NULL);
	runs(&b, 100, 0, 7);
	sw(&b, 110, 0, 7, 'S', 9);
	sw(&b, 120, 0, 9, 'R', 7);
	sw(&b, 130, 0, 7, 'S', 9);
	r = result_of(&b, "latency");
	assert_int_equal(of_kind(&r, 7, "wakeup", "uncertain"), 1);
	assert_int_equal(of_kind(&r, 7, "wakeup", "count"), INT64_MIN);
	/* wakeup (all, where it ran, moved), waking, preempt, new, unknown */
	assert_int_equal(schedtrace_table_rows(table_of(&r, "latency_kinds")), 7);
	count = schedtrace_table_ints(table_of(&r, "latency_kinds"), "count");
	total = schedtrace_table_ints(table_of(&r, "latency_kinds"), "total_ns");
	for (int i = 0; i < 7; i++) {
		assert_int_equal(count[i], counts[i]);
		assert_int_equal(total[i], i == 4 ? 10 : counts[i]);
	}
	result_free(&r);
}

static void a_wait_into_a_gap_is_no_latency(void **state)
{
	struct rows b = rows_new();
	struct result r;

	runs(&b, 100, 0, 9);
	wake(&b, 110, 0, 7);
	add(&b, 150, 0, 0, SCHEDTRACE_LOST, -1, 120);
	sw(&b, 160, 0, 9, 'S', 7);
	r = result_of(&b, "latency");
	assert_int_equal(of_kind(&r, 7, "wakeup", "count"), 0);
	assert_int_equal(of_kind(&r, 7, "wakeup", "uncertain"), 1);
	/* It may have lasted from 110 to 160, and 9's from anywhere in the gap. */
	assert_int_equal(of_kind(&r, 7, "wakeup", "uncertain_max_ns"), INT64_MIN);
	assert_int_equal(of_kind(&r, 9, "unknown", "uncertain"), 1);
	assert_int_equal(of_kind(&r, 9, "unknown", "uncertain_max_ns"), INT64_MIN);
	result_free(&r);
}

static void a_window_cuts_the_waits_across_its_edges(void **state)
{
	struct rows b = wakeup_and_preemption();
	struct result r;

	b.window_begin = 3100; /* exactly at the wakeup: that wait is whole */
	b.window_end = 5000;   /* inside the preemption */
	r = result_of(&b, "latency");
	assert_int_equal(of_kind(&r, 7, "wakeup", "count"), 1);
	assert_int_equal(of_kind(&r, 7, "waking", "max_ns"), 600);
	assert_int_equal(of_kind(&r, 7, "preempt", "count"), 0);
	assert_int_equal(of_kind(&r, 7, "preempt", "cut"), 1);
	assert_int_equal(of_kind(&r, 9, "preempt", "count"), 1);
	result_free(&r);
}

static void a_wakeup_before_the_task_slept_is_no_wait(void **state)
{
	struct rows b = rows_new();
	const struct schedtrace_table *table;
	struct result r;

	runs(&b, 100, 0, 7);
	waking(&b, 110, 1, 7, 9);
	wake(&b, 111, 0, 7);
	sw(&b, 120, 0, 7, 'S', 9);
	wake(&b, 130, 0, 7);
	sw(&b, 140, 0, 9, 'S', 7);
	r = result_of(&b, "latency");
	table = table_of(&r, "latency");
	assert_int_equal(of_kind(&r, 7, "wakeup", "count"), 1);
	assert_int_equal(of_kind(&r, 7, "wakeup", "waker_pid"), INT64_MIN);
	for (size_t i = 0; i < schedtrace_table_rows(table); i++)
		assert_string_not_equal(schedtrace_table_texts(table, "kind")[i], "waking");
	result_free(&r);
}

static void a_waking_before_the_task_left_counts_from_its_leaving(void **state)
{
	struct rows b = rows_new();
	struct result r;

	runs(&b, 100, 0, 7);
	runs(&b, 100, 1, 5);
	waking(&b, 110, 1, 7, 5);
	sw(&b, 120, 0, 7, 'S', 9);
	wake(&b, 125, 0, 7);
	sw(&b, 140, 0, 9, 'S', 7);
	r = result_of(&b, "latency");
	assert_int_equal(of_kind(&r, 7, "wakeup", "max_ns"), 15);
	assert_int_equal(of_kind(&r, 7, "waking", "max_ns"), 20);
	assert_int_equal(of_kind(&r, 7, "waking", "waker_pid"), 5);
	result_free(&r);
}

static void wakeups_elsewhere_than_it_last_ran_are_moved(void **state)
{
	struct rows b = rows_new();
	const struct schedtrace_table *kinds;
	struct result r;

	runs(&b, 100, 0, 7);
	runs(&b, 100, 1, 0);
	sw(&b, 110, 0, 7, 'S', 0);
	wake(&b, 120, 1, 7);
	sw(&b, 125, 1, 0, 'R', 7);
	sw(&b, 130, 1, 7, 'S', 0);
	wake(&b, 140, 1, 7);
	sw(&b, 147, 1, 0, 'R', 7);
	r = result_of(&b, "latency");
	kinds = table_of(&r, "latency_kinds");
	assert_int_equal(of_kind(&r, 7, "wakeup", "count"), 2);
	assert_int_equal(of_kind(&r, 7, "wakeup", "moved"), 1);
	assert_string_equal(schedtrace_table_texts(kinds, "placement")[1], "previous");
	assert_int_equal(schedtrace_table_ints(kinds, "max_ns")[1], 7);
	assert_string_equal(schedtrace_table_texts(kinds, "placement")[2], "moved");
	assert_int_equal(schedtrace_table_ints(kinds, "max_ns")[2], 5);
	result_free(&r);
}

static void the_histogram_counts_by_powers_of_two(void **state)
{
	struct rows b = wakeup_and_preemption();
	struct result r = result_of(&b, "latency");

	assert_int_equal(nth(&r, "latency_histogram", "from_ns", 256, 0, "wakeup"), 1);
	assert_int_equal(nth(&r, "latency_histogram", "from_ns", 256, 0, "preempt"), 1);
	assert_int_equal(nth(&r, "latency_histogram", "from_ns", 512, 0, "waking"), 1);
	assert_int_equal(nth(&r, "latency_histogram", "from_ns", 1024, 0, "preempt"), 0);
	assert_int_equal(nth(&r, "latency_histogram", "from_ns", 2048, 0, "preempt"), 1);
	assert_int_equal(schedtrace_table_rows(table_of(&r, "latency_histogram")), 4);
	result_free(&r);
}

static void new_tasks_wait_from_their_first_wakeup(void **state)
{
	struct rows b = rows_new();
	struct result r;

	runs(&b, 100, 0, 5);
	add(&b, 110, 0, 7, SCHEDTRACE_FORK, 5, 0);
	add(&b, 112, 0, 7, SCHEDTRACE_WAKEUP_NEW, 0, 0);
	sw(&b, 120, 0, 5, 'S', 7);
	r = result_of(&b, "latency");
	assert_int_equal(of_kind(&r, 7, "new", "max_ns"), 8);
	assert_int_equal(of_kind(&r, 7, "new", "moved"), INT64_MIN);
	result_free(&r);
}

static void expect_log(struct rows *b, const char *expected)
{
	char *lines = log_of(b, "latency", "latency_log");

	assert_string_equal(lines, expected);
	free(lines);
}

static void the_log_has_each_wait_when_it_ends(void **state)
{
	struct rows b = wakeup_and_preemption();

	/* begin, latency and the most, pid, tgid, comm, kind, cpu, waker, moved; before its first
	 * run 9 can have waited since the begin */
	expect_log(&b, "1000|0|-|9|-|-|unknown|-|-|-\n"
		       "3100|500|500|7|-|-|wakeup|0|9|0\n"
		       "3000|600|600|7|-|-|waking|0|9|0\n"
		       "3600|400|400|9|-|-|preempt|0|-|-\n"
		       "4000|3000|3000|7|-|-|preempt|0|-|-\n");
}

static void the_log_has_both_bounds_of_a_doubtful_wait_and_one_of_a_wait_into_a_gap(void **state)
{
	struct rows b = rows_new();

	/* 7 is found to have run at 160, from 120 on at the earliest; 9 left unseen, after 100 */
	runs(&b, 100, 0, 9);
	wake(&b, 120, 0, 7);
	sw(&b, 160, 0, 7, 'S', 9);
	expect_log(&b, "120|0|40|7|-|-|wakeup|0|-|0\n"
		       "100|0|60|9|-|-|unknown|-|-|-\n");

	b = rows_new();
	runs(&b, 100, 0, 9);
	wake(&b, 110, 0, 7);
	add(&b, 150, 0, 0, SCHEDTRACE_LOST, -1, 120);
	sw(&b, 160, 0, 9, 'S', 7);
	/* after the gap both may have waited until a switch shows what they do */
	expect_log(&b, "150|0|-|9|-|-|unknown|-|-|-\n"
		       "110|10|-|7|-|-|wakeup|0|-|0\n"
		       "150|0|-|7|-|-|unknown|-|-|-\n");
}

static void a_waking_before_lost_records_can_be_of_another_wakeup(void **state)
{
	struct rows b = wakeup_and_preemption();
	struct result r;

	waking(&b, 7200, 1, 7, 9);
	add(&b, 8000, 0, 0, SCHEDTRACE_LOST, 5, 7300);
	runs(&b, 8000, 0, 9);
	wake(&b, 8100, 0, 7);
	sw(&b, 8150, 0, 9, 'R', 7);
	r = result_of(&b, "latency");
	assert_int_equal(of_kind(&r, 7, "wakeup", "count"), 2);
	assert_int_equal(of_kind(&r, 7, "waking", "count"), 1);
	assert_int_equal(of_kind(&r, 7, "waking", "max_ns"), 600);
	assert_int_equal(of_kind(&r, 7, "waking", "uncertain"), 1);
	assert_int_equal(of_kind(&r, 7, "waking", "uncertain_max_ns"), 950);
	result_free(&r);
}

static void a_wait_that_goes_on_stands_in_a_table(void **state)
{
	struct rows b = rows_new();
	const struct schedtrace_table *table;
	struct result r;

	runs(&b, 100, 0, 9);
	waking(&b, 100, 0, 7, 9);
	wake(&b, 110, 0, 7);
	add(&b, 150, 0, 9, SCHEDTRACE_STAT_RUNTIME, 50, 0);
	r = result_of(&b, "latency");
	table = table_of(&r, "latency_open");
	assert_int_equal(schedtrace_table_rows(table), 2);
	assert_int_equal(schedtrace_table_ints(table, "latency_ns")[0], 40);
	assert_string_equal(schedtrace_table_texts(table, "kind")[0], "wakeup");
	assert_int_equal(schedtrace_table_ints(table, "latency_ns")[1], 50);
	assert_string_equal(schedtrace_table_texts(table, "kind")[1], "waking");
	assert_int_equal(schedtrace_table_ints(table, "latency_hi_ns")[1], INT64_MIN);
	result_free(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_kind_of_wait_is_measured_from_its_own_begin),
		cmocka_unit_test(without_records_of_wakeups_waits_after_wakings_are_measured_still),
		cmocka_unit_test(the_waker_and_who_ran_instead_are_named),
		cmocka_unit_test(the_worst_are_the_longest_first_and_never_count_a_wait_twice),
		cmocka_unit_test(of_more_waits_than_fit_the_longest_are_kept),
		cmocka_unit_test(a_wait_that_still_goes_on_is_cut),
		cmocka_unit_test(a_switch_in_of_somebody_never_seen_is_cut_and_of_unknown_kind),
		cmocka_unit_test(a_wait_that_ends_by_evidence_is_uncertain),
		cmocka_unit_test(waits_of_a_kind_that_was_not_recorded_are_unknown),
		cmocka_unit_test(a_wait_into_a_gap_is_no_latency),
		cmocka_unit_test(a_window_cuts_the_waits_across_its_edges),
		cmocka_unit_test(a_wakeup_before_the_task_slept_is_no_wait),
		cmocka_unit_test(a_waking_before_the_task_left_counts_from_its_leaving),
		cmocka_unit_test(wakeups_elsewhere_than_it_last_ran_are_moved),
		cmocka_unit_test(the_histogram_counts_by_powers_of_two),
		cmocka_unit_test(new_tasks_wait_from_their_first_wakeup),
		cmocka_unit_test(the_log_has_each_wait_when_it_ends),
		cmocka_unit_test(
			the_log_has_both_bounds_of_a_doubtful_wait_and_one_of_a_wait_into_a_gap),
		cmocka_unit_test(a_waking_before_lost_records_can_be_of_another_wakeup),
		cmocka_unit_test(a_wait_that_goes_on_stands_in_a_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
