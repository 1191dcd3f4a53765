/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * busiest SECONDS FILE: what ran in each second of the system as it runs, the busiest first, from
 * the ring buffer's pages to a table by an input that is read while they come; what they hold goes
 * into FILE, too. At the
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

#include "base/clock.h"
#include "input/live_input.h"
#include "libschedtrace/analysis.h"
#include "record/capture.h"
#include "record/privileges.h"

struct live {
	struct capture *capture;
	struct input *input;
	struct live_input *pages; /* of the input */
	struct schedtrace_engine *engine;
	int nothing_yet; /* answers of the input */
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

	return live_input_pages(l->pages, cpu, pages, bytes, error);
}

static int take_round(void *user, int64_t until, struct schedtrace_error *error)
{
	struct live *l = user;

	live_input_round(l->pages, until);
	return 0;
}

/* All rows that there are; what the input answers then. */
static int feed(struct live *l)
{
	const struct schedtrace_events *events;
	struct schedtrace_error error = { .text = "" };
	int r;

	while ((r = input_next(l->input, &events, &error)) == INPUT_ROWS) {
		if (!l->engine) {
			must(schedtrace_engine_new(&l->engine, input_context(l->input), &error),
			     &error);
			must(schedtrace_engine_add(l->engine, "tasks", &error), &error);
		}
		must(schedtrace_engine_feed(l->engine, events, &error), &error);
	}
	must(r, &error);
	l->nothing_yet += r == INPUT_NOTHING_YET;
	return r;
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

/* The same recording in memory and in the file @fd. */
static void set_up(struct live *l, const struct capture_options *options, int fd)
{
	const struct input_options input = { .note = NULL };
	struct schedtrace_error error = { .text = "" };
	int head = memfd_create("head", MFD_CLOEXEC);

	if (head < 0)
		err(1, "memfd_create");
	must(capture_new(&l->capture, options, &error), &error);
	must(capture_set_up(l->capture, fd, "the file", PRIVILEGES_ALL, &error), &error);
	must(capture_write_head(l->capture, head, &error), &error);
	must(live_input_open(&l->input, &l->pages, head, &input, &error), &error);
	close(head);
	must(capture_start(l->capture, NULL, 0, &error), &error);
}

int main(int argc, char **argv)
{
	const char *const items[] = { "sched" };
	struct live l = { 0 };
	const struct page_sink sink = { take_pages, take_round, &l };
	const struct capture_options options = { .items = items, .n_items = 1, .sink = &sink };
	struct schedtrace_error error = { .text = "" };
	struct schedtrace_tables *before = NULL, *now;
	int64_t begun;
	int fd, second = 0, seconds;

	if (argc != 3)
		errx(2, "usage: busiest SECONDS FILE");
	seconds = atoi(argv[1]);
	fd = open(argv[2], O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0)
		err(1, "%s", argv[2]);
	set_up(&l, &options, fd);
	begun = now_ns();
	while (second < seconds) {
		struct pollfd p = { .fd = capture_fd(l.capture), .events = POLLIN };

		poll(&p, 1, -1);
		must(capture_step(l.capture, &error), &error);
		feed(&l);
		if (!l.engine || now_ns() < begun + (second + 1) * INT64_C(1000000000))
			continue;
		now = snapshot_now(&l);
		print_second(++second, before, now);
		schedtrace_tables_free(before);
		before = now;
	}
	must(capture_stop(l.capture, -1, "stop", &error), &error);
	if (feed(&l) != INPUT_END)
		errx(1, "the input has not come to its end");
	must(engine_finish(l.engine, &error), &error);
	print_totals(&l);
	printf("nothing %d\n", l.nothing_yet);
	must(capture_finish_file(l.capture, &error), &error);
	schedtrace_tables_free(before);
	schedtrace_engine_free(l.engine);
	input_close(l.input);
	capture_free(l.capture);
	close(fd);
	return 0;
}
