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
	int64_t pid, start, ns;
	char comm[64];
};

struct tasks {
	struct task *list;
	size_t n;
};

static struct tasks tasks_now(struct live *l)
{
	struct schedtrace_tables *tables;
	const struct schedtrace_table *table;
	struct schedtrace_error error;
	struct tasks t;

	must(schedtrace_engine_snapshot(l->engine, &tables, &error), &error);
	table = schedtrace_tables_find(tables, "tasks");
	t.n = schedtrace_table_rows(table);
	t.list = calloc(t.n + 1, sizeof(*t.list));
	for (size_t i = 0; i < t.n; i++) {
		t.list[i] = (struct task){ .pid = schedtrace_table_ints(table, "pid")[i],
					   .start = schedtrace_table_ints(table, "start_ns")[i],
					   .ns = schedtrace_table_ints(table, "on_cpu_ns")[i] };
		schedtrace_printable(schedtrace_table_texts(table, "comm")[i], t.list[i].comm,
				     sizeof(t.list[i].comm));
	}
	schedtrace_tables_free(tables);
	return t;
}

static int by_ns(const void *a, const void *b)
{
	const struct task *x = a, *y = b;

	return (x->ns < y->ns) - (x->ns > y->ns);
}

static void print_second(int second, const struct tasks *before, const struct tasks *now)
{
	struct tasks lately = { calloc(now->n + 1, sizeof(*lately.list)), now->n };

	for (size_t i = 0; i < now->n; i++) {
		lately.list[i] = now->list[i];
		for (size_t k = 0; k < before->n; k++)
			if (before->list[k].pid == now->list[i].pid &&
			    before->list[k].start == now->list[i].start)
				lately.list[i].ns -= before->list[k].ns;
	}
	qsort(lately.list, lately.n, sizeof(*lately.list), by_ns);
	for (size_t i = 0; i < lately.n && lately.list[i].ns > 0; i++)
		printf("second %d %" PRId64 " %s %.1f ms\n", second, lately.list[i].pid,
		       lately.list[i].comm, (double)lately.list[i].ns / 1e6);
	fflush(stdout);
	free(lately.list);
}

int main(int argc, char **argv)
{
	const char *const items[] = { "sched" };
	const struct capture_options options = { .items = items, .n_items = 1 };
	struct live l = { 0 };
	const struct page_sink sink = { take_pages, take_round, &l };
	const struct stream_options stream = { .salvage = false };
	struct schedtrace_error error = { .text = "" };
	struct tasks before = { 0 }, now;
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
		now = tasks_now(&l);
		print_second(rounds / 20, &before, &now);
		free(before.list);
		before = now;
	}
	must(capture_stop(l.capture, &error), &error);
	do {
		more = record_stream_end(l.stream, l.records, &error);
		must(more, &error);
		must(feed(&l, &error), &error);
	} while (more);
	must(engine_finish(l.engine, &error), &error);
	now = tasks_now(&l);
	for (size_t i = 0; i < now.n; i++)
		printf("total %" PRId64 " %" PRId64 "\n", now.list[i].pid, now.list[i].ns);
	must(capture_finish_file(l.capture, &error), &error);
	free(before.list);
	free(now.list);
	schedtrace_engine_free(l.engine);
	record_stream_free(l.stream);
	page_merge_free(l.merge);
	tracedat_close(l.beside);
	capture_free(l.capture);
	close(fd);
	return 0;
}
