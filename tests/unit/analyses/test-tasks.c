/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/unit/rows.h"

/* Times of task 7 in the result. */
static void expect(const struct result *r, const char *column, int64_t value)
{
	int64_t got = of_pid(r, "tasks", 7, column);

	if (got != value)
		fail_msg("%s is %lld, not %lld", column, (long long)got, (long long)value);
}

static void a_task_that_sleeps_wakes_and_runs_has_each_time_once(void **state)
{
	struct rows b = rows_new();
	struct result r;

	runs(&b, 100, 0, 7);
	sw(&b, 110, 0, 7, 'S', 0);
	wake(&b, 130, 0, 7);
	sw(&b, 135, 0, 0, 'R', 7);
	sw(&b, 142, 0, 7, '+', 8);
	sw(&b, 150, 0, 8, 'D', 7);
	sw(&b, 160, 0, 7, 'D', 0);
	wake(&b, 164, 0, 7);
	sw(&b, 165, 0, 0, 'R', 7);
	sw(&b, 166, 0, 7, 'I', 0);
	wake(&b, 170, 0, 7);
	sw(&b, 170, 0, 0, 'R', 7);
	sw(&b, 171, 0, 7, 'T', 0);
	wake(&b, 181, 0, 7);
	sw(&b, 181, 0, 0, 'R', 7);
	sw(&b, 182, 0, 7, 'S', 0);
	r = result_of(&b, "tasks");
	expect(&r, "on_cpu_ns", 10 + 7 + 10 + 1 + 1 + 1);
	expect(&r, "on_cpu_hi_ns", 30);
	expect(&r, "sleep_ns", 20);
	expect(&r, "wait_wakeup_ns", 5 + 1);
	expect(&r, "wait_preempt_ns", 8);
	expect(&r, "wait_new_ns", 0);
	expect(&r, "wait_hi_ns", 14);
	expect(&r, "blocked_ns", 4);
	expect(&r, "idle_ns", 4);
	expect(&r, "stopped_ns", 10);
	expect(&r, "switches_voluntary", 5);
	expect(&r, "switches_involuntary", 1);
	expect(&r, "charged_ns", INT64_MIN);
	assert_int_equal(of_pid(&r, "tasks", 8, "on_cpu_ns"), 8);
	result_free(&r);
}

static void expect_unknown(const struct result *r, const char *const *columns)
{
	for (; *columns; columns++)
		expect(r, *columns, INT64_MIN);
}

static void what_is_made_from_events_that_were_not_recorded_is_unknown(void **state)
{
	static const char *const of_switches[] = { "on_cpu_ns",
						   "on_cpu_hi_ns",
						   "switches_voluntary",
						   "switches_involuntary",
						   "wait_wakeup_ns",
						   "wait_preempt_ns",
						   "wait_new_ns",
						   "wait_old_ns",
						   "wait_hi_ns",
						   "sleep_ns",
						   "idle_ns",
						   "blocked_ns",
						   "stopped_ns",
						   "cpu_changes",
						   "cpus",
						   NULL };
	static const char *const of_wakeups[] = {
		"wait_wakeup_ns", "wait_new_ns", "sleep_ns", "idle_ns",
		"blocked_ns",	  "stopped_ns",	 NULL
	};
	static const char *const of_states[] = { "switches_voluntary", "switches_involuntary",
						 "wait_preempt_ns", "sleep_ns", NULL };
	struct rows b = rows_new();
	struct result r;

	recorded(&b, NULL);
	wake(&b, 100, 0, 7);
	add(&b, 110, 0, 7, SCHEDTRACE_STAT_RUNTIME, 5, 0);
	r = result_of(&b, "tasks");
	expect_unknown(&r, of_switches);
	expect(&r, "migrations", INT64_MIN);
	expect(&r, "charged_ns", 5);
	result_free(&r);

	b = rows_new();
	recorded(&b, "sched:sched_switch,sched:sched_wakeup_new_too");
	sw(&b, 100, 0, 0, 'R', 7);
	sw(&b, 110, 0, 7, 'S', 0);
	sw(&b, 130, 0, 0, 'R', 7);
	add(&b, 140, 0, 7, SCHEDTRACE_MIGRATE, 0, 1);
	r = result_of(&b, "tasks");
	expect_unknown(&r, of_wakeups);
	expect(&r, "charged_ns", INT64_MIN);
	expect(&r, "on_cpu_ns", 10);
	expect(&r, "switches_voluntary", 1);
	expect(&r, "wait_hi_ns", 20);
	expect(&r, "migrations", 1);
	result_free(&r);

	b = rows_new();
	recorded(&b, NULL);
	sw(&b, 100, 0, 0, 'R', 7);
	sw(&b, 110, 0, 7, 'R', 0);
	wake(&b, 120, 0, 8);
	r = result_of(&b, "tasks");
	expect_unknown(&r, of_states);
	expect(&r, "on_cpu_ns", 10);
	expect(&r, "wait_wakeup_ns", 0);
	result_free(&r);
}

