/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What comes before the first event. */
#include "record/capture_state.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "record/privileges.h"
#include "record/tracefs/kernel_head.h"
#include "record/tracefs/tracefs_place.h"

#define MAX_MEMORY   ((size_t)64 << 20)
#define FDS_READER   5	/* a buffer, its pipe and file, and what wakes its reader */
#define FDS_REST     22 /* sockets, markers, lists of /proc */
#define TICK_NS	     250000000
#define TICK_SINK_NS 50000000

static const char *clock_of(const struct capture_options *o)
{
	return o->clock ? o->clock : "mono";
}

static int check_clock(const struct capture_options *o, struct schedtrace_error *err)
{
	int64_t now;

	if (!o->sink || clocks_now(clock_of(o), &now))
		return 0;
	return error_set(err, SCHEDTRACE_E_USAGE,
			 "the clock %s may be set back while recording: take mono, mono_raw or "
			 "boot",
			 clock_of(o));
}

static int find_events(struct capture *c, struct schedtrace_error *err)
{
	const struct capture_options *o = &c->options;
	int r = event_sets_parse(&c->events, o->items, o->n_items, err);

	if (r < 0)
		return r;
	c->events.user_stacks = o->user_stacks;
	r = tracefs_place_find(o->tracefs, &c->tracefs, err);
	if (r < 0)
		return r;
	r = event_sets_resolve(&c->events, c->tracefs, err);
	if (r < 0)
		return r;
	if (o->only && event_sets_choose_only(&c->events) == 0)
		return error_set(err, SCHEDTRACE_E_USAGE,
				 "--only limits memory and system call events, and none is "
				 "recorded: add -e mm or the events that you want");
	c->n_swept = instance_sweep(c->tracefs);
	return 0;
}

int capture_new(struct capture **out, const struct capture_options *options,
		struct schedtrace_error *err)
{
	struct capture *c = calloc(1, sizeof(*c));
	int r;

	if (!c)
		return error_set(err, SCHEDTRACE_E_NOMEM, "out of memory");
	c->options = *options;
	c->options.clock = clock_of(options);
	if (options->sink) {
		c->sink = *options->sink;
		c->options.sink = &c->sink;
	}
	c->timer_fd = c->epoll_fd = c->writer.fd = c->hotplug.uevent_fd = -1;
	r = check_clock(options, err);
	if (r == 0)
		r = find_events(c, err);
	if (r < 0)
		capture_free(c);
	else
		*out = c;
	return r;
}

const char *capture_tracefs(const struct capture *c)
{
	return c->tracefs;
}

const struct event_list *capture_events(const struct capture *c)
{
	return &c->events;
}

int capture_swept(const struct capture *c)
{
	return c->n_swept;
}

/* Everything about a buffer but its events. */
static int make_instance(struct capture *c, struct instance *in, const char *suffix,
			 struct schedtrace_error *err)
{
	const struct capture_options *o = &c->options;
	int64_t kb = o->buffer_kb ? o->buffer_kb : c->events.buffer_kb;
	int r = instance_create(in, c->tracefs, suffix, err);

	if (r < 0)
		return r;
	r = instance_set_clock(in, o->clock, err);
	if (r < 0)
		return r;
	r = o->subbuf_kb ? instance_set_subbuf(in, o->subbuf_kb, err) : 0;
	if (r < 0)
		return r;
	r = instance_set_buffer(in, kb, o->only ? 2 : 1, err);
	if (r < 0 || !o->cpus)
		return r;
	free(c->cpus);
	c->cpus = calloc((size_t)in->n_cpus, sizeof(*c->cpus));
	return c->cpus ? instance_set_cpus(in, o->cpus, c->cpus, err)
		       : error_set(err, SCHEDTRACE_E_NOMEM, "out of memory");
}

/* What is opened from now on: little of it can be done without, and nothing without a word. */
static int check_descriptors(const struct capture *c, struct schedtrace_error *err)
{
	const struct capture_options *o = &c->options;
	int64_t buffers = (int64_t)c->instance.n_cpus * (o->only ? 2 : 1);
	int64_t more = FDS_REST + FDS_READER * buffers + (o->hold || o->limit ? buffers : 0) +
		       (o->user_stacks ? buffers : 0);
	auto_close int next = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0);
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0 ||
	    (next >= 0 && (rlim_t)(next + more) <= limit.rlim_cur))
		return 0;
	return error_errno(err, SCHEDTRACE_E_LIMIT, EMFILE,
			   "the limit of %" PRIu64
			   " open files (ulimit -n) leaves no room for %" PRId64 " more",
			   (uint64_t)limit.rlim_cur, more);
}

