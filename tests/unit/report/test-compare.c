/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How rows and recordings are put together before they are compared. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <schedtrace/analyses.h>

#include "analyze/compare/compared_tables.h"
#include "analyze/compare/groups.h"
#include "libschedtrace/table.h"

enum { COMM, TIME, PEAK, LEAST, MEAN, WEIGHT, P99, N_COLUMNS };

static const struct schedtrace_column_info *const columns[N_COLUMNS] = {
	[COMM] = COLUMN_TEXT("comm", "name"),
	[TIME] = COLUMN_DURATION("time_spent_ns", "a sum"),
	[PEAK] = COLUMN_SIZE("rss_peak_bytes", "a maximum", .merge = SCHEDTRACE_MERGE_MAX),
	[LEAST] = COLUMN_DURATION("run_min_ns", "a minimum", .merge = SCHEDTRACE_MERGE_MIN),
	[MEAN] = COLUMN_MEAN("mean_ns", "ns", DURATION, "a mean", .merge = SCHEDTRACE_MERGE_MEAN,
			     .weight = "count"),
	[WEIGHT] = COLUMN_COUNT("count", "of what it is the mean"),
	[P99] = COLUMN_PERCENTILE("p99_ns", "a percentile"),
};

static const struct schedtrace_table_info shape = { "latency", "a table", N_COLUMNS, columns };

static const struct selection everything;

static void add(struct schedtrace_table *table, const char *comm, int64_t time, int64_t peak,
		int64_t least, double mean, int64_t weight, int64_t p99)
{
	union schedtrace_value v[N_COLUMNS];

	v[COMM].s = comm;
	v[TIME].i = time;
	v[PEAK].i = peak;
	v[LEAST].i = least;
	v[MEAN].f = mean;
	v[WEIGHT].i = weight;
	v[P99].i = p99;
	assert_int_equal(table_row(table, v, NULL), 0);
}

static double value(const struct cells *cells, size_t row, const char *column, size_t file)
{
	for (size_t m = 0; m < cells->n_measures; m++)
		if (!strcmp(columns[cells->measures[m].column]->name, column))
			return cells_values(cells, row, m)[file];
	fail_msg("no figure %s", column);
	return 0;
}

struct two_files {
	struct schedtrace_tables *tables;
	struct cells cells;
};

/* Twice "a" and once "b" in the first recording, "b" and "c" in the second. */
static void setup(struct two_files *two, const char *key, const char *only)
{
	struct schedtrace_table *table;

	assert_int_equal(tables_new(&two->tables, NULL), 0);
	assert_int_equal(cells_init(&two->cells, &shape, key, NULL, only, 2, NULL), 0);
	assert_int_equal(tables_add(two->tables, &shape, &table, NULL), 0);
	add(table, "a", 10, 100, 5, 2.0, 1, 90);
	add(table, "b", 1, 50, 4, 1.0, 2, 80);
	add(table, "a", 20, 300, 3, 5.0, 2, 70);
	assert_int_equal(cells_add(&two->cells, table, 0, &everything, NULL), 0);
	assert_int_equal(tables_add(two->tables, &shape, &table, NULL), 0);
	add(table, "c", 7, 1, 1, 1.5, 3, 60);
	add(table, "b", 2, INT64_MIN, 6, NAN, 0, 50);
	assert_int_equal(cells_add(&two->cells, table, 1, &everything, NULL), 0);
}

static void teardown(struct two_files *two)
{
	cells_release(&two->cells);
	schedtrace_tables_free(two->tables);
}

static void rows_of_one_name_are_one_row_of_each_recording(void **state)
{
	struct two_files two;
	const struct cells *cells = &two.cells;

	setup(&two, "comm", NULL);
	assert_int_equal(cells->n_rows, 3);
	assert_string_equal(cells->rows[0].key[0].s, "a");
	assert_string_equal(cells->rows[1].key[0].s, "b");
	assert_string_equal(cells->rows[2].key[0].s, "c");
	assert_true(cells->merged);
	assert_true(value(cells, 0, "time_spent_ns", 0) == 30);
	assert_true(value(cells, 0, "rss_peak_bytes", 0) == 300);
	assert_true(value(cells, 0, "run_min_ns", 0) == 3);
	/* (2 * 1 + 5 * 2) / 3 */
	assert_true(value(cells, 0, "mean_ns", 0) == 4);
	assert_true(value(cells, 0, "count", 0) == 3);
	/* There is no percentile of two percentiles. */
	assert_true(isnan(value(cells, 0, "p99_ns", 0)));
	assert_true(value(cells, 1, "p99_ns", 0) == 80);
	teardown(&two);
}

