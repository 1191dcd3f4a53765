/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What happened between two snapshots. */
#include "tests/unit/interval_checks.h"
#include "tests/unit/rows.h"
#include "tests/unit/short_tasks.h"

static struct schedtrace_engine *engine_of(const struct schedtrace_context *ctx,
					   int64_t window_begin)
{
	struct schedtrace_engine *engine;
	struct schedtrace_error err;

	must(schedtrace_engine_new(&engine, ctx, &err), &err);
	must(schedtrace_engine_set_window(engine, window_begin, INT64_MAX, &err), &err);
	for (size_t i = 0; schedtrace_analysis_at(i); i++)
		must(schedtrace_engine_add(engine, schedtrace_analysis_at(i)->name, &err), &err);
	return engine;
}

static struct schedtrace_tables *snapshot_of(struct schedtrace_engine *engine)
{
	struct schedtrace_tables *tables;
	struct schedtrace_error err;

	must(schedtrace_engine_snapshot(engine, &tables, &err), &err);
	return tables;
}

static struct schedtrace_tables *interval_of(const struct schedtrace_tables *before,
					     const struct schedtrace_tables *now)
{
	struct schedtrace_tables *tables;
	struct schedtrace_error err;

	must(schedtrace_tables_interval(before, now, &tables, &err), &err);
	return tables;
}

/* ---- rows of one's own: fed in parts, with a snapshot after each ----------------------------- */

struct parts {
	struct rows rows;
	struct schedtrace *trace;
	struct schedtrace_engine *engine;
	const struct schedtrace_events *all;
	size_t fed;
	struct schedtrace_tables *before;
};

static struct parts parts_new(void)
{
	struct parts p = { .rows = rows_new() };

	return p;
}

static void parts_begin(struct parts *p)
{
	struct schedtrace_error err;

	must(schedtrace_builder_finish(p->rows.builder, &p->trace, &err), &err);
	must(schedtrace_load(p->trace, &p->all, &err), &err);
	p->engine = engine_of(schedtrace_context(p->trace), INT64_MIN);
}

/* What happened from the last call until the last row before @until; the caller frees it. */
static struct result next(struct parts *p, int64_t until)
{
	struct schedtrace_events ev = *p->all;
	struct schedtrace_tables *now;
	struct schedtrace_error err;
	struct result result = { NULL, NULL };

	for (ev.n = 0; p->fed + ev.n < p->all->n && p->all->timestamp[p->fed + ev.n] < until;)
		ev.n++;
	ev.timestamp += p->fed;
	ev.cpu += p->fed;
	ev.pid += p->fed;
	ev.event += p->fed;
	ev.arg0 += p->fed;
	ev.arg1 += p->fed;
	ev.comm = ev.comm ? ev.comm + p->fed : NULL;
	ev.stack = ev.stack ? ev.stack + p->fed : NULL;
	must(schedtrace_engine_feed(p->engine, &ev, &err), &err);
	p->fed += ev.n;
	now = snapshot_of(p->engine);
	result.tables = interval_of(p->before, now);
	schedtrace_tables_free(p->before);
	p->before = now;
	return result;
}

static void parts_end(struct parts *p)
{
	schedtrace_tables_free(p->before);
	schedtrace_engine_free(p->engine);
	schedtrace_close(p->trace);
}