static void what_was_recorded_and_did_not_happen_is_0(void **state)
{
	struct rows b = rows_new();
	struct result r;

	recorded(&b, "sched:sched_switch,sched:sched_wakeup_new,sched:sched_wakeup,"
		     "sched:sched_stat_runtime,sched:sched_migrate_task");
	add(&b, 100, 0, 7, SCHEDTRACE_PRIO, 120, 0);
	r = result_of(&b, "tasks");
	expect(&r, "charged_ns", 0);
	expect(&r, "on_cpu_ns", 0);
	expect(&r, "switches_voluntary", 0);
	expect(&r, "wait_wakeup_ns", 0);
	expect(&r, "wait_new_ns", 0);
	expect(&r, "blocked_ns", 0);
	expect(&r, "migrations", 0);
	result_free(&r);
}

static void what_lasts_at_the_last_row_is_possible_and_not_certain(void **state)
{
	struct rows b = rows_new();
	struct result r;

	runs(&b, 100, 0, 7);
	wake(&b, 105, 0, 8);
	wake(&b, 130, 0, 9);
	r = result_of(&b, "tasks");
	expect(&r, "on_cpu_ns", 0);
	expect(&r, "on_cpu_hi_ns", 30);
	assert_int_equal(of_pid(&r, "tasks", 8, "wait_wakeup_ns"), 0);
	assert_int_equal(of_pid(&r, "tasks", 8, "wait_hi_ns"), 25);
	result_free(&r);
}

static void a_task_found_running_may_have_run_since_the_last_sign_of_the_one_before(void **state)
{
	struct rows b = rows_new();
	struct result r;

	runs(&b, 100, 0, 8);
	sw(&b, 110, 0, 8, 'S', 9); /* then 9 -> 7 is missing */
	add(&b, 114, 0, 9, SCHEDTRACE_STAT_RUNTIME, 4, 0);
	wake(&b, 116, 0, 7);
	runs(&b, 120, 0, 7);
	sw(&b, 125, 0, 7, 'S', 0);
	r = result_of(&b, "tasks");
	assert_int_equal(of_pid(&r, "tasks", 9, "on_cpu_ns"), 4);
	assert_int_equal(of_pid(&r, "tasks", 9, "on_cpu_hi_ns"), 10);
	expect(&r, "on_cpu_ns", 5);
	expect(&r, "on_cpu_hi_ns", 9);
	expect(&r, "wait_wakeup_ns", 0);
	expect(&r, "wait_hi_ns", 4);
	result_free(&r);
}

static void leaving_idle_narrows_when_a_task_can_have_begun_to_run(void **state)
{
	struct rows b = rows_new();
	struct result r;

	runs(&b, 100, 0, 8);
	sw(&b, 110, 0, 8, 'S', 0);
	wake(&b, 116, 0, 7);
	add(&b, 118, 0, 0, SCHEDTRACE_CPU_IDLE, -1, 0);
	runs(&b, 120, 0, 7);
	sw(&b, 125, 0, 7, 'S', 0);
	r = result_of(&b, "tasks");
	expect(&r, "on_cpu_hi_ns", 7);
	expect(&r, "wait_wakeup_ns", 2);
	expect(&r, "wait_hi_ns", 4);
	result_free(&r);
}

static void a_switch_out_of_somebody_else_books_the_span_to_nobody(void **state)
{
	struct rows b = rows_new();
	struct result r;

	runs(&b, 100, 0, 8);
	sw(&b, 110, 0, 8, 'S', 9);
	sw(&b, 150, 0, 7, 'S', 0);
	r = result_of(&b, "tasks");
	assert_int_equal(of_pid(&r, "tasks", 9, "on_cpu_ns"), 0);
	assert_int_equal(of_pid(&r, "tasks", 9, "on_cpu_hi_ns"), 40);
	expect(&r, "on_cpu_ns", 0);
	expect(&r, "on_cpu_hi_ns", 40);
	/* The switch tells in which state it left, whoever was believed to run. */
	expect(&r, "switches_voluntary", 1);
	expect(&r, "switches_involuntary", 0);
	result_free(&r);
}

