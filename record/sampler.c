/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "record/sampler.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/escape.h"
#include "base/mem.h"
#include "record/marker_writer.h"
#include "record/proc/exit_stats.h"
#include "record/proc/proc_sample.h"

#define PIDS	       (4 << 20) /* PID_MAX_LIMIT of the kernel */
#define FDS_SPARE      32
#define FDS_CPU	       4
#define EVENTS_AT_ONCE 64
#define EXITS_HZ       20 /* at least: what the socket holds of exits must be read in time */
#define MISSED_PERCENT 5  /* of the ticks: a busy machine delays one now and then */
#define TIMER	       0  /* what epoll tells of the timer; otherwise a pid */
#define EXITS	       UINT64_MAX /* and of the exits */

struct sampled {
	struct proc_sample proc;
	bool registered; /* by pid */
	bool followed;	 /* with its children */
	bool threaded;	 /* had several threads in some sample */
	bool ending;	 /* the kernel told that its last thread exits */
	bool silent;	 /* had its last sample; known so that it is not found again */
	int64_t samples;
	struct marker_sample dead; /* what those of its threads had used that have exited */
};

struct sampler {
	int64_t hz;
	int marker_fd, poll_fd, timer_fd;
	int exits_fd;	 /* exit_stats.h; -1: not to be had */
	bool exits_wait; /* until the timer's next beat */
	bool concerned;	 /* an exit was of a process in items */
	bool armed;
	int fd_end; /* descriptors from here on are left to the rest of the recorder */
	struct sampled *items;
	size_t n, room;
	struct proc_sample self; /* if it has a pid: our own children are followed */
	uint8_t *known;		 /* a bit a pid: it is in items */
	int64_t ticks;
	int64_t beats, beat;	 /* of the timer in a tick, and the last one in this tick */
	int64_t missed;		 /* ticks that were due while one before them was under way */
	int64_t rounds, busy_ns; /* ticks of the timer, and how long they took together */
	size_t most;		 /* processes in one of them */
	int64_t unheld;	     /* descendants that could not be opened */
	int unheld_errnum;
	struct marker_sample batch[MARKER_SAMPLES_MAX];
	size_t n_batch;
	struct schedtrace_error *err; /* of the call that runs */
};

/* ---- the list ------------------------------------------------------------------------- */

static bool is_known(const struct sampler *s, pid_t pid)
{
	return s->known[pid / 8] & 1 << pid % 8;
}

static struct sampled *find(struct sampler *s, pid_t pid)
{
	if (pid <= 0 || pid >= PIDS || !is_known(s, pid))
		return NULL;
	for (size_t i = 0; i < s->n; i++)
		if (s->items[i].proc.pid == pid)
			return &s->items[i];
	return NULL;
}

static void drop(struct sampler *s, size_t i)
{
	pid_t pid = s->items[i].proc.pid;

	s->known[pid / 8] &= (uint8_t) ~(1 << pid % 8);
	proc_sample_close(&s->items[i].proc); /* which takes its descriptor out of the epoll */
	s->items[i] = s->items[--s->n];
}

static int no_memory(struct sampler *s)
{
	return error_set(s->err, SCHEDTRACE_E_NOMEM, "no memory for samples");
}

static int arm(struct sampler *s)
{
	int64_t ns = 1000000000 / s->hz / s->beats;
	struct timespec period = { ns / 1000000000, ns % 1000000000 };
	struct itimerspec spec = { period, period };
	struct epoll_event exits = { .events = EPOLLIN, .data.u64 = EXITS };

	if (s->armed)
		return 0;
	if (timerfd_settime(s->timer_fd, 0, &spec, NULL) != 0)
		return error_errno(s->err, SCHEDTRACE_E_IO, errno, "the timer of samples");
	s->exits_fd = exit_stats_open();
	if (s->exits_fd >= 0)
		epoll_ctl(s->poll_fd, EPOLL_CTL_ADD, s->exits_fd, &exits);
	s->armed = true;
	return 0;
}