static void who_runs_on_has_run_in_each_interval(void **state)
{
	struct parts p = parts_new();
	struct result r;

	sw(&p.rows, 1000, 0, 0, 'R', 7);
	for (int64_t t = 2000; t < 5000; t += 1000)
		add(&p.rows, t, 0, 7, SCHEDTRACE_STAT_RUNTIME, 1000, 0);
	sw(&p.rows, 5000, 0, 7, 'S', 0);
	add(&p.rows, 6000, 0, 0, SCHEDTRACE_CPU_IDLE, 0, 0);
	parts_begin(&p);
	r = next(&p, 2500);
	assert_int_equal(of_pid(&r, "tasks", 7, "on_cpu_ns"), 0);
	assert_int_equal(of_pid(&r, "tasks", 7, "lasting_ns"), 1000);
	result_free(&r);
	r = next(&p, 3500); /* to 3000 */
	assert_int_equal(of_pid(&r, "tasks", 7, "on_cpu_ns"), 0);
	assert_int_equal(of_pid(&r, "tasks", 7, "on_cpu_hi_ns"), 1000);
	assert_int_equal(of_pid(&r, "tasks", 7, "lasting_ns"), 1000);
	assert_int_equal(of_pid(&r, "tasks", 7, "charged_ns"), 1000);
	assert_int_equal(schedtrace_table_ints(table_of(&r, "cpus"), "busy_ns")[0], 0);
	assert_int_equal(schedtrace_table_ints(table_of(&r, "cpus"), "unknown_ns")[0], 1000);
	result_free(&r);
	r = next(&p, 5500); /* to 5000 */
	assert_int_equal(of_pid(&r, "tasks", 7, "on_cpu_ns"), 2000);
	assert_int_equal(of_pid(&r, "tasks", 7, "on_cpu_hi_ns"), 2000);
	assert_int_equal(of_pid(&r, "tasks", 7, "lasting_ns"), 0);
	assert_int_equal(schedtrace_table_ints(table_of(&r, "cpus"), "busy_ns")[0], 2000);
	assert_int_equal(schedtrace_table_ints(table_of(&r, "cpus"), "unknown_ns")[0], 0);
	assert_true(schedtrace_table_reals(table_of(&r, "cpus"), "busy")[0] == 100.0);
	result_free(&r);
	r = next(&p, 6500); /* asleep for all of it */
	assert_int_equal(of_pid(&r, "tasks", 7, "on_cpu_ns"), 0);
	assert_int_equal(of_pid(&r, "tasks", 7, "sleep_ns"), 0);
	assert_int_equal(of_pid(&r, "tasks", 7, "lasting_ns"), 1000);
	result_free(&r);
	parts_end(&p);
}

static void a_pid_that_is_used_again_is_another_task(void **state)
{
	struct parts p = parts_new();
	struct result r;

	sw(&p.rows, 1000, 0, 0, 'R', 7);
	sw(&p.rows, 1100, 0, 7, 'X', 0);
	add(&p.rows, 2000, 0, 7, SCHEDTRACE_NEWTASK, 0, 7);
	add(&p.rows, 2000, 0, 7, SCHEDTRACE_WAKEUP_NEW, 0, 0);
	sw(&p.rows, 2000, 0, 0, 'R', 7);
	sw(&p.rows, 2010, 0, 7, 'S', 0);
	parts_begin(&p);
	r = next(&p, 1500);
	assert_int_equal(of_pid(&r, "tasks", 7, "on_cpu_ns"), 100);
	result_free(&r);
	r = next(&p, 3000);
	assert_int_equal(schedtrace_table_rows(table_of(&r, "tasks")), 1);
	assert_int_equal(of_pid(&r, "tasks", 7, "on_cpu_ns"), 10);
	result_free(&r);
	parts_end(&p);
}

