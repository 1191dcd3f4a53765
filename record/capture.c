/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "record/capture.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/mem.h"
#include "record/marker_writer.h"
#include "record/privileges.h"
#include "record/proc/proc_tasks.h"
#include "record/readers.h"
#include "record/tracefs/buffer_counts.h"
#include "record/tracefs/clocks.h"
#include "record/tracefs/event_sets.h"
#include "record/tracefs/instance.h"
#include "record/tracefs/kernel_head.h"
#include "record/tracefs/tracefs_place.h"
#include "tracedat/tracedat_header.h"

#define ROUND_NS   50000000
#define MAX_MEMORY ((size_t)64 << 20)
#define GIVE_UP_NS INT64_C(10000000000) /* for a reader at the end */

struct capture {
	struct page_sink sink;
	char *tracefs, *clock;
	struct event_list events;
	struct instance instance;
	struct tracedat_writer writer; /* its head; and the file, if there is one */
	struct task_list tasks;
	char *cmdlines; /* of the head */
	struct page_queue *queue;
	struct readers readers;
	bool reading;
	int timer_fd;
};

static int find_events(struct capture *c, const struct capture_options *options,
		       struct schedtrace_error *err)
{
	int r = event_sets_parse(&c->events, options->items, options->n_items, err);

	if (r < 0)
		return r;
	r = tracefs_place_find(options->tracefs, &c->tracefs, err);
	return r < 0 ? r : event_sets_resolve(&c->events, c->tracefs, err);
}

static int make_instance(struct capture *c, const struct capture_options *options,
			 struct schedtrace_error *err)
{
	int64_t kb = options->buffer_kb ? options->buffer_kb : c->events.buffer_kb;
	int r = instance_create(&c->instance, c->tracefs, "", err);

	if (r < 0)
		return r;
	r = instance_set_clock(&c->instance, c->clock, err);
	if (r < 0)
		return r;
	r = instance_set_buffer(&c->instance, kb, 1, err);
	if (r < 0)
		return r;
	r = kernel_head_read(&c->writer, &c->instance, NULL, c->tracefs, &c->events, err);
	if (r < 0)
		return r;
	r = instance_enable_events(&c->instance, &c->events, false, err);
	return r < 0 ? r : instance_open_controls(&c->instance, err);
}

static int open_queue(struct capture *c, const struct capture_options *options,
		      struct schedtrace_error *err)
{
	size_t max_bytes = options->max_memory ? options->max_memory : MAX_MEMORY;

	c->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (c->timer_fd < 0)
		return error_errno(err, SCHEDTRACE_E_IO, errno, "timerfd");
	return page_queue_new(&c->queue, c->instance.n_cpus, c->instance.page_size, max_bytes, err);
}

static int set_up(struct capture *c, const struct capture_options *options,
		  struct schedtrace_error *err)
{
	int64_t now;
	int r;

	c->clock = strdup(options->clock ? options->clock : "mono");
	if (!c->clock)
		return error_set(err, SCHEDTRACE_E_NOMEM, "out of memory");
	if (!clocks_now(c->clock, &now))
		return error_set(err, SCHEDTRACE_E_USAGE,
				 "the clock %s may be set back while recording: take mono, "
				 "mono_raw or boot",
				 c->clock);
	r = find_events(c, options, err);
	if (r < 0)
		return r;
	r = make_instance(c, options, err);
	if (r < 0)
		return r;
	r = proc_tasks_read(&c->tasks, false, err);
	if (r < 0)
		return r;
	c->cmdlines = proc_tasks_cmdlines(&c->tasks, NULL);
	if (!c->cmdlines)
		return error_set(err, SCHEDTRACE_E_NOMEM, "out of memory");
	return open_queue(c, options, err);
}

int capture_new(struct capture **out, const struct capture_options *options,
		const struct page_sink *sink, struct schedtrace_error *err)
{
	struct capture *c = calloc(1, sizeof(*c));
	int r;

	if (!c)
		return error_set(err, SCHEDTRACE_E_NOMEM, "out of memory");
	c->sink = *sink;
	c->timer_fd = -1;
	c->writer.fd = -1;
	r = set_up(c, options, err);
	if (r < 0)
		capture_free(c);
	else
		*out = c;
	return r;
}

void capture_free(struct capture *c)
{
	if (!c)
		return;
	if (c->reading)
		readers_finish(&c->readers);
	readers_free(&c->readers);
	page_queue_free(c->queue);
	mem_close_p(&c->timer_fd);
	instance_destroy(&c->instance, NULL);
	tracedat_writer_free(&c->writer);
	event_sets_free(&c->events);
	proc_tasks_free(&c->tasks);
	if (c->tracefs)
		tracefs_place_forget(c->tracefs);
	free(c->clock);
	free(c->cmdlines);
	free(c);
}

int capture_cpus(const struct capture *c)
{
	return c->instance.n_cpus;
}

size_t capture_page_size(const struct capture *c)
{
	return c->instance.page_size;
}

/* ---- the file -------------------------------------------------------------------------- */

