/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "rows.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_stretch_of_a_task_is_a_row),
		cmocka_unit_test(what_a_missing_switch_leaves_open_is_possible_and_not_certain),
		cmocka_unit_test(the_table_sums_what_the_log_says),
		cmocka_unit_test(a_window_cuts_stretches_and_counts_them_as_doubtful),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
