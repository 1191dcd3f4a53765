/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>
#include <schedtrace/schedtrace.h>

int main(int argc, char **argv)
{
	struct schedtrace *trace = NULL;
	struct schedtrace_tables *tables = NULL;
	struct schedtrace_error err = { .text = "usage: tasks TARBALL" };

	if (argc != 2 || schedtrace_open(&trace, argv[1], NULL, &err) ||
	    schedtrace_analyze(trace, "tasks,memory", &tables, &err))
		return fprintf(stderr, "tasks: %s\n", err.text), schedtrace_close(trace), 1;
	const struct schedtrace_table *tasks = schedtrace_tables_find(tables, "tasks");
	const struct schedtrace_table *memory = schedtrace_tables_find(tables, "memory");
	const int64_t *pid = schedtrace_table_ints(tasks, "pid");
	const int64_t *on_cpu = schedtrace_table_ints(tasks, "on_cpu_ns");
	const int64_t *migrations = schedtrace_table_ints(tasks, "migrations");
	for (size_t i = 0; i < schedtrace_table_rows(tasks); i++)
		printf("task %ld ran %.3f ms and migrated %ld times\n", (long)pid[i],
		       on_cpu[i] / 1e6, (long)migrations[i]);
	pid = schedtrace_table_ints(memory, "pid");
	const int64_t *peak = schedtrace_table_ints(memory, "mapped_peak_bytes");
	for (size_t i = 0; i < schedtrace_table_rows(memory); i++)
		printf("process %ld mapped at most %ld KiB\n", (long)pid[i], (long)peak[i] / 1024);
	schedtrace_tables_free(tables);
	return schedtrace_close(trace), 0;
}
