/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Every table and log of every analysis says how it is to be treated, in names that are there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include <schedtrace/schedtrace.h>

/* Calls for each table and log. */
static void for_each(void (*check)(const struct schedtrace_table_info *info, bool is_log))
{
	const struct schedtrace_analysis_info *analysis;

	for (size_t i = 0; (analysis = schedtrace_analysis_at(i)); i++) {
		for (size_t t = 0; t < analysis->n_tables; t++)
			check(analysis->tables[t], false);
		for (size_t l = 0; l < analysis->n_logs; l++)
			check(analysis->logs[l], true);
	}
}

/* The table or log of a name, NULL when there is none. */
static const struct schedtrace_table_info *find(const char *name)
{
	const struct schedtrace_analysis_info *analysis;

	for (size_t i = 0; (analysis = schedtrace_analysis_at(i)); i++) {
		for (size_t t = 0; t < analysis->n_tables; t++)
			if (!strcmp(analysis->tables[t]->name, name))
				return analysis->tables[t];
		for (size_t l = 0; l < analysis->n_logs; l++)
			if (!strcmp(analysis->logs[l]->name, name))
				return analysis->logs[l];
	}
	return NULL;
}

static size_t column_of(const struct schedtrace_table_info *info, const char *word, size_t n)
{
	char name[64];

	snprintf(name, sizeof(name), "%.*s", (int)n, word);
	return schedtrace_column_index(info, name);
}

/* Every word of @list, between the characters of @signs, is a column; what follows a @skip is
 * none. */
static void columns_exist(const struct schedtrace_table_info *info, const char *what,
			  const char *list, const char *signs, char skip)
{
	for (; list && *list; list += !!*list) {
		size_t n = strcspn(list, signs);

		if (n && column_of(info, list, n) == SIZE_MAX)
			fail_msg("%s: %s: no column %.*s", info->name, what, (int)n, list);
		list += n;
		if (skip && *list == skip)
			list += strcspn(list, ",");
	}
}

static void check_column(const struct schedtrace_table_info *info, bool is_log)
{
	static const struct {
		enum schedtrace_kind kind;
		const char *unit;
	} units[] = {
		{ SCHEDTRACE_KIND_TEXT, "" },	    { SCHEDTRACE_KIND_ID, "" },
		{ SCHEDTRACE_KIND_ADDRESS, "" },    { SCHEDTRACE_KIND_STAMP, "ns" },
		{ SCHEDTRACE_KIND_DURATION, "ns" }, { SCHEDTRACE_KIND_COUNT, "1" },
		{ SCHEDTRACE_KIND_SIZE, "bytes" },  { SCHEDTRACE_KIND_SHARE, "%" },
	};

	for (size_t c = 0; c < info->n_columns; c++) {
		const struct schedtrace_column_info *column = info->columns[c];

		if (column->kind < SCHEDTRACE_KIND_TEXT || column->kind > SCHEDTRACE_KIND_AMOUNT)
			fail_msg("%s.%s has no kind", info->name, column->name);
		for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++)
			if (units[i].kind == column->kind && strcmp(units[i].unit, column->unit))
				fail_msg("%s.%s: its kind has another unit than %s", info->name,
					 column->name, column->unit);
		assert_int_equal(column->type == SCHEDTRACE_TEXT,
				 column->kind == SCHEDTRACE_KIND_TEXT);
		if (column->kind <= SCHEDTRACE_KIND_STAMP)
			assert_int_equal(column->merge, SCHEDTRACE_MERGE_NONE);
		columns_exist(info, "weight", column->weight, "+", 0);
		assert_true(!column->weight || column->merge == SCHEDTRACE_MERGE_MEAN ||
			    column->part);
		columns_exist(info, "of", column->of, "", 0);
		columns_exist(info, "part", column->part, "", 0);
	}
}

static void each_column_has_a_kind_that_fits_its_unit_and_its_merging(void **state)
{
	for_each(check_column);
}

static void check_most(const struct schedtrace_table_info *info, bool is_log)
{
	for (size_t c = 0; c < info->n_columns; c++) {
		const struct schedtrace_column_info *column = info->columns[c];
		bool owned = false;

		assert_true(column->most || !column->adds);
		if (column->most) {
			size_t most = schedtrace_column_index(info, column->most);

			assert_true(most < info->n_columns);
			assert_string_equal(info->columns[most]->unit, column->unit);
		}
		for (size_t o = 0; o < info->n_columns; o++)
			owned |= info->columns[o]->most &&
				 !strcmp(info->columns[o]->most, column->name);
		if (strstr(column->name, "_hi_") && !owned)
			fail_msg("%s.%s bounds no column", info->name, column->name);
	}
}

static void each_upper_bound_is_that_of_a_column_of_its_unit(void **state)
{
	for_each(check_most);
}

static void check_key(const struct schedtrace_table_info *info, bool is_log)
{
	static const char *const single[] = { "work_conservation", "memory_system" };
	bool one_row = false;

	for (size_t i = 0; i < sizeof(single) / sizeof(*single); i++)
		one_row |= !strcmp(info->name, single[i]);
	if (!info->key != one_row)
		fail_msg("%s has %s key", info->name, one_row ? "a" : "no");
	columns_exist(info, "key", info->key, ",", 0);
	columns_exist(info, "order", info->order, ",-", 0);
	columns_exist(info, "first", info->first, ",", 0);
	if (is_log) /* its rows come in the order of time */
		assert_null(info->order);
}