static void a_row_that_a_recording_lacks_has_sums_of_0_and_nothing_else(void **state)
{
	struct two_files two;
	const struct cells *cells = &two.cells;

	setup(&two, "comm", NULL);
	assert_true(value(cells, 0, "time_spent_ns", 1) == 0);
	assert_true(isnan(value(cells, 0, "rss_peak_bytes", 1)));
	assert_true(isnan(value(cells, 0, "mean_ns", 1)));
	/* The row that the second recording brings, in the first. */
	assert_true(value(cells, 2, "time_spent_ns", 0) == 0);
	assert_true(isnan(value(cells, 2, "run_min_ns", 0)));
	teardown(&two);
}

static void unknown_values_stay_unknown(void **state)
{
	struct two_files two;

	setup(&two, "comm", NULL);
	assert_true(isnan(value(&two.cells, 1, "rss_peak_bytes", 1)));
	assert_true(isnan(value(&two.cells, 1, "mean_ns", 1)));
	assert_true(value(&two.cells, 1, "time_spent_ns", 1) == 2);
	teardown(&two);
}

static void without_a_key_a_recording_is_one_row(void **state)
{
	struct two_files two;

	setup(&two, "", NULL);
	assert_int_equal(two.cells.n_rows, 1);
	assert_true(value(&two.cells, 0, "time_spent_ns", 0) == 31);
	assert_true(value(&two.cells, 0, "time_spent_ns", 1) == 9);
	/* Of the second recording one mean is unknown, so that of the other is all there is. */
	assert_true(value(&two.cells, 0, "mean_ns", 1) == 1.5);
	teardown(&two);
	setup(&two, "", "comm=b");
	assert_true(value(&two.cells, 0, "time_spent_ns", 0) == 1);
	assert_true(value(&two.cells, 0, "time_spent_ns", 1) == 2);
	teardown(&two);
}

static const struct input_options no_options;

static void make_file(const char *name)
{
	FILE *f = fopen(name, "w");

	assert_non_null(f);
	fclose(f);
}

static int make_scratch(void **state)
{
	static char scratch[] = "/tmp/test-compare.XXXXXX";

	*state = mkdtemp(scratch);
	if (!*state || chdir(scratch))
		return -1;
	make_file("old-1.tar");
	make_file("old-2.tar");
	make_file("new-1.tar");
	return 0;
}

static int remove_scratch(void **state)
{
	unlink("old-1.tar");
	unlink("old-2.tar");
	unlink("new-1.tar");
	return rmdir(*state);
}

static void files_are_grouped_by_name_directory_or_pattern(void **state)
{
	const char *paths[] = { "old-1.tar", "new-1.tar", "old-2.tar", "x/new-1.tar" };
	const char *named[] = { "both=old-?.tar,new-1.tar" };
	const struct option_list none = { 0 }, list = { named, 1 };
	struct groups groups;

	assert_int_equal(groups_make(&groups, &none, "name", (char **)paths, 3, &no_options, NULL),
			 0);
	assert_int_equal(groups.n, 2);
	assert_string_equal(groups.groups[0].name, "old");
	assert_string_equal(groups.groups[1].name, "new");
	assert_int_equal(groups.groups[0].n, 2);
	assert_string_equal(groups.files[0], "old-1.tar");
	assert_string_equal(groups.files[1], "old-2.tar");
	assert_int_equal(groups.groups[1].first, 2);
	groups_release(&groups);
	assert_int_equal(
		groups_make(&groups, &none, "directory", (char **)paths, 4, &no_options, NULL), 0);
	assert_int_equal(groups.n, 2);
	assert_string_equal(groups.groups[1].name, "x");
	groups_release(&groups);
	assert_int_equal(groups_make(&groups, &list, NULL, (char **)paths, 1, &no_options, NULL),
			 0);
	assert_int_equal(groups.n, 2);
	assert_string_equal(groups.groups[0].name, "both");
	assert_int_equal(groups.groups[0].n, 3);
	assert_string_equal(groups.groups[1].name, "old-1");
	groups_release(&groups);
}

static void names_of_groups_differ_and_can_head_a_column(void **state)
{
	const char *paths[] = { "a/run.tar", "b/run.tar", "b/with blank,\"quoted\".tar",
				"n=11.dat" };
	const struct option_list none = { 0 };
	struct groups groups;

	assert_int_equal(groups_make(&groups, &none, NULL, (char **)paths, 4, &no_options, NULL),
			 0);
	assert_string_equal(groups.groups[0].name, "a/run");
	assert_string_equal(groups.groups[1].name, "b/run");
	assert_string_equal(groups.groups[2].name, "with_blank__quoted_");
	assert_int_equal(group_number(&groups.groups[3]), 11);
	assert_true(group_number(&groups.groups[0]) == INT64_MIN);
	groups_release(&groups);
}

