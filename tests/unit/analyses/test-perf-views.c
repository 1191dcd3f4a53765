/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The analyses timehist and map. */
#include "tests/unit/rows.h"

/* time|cpu|pid|tgid|comm|wait|delay|run|state|before migration|whole */
static void expect_timehist(struct rows *b, const char *expected)
{
	char *lines = log_of(b, "timehist", "timehist_log");

	assert_string_equal(lines, expected);
	free(lines);
}

static void expect_map(struct rows *b, const char *expected)
{
	char *lines = log_of(b, "map", "map_log");

	assert_string_equal(lines, expected);
	free(lines);
}

static void run_delay_and_wait_follow_perfs_rules(void **state)
{
	struct rows b = rows_new();

	sw(&b, 100, 0, 7, 'S', 9);
	add(&b, 130, 0, 7, SCHEDTRACE_WAKING, 9, 0);
	wake(&b, 135, 0, 7);
	sw(&b, 150, 0, 9, 'R', 7);
	sw(&b, 180, 0, 7, '+', 9);
	sw(&b, 200, 0, 9, 'D', 7);
	sw(&b, 230, 0, 7, 'S', 0);
	sw(&b, 250, 0, 0, 'R', 9);
	sw(&b, 260, 0, 9, 'S', 0);
	sw(&b, 275, 0, 0, 'R', 9);
	expect_timehist(&b, "100|0|7|-|-|-|-|-|S|-|0\n"
			    "150|0|9|-|-|-|0|50|R|-|1\n"
			    "180|0|7|-|-|50|20|30|R+|-|1\n"
			    "200|0|9|-|-|30|30|20|D|-|1\n"
			    "230|0|7|-|-|20|20|30|S|-|1\n"
			    "250|0|0|0|<idle>|-|0|20|I|-|1\n"
			    "260|0|9|-|-|50|0|10|S|-|1\n"
			    "275|0|0|0|<idle>|10|0|15|I|-|1\n");
}

static void without_sched_waking_the_delay_begins_at_the_wakeup(void **state)
{
	struct rows b = rows_new();

	sw(&b, 100, 0, 7, 'S', 9);
	wake(&b, 135, 0, 7);
	wake(&b, 140, 0, 7);
	sw(&b, 150, 0, 9, 'S', 7);
	sw(&b, 180, 0, 7, 'S', 0);
	expect_timehist(&b, "100|0|7|-|-|-|-|-|S|-|0\n"
			    "150|0|9|-|-|-|0|50|S|-|1\n"
			    "180|0|7|-|-|50|15|30|S|-|1\n");
}

static void a_missing_switch_gives_the_time_to_the_wrong_task_and_is_marked(void **state)
{
	struct rows b = rows_new();

	sw(&b, 100, 0, 8, 'S', 9);
	sw(&b, 150, 0, 7, 'S', 0); /* 9 -> 7 is missing */
	expect_timehist(&b, "100|0|8|-|-|-|-|-|S|-|0\n"
			    "150|0|7|-|-|-|0|50|S|-|0\n");
}

static void lost_records_leave_the_run_before_unknown(void **state)
{
	struct rows b = rows_new();

	sw(&b, 100, 0, 8, 'S', 7);
	sw(&b, 110, 0, 7, 'S', 8);
	add(&b, 140, 0, 0, SCHEDTRACE_LOST, -1, 120);
	sw(&b, 150, 0, 7, 'S', 8);
	sw(&b, 160, 0, 8, 'S', 7);
	sw(&b, 170, 0, 7, 'S', 8);
	expect_timehist(&b, "100|0|8|-|-|-|-|-|S|-|0\n"
			    "110|0|7|-|-|-|0|10|S|-|1\n"
			    "150|0|7|-|-|-|-|-|S|-|0\n"
			    "160|0|8|-|-|50|0|10|S|-|0\n"
			    "170|0|7|-|-|10|0|10|S|-|1\n");
}

static void the_delay_before_a_migration_is_a_part_of_it(void **state)
{
	struct rows b = rows_new();

	sw(&b, 100, 0, 7, 'R', 9);
	sw(&b, 105, 1, 0, 'R', 8);
	add(&b, 120, 1, 7, SCHEDTRACE_MIGRATE, 0, 1);
	sw(&b, 150, 1, 8, 'S', 7);
	sw(&b, 180, 1, 7, 'T', 0);
	expect_timehist(&b, "100|0|7|-|-|-|-|-|R|-|0\n"
			    "105|1|0|0|<idle>|-|-|-|I|-|0\n"
			    "150|1|8|-|-|-|0|45|S|-|1\n"
			    "180|1|7|-|-|50|50|30|T|20|1\n");
}

static void a_window_keeps_the_state_from_before(void **state)
{
	struct rows b = rows_new();

	b.window_begin = 140;
	b.window_end = 190;
	sw(&b, 100, 0, 7, 'R', 9);
	sw(&b, 120, 0, 9, 'R', 7);
	sw(&b, 150, 0, 7, 'R', 9);
	sw(&b, 200, 0, 9, 'R', 7);
	expect_timehist(&b, "150|0|7|-|-|20|20|10|R|-|1\n");
}

