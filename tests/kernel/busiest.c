/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * busiest SECONDS FILE: what ran in each second of the system as it runs, the busiest first, from
 * the ring buffer's pages to a table without a file in between; what they hold goes into FILE, too. At the
 * end the totals of all tasks: "total PID NS" lines.
 */
#include <err.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <schedtrace/schedtrace.h>

#include "convert/record_stream.h"
#include "libschedtrace/analysis.h"
#include "record/capture.h"
#include "tracedat/page_merge.h"
#include "tracedat/tracedat.h"

struct live {
	struct capture *capture;
	struct tracedat *beside;
	struct page_merge *merge;
	struct record_stream *stream;
	struct schedtrace_engine *engine;
	bool begun;
	uint64_t records;
};

static void must(int r, const struct schedtrace_error *error)
{
	if (r < 0)
		errx(1, "%s", error->text);
}

static int take_pages(void *user, int cpu, const void *pages, size_t bytes,
		      struct schedtrace_error *error)
{
	struct live *l = user;

	return page_merge_add(l->merge, cpu, pages, bytes, error);
}

static int feed(struct live *l, struct schedtrace_error *error)
{
	const struct schedtrace_events *events;
	int r = record_stream_take(l->stream, &events, error);

	if (r > 0)
		r = schedtrace_engine_feed(l->engine, events, error);
	record_stream_clear(l->stream);
	return r;
}

/* The first round has what schedrec writes at the beginning: it is known to all rows. */
static int begin(struct live *l, const struct record *records, size_t n,
		 struct schedtrace_error *error)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < n && record_stream_wants_ahead(l->stream); i++)
		r = record_stream_ahead(l->stream, &records[i], error);
	if (r == 0)
		r = record_stream_begin(l->stream, error);
	if (r == 0)
		r = schedtrace_engine_new(&l->engine, record_stream_context(l->stream), error);
	if (r == 0)
		r = schedtrace_engine_add(l->engine, "tasks", error);
	l->begun = true;
	return r;
}

static int take_round(void *user, int64_t until, struct schedtrace_error *error)
{
	struct live *l = user;
	const struct record *records;
	size_t n;
	int r = page_merge_next(l->merge, until, &records, &n, error);

	if (r == 0 && !l->begun)
		r = begin(l, records, n, error);
	for (size_t i = 0; r == 0 && i < n; i++) {
		if (!record_stream_has_room(l->stream, &records[i]))
			r = feed(l, error);
		if (r == 0)
			r = record_stream_record(l->stream, &records[i], error);
		l->records += records[i].kind == RECORD_EVENT;
	}
	return r < 0 ? r : feed(l, error);
}

/* ---- tables ---------------------------------------------------------------------------- */

struct task {
	int64_t pid, ns;
	const char *comm;
};

static struct schedtrace_tables *snapshot_now(struct live *l)
{
	struct schedtrace_tables *tables;
	struct schedtrace_error error;

	must(schedtrace_engine_snapshot(l->engine, &tables, &error), &error);
	return tables;
}

static int by_ns(const void *a, const void *b)
{
	const struct task *x = a, *y = b;

	return (x->ns < y->ns) - (x->ns > y->ns);
}

/* What certainly ran since @before. */
static void print_second(int second, const struct schedtrace_tables *before,
			 const struct schedtrace_tables *now)
{
	const struct schedtrace_table *table;
	struct schedtrace_tables *tables;
	struct schedtrace_error error;
	struct task *tasks;
	char comm[64];
	size_t n;

	must(schedtrace_tables_interval(before, now, &tables, &error), &error);
	table = schedtrace_tables_find(tables, "tasks");
	n = schedtrace_table_rows(table);
	tasks = calloc(n + 1, sizeof(*tasks));
	if (!tasks)
		errx(1, "no memory");
	for (size_t i = 0; i < n; i++) {
		tasks[i] = (struct task){ .pid = schedtrace_table_ints(table, "pid")[i],
					  .ns = schedtrace_table_ints(table, "on_cpu_ns")[i],
					  .comm = schedtrace_table_texts(table, "comm")[i] };
	}
	qsort(tasks, n, sizeof(*tasks), by_ns);
	for (size_t i = 0; i < n && tasks[i].ns > 0; i++)
		printf("second %d %" PRId64 " %s %.1f ms\n", second, tasks[i].pid,
		       schedtrace_printable(tasks[i].comm, comm, sizeof(comm)),
		       (double)tasks[i].ns / 1e6);
	fflush(stdout);
	free(tasks);
	schedtrace_tables_free(tables);
}

static void print_totals(struct live *l)
{
	struct schedtrace_tables *tables = snapshot_now(l);
	const struct schedtrace_table *table = schedtrace_tables_find(tables, "tasks");

	for (size_t i = 0; i < schedtrace_table_rows(table); i++)
		printf("total %" PRId64 " %" PRId64 "\n", schedtrace_table_ints(table, "pid")[i],
		       schedtrace_table_ints(table, "on_cpu_ns")[i]);
	schedtrace_tables_free(tables);
}

int main(int argc, char **argv)
{
	const char *const items[] = { "sched" };
	const struct capture_options options = { .items = items, .n_items = 1 };
	struct live l = { 0 };
	const struct page_sink sink = { take_pages, take_round, &l };
	const struct stream_options stream = { .salvage = false };
	struct schedtrace_error error = { .text = "" };
	struct schedtrace_tables *before = NULL, *now;
	int fd, more, rounds = 0, seconds;
	char path[64];

	if (argc != 3)
		errx(2, "usage: busiest SECONDS FILE");
	seconds = atoi(argv[1]);
	fd = open(argv[2], O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0)
		err(1, "%s", argv[2]);
	must(capture_new(&l.capture, &options, &sink, &error), &error);
	must(capture_begin_file(l.capture, fd, &error), &error);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	must(tracedat_open(&l.beside, path, NULL, &error), &error);
	must(tracedat_page_merge(l.beside, &l.merge, &error), &error);
	must(record_stream_new(&l.stream, tracedat_head(l.beside), &stream, &error), &error);
	must(capture_start(l.capture, &error), &error);
	while (rounds < 20 * seconds) {
		struct pollfd p = { .fd = capture_fd(l.capture), .events = POLLIN };

		poll(&p, 1, -1);
		must(capture_step(l.capture, &error), &error);
		if (++rounds % 20 || !l.begun)
			continue;
		now = snapshot_now(&l);
		print_second(rounds / 20, before, now);
		schedtrace_tables_free(before);
		before = now;
	}
	must(capture_stop(l.capture, &error), &error);
	do {
		more = record_stream_end(l.stream, l.records, &error);
		must(more, &error);
		must(feed(&l, &error), &error);
	} while (more);
	must(engine_finish(l.engine, &error), &error);
	print_totals(&l);
	must(capture_finish_file(l.capture, &error), &error);
	schedtrace_tables_free(before);
	schedtrace_engine_free(l.engine);
	record_stream_free(l.stream);
	page_merge_free(l.merge);
	tracedat_close(l.beside);
	capture_free(l.capture);
	close(fd);
	return 0;
}
