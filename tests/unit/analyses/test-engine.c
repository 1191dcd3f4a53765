/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What holds for every analysis, and what the engine itself refuses. */
#include <math.h>

#include "tests/unit/rows.h"

/* All that was logged, as text. */
struct log {
	char *text;
	size_t n;
	FILE *file;
};

static int log_row(void *user, const struct schedtrace_table_info *info,
		   const union schedtrace_value *values, struct schedtrace_error *err)
{
	struct log *log = user;

	fprintf(log->file, "%s", info->name);
	for (size_t c = 0; c < info->n_columns; c++) {
		if (info->columns[c]->type == SCHEDTRACE_TEXT)
			fprintf(log->file, " %s", values[c].s ? values[c].s : "-");
		else
			fprintf(log->file, " %lld", (long long)values[c].i);
	}
	fprintf(log->file, "\n");
	return 0;
}

static void print_table(FILE *out, const struct schedtrace_table *table)
{
	const struct schedtrace_table_info *info = schedtrace_table_info(table);

	fprintf(out, "%s\n", info->name);
	for (size_t row = 0; row < schedtrace_table_rows(table); row++) {
		for (size_t c = 0; c < info->n_columns; c++) {
			union schedtrace_value v = schedtrace_table_value(table, row, c);

			if (info->columns[c]->type == SCHEDTRACE_TEXT)
				fprintf(out, " %s", v.s ? v.s : "-");
			else if (info->columns[c]->type == SCHEDTRACE_REAL)
				fprintf(out, " %.17g", v.f);
			else
				fprintf(out, " %lld", (long long)v.i);
		}
		fprintf(out, "\n");
	}
}

/* Feeds @batch rows at a time with a snapshot every @ask batches; returns tables and logs. */
static char *run(struct schedtrace *trace, size_t batch, unsigned int ask, int64_t window_begin,
		 int64_t window_end)
{
	struct schedtrace_engine *engine;
	const struct schedtrace_events *all;
	struct schedtrace_tables *tables;
	struct schedtrace_error err;
	struct log log;
	struct schedtrace_sink sink = { sizeof(sink), &log, log_row };
	unsigned int n = 0;

	log.file = open_memstream(&log.text, &log.n);
	must(schedtrace_load(trace, &all, &err), &err);
	must(schedtrace_engine_new(&engine, schedtrace_context(trace), &err), &err);
	for (size_t i = 0; schedtrace_analysis_at(i); i++)
		must(schedtrace_engine_add(engine, schedtrace_analysis_at(i)->name, &err), &err);
	must(schedtrace_engine_set_sink(engine, &sink, &err), &err);
	must(schedtrace_engine_set_window(engine, window_begin, window_end, &err), &err);
	for (size_t i = 0; i < all->n; i += batch) {
		struct schedtrace_events ev = {
			.n = all->n - i < batch ? all->n - i : batch,
			.timestamp = all->timestamp + i,
			.pid = all->pid + i,
			.event = all->event + i,
			.cpu = all->cpu + i,
			.arg0 = all->arg0 + i,
			.arg1 = all->arg1 + i,
			.comm = all->comm ? all->comm + i : NULL,
		};

		must(schedtrace_engine_feed(engine, &ev, &err), &err);
		if (ask && ++n % ask == 0) {
			must(schedtrace_engine_snapshot(engine, &tables, &err), &err);
			schedtrace_tables_free(tables);
		}
	}
	must(schedtrace_engine_snapshot(engine, &tables, &err), &err);
	schedtrace_engine_free(engine);
	for (size_t i = 0; i < schedtrace_tables_count(tables); i++)
		print_table(log.file, schedtrace_tables_at(tables, i));
	schedtrace_tables_free(tables);
	fclose(log.file);
	return log.text;
}

static void the_result_does_not_depend_on_how_rows_are_fed(void **state)
{
	for (unsigned int seed = 1; seed <= 20; seed++) {
		struct schedtrace *trace = random_trace(seed, 400, seed % 4 ? 70 : 65534);
		int64_t begin = seed % 2 ? INT64_MIN : 1200, end = seed % 3 ? INT64_MAX : 1500;
		char *all = run(trace, SIZE_MAX / 2, 0, begin, end);
		char *one = run(trace, 1, 0, begin, end);
		char *some = run(trace, 1 + seed, 3, begin, end);

		assert_true(strlen(all) > 1000);
		assert_string_equal(all, one);
		assert_string_equal(all, some);
		free(all);
		free(one);
		free(some);
		schedtrace_close(trace);
	}
}

