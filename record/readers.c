/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "record/readers.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/mem.h"
#include "record/privileges.h"
#include "record/reader_pages.h"

#define LOOK_MS	       250 /* what a killed recorder loses at most */
#define PAUSE_MS       20
#define LOOK_MEMORY_MS 50 /* how old a record is at most when somebody gets it */
#define LIMIT_MS       20 /* how long a file may outgrow its limit unseen */
#define CUT_NS	       INT64_C(10000000000)
#define FINISH_NS      INT64_C(1000000000) /* for readers whose records nobody wants */
#define READER_NICE    (-5)
#define STACK_SIZE     (1u << 20) /* libtracefs keeps a page of the buffer on the stack */

void readers_signal(int fd)
{
	uint64_t one = 1;

	/* Can only fail when the counter is at its end, and then it is readable anyway. */
	if (write(fd, &one, sizeof(one)) < 0)
		return;
}

bool readers_output_error(int errnum)
{
	return errnum == ENOSPC || errnum == EDQUOT || errnum == EFBIG || errnum == EROFS;
}

/* The last page of this file is cut short, so that all that was recorded before we were asked is in
 * it and nothing is in both. */
static int cut(struct reader *r)
{
	char file[64];
	uint64_t asked;
	int result;

	if (read(r->cut_fd, &asked, sizeof(asked)) < 0)
		return 0;
	result = reader_take_to_cut(r);
	if (result < 0)
		return result;
	snprintf(file, sizeof(file), "per_cpu/cpu%d/stats", r->cpu);
	free(r->cut_stats);
	r->cut_stats = instance_read(r->instance, file);
	r->cut_bytes = atomic_exchange(&r->bytes, 0);
	atomic_fetch_sub(&r->all->total, r->cut_bytes);
	close(r->file_fd);
	r->file_fd = r->next_fd;
	r->begin = r->next_begin;
	r->next_fd = -1;
	reader_begin_file(r);
	atomic_store(&r->cut_done, true);
	readers_signal(r->all->news_fd);
	return 0;
}

static void fail(struct reader *r, int errnum)
{
	int none = 0;

	atomic_store(&r->failed_ns, now_ns());
	atomic_store(&r->errnum, errnum);
	if (!readers_output_error(errnum))
		return;
	if (!atomic_compare_exchange_strong(&r->all->output_errnum, &none, errnum))
		return;
	for (int i = 0; i < 2; i++)
		if (r->all->tracing_on_fd[i] >= 0 &&
		    pwrite(r->all->tracing_on_fd[i], "0", 1, 0) < 0)
			continue; /* the main thread does so too, and can tell */
}

/* How long it may wait for the buffer to fill. */
static int look_ms(const struct readers *all)
{
	if (all->hold)
		return -1;
	if (all->limit != UINT64_MAX)
		return LIMIT_MS;
	return all->queue ? LOOK_MEMORY_MS : LOOK_MS;
}

static void *read_cpu(void *arg)
{
	struct reader *r = arg;
	struct pollfd fds[3] = { { .fd = r->all->stop_fd, .events = POLLIN },
				 { .fd = r->cut_fd, .events = POLLIN },
				 { .fd = r->raw_fd, .events = POLLIN } };
	int n_fds = r->all->hold ? 2 : 3;
	int timeout = look_ms(r->all);
	char name[16];
	int result = 0;

	snprintf(name, sizeof(name), "schedrec/%d", r->cpu);
	pthread_setname_np(pthread_self(), name);
	/* A few per cent of a CPU that must come in time, or events are lost. Much more weight than
	 * this draws the share of the whole group of tasks (a session's, a cgroup's) to the CPU
	 * where a reader runs, and the workload on the others starves beside other groups. */
	setpriority(PRIO_PROCESS, 0, READER_NICE);
	privileges_keep(r->all->privileges); /* the main thread tells if this cannot be */
	for (;;) {
		fds[0].revents = fds[1].revents = fds[2].revents = 0;
		poll(fds, (nfds_t)n_fds, timeout);
		atomic_store(&r->seen_ns, now_ns());
		if (fds[1].revents)
			result = cut(r);
		else if (!fds[0].revents)
			result = reader_take(r);
		if (result < 0 || fds[0].revents)
			break;
		/* Kernels without a watermark wake us for less than a page, without end; those of
		 * today call it an error to wait for a CPU that has not been online yet. */
		if (result == 0 && fds[2].revents)
			poll(fds, 2, fds[2].revents & POLLERR ? timeout : PAUSE_MS);
	}
	if (result >= 0)
		result = reader_take_rest(r);
	if (result < 0)
		fail(r, -result);
	reader_pages_end(r);
	atomic_store(&r->done, true);
	readers_signal(r->all->news_fd);
	return NULL;
}

