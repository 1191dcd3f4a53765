/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/unit/rows.h"

static int64_t work(const struct result *r, const char *column)
{
	const int64_t *values = schedtrace_table_ints(table_of(r, "work_conservation"), column);

	assert_non_null(values);
	return values[0];
}

static void rq(struct rows *b, int64_t t, int32_t cpu, int32_t pid, int64_t length, int64_t change)
{
	add(b, t, cpu, pid, SCHEDTRACE_RQ_SIZE, length, change);
}

/* CPU 0 runs 7 while 8 and 9 wait there; CPU 1 idles from 200 to 300, CPU 2 from 250 on. */
static struct rows three_cpus(void)
{
	struct rows b = rows_new();

	runs(&b, 100, 0, 7);
	runs(&b, 100, 1, 5);
	runs(&b, 100, 2, 6);
	wake(&b, 150, 0, 8);
	sw(&b, 200, 1, 5, 'S', 0);
	wake(&b, 220, 0, 9);
	sw(&b, 250, 2, 6, 'S', 0);
	sw(&b, 300, 1, 0, 'R', 5);
	sw(&b, 340, 0, 7, 'S', 8);
	sw(&b, 360, 0, 8, 'S', 9);
	sw(&b, 400, 0, 9, 'S', 0);
	return b;
}

static void work_conservation_has_schedvizs_three_measures(void **state)
{
	struct rows b = three_cpus();
	struct result r = result_of(&b, "runqueue");

	assert_int_equal(work(&r, "wall_ns"), 360 - 200);
	assert_int_equal(work(&r, "per_cpu_ns"), 160);
	/* 200 to 250: one idle. 250 to 300: two idle, two wait. 300 to 360: one idle. */
	assert_int_equal(work(&r, "per_thread_ns"), 50 + 2 * 50 + 60);
	assert_int_equal(work(&r, "followed_ns"), 300);
	assert_int_equal(work(&r, "cpus"), 3);
	assert_int_equal(work(&r, "episodes"), 1);
	/* Idle: 100 on CPU 1, 150 on CPU 2. */
	assert_int_equal((int)(10 * schedtrace_table_reals(table_of(&r, "work_conservation"),
							   "utilisation")[0]),
			 722);
	result_free(&r);
}

static void the_log_names_idle_cpus_and_waiting_tasks(void **state)
{
	struct rows b = three_cpus();
	char *lines = log_of(&b, "runqueue", "idle_while_waiting");

	assert_string_equal(lines, "200|360|1|:8@0|2|2|1\n");
	free(lines);
}

static void a_task_counts_only_against_cpus_that_it_may_run_on(void **state)
{
	struct rows b = three_cpus();
	struct result r;

	at_start(&b, 8, 0, "0");
	r = result_of(&b, "runqueue");
	/* From when 9 waits, which may run anywhere. */
	assert_int_equal(work(&r, "wall_ns"), 360 - 220);
	assert_int_equal(work(&r, "per_cpu_ns"), 140);
	assert_int_equal(work(&r, "per_thread_ns"), 140);
	assert_int_equal(work(&r, "any_wall_ns"), 360 - 200);
	assert_int_equal(work(&r, "any_per_cpu_ns"), 160);
	assert_int_equal(work(&r, "any_per_thread_ns"), 50 + 2 * 50 + 60);
	result_free(&r);
}

static void cpus_and_tasks_that_count_are_the_matching_ones(void **state)
{
	struct rows b = three_cpus();
	struct result r;
	char *lines;

	at_start(&b, 8, 0, "0,2");
	at_start(&b, 9, 0, "0");
	r = result_of(&b, "runqueue");
	/* From when CPU 2 idles until 8 runs. */
	assert_int_equal(work(&r, "wall_ns"), 340 - 250);
	assert_int_equal(work(&r, "per_thread_ns"), 90);
	result_free(&r);
	b = three_cpus();
	at_start(&b, 8, 0, "0,2");
	at_start(&b, 9, 0, "0");
	lines = log_of(&b, "runqueue", "idle_while_waiting");
	assert_string_equal(lines, "250|340|2|:8@0|1|1|1\n");
	free(lines);
}

