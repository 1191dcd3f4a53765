/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Who ran on each CPU at a moment? The log of the analysis "map" is followed up to it; then the
 * sink ends the pass, so that the rest of a long trace is not read.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <schedtrace/schedtrace.h>

#define CPUS 1024

struct moment {
	int64_t time_ns;
	int64_t pid[CPUS]; /* -1: nobody was seen yet */
	char name[CPUS][64];
};

static int follow(void *user, const struct schedtrace_table_info *log,
		  const union schedtrace_value *values, struct schedtrace_error *err)
{
	struct moment *moment = user;
	int64_t cpu = values[schedtrace_column_index(log, "cpu")].i;

	if (values[schedtrace_column_index(log, "time_ns")].i > moment->time_ns)
		return SCHEDTRACE_E_CANCELLED;
	if (cpu < 0 || cpu >= CPUS)
		return 0;
	moment->pid[cpu] = values[schedtrace_column_index(log, "pid")].i;
	schedtrace_printable(values[schedtrace_column_index(log, "comm")].s, moment->name[cpu], 64);
	return 0;
}

int main(int argc, char **argv)
{
	static struct moment moment;
	const struct schedtrace_sink sink = { sizeof(sink), &moment, follow };
	struct schedtrace_error err = { .text = "usage: who_ran TARBALL SECONDS" };
	struct schedtrace *trace = NULL;
	int r = argc == 3 ? schedtrace_open(&trace, argv[1], NULL, &err) : SCHEDTRACE_E_USAGE;

	if (!r) {
		moment.time_ns = schedtrace_context_info(schedtrace_context(trace))->begin_ns;
		if (moment.time_ns == INT64_MIN)
			moment.time_ns = 0;
		moment.time_ns += (int64_t)(atof(argv[2]) * 1e9);
		memset(moment.pid, -1, sizeof(moment.pid));
		r = schedtrace_follow(trace, "map", &sink, &err);
	}
	if (r && r != SCHEDTRACE_E_CANCELLED)
		return fprintf(stderr, "who_ran: %s\n", err.text), 1;
	for (int cpu = 0; cpu < CPUS; cpu++)
		if (moment.pid[cpu] >= 0)
			printf("CPU %d: %s (%lld)\n", cpu, moment.name[cpu],
			       (long long)moment.pid[cpu]);
	return schedtrace_close(trace), 0;
}
