/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Analyses cpus, migrations and losses. */
#include "tests/unit/rows.h"

static int64_t of_cpu(const struct result *r, const char *table, int64_t cpu, const char *column)
{
	return nth(r, table, "cpu", cpu, 0, column);
}

static void a_cpu_is_busy_idle_or_unknown(void **state)
{
	struct rows b = rows_new();
	struct result r;

	runs(&b, 100, 1, 0);
	runs(&b, 110, 0, 7);
	sw(&b, 120, 0, 7, 'S', 0);
	sw(&b, 150, 0, 0, 'R', 8);
	sw(&b, 155, 0, 8, 'R', 7);
	sw(&b, 160, 0, 7, 'S', 0);
	add(&b, 170, 0, 0, SCHEDTRACE_TICK, 0, 2400000);
	add(&b, 200, 0, 0, SCHEDTRACE_CPU_IDLE, 1, 0);
	r = result_of(&b, "cpus");
	assert_int_equal(of_cpu(&r, "cpus", 0, "busy_ns"), 20);
	assert_int_equal(of_cpu(&r, "cpus", 0, "idle_ns"), 30);
	assert_int_equal(of_cpu(&r, "cpus", 0, "unknown_ns"), 10 + 40);
	assert_int_equal(of_cpu(&r, "cpus", 0, "switches"), 4);
	assert_int_equal(of_cpu(&r, "cpus", 0, "freq_khz"), 2400000);
	assert_true(schedtrace_table_reals(table_of(&r, "cpus"), "busy")[0] == 20.0);
	assert_int_equal(schedtrace_table_rows(table_of(&r, "cpu_tasks")), 2);
	assert_int_equal(schedtrace_table_ints(table_of(&r, "cpu_tasks"), "pid")[0], 7);
	assert_int_equal(schedtrace_table_ints(table_of(&r, "cpu_tasks"), "on_cpu_ns")[0], 15);
	assert_int_equal(schedtrace_table_ints(table_of(&r, "cpu_tasks"), "on_cpu_ns")[1], 5);
	result_free(&r);
}

static void the_run_queue_is_weighted_by_time_and_unknown_after_a_gap(void **state)
{
	struct rows b = rows_new();
	struct result r;

	add(&b, 90, 0, 7, SCHEDTRACE_PRIO, 120, 0);
	add(&b, 100, 0, 7, SCHEDTRACE_RQ_SIZE, 1, 1);
	add(&b, 110, 0, 7, SCHEDTRACE_RQ_SIZE, 9, 8);
	add(&b, 110, 0, 7, SCHEDTRACE_RQ_SIZE, 3, -6);
	add(&b, 140, 0, 0, SCHEDTRACE_LOST, 5, 120);
	add(&b, 150, 0, 7, SCHEDTRACE_RQ_SIZE, 0, 0);
	add(&b, 170, 0, 7, SCHEDTRACE_PRIO, 120, 0);
	r = result_of(&b, "cpus");
	/* 1 for 10 ns, 3 for 10 ns, 0 for 20 ns */
	assert_true(schedtrace_table_reals(table_of(&r, "cpus"), "rq_mean")[0] == 1.0);
	assert_int_equal(of_cpu(&r, "cpus", 0, "rq_max"), 3);
	result_free(&r);
}

static void topology(struct rows *b)
{
	struct schedtrace_context *ctx = schedtrace_builder_context(b->builder);
	struct schedtrace_cpu cpus[] = {
		{ 0, 0, 0, 0, 100, 0, { -1, -1, -1, -1 } },
		{ 1, 0, 0, 0, 100, 3, { -1, -1, -1, -1 } },
		{ 2, 1, 0, 0, -1, -1, { -1, -1, -1, -1 } },
		{ 3, 0, 1, 0, -1, -1, { -1, -1, -1, -1 } },
		{ 4, 0, 2, 1, -1, -1, { -1, -1, -1, -1 } },
	};
	struct schedtrace_error err;

	for (size_t i = 0; i < 5; i++)
		must(schedtrace_context_set_cpu(ctx, &cpus[i], &err), &err);
}