static void a_task_found_on_a_second_cpu_left_the_first_unseen(void **state)
{
	struct rows b = rows_new();
	struct result r;

	runs(&b, 100, 0, 7);
	runs(&b, 100, 1, 0);
	add(&b, 120, 0, 7, SCHEDTRACE_STAT_RUNTIME, 20, 0);
	sw(&b, 150, 1, 0, 'R', 7);
	sw(&b, 160, 1, 7, 'S', 0);
	runs(&b, 170, 0, 9);
	r = result_of(&b, "tasks");
	expect(&r, "on_cpu_ns", 20 + 10);
	expect(&r, "on_cpu_hi_ns", 50 + 10);
	expect(&r, "charged_ns", 20);
	expect(&r, "cpu_changes", 1);
	expect(&r, "cpus", 2);
	assert_int_equal(of_pid(&r, "tasks", 9, "on_cpu_hi_ns"), 50);
	result_free(&r);
}

static void nothing_bridges_a_gap_and_everybody_may_have_run_in_it(void **state)
{
	struct rows b = rows_new();
	struct result r;

	runs(&b, 100, 0, 7);
	runs(&b, 100, 1, 6);
	sw(&b, 105, 1, 6, 'S', 5);
	wake(&b, 110, 0, 8);
	add(&b, 150, 0, 0, SCHEDTRACE_LOST, -1, 120);
	runs(&b, 152, 0, 7);
	sw(&b, 160, 0, 7, 'S', 8);
	sw(&b, 170, 0, 8, 'S', 0);
	wake(&b, 180, 1, 6);
	sw(&b, 180, 1, 5, 'S', 6);
	r = result_of(&b, "tasks");
	expect(&r, "on_cpu_ns", 20 + 8);
	expect(&r, "on_cpu_hi_ns", 20 + 30 + 10);
	assert_int_equal(of_pid(&r, "tasks", 8, "wait_wakeup_ns"), 10);
	assert_int_equal(of_pid(&r, "tasks", 8, "wait_hi_ns"), 50);
	assert_int_equal(of_pid(&r, "tasks", 8, "on_cpu_ns"), 10);
	assert_int_equal(of_pid(&r, "tasks", 8, "on_cpu_hi_ns"), 40);
	/* 5 ran on the other CPU all the time. */
	assert_int_equal(of_pid(&r, "tasks", 5, "on_cpu_ns"), 75);
	assert_int_equal(of_pid(&r, "tasks", 5, "on_cpu_hi_ns"), 75);
	/* 6 slept when the gap began; later nobody knows. */
	assert_int_equal(of_pid(&r, "tasks", 6, "sleep_ns"), 15);
	assert_int_equal(of_pid(&r, "tasks", 6, "on_cpu_hi_ns"), 5 + 30);
	result_free(&r);
}

/* On CPU 1, while records of CPU 0 are missing: 8 may have run there and been woken again. */
static void a_wait_that_ends_in_a_gap_elsewhere_is_not_certain(void **state)
{
	struct rows b = rows_new();
	struct result r;

	runs(&b, 100, 0, 7);
	runs(&b, 100, 1, 6);
	wake(&b, 110, 1, 8);
	add(&b, 120, 0, 0, SCHEDTRACE_GAP, 0, 0);
	sw(&b, 130, 1, 6, 'S', 8);
	sw(&b, 140, 1, 8, 'S', 6);
	wake(&b, 145, 1, 8);
	sw(&b, 148, 1, 6, 'R', 8);
	add(&b, 150, 0, 0, SCHEDTRACE_LOST, -1, 120);
	runs(&b, 150, 0, 7);
	sw(&b, 160, 1, 8, 'S', 0);
	r = result_of(&b, "tasks");
	assert_int_equal(of_pid(&r, "tasks", 8, "wait_wakeup_ns"), 10);
	assert_int_equal(of_pid(&r, "tasks", 8, "on_cpu_ns"), 10 + 12);
	assert_int_equal(of_pid(&r, "tasks", 8, "sleep_ns"), 0);
	assert_true(of_pid(&r, "tasks", 8, "wait_hi_ns") >= 20 + 3);
	expect(&r, "on_cpu_ns", 20);
	expect(&r, "on_cpu_hi_ns", 60);
	result_free(&r);
}

