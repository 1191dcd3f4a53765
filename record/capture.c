/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "record/capture_state.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/mem.h"
#include "record/tracefs/tracefs_place.h"

#define TICK_NS	 250000000 /* how far the table of a killed recorder's file is behind */
#define DRAIN_MS 50

void capture_free(struct capture *c)
{
	struct schedtrace_error err;

	if (!c)
		return;
	sampler_free(c->sampler);
	c->sampler = NULL;
	capture_break_off(c);
	user_maps_free(c->user_maps);
	if (capture_remove(c, &err) < 0)
		note(&c->options.notes, "%s", err.text);
	mem_close_p(&c->timer_fd);
	mem_close_p(&c->epoll_fd);
	readers_free(&c->readers);
	page_queue_free(c->queue);
	hotplug_close(&c->hotplug);
	buffer_counts_free(&c->counts);
	tracedat_writer_free(&c->writer);
	event_sets_free(&c->events);
	proc_tasks_free(&c->tasks);
	tracefs_place_forget(c->tracefs);
	free(c->first_cmdlines);
	free(c->cpus);
	free(c);
}

int capture_remove(struct capture *c, struct schedtrace_error *err)
{
	struct schedtrace_error other;
	int r = instance_destroy(&c->only, err);
	int first = instance_destroy(&c->instance, r < 0 ? &other : err);

	if (r < 0 && first < 0)
		note(&c->options.notes, "%s", other.text);
	return r < 0 ? r : first;
}

int capture_watch(struct capture *c, int fd, struct schedtrace_error *err)
{
	struct epoll_event event = { .events = EPOLLIN, .data.fd = fd };

	if (fd < 0 || epoll_ctl(c->epoll_fd, EPOLL_CTL_ADD, fd, &event) == 0)
		return 0;
	return error_errno(err, SCHEDTRACE_E_IO, errno, "epoll");
}

void capture_unwatch(struct capture *c, int fd)
{
	if (fd >= 0)
		epoll_ctl(c->epoll_fd, EPOLL_CTL_DEL, fd, NULL);
}

void capture_tell(struct capture *c, const struct schedtrace_error *err)
{
	note(&c->options.notes, "%s", err->text);
}

/* ---- samples --------------------------------------------------------------------------- */

static int follow(struct capture *c, struct schedtrace_error *err)
{
	const struct attach *attach = capture_attach(c);
	int r = c->command_pid ? sampler_follow(c->sampler, c->command_pid, false, err) : 0;

	for (size_t i = 0; r == 0 && i < attach->n; i++) {
		r = sampler_follow(c->sampler, attach->pids[i], true, err);
		if (r == SCHEDTRACE_E_NOT_FOUND) /* it has ended since we looked */
			r = 0;
	}
	return r;
}

static int start_sampler(struct capture *c, struct schedtrace_error *err)
{
	int64_t hz = c->options.sample_hz;
	int r = sampler_new(&c->sampler, hz ? hz : SAMPLER_DEFAULT_HZ, c->instance.marker_fd, err);

	if (r < 0)
		return r;
	r = hz ? follow(c, err) : 0;
	return r < 0 ? r : capture_watch(c, sampler_fd(c->sampler), err);
}

struct sampler *capture_sampler(const struct capture *c)
{
	return c->sampler;
}

/* The recording goes on without samples. */
static void run_sampler(struct capture *c)
{
	struct schedtrace_error err;

	if (!c->sampler || c->sampling_failed || sampler_run(c->sampler, &err) == 0)
		return;
	note(&c->options.notes, "samples end here: %s", err.text);
	capture_unwatch(c, sampler_fd(c->sampler));
	c->sampling_failed = true;
}

bool capture_sampling_failed(const struct capture *c)
{
	return c->sampling_failed;
}

static void finish_sampler(struct capture *c)
{
	struct schedtrace_error err;

	if (!c->sampler)
		return;
	if (!c->sampling_failed && sampler_finish(c->sampler, &err) < 0)
		note(&c->options.notes, "samples: %s", err.text);
	if (sampler_check_rate(c->sampler, &err) < 0)
		note(&c->options.notes, "samples: %s", err.text);
	sampler_free(c->sampler);
	c->sampler = NULL;
}

/* ---- while it runs --------------------------------------------------------------------- */

int capture_start(struct capture *c, char *const *command, pid_t pid, struct schedtrace_error *err)
{
	bool only = c->options.only;
	int64_t now;
	int r;

	c->command = command;
	c->command_pid = pid;
	r = only ? attach_follow(capture_attach(c), pid ? getpid() : 0, &c->only, err) : 0;
	if (r < 0)
		return r;
	r = instance_trace(&c->instance, true);
	if (r == 0 && only)
		r = instance_trace(&c->only, true);
	if (r < 0)
		return error_errno(err, SCHEDTRACE_E_IO, -r, "switching tracing on");
	c->begun_ns = c->tick_ns = now_ns();
	clocks_read(&c->begun);
	/* Who holds what is recorded puts what a file begins with before what it saves. */
	r = c->options.hold ? 0 : capture_begin_file(c, true, err);
	if (r < 0)
		return r;
	/* With the first round all that stands at the beginning is known. */
	if (c->queue && clocks_now(c->options.clock, &now))
		page_queue_not_before(c->queue, now);
	return start_sampler(c, err);
}

int capture_fd(const struct capture *c)
{
	return c->epoll_fd;
}

static void look_for_cpus(struct capture *c)
{
	struct schedtrace_error err;

	if (!c->ended_ns && hotplug_look(&c->hotplug, c->instance.marker_fd, &err) < 0)
		capture_tell(c, &err);
}

