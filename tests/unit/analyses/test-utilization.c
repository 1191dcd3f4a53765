/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/unit/rows.h"

static int64_t at(const struct result *r, const char *table, const char *column, size_t row)
{
	const int64_t *values = schedtrace_table_ints(table_of(r, table), column);

	assert_non_null(values);
	assert_true(row < schedtrace_table_rows(table_of(r, table)));
	return values[row];
}

static void busy_and_idle_fall_into_their_intervals(void **state)
{
	struct rows b = rows_new();
	struct result r;

	runs(&b, 0, 0, 7);
	sw(&b, 1500, 0, 7, 'S', 0);
	sw(&b, 2200, 0, 0, 'R', 7);
	sw(&b, 2500, 0, 7, 'S', 0);
	r = result_of(&b, "utilization");
	assert_int_equal(schedtrace_table_rows(table_of(&r, "utilization")), 3);
	assert_int_equal(at(&r, "utilization", "busy_ns", 0), 1000);
	assert_int_equal(at(&r, "utilization", "busy_ns", 1), 500);
	assert_int_equal(at(&r, "utilization", "idle_ns", 1), 500);
	assert_int_equal(at(&r, "utilization", "busy_ns", 2), 300);
	assert_int_equal(at(&r, "utilization", "idle_ns", 2), 200);
	assert_int_equal(at(&r, "utilization", "unknown_ns", 2), 0);
	assert_int_equal(at(&r, "utilization", "end_ns", 2), 2500);
	assert_int_equal(of_pid(&r, "utilization_tasks", 7, "on_cpu_ns"), 1800);
	assert_int_equal(schedtrace_table_rows(table_of(&r, "utilization_intervals")), 3);
	result_free(&r);
}

static void intervals_grow_with_the_trace_and_lose_nothing(void **state)
{
	struct rows b = rows_new();
	struct result r;
	int64_t busy = 0, parts = 0;
	size_t n;

	/* 7 runs 300 ns of every 1000 for 5 ms; 200 intervals of 1 us are 0.2 ms. */
	runs(&b, 0, 0, 0);
	for (int64_t t = 0; t < 5000000; t += 1000) {
		sw(&b, t + 700, 0, 0, 'R', 7);
		sw(&b, t + 1000, 0, 7, 'S', 0);
	}
	r = result_of(&b, "utilization");
	n = schedtrace_table_rows(table_of(&r, "utilization"));
	assert_true(n >= 100 && n <= 200);
	for (size_t i = 0; i < n; i++)
		busy += at(&r, "utilization", "busy_ns", i);
	for (size_t i = 0; i < schedtrace_table_rows(table_of(&r, "utilization_intervals")); i++)
		parts += at(&r, "utilization_intervals", "on_cpu_ns", i);
	assert_int_equal(busy, 5000 * 300);
	assert_int_equal(parts, 5000 * 300);
	assert_int_equal(
		at(&r, "utilization", "busy_ns", 3) * 10,
		(at(&r, "utilization", "end_ns", 3) - at(&r, "utilization", "begin_ns", 3)) * 3);
	result_free(&r);
}

static void the_command_and_its_descendants_have_completion_times(void **state)
{
	struct rows b = rows_new();
	struct schedtrace_context *ctx = schedtrace_builder_context(b.builder);
	struct schedtrace_task task = SCHEDTRACE_TASK_UNKNOWN;
	struct schedtrace_error err;
	struct result r;

	task.pid = 7;
	task.command_tree = 1;
	must(schedtrace_context_add_task(ctx, &task, &err), &err);
	task.pid = 8;
	task.start_ns = 200;
	must(schedtrace_context_add_task(ctx, &task, &err), &err);
	runs(&b, 100, 0, 7); /* made before the recording */
	add(&b, 120, 0, 7, SCHEDTRACE_EXEC, 0, 0);
	add(&b, 200, 0, 8, SCHEDTRACE_FORK, 7, 0);
	add(&b, 201, 0, 8, SCHEDTRACE_WAKEUP_NEW, 0, 0);
	add(&b, 250, 0, 7, SCHEDTRACE_EXIT, 0, 0);
	sw(&b, 260, 0, 7, 'Z', 8);
	add(&b, 300, 0, 8, SCHEDTRACE_EXIT, 0, 0);
	sw(&b, 310, 0, 8, 'Z', 0);
	sw(&b, 400, 0, 0, 'R', 9);
	r = result_of(&b, "utilization");
	assert_int_equal(schedtrace_table_rows(table_of(&r, "completion")), 3);
	assert_int_equal(at(&r, "completion", "completion_ns", 0), 300);
	assert_int_equal(at(&r, "completion", "completion_ns", 1), 260 - 120);
	assert_int_equal(at(&r, "completion", "on_cpu_ns", 1), 160);
	assert_int_equal(at(&r, "completion", "completion_ns", 2), 310 - 120);
	assert_int_equal(at(&r, "completion", "tasks", 2), 2);
	assert_int_equal(at(&r, "completion", "on_cpu_ns", 2), 160 + 50);
	assert_int_equal(of_pid(&r, "utilization_tasks", 8, "completion_ns"), 110);
	assert_int_equal(of_pid(&r, "utilization_tasks", 7, "completion_ns"), INT64_MIN);
	result_free(&r);
}

static void a_command_that_still_runs_has_no_completion_time(void **state)
{
	struct rows b = rows_new();
	struct schedtrace_context *ctx = schedtrace_builder_context(b.builder);
	struct schedtrace_task task = SCHEDTRACE_TASK_UNKNOWN;
	struct schedtrace_error err;
	struct result r;

	task.pid = 7;
	task.start_ns = 100;
	task.command_tree = 1;
	must(schedtrace_context_add_task(ctx, &task, &err), &err);
	add(&b, 100, 0, 7, SCHEDTRACE_FORK, 5, 0);
	add(&b, 101, 0, 7, SCHEDTRACE_WAKEUP_NEW, 0, 0);
	sw(&b, 110, 0, 5, 'S', 7);
	sw(&b, 150, 0, 7, 'S', 0);
	r = result_of(&b, "utilization");
	assert_int_equal(at(&r, "completion", "start_ns", 2), 100);
	assert_int_equal(at(&r, "completion", "completion_ns", 2), INT64_MIN);
	result_free(&r);
}

static void without_switches_nobody_knows_how_long_tasks_ran(void **state)
{
	struct rows b = rows_new();
	struct result r;

	recorded(&b, "sched:sched_wakeup");
	wake(&b, 1000, 0, 7);
	wake(&b, 2000, 0, 8);
	r = result_of(&b, "utilization");
	assert_int_equal(at(&r, "completion", "completion_ns", 0), 1000);
	assert_int_equal(at(&r, "completion", "on_cpu_ns", 0), INT64_MIN);
	result_free(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(busy_and_idle_fall_into_their_intervals),
		cmocka_unit_test(intervals_grow_with_the_trace_and_lose_nothing),
		cmocka_unit_test(the_command_and_its_descendants_have_completion_times),
		cmocka_unit_test(a_command_that_still_runs_has_no_completion_time),
		cmocka_unit_test(without_switches_nobody_knows_how_long_tasks_ran),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
