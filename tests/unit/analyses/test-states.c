/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/unit/rows.h"

/* begin|end|pid|tgid|comm|state|cpu|certain */
static void expect_log(struct rows *b, const char *expected)
{
	char *lines = log_of(b, "states", "states_log");

	assert_string_equal(lines, expected);
	free(lines);
}

static void every_stretch_of_a_task_is_a_row(void **state)
{
	struct rows b = rows_new();

	runs(&b, 100, 0, 7);
	sw(&b, 110, 0, 7, 'S', 0);
	wake(&b, 130, 0, 7);
	sw(&b, 135, 0, 0, 'R', 7);
	sw(&b, 142, 0, 7, 'R', 0);
	sw(&b, 150, 0, 0, 'R', 7);
	expect_log(&b, "100|110|7|-|-|running|0|1\n"
		       "110|130|7|-|-|sleeping|-|1\n"
		       "130|135|7|-|-|woken|0|1\n"
		       "135|142|7|-|-|running|0|1\n"
		       "142|150|7|-|-|preempted|0|1\n");
}

static void what_a_missing_switch_leaves_open_is_possible_and_not_certain(void **state)
{
	struct rows b = rows_new();

	runs(&b, 100, 0, 9);
	wake(&b, 110, 0, 7);
	runs(&b, 140, 0, 7);
	sw(&b, 150, 0, 7, 'S', 0);
	expect_log(&b, "100|140|9|-|-|running|0|0\n"
		       "110|140|7|-|-|woken|0|0\n"
		       "110|140|7|-|-|running|0|0\n"
		       "140|150|7|-|-|running|0|1\n");
}

static void the_table_sums_what_the_log_says(void **state)
{
	struct rows b = rows_new();
	const struct schedtrace_table *table;
	struct result r;

	runs(&b, 100, 0, 7);
	sw(&b, 110, 0, 7, 'S', 8);
	wake(&b, 130, 0, 7);
	sw(&b, 135, 0, 8, 'D', 7);
	sw(&b, 142, 0, 7, 'S', 0);
	r = result_of(&b, "states");
	table = table_of(&r, "states");
	for (size_t i = 0; i < schedtrace_table_rows(table); i++) {
		const char *name = schedtrace_table_texts(table, "state")[i];
		int64_t whole = schedtrace_table_ints(table, "stretches")[i];
		int64_t certain = schedtrace_table_ints(table, "certain_ns")[i];
		int64_t lasting = schedtrace_table_ints(table, "lasting")[i];

		if (!strcmp(name, "running")) {
			assert_int_equal(whole, 3);
			assert_int_equal(certain, 10 + 25 + 7);
		} else if (!strcmp(name, "sleeping")) {
			assert_int_equal(certain, 20);
			assert_int_equal(lasting, 1);
		} else if (!strcmp(name, "blocked")) {
			assert_int_equal(whole, 0);
			assert_int_equal(lasting, 1);
		}
	}
	assert_int_equal(schedtrace_table_rows(table), 5); /* woken and unknown too */
	result_free(&r);
}

static void what_a_task_does_at_the_last_row_is_a_row_of_the_open_ones(void **state)
{
	struct rows b = rows_new();
	const struct schedtrace_table *table;
	struct result r;

	runs(&b, 100, 0, 7);
	sw(&b, 110, 0, 7, 'S', 8);
	sw(&b, 142, 0, 8, 'D', 0);
	wake(&b, 150, 0, 7);
	r = result_of(&b, "states");
	table = table_of(&r, "states_open");
	assert_int_equal(schedtrace_table_rows(table), 2);
	assert_int_equal(of_pid(&r, "states_open", 8, "begin_ns"), 142);
	assert_int_equal(of_pid(&r, "states_open", 8, "end_ns"), 150);
	assert_int_equal(of_pid(&r, "states_open", 7, "begin_ns"), 150);
	for (size_t i = 0; i < 2; i++)
		assert_string_equal(schedtrace_table_texts(table, "state")[i],
				    schedtrace_table_ints(table, "pid")[i] == 8 ? "blocked"
										: "woken");
	result_free(&r);
}

static void a_window_cuts_stretches_and_counts_them_as_doubtful(void **state)
{
	struct rows b = rows_new();

	b.window_begin = 105;
	b.window_end = 120;
	runs(&b, 100, 0, 7);
	sw(&b, 110, 0, 7, 'S', 0);
	wake(&b, 130, 0, 7);
	expect_log(&b, "105|110|7|-|-|running|0|1\n"
		       "110|120|7|-|-|sleeping|-|1\n");
}

/* When at the latest the list was made. */
static void listed(struct rows *b, int32_t pid, char state, int64_t state_ns)
{
	struct schedtrace_task task = SCHEDTRACE_TASK_UNKNOWN;

	task.pid = pid;
	task.state = state;
	task.state_ns = state_ns;
	task.cpu = 0;
	must(schedtrace_context_add_task(schedtrace_builder_context(b->builder), &task, NULL),
	     NULL);
}