static void a_pid_used_again_is_a_second_task(void **state)
{
	struct rows b = rows_new();
	struct result r;

	runs(&b, 100, 0, 5);
	add(&b, 110, 0, 7, SCHEDTRACE_NEWTASK, 0x11, 7);
	add(&b, 110, 0, 7, SCHEDTRACE_FORK, 5, 0);
	add(&b, 112, 0, 7, SCHEDTRACE_WAKEUP_NEW, 0, 0);
	sw(&b, 120, 0, 5, 'S', 7);
	add(&b, 125, 0, 7, SCHEDTRACE_EXIT, 0, 0);
	sw(&b, 130, 0, 7, 'Z', 5);
	add(&b, 140, 0, 7, SCHEDTRACE_NEWTASK, 0x11, 7);
	add(&b, 140, 0, 7, SCHEDTRACE_FORK, 5, 0);
	add(&b, 141, 0, 7, SCHEDTRACE_WAKEUP_NEW, 0, 0);
	r = result_of(&b, "tasks");
	assert_int_equal(schedtrace_table_rows(table_of(&r, "tasks")), 3);
	expect(&r, "start_ns", 110);
	expect(&r, "end_ns", 130);
	expect(&r, "wait_new_ns", 8);
	expect(&r, "on_cpu_ns", 10);
	expect(&r, "tgid", 7);
	assert_int_equal(nth(&r, "tasks", "pid", 7, 1, "start_ns"), 140);
	assert_int_equal(nth(&r, "tasks", "pid", 7, 1, "end_ns"), INT64_MIN);
	assert_int_equal(nth(&r, "tasks", "pid", 7, 1, "on_cpu_hi_ns"), 0);
	result_free(&r);
}

static void a_dead_pid_seen_alive_again_is_a_second_task(void **state)
{
	struct rows b = rows_new();
	struct result r;

	runs(&b, 100, 0, 7);
	add(&b, 105, 0, 7, SCHEDTRACE_EXIT, 0, 0);
	sw(&b, 110, 0, 7, 'X', 0);
	wake(&b, 120, 0, 7);
	sw(&b, 125, 0, 0, 'R', 7);
	r = result_of(&b, "tasks");
	assert_int_equal(schedtrace_table_rows(table_of(&r, "tasks")), 2);
	expect(&r, "on_cpu_ns", 10);
	assert_int_equal(nth(&r, "tasks", "pid", 7, 1, "wait_wakeup_ns"), 5);
	result_free(&r);
}

static void what_only_the_living_do_is_booked_to_the_next_task_of_a_dead_ones_pid(void **state)
{
	struct rows b = rows_new();
	struct schedtrace_context *ctx = schedtrace_builder_context(b.builder);
	struct result r;

	b.comm = schedtrace_context_intern_comm(ctx, "one", 3, NULL);
	runs(&b, 100, 0, 7);
	sw(&b, 110, 0, 7, 'Z', 0);
	b.comm = schedtrace_context_intern_comm(ctx, "two", 3, NULL);
	add(&b, 120, 0, 7, SCHEDTRACE_MIGRATE, 0, 1);
	add(&b, 121, 1, 7, SCHEDTRACE_WAKEUP_NEW, 0, 0);
	sw(&b, 125, 1, 0, 'R', 7);
	sw(&b, 130, 1, 7, 'X', 0);
	b.comm = schedtrace_context_intern_comm(ctx, "three", 5, NULL);
	add(&b, 140, 0, 7, SCHEDTRACE_WAKING, 5, 0);
	r = result_of(&b, "tasks");
	assert_int_equal(schedtrace_table_rows(table_of(&r, "tasks")), 3);
	expect(&r, "migrations", 0);
	assert_int_equal(nth(&r, "tasks", "pid", 7, 1, "migrations"), 1);
	assert_int_equal(nth(&r, "tasks", "pid", 7, 1, "start_ns"), 120);
	assert_int_equal(nth(&r, "tasks", "pid", 7, 1, "wait_new_ns"), 4);
	assert_int_equal(nth(&r, "tasks", "pid", 7, 2, "start_ns"), INT64_MIN);
	for (size_t i = 0; i < 3; i++)
		assert_string_equal(schedtrace_table_value(table_of(&r, "tasks"), i, 4).s,
				    ((const char *const[]){ "one", "two", "three" })[i]);
	result_free(&r);
}