/* 0, or -errno: it cannot be opened. */
static int add(struct sampler *s, pid_t pid, struct sampled **out)
{
	struct epoll_event event = { .events = EPOLLIN, .data.u64 = (uint64_t)pid };
	struct sampled item = { 0 };
	int result;

	if (pid <= 0 || pid >= PIDS)
		return -ESRCH;
	result = proc_sample_open(&item.proc, pid);
	if (result < 0)
		return result;
	if (item.proc.stat_fd >= s->fd_end || item.proc.children_fd >= s->fd_end ||
	    item.proc.pid_fd >= s->fd_end) {
		proc_sample_close(&item.proc);
		return -EMFILE;
	}
	if (!array_room(s->items, s->n, s->room)) {
		proc_sample_close(&item.proc);
		return -ENOMEM;
	}
	if (item.proc.pid_fd >= 0)
		epoll_ctl(s->poll_fd, EPOLL_CTL_ADD, item.proc.pid_fd, &event);
	s->known[pid / 8] |= (uint8_t)(1 << pid % 8);
	s->items[s->n] = item;
	*out = &s->items[s->n++];
	return 0;
}

/* ---- samples -------------------------------------------------------------------------- */

static int flush(struct sampler *s)
{
	size_t n = s->n_batch;

	s->n_batch = 0;
	return n ? marker_write_samples(s->marker_fd, s->batch, n, s->err) : 0;
}

/* Puts the figures that were read last into the timeline. */
static int put(struct sampler *s, struct sampled *item, bool last)
{
	struct marker_sample *out = &s->batch[s->n_batch++];

	*out = item->proc.figures;
	out->flags =
		(uint8_t)((item->registered ? SAMPLE_REGISTERED : 0) | (last ? SAMPLE_LAST : 0));
	item->samples++;
	item->silent = last;
	return s->n_batch == MARKER_SAMPLES_MAX ? flush(s) : 0;
}

static bool has_ended(const struct proc_sample *p)
{
	return (p->figures.state == 'Z' || p->figures.state == 'X') && p->threads <= 1;
}

/* ---- the end of a process --------------------------------------------------------------- */

/* A thread has exited. The kernel tells before its parent can wait for the process. */
static void exited(void *self, const struct exit_stats *stats)
{
	struct sampler *s = self;
	struct sampled *item = find(s, stats->tgid);
	int64_t ticks = stats->user_ns + stats->system_ns;
	int64_t system_ns;

	/* Without a word on the process, the figures are those of one thread. */
	if (!item || (!stats->grouped && item->threaded))
		return;
	system_ns = ticks ? (int64_t)((__int128)stats->cpu_ns * stats->system_ns / ticks) : 0;
	item->dead.minor += stats->minor;
	item->dead.major += stats->major;
	item->dead.system_ns += system_ns;
	item->dead.user_ns += stats->cpu_ns - system_ns;
	item->ending |= stats->last;
	s->concerned = true;
}

/* What its exited threads had used together is what it has used, if all were told. */
static bool raise_figures(struct sampled *item)
{
	struct marker_sample *now = &item->proc.figures, before = *now;
	const struct marker_sample *dead = &item->dead;

	if (now->minor < dead->minor)
		now->minor = dead->minor;
	if (now->major < dead->major)
		now->major = dead->major;
	if (now->user_ns + now->system_ns < dead->user_ns + dead->system_ns) {
		now->user_ns = dead->user_ns;
		now->system_ns = dead->system_ns;
		proc_sample_divide(now, &before, dead->user_ns + dead->system_ns);
	}
	return memcmp(now, &before, sizeof(before)) != 0;
}

/* Takes in all that the kernel has told of exits by now. */
static void drain_exits(struct sampler *s)
{
	if (s->exits_fd >= 0)
		exit_stats_read(s->exits_fd, exited, s);
}

/* The last sample of a process that cannot be read any more, if the kernel told of its end: all its
 * threads have been told by now. */
static int put_gone(struct sampler *s, struct sampled *item)
{
	bool more;

	drain_exits(s);
	if (!item->ending)
		return 0;
	more = raise_figures(item);
	if (item->silent && !more)
		return 0;
	item->proc.figures.state = 'X';
	return put(s, item, true);
}

