/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A peer for bench/run: libtracecmd reads every record of a trace.dat in time order. */
#include <stdio.h>
#include <stdlib.h>
#include <event-parse.h>
#include <trace-cmd.h>

struct totals {
	unsigned long long events;
	unsigned long long sum; /* makes reading the records necessary */
};

static int count(struct tracecmd_input *handle, struct tep_record *record, int cpu, void *data)
{
	struct totals *totals = data;

	totals->events++;
	totals->sum += (unsigned int)tep_data_type(tracecmd_get_tep(handle), record) + record->ts;
	return 0;
}

int main(int argc, char **argv)
{
	struct totals totals = { 0 };
	struct tracecmd_input *handle;

	if (argc != 2) {
		fprintf(stderr, "usage: libtracecmd-iterate FILE\n");
		return 2;
	}
	handle = tracecmd_open(argv[1], 0);
	if (!handle) {
		fprintf(stderr, "%s: libtracecmd cannot open it\n", argv[1]);
		return 1;
	}
	if (tracecmd_iterate_events(handle, NULL, 0, count, &totals)) {
		fprintf(stderr, "%s: libtracecmd stopped at event %llu\n", argv[1], totals.events);
		return 1;
	}
	tracecmd_close(handle);
	printf("%llu %llu\n", totals.events, totals.sum);
	return 0;
}
