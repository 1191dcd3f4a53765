/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Traces small enough to check with a pencil, and looks into the tables made from them. */
#ifndef TESTS_UNIT_ROWS_H
#define TESTS_UNIT_ROWS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <schedtrace/schedtrace.h>

struct rows {
	struct schedtrace_builder *builder;
	int64_t window_begin, window_end;
	int32_t comm; /* of the rows to come */
};

static inline void must(int r, const struct schedtrace_error *err)
{
	if (r < 0)
		fail_msg("%s", err->text);
}

/* Which events the recorder recorded; NULL: it does not say. */
static inline void recorded(struct rows *rows, const char *events)
{
	struct schedtrace_context *ctx = schedtrace_builder_context(rows->builder);
	struct schedtrace_info info = *schedtrace_context_info(ctx);
	struct schedtrace_error err;

	info.events = events;
	must(schedtrace_context_set_info(ctx, &info, &err), &err);
}

static inline struct rows rows_new(void)
{
	struct rows rows = { .window_begin = INT64_MIN, .window_end = INT64_MAX };
	struct schedtrace_error err;

	must(schedtrace_builder_new(&rows.builder, &err), &err);
	recorded(&rows, "sched:sched_switch,sched:sched_waking,sched:sched_wakeup,"
			"sched:sched_wakeup_new,sched:sched_migrate_task");
	return rows;
}

static inline void add(struct rows *rows, int64_t t, int32_t cpu, int32_t pid, int32_t event,
		       int64_t arg0, int64_t arg1)
{
	struct schedtrace_error err;

	must(schedtrace_builder_add(rows->builder, t, cpu, pid, event, arg0, arg1, rows->comm,
				    &err),
	     &err);
}

/* What the context knows of a task that was there at the start. */
static inline void at_start(struct rows *rows, int32_t pid, char state, const char *affinity)
{
	struct schedtrace_task task = SCHEDTRACE_TASK_UNKNOWN;
	struct schedtrace_error err;

	task.pid = pid;
	task.state = state;
	task.affinity = affinity;
	must(schedtrace_context_add_task(schedtrace_builder_context(rows->builder), &task, &err),
	     &err);
}

/* The rows of a sched_switch; state is 'R' or prev's state character. */
static inline void sw(struct rows *rows, int64_t t, int32_t cpu, int32_t prev, char state,
		      int32_t next)
{
	if (state != 'R' && state != '+')
		add(rows, t, cpu, prev, SCHEDTRACE_BLOCK, 0, 0);
	if (state == 'D')
		add(rows, t, cpu, prev, SCHEDTRACE_BLOCK_IO, 0, 0);
	if (state != 'R' && state != 'S' && state != 'D')
		add(rows, t, cpu, prev, SCHEDTRACE_STATE, state, 0);
	add(rows, t, cpu, prev, SCHEDTRACE_CTX_SWITCH, next, 0);
}

static inline void runs(struct rows *rows, int64_t t, int32_t cpu, int32_t pid)
{
	add(rows, t, cpu, pid, SCHEDTRACE_RUNS, -1, 0);
}

static inline void wake(struct rows *rows, int64_t t, int32_t cpu, int32_t pid)
{
	add(rows, t, cpu, pid, SCHEDTRACE_WAKEUP, 0, 0);
}

/* Anything goes: every event, few pids and CPUs, small and absurd values. */
static inline struct schedtrace *random_trace(unsigned int seed, int n, int32_t last_cpu)
{
	static const int64_t odd[] = { INT64_MIN, INT64_MAX, -1, 0, 1, 65534, 65535, 1LL << 32 };
	struct rows b = rows_new();
	struct schedtrace_context *ctx = schedtrace_builder_context(b.builder);
	struct schedtrace_error err;
	struct schedtrace *trace;
	int64_t t = 1000;

	for (int i = 0; i < 4; i++) {
		char name[2] = { (char)('a' + i), '\0' };

		schedtrace_context_intern_comm(ctx, name, 1, NULL);
	}
	while (n--) {
		int event = rand_r(&seed) % SCHEDTRACE_EVENT_COUNT;
		int64_t args[2];

		for (int k = 0; k < 2; k++)
			args[k] = rand_r(&seed) % 8 ? rand_r(&seed) % 12
						    : odd[(unsigned int)rand_r(&seed) % 8];
		if (event == SCHEDTRACE_STATE)
			args[0] = "ITtXZP+?"[(unsigned int)rand_r(&seed) % 8];
		if (event == SCHEDTRACE_LOST)
			args[1] = t - rand_r(&seed) % 50;
		b.comm = rand_r(&seed) % 5;
		t += rand_r(&seed) % 5;
		add(&b, t, rand_r(&seed) % 20 ? rand_r(&seed) % 3 : last_cpu,
		    rand_r(&seed) % 14 - 1, rand_r(&seed) % 3 ? event : SCHEDTRACE_CTX_SWITCH,
		    args[0], args[1]);
	}
	must(schedtrace_builder_finish(b.builder, &trace, &err), &err);
	return trace;
}