static void who_was_let_go_counts_for_its_name_at_the_end(void **state)
{
	struct parts p = parts_new();
	struct schedtrace_context *ctx = schedtrace_builder_context(p.rows.builder);
	int32_t sh = schedtrace_context_intern_comm(ctx, "sh", 2, NULL);
	int32_t ls = schedtrace_context_intern_comm(ctx, "ls", 2, NULL);
	struct schedtrace_error err;
	struct result r;

	p.rows.comm = sh;
	add(&p.rows, 1000, 0, 7, SCHEDTRACE_NEWTASK, 0, 7);
	add(&p.rows, 1000, 0, 7, SCHEDTRACE_WAKEUP_NEW, 0, 0);
	sw(&p.rows, 1000, 0, 0, 'R', 7);
	sw(&p.rows, 1100, 0, 7, 'S', 0);
	p.rows.comm = ls;
	add(&p.rows, 1900, 0, 7, SCHEDTRACE_WAKEUP, 0, 0);
	sw(&p.rows, 2000, 0, 0, 'R', 7);
	sw(&p.rows, 2010, 0, 7, 'X', 0);
	add(&p.rows, 3000, 0, 0, SCHEDTRACE_CPU_IDLE, 0, 0);
	parts_begin(&p);
	r = next(&p, 1500);
	assert_int_equal(of_pid(&r, "tasks", 7, "on_cpu_ns"), 100);
	result_free(&r);
	r = next(&p, 3500);
	result_free(&r);
	must(schedtrace_engine_forget(p.engine, 2500, &err), &err);
	r = next(&p, 4000);
	assert_int_equal(schedtrace_table_rows(table_of(&r, "tasks")), 1);
	assert_string_equal(schedtrace_table_texts(table_of(&r, "tasks"), "comm")[0], "ls");
	assert_int_equal(of_pid(&r, "tasks", INT64_MIN, "on_cpu_ns"), 0);
	result_free(&r);
	parts_end(&p);
}

static void means_are_of_what_was_added_and_the_longest_is_known_if_new(void **state)
{
	struct parts p = parts_new();
	const struct schedtrace_table *t;
	struct result r;

	for (int i = 0; i < 3; i++) { /* waits of 50, 20 and 100 ns */
		int64_t begin = 1000 * (i + 1);

		add(&p.rows, begin, 0, 7, SCHEDTRACE_WAKEUP, 0, 0);
		sw(&p.rows, begin + (int64_t[]){ 50, 20, 100 }[i], 0, 0, 'R', 7);
		sw(&p.rows, begin + 200, 0, 7, 'S', 0);
	}
	parts_begin(&p);
	r = next(&p, 1500);
	assert_int_equal(schedtrace_table_ints(table_of(&r, "latency"), "max_ns")[0], 50);
	result_free(&r);
	r = next(&p, 2500);
	t = table_of(&r, "latency");
	assert_int_equal(schedtrace_table_ints(t, "count")[0], 1);
	assert_true(schedtrace_table_reals(t, "mean_ns")[0] == 20.0);
	assert_int_equal(schedtrace_table_ints(t, "max_ns")[0], INT64_MIN);
	assert_int_equal(schedtrace_table_ints(t, "max_at_ns")[0], INT64_MIN);
	assert_int_equal(schedtrace_table_ints(t, "p99_ns")[0], INT64_MIN);
	result_free(&r);
	r = next(&p, 3500);
	t = table_of(&r, "latency");
	assert_true(schedtrace_table_reals(t, "mean_ns")[0] == 100.0);
	assert_int_equal(schedtrace_table_ints(t, "max_ns")[0], 100);
	assert_int_equal(schedtrace_table_ints(t, "max_at_ns")[0], 3000);
	result_free(&r);
	parts_end(&p);
}

static void a_task_of_which_nothing_changed_has_no_row(void **state)
{
	struct parts p = parts_new();
	struct result r;

	add(&p.rows, 1000, 0, 7, SCHEDTRACE_MIGRATE, 0, 1);
	add(&p.rows, 1000, 0, 8, SCHEDTRACE_MIGRATE, 0, 1);
	add(&p.rows, 2000, 0, 8, SCHEDTRACE_MIGRATE, 1, 0);
	parts_begin(&p);
	r = next(&p, 1500);
	assert_int_equal(schedtrace_table_rows(table_of(&r, "migrations")), 2);
	result_free(&r);
	r = next(&p, 2500);
	assert_int_equal(schedtrace_table_rows(table_of(&r, "migrations")), 1);
	assert_int_equal(of_pid(&r, "migrations", 8, "migrations"), 1);
	assert_null(schedtrace_tables_find(r.tables, "latency_worst"));
	result_free(&r);
	parts_end(&p);
}

