/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whose is each CPU? Two tables of one analysis, joined: cpus, and the longest of cpu_tasks. */
#include <stdio.h>

#include <schedtrace/schedtrace.h>

static void print_cpus(const struct schedtrace_tables *tables)
{
	const struct schedtrace_table *cpus = schedtrace_tables_find(tables, "cpus");
	const struct schedtrace_table *users = schedtrace_tables_find(tables, "cpu_tasks");
	const int64_t *cpu = schedtrace_table_ints(cpus, "cpu");
	const double *busy = schedtrace_table_reals(cpus, "busy");
	const int64_t *used = schedtrace_table_ints(users, "cpu");
	const int64_t *pid = schedtrace_table_ints(users, "pid");
	const char *const *comm = schedtrace_table_texts(users, "comm");
	const double *share = schedtrace_table_reals(users, "share");

	for (size_t c = 0; c < schedtrace_table_rows(cpus); c++) {
		size_t longest = SIZE_MAX;
		char name[64];

		for (size_t i = 0; i < schedtrace_table_rows(users); i++)
			if (used[i] == cpu[c] && (longest == SIZE_MAX || share[i] > share[longest]))
				longest = i;
		printf("CPU %lld was busy for %.2f %%", (long long)cpu[c], busy[c]);
		if (longest != SIZE_MAX)
			printf(", most of it for %s (%lld): %.2f %%",
			       schedtrace_printable(comm[longest], name, sizeof(name)),
			       (long long)pid[longest], share[longest]);
		putchar('\n');
	}
}

int main(int argc, char **argv)
{
	struct schedtrace *trace = NULL;
	struct schedtrace_tables *tables = NULL;
	struct schedtrace_error err = { .text = "usage: cpus TARBALL" };
	int r = argc == 2 ? schedtrace_open(&trace, argv[1], NULL, &err) : SCHEDTRACE_E_USAGE;

	if (!r)
		r = schedtrace_analyze(trace, "cpus", &tables, &err);
	if (r)
		fprintf(stderr, "cpus: %s\n", err.text);
	else
		print_cpus(tables);
	schedtrace_tables_free(tables);
	schedtrace_close(trace);
	return r ? 1 : 0;
}