static void a_task_that_was_there_and_is_moved_and_woken_is_not_a_new_one(void **state)
{
	struct rows b = rows_new();
	struct result r;

	add(&b, 100, 0, 7, SCHEDTRACE_MIGRATE, 0, 1);
	wake(&b, 101, 1, 7);
	sw(&b, 103, 1, 0, 'R', 7);
	sw(&b, 105, 1, 7, 'Z', 0);
	r = result_of(&b, "tasks");
	assert_int_equal(schedtrace_table_rows(table_of(&r, "tasks")), 1);
	expect(&r, "start_ns", INT64_MIN);
	expect(&r, "migrations", 1);
	result_free(&r);
}

/* The leader, 6, dies on the CPU that then runs the thread, 7. */
static void a_task_that_changes_its_number_runs_on_without_a_switch(void **state)
{
	struct rows b = rows_new();
	struct result r;

	add(&b, 100, 0, 6, SCHEDTRACE_NEWTASK, 0, 6);
	add(&b, 100, 0, 6, SCHEDTRACE_WAKEUP_NEW, 0, 0);
	runs(&b, 100, 0, 6);
	sw(&b, 110, 0, 6, 'S', 7);
	wake(&b, 112, 0, 6);
	sw(&b, 114, 0, 7, 'D', 6);
	add(&b, 115, 0, 6, SCHEDTRACE_EXIT, 0, 0);
	wake(&b, 116, 0, 7);
	sw(&b, 117, 0, 6, 'X', 7);
	add(&b, 120, 0, 6, SCHEDTRACE_RENUMBER, 7, 0);
	sw(&b, 130, 0, 6, 'S', 0);
	wake(&b, 140, 0, 6);
	sw(&b, 141, 0, 0, 'R', 6);
	sw(&b, 145, 0, 6, 'X', 0);
	r = result_of(&b, "tasks,losses,cpus");
	assert_int_equal(schedtrace_table_rows(table_of(&r, "tasks")), 2);
	expect(&r, "on_cpu_ns", 4 + 3);
	expect(&r, "on_cpu_hi_ns", 7);
	expect(&r, "end_ns", 120);
	assert_int_equal(of_pid(&r, "tasks", 6, "start_ns"), 100);
	assert_int_equal(of_pid(&r, "tasks", 6, "end_ns"), 145);
	assert_int_equal(of_pid(&r, "tasks", 6, "on_cpu_ns"), 10 + 3 + 10 + 4);
	assert_int_equal(of_pid(&r, "tasks", 6, "on_cpu_hi_ns"), 27);
	assert_int_equal(of_pid(&r, "tasks", 6, "wait_hi_ns"), 2 + 1);
	assert_int_equal(of_pid(&r, "tasks", 6, "switches_voluntary"), 4);
	assert_int_equal(nth(&r, "losses", "cpu", 0, 0, "broken_chains"), 0);
	assert_int_equal(nth(&r, "cpus", "cpu", 0, 0, "unknown_ns"), 0);
	result_free(&r);
}

/* 6 is on its way out on CPU 0 when 7 takes its number on CPU 1: it is 7 from then on. */
static void two_tasks_that_run_exchange_their_numbers(void **state)
{
	struct rows b = rows_new();
	struct result r;

	runs(&b, 100, 0, 6);
	runs(&b, 100, 1, 7);
	add(&b, 110, 0, 6, SCHEDTRACE_EXIT, 0, 0);
	add(&b, 120, 1, 6, SCHEDTRACE_RENUMBER, 7, 0);
	sw(&b, 123, 0, 7, 'X', 8);
	sw(&b, 130, 1, 6, 'S', 0);
	wake(&b, 140, 0, 6);
	r = result_of(&b, "tasks,losses,utilization");
	expect(&r, "on_cpu_ns", 20 + 3);
	expect(&r, "on_cpu_hi_ns", 23);
	expect(&r, "end_ns", 123);
	assert_int_equal(of_pid(&r, "tasks", 6, "on_cpu_ns"), 20 + 10);
	assert_int_equal(of_pid(&r, "tasks", 6, "end_ns"), INT64_MIN);
	assert_int_equal(of_pid(&r, "tasks", 6, "sleep_ns"), 10);
	assert_int_equal(nth(&r, "losses", "cpu", 0, 0, "broken_chains"), 0);
	assert_int_equal(nth(&r, "losses", "cpu", 1, 0, "broken_chains"), 0);
	result_free(&r);
}