static void a_child_may_run_where_its_parent_may(void **state)
{
	struct rows b = rows_new();
	struct result r;

	at_start(&b, 7, 0, "0,5-6");
	runs(&b, 100, 0, 7);
	runs(&b, 100, 1, 0);
	add(&b, 110, 0, 8, SCHEDTRACE_FORK, 7, 0);
	add(&b, 120, 0, 8, SCHEDTRACE_WAKEUP_NEW, 0, 0);
	sw(&b, 150, 0, 7, 'S', 8);
	r = result_of(&b, "runqueue");
	assert_int_equal(work(&r, "wall_ns"), 0);
	assert_int_equal(work(&r, "any_wall_ns"), 30);
	result_free(&r);
}

static void a_task_on_a_cpu_outside_its_set_has_another_one_by_now(void **state)
{
	struct rows b = rows_new();
	struct result r;

	at_start(&b, 8, 0, "0");
	runs(&b, 100, 0, 7);
	runs(&b, 100, 1, 0);
	wake(&b, 110, 0, 8);
	sw(&b, 120, 0, 7, 'S', 8);
	sw(&b, 130, 0, 8, 'S', 7);
	wake(&b, 140, 1, 8);
	sw(&b, 150, 1, 0, 'R', 8);
	sw(&b, 160, 1, 8, 'S', 0);
	wake(&b, 170, 0, 8);
	sw(&b, 190, 0, 7, 'S', 8);
	r = result_of(&b, "runqueue");
	assert_int_equal(work(&r, "wall_ns"), 190 - 170);
	assert_int_equal(work(&r, "any_wall_ns"), 10 + 20);
	result_free(&r);
}

static void a_task_about_to_run_on_its_idle_cpu_wastes_nothing(void **state)
{
	struct rows b = rows_new();
	struct result r;

	runs(&b, 100, 0, 0);
	runs(&b, 100, 1, 0);
	wake(&b, 150, 0, 8);
	sw(&b, 170, 0, 0, 'R', 8);
	sw(&b, 200, 0, 8, 'S', 0);
	r = result_of(&b, "runqueue");
	assert_int_equal(work(&r, "wall_ns"), 0);
	assert_int_equal(work(&r, "per_cpu_ns"), 0);
	assert_int_equal(work(&r, "per_thread_ns"), 0);
	result_free(&r);
}

static void a_migration_moves_the_waiting_task(void **state)
{
	struct rows b = rows_new();
	struct result r;

	runs(&b, 100, 0, 7);
	runs(&b, 100, 1, 0);
	wake(&b, 150, 0, 8);
	add(&b, 180, 1, 8, SCHEDTRACE_MIGRATE, 0, 1);
	sw(&b, 185, 1, 0, 'R', 8);
	sw(&b, 190, 1, 8, 'S', 0);
	r = result_of(&b, "runqueue");
	assert_int_equal(work(&r, "wall_ns"), 30);
	assert_int_equal(work(&r, "max_ns"), 30);
	result_free(&r);
}

static struct rows a_missing_switch_out_of_idle(void)
{
	struct rows b = rows_new();

	runs(&b, 100, 0, 7);
	runs(&b, 100, 1, 0);
	wake(&b, 150, 0, 8);
	runs(&b, 180, 1, 5);
	sw(&b, 200, 0, 7, 'S', 8);
	sw(&b, 220, 0, 8, 'S', 0);
	return b;
}

static void an_idle_cpu_that_was_not_idle_is_taken_back(void **state)
{
	struct rows b = a_missing_switch_out_of_idle();
	struct result r = result_of(&b, "runqueue");

	assert_int_equal(work(&r, "wall_ns"), 0);
	assert_int_equal(work(&r, "followed_ns"), 40);
	assert_int_equal(work(&r, "unfollowed_ns"), 80);
	assert_int_equal(work(&r, "doubtful"), 1);
	result_free(&r);
}

/* CPU 1 idles while 8 waits on CPU 0, and nobody saw it leave its idle task for 5. */
static struct rows idle_until(int32_t first_woken)
{
	struct rows b = rows_new();