static void each_table_with_several_rows_has_a_key_and_its_lists_name_columns(void **state)
{
	for_each(check_key);
}

static void check_compare(const struct schedtrace_table_info *info, bool is_log)
{
	const struct schedtrace_table_compare *compare = info->compare;

	if (!compare)
		return;
	assert_false(is_log);
	assert_true(compare->same || compare->totals);
	columns_exist(info, "same", compare->same, ",", 0);
	columns_exist(info, "totals", compare->totals, ",=", '=');
	columns_exist(info, "measures", compare->measures, ",", 0);
	for (const char *list = compare->measures; list && *list; list += !!*list) {
		size_t n = strcspn(list, ",");

		if (info->columns[column_of(info, list, n)]->merge == SCHEDTRACE_MERGE_NONE)
			fail_msg("%s: %.*s is no figure", info->name, (int)n, list);
		list += n;
	}
}

static void what_is_compared_are_figures_and_what_they_merge_by_columns(void **state)
{
	for_each(check_compare);
}

static void check_picture(const struct schedtrace_picture *picture)
{
	const struct schedtrace_table_info *info = find(picture->from);

	assert_non_null(info);
	assert_in_range(picture->kind, SCHEDTRACE_PICTURE_BARS, SCHEDTRACE_PICTURE_MIGRATION_RATE);
	columns_exist(info, "labels", picture->labels, ",", 0);
	columns_exist(info, "values", picture->values, ",-:", ':');
	assert_true(!picture->ranked || find(picture->ranked));
	assert_true(!picture->ranked_on_cpus || find(picture->ranked_on_cpus));
}

static void check_pictures(const struct schedtrace_table_info *info, bool is_log)
{
	for (size_t i = 0; info->pictures && info->pictures[i]; i++) {
		assert_string_equal(info->pictures[i]->from, info->name);
		check_picture(info->pictures[i]);
	}
}

static void each_picture_is_of_a_table_or_log_and_of_columns_that_there_are(void **state)
{
	const struct schedtrace_analysis_info *analysis;

	for_each(check_pictures);
	for (size_t i = 0; (analysis = schedtrace_analysis_at(i)); i++) {
		assert_non_null(analysis->pictures);
		for (size_t p = 0; analysis->pictures[p]; p++)
			check_picture(analysis->pictures[p]);
	}
}

/* Every word of @list is a column, maybe a hidden one. */
static void hidden_exist(const struct schedtrace_table_info *info, const char *list)
{
	for (; list && *list; list += !!*list) {
		size_t n = strcspn(list, ","), c = 0;

		while (c < info->n_columns + info->n_hidden &&
		       (strlen(info->columns[c]->name) != n ||
			memcmp(info->columns[c]->name, list, n)))
			c++;
		if (c == info->n_columns + info->n_hidden)
			fail_msg("%s: no column %.*s", info->name, (int)n, list);
		list += n;
	}
}

static void check_interval(const struct schedtrace_table_info *info, bool is_log)
{
	const struct schedtrace_table_interval *interval = info->interval;

	assert_true(interval || !info->n_hidden);
	if (!interval)
		return;
	hidden_exist(info, interval->same);
	hidden_exist(info, interval->lasting);
	hidden_exist(info, interval->lasting_in);
	hidden_exist(info, interval->rest);
	assert_true(!interval->lasting == !interval->lasting_in);
}

/* A pid comes again. */
static void check_lives(const struct schedtrace_table_info *info, bool is_log)
{
	bool usual = !info->interval || info->interval->change == SCHEDTRACE_CHANGE_USUAL;

	if (!is_log && usual && schedtrace_column_index(info, "pid") != SIZE_MAX)
		assert_true(info->n_hidden && info->interval->same);
	/* By it the engine leaves the rows of the command's tasks. */
	if (!is_log && info->choices & SCHEDTRACE_BY_TASK)
		hidden_exist(info, "life");
}

static void rows_of_tasks_are_found_again_by_their_lives(void **state)
{
	for_each(check_interval);
	for_each(check_lives);
}

static bool is_event(const char *name)
{
	for (int id = 0; id < SCHEDTRACE_EVENT_COUNT; id++) {
		const struct schedtrace_event_info *event = schedtrace_event_info(id);

		if (event && !strcmp(event->name, name))
			return true;
	}
	return false;
}

static void check_needs(const struct schedtrace_table_info *info, bool is_log)
{
	assert_true(!info->needs || is_event(info->needs));
	assert_true(!info->shown_with || is_event(info->shown_with));
	for (size_t c = 0; c < info->n_columns; c++)
		assert_true(!info->columns[c]->needs || is_event(info->columns[c]->needs));
}

static void what_a_table_needs_are_events(void **state)
{
	for_each(check_needs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_column_has_a_kind_that_fits_its_unit_and_its_merging),
		cmocka_unit_test(each_upper_bound_is_that_of_a_column_of_its_unit),
		cmocka_unit_test(each_table_with_several_rows_has_a_key_and_its_lists_name_columns),
		cmocka_unit_test(what_is_compared_are_figures_and_what_they_merge_by_columns),
		cmocka_unit_test(each_picture_is_of_a_table_or_log_and_of_columns_that_there_are),
		cmocka_unit_test(rows_of_tasks_are_found_again_by_their_lives),
		cmocka_unit_test(what_a_table_needs_are_events),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