static void everybody_whom_a_row_names_has_a_row_and_idle_and_unknown_have_none(void **state)
{
	struct rows b = rows_new();
	struct result r;

	runs(&b, 100, 0, -1);
	sw(&b, 100, 0, 0, 'R', 1);
	add(&b, 101, 0, 3, SCHEDTRACE_FORK, 2, 0);
	add(&b, 102, 0, 4, SCHEDTRACE_PRIO, 120, 0);
	add(&b, 103, 0, -1, SCHEDTRACE_RSS_ANON, 4096, 77);
	r = result_of(&b, "tasks");
	assert_int_equal(schedtrace_table_rows(table_of(&r, "tasks")), 4);
	for (int pid = 1; pid <= 4; pid++)
		of_pid(&r, "tasks", pid, "on_cpu_ns");
	assert_int_equal(of_pid(&r, "tasks", 4, "priority"), 120);
	result_free(&r);
}

static void names_follow_renames_and_the_last_is_the_comm(void **state)
{
	struct rows b = rows_new();
	struct schedtrace_context *ctx = schedtrace_builder_context(b.builder);
	int64_t words[2] = { 0, 0 };
	struct result r;

	memcpy(words, "second-name", 11);
	b.comm = schedtrace_context_intern_comm(ctx, "first", 5, NULL);
	runs(&b, 100, 0, 7);
	add(&b, 101, 0, 7, SCHEDTRACE_RENAME, words[0], words[1]);
	b.comm = schedtrace_context_intern_comm(ctx, "second-name", 11, NULL);
	sw(&b, 102, 0, 7, 'S', 0);
	r = result_of(&b, "tasks");
	assert_string_equal(schedtrace_table_texts(table_of(&r, "tasks"), "comm")[0],
			    "second-name");
	assert_string_equal(schedtrace_table_texts(table_of(&r, "tasks"), "names")[0],
			    "first>second-name");
	result_free(&r);
}

static void the_state_at_the_start_counts_once_the_wakeup_proves_it(void **state)
{
	struct rows b = rows_new();
	struct schedtrace_context *ctx = schedtrace_builder_context(b.builder);
	struct schedtrace_task task = SCHEDTRACE_TASK_UNKNOWN;
	struct schedtrace_error err;
	struct result r;

	task.pid = 7;
	task.tgid = 6;
	task.ppid = 1;
	task.state = 'D';
	must(schedtrace_context_add_task(ctx, &task, &err), &err);
	runs(&b, 100, 0, 0);
	wake(&b, 120, 0, 7);
	sw(&b, 121, 0, 0, 'R', 7);
	r = result_of(&b, "tasks");
	expect(&r, "blocked_ns", 20);
	expect(&r, "wait_wakeup_ns", 1);
	expect(&r, "wait_hi_ns", 1);
	expect(&r, "tgid", 6);
	expect(&r, "ppid", 1);
	result_free(&r);
}

static void a_switch_in_without_a_wakeup_leaves_the_sleep_uncertain(void **state)
{
	struct rows b = rows_new();
	struct result r;

	runs(&b, 100, 0, 7);
	sw(&b, 110, 0, 7, 'S', 0);
	sw(&b, 130, 0, 0, 'R', 7);
	sw(&b, 140, 0, 7, 'S', 0);
	add(&b, 150, 1, 7, SCHEDTRACE_WAKING, 8, 0);
	sw(&b, 155, 0, 0, 'R', 7);
	r = result_of(&b, "tasks");
	expect(&r, "sleep_ns", 10);
	expect(&r, "wait_wakeup_ns", 0);
	expect(&r, "wait_hi_ns", 20 + 5);
	result_free(&r);
}