/* What must be known of the system before anything of it is recorded. */
static int look_around(struct capture *c, struct schedtrace_error *err)
{
	int r = proc_tasks_read(&c->tasks, false, err);

	if (r < 0)
		return r;
	c->first_cmdlines = proc_tasks_cmdlines(&c->tasks, NULL);
	if (!c->first_cmdlines || !buffer_counts_new(&c->counts, tracedat_parts(&c->writer)))
		return error_set(err, SCHEDTRACE_E_NOMEM, "out of memory");
	/* A recorder that is killed has no second reading: this one does until the end. */
	if (strcmp(c->options.clock, "x86-tsc") == 0)
		c->writer.has_tsc = clocks_measure_tsc(&c->writer.tsc);
	return 0;
}

static int begin_file(struct capture *c, int fd, const char *name, struct schedtrace_error *err)
{
	int r;

	if (fd < 0)
		return 0;
	r = tracedat_writer_begin(&c->writer, fd, c->first_cmdlines, err);
	return r < 0 && name ? error_prefix(err, r, "%s", name) : r;
}

static int enable_events(struct capture *c, struct schedtrace_error *err)
{
	int r = instance_enable_events(&c->instance, &c->events, false, err);

	if (r == 0)
		r = instance_open_controls(&c->instance, err);
	if (r < 0 || !c->options.only)
		return r;
	r = instance_enable_events(&c->only, &c->events, true, err);
	return r < 0 ? r : instance_open_controls(&c->only, err);
}

/* What wakes the caller: at least so often he has something to do. */
static int open_watches(struct capture *c, struct schedtrace_error *err)
{
	long ns = c->options.sink ? TICK_SINK_NS : TICK_NS;
	const struct itimerspec every = { { 0, ns }, { 0, ns } };
	int r;

	c->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	c->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (c->epoll_fd < 0 || c->timer_fd < 0 ||
	    timerfd_settime(c->timer_fd, 0, &every, NULL) != 0)
		return error_errno(err, SCHEDTRACE_E_IO, errno, "timerfd");
	r = capture_watch(c, c->timer_fd, err);
	if (r == 0)
		r = capture_watch(c, c->readers.news_fd, err);
	return r < 0 ? r : capture_watch(c, c->hotplug.uevent_fd, err);
}

static int start_readers(struct capture *c, uint64_t privileges, struct schedtrace_error *err)
{
	const struct capture_options *o = &c->options;
	size_t max_bytes = o->max_memory ? o->max_memory : MAX_MEMORY;
	struct readers_mode mode = {
		.privileges = privileges,
		.clock = o->clock,
		.hold = o->hold,
		.room = o->room,
		.limit = o->limit,
	};
	int r = o->sink ? page_queue_new(&c->queue, tracedat_parts(&c->writer),
					 c->instance.page_size, max_bytes, err)
			: 0;

	if (r < 0)
		return r;
	mode.queue = c->queue;
	r = readers_start(&c->readers, &c->instance, o->only ? &c->only : NULL, &c->writer, &mode,
			  err);
	c->reading = r == 0;
	return r;
}

int capture_set_up(struct capture *c, int fd, const char *name, uint64_t privileges,
		   struct schedtrace_error *err)
{
	const struct capture_options *o = &c->options;
	int r = make_instance(c, &c->instance, "", err);

	if (r == 0 && o->only)
		r = make_instance(c, &c->only, INSTANCE_ONLY, err);
	if (r < 0)
		return r;
	r = check_descriptors(c, err);
	if (r < 0)
		return r;
	r = hotplug_open(&c->hotplug, HOTPLUG_ROOT, c->instance.n_cpus, err);
	if (r < 0)
		return r;
	r = kernel_head_read(&c->writer, &c->instance, o->only ? BUFFER_ONLY : NULL, c->tracefs,
			     &c->events, err);
	if (r < 0)
		return r;
	r = look_around(c, err);
	if (r < 0)
		return r;
	r = begin_file(c, fd, name, err);
	if (r < 0)
		return r;
	r = enable_events(c, err);
	if (r < 0)
		return r;
	r = start_readers(c, privileges, err);
	if (r < 0)
		return r;
	r = open_watches(c, err);
	return r < 0 || !c->cpus ? r : instance_stay_on(c->cpus, c->instance.n_cpus, err);
}
