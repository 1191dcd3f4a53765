/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Can a trace be trusted? What is missing on each CPU, the stretches in which nobody knows who ran
 * there, and status 1 if there are any: a script can ask before it believes figures.
 */
#include <stdio.h>
#include <string.h>

#include <schedtrace/schedtrace.h>

static int print_gap(void *user, const struct schedtrace_table_info *log,
		     const union schedtrace_value *values, struct schedtrace_error *err)
{
	int *gaps = user;
	int64_t begin = values[schedtrace_column_index(log, "begin_ns")].i;
	const char *kind = values[schedtrace_column_index(log, "kind")].s;

	if (!strcmp(kind, "start")) /* before the first row of a CPU: every trace has it */
		return 0;
	++*gaps;
	printf("CPU %lld: %s, %lld ns from %lld\n",
	       (long long)values[schedtrace_column_index(log, "cpu")].i, kind,
	       (long long)(values[schedtrace_column_index(log, "end_ns")].i - begin),
	       (long long)begin);
	return 0;
}

int main(int argc, char **argv)
{
	int gaps = 0;
	const struct schedtrace_sink sink = { sizeof(sink), &gaps, print_gap };
	struct schedtrace_error err = { .text = "usage: trust TARBALL" };
	struct schedtrace *trace = NULL;
	int r = argc == 2 ? schedtrace_open(&trace, argv[1], NULL, &err) : SCHEDTRACE_E_USAGE;

	if (!r)
		r = schedtrace_follow(trace, "losses", &sink, &err);
	if (r)
		fprintf(stderr, "trust: %s\n", err.text);
	else
		printf("%d stretches in which nobody knows who ran\n", gaps);
	schedtrace_close(trace);
	return r ? 2 : gaps > 0;
}