static void what_tasks_did_at_the_start_is_known_until_their_first_row(void **state)
{
	struct rows b = rows_new();

	at_start(&b, 5, 'R', NULL);
	at_start(&b, 6, 'D', NULL);
	at_start(&b, 7, 'S', NULL);
	runs(&b, 100, 0, 9);
	wake(&b, 110, 0, 6);
	sw(&b, 120, 0, 9, 'S', 5);
	sw(&b, 130, 0, 5, 'S', 6);
	expect_log(&b, "100|110|6|-|-|blocked|-|1\n"
		       "100|120|9|-|-|running|0|1\n"
		       "100|120|5|-|-|runnable|-|1\n"
		       "120|130|5|-|-|running|0|1\n"
		       "110|130|6|-|-|woken|0|1\n");
}

static void a_runnable_task_found_running_may_have_run_since_the_start(void **state)
{
	struct rows b = rows_new();
	struct result r;

	listed(&b, 5, 'R', INT64_MIN);
	runs(&b, 100, 1, 9);
	runs(&b, 130, 0, 5);
	sw(&b, 140, 0, 5, 'S', 0);
	r = result_of(&b, "tasks");
	assert_int_equal(of_pid(&r, "tasks", 5, "on_cpu_ns"), 10);
	assert_int_equal(of_pid(&r, "tasks", 5, "on_cpu_hi_ns"), 40);
	assert_int_equal(of_pid(&r, "tasks", 5, "wait_old_ns"), 0);
	assert_int_equal(of_pid(&r, "tasks", 5, "wait_hi_ns"), 30);
	result_free(&r);
}

static void a_state_that_was_read_after_the_first_row_says_nothing(void **state)
{
	struct rows b = rows_new();

	listed(&b, 6, 'S', 115);
	listed(&b, 7, 'S', 105);
	runs(&b, 100, 0, 9);
	wake(&b, 110, 0, 6);
	wake(&b, 120, 0, 7);
	sw(&b, 130, 0, 9, 'S', 6);
	expect_log(&b, "100|120|7|-|-|sleeping|-|1\n"
		       "100|130|9|-|-|running|0|1\n"
		       "110|130|6|-|-|woken|0|1\n");
}

static void a_task_without_a_row_has_slept_all_the_time(void **state)
{
	struct rows b = rows_new();
	struct result r;

	at_start(&b, 7, 'I', NULL);
	at_start(&b, 8, 'Z', NULL);
	runs(&b, 100, 0, 9);
	sw(&b, 120, 0, 9, 'S', 0);
	r = result_of(&b, "tasks,waits");
	assert_int_equal(schedtrace_table_rows(table_of(&r, "tasks")), 2);
	assert_int_equal(of_pid(&r, "tasks", 7, "lasting_ns"), 20);
	assert_int_equal(of_pid(&r, "tasks", 7, "on_cpu_hi_ns"), 0);
	assert_int_equal(of_pid(&r, "tasks", 7, "wait_hi_ns"), 0);
	assert_string_equal(schedtrace_table_texts(table_of(&r, "tasks"), "lasts")[0], "idle");
	assert_int_equal(of_pid(&r, "waits", 7, "lasting_ns"), 20);
	assert_int_equal(of_pid(&r, "waits", 7, "unknown_ns"), 0);
	result_free(&r);
}

static void a_gap_leaves_of_a_runnable_task_nothing_certain(void **state)
{
	struct rows b = rows_new();
	struct result r;

	listed(&b, 5, 'R', INT64_MIN);
	listed(&b, 7, 'S', INT64_MIN);
	runs(&b, 100, 1, 9);
	add(&b, 140, 0, 0, SCHEDTRACE_LOST, 3, 120);
	wake(&b, 150, 1, 7);
	sw(&b, 160, 1, 9, 'S', 5);
	r = result_of(&b, "tasks");
	assert_int_equal(of_pid(&r, "tasks", 5, "wait_old_ns"), 0);
	assert_int_equal(of_pid(&r, "tasks", 5, "on_cpu_hi_ns"), 20 + 20);
	assert_int_equal(of_pid(&r, "tasks", 7, "sleep_ns"), 20);
	result_free(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_stretch_of_a_task_is_a_row),
		cmocka_unit_test(what_a_missing_switch_leaves_open_is_possible_and_not_certain),
		cmocka_unit_test(the_table_sums_what_the_log_says),
		cmocka_unit_test(what_tasks_did_at_the_start_is_known_until_their_first_row),
		cmocka_unit_test(a_runnable_task_found_running_may_have_run_since_the_start),
		cmocka_unit_test(a_state_that_was_read_after_the_first_row_says_nothing),
		cmocka_unit_test(a_task_without_a_row_has_slept_all_the_time),
		cmocka_unit_test(a_gap_leaves_of_a_runnable_task_nothing_certain),
		cmocka_unit_test(what_a_task_does_at_the_last_row_is_a_row_of_the_open_ones),
		cmocka_unit_test(a_window_cuts_stretches_and_counts_them_as_doubtful),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
