/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The short ways of the library: a whole trace in a call, columns by name, texts to print. */
#include "tests/unit/rows.h"

/* 7 and 9 take turns on CPU 0; 9 is moved there. */
static struct schedtrace *two_tasks(void)
{
	struct schedtrace_builder *builder;
	struct schedtrace *trace;

	assert_int_equal(schedtrace_builder_new(&builder, NULL), 0);
	schedtrace_builder_add(builder, 100, 0, 0, SCHEDTRACE_CTX_SWITCH, 7, 0, 0, NULL);
	schedtrace_builder_add(builder, 150, 0, 9, SCHEDTRACE_MIGRATE, 1, 0, 0, NULL);
	schedtrace_builder_add(builder, 200, 0, 7, SCHEDTRACE_CTX_SWITCH, 9, 0, 0, NULL);
	schedtrace_builder_add(builder, 260, 0, 9, SCHEDTRACE_CTX_SWITCH, 0, 0, 0, NULL);
	assert_int_equal(schedtrace_builder_finish(builder, &trace, NULL), 0);
	return trace;
}

struct seen {
	int rows;
	int64_t pid, to;
	int result;
};

static int take(void *user, const struct schedtrace_table_info *log,
		const union schedtrace_value *values, struct schedtrace_error *err)
{
	struct seen *seen = user;

	seen->rows++;
	seen->pid = values[schedtrace_column_index(log, "pid")].i;
	seen->to = values[schedtrace_column_index(log, "to")].i;
	return seen->result;
}

static void the_logs_of_a_trace_go_to_a_sink_in_one_call(void **state)
{
	struct schedtrace *trace = two_tasks();
	struct seen seen = { 0 };
	const struct schedtrace_sink sink = { sizeof(sink), &seen, take };
	struct schedtrace_error err;

	assert_int_equal(schedtrace_follow(trace, "migrations", &sink, &err), 0);
	assert_int_equal(seen.rows, 1);
	assert_int_equal(seen.pid, 9);
	assert_int_equal(seen.to, 0);
	seen.result = SCHEDTRACE_E_CANCELLED;
	assert_int_equal(schedtrace_follow(trace, "migrations", &sink, &err),
			 SCHEDTRACE_E_CANCELLED);
	assert_int_equal(schedtrace_follow(trace, "migration", &sink, &err),
			 SCHEDTRACE_E_NOT_FOUND);
	assert_int_equal(schedtrace_follow(trace, "migrations", NULL, &err), SCHEDTRACE_E_USAGE);
	schedtrace_close(trace);
}

static void an_engine_runs_over_a_whole_trace_in_its_window(void **state)
{
	struct schedtrace *trace = two_tasks();
	struct schedtrace_engine *engine;
	struct schedtrace_tables *tables;
	const struct schedtrace_table *tasks;

	assert_int_equal(schedtrace_engine_new(&engine, schedtrace_context(trace), NULL), 0);
	assert_int_equal(schedtrace_engine_add(engine, "tasks", NULL), 0);
	assert_int_equal(schedtrace_engine_set_window(engine, 120, 230, NULL), 0);
	assert_int_equal(schedtrace_engine_run(engine, trace, NULL), 0);
	assert_int_equal(schedtrace_engine_snapshot(engine, &tables, NULL), 0);
	tasks = schedtrace_tables_find(tables, "tasks");
	assert_int_equal(schedtrace_table_rows(tasks), 2);
	assert_int_equal(schedtrace_table_ints(tasks, "on_cpu_ns")[0], 80);
	assert_int_equal(schedtrace_table_ints(tasks, "on_cpu_ns")[1], 30);
	assert_int_equal(schedtrace_engine_run(engine, NULL, NULL), SCHEDTRACE_E_USAGE);
	schedtrace_tables_free(tables);
	schedtrace_engine_free(engine);
	schedtrace_close(trace);
}

static void a_column_is_found_by_its_whole_name(void **state)
{
	const struct schedtrace_table_info *cpus = schedtrace_analysis_find("cpus")->tables[0];

	assert_int_equal(schedtrace_column_index(cpus, "cpu"), 0);
	assert_string_equal(cpus->columns[schedtrace_column_index(cpus, "busy")]->unit, "%");
	assert_true(schedtrace_column_index(cpus, "bus") == SIZE_MAX);
	assert_true(schedtrace_column_index(cpus, NULL) == SIZE_MAX);
	assert_true(schedtrace_column_index(NULL, "cpu") == SIZE_MAX);
}

static void a_text_is_printable_whatever_its_bytes(void **state)
{
	char out[32];

	assert_string_equal(schedtrace_printable("a b~", out, sizeof(out)), "a b~");
	assert_string_equal(schedtrace_printable("\x1b[31m\n", out, sizeof(out)), "\\x1b[31m\\x0a");
	assert_string_equal(schedtrace_printable("\\x1b", out, sizeof(out)), "\\x5cx1b");
	assert_string_equal(schedtrace_printable("\xc3\xa4\x7f", out, sizeof(out)),
			    "\\xc3\\xa4\\x7f");
	assert_string_equal(schedtrace_printable(NULL, out, sizeof(out)), "-");
	assert_string_equal(schedtrace_printable("abcdef", out, 4), "abc");
	assert_string_equal(schedtrace_printable("ab\n", out, 6), "ab");
	assert_string_equal(schedtrace_printable("ab\n", out, 7), "ab\\x0a");
	assert_string_equal(schedtrace_printable("ab", out, 1), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_logs_of_a_trace_go_to_a_sink_in_one_call),
		cmocka_unit_test(an_engine_runs_over_a_whole_trace_in_its_window),
		cmocka_unit_test(a_column_is_found_by_its_whole_name),
		cmocka_unit_test(a_text_is_printable_whatever_its_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