static void the_summary_adds_up_the_rows(void **state)
{
	struct rows b = rows_new();
	struct result r;

	sw(&b, 100, 0, 9, 'R', 7);
	sw(&b, 110, 0, 7, 'D', 9);
	sw(&b, 200, 0, 9, 'R', 7);
	sw(&b, 230, 0, 7, 'S', 9);
	sw(&b, 300, 0, 9, 'R', 7);
	sw(&b, 350, 0, 7, 'S', 9);
	r = result_of(&b, "timehist");
	assert_int_equal(of_pid(&r, "timehist", 7, "sched_in"), 3);
	assert_int_equal(of_pid(&r, "timehist", 7, "run_ns"), 90);
	assert_int_equal(of_pid(&r, "timehist", 7, "run_min_ns"), 10);
	assert_int_equal(of_pid(&r, "timehist", 7, "run_max_ns"), 50);
	assert_int_equal(of_pid(&r, "timehist", 7, "iowait_ns"), 90);
	assert_int_equal(of_pid(&r, "timehist", 7, "sleep_ns"), 70);
	assert_int_equal(of_pid(&r, "timehist", 9, "preempt_ns"), 10 + 30);
	assert_int_equal(of_pid(&r, "timehist", 9, "delay_ns"), 40);
	/* Mean 30, standard deviation 20, of three runs: 20 / sqrt(3) / 30. */
	assert_int_equal(1000 * schedtrace_table_reals(table_of(&r, "timehist"), "stddev")[1],
			 38490);
	result_free(&r);
}

static void letters_go_to_tasks_as_they_are_first_switched_in(void **state)
{
	struct rows b = rows_new();

	sw(&b, 100, 1, 5, 'S', 7);
	sw(&b, 110, 0, 0, 'R', 5);
	sw(&b, 120, 1, 7, 'S', 0);
	sw(&b, 130, 1, 0, 'R', 7);
	expect_map(&b, "100|    *A0 |1|7|-|A0 => :7\n"
		       "110|*B0  A0 |0|5|-|B0 => :5\n"
		       "120| B0 *.  |1|0|-|-\n"
		       "130| B0 *A0 |1|7|-|-\n");
}

static void a_new_name_is_told_once_and_after_lost_records_nobody_knows(void **state)
{
	struct rows b = rows_new();
	struct schedtrace_context *ctx = schedtrace_builder_context(b.builder);

	b.comm = schedtrace_context_intern_comm(ctx, "sh", 2, NULL);
	runs(&b, 90, 0, 7);
	sw(&b, 100, 0, 7, 'S', 0);
	sw(&b, 110, 0, 0, 'R', 7);
	b.comm = schedtrace_context_intern_comm(ctx, "ls", 2, NULL);
	sw(&b, 120, 0, 7, 'S', 0);
	b.comm = 0;
	sw(&b, 130, 0, 0, 'R', 7);
	add(&b, 140, 0, 0, SCHEDTRACE_LOST, -1, 135);
	sw(&b, 150, 1, 0, 'R', 7);
	expect_map(&b, "100|*.  |0|0|-|-\n"
		       "110|*A0 |0|7|sh|A0 => sh:7\n"
		       "120|*.  |0|0|-|-\n"
		       "130|*A0 |0|7|ls|A0 => ls:7\n"
		       "150| ?  *A0 |1|7|ls|-\n");
}

static void letters_recur_after_260_tasks(void **state)
{
	struct rows b = rows_new();
	const struct schedtrace_table *map;
	struct result r;

	for (int i = 0; i < 270; i++)
		sw(&b, 100 + i, 0, 1000 + i, 'S', 1001 + i);
	r = result_of(&b, "map");
	map = table_of(&r, "map");
	assert_string_equal(schedtrace_table_texts(map, "letter")[25], "Z0");
	assert_string_equal(schedtrace_table_texts(map, "letter")[26], "A1");
	assert_string_equal(schedtrace_table_texts(map, "letter")[259], "Z9");
	assert_string_equal(schedtrace_table_texts(map, "letter")[260], "A0");
	result_free(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(run_delay_and_wait_follow_perfs_rules),
		cmocka_unit_test(without_sched_waking_the_delay_begins_at_the_wakeup),
		cmocka_unit_test(a_missing_switch_gives_the_time_to_the_wrong_task_and_is_marked),
		cmocka_unit_test(lost_records_leave_the_run_before_unknown),
		cmocka_unit_test(the_delay_before_a_migration_is_a_part_of_it),
		cmocka_unit_test(a_window_keeps_the_state_from_before),
		cmocka_unit_test(the_summary_adds_up_the_rows),
		cmocka_unit_test(letters_go_to_tasks_as_they_are_first_switched_in),
		cmocka_unit_test(a_new_name_is_told_once_and_after_lost_records_nobody_knows),
		cmocka_unit_test(letters_recur_after_260_tasks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