static void moves_have_causes_and_distances(void **state)
{
	struct rows b = rows_new();
	struct result r;

	topology(&b);
	runs(&b, 100, 0, 5);
	add(&b, 101, 0, 7, SCHEDTRACE_WAKING, 5, 0);
	add(&b, 101, 0, 7, SCHEDTRACE_MIGRATE, 0, 1); /* wake, smt */
	wake(&b, 102, 1, 7);
	add(&b, 103, 2, 7, SCHEDTRACE_MIGRATE, 1, 2); /* balance, cache */
	add(&b, 104, 0, 8, SCHEDTRACE_NEWTASK, 0, 8);
	add(&b, 105, 0, 8, SCHEDTRACE_MIGRATE, 0, 3); /* fork, node */
	add(&b, 106, 3, 8, SCHEDTRACE_WAKEUP_NEW, 0, 0);
	runs(&b, 106, 3, 0);
	sw(&b, 107, 3, 0, 'R', 8);
	sw(&b, 108, 3, 8, 'R', 9);
	add(&b, 109, 3, 8, SCHEDTRACE_MIGRATE, 3, 4); /* exec, remote */
	runs(&b, 109, 4, 0);
	sw(&b, 110, 4, 0, 'R', 8);
	add(&b, 111, 4, 8, SCHEDTRACE_EXEC, 0, 0);
	add(&b, 112, 0, 8, SCHEDTRACE_MIGRATE, 4, 77); /* unknown distance */
	r = result_of(&b, "migrations");
	assert_int_equal(of_pid(&r, "migrations", 7, "migrations"), 2);
	assert_int_equal(of_pid(&r, "migrations", 7, "wake"), 1);
	assert_int_equal(of_pid(&r, "migrations", 7, "balance"), 1);
	assert_int_equal(of_pid(&r, "migrations", 7, "smt"), 1);
	assert_int_equal(of_pid(&r, "migrations", 7, "cache"), 1);
	assert_int_equal(of_pid(&r, "migrations", 7, "first_from"), 0);
	assert_int_equal(of_pid(&r, "migrations", 7, "last_to"), 2);
	assert_int_equal(of_pid(&r, "migrations", 8, "fork"), 1);
	assert_int_equal(of_pid(&r, "migrations", 8, "exec"), 1);
	assert_int_equal(of_pid(&r, "migrations", 8, "balance"), 1);
	assert_int_equal(of_pid(&r, "migrations", 8, "node"), 1);
	assert_int_equal(of_pid(&r, "migrations", 8, "remote"), 1);
	assert_int_equal(schedtrace_table_rows(table_of(&r, "migration_matrix")), 5);
	assert_int_equal(nth(&r, "migration_matrix", "from", 3, 0, "exec"), 1);
	assert_int_equal(nth(&r, "migration_matrix", "from", 3, 0, "balance"), 0);
	result_free(&r);
}

/* How far it is from one CPU to another, as the log has it. */
static void expect_distance(const struct schedtrace_cpu *cpus, size_t n, int32_t from, int32_t to,
			    const char *expected)
{
	struct rows b = rows_new();
	char *line, *last;

	for (size_t i = 0; i < n; i++)
		must(schedtrace_context_set_cpu(schedtrace_builder_context(b.builder), &cpus[i],
						NULL),
		     NULL);
	add(&b, 100, 0, 7, SCHEDTRACE_MIGRATE, from, to);
	line = log_of(&b, "migrations", "migration_log");
	line[strcspn(line, "\n")] = '\0';
	last = strrchr(line, '|');
	if (!last || strcmp(last + 1, expected))
		fail_msg("%d to %d: %s, not %s", from, to, line, expected);
	free(line);
}

/* Two packages of one node each. The first has two caches of level 3; cores 0 and 1 share the
 * first, with two threads each; CPU 6 is in the second package. */
