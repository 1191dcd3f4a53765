/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Times a piece of schedtrace alone, for bench/run. Prints seconds, items, and CPU seconds.
 *
 * usage: inside records TRACE.DAT     read and decode every record, in time order
 *        inside rows TRACE.DAT        the same, and make the rows of the tarball
 *        inside open TARBALL          open and close it, 100 times
 *        inside load TARBALL          bring all columns into memory
 *        inside analyze TARBALL NAMES one pass of the analyses over columns already in memory
 * and what the machine takes for the same bytes, which are the items then:
 *        inside read FILE             read it in pieces of 256 KiB
 *        inside write FILE BYTES      write so many, and remove it
 *        inside look TARBALL          look at every value of columns already in memory
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <schedtrace/schedtrace.h>

#include "convert/source.h"
#include "tracedat/tracedat.h"

#define OPENINGS 100

static double seconds(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
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

struct begin {
	double wall, cpu;
};

static struct begin begin_now(void)
{
	return (struct begin){ seconds(CLOCK_MONOTONIC), seconds(CLOCK_PROCESS_CPUTIME_ID) };
}

/* Mapped columns come into memory now, so that only what follows is timed. */
static int64_t touch(const struct schedtrace_events *events)
{
	int64_t sum = 0;

	for (size_t i = 0; i < events->n; i += 64)
		sum += events->timestamp[i] + events->pid[i] + events->event[i] + events->cpu[i] +
		       events->arg0[i] + events->arg1[i];
	return sum;
}

/* Feeds in pieces, as a reader would; *start moves to when the columns are in memory. */
static int time_analyses(const char *path, char *names, uint64_t *items, struct begin *start,
			 struct schedtrace_error *err)
{
	const struct schedtrace_events *events;
	struct schedtrace_engine *engine = NULL;
	struct schedtrace_tables *tables;
	struct schedtrace *trace;
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

	if (!touch(events))
		fprintf(stderr, "inside: all columns are zero\n");
	*start = begin_now();
	r = schedtrace_engine_feed(engine, events, err);
	if (!r)
		r = schedtrace_engine_snapshot(engine, &tables, err);
	if (!r)
		schedtrace_tables_free(tables);
	*items = events->n;
out:
	schedtrace_engine_free(engine);
	schedtrace_close(trace);
	return r;
}

static int time_looking(const char *path, uint64_t *items, struct begin *start,
			struct schedtrace_error *err)
{
	const struct schedtrace_events *events;
	struct schedtrace *trace;
	int64_t sum = 0;
	int r;

	r = schedtrace_open(&trace, path, NULL, err);
	if (r < 0)
		return r;
	r = schedtrace_load(trace, &events, err);
	if (!r) {
		touch(events);
		*start = begin_now();
		for (size_t i = 0; i < events->n; i++)
			sum += events->timestamp[i] ^ events->pid[i] ^ events->event[i] ^
			       events->cpu[i] ^ events->arg0[i] ^ events->arg1[i];
		*items = events->n * (3 * sizeof(int64_t) + 3 * sizeof(int32_t));
		if (!sum)
			fprintf(stderr, "inside: the values add up to nothing\n");
	}
	schedtrace_close(trace);
	return r;
}

static char piece[256 << 10];

static int no_file(struct schedtrace_error *err)
{
	snprintf(err->text, sizeof(err->text), "cannot be opened, read or written");
	return -1;
}

static int time_reading(const char *path, uint64_t *items, struct schedtrace_error *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = -1;

	while (fd >= 0 && (n = read(fd, piece, sizeof(piece))) > 0)
		*items += (uint64_t)n;
	if (fd >= 0)
		close(fd);
	return n < 0 ? no_file(err) : 0;
}

static int time_writing(const char *path, uint64_t bytes, uint64_t *items,
			struct schedtrace_error *err)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	ssize_t n = 0;

	while (fd >= 0 && *items < bytes && (n = write(fd, piece, sizeof(piece))) > 0)
		*items += (uint64_t)n;
	if (fd >= 0) {
		close(fd);
		unlink(path);
	}
	return fd < 0 || n < 0 ? no_file(err) : 0;
}

int main(int argc, char **argv)
{
	const char *what = argc > 2 ? argv[1] : "";
	struct schedtrace_error err;
	struct begin start = begin_now(), end;
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
	} else if (!strcmp(what, "read") && argc == 3) {
		r = time_reading(argv[2], &items, &err);
	} else if (!strcmp(what, "write") && argc == 4) {
		r = time_writing(argv[2], strtoull(argv[3], NULL, 10), &items, &err);
	} else if (!strcmp(what, "look") && argc == 3) {
		r = time_looking(argv[2], &items, &start, &err);
	} else {
		fprintf(stderr, "usage: inside records|rows|open|load|analyze|read|write|look FILE "
				"[NAMES|BYTES]\n");
		return 2;
	}
	if (r < 0) {
		fprintf(stderr, "inside: %s: %s\n", argv[2], err.text);
		return 1;
	}
	end = begin_now();
	printf("%.6f %llu %.6f\n", end.wall - start.wall, (unsigned long long)items,
	       end.cpu - start.cpu);
	return 0;
}
