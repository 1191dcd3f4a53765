/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How long did each recorded command take, and how many CPUs did it keep busy? A line a tarball. */
#include <stdio.h>
#include <string.h>

#include <schedtrace/schedtrace.h>

static void print_command(const struct schedtrace_info *info, const struct schedtrace_table *table)
{
	const char *const *what = schedtrace_table_texts(table, "what");
	const int64_t *ns = schedtrace_table_ints(table, "completion_ns");
	const double *cpus = schedtrace_table_reals(table, "cpus");
	char command[64];

	/* With its descendants, where the recording knows them; else all that was recorded. */
	for (size_t i = schedtrace_table_rows(table); i-- > 0;) {
		if (!strcmp(what[i], "command"))
			continue;
		printf("%9.3f ms  %.2f CPUs  %s%s\n", (double)ns[i] / 1e6, cpus[i],
		       schedtrace_printable(info->command, command, sizeof(command)),
		       strcmp(what[i], "recording") ? "" : " and all else");
		break;
	}
}

int main(int argc, char **argv)
{
	int r = 0;

	for (int i = 1; i < argc && !r; i++) {
		struct schedtrace_tables *tables = NULL;
		struct schedtrace *trace = NULL;
		struct schedtrace_error err;

		r = schedtrace_open(&trace, argv[i], NULL, &err);
		if (!r)
			r = schedtrace_analyze(trace, "utilization", &tables, &err);
		if (r)
			fprintf(stderr, "completion: %s\n", err.text);
		else
			print_command(schedtrace_context_info(schedtrace_context(trace)),
				      schedtrace_tables_find(tables, "completion"));
		schedtrace_tables_free(tables);
		schedtrace_close(trace);
	}
	return r ? 1 : 0;
}