static void distance_is_the_nearest_that_two_cpus_have_in_common(void **state)
{
	static const struct schedtrace_cpu cpus[] = {
		{ 0, 0, 0, 0, -1, -1, { 0, 0, 0, -1 } }, { 1, 0, 0, 0, -1, -1, { 0, 0, 0, -1 } },
		{ 2, 1, 0, 0, -1, -1, { 2, 2, 0, -1 } }, { 3, 1, 0, 0, -1, -1, { 2, 2, 0, -1 } },
		{ 4, 2, 0, 0, -1, -1, { 4, 4, 4, -1 } }, { 5, 2, 0, 0, -1, -1, { 4, 4, 4, -1 } },
		{ 6, 0, 1, 1, -1, -1, { 6, 6, 6, -1 } },
	};

	expect_distance(cpus, 7, 0, 1, "smt");
	expect_distance(cpus, 7, 1, 2, "cache");
	expect_distance(cpus, 7, 3, 4, "node");
	expect_distance(cpus, 7, 5, 4, "smt");
	expect_distance(cpus, 7, 0, 6, "remote");
	expect_distance(cpus, 7, 6, 5, "remote");
}

/* A package that is two nodes, without caches known and with a cache of each node. */
static void nodes_of_one_package_are_remote(void **state)
{
	struct schedtrace_cpu cpus[] = {
		{ 0, 0, 0, 0, -1, -1, { -1, -1, -1, -1 } },
		{ 1, 1, 0, 0, -1, -1, { -1, -1, -1, -1 } },
		{ 2, 2, 0, 1, -1, -1, { -1, -1, -1, -1 } },
	};

	expect_distance(cpus, 3, 0, 1, "cache");
	expect_distance(cpus, 3, 1, 2, "remote");
	cpus[0].caches[2] = cpus[1].caches[2] = 0;
	cpus[2].caches[2] = 2;
	expect_distance(cpus, 3, 0, 1, "cache");
	expect_distance(cpus, 3, 1, 2, "remote");
	cpus[0].node = cpus[1].node = cpus[2].node = -1;
	expect_distance(cpus, 3, 1, 2, "unknown");
}

static void losses_say_where_and_how_much(void **state)
{
	struct rows b = rows_new();
	struct result r;

	topology(&b);
	runs(&b, 100, 1, 7);
	runs(&b, 110, 0, 5);
	sw(&b, 120, 0, 5, 'S', 0);
	runs(&b, 150, 0, 6); /* 0 -> 6 is missing */
	add(&b, 170, 0, 0, SCHEDTRACE_LOST, 12, 160);
	add(&b, 180, 0, 0, SCHEDTRACE_LOST, -1, 175);
	runs(&b, 184, 0, 6);
	wake(&b, 190, 0, 8);
	wake(&b, 195, 0, 8);
	add(&b, 198, 0, 0, SCHEDTRACE_LOST, 0, 196);
	r = result_of(&b, "losses");
	assert_int_equal(of_cpu(&r, "losses", 0, "start_unknown_ns"), 10);
	assert_int_equal(of_cpu(&r, "losses", 0, "broken_chains"), 1);
	assert_int_equal(of_cpu(&r, "losses", 0, "broken_ns"), 30);
	assert_int_equal(of_cpu(&r, "losses", 0, "gaps"), 2);
	assert_int_equal(of_cpu(&r, "losses", 0, "gap_records"), 12);
	assert_int_equal(of_cpu(&r, "losses", 0, "gaps_uncounted"), 1);
	assert_int_equal(of_cpu(&r, "losses", 0, "gap_ns"), 10 + 5);
	assert_int_equal(of_cpu(&r, "losses", 0, "resumed_ns"), 4);
	assert_int_equal(of_cpu(&r, "losses", 0, "clock_steps"), 1);
	assert_int_equal(of_cpu(&r, "losses", 0, "clock_ns"), 2);
	assert_int_equal(of_cpu(&r, "losses", 0, "missed_runs"), 1);
	assert_int_equal(of_cpu(&r, "losses", 0, "lost"), 0);
	assert_int_equal(of_cpu(&r, "losses", 1, "lost"), 3);
	assert_int_equal(of_cpu(&r, "losses", 1, "gaps"), 0);
	assert_int_equal(of_cpu(&r, "losses", 2, "lost"), INT64_MIN);
	result_free(&r);
}

/* CPU 0 is offline from 125 to 165 and from 210 on, CPU 2 until 150; the trace ends at 250. */
static struct rows hotplug_rows(void)
{
	struct rows b = rows_new();

