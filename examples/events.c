/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whole columns: how many rows there are of each event, and the longest time without any row. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include <schedtrace/schedtrace.h>

static int print_counts(const struct schedtrace_context *ctx,
			const struct schedtrace_events *events)
{
	/* Events that the library has no id of its own for come after SCHEDTRACE_EVENT_COUNT. */
	int32_t ids = SCHEDTRACE_EVENT_COUNT;
	int64_t quiet = 0;
	uint64_t *counts;

	while (schedtrace_context_event_name(ctx, ids))
		ids++;
	counts = calloc((size_t)ids, sizeof(*counts));
	if (!counts)
		return 1;
	for (size_t i = 0; i < events->n; i++) {
		if (events->event[i] >= 0 && events->event[i] < ids)
			counts[events->event[i]]++;
		if (i && events->timestamp[i] - events->timestamp[i - 1] > quiet)
			quiet = events->timestamp[i] - events->timestamp[i - 1];
	}
	for (int32_t id = 0; id < ids; id++)
		if (counts[id])
			printf("%10" PRIu64 " %s\n", counts[id],
			       schedtrace_context_event_name(ctx, id));
	printf("%10" PRId64 " ns without a row at most\n", quiet);
	free(counts);
	return 0;
}

int main(int argc, char **argv)
{
	const struct schedtrace_events *events;
	struct schedtrace_error err;
	struct schedtrace *trace;
	int status = 1;

	if (argc != 2) {
		fprintf(stderr, "usage: events TARBALL\n");
		return 2;
	}
	if (schedtrace_open(&trace, argv[1], NULL, &err)) {
		fprintf(stderr, "events: %s\n", err.text);
		return 1;
	}
	if (schedtrace_load(trace, &events, &err))
		fprintf(stderr, "events: %s\n", err.text);
	else
		status = print_counts(schedtrace_context(trace), events);
	schedtrace_close(trace);
	return status;
}