/* The last samples of those whose last thread exits. */
static int put_ending(struct sampler *s)
{
	int result = 0;

	while (s->concerned) {
		s->concerned = false;
		for (size_t i = 0; result == 0 && i < s->n; i++) {
			struct sampled *item = &s->items[i];

			if (!item->ending || item->silent)
				continue;
			if (proc_sample_read(&item->proc) < 0) {
				result = put_gone(s, item);
				continue;
			}
			if (!has_ended(&item->proc)) {
				raise_figures(item);
				item->proc.figures.state = 'X';
			}
			result = put(s, item, true);
		}
	}
	return result;
}

/* Exits of others come by thousands from some loads: they can wait until the timer's next beat. */
static void listen_to_exits(struct sampler *s, bool now)
{
	struct epoll_event exits = { .events = now ? EPOLLIN : 0, .data.u64 = EXITS };

	s->exits_wait = !now;
	epoll_ctl(s->poll_fd, EPOLL_CTL_MOD, s->exits_fd, &exits);
}

/* Its end was seen; its parent may already have waited for it. */
static int ended(struct sampler *s, pid_t pid)
{
	struct sampled *item = find(s, pid);

	if (!item)
		return 0;
	epoll_ctl(s->poll_fd, EPOLL_CTL_DEL, item->proc.pid_fd, NULL);
	/* What the kernel told of the exit ('X') may lack the very last of it. */
	if (item->silent && item->proc.figures.state != 'X')
		return 0; /* the next tick forgets it */
	return proc_sample_read(&item->proc) < 0 ? put_gone(s, item) : put(s, item, true);
}

/*
 * Threads that had exited before the process was known. What the kernel has told of them is
 * thrown away: it is in these figures.
 */
static void count_dead(struct sampler *s, struct sampled *item)
{
	struct marker_sample dead;

	if (s->exits_fd < 0)
		return;
	proc_sample_dead(&item->proc, &dead);
	drain_exits(s);
	item->dead = dead;
}

/* ---- every tick -------------------------------------------------------------------------- */

static int found_child(void *self, pid_t pid)
{
	struct sampler *s = self;
	struct sampled *item;
	int result;

	if (pid <= 0 || pid >= PIDS || is_known(s, pid))
		return 0;
	result = add(s, pid, &item);
	if (result == 0) {
		item->followed = true;
		count_dead(s, item);
	} else if (result != -ESRCH) {
		s->unheld++;
		s->unheld_errnum = -result;
	}
	return 0;
}

/* Samples one; *gone if it can be forgotten. */
static int sample(struct sampler *s, size_t i, bool *gone)
{
	struct sampled *item = &s->items[i];
	struct proc_sample proc;

	*gone = proc_sample_read(&item->proc) < 0;
	if (*gone && !item->silent)
		return put_gone(s, item) < 0 ? s->err->status : 0;
	if (*gone || item->silent)
		return 0;
	proc = item->proc;
	item->threaded |= proc.threads > 1;
	if (put(s, item, has_ended(&proc)) < 0)
		return s->err->status;
	if (item->followed && !item->silent) /* items may move when one is found */
		proc_sample_children(&proc, found_child, s);
	return 0;
}

static int tick(struct sampler *s)
{
	s->ticks++;
	if (put_ending(s) < 0)
		return s->err->status;
	if (s->self.pid)
		proc_sample_children(&s->self, found_child, s);
	for (size_t i = 0; i < s->n;) { /* children that are found come at the end */
		bool gone;

		if (sample(s, i, &gone) < 0)
			return s->err->status;
		if (gone)
			drop(s, i);
		else
			i++;
	}
	return flush(s);
}

/* ---- what others call ----------------------------------------------------------------- */

/* Readers of the ring buffer open theirs late. */
static int find_fd_end(void)
{
	int64_t spare = FDS_SPARE + FDS_CPU * (int64_t)sysconf(_SC_NPROCESSORS_CONF);
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) != 0 || files.rlim_cur > INT32_MAX)
		return INT32_MAX;
	return (int)((int64_t)files.rlim_cur - spare);
}

