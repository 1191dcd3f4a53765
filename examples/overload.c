/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* When did CPUs idle although tasks waited for others? The three longest such episodes. */
#include <stdio.h>
#include <string.h>

#include <schedtrace/schedtrace.h>

#define N 3

struct episode {
	int64_t begin_ns, ns;
	char idle[64], waiting[256];
};

/* Keeps the longest, the longest first. */
static int take(void *user, const struct schedtrace_table_info *log,
		const union schedtrace_value *values, struct schedtrace_error *err)
{
	struct episode *longest = user, episode;
	size_t i = N;

	if (strcmp(log->name, "idle_while_waiting") ||
	    !values[schedtrace_column_index(log, "certain")].i)
		return 0;
	episode.begin_ns = values[schedtrace_column_index(log, "begin_ns")].i;
	episode.ns = values[schedtrace_column_index(log, "end_ns")].i - episode.begin_ns;
	schedtrace_printable(values[schedtrace_column_index(log, "idle")].s, episode.idle, 64);
	schedtrace_printable(values[schedtrace_column_index(log, "waiting")].s, episode.waiting,
			     256);
	for (; i > 0 && longest[i - 1].ns < episode.ns; i--)
		if (i < N)
			longest[i] = longest[i - 1];
	if (i < N)
		longest[i] = episode;
	return 0;
}

int main(int argc, char **argv)
{
	struct episode longest[N] = { 0 };
	const struct schedtrace_sink sink = { sizeof(sink), longest, take };
	struct schedtrace_error err = { .text = "usage: overload TARBALL" };
	struct schedtrace *trace = NULL;
	int r = argc == 2 ? schedtrace_open(&trace, argv[1], NULL, &err) : SCHEDTRACE_E_USAGE;

	if (!r)
		r = schedtrace_follow(trace, "runqueue", &sink, &err);
	if (r)
		fprintf(stderr, "overload: %s\n", err.text);
	for (size_t i = 0; !r && i < N && longest[i].ns; i++)
		printf("%.1f us from %lld ns: CPU %s idle, waiting %s\n",
		       (double)longest[i].ns / 1e3, (long long)longest[i].begin_ns, longest[i].idle,
		       longest[i].waiting);
	schedtrace_close(trace);
	return r ? 1 : 0;
}
