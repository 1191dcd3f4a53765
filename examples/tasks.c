/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Run time and migrations of every task, and memory of every process, of one tarball. */
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
	for (size_t i = 0; i < schedtrace_table_rows(tasks); i++)
		printf("task %lld ran %.3f ms and migrated %lld times\n",
		       (long long)schedtrace_table_ints(tasks, "pid")[i],
		       schedtrace_table_ints(tasks, "on_cpu_ns")[i] / 1e6,
		       (long long)schedtrace_table_ints(tasks, "migrations")[i]);
	for (size_t i = 0; i < schedtrace_table_rows(memory); i++)
		printf("process %lld has mapped %lld bytes, at most %lld\n",
		       (long long)schedtrace_table_ints(memory, "pid")[i],
		       (long long)schedtrace_table_ints(memory, "mapped_bytes")[i],
		       (long long)schedtrace_table_ints(memory, "mapped_peak_bytes")[i]);
	schedtrace_tables_free(tables);
	schedtrace_close(trace);
	return 0;
}