/* What made capture_fd() readable. */
static void serve(struct capture *c)
{
	struct epoll_event events[4];
	int n = epoll_wait(c->epoll_fd, events, sizeof(events) / sizeof(*events), 0);
	uint64_t count;

	for (int i = 0; i < n; i++) {
		int fd = events[i].data.fd;

		if (fd == c->hotplug.uevent_fd)
			look_for_cpus(c);
		else if (fd == c->timer_fd || fd == c->readers.news_fd)
			(void)!read(fd, &count, sizeof(count));
		else
			run_sampler(c);
	}
}

/* The file's table, as far as the readers have come. */
static int publish(struct capture *c, struct schedtrace_error *err)
{
	if (c->writer.fd < 0)
		return 0;
	readers_sizes(&c->readers, &c->writer);
	return tracedat_writer_publish(&c->writer, err);
}

int capture_step(struct capture *c, struct schedtrace_error *err)
{
	int64_t now;
	int r = 0;

	serve(c);
	now = now_ns();
	if (c->reading && !c->ended_ns)
		capture_check_readers(c);
	if (c->reading && !c->ended_ns && now - c->tick_ns >= TICK_NS) {
		c->tick_ns = now;
		look_for_cpus(c);
		capture_write_maps(c);
		r = publish(c, err);
	}
	return r < 0 || !c->queue ? r : page_queue_take(c->queue, c->options.sink, err);
}

const char *capture_trouble(const struct capture *c)
{
	return c->trouble;
}

bool capture_failed(const struct capture *c)
{
	return c->failed;
}

bool capture_is_full(const struct capture *c)
{
	return c->reading && atomic_load(&c->readers.total) >= c->readers.limit;
}

uint64_t capture_skipped(const struct capture *c)
{
	return c->queue ? page_queue_skipped(c->queue) : 0;
}

/* ---- the end --------------------------------------------------------------------------- */

static void finish_maps(struct capture *c)
{
	if (!c->user_maps)
		return;
	capture_write_maps(c);
	if (user_maps_lost(c->user_maps))
		note(&c->options.notes,
		     "%" PRIu64 " mappings of programs were missed: some user stacks stay numbers",
		     user_maps_lost(c->user_maps));
}

/* No events from now on. */
static void switch_off(struct capture *c)
{
	if (c->instance.handle)
		instance_trace(&c->instance, false);
	if (c->only.handle)
		instance_trace(&c->only, false);
	c->ended_ns = now_ns();
	capture_unwatch(c, c->hotplug.uevent_fd);
}

void capture_end(struct capture *c, int wait_status, const char *reason)
{
	struct schedtrace_error err;

	finish_sampler(c);
	finish_maps(c);
	if (!atomic_load(&c->readers.output_errnum)) {
		capture_note_silent(c);
		/* The file is good without the notes of its end. */
		if (capture_note_end(c, &err) < 0 ||
		    marker_write_end(&c->instance, c->options.clock, wait_status, reason, &err) < 0)
			capture_tell(c, &err);
	}
	switch_off(c);
	readers_stop(&c->readers);
}

bool capture_drained(struct capture *c, bool hurry, bool leave)
{
	if (readers_done(&c->readers))
		return true;
	if (hurry)
		atomic_store(&c->readers.hurry, true);
	capture_give_up_readers(c, leave);
	return readers_done(&c->readers);
}

int capture_collect(struct capture *c, const struct cpu_stats *base, struct schedtrace_error *err)
{
	int r;

	capture_read_counts(c);
	if (c->writer.fd >= 0)
		readers_sizes(&c->readers, &c->writer);
	readers_finish(&c->readers);
	c->reading = false;
	r = c->writer.fd >= 0 ? capture_count_unwritten(c, base, err) : 0;
	return r < 0 || !c->queue ? r : page_queue_take(c->queue, c->options.sink, err);
}

int capture_stop(struct capture *c, int wait_status, const char *reason,
		 struct schedtrace_error *err)
{
	struct pollfd news = { .fd = c->epoll_fd, .events = POLLIN };
	struct schedtrace_error later;
	int r = 0, collected;

	capture_end(c, wait_status, reason);
	/* The file gets all of it, whether or not the sink takes more. */
	while (!capture_drained(c, false, false)) {
		poll(&news, 1, DRAIN_MS);
		if (r == 0)
			r = capture_step(c, err);
		else
			serve(c);
	}
	collected = capture_collect(c, NULL, r < 0 ? &later : err);
	return r < 0 ? r : collected;
}

void capture_break_off(struct capture *c)
{
	finish_sampler(c);
	if (c->begun_ns && !c->ended_ns)
		switch_off(c);
	if (!c->reading)
		return;
	atomic_store(&c->readers.hurry, true);
	readers_finish(&c->readers);
	c->reading = false;
}

/* ---- figures --------------------------------------------------------------------------- */

int capture_cpus(const struct capture *c)
{
	return c->instance.n_cpus;
}

const struct instance *capture_instance(const struct capture *c)
{
	return &c->instance;
}

const struct readers *capture_readers(const struct capture *c)
{
	return &c->readers;
}

const struct buffer_counts *capture_counts(const struct capture *c)
{
	return &c->counts;
}

void capture_read_counts(struct capture *c)
{
	buffer_counts_read(&c->counts, &c->instance, 0);
	if (c->only.handle)
		buffer_counts_read(&c->counts, &c->only, c->instance.n_cpus);
}

int64_t capture_begun_ns(const struct capture *c)
{
	return c->begun_ns;
}

int64_t capture_ended_ns(const struct capture *c)
{
	return c->ended_ns;
}