	runs(&b, 100, 0, 7);
	runs(&b, 100, 1, 0);
	wake(&b, 110, 0, 8);
	if (first_woken)
		wake(&b, 130, 1, first_woken);
	wake(&b, 150, 1, 5);
	runs(&b, 180, 1, 5);
	sw(&b, 200, 0, 7, 'S', 8);
	return b;
}

static void a_cpu_idled_for_certain_until_the_task_found_there_was_woken(void **state)
{
	struct rows b = idle_until(0);
	struct result r = result_of(&b, "runqueue,cpus");

	assert_int_equal(work(&r, "wall_ns"), 150 - 110);
	assert_int_equal(work(&r, "followed_ns"), (150 - 100) + (200 - 180));
	assert_int_equal(nth(&r, "cpus", "cpu", 1, 0, "idle_ns"), 150 - 100);
	result_free(&r);
}

static void a_cpu_idled_for_certain_only_until_somebody_may_have_run_there(void **state)
{
	struct rows b = idle_until(6);
	struct result r = result_of(&b, "runqueue,cpus");

	assert_int_equal(work(&r, "wall_ns"), 130 - 110);
	assert_int_equal(nth(&r, "cpus", "cpu", 1, 0, "idle_ns"), 130 - 100);
	result_free(&r);
}

static void nobody_waits_on_a_cpu_that_switches_to_its_idle_task(void **state)
{
	struct rows b = rows_new();
	struct result r;

	runs(&b, 100, 0, 7);
	runs(&b, 100, 1, 5);
	wake(&b, 110, 1, 8); /* nobody sees it run and go */
	sw(&b, 130, 1, 5, 'S', 0);
	wake(&b, 140, 0, 9);
	sw(&b, 160, 0, 7, 'S', 9);
	r = result_of(&b, "runqueue");
	assert_int_equal(work(&r, "wall_ns"), 160 - 140);
	result_free(&r);
}

/* CPU 1's records begin at 130. */
static struct rows woken_before_the_cpus_first_record(void)
{
	struct rows b = rows_new();

	runs(&b, 100, 0, 0);
	wake(&b, 110, 1, 3);
	sw(&b, 130, 1, 0, 'R', 5);
	sw(&b, 150, 1, 5, 'S', 0);
	sw(&b, 200, 0, 0, 'R', 9);
	return b;
}

/* It did not wait until 140, since it is woken then; but the episode ended at 120. */
static struct rows woken_again_while_it_seems_to_wait(void)
{
	struct rows b = rows_new();

	runs(&b, 100, 0, 0);
	runs(&b, 100, 1, 5);
	wake(&b, 110, 1, 3);
	sw(&b, 120, 0, 0, 'R', 6);
	wake(&b, 140, 1, 3);
	sw(&b, 150, 1, 5, 'S', 3);
	return b;
}

static void a_cpu_that_goes_idle_did_not_let_anybody_wait(void **state)
{
	struct rows b = woken_before_the_cpus_first_record();
	struct rows again = woken_before_the_cpus_first_record();
	char *lines = log_of(&b, "runqueue", "idle_while_waiting");
	struct result r = result_of(&again, "runqueue");

	assert_string_equal(lines, "130|150|0|:3@1|1|1|0\n");
	free(lines);
	assert_int_equal(work(&r, "wall_ns"), 0);
	assert_int_equal(work(&r, "any_per_thread_ns"), 0);
	assert_int_equal(work(&r, "episodes"), 0);
	assert_int_equal(work(&r, "doubtful"), 1);
	result_free(&r);
}

static void evidence_that_comes_after_an_episode_makes_it_doubtful_too(void **state)
{
	struct rows b = woken_again_while_it_seems_to_wait();
	struct rows again = woken_again_while_it_seems_to_wait();
	char *lines = log_of(&b, "runqueue", "idle_while_waiting");
	struct result r = result_of(&again, "runqueue");

	assert_string_equal(lines, "110|120|0|:3@1|1|1|0\n");
	free(lines);
	assert_int_equal(work(&r, "wall_ns"), 0);
	assert_int_equal(work(&r, "followed_ns"), 150 - 140 + 110 - 100);
	assert_int_equal(work(&r, "episodes"), 0);
	assert_int_equal(work(&r, "doubtful"), 1);
	result_free(&r);
}