struct result {
	struct schedtrace *trace;
	struct schedtrace_tables *tables;
};

/* Runs analyses (@names with commas between) over the rows, with their window; ends the rows. */
static inline struct result result_of(struct rows *rows, const char *names)
{
	struct schedtrace_engine *engine;
	const struct schedtrace_events *all;
	struct schedtrace_error err;
	struct result result;

	must(schedtrace_builder_finish(rows->builder, &result.trace, &err), &err);
	must(schedtrace_load(result.trace, &all, &err), &err);
	must(schedtrace_engine_new(&engine, schedtrace_context(result.trace), &err), &err);
	for (const char *p = names; *p; p += strspn(p, ",")) {
		char name[64] = "";

		strncat(name, p, strcspn(p, ","));
		p += strlen(name);
		must(schedtrace_engine_add(engine, name, &err), &err);
	}
	must(schedtrace_engine_set_window(engine, rows->window_begin, rows->window_end, &err),
	     &err);
	must(schedtrace_engine_feed(engine, all, &err), &err);
	must(schedtrace_engine_snapshot(engine, &result.tables, &err), &err);
	schedtrace_engine_free(engine);
	return result;
}

struct log_text {
	const char *name;
	FILE *f;
};

static inline int log_line(void *user, const struct schedtrace_table_info *log,
			   const union schedtrace_value *values, struct schedtrace_error *err)
{
	struct log_text *text = (struct log_text *)user;

	if (strcmp(log->name, text->name))
		return 0;
	for (size_t i = 0; i < log->n_columns; i++) {
		if (i)
			fputc('|', text->f);
		if (log->columns[i]->type == SCHEDTRACE_TEXT)
			fputs(values[i].s ? values[i].s : "-", text->f);
		else if (log->columns[i]->type == SCHEDTRACE_REAL)
			fprintf(text->f, "%g", values[i].f);
		else if (values[i].i == INT64_MIN)
			fputc('-', text->f);
		else
			fprintf(text->f, "%lld", (long long)values[i].i);
	}
	fputc('\n', text->f);
	return 0;
}

/* The lines of a log, values with | between and - unknown; the caller frees. Ends the rows. */
static inline char *log_of(struct rows *rows, const char *analysis, const char *log)
{
	struct log_text text = { .name = log };
	struct schedtrace_sink sink = { sizeof(sink), &text, log_line };
	struct schedtrace_engine *engine;
	const struct schedtrace_events *all;
	struct schedtrace_error err;
	struct schedtrace *trace;
	char *lines = NULL;
	size_t size;

	text.f = open_memstream(&lines, &size);
	assert_non_null(text.f);
	must(schedtrace_builder_finish(rows->builder, &trace, &err), &err);
	must(schedtrace_load(trace, &all, &err), &err);
	must(schedtrace_engine_new(&engine, schedtrace_context(trace), &err), &err);
	must(schedtrace_engine_add(engine, analysis, &err), &err);
	must(schedtrace_engine_set_window(engine, rows->window_begin, rows->window_end, &err),
	     &err);
	must(schedtrace_engine_set_sink(engine, &sink, &err), &err);
	must(schedtrace_engine_feed(engine, all, &err), &err);
	schedtrace_engine_free(engine);
	schedtrace_close(trace);
	fclose(text.f);
	return lines;
}

static inline void result_free(struct result *result)
{
	schedtrace_tables_free(result->tables);
	schedtrace_close(result->trace);
}

static inline const struct schedtrace_table *table_of(const struct result *result, const char *name)
{
	const struct schedtrace_table *table = schedtrace_tables_find(result->tables, name);

	if (!table)
		fail_msg("there is no table %s", name);
	return table;
}

/* The value of @column in the @nth row (from 0) whose @key column is @value. */
static inline int64_t nth(const struct result *result, const char *table_name, const char *key,
			  int64_t value, size_t n, const char *column)
{
	const struct schedtrace_table *table = table_of(result, table_name);
	const int64_t *keys = schedtrace_table_ints(table, key);
	const int64_t *values = schedtrace_table_ints(table, column);

	if (!keys || !values)
		fail_msg("table %s lacks column %s or %s", table_name, key, column);
	for (size_t i = 0; i < schedtrace_table_rows(table); i++) {
		if (keys[i] == value && !n--)
			return values[i];
	}
	fail_msg("table %s has no such row with %s = %lld", table_name, key, (long long)value);
	return 0;
}

static inline int64_t of_pid(const struct result *result, const char *table, int64_t pid,
			     const char *column)
{
	return nth(result, table, "pid", pid, 0, column);
}

#endif
