/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "record/capture.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "record/marker_writer.h"
#include "record/proc/proc_tasks.h"
#include "record/tracefs/buffer_counts.h"
#include "record/tracefs/clocks.h"
#include "record/tracefs/event_sets.h"
#include "record/tracefs/instance.h"
#include "record/tracefs/kernel_head.h"
#include "record/tracefs/tracefs_place.h"
#include "tracedat/tracedat_header.h"

#define ROUND_NS    50000000
#define PAGES_ROUND 64 /* handed over at a time */

struct capture {
	struct page_sink sink;
	char *tracefs, *clock;
	struct event_list events;
	struct instance instance;
	struct tracedat_writer writer; /* its head; and the file, if there is one */
	struct task_list tasks;
	char *cmdlines; /* of the head */
	int *pipes;	/* trace_pipe_raw of each CPU, -1 none */
	uint8_t *pages; /* PAGES_ROUND of them */
	int timer_fd;
	int64_t until_ns; /* before it all was read when the present round is over */
};

static bool is_never_set_back(const char *clock)
{
	return strcmp(clock, "mono") == 0 || strcmp(clock, "mono_raw") == 0 ||
	       strcmp(clock, "boot") == 0;
}

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

static int open_pipes(struct capture *c, struct schedtrace_error *err)
{
	const struct instance *in = &c->instance;

	c->pipes = malloc((size_t)in->n_cpus * sizeof(*c->pipes));
	c->pages = malloc(PAGES_ROUND * (size_t)in->page_size);
	if (!c->pipes || !c->pages)
		return error_set(err, SCHEDTRACE_E_NOMEM, "out of memory");
	for (int cpu = 0; cpu < in->n_cpus; cpu++)
		c->pipes[cpu] = -1;
	for (int cpu = 0; cpu < in->n_cpus; cpu++) {
		if (!in->has_cpu[cpu])
			continue;
		c->pipes[cpu] = instance_open_pages(in, cpu, err);
		if (c->pipes[cpu] < 0)
			return c->pipes[cpu];
	}
	c->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	return c->timer_fd < 0 ? error_errno(err, SCHEDTRACE_E_IO, errno, "timerfd") : 0;
}

static int set_up(struct capture *c, const struct capture_options *options,
		  struct schedtrace_error *err)
{
	int r;

	c->clock = strdup(options->clock ? options->clock : "mono");
	if (!c->clock)
		return error_set(err, SCHEDTRACE_E_NOMEM, "out of memory");
	if (!is_never_set_back(c->clock))
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
	return open_pipes(c, err);
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
	for (int cpu = 0; c->pipes && cpu < c->instance.n_cpus; cpu++)
		if (c->pipes[cpu] >= 0)
			close(c->pipes[cpu]);
	mem_close_p(&c->timer_fd);
	instance_destroy(&c->instance, NULL);
	tracedat_writer_free(&c->writer);
	event_sets_free(&c->events);
	proc_tasks_free(&c->tasks);
	if (c->tracefs)
		tracefs_place_forget(c->tracefs);
	free(c->clock);
	free(c->cmdlines);
	free(c->pipes);
	free(c->pages);
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
	return tracedat_writer_begin(&c->writer, fd, c->cmdlines, err);
}

int capture_write_pages(struct capture *c, int cpu, const void *pages, size_t bytes,
			struct schedtrace_error *err)
{
	struct tracedat_part *part = &c->writer.parts[cpu];
	int r = tracedat_write_at(c->writer.fd, pages, bytes,
				  tracedat_writer_position(&c->writer, cpu) + part->size);

	if (r < 0)
		return error_errno(err, SCHEDTRACE_E_IO, -r, "writing pages of CPU %d", cpu);
	part->size += bytes;
	return 0;
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

static int64_t trace_now(const struct capture *c)
{
	struct clocks now;
	int64_t ns = 0;

	clocks_read(&now);
	clocks_by_name(&now, c->clock, &ns);
	return ns;
}

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
	int r = instance_trace(&c->instance, true);

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

/* All that the CPU's buffer holds at this moment; the last page may not be full. */
static int read_cpu(struct capture *c, int cpu, struct schedtrace_error *err)
{
	size_t page_size = c->instance.page_size, n = 0;
	int r = 0;

	while (r >= 0) {
		ssize_t got = read(c->pipes[cpu], c->pages + n * page_size, page_size);

		if (got < 0 && errno == EINTR)
			continue;
		/* A CPU that has not been online yet has no buffer to read. */
		if (got < 0 && errno != EAGAIN && errno != ENODEV)
			return error_errno(err, SCHEDTRACE_E_IO, errno, "reading CPU %d", cpu);
		if (got <= 0)
			break;
		memset(c->pages + n * page_size + got, 0, page_size - (size_t)got);
		if (++n < PAGES_ROUND)
			continue;
		r = c->sink.pages(c->sink.user, cpu, c->pages, n * page_size, err);
		n = 0;
	}
	return r >= 0 && n ? c->sink.pages(c->sink.user, cpu, c->pages, n * page_size, err) : r;
}

static int read_all(struct capture *c, struct schedtrace_error *err)
{
	int r = 0;

	for (int cpu = 0; r >= 0 && cpu < c->instance.n_cpus; cpu++)
		if (c->pipes[cpu] >= 0)
			r = read_cpu(c, cpu, err);
	return r;
}

int capture_step(struct capture *c, struct schedtrace_error *err)
{
	/* An event may have got its time before this and come into the buffer after the reading:
	 * the round before tells until when that is over. */
	int64_t until = c->until_ns, now = trace_now(c);
	uint64_t ticks;
	int r;

	if (read(c->timer_fd, &ticks, sizeof(ticks)) < 0 && errno != EAGAIN)
		return error_errno(err, SCHEDTRACE_E_IO, errno, "timerfd");
	r = read_all(c, err);
	if (r < 0)
		return r;
	c->until_ns = now;
	return until ? c->sink.round(c->sink.user, until, err) : 0;
}

int capture_stop(struct capture *c, struct schedtrace_error *err)
{
	int r = marker_write_end(&c->instance, c->clock, -1, "stop", err), off;

	off = instance_trace(&c->instance, false);
	if (r < 0)
		return r;
	if (off < 0)
		return error_errno(err, SCHEDTRACE_E_IO, -off, "switching tracing off");
	r = read_all(c, err);
	return r < 0 ? r : c->sink.round(c->sink.user, INT64_MAX, err);
}
