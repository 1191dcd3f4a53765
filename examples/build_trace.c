/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A trace made in memory, row by row, and an analysis of it: how to try an idea, or to test one. */
#include <inttypes.h>
#include <stdio.h>

#include <schedtrace/schedtrace.h>

static int add_rows(struct schedtrace_builder *b, struct schedtrace_error *err)
{
	/* Task 7 runs on CPU 0 from 1000 to 1600 ns, is preempted, and runs again from 2000 to
	 * 2300. */
	static const struct {
		int64_t timestamp;
		int32_t pid, event;
		int64_t next;
	} rows[] = {
		{ 1000, 0, SCHEDTRACE_CTX_SWITCH, 7 }, { 1600, 7, SCHEDTRACE_CTX_SWITCH, 9 },
		{ 2000, 9, SCHEDTRACE_BLOCK, 0 },      { 2000, 9, SCHEDTRACE_CTX_SWITCH, 7 },
		{ 2300, 7, SCHEDTRACE_BLOCK, 0 },      { 2300, 7, SCHEDTRACE_CTX_SWITCH, 0 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		int r = schedtrace_builder_add(b, rows[i].timestamp, 0, rows[i].pid, rows[i].event,
					       rows[i].next, 0, 0, err);

		if (r)
			return r;
	}
	return 0;
}

static int make_trace(struct schedtrace **trace, struct schedtrace_error *err)
{
	struct schedtrace_builder *b;
	int r = schedtrace_builder_new(&b, err);

	if (r)
		return r;
	r = add_rows(b, err);
	if (r) {
		schedtrace_builder_free(b);
		return r;
	}
	return schedtrace_builder_finish(b, trace, err);
}

int main(void)
{
	const struct schedtrace_table *tasks;
	struct schedtrace_tables *tables;
	struct schedtrace_error err;
	struct schedtrace *trace;
	const int64_t *pid, *on_cpu, *wait;

	if (make_trace(&trace, &err)) {
		fprintf(stderr, "build_trace: %s\n", err.text);
		return 1;
	}
	if (schedtrace_analyze(trace, "tasks", &tables, &err)) {
		fprintf(stderr, "build_trace: %s\n", err.text);
		schedtrace_close(trace);
		return 1;
	}
	tasks = schedtrace_tables_find(tables, "tasks");
	pid = schedtrace_table_ints(tasks, "pid");
	on_cpu = schedtrace_table_ints(tasks, "on_cpu_ns");
	wait = schedtrace_table_ints(tasks, "wait_preempt_ns");
	for (size_t i = 0; i < schedtrace_table_rows(tasks); i++)
		printf("task %" PRId64 " ran %" PRId64 " ns and waited %" PRId64
		       " ns after preemption\n",
		       pid[i], on_cpu[i], wait[i]);
	schedtrace_tables_free(tables);
	schedtrace_close(trace);
	return 0;
}