static void no_figure_of_hostile_rows_is_negative(void **state)
{
	for (unsigned int seed = 100; seed <= 130; seed++) {
		struct schedtrace *trace = random_trace(seed, 2000, 70);
		struct schedtrace_tables *tables;
		struct schedtrace_error err;
		const struct schedtrace_table *table;

		must(schedtrace_analyze(trace, "tasks,cpus,losses", &tables, &err), &err);
		for (size_t i = 0; (table = schedtrace_tables_at(tables, i)); i++) {
			const struct schedtrace_table_info *info = schedtrace_table_info(table);

			for (size_t c = 0; c < info->n_columns; c++) {
				const int64_t *v =
					schedtrace_table_ints(table, info->columns[c]->name);

				/* STAT_RUNTIME's and RQ_SIZE's values are the rows' own. */
				if (!v || strcmp(info->columns[c]->unit, "ns") ||
				    !strcmp(info->columns[c]->name, "charged_ns"))
					continue;
				for (size_t row = 0; row < schedtrace_table_rows(table); row++) {
					if (v[row] < 0 && v[row] != INT64_MIN)
						fail_msg("seed %u: %s.%s is %lld", seed, info->name,
							 info->columns[c]->name, (long long)v[row]);
				}
			}
		}
		schedtrace_tables_free(tables);
		schedtrace_close(trace);
	}
}

static void every_column_says_what_it_means_and_names_are_unique(void **state)
{
	const struct schedtrace_analysis_info *info;

	for (size_t i = 0; (info = schedtrace_analysis_at(i)); i++) {
		assert_ptr_equal(schedtrace_analysis_find(info->name), info);
		assert_true(info->n_tables > 0);
		assert_string_equal(info->tables[0]->name, info->name);
		for (size_t t = 0; t < info->n_tables + info->n_logs; t++) {
			const struct schedtrace_table_info *table =
				t < info->n_tables ? info->tables[t]
						   : info->logs[t - info->n_tables];

			for (size_t c = 0; c < table->n_columns; c++) {
				assert_true(strlen(table->columns[c]->about) > 2);
				assert_non_null(table->columns[c]->unit);
				for (size_t d = 0; d < c; d++)
					assert_string_not_equal(table->columns[c]->name,
								table->columns[d]->name);
			}
		}
		for (size_t n = 0; info->needs[n]; n++) {
			int id = 0;

			while (id < SCHEDTRACE_EVENT_COUNT &&
			       strcmp(schedtrace_event_info(id)->name, info->needs[n]))
				id++;
			assert_true(id < SCHEDTRACE_EVENT_COUNT);
		}
	}
	assert_null(schedtrace_analysis_find("no-such"));
}

static struct schedtrace_engine *engine_of(struct schedtrace_context *ctx)
{
	struct schedtrace_engine *engine;
	struct schedtrace_error err;

	must(schedtrace_engine_new(&engine, ctx, &err), &err);
	must(schedtrace_engine_add(engine, "tasks", &err), &err);
	return engine;
}

/* Feeds two rows of which the second is wrong, after one batch of one row. */
static void expect_refusal(int64_t timestamp, int32_t cpu, int32_t event, const char *text)
{
	int64_t timestamps[2] = { 10, timestamp }, args[2] = { 0, 0 };
	int32_t pids[2] = { 7, 7 }, cpus[2] = { 0, cpu }, events[2] = { 2, event };
	struct schedtrace_events ev = { 1, timestamps, pids, events, cpus, args, args, NULL, NULL };
	struct schedtrace_context *ctx;
	struct schedtrace_engine *engine;
	struct schedtrace_error err;

	must(schedtrace_context_new(&ctx, &err), &err);
	engine = engine_of(ctx);
	must(schedtrace_engine_feed(engine, &ev, &err), &err);
	ev.n = 2;
	assert_int_equal(schedtrace_engine_feed(engine, &ev, &err), SCHEDTRACE_E_FORMAT);
	assert_non_null(strstr(err.text, text));
	schedtrace_engine_free(engine);
	schedtrace_context_free(ctx);
}

