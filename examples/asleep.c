/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which sleep that nothing can interrupt (D) was the longest, and whose? From the log of every
 * task's states, of which only the longest row so far is kept.
 */
#include <stdio.h>
#include <string.h>

#include <schedtrace/schedtrace.h>

struct longest {
	int64_t ns, pid;
	char name[64];
	int sleeps;
};

static int take(void *user, const struct schedtrace_table_info *log,
		const union schedtrace_value *values, struct schedtrace_error *err)
{
	struct longest *longest = user;
	int64_t ns = values[schedtrace_column_index(log, "end_ns")].i -
		     values[schedtrace_column_index(log, "begin_ns")].i;

	if (strcmp(values[schedtrace_column_index(log, "state")].s, "blocked") ||
	    !values[schedtrace_column_index(log, "certain")].i)
		return 0;
	longest->sleeps++;
	if (ns <= longest->ns)
		return 0;
	longest->ns = ns;
	longest->pid = values[schedtrace_column_index(log, "pid")].i;
	schedtrace_printable(values[schedtrace_column_index(log, "comm")].s, longest->name, 64);
	return 0;
}

int main(int argc, char **argv)
{
	struct longest longest = { 0 };
	const struct schedtrace_sink sink = { sizeof(sink), &longest, take };
	struct schedtrace_error err = { .text = "usage: asleep TARBALL" };
	struct schedtrace *trace = NULL;
	int r = argc == 2 ? schedtrace_open(&trace, argv[1], NULL, &err) : SCHEDTRACE_E_USAGE;

	if (!r)
		r = schedtrace_follow(trace, "states", &sink, &err);
	if (r)
		fprintf(stderr, "asleep: %s\n", err.text);
	else if (longest.sleeps)
		printf("%d uninterruptible sleeps, the longest %.3f ms of %s (%lld)\n",
		       longest.sleeps, (double)longest.ns / 1e6, longest.name,
		       (long long)longest.pid);
	else
		printf("no uninterruptible sleep\n");
	schedtrace_close(trace);
	return r ? 1 : 0;
}