int sampler_new(struct sampler **out, int64_t hz, int marker_fd, struct schedtrace_error *err)
{
	struct epoll_event event = { .events = EPOLLIN, .data.u64 = TIMER };
	struct sampler *s = calloc(1, sizeof(*s));

	if (!s)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for samples");
	s->hz = hz;
	s->beats = (EXITS_HZ + hz - 1) / hz;
	s->marker_fd = marker_fd;
	s->exits_fd = -1;
	s->fd_end = find_fd_end();
	s->known = calloc(PIDS / 8, 1);
	s->poll_fd = epoll_create1(EPOLL_CLOEXEC);
	s->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (!s->known || s->poll_fd < 0 || s->timer_fd < 0 ||
	    epoll_ctl(s->poll_fd, EPOLL_CTL_ADD, s->timer_fd, &event) != 0) {
		int errnum = errno;

		sampler_free(s);
		return error_errno(err, SCHEDTRACE_E_IO, errnum, "preparing to take samples");
	}
	*out = s;
	return 0;
}

void sampler_free(struct sampler *s)
{
	if (!s)
		return;
	while (s->n)
		drop(s, s->n - 1);
	if (s->self.pid)
		proc_sample_close(&s->self);
	mem_close_p(&s->poll_fd);
	mem_close_p(&s->timer_fd);
	mem_close_p(&s->exits_fd);
	free(s->items);
	free(s->known);
	free(s);
}

/* The process, opened now unless it is known. */
static int take(struct sampler *s, pid_t pid, struct sampled **out)
{
	struct sampled *item = find(s, pid);
	bool is_new;
	int result = 0;

	if (s->marker_fd < 0)
		return error_set(s->err, SCHEDTRACE_E_UNSUPPORTED,
				 "samples need trace_marker_raw, which kernels before 4.10 lack");
	if (item && proc_sample_read(&item->proc) < 0) { /* another process had this pid */
		drop(s, (size_t)(item - s->items));
		item = NULL;
	}
	is_new = !item;
	if (is_new)
		result = add(s, pid, &item);
	if (result == -ENOMEM)
		return no_memory(s);
	if (result == -EINVAL)
		return error_set(s->err, SCHEDTRACE_E_USAGE,
				 "%d is a thread: give the pid of its process", (int)pid);
	if (result < 0)
		return error_errno(s->err,
				   result == -ESRCH ? SCHEDTRACE_E_NOT_FOUND : SCHEDTRACE_E_IO,
				   -result, "process %d", (int)pid);
	*out = item;
	if (arm(s) < 0)
		return s->err->status;
	if (is_new)
		count_dead(s, item);
	return 0;
}

int sampler_register(struct sampler *s, pid_t pid, struct schedtrace_error *err)
{
	struct sampled *item;

	s->err = err;
	if (take(s, pid, &item) < 0)
		return err->status;
	item->registered = true;
	item->silent = false;
	if (proc_sample_read(&item->proc) < 0)
		return 0; /* it ended this moment */
	return put(s, item, has_ended(&item->proc)) < 0 ? err->status : flush(s);
}

int sampler_follow(struct sampler *s, pid_t pid, bool registered, struct schedtrace_error *err)
{
	struct sampled *item;

	s->err = err;
	if (take(s, pid, &item) < 0)
		return err->status;
	item->followed = true;
	item->registered |= registered;
	return tick(s); /* with the children that it has */
}

void sampler_follow_adopted(struct sampler *s)
{
	if (proc_sample_open(&s->self, getpid()) < 0)
		s->self.pid = 0; /* then those are sampled that were known before */
	s->self.threads = 1;	 /* the first gets them */
}

int sampler_unregister(struct sampler *s, pid_t pid, struct schedtrace_error *err)
{
	struct sampled *item = find(s, pid);

	s->err = err;
	if (!item || item->silent)
		return error_set(err, SCHEDTRACE_E_USAGE, "process %d is not sampled", (int)pid);
	if (proc_sample_read(&item->proc) == 0 && put(s, item, true) < 0)
		return err->status;
	if (!item->followed)
		drop(s, (size_t)(item - s->items));
	return flush(s);
}

int sampler_fd(const struct sampler *s)
{
	return s->poll_fd;
}

/* So many beats of the timer have come; true if it is time to sample. */
static bool beat(struct sampler *s, uint64_t count)
{
	int64_t due;

	if (s->exits_wait) {
		drain_exits(s);
		listen_to_exits(s, true);
	}
	s->beat += (int64_t)count;
	due = s->beat / s->beats;
	s->beat %= s->beats;
	s->missed += due > 1 ? due - 1 : 0;
	return due > 0;
}