static void rows_that_cannot_be_are_refused_by_number(void **state)
{
	expect_refusal(9, 0, 2, "row 2: timestamp 9 is before");
	expect_refusal(10, -1, 2, "row 2: no CPU is numbered -1");
	expect_refusal(10, 65535, 2, "row 2: no CPU is numbered 65535");
	expect_refusal(10, 0, 60, "row 2: event id 60 has no name");
	expect_refusal(10, 0, -1, "row 2: event id -1 has no name");
	expect_refusal(INT64_MAX, 0, 2, "row 2: timestamp 9223372036854775807 is no time");
}

static void events_of_others_that_have_names_are_passed_over(void **state)
{
	int64_t timestamps[1] = { 10 }, args[1] = { 0 };
	int32_t pids[1] = { 7 }, cpus[1] = { 0 }, events[1];
	struct schedtrace_events ev = { 1, timestamps, pids, events, cpus, args, args, NULL, NULL };
	struct schedtrace_context *ctx;
	struct schedtrace_engine *engine;
	struct schedtrace_error err;

	must(schedtrace_context_new(&ctx, &err), &err);
	events[0] = schedtrace_context_add_event(ctx, "SOMEBODY_ELSES", &err);
	engine = engine_of(ctx);
	must(schedtrace_engine_feed(engine, &ev, &err), &err);
	schedtrace_engine_free(engine);
	schedtrace_context_free(ctx);
}

static void a_snapshot_of_some_analyses_has_their_tables_only(void **state)
{
	struct schedtrace *trace = random_trace(7, 500, 3);
	struct schedtrace_engine *engine;
	const struct schedtrace_events *all;
	struct schedtrace_tables *whole, *some, *none;
	struct schedtrace_error err;

	must(schedtrace_load(trace, &all, &err), &err);
	must(schedtrace_engine_new(&engine, schedtrace_context(trace), &err), &err);
	must(schedtrace_engine_add(engine, "tasks", &err), &err);
	must(schedtrace_engine_add(engine, "cpus", &err), &err);
	must(schedtrace_engine_add(engine, "states", &err), &err);
	must(schedtrace_engine_feed(engine, all, &err), &err);
	must(schedtrace_engine_snapshot(engine, &whole, &err), &err);
	must(schedtrace_engine_snapshot_of(engine, "states,tasks,states", &some, &err), &err);
	assert_int_equal(schedtrace_tables_count(whole), 5);
	assert_int_equal(schedtrace_tables_count(some), 3);
	assert_null(schedtrace_tables_find(some, "cpus"));
	assert_int_equal(schedtrace_table_rows(schedtrace_tables_find(some, "tasks")),
			 schedtrace_table_rows(schedtrace_tables_find(whole, "tasks")));
	assert_string_equal(schedtrace_table_info(schedtrace_tables_at(some, 0))->name, "tasks");
	assert_int_equal(schedtrace_engine_snapshot_of(engine, "tasks,latency", &none, &err),
			 SCHEDTRACE_E_NOT_FOUND);
	assert_non_null(strstr(err.text, "\"latency\""));
	assert_int_equal(schedtrace_engine_snapshot_of(engine, "tasks,", &none, &err),
			 SCHEDTRACE_E_NOT_FOUND);
	assert_null(none);
	schedtrace_tables_free(whole);
	schedtrace_tables_free(some);
	schedtrace_engine_free(engine);
	schedtrace_close(trace);
}