/* Another open file of the same inode, since each thread needs its own position. */
static int open_file(const struct reader *r, const struct tracedat_writer *w, int *fd,
		     uint64_t *begin, struct schedtrace_error *err)
{
	char file[64];

	snprintf(file, sizeof(file), "/proc/self/fd/%d", w->fd);
	*begin = tracedat_writer_position(w, r->part) + r->all->room;
	*fd = open(file, O_WRONLY | O_CLOEXEC);
	if (*fd < 0 || lseek(*fd, (off_t)*begin, SEEK_SET) < 0)
		return error_errno(err, SCHEDTRACE_E_IO, errno, "opening the output for CPU %d",
				   r->cpu);
	return 0;
}

static int open_reader(struct reader *r, const struct instance *in, const struct tracedat_writer *w,
		       struct schedtrace_error *err)
{
	int result;

	r->raw_fd = instance_open_pages(in, r->cpu, err);
	if (r->raw_fd < 0)
		return r->raw_fd;
	result = reader_pages_new(r, err);
	if (result < 0)
		return result;
	r->cut_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (r->cut_fd < 0)
		return error_errno(err, SCHEDTRACE_E_IO, errno, "starting the reader of CPU %d",
				   r->cpu);
	return r->all->file ? open_file(r, w, &r->file_fd, &r->begin, err) : 0;
}

/* Starts the readers of @in, whose CPU 0 is part @first. */
static int start_instance(struct readers *r, const struct instance *in, int first,
			  const struct tracedat_writer *w, const pthread_attr_t *attr,
			  struct schedtrace_error *err)
{
	for (int cpu = 0; cpu < in->n_cpus; cpu++) {
		struct reader *item = &r->items[r->n];
		int errnum, result;

		if (!in->has_cpu[cpu])
			continue;
		*item = (struct reader){ .all = r,
					 .instance = in,
					 .cpu = cpu,
					 .part = first + cpu,
					 .raw_fd = -1,
					 .file_fd = -1,
					 .cut_fd = -1,
					 .next_fd = -1 };
		r->n++;
		result = open_reader(item, in, w, err);
		if (result < 0)
			return result;
		atomic_store(&item->seen_ns, now_ns());
		errnum = pthread_create(&item->thread, attr, read_cpu, item);
		if (errnum)
			return error_errno(err, SCHEDTRACE_E_IO, errnum,
					   "starting the reader of CPU %d", cpu);
		item->started = true;
	}
	return 0;
}

int readers_start(struct readers *r, const struct instance *first, const struct instance *second,
		  const struct tracedat_writer *w, const struct readers_mode *mode,
		  struct schedtrace_error *err)
{
	pthread_attr_t attr;
	int result;

	*r = (struct readers){
		.page_size = first->page_size,
		.tracing_on_fd = { first->tracing_on_fd, second ? second->tracing_on_fd : -1 },
		.limit = mode->limit ? mode->limit : UINT64_MAX,
		.hold = mode->hold,
		.privileges = mode->privileges,
		.room = mode->room,
		.queue = mode->queue,
		.clock = mode->clock,
		.file = !mode->queue || w->fd >= 0,
	};
	r->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	r->news_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	r->items = calloc((size_t)tracedat_parts(w), sizeof(*r->items));
	if (r->stop_fd < 0 || r->news_fd < 0 || !r->items) {
		int errnum = errno;

		readers_finish(r);
		return error_errno(err, SCHEDTRACE_E_IO, errnum, "starting the readers");
	}
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK_SIZE);
	result = start_instance(r, first, 0, w, &attr, err);
	if (result == 0 && second)
		result = start_instance(r, second, w->n_cpus, w, &attr, err);
	pthread_attr_destroy(&attr);
	if (result < 0)
		readers_finish(r);
	return result;
}

void readers_sizes(const struct readers *r, struct tracedat_writer *w)
{
	for (int i = 0; i < r->n; i++)
		w->parts[r->items[i].part].size = atomic_load(&r->items[i].bytes);
}

