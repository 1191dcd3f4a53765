/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Prints the records of a trace.dat, one a line: CPU, time stamp, event, pid; or "lost" lines.
 * tracedat-records FILE [--count] [--salvage] [--threads N] [--instance NAME] [--memory BYTES]
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "tracedat/tracedat.h"

static void print_note(void *user, const char *text)
{
	fprintf(stderr, "note: %s\n", text);
}

static void print(const struct format *formats, const struct record *r)
{
	if (r->kind == RECORD_LOST)
		printf("%d %" PRId64 " lost %" PRId64 " since %" PRId64 "\n", r->cpu, r->timestamp,
		       r->lost, r->lost_since);
	else if (r->kind == RECORD_EVENT)
		printf("%d %" PRId64 " %s %d\n", r->cpu, r->timestamp, formats[r->format].name,
		       r->pid);
}

int main(int argc, char **argv)
{
	struct tracedat_options options = { .notes = { print_note, NULL } };
	struct schedtrace_error err;
	struct timespec begin, end;
	const struct format *formats;
	const struct record *records;
	struct rusage usage;
	struct tracedat *t;
	uint64_t events = 0, lost = 0;
	bool count = false;
	double seconds;
	size_t n, i;
	int r, a;

	for (a = 2; a < argc; a++) {
		const char *value = a + 1 < argc ? argv[a + 1] : "";

		if (!strcmp(argv[a], "--count"))
			count = true;
		else if (!strcmp(argv[a], "--salvage"))
			options.salvage = true;
		else if (!strcmp(argv[a], "--threads"))
			options.threads = (unsigned int)strtoul(value, NULL, 10), a++;
		else if (!strcmp(argv[a], "--memory"))
			options.max_memory = strtoull(value, NULL, 10), a++;
		else if (!strcmp(argv[a], "--instance"))
			options.instance = value, a++;
		else
			return 2;
	}
	if (argc < 2)
		return 2;
	clock_gettime(CLOCK_MONOTONIC, &begin);
	r = tracedat_open(&t, argv[1], &options, &err);
	if (r < 0) {
		fprintf(stderr, "%s\n", err.text);
		return 3;
	}
	formats = tracedat_head(t)->formats;
	while ((r = tracedat_next(t, &records, &n, &err)) > 0) {
		for (i = 0; i < n; i++) {
			events += records[i].kind == RECORD_EVENT;
			lost += records[i].kind == RECORD_LOST;
			if (!count)
				print(formats, &records[i]);
		}
	}
	clock_gettime(CLOCK_MONOTONIC, &end);
	seconds =
		(double)(end.tv_sec - begin.tv_sec) + 1e-9 * (double)(end.tv_nsec - begin.tv_nsec);
	getrusage(RUSAGE_SELF, &usage);
	if (r < 0)
		fprintf(stderr, "%s\n", err.text);
	if (count && r == 0)
		printf("%" PRIu64 " events, %" PRIu64 " gaps, %.3f s, %.1f M events/s, "
		       "CPU %.3f s, %ld KiB\n",
		       events, lost, seconds, 1e-6 * (double)events / seconds,
		       (double)usage.ru_utime.tv_sec + 1e-6 * (double)usage.ru_utime.tv_usec +
			       (double)usage.ru_stime.tv_sec +
			       1e-6 * (double)usage.ru_stime.tv_usec,
		       usage.ru_maxrss);
	r = r < 0 ? 3 : tracedat_damaged(t) ? 4 : 0;
	tracedat_close(t);
	return r;
}