static void an_episode_that_may_not_have_been_is_marked(void **state)
{
	struct rows b = a_missing_switch_out_of_idle();
	char *lines = log_of(&b, "runqueue", "idle_while_waiting");

	assert_string_equal(lines, "150|180|1|:8@0|1|1|0\n");
	free(lines);
}

static void gaps_that_overlap_are_taken_out_once(void **state)
{
	struct rows b = rows_new();
	struct result r;

	runs(&b, 100, 0, 7);
	runs(&b, 100, 1, 0);
	runs(&b, 100, 2, 5);
	wake(&b, 110, 0, 8);
	runs(&b, 120, 2, 5);
	runs(&b, 130, 1, 0);
	add(&b, 150, 2, 0, SCHEDTRACE_LOST, -1, 125);
	add(&b, 160, 1, 0, SCHEDTRACE_LOST, -1, 135);
	runs(&b, 170, 1, 0);
	runs(&b, 170, 2, 0);
	wake(&b, 180, 0, 9);
	sw(&b, 190, 0, 7, 'S', 9);
	r = result_of(&b, "runqueue");
	assert_int_equal(work(&r, "followed_ns"), 20 + 30);
	assert_int_equal(work(&r, "wall_ns"), 10 + 10);
	result_free(&r);
}

/* A moment on CPUs 0 and 1, which run 7 and nobody. */
static void clock_set_back(struct rows *b, int64_t begin, int64_t end)
{
	for (int32_t cpu = 0; cpu < 2; cpu++)
		add(b, begin, cpu, 0, SCHEDTRACE_GAP, 0, 0);
	for (int32_t cpu = 0; cpu < 2; cpu++) {
		add(b, end, cpu, 0, SCHEDTRACE_LOST, 0, begin);
		runs(b, end, cpu, cpu ? 0 : 7);
	}
}

static struct rows a_wait_over_a_clock_that_is_set_back(void)
{
	struct rows b = rows_new();

	runs(&b, 100, 0, 7);
	runs(&b, 100, 1, 0);
	wake(&b, 110, 0, 8);
	clock_set_back(&b, 130, 200);
	add(&b, 220, 0, 8, SCHEDTRACE_MIGRATE, 0, 1);
	sw(&b, 230, 1, 0, 'R', 8);
	sw(&b, 250, 1, 8, 'S', 0);
	return b;
}

static void who_waits_when_the_clock_is_set_back_waits_on_but_not_for_certain(void **state)
{
	struct rows b = a_wait_over_a_clock_that_is_set_back();
	struct rows again = a_wait_over_a_clock_that_is_set_back();
	char *lines = log_of(&b, "runqueue", "idle_while_waiting");
	struct result r = result_of(&again, "runqueue");

	assert_string_equal(lines, "110|130|1|:8@0|1|1|1\n200|220|1|:8@0|1|1|0\n");
	free(lines);
	assert_int_equal(work(&r, "wall_ns"), 20);
	assert_int_equal(work(&r, "followed_ns"), 30 + 20);
	result_free(&r);
}

/* CPU 1's idle task is about to go, as 9 waits for it. */
static void an_idle_cpu_with_a_waiter_has_it_after_the_clock_was_set_back_too(void **state)
{
	struct rows b = rows_new();
	struct result r;

	runs(&b, 100, 0, 7);
	runs(&b, 100, 1, 0);
	wake(&b, 110, 1, 9);
	clock_set_back(&b, 130, 200);
	wake(&b, 210, 0, 8);
	sw(&b, 230, 0, 7, 'S', 8);
	sw(&b, 250, 1, 0, 'R', 9);
	r = result_of(&b, "runqueue");
	assert_int_equal(work(&r, "wall_ns"), 0);
	assert_int_equal(work(&r, "doubtful"), 0);
	result_free(&r);
}

static void a_window_counts_what_lies_inside(void **state)
{
	struct rows b = three_cpus();
	struct result r;

	b.window_begin = 210;
	b.window_end = 310;
	r = result_of(&b, "runqueue");
	assert_int_equal(work(&r, "wall_ns"), 100);
	assert_int_equal(work(&r, "per_thread_ns"), 40 + 100 + 10);
	assert_int_equal(work(&r, "followed_ns"), 100);
	result_free(&r);
}