static void a_group_is_refused_in_one_sentence(void **state)
{
	const char *bad[] = { "nothing", "=x.tar", "a=", "a=none-*.tar", "a=," };
	const char *twice[] = { "a=old-1.tar", "a=old-2.tar" };
	const struct option_list both = { twice, 2 };
	struct schedtrace_error err;
	struct groups groups;

	for (size_t i = 0; i < 5; i++) {
		const struct option_list list = { &bad[i], 1 };

		assert_true(groups_make(&groups, &list, NULL, NULL, 0, &no_options, &err) < 0);
		assert_non_null(strstr(err.text, "--group"));
		groups_release(&groups);
	}
	assert_true(groups_make(&groups, &both, NULL, NULL, 0, &no_options, &err) < 0);
	assert_non_null(strstr(err.text, "two groups"));
	groups_release(&groups);
}

/* Files 0 to 4 are the base, 5 to 9 the other. */
static const double five_and_five[] = { 5, 1, 4, 2, 3, 15, 11, 14, 12, 13 };

static void a_figure_of_two_groups_has_medians_an_interval_and_an_effect_size(void **state)
{
	struct group group[2] = { { .name = (char *)"old", .first = 0, .n = 5 },
				  { .name = (char *)"new", .first = 5, .n = 5 } };
	const struct groups groups = { .n_files = 10, .groups = group, .n = 2 };
	const struct figure figure = { "t", "f", "1", "about", SCHEDTRACE_INT, five_and_five };
	const struct schedtrace_table *table;
	struct comparison c;

	assert_int_equal(comparison_init(&c, &groups, 10000, 1, NULL), 0);
	assert_int_equal(comparison_add_totals(&c, &figure, 1, NULL), 0);
	table = schedtrace_tables_find(c.tables, "totals_counts");
	assert_non_null(table);
	assert_int_equal(schedtrace_table_ints(table, "old")[0], 3);
	assert_int_equal(schedtrace_table_ints(table, "new")[0], 13);
	assert_int_equal(schedtrace_table_ints(table, "diff_new")[0], 10);
	/* Resampled medians of five are the least or the greatest with probability 0.058 each. */
	assert_true(schedtrace_table_ints(table, "low_new")[0] >= 6);
	assert_true(schedtrace_table_ints(table, "low_new")[0] < 10);
	assert_true(schedtrace_table_ints(table, "high_new")[0] > 10);
	assert_true(schedtrace_table_ints(table, "high_new")[0] <= 14);
	assert_string_equal(schedtrace_table_texts(table, "differs_new")[0], "higher");
	assert_true(fabs(schedtrace_table_reals(table, "change_new")[0] - 1000.0 / 3) < 1e-9);
	assert_true(schedtrace_table_reals(table, "a12_new")[0] == 1);
	comparison_release(&c);
}

static void with_fewer_recordings_than_five_there_is_no_interval(void **state)
{
	struct group group[2] = { { .name = (char *)"old", .first = 0, .n = 6 },
				  { .name = (char *)"new", .first = 6, .n = 4 } };
	const struct groups groups = { .n_files = 10, .groups = group, .n = 2 };
	const struct figure figure = { "t", "f", "ns", "about", SCHEDTRACE_REAL, five_and_five };
	const struct schedtrace_table *table;
	struct comparison c;

	assert_int_equal(comparison_init(&c, &groups, 10000, 1, NULL), 0);
	assert_int_equal(comparison_add_totals(&c, &figure, 1, NULL), 0);
	table = schedtrace_tables_find(c.tables, "totals_time");
	assert_true(schedtrace_table_reals(table, "old")[0] == 3.5);
	assert_true(schedtrace_table_reals(table, "new")[0] == 12.5);
	assert_null(schedtrace_table_reals(table, "low_new"));
	assert_null(schedtrace_table_texts(table, "differs_new"));
	assert_non_null(schedtrace_table_reals(table, "a12_new"));
	comparison_release(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_of_one_name_are_one_row_of_each_recording),
		cmocka_unit_test(a_row_that_a_recording_lacks_has_sums_of_0_and_nothing_else),
		cmocka_unit_test(unknown_values_stay_unknown),
		cmocka_unit_test(without_a_key_a_recording_is_one_row),
		cmocka_unit_test(files_are_grouped_by_name_directory_or_pattern),
		cmocka_unit_test(names_of_groups_differ_and_can_head_a_column),
		cmocka_unit_test(a_group_is_refused_in_one_sentence),
		cmocka_unit_test(a_figure_of_two_groups_has_medians_an_interval_and_an_effect_size),
		cmocka_unit_test(with_fewer_recordings_than_five_there_is_no_interval),
	};

	return cmocka_run_group_tests(tests, make_scratch, remove_scratch);
}