static void unknown_analyses_and_late_changes_are_refused(void **state)
{
	struct schedtrace_context *ctx;
	struct schedtrace_engine *engine;
	struct schedtrace_tables *tables;
	struct schedtrace_error err;

	must(schedtrace_context_new(&ctx, &err), &err);
	engine = engine_of(ctx);
	assert_int_equal(schedtrace_engine_add(engine, "task", &err), SCHEDTRACE_E_NOT_FOUND);
	assert_non_null(strstr(err.text, "\"task\""));
	assert_non_null(strstr(err.text, "migrations"));
	assert_int_equal(schedtrace_engine_set_window(engine, 5, 5, &err), SCHEDTRACE_E_USAGE);
	assert_int_equal(schedtrace_engine_set_parameter(engine, "tgid", "7", &err),
			 SCHEDTRACE_E_NOT_FOUND);
	assert_non_null(strstr(err.text, "pid, comm, command, cpu"));
	assert_int_equal(schedtrace_engine_set_parameter(engine, "worst", "0", &err),
			 SCHEDTRACE_E_USAGE);
	assert_int_equal(schedtrace_engine_set_parameter(engine, "points", "many", &err),
			 SCHEDTRACE_E_USAGE);
	assert_int_equal(schedtrace_engine_set_parameter(engine, "pid", "7,x", &err),
			 SCHEDTRACE_E_USAGE);
	assert_int_equal(schedtrace_engine_set_parameter(engine, "cpu", "-1", &err),
			 SCHEDTRACE_E_USAGE);
	assert_int_equal(schedtrace_engine_set_parameter(engine, "command", "make", &err),
			 SCHEDTRACE_E_USAGE);
	assert_int_equal(schedtrace_engine_set_parameter(engine, "comm", NULL, &err),
			 SCHEDTRACE_E_USAGE);
	must(schedtrace_engine_snapshot(engine, &tables, &err), &err);
	assert_int_equal(schedtrace_table_rows(schedtrace_tables_find(tables, "tasks")), 0);
	assert_non_null(schedtrace_table_ints(schedtrace_tables_find(tables, "tasks"), "pid"));
	assert_null(schedtrace_table_reals(schedtrace_tables_find(tables, "tasks"), "pid"));
	schedtrace_tables_free(tables);
	assert_int_equal(schedtrace_engine_add(engine, "cpus", &err), SCHEDTRACE_E_USAGE);
	assert_int_equal(schedtrace_engine_set_parameter(engine, "pid", "7", &err),
			 SCHEDTRACE_E_USAGE);
	schedtrace_engine_free(engine);
	schedtrace_engine_free(NULL);
	schedtrace_context_free(ctx);
}

static int refuse(void *user, const struct schedtrace_table_info *info,
		  const union schedtrace_value *values, struct schedtrace_error *err)
{
	snprintf(err->text, sizeof(err->text), "the sink is full");
	err->status = SCHEDTRACE_E_CANCELLED;
	return SCHEDTRACE_E_CANCELLED;
}

static void a_sink_that_refuses_ends_the_pass_for_good(void **state)
{
	struct schedtrace_sink sink = { sizeof(sink), NULL, refuse };
	struct rows b = rows_new();
	struct schedtrace_engine *engine;
	const struct schedtrace_events *all;
	struct schedtrace_error err;
	struct schedtrace *trace;

	add(&b, 1, 0, 7, SCHEDTRACE_MIGRATE, 0, 1);
	must(schedtrace_builder_finish(b.builder, &trace, &err), &err);
	must(schedtrace_load(trace, &all, &err), &err);
	must(schedtrace_engine_new(&engine, schedtrace_context(trace), &err), &err);
	must(schedtrace_engine_add(engine, "migrations", &err), &err);
	must(schedtrace_engine_set_sink(engine, &sink, &err), &err);
	assert_int_equal(schedtrace_engine_feed(engine, all, &err), SCHEDTRACE_E_CANCELLED);
	assert_string_equal(err.text, "the sink is full");
	assert_int_equal(schedtrace_engine_feed(engine, all, &err), SCHEDTRACE_E_CANCELLED);
	schedtrace_engine_free(engine);
	schedtrace_close(trace);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_result_does_not_depend_on_how_rows_are_fed),
		cmocka_unit_test(no_figure_of_hostile_rows_is_negative),
		cmocka_unit_test(every_column_says_what_it_means_and_names_are_unique),
		cmocka_unit_test(rows_that_cannot_be_are_refused_by_number),
		cmocka_unit_test(events_of_others_that_have_names_are_passed_over),
		cmocka_unit_test(a_snapshot_of_some_analyses_has_their_tables_only),
		cmocka_unit_test(unknown_analyses_and_late_changes_are_refused),
		cmocka_unit_test(a_sink_that_refuses_ends_the_pass_for_good),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