static void a_second_wakeup_proves_that_a_run_was_missed(void **state)
{
	struct rows b = rows_new();
	struct result r;

	runs(&b, 100, 0, 8);
	wake(&b, 110, 0, 7);
	wake(&b, 130, 0, 7);
	sw(&b, 131, 0, 8, 'S', 7);
	r = result_of(&b, "tasks");
	expect(&r, "wait_wakeup_ns", 1);
	expect(&r, "wait_hi_ns", 21);
	expect(&r, "on_cpu_hi_ns", 20);
	result_free(&r);
}

static void a_window_counts_only_what_lies_inside(void **state)
{
	struct rows b = rows_new();
	struct result r;

	b.window_begin = 105;
	b.window_end = 150;
	runs(&b, 100, 0, 7);
	add(&b, 101, 0, 7, SCHEDTRACE_STAT_RUNTIME, 1, 0);
	sw(&b, 110, 0, 7, 'S', 0);
	add(&b, 110, 0, 7, SCHEDTRACE_STAT_RUNTIME, 9, 0);
	wake(&b, 140, 0, 7);
	sw(&b, 145, 0, 0, 'R', 7);
	sw(&b, 160, 0, 7, 'S', 9);
	r = result_of(&b, "tasks");
	expect(&r, "on_cpu_ns", 5 + 5);
	expect(&r, "on_cpu_hi_ns", 10);
	expect(&r, "charged_ns", 9);
	expect(&r, "sleep_ns", 30);
	expect(&r, "switches_voluntary", 1);
	result_free(&r);
}

static void migrations_and_cpu_changes_are_two_figures(void **state)
{
	struct rows b = rows_new();
	struct result r;

	runs(&b, 100, 0, 8);
	wake(&b, 101, 0, 7);
	add(&b, 102, 1, 7, SCHEDTRACE_MIGRATE, 0, 70);
	add(&b, 103, 1, 7, SCHEDTRACE_MIGRATE, 70, 0);
	sw(&b, 104, 0, 8, 'S', 7);
	sw(&b, 105, 0, 7, 'S', 0);
	wake(&b, 106, 70, 7);
	runs(&b, 106, 70, 0);
	sw(&b, 107, 70, 0, 'R', 7);
	r = result_of(&b, "tasks");
	expect(&r, "migrations", 2);
	expect(&r, "cpu_changes", 1);
	expect(&r, "cpus", 2);
	result_free(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_task_that_sleeps_wakes_and_runs_has_each_time_once),
		cmocka_unit_test(what_is_made_from_events_that_were_not_recorded_is_unknown),
		cmocka_unit_test(what_was_recorded_and_did_not_happen_is_0),
		cmocka_unit_test(what_lasts_at_the_last_row_is_possible_and_not_certain),
		cmocka_unit_test(
			a_task_found_running_may_have_run_since_the_last_sign_of_the_one_before),
		cmocka_unit_test(leaving_idle_narrows_when_a_task_can_have_begun_to_run),
		cmocka_unit_test(a_switch_out_of_somebody_else_books_the_span_to_nobody),
		cmocka_unit_test(a_task_found_on_a_second_cpu_left_the_first_unseen),
		cmocka_unit_test(nothing_bridges_a_gap_and_everybody_may_have_run_in_it),
		cmocka_unit_test(a_wait_that_ends_in_a_gap_elsewhere_is_not_certain),
		cmocka_unit_test(a_pid_used_again_is_a_second_task),
		cmocka_unit_test(a_dead_pid_seen_alive_again_is_a_second_task),
		cmocka_unit_test(
			what_only_the_living_do_is_booked_to_the_next_task_of_a_dead_ones_pid),
		cmocka_unit_test(a_task_that_was_there_and_is_moved_and_woken_is_not_a_new_one),
		cmocka_unit_test(a_task_that_changes_its_number_runs_on_without_a_switch),
		cmocka_unit_test(two_tasks_that_run_exchange_their_numbers),
		cmocka_unit_test(
			everybody_whom_a_row_names_has_a_row_and_idle_and_unknown_have_none),
		cmocka_unit_test(names_follow_renames_and_the_last_is_the_comm),
		cmocka_unit_test(the_state_at_the_start_counts_once_the_wakeup_proves_it),
		cmocka_unit_test(a_switch_in_without_a_wakeup_leaves_the_sleep_uncertain),
		cmocka_unit_test(a_second_wakeup_proves_that_a_run_was_missed),
		cmocka_unit_test(a_window_counts_only_what_lies_inside),
		cmocka_unit_test(migrations_and_cpu_changes_are_two_figures),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