static void only_two_snapshots_of_one_engine_have_an_interval(void **state)
{
	struct short_tasks *s = short_tasks_new(40, 2000, 200);
	struct schedtrace_engine *one = engine_of(s->ctx, INT64_MIN);
	struct schedtrace_engine *other = engine_of(s->ctx, INT64_MIN);
	struct schedtrace_tables *first, *second, *others, *tables, *none;
	struct schedtrace_events rows = short_tasks_next(s, UINT64_MAX / 2);
	struct schedtrace_error err;

	first = snapshot_of(one);
	others = snapshot_of(other);
	must(schedtrace_engine_feed(one, &rows, &err), &err);
	second = snapshot_of(one);
	assert_int_equal(schedtrace_tables_interval(second, first, &tables, &err),
			 SCHEDTRACE_E_USAGE);
	assert_null(tables);
	assert_int_equal(schedtrace_tables_interval(others, second, &tables, &err),
			 SCHEDTRACE_E_USAGE);
	tables = interval_of(first, second);
	assert_int_equal(schedtrace_tables_interval(tables, second, &none, &err),
			 SCHEDTRACE_E_USAGE);
	schedtrace_engine_free(one);
	schedtrace_engine_free(other);
	schedtrace_tables_free(first);
	schedtrace_tables_free(second);
	schedtrace_tables_free(tables);
	schedtrace_tables_free(others);
	short_tasks_free(s);
}

/* ---- made rows ----------------------------------------------------------------------------- */

/* Intervals of made rows add up; @forget: with tasks let go meanwhile, to all rows' sums. */
static void check_sums(unsigned int losses, bool forget, int64_t window_begin)
{
	struct short_tasks *s = short_tasks_new(60, 3000, 400);
	struct schedtrace_engine *engine = engine_of(s->ctx, window_begin);
	struct schedtrace_tables *before = snapshot_of(engine), *now, *interval;
	struct interval_sums sums = { .by_row = !forget };
	struct schedtrace_error err;
	int wrong = 0;

	s->losses = losses;
	for (int i = 0; i < 24; i++) {
		struct schedtrace_events rows = short_tasks_next(s, UINT64_MAX / 2);

		must(schedtrace_engine_feed(engine, &rows, &err), &err);
		if (forget)
			must(schedtrace_engine_forget(engine, s->now - 10000, &err), &err);
		now = snapshot_of(engine);
		interval = interval_of(before, now);
		interval_sums_add(&sums, now, interval);
		for (size_t k = 0; k < schedtrace_tables_count(interval); k++)
			wrong += bounds_check(schedtrace_tables_at(interval, k), stdout);
		schedtrace_tables_free(interval);
		schedtrace_tables_free(before);
		before = now;
	}
	wrong += interval_sums_check(&sums, before, stdout);
	assert_int_equal(wrong, 0);
	schedtrace_tables_free(before);
	schedtrace_engine_free(engine);
	short_tasks_free(s);
}

static void intervals_add_up_to_the_whole(void **state)
{
	check_sums(0, false, INT64_MIN);
	check_sums(0, false, 4000000);
}

static void intervals_add_up_where_records_are_lost(void **state)
{
	check_sums(50, false, INT64_MIN);
}

static void intervals_add_up_where_tasks_are_let_go(void **state)
{
	check_sums(0, true, INT64_MIN);
	check_sums(50, true, INT64_MIN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_runs_on_has_run_in_each_interval),
		cmocka_unit_test(a_pid_that_is_used_again_is_another_task),
		cmocka_unit_test(who_was_let_go_counts_for_its_name_at_the_end),
		cmocka_unit_test(means_are_of_what_was_added_and_the_longest_is_known_if_new),
		cmocka_unit_test(a_task_of_which_nothing_changed_has_no_row),
		cmocka_unit_test(only_two_snapshots_of_one_engine_have_an_interval),
		cmocka_unit_test(intervals_add_up_to_the_whole),
		cmocka_unit_test(intervals_add_up_where_records_are_lost),
		cmocka_unit_test(intervals_add_up_where_tasks_are_let_go),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
