/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* In which 10 ms were most page faults, and whose? From the whole columns, without an analysis. */
#include <stdio.h>

#include <schedtrace/schedtrace.h>

#define WIDTH 10000000

/* A window slides over the faults: the first and the last row in it, and the fullest so far. */
static void print_storm(const struct schedtrace_events *events,
			const struct schedtrace_context *ctx)
{
	size_t first = 0, n = 0, most = 0, begin = 0, end = 0, own = 0;
	int32_t comm;
	char name[64];

	for (size_t i = 0; i < events->n; i++) {
		if (events->event[i] != SCHEDTRACE_PAGE_FAULT_USER)
			continue;
		n++;
		for (; events->timestamp[i] - events->timestamp[first] >= WIDTH; first++)
			n -= events->event[first] == SCHEDTRACE_PAGE_FAULT_USER;
		if (n > most) {
			most = n;
			begin = first;
			end = i;
		}
	}
	if (!most) {
		printf("no page faults were recorded\n");
		return;
	}
	for (size_t i = begin; i <= end; i++)
		own += events->event[i] == SCHEDTRACE_PAGE_FAULT_USER &&
		       events->pid[i] == events->pid[end];
	comm = events->comm ? events->comm[end] : 0;
	printf("%zu page faults in the 10 ms before %lld ns, %zu of them by %s (%d), the last\n",
	       most, (long long)events->timestamp[end], own,
	       schedtrace_printable(schedtrace_context_comm(ctx, comm), name, sizeof(name)),
	       events->pid[end]);
}

int main(int argc, char **argv)
{
	struct schedtrace_error err = { .text = "usage: fault_storm TARBALL" };
	const struct schedtrace_events *events;
	struct schedtrace *trace = NULL;
	int r = argc == 2 ? schedtrace_open(&trace, argv[1], NULL, &err) : SCHEDTRACE_E_USAGE;

	if (!r)
		r = schedtrace_load(trace, &events, &err);
	if (r)
		fprintf(stderr, "fault_storm: %s\n", err.text);
	else
		print_storm(events, schedtrace_context(trace));
	schedtrace_close(trace);
	return r ? 1 : 0;
}
