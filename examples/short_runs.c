/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which tasks get a CPU only to leave it soon? Of every switch that perf sched timehist would show,
 * the runs shorter than a limit (100 us, or the second argument) are counted by the task's name.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <schedtrace/schedtrace.h>

static struct {
	char name[64];
	int runs, short_runs;
} tasks[10000];
static int64_t limit_ns = 100000;

static int count(void *user, const struct schedtrace_table_info *log,
		 const union schedtrace_value *values, struct schedtrace_error *err)
{
	int64_t run_ns = values[schedtrace_column_index(log, "run_ns")].i;
	char name[64];
	size_t i = 0;

	/* Not the idle task, and no run of which the begin is doubtful. */
	if (!values[schedtrace_column_index(log, "pid")].i || run_ns == INT64_MIN ||
	    values[schedtrace_column_index(log, "whole")].i != 1)
		return 0;
	schedtrace_printable(values[schedtrace_column_index(log, "comm")].s, name, sizeof(name));
	while (i < 9999 && tasks[i].runs && strcmp(tasks[i].name, name))
		i++;
	strcpy(tasks[i].name, name);
	tasks[i].runs++;
	tasks[i].short_runs += run_ns < limit_ns;
	return 0;
}

int main(int argc, char **argv)
{
	const struct schedtrace_sink sink = { sizeof(sink), NULL, count };
	struct schedtrace_error err = { .text = "usage: short_runs TARBALL [MICROSECONDS]" };
	struct schedtrace *trace = NULL;
	int r = argc > 1 ? schedtrace_open(&trace, argv[1], NULL, &err) : SCHEDTRACE_E_USAGE;

	if (argc > 2)
		limit_ns = (int64_t)(atof(argv[2]) * 1e3);
	if (!r)
		r = schedtrace_follow(trace, "timehist", &sink, &err);
	if (r)
		fprintf(stderr, "short_runs: %s\n", err.text);
	for (size_t i = 0; !r && i < 10000 && tasks[i].runs; i++)
		if (tasks[i].short_runs)
			printf("%-16s %d of %d runs\n", tasks[i].name, tasks[i].short_runs,
			       tasks[i].runs);
	schedtrace_close(trace);
	return r ? 1 : 0;
}