static void lengths_are_weighted_by_time_and_violations_follow_them(void **state)
{
	struct rows b = rows_new();
	struct result r;

	rq(&b, 100, 0, 7, 1, 0);
	rq(&b, 100, 1, 0, 0, 0);
	rq(&b, 120, 0, 7, 2, 1);
	rq(&b, 160, 0, 7, 3, 1);
	rq(&b, 180, 1, 8, 1, 1);
	rq(&b, 200, 0, 7, 2, -1);
	r = result_of(&b, "runqueue");
	assert_int_equal(nth(&r, "runqueue", "cpu", 0, 0, "length_max"), 3);
	assert_int_equal(nth(&r, "runqueue", "cpu", 0, 0, "known_ns"), 100);
	assert_int_equal(10 * schedtrace_table_reals(table_of(&r, "runqueue"), "length_mean")[0],
			 22); /* (20 + 80 + 120) / 100 */
	assert_int_equal(nth(&r, "runqueue_lengths", "length", 2, 0, "ns"), 40);
	assert_int_equal(work(&r, "violation_ns"), 180 - 120);
	result_free(&r);
}

static void without_wakeups_nobody_knows_how_long_tasks_wait_for_other_cpus(void **state)
{
	struct rows b = rows_new();
	const struct schedtrace_table *work;
	struct result r;

	recorded(&b, "sched:sched_switch");
	sw(&b, 100, 0, 0, 'R', 7);
	sw(&b, 100, 1, 8, 'S', 0);
	sw(&b, 200, 0, 7, 'S', 0);
	r = result_of(&b, "runqueue");
	work = table_of(&r, "work_conservation");
	assert_int_equal(schedtrace_table_ints(work, "wall_ns")[0], INT64_MIN);
	assert_int_equal(schedtrace_table_ints(work, "episodes")[0], INT64_MIN);
	assert_int_equal(schedtrace_table_ints(work, "violation_ns")[0], INT64_MIN);
	assert_true(schedtrace_table_reals(work, "utilisation")[0] == 50);
	result_free(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(work_conservation_has_schedvizs_three_measures),
		cmocka_unit_test(the_log_names_idle_cpus_and_waiting_tasks),
		cmocka_unit_test(a_task_counts_only_against_cpus_that_it_may_run_on),
		cmocka_unit_test(cpus_and_tasks_that_count_are_the_matching_ones),
		cmocka_unit_test(a_child_may_run_where_its_parent_may),
		cmocka_unit_test(a_task_on_a_cpu_outside_its_set_has_another_one_by_now),
		cmocka_unit_test(a_task_about_to_run_on_its_idle_cpu_wastes_nothing),
		cmocka_unit_test(a_migration_moves_the_waiting_task),
		cmocka_unit_test(an_idle_cpu_that_was_not_idle_is_taken_back),
		cmocka_unit_test(a_cpu_idled_for_certain_until_the_task_found_there_was_woken),
		cmocka_unit_test(a_cpu_idled_for_certain_only_until_somebody_may_have_run_there),
		cmocka_unit_test(nobody_waits_on_a_cpu_that_switches_to_its_idle_task),
		cmocka_unit_test(a_cpu_that_goes_idle_did_not_let_anybody_wait),
		cmocka_unit_test(evidence_that_comes_after_an_episode_makes_it_doubtful_too),
		cmocka_unit_test(an_episode_that_may_not_have_been_is_marked),
		cmocka_unit_test(gaps_that_overlap_are_taken_out_once),
		cmocka_unit_test(who_waits_when_the_clock_is_set_back_waits_on_but_not_for_certain),
		cmocka_unit_test(an_idle_cpu_with_a_waiter_has_it_after_the_clock_was_set_back_too),
		cmocka_unit_test(a_window_counts_what_lies_inside),
		cmocka_unit_test(lengths_are_weighted_by_time_and_violations_follow_them),
		cmocka_unit_test(without_wakeups_nobody_knows_how_long_tasks_wait_for_other_cpus),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