int64_t readers_silent_ns(const struct reader *item, int64_t now)
{
	bool looks = item->started && !atomic_load(&item->done);

	/* One that holds looks only when asked. */
	return looks && !item->all->hold ? now - atomic_load(&item->seen_ns) : 0;
}

void readers_give_up(struct reader *item)
{
	atomic_store(&item->given_up, true);
	fail(item, ETIMEDOUT);
	reader_pages_end(item);
	atomic_store(&item->done, true);
}

void readers_free(struct readers *r)
{
	for (int i = 0; i < r->n; i++)
		if (atomic_load(&r->items[i].given_up))
			return;
	free(r->items);
	r->items = NULL;
	r->n = 0;
}

static bool all_cut(const struct readers *r)
{
	for (int i = 0; i < r->n; i++)
		if (!atomic_load(&r->items[i].cut_done) && !atomic_load(&r->items[i].done))
			return false;
	return true;
}

/* They hang; the others go on. */
static void give_up_uncut(struct readers *r)
{
	for (int i = 0; i < r->n; i++)
		if (!atomic_load(&r->items[i].cut_done) && !atomic_load(&r->items[i].done))
			readers_give_up(&r->items[i]);
}

int readers_cut(struct readers *r, const struct tracedat_writer *next, struct schedtrace_error *err)
{
	struct pollfd news = { .fd = r->news_fd, .events = POLLIN };
	int64_t end = now_ns() + CUT_NS;
	uint64_t count;
	int result = 0;

	for (int i = 0; result == 0 && i < r->n; i++) {
		struct reader *item = &r->items[i];

		if (item->next_fd >= 0)
			close(item->next_fd);
		atomic_store(&item->cut_done, false);
		result = open_file(item, next, &item->next_fd, &item->next_begin, err);
	}
	for (int i = 0; result == 0 && i < r->n; i++)
		readers_signal(r->items[i].cut_fd);
	while (result == 0 && !all_cut(r)) {
		if (now_ns() >= end)
			give_up_uncut(r);
		if (poll(&news, 1, PAUSE_MS) > 0 && read(r->news_fd, &count, sizeof(count)) < 0)
			break;
	}
	for (int i = 0; result == 0 && i < r->n; i++) {
		struct reader *item = &r->items[i];

		/* One that failed stays with the file that it failed in. */
		if (!atomic_load(&item->cut_done))
			item->cut_bytes = atomic_exchange(&item->bytes, 0);
	}
	readers_signal(r->news_fd); /* what else was told meanwhile */
	return result;
}

void readers_stop(struct readers *r)
{
	readers_signal(r->stop_fd);
}

bool readers_done(const struct readers *r)
{
	for (int i = 0; i < r->n; i++)
		if (r->items[i].started && !atomic_load(&r->items[i].done))
			return false;
	return true;
}

/* Gives those that have not ended a moment to do so. */
static void end_soon(struct readers *r)
{
	struct pollfd news = { .fd = r->news_fd, .events = POLLIN };
	int64_t end = now_ns() + FINISH_NS;
	uint64_t count;

	if (readers_done(r))
		return;
	atomic_store(&r->hurry, true);
	while (!readers_done(r) && now_ns() < end)
		if (poll(&news, 1, PAUSE_MS) > 0 && read(r->news_fd, &count, sizeof(count)) < 0)
			break;
	for (int i = 0; i < r->n; i++)
		if (r->items[i].started && !atomic_load(&r->items[i].done))
			readers_give_up(&r->items[i]);
}

void readers_finish(struct readers *r)
{
	bool given_up = false;

	readers_stop(r);
	end_soon(r);
	for (int i = 0; i < r->n; i++) {
		struct reader *item = &r->items[i];

		given_up |= atomic_load(&item->given_up);
		if (atomic_load(&item->given_up))
			continue;
		if (item->started)
			pthread_join(item->thread, NULL);
		item->started = false;
		reader_pages_free(item);
		mem_close_p(&item->raw_fd);
		mem_close_p(&item->file_fd);
		mem_close_p(&item->cut_fd);
		mem_close_p(&item->next_fd);
		item->raw_fd = item->file_fd = item->cut_fd = item->next_fd = -1;
		free(item->cut_stats);
		item->cut_stats = NULL;
	}
	if (given_up)
		return;
	mem_close_p(&r->stop_fd);
	mem_close_p(&r->news_fd);
	r->stop_fd = r->news_fd = -1;
}