	runs(&b, 100, 0, 7);
	runs(&b, 100, 1, 9);
	add(&b, 100, 2, 0, SCHEDTRACE_CPU_OFFLINE, 0, 0);
	sw(&b, 120, 0, 7, 'S', 0);
	add(&b, 125, 0, 0, SCHEDTRACE_CPU_OFFLINE, 0, 0);
	add(&b, 150, 2, 0, SCHEDTRACE_CPU_ONLINE, 0, 0);
	runs(&b, 160, 2, 0);
	runs(&b, 165, 0, 0);
	add(&b, 170, 0, 0, SCHEDTRACE_CPU_ONLINE, 0, 0);
	sw(&b, 180, 0, 0, 'R', 7);
	sw(&b, 200, 0, 7, 'S', 0);
	add(&b, 210, 0, 0, SCHEDTRACE_CPU_OFFLINE, 0, 0);
	runs(&b, 250, 1, 9);
	return b;
}

static void a_cpu_that_is_offline_is_not_idle(void **state)
{
	struct rows b = hotplug_rows();
	struct result r = result_of(&b, "cpus");

	assert_int_equal(of_cpu(&r, "cpus", 0, "busy_ns"), 20 + 20);
	assert_int_equal(of_cpu(&r, "cpus", 0, "idle_ns"), 15); /* 165 to 180 */
	assert_int_equal(of_cpu(&r, "cpus", 0, "unknown_ns"), 95);
	result_free(&r);
	b = hotplug_rows();
	r = result_of(&b, "losses");
	assert_int_equal(of_cpu(&r, "losses", 0, "offline_ns"), 40 + 40);
	assert_int_equal(of_cpu(&r, "losses", 0, "broken_chains"), 0);
	assert_int_equal(of_cpu(&r, "losses", 2, "offline_ns"), 50);
	assert_int_equal(of_cpu(&r, "losses", 2, "resumed_ns"), 10);
	result_free(&r);
}

static void offline_time_is_that_of_the_window(void **state)
{
	struct rows b = hotplug_rows();
	struct result r;

	b.window_begin = 130;
	b.window_end = 240;
	r = result_of(&b, "losses");
	assert_int_equal(of_cpu(&r, "losses", 0, "offline_ns"), 35 + 30);
	assert_int_equal(of_cpu(&r, "losses", 2, "offline_ns"), 20);
	result_free(&r);
	b = hotplug_rows();
	b.window_begin = 171;
	b.window_end = 205;
	r = result_of(&b, "losses");
	assert_int_equal(of_cpu(&r, "losses", 0, "offline_ns"), 0);
	result_free(&r);
}

static void without_switches_busy_and_idle_time_are_unknown(void **state)
{
	struct rows b = rows_new();
	struct result r;

	recorded(&b, "sched:sched_wakeup");
	runs(&b, 100, 0, 7);
	runs(&b, 150, 0, 8);
	r = result_of(&b, "cpus,losses");
	assert_int_equal(nth(&r, "cpus", "cpu", 0, 0, "busy_ns"), INT64_MIN);
	assert_int_equal(nth(&r, "cpus", "cpu", 0, 0, "idle_ns"), INT64_MIN);
	assert_int_equal(nth(&r, "cpus", "cpu", 0, 0, "switches"), INT64_MIN);
	assert_int_equal(nth(&r, "cpus", "cpu", 0, 0, "unknown_ns"), 50);
	assert_int_equal(of_cpu(&r, "losses", 0, "broken_chains"), INT64_MIN);
	assert_int_equal(of_cpu(&r, "losses", 0, "missed_runs"), INT64_MIN);
	result_free(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_cpu_is_busy_idle_or_unknown),
		cmocka_unit_test(the_run_queue_is_weighted_by_time_and_unknown_after_a_gap),
		cmocka_unit_test(moves_have_causes_and_distances),
		cmocka_unit_test(distance_is_the_nearest_that_two_cpus_have_in_common),
		cmocka_unit_test(nodes_of_one_package_are_remote),
		cmocka_unit_test(losses_say_where_and_how_much),
		cmocka_unit_test(a_cpu_that_is_offline_is_not_idle),
		cmocka_unit_test(offline_time_is_that_of_the_window),
		cmocka_unit_test(without_switches_busy_and_idle_time_are_unknown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
