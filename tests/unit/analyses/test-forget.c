/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tasks that ended are let go, and what the tables add up to stays. */
#include "tests/unit/rows.h"
#include "tests/unit/short_tasks.h"

static struct schedtrace_engine *engine_of(const struct schedtrace_context *ctx)
{
	struct schedtrace_engine *engine;
	struct schedtrace_error err;

	must(schedtrace_engine_new(&engine, ctx, &err), &err);
	for (size_t i = 0; schedtrace_analysis_at(i); i++)
		must(schedtrace_engine_add(engine, schedtrace_analysis_at(i)->name, &err), &err);
	return engine;
}

/* Whether rows of it are those of single tasks, which those of many may take the place of. */
static bool is_of_tasks(const struct schedtrace_table *table)
{
	static const char *const names[] = {
		"tasks",    "cpu_tasks",    "migrations",	 "latency",
		"timehist", "map",	    "utilization_tasks", "utilization_intervals",
		"waits",    "wait_reasons", "antagonists",	 "memory",
		"faults",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (!strcmp(schedtrace_table_info(table)->name, names[i]))
			return true;
	return false;
}

/* Values that stand for each other are of the same names, in the same place. */
static bool is_key(const char *table, const char *column)
{
	static const char *const names[] = { "comm", "kind", "source" };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (!strcmp(column, names[i]))
			return true;
	return (!strcmp(table, "cpu_tasks") && !strcmp(column, "cpu")) ||
	       (!strcmp(table, "utilization_intervals") && !strcmp(column, "begin_ns"));
}

/* What adds up, or is the largest. */
static bool is_compared(const char *table, const struct schedtrace_column_info *column)
{
	/* Those of antagonists that make room for others are not remembered. */
	if (!strcmp(table, "antagonists") && !strcmp(column->name, "preemptions"))
		return false;
	/* Of a row's first antagonist; unknown where one of several waits has no bound. */
	if (!strcmp(column->name, "by_ns") || !strcmp(column->name, "uncertain_max_ns"))
		return false;
	return column->type == SCHEDTRACE_INT &&
	       (column->merge == SCHEDTRACE_MERGE_SUM || column->merge == SCHEDTRACE_MERGE_MAX);
}

struct group {
	char *key;
	int64_t values[32]; /* sums, or the largest */
};

struct groups {
	struct group *all;
	size_t n;
};

static char *key_of(const struct schedtrace_table *table, size_t row)
{
	const struct schedtrace_table_info *info = schedtrace_table_info(table);
	char *text;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	for (size_t c = 0; c < info->n_columns; c++) {
		union schedtrace_value v = schedtrace_table_value(table, row, c);

		if (!is_key(info->name, info->columns[c]->name))
			continue;
		if (info->columns[c]->type == SCHEDTRACE_TEXT)
			fprintf(f, "%s|", v.s ? v.s : "-");
		else
			fprintf(f, "%lld|", (long long)v.i);
	}
	fclose(f);
	return text;
}

static struct group *group_of(struct groups *groups, char *key)
{
	for (size_t i = 0; i < groups->n; i++) {
		if (!strcmp(groups->all[i].key, key)) {
			free(key);
			return &groups->all[i];
		}
	}
	groups->all = realloc(groups->all, (groups->n + 1) * sizeof(*groups->all));
	groups->all[groups->n] = (struct group){ .key = key };
	return &groups->all[groups->n++];
}

static struct groups groups_of(const struct schedtrace_table *table)
{
	const struct schedtrace_table_info *info = schedtrace_table_info(table);
	struct groups groups = { NULL, 0 };

	for (size_t row = 0; row < schedtrace_table_rows(table); row++) {
		struct group *group = group_of(&groups, key_of(table, row));

		for (size_t c = 0; c < info->n_columns; c++) {
			const struct schedtrace_column_info *column = info->columns[c];
			int64_t v = schedtrace_table_value(table, row, c).i;

			if (!is_compared(info->name, column) || v == INT64_MIN)
				continue;
			if (column->merge == SCHEDTRACE_MERGE_SUM)
				group->values[c] += v;
			else if (v > group->values[c])
				group->values[c] = v;
		}
	}
	return groups;
}

static void groups_free(struct groups *groups)
{
	for (size_t i = 0; i < groups->n; i++)
		free(groups->all[i].key);
	free(groups->all);
}

static void assert_same_sums(const struct schedtrace_table *whole,
			     const struct schedtrace_table *forgot)
{
	const struct schedtrace_table_info *info = schedtrace_table_info(whole);
	struct groups a = groups_of(whole), b = groups_of(forgot);

	if (a.n != b.n)
		fail_msg("table %s has %zu groups, not %zu", info->name, b.n, a.n);
	for (size_t i = 0; i < a.n; i++) {
		const struct group *other = group_of(&b, strdup(a.all[i].key));

		for (size_t c = 0; c < info->n_columns; c++)
			if (a.all[i].values[c] != other->values[c])
				fail_msg("%s, %s, %s: %lld, not %lld", info->name, a.all[i].key,
					 info->columns[c]->name, (long long)other->values[c],
					 (long long)a.all[i].values[c]);
	}
	groups_free(&a);
	groups_free(&b);
}

static int compare_lines(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The rows as text, sorted: without the pids of others, which may be unknown, and without
 * places. */
static char **lines_of(const struct schedtrace_table *table)
{
	const struct schedtrace_table_info *info = schedtrace_table_info(table);
	size_t n = schedtrace_table_rows(table);
	char **lines = calloc(n + 1, sizeof(*lines));

	for (size_t row = 0; row < n; row++) {
		size_t size;
		FILE *f = open_memstream(&lines[row], &size);

		for (size_t c = 0; c < info->n_columns; c++) {
			const struct schedtrace_column_info *column = info->columns[c];
			union schedtrace_value v = schedtrace_table_value(table, row, c);

			if (!strcmp(column->name, "waker_pid") ||
			    !strcmp(column->name, "ran_pid") || !strcmp(column->name, "ran"))
				continue;
			if (column->type == SCHEDTRACE_TEXT)
				fprintf(f, "%s=%s ", column->name, v.s ? v.s : "-");
			else if (column->type == SCHEDTRACE_REAL)
				fprintf(f, "%s=%.9g ", column->name, v.f);
			else
				fprintf(f, "%s=%lld ", column->name, (long long)v.i);
		}
		fclose(f);
	}
	qsort(lines, n, sizeof(*lines), compare_lines);
	return lines;
}

static void assert_same_rows(const struct schedtrace_table *whole,
			     const struct schedtrace_table *forgot)
{
	char **a = lines_of(whole), **b = lines_of(forgot);
	size_t n = schedtrace_table_rows(whole);

	if (schedtrace_table_rows(forgot) != n)
		fail_msg("table %s has %zu rows, not %zu", schedtrace_table_info(whole)->name,
			 schedtrace_table_rows(forgot), n);
	for (size_t i = 0; i < n; i++) {
		if (strcmp(a[i], b[i]))
			fail_msg("table %s:\n%s\nnot\n%s", schedtrace_table_info(whole)->name, b[i],
				 a[i]);
		free(a[i]);
		free(b[i]);
	}
	free(a);
	free(b);
}

static void assert_same(const struct schedtrace_tables *whole,
			const struct schedtrace_tables *forgot)
{
	for (size_t i = 0; i < schedtrace_tables_count(whole); i++) {
		const struct schedtrace_table *table = schedtrace_tables_at(whole, i), *other;

		other = schedtrace_tables_find(forgot, schedtrace_table_info(table)->name);
		assert_non_null(other);
		if (is_of_tasks(table))
			assert_same_sums(table, other);
		else
			assert_same_rows(table, other);
	}
}

/* Feeds @rounds batches to one engine that forgets and one that does not. */
static void compare(unsigned int living, int32_t pid_max, unsigned int losses, int rounds,
		    int64_t window_begin)
{
	struct short_tasks *s = short_tasks_new(living, pid_max, 2000);
	struct schedtrace_engine *whole = engine_of(s->ctx), *forgets = engine_of(s->ctx);
	struct schedtrace_tables *a, *b;
	struct schedtrace_error err;

	s->losses = losses;
	must(schedtrace_engine_set_window(whole, window_begin, INT64_MAX, &err), &err);
	must(schedtrace_engine_set_window(forgets, window_begin, INT64_MAX, &err), &err);
	for (int i = 0; i < rounds; i++) {
		struct schedtrace_events rows = short_tasks_next(s, UINT64_MAX / 2);

		must(schedtrace_engine_feed(whole, &rows, &err), &err);
		must(schedtrace_engine_feed(forgets, &rows, &err), &err);
		must(schedtrace_engine_forget(forgets, s->now - 10000, &err), &err);
		if (i % 8 && i + 1 < rounds)
			continue;
		must(schedtrace_engine_snapshot(whole, &a, &err), &err);
		must(schedtrace_engine_snapshot(forgets, &b, &err), &err);
		assert_same(a, b);
		schedtrace_tables_free(a);
		schedtrace_tables_free(b);
	}
	schedtrace_engine_free(whole);
	schedtrace_engine_free(forgets);
	short_tasks_free(s);
}

static void sums_stay_when_tasks_are_let_go(void **state)
{
	compare(40, 2000, 0, 16, INT64_MIN);
	compare(300, 2000, 0, 4, INT64_MIN);
}

static void sums_stay_in_a_window(void **state)
{
	compare(40, 2000, 0, 20, 4000000);
}

static void sums_stay_where_records_are_lost(void **state)
{
	compare(40, 30000, 50, 24, INT64_MIN);
}

/* Feeds the rows to all analyses; ends the rows. */
static struct schedtrace_engine *feed(struct rows *rows, struct schedtrace **trace)
{
	const struct schedtrace_events *all;
	struct schedtrace_engine *engine;
	struct schedtrace_error err;

	must(schedtrace_builder_finish(rows->builder, trace, &err), &err);
	must(schedtrace_load(*trace, &all, &err), &err);
	engine = engine_of(schedtrace_context(*trace));
	must(schedtrace_engine_feed(engine, all, &err), &err);
	return engine;
}

static struct result snapshot_of(struct schedtrace_engine *engine)
{
	struct result result = { NULL, NULL };
	struct schedtrace_error err;

	must(schedtrace_engine_snapshot(engine, &result.tables, &err), &err);
	return result;
}

/* Task @pid is made, runs from @begin for 100 ns, and ends. */
static void short_life(struct rows *rows, int64_t begin, int32_t pid, int32_t tgid)
{
	add(rows, begin, 0, pid, SCHEDTRACE_NEWTASK, 0, tgid);
	add(rows, begin, 0, pid, SCHEDTRACE_WAKEUP_NEW, 0, 0);
	sw(rows, begin, 0, 0, 'R', pid);
	add(rows, begin + 50, 0, pid, SCHEDTRACE_PAGE_FAULT_USER, 0x1000, 0);
	add(rows, begin + 90, 0, pid, SCHEDTRACE_STAT_RUNTIME, 90, 0);
	sw(rows, begin + 100, 0, pid, 'X', 0);
}

static struct rows rows_of_name(const char *name)
{
	struct rows rows = rows_new();

	rows.comm = schedtrace_context_intern_comm(schedtrace_builder_context(rows.builder), name,
						   strlen(name), NULL);
	return rows;
}

static void many_are_one_row_with_a_name_and_no_pid(void **state)
{
	struct rows rows = rows_of_name("make");
	struct schedtrace_engine *engine;
	struct schedtrace *trace;
	struct schedtrace_error err;
	struct result result;

	short_life(&rows, 1000, 7, 7);
	short_life(&rows, 2000, 8, 8);
	short_life(&rows, 3000, 9, 9);
	engine = feed(&rows, &trace);
	must(schedtrace_engine_forget(engine, 2500, &err), &err);
	result = snapshot_of(engine);
	assert_int_equal(schedtrace_table_rows(table_of(&result, "tasks")), 2);
	assert_int_equal(of_pid(&result, "tasks", INT64_MIN, "on_cpu_ns"), 200);
	assert_int_equal(of_pid(&result, "tasks", INT64_MIN, "charged_ns"), 180);
	assert_int_equal(of_pid(&result, "tasks", 9, "on_cpu_ns"), 100);
	assert_int_equal(of_pid(&result, "memory", INT64_MIN, "faults_user"), 2);
	assert_string_equal(schedtrace_table_texts(table_of(&result, "tasks"), "comm")[1], "make");
	assert_int_equal(schedtrace_table_rows(table_of(&result, "forgotten")), 1);
	assert_int_equal(schedtrace_table_ints(table_of(&result, "forgotten"), "lives")[0], 2);
	assert_int_equal(schedtrace_table_ints(table_of(&result, "forgotten"), "end_ns")[0], 2100);
	result_free(&result);
	schedtrace_engine_free(engine);
	schedtrace_close(trace);
}

static void further_names_are_one_row_without_a_name(void **state)
{
	struct rows rows = rows_new();
	struct schedtrace_context *ctx = schedtrace_builder_context(rows.builder);
	struct schedtrace_engine *engine;
	struct schedtrace *trace;
	struct schedtrace_error err;
	struct result result;
	int64_t sum = 0;

	for (int32_t i = 1; i <= 5000; i++) {
		char name[16];

		rows.comm = schedtrace_context_intern_comm(
			ctx, name, (size_t)snprintf(name, sizeof(name), "w%d", i), NULL);
		short_life(&rows, 1000 * i, i, i);
	}
	engine = feed(&rows, &trace);
	must(schedtrace_engine_forget(engine, INT64_MAX, &err), &err);
	result = snapshot_of(engine);
	assert_in_range(schedtrace_table_rows(table_of(&result, "tasks")), 4096, 4098);
	for (size_t i = 0; i < schedtrace_table_rows(table_of(&result, "tasks")); i++)
		sum += schedtrace_table_ints(table_of(&result, "tasks"), "on_cpu_ns")[i];
	assert_int_equal(sum, 500000);
	result_free(&result);
	schedtrace_engine_free(engine);
	schedtrace_close(trace);
}

static void who_goes_on_is_not_let_go(void **state)
{
	struct rows rows = rows_of_name("make");
	struct schedtrace_engine *engine;
	struct schedtrace *trace;
	struct schedtrace_error err;
	struct result result;

	short_life(&rows, 1000, 7, 7);
	add(&rows, 1100, 0, 8, SCHEDTRACE_NEWTASK, 0x10000, 7); /* a thread of 7 */
	add(&rows, 1100, 0, 8, SCHEDTRACE_WAKEUP_NEW, 0, 0);
	add(&rows, 9000, 0, 0, SCHEDTRACE_CPU_IDLE, 0, 0);
	engine = feed(&rows, &trace);
	must(schedtrace_engine_forget(engine, INT64_MAX, &err), &err);
	result = snapshot_of(engine);
	assert_int_equal(schedtrace_table_rows(table_of(&result, "tasks")), 2);
	assert_int_equal(of_pid(&result, "tasks", 7, "on_cpu_ns"), 100);
	assert_null(schedtrace_tables_find(result.tables, "forgotten"));
	result_free(&result);
	schedtrace_engine_free(engine);
	schedtrace_close(trace);
}

static void a_row_about_one_that_was_let_go_counts_once(void **state)
{
	struct rows rows = rows_of_name("make"), later = rows_of_name("make");
	const struct schedtrace_events *late;
	struct schedtrace_engine *engine;
	struct schedtrace *trace, *other;
	struct schedtrace_error err;
	struct result result;

	short_life(&rows, 1000, 7, 7);
	add(&rows, 2000, 0, 0, SCHEDTRACE_CPU_IDLE, 0, 0);
	add(&later, 3000, 0, 7, SCHEDTRACE_STAT_RUNTIME, 5, 0);
	add(&later, 4000, 0, 0, SCHEDTRACE_CPU_IDLE, 0, 0);
	engine = feed(&rows, &trace);
	must(schedtrace_builder_finish(later.builder, &other, &err), &err);
	must(schedtrace_load(other, &late, &err), &err);
	must(schedtrace_engine_forget(engine, 1500, &err), &err);
	must(schedtrace_engine_feed(engine, late, &err), &err);
	result = snapshot_of(engine);
	assert_int_equal(of_pid(&result, "tasks", INT64_MIN, "charged_ns"), 90);
	assert_int_equal(of_pid(&result, "tasks", 7, "charged_ns"), 5);
	assert_int_equal(of_pid(&result, "tasks", 7, "wait_hi_ns"), 0);
	result_free(&result);
	must(schedtrace_engine_forget(engine, 3500, &err), &err);
	result = snapshot_of(engine);
	assert_int_equal(schedtrace_table_rows(table_of(&result, "tasks")), 1);
	assert_int_equal(of_pid(&result, "tasks", INT64_MIN, "charged_ns"), 95);
	assert_int_equal(schedtrace_table_ints(table_of(&result, "forgotten"), "lives")[0], 1);
	assert_int_equal(schedtrace_table_ints(table_of(&result, "completion"), "tasks")[0], 1);
	result_free(&result);
	schedtrace_engine_free(engine);
	schedtrace_close(trace);
	schedtrace_close(other);
}

static void hostile_rows_can_be_let_go(void **state)
{
	for (unsigned int seed = 0; seed < 30; seed++) {
		struct schedtrace *trace = random_trace(seed, 400, 3);
		struct schedtrace_engine *engine = engine_of(schedtrace_context(trace));
		const struct schedtrace_events *all;
		struct schedtrace_error err;
		struct result result;

		must(schedtrace_load(trace, &all, &err), &err);
		for (size_t i = 0; i < all->n; i += 20) {
			struct schedtrace_events ev = {
				.n = all->n - i < 20 ? all->n - i : 20,
				.timestamp = all->timestamp + i,
				.pid = all->pid + i,
				.event = all->event + i,
				.cpu = all->cpu + i,
				.arg0 = all->arg0 + i,
				.arg1 = all->arg1 + i,
				.comm = all->comm ? all->comm + i : NULL,
			};

			must(schedtrace_engine_feed(engine, &ev, &err), &err);
			must(schedtrace_engine_forget(engine, INT64_MAX, &err), &err);
			result = snapshot_of(engine);
			result_free(&result);
		}
		schedtrace_engine_free(engine);
		schedtrace_close(trace);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(many_are_one_row_with_a_name_and_no_pid),
		cmocka_unit_test(further_names_are_one_row_without_a_name),
		cmocka_unit_test(who_goes_on_is_not_let_go),
		cmocka_unit_test(a_row_about_one_that_was_let_go_counts_once),
		cmocka_unit_test(hostile_rows_can_be_let_go),
		cmocka_unit_test(sums_stay_when_tasks_are_let_go),
		cmocka_unit_test(sums_stay_in_a_window),
		cmocka_unit_test(sums_stay_where_records_are_lost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