/* A tick that the timer asked for. */
static int round_of_all(struct sampler *s)
{
	int64_t begun = now_ns();
	int result = tick(s);

	s->busy_ns += now_ns() - begun;
	s->rounds++;
	s->most = s->n > s->most ? s->n : s->most;
	return result;
}

int sampler_run(struct sampler *s, struct schedtrace_error *err)
{
	struct epoll_event events[EVENTS_AT_ONCE];
	bool due = false;
	uint64_t count;
	int n;

	s->err = err;
	n = epoll_wait(s->poll_fd, events, EVENTS_AT_ONCE, 0);
	/* First those that ended, before their parents wait for them. */
	for (int i = 0; i < n; i++)
		if (events[i].data.u64 == EXITS) {
			drain_exits(s);
			if (!s->concerned)
				listen_to_exits(s, false);
		} else if (events[i].data.u64 == TIMER)
			due = read(s->timer_fd, &count, sizeof(count)) == sizeof(count) &&
			      beat(s, count);
		else if (ended(s, (pid_t)events[i].data.u64) < 0)
			return err->status;
	if (put_ending(s) < 0)
		return err->status;
	return due ? round_of_all(s) : flush(s);
}

void sampler_ended(void *sampler, pid_t pid)
{
	struct schedtrace_error err;
	struct sampler *s = sampler;

	s->err = &err;
	if (ended(s, pid) == 0)
		flush(s);
}

int sampler_finish(struct sampler *s, struct schedtrace_error *err)
{
	s->err = err;
	for (size_t i = 0; i < s->n; i++) {
		struct sampled *item = &s->items[i];

		if (item->silent)
			continue;
		if ((proc_sample_read(&item->proc) < 0 ? put_gone(s, item) : put(s, item, true)) <
		    0)
			return err->status;
	}
	if (flush(s) < 0)
		return err->status;
	if (s->unheld)
		return error_errno(err, SCHEDTRACE_E_LIMIT, s->unheld_errnum,
				   "%" PRId64 " times a descendant could not be sampled",
				   s->unheld);
	return 0;
}

int sampler_check_rate(const struct sampler *s, struct schedtrace_error *err)
{
	int64_t due = s->rounds + s->missed;

	if (s->missed * 100 <= due * MISSED_PERCENT)
		return 0;
	if (s->busy_ns / s->rounds * s->hz < 500000000)
		return error_set(err, SCHEDTRACE_E_LIMIT,
				 "%.1f a second were taken instead of %" PRId64
				 ": the recorder had no CPU in time",
				 (double)(s->hz * s->rounds) / (double)due, s->hz);
	return error_set(err, SCHEDTRACE_E_LIMIT,
			 "%.1f a second were taken instead of %" PRId64
			 ": once through %zu processes took %.1f ms",
			 (double)(s->hz * s->rounds) / (double)due, s->hz, s->most,
			 (double)s->busy_ns / (double)s->rounds / 1e6);
}

static json_t *status_of(const struct sampled *item)
{
	const struct marker_sample *f = &item->proc.figures;
	auto_free char *name = escape_visible(f->comm);

	return name ? json_pack("{s:i, s:s, s:b, s:s%, s:I, s:I, s:I, s:I, s:I, s:I}", "pid",
				f->pid, "name", name, "registered", item->registered, "state",
				(const char *)&f->state, (size_t)1, "user_ns",
				(json_int_t)f->user_ns, "system_ns", (json_int_t)f->system_ns,
				"minor_faults", (json_int_t)f->minor, "major_faults",
				(json_int_t)f->major, "rss_bytes", (json_int_t)f->rss_bytes,
				"samples", (json_int_t)item->samples)
		    : NULL;
}

json_t *sampler_status(const struct sampler *s)
{
	json_t *processes = json_array();

	for (size_t i = 0; i < s->n; i++)
		if (!s->items[i].silent &&
		    json_array_append_new(processes, status_of(&s->items[i])) < 0) {
			json_decref(processes);
			return NULL;
		}
	return json_pack("{s:I, s:I, s:I, s:o}", "hz", (json_int_t)s->hz, "ticks",
			 (json_int_t)s->ticks, "missed", (json_int_t)s->missed, "processes",
			 processes);
}