int capture_write_head(struct capture *c, int fd, struct schedtrace_error *err)
{
	struct tracedat_writer head = { .fd = -1 };
	int r = tracedat_writer_another(&c->writer, &head, err);

	if (r == 0)
		r = tracedat_writer_begin(&head, fd, c->cmdlines, err);
	tracedat_writer_free(&head);
	return r;
}

int capture_begin_file(struct capture *c, int fd, struct schedtrace_error *err)
{
	return tracedat_writer_begin(&c->writer, fd, c->cmdlines, err);
}

static int no_second(void *self, int *fd, struct schedtrace_error *err)
{
	*fd = -1;
	return error_set(err, SCHEDTRACE_E_IO, "there is no second file");
}

int capture_finish_file(struct capture *c, struct schedtrace_error *err)
{
	const struct tracedat_second second = { no_second, NULL };
	struct buffer_counts counts = { 0 };
	enum tracedat_shape shape;
	int r;

	if (!buffer_counts_new(&counts, tracedat_parts(&c->writer)))
		return error_set(err, SCHEDTRACE_E_NOMEM, "out of memory");
	buffer_counts_read(&counts, &c->instance, 0);
	r = tracedat_writer_finish(&c->writer, c->cmdlines, c->cmdlines, counts.texts, &second,
				   &shape, err);
	buffer_counts_free(&counts);
	return r;
}

/* ---- while it runs --------------------------------------------------------------------- */

int capture_start(struct capture *c, struct schedtrace_error *err)
{
	static const struct attach nobody;
	const struct itimerspec every = { .it_interval = { .tv_nsec = ROUND_NS },
					  .it_value = { .tv_nsec = ROUND_NS } };
	const struct marker_begin begin = { .instance = &c->instance,
					    .events = &c->events,
					    .clock = c->clock,
					    .attach = &nobody,
					    .whole = true };
	const struct readers_mode mode = { .privileges = PRIVILEGES_ALL,
					   .queue = c->queue,
					   .clock = c->clock };
	int r = readers_start(&c->readers, &c->instance, NULL, &c->writer, &mode, err);

	if (r < 0)
		return r;
	c->reading = true;
	r = instance_trace(&c->instance, true);
	if (r < 0)
		return error_errno(err, SCHEDTRACE_E_IO, -r, "switching tracing on");
	r = marker_write_begin(&begin, err);
	if (r < 0)
		return r;
	proc_tasks_free(&c->tasks);
	r = proc_tasks_read(&c->tasks, true, err);
	if (r < 0)
		return r;
	r = marker_write_tasks(&c->instance, &c->tasks, err);
	if (r < 0)
		return r;
	return timerfd_settime(c->timer_fd, 0, &every, NULL) == 0
		       ? 0
		       : error_errno(err, SCHEDTRACE_E_IO, errno, "timerfd");
}

int capture_fd(const struct capture *c)
{
	return c->timer_fd;
}

/* A reader that ended early took its CPU's later records with it. */
static int check_readers(const struct capture *c, struct schedtrace_error *err)
{
	for (int i = 0; i < c->readers.n; i++) {
		const struct reader *item = &c->readers.items[i];
		int errnum = atomic_load(&item->errnum);

		if (errnum)
			return error_errno(err, SCHEDTRACE_E_IO, errnum, "reading CPU %d",
					   item->cpu);
	}
	return 0;
}

int capture_step(struct capture *c, struct schedtrace_error *err)
{
	uint64_t ticks;
	int r;

	if (read(c->timer_fd, &ticks, sizeof(ticks)) < 0 && errno != EAGAIN)
		return error_errno(err, SCHEDTRACE_E_IO, errno, "timerfd");
	r = check_readers(c, err);
	return r < 0 ? r : page_queue_take(c->queue, &c->sink, err);
}

/* Tracing is off: the readers end once their buffers are empty. */
static int drain(struct capture *c, struct schedtrace_error *err)
{
	struct pollfd news = { .fd = c->readers.news_fd, .events = POLLIN };
	int64_t end = now_ns() + GIVE_UP_NS;
	uint64_t count;
	int r;

	readers_stop(&c->readers);
	while (!readers_done(&c->readers) && now_ns() < end) {
		if (poll(&news, 1, ROUND_NS / 1000000) > 0 &&
		    read(news.fd, &count, sizeof(count)) < 0)
			break;
		r = page_queue_take(c->queue, &c->sink, err);
		if (r < 0)
			return r;
	}
	if (c->writer.fd >= 0)
		readers_sizes(&c->readers, &c->writer);
	readers_finish(&c->readers);
	c->reading = false;
	r = check_readers(c, err);
	return r < 0 ? r : page_queue_take(c->queue, &c->sink, err);
}

int capture_stop(struct capture *c, struct schedtrace_error *err)
{
	int r = marker_write_end(&c->instance, c->clock, -1, "stop", err), off;

	off = instance_trace(&c->instance, false);
	if (r < 0)
		return r;
	if (off < 0)
		return error_errno(err, SCHEDTRACE_E_IO, -off, "switching tracing off");
	return drain(c, err);
}

uint64_t capture_skipped(const struct capture *c)
{
	return page_queue_skipped(c->queue);
}
