/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Times a piece of schedtrace alone, for bench/run. Prints seconds and items.
 *
 * usage: inside records TRACE.DAT     read and decode every record, in time order
 *        inside rows TRACE.DAT        the same, and make the rows of the tarball
 *        inside open TARBALL          open and close it, 100 times
 *        inside load TARBALL          bring all columns into memory
 *        inside analyze TARBALL NAMES one pass of the analyses over columns already in memory
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <schedtrace/schedtrace.h>

#include "convert/source.h"
#include "tracedat/tracedat.h"

#define OPENINGS 100

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static int time_records(const char *path, uint64_t *items, struct schedtrace_error *err)
{
	const struct tracedat_options options = { 0 };
	const struct record *records;
	struct tracedat *t;
	size_t n;
	int r;

	r = tracedat_open(&t, path, &options, err);
	if (r < 0)
		return r;
	while ((r = tracedat_next(t, &records, &n, err)) > 0)
		*items += n;
	tracedat_close(t);
	return r;
}

static int time_rows(const char *path, uint64_t *items, struct schedtrace_error *err)
{
	const struct source_options options = { 0 };
	const struct schedtrace_events *events;
	struct source *source;
	int r;

	r = source_open(&source, path, &options, err);
	if (r < 0)
		return r;
	while ((r = source_next(source, &events, err)) > 0)
		*items += events->n;
	source_close(source);
	return r;
}

static int time_opening(const char *path, uint64_t *items, struct schedtrace_error *err)
{
	for (*items = 0; *items < OPENINGS; ++*items) {
		struct schedtrace *trace;
		int r = schedtrace_open(&trace, path, NULL, err);

		if (r < 0)
			return r;
		schedtrace_close(trace);
	}
	return 0;
}

static int time_load(const char *path, uint64_t *items, struct schedtrace_error *err)
{
	const struct schedtrace_events *events;
	struct schedtrace *trace;
	int r;

	r = schedtrace_open(&trace, path, NULL, err);
	if (r < 0)
		return r;
	r = schedtrace_load(trace, &events, err);
	if (!r)
		*items = events->n;
	schedtrace_close(trace);
	return r;
}

/* Feeds in pieces, as a reader would; *start moves to when the columns are in memory. */
static int time_analyses(const char *path, char *names, uint64_t *items, double *start,
			 struct schedtrace_error *err)
{
	const struct schedtrace_events *events;
	struct schedtrace_engine *engine = NULL;
	struct schedtrace_tables *tables;
	struct schedtrace *trace;
	int64_t sum = 0;
	int r;

	r = schedtrace_open(&trace, path, NULL, err);
	if (r < 0)
		return r;
	r = schedtrace_load(trace, &events, err);
	if (!r)
		r = schedtrace_engine_new(&engine, schedtrace_context(trace), err);
	for (char *name = strtok(names, ","); name && !r; name = strtok(NULL, ","))
		r = schedtrace_engine_add(engine, name, err);
	if (r)
		goto out;

	/* Mapped columns come into memory now, so that only the pass is timed. */
	for (size_t i = 0; i < events->n; i += 64)
		sum += events->timestamp[i] + events->pid[i] + events->event[i] + events->cpu[i] +
		       events->arg0[i] + events->arg1[i];
	*start = seconds();
	r = schedtrace_engine_feed(engine, events, err);
	if (!r)
		r = schedtrace_engine_snapshot(engine, &tables, err);
	if (!r)
		schedtrace_tables_free(tables);
	*items = events->n;
	if (!sum)
		fprintf(stderr, "inside: all columns are zero\n");
out:
	schedtrace_engine_free(engine);
	schedtrace_close(trace);
	return r;
}

int main(int argc, char **argv)
{
	const char *what = argc > 2 ? argv[1] : "";
	struct schedtrace_error err;
	double start = seconds();
	uint64_t items = 0;
	int r;

	if (!strcmp(what, "records") && argc == 3) {
		r = time_records(argv[2], &items, &err);
	} else if (!strcmp(what, "rows") && argc == 3) {
		r = time_rows(argv[2], &items, &err);
	} else if (!strcmp(what, "open") && argc == 3) {
		r = time_opening(argv[2], &items, &err);
	} else if (!strcmp(what, "load") && argc == 3) {
		r = time_load(argv[2], &items, &err);
	} else if (!strcmp(what, "analyze") && argc == 4) {
		r = time_analyses(argv[2], argv[3], &items, &start, &err);
	} else {
		fprintf(stderr, "usage: inside records|rows|open|load|analyze FILE [NAMES]\n");
		return 2;
	}
	if (r < 0) {
		fprintf(stderr, "inside: %s: %s\n", argv[2], err.text);
		return 1;
	}
	printf("%.6f %llu\n", seconds() - start, (unsigned long long)items);
	return 0;
}
