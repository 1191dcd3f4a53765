/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "record/workload/kept_output.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "record/privileges.h"

#define CHUNK	  65536
#define PIPE_MOST (1 << 20)

struct bytes {
	char *data;
	size_t n, room;
};

struct stream {
	int from, command_end, to;
	struct bytes kept;
	uint64_t size;	     /* of all that came */
	struct bytes coming; /* was read, and is to be passed on */
};

struct kept_output {
	size_t most;
	struct stream streams[2];
	pthread_mutex_t lock; /* of the streams, whose ends the thread alone closes */
	bool keeping;
	pthread_t thread;
	bool started;
	int news_fd; /* eventfd: for the thread */
	atomic_bool ending, ended;
};

int kept_output_new(struct kept_output **out, size_t most, int outputs[2],
		    struct schedtrace_error *err)
{
	struct kept_output *k = calloc(1, sizeof(*k));
	bool failed;

	if (!k)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for the command's output");
	*k = (struct kept_output){ .most = most, .keeping = true };
	pthread_mutex_init(&k->lock, NULL);
	k->news_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	failed = k->news_fd < 0;
	for (int i = 0; i < 2; i++) {
		int fds[2] = { -1, -1 };

		failed |= pipe2(fds, O_CLOEXEC) != 0;
		k->streams[i] = (struct stream){ .from = fds[0], .command_end = fds[1], .to = -1 };
		outputs[i] = fds[1];
		if (!failed)
			failed = fcntl(fds[0], F_SETFL, O_NONBLOCK) != 0;
	}
	if (failed) {
		error_errno(err, SCHEDTRACE_E_IO, errno, "a pipe for the command's output");
		kept_output_free(k);
		return SCHEDTRACE_E_IO;
	}
	*out = k;
	return 0;
}

static bool append(struct bytes *b, const char *data, size_t n)
{
	if (b->n + n > b->room) {
		size_t room = (b->n + n) * 2;
		char *larger = realloc(b->data, room);

		if (!larger)
			return false;
		b->data = larger;
		b->room = room;
	}
	memcpy(b->data + b->n, data, n);
	b->n += n;
	return true;
}

/* How many bytes came: 0 none now, negative there will be none. */
static ssize_t take(struct kept_output *k, struct stream *s)
{
	char chunk[CHUNK];
	ssize_t n = read(s->from, chunk, sizeof(chunk));
	size_t keep;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n <= 0)
		return -1;
	if (k->keeping) {
		keep = k->most - s->kept.n < (size_t)n ? k->most - s->kept.n : (size_t)n;
		s->size += (uint64_t)n;
		if (!append(&s->kept, chunk, keep))
			k->most = s->kept.n; /* memory is full: so much was kept */
	}
	/* Rather no more than what has a hole. */
	return append(&s->coming, chunk, (size_t)n) ? n : -1;
}

/* False where nobody takes it. */
static bool pass_on(int fd, const char *data, size_t n)
{
	while (n) {
		ssize_t written = write(fd, data, n);

		if (written >= 0) {
			data += written;
			n -= (size_t)written;
		} else if (errno == EAGAIN) {
			poll(&(struct pollfd){ .fd = fd, .events = POLLOUT }, 1, -1);
		} else if (errno != EINTR) {
			return false;
		}
	}
	return true;
}

/* No more is read; who prints is told by the kernel. */
static void shut(struct kept_output *k, struct stream *s)
{
	pthread_mutex_lock(&k->lock);
	if (s->from >= 0)
		close(steal_fd(&s->from));
	pthread_mutex_unlock(&k->lock);
}

/* Passes on what a stream has. False if it had nothing. */
static bool serve(struct kept_output *k, struct stream *s)
{
	struct bytes chunk;
	bool over;

	pthread_mutex_lock(&k->lock);
	over = s->from >= 0 && !s->coming.n && take(k, s) < 0;
	chunk = s->coming;
	s->coming = (struct bytes){ 0 };
	pthread_mutex_unlock(&k->lock);
	if (chunk.n)
		over |= !pass_on(s->to, chunk.data, chunk.n);
	if (over)
		shut(k, s);
	free(chunk.data);
	return chunk.n != 0;
}

static void *run(void *self)
{
	struct kept_output *k = self;
	eventfd_t count;

	privileges_keep(0); /* none is needed to pass bytes on */
	for (;;) {
		bool ending = atomic_load(&k->ending);
		bool first = serve(k, &k->streams[0]), second = serve(k, &k->streams[1]);
		struct pollfd fds[] = { { .fd = k->news_fd, .events = POLLIN },
					{ .fd = k->streams[0].from, .events = POLLIN },
					{ .fd = k->streams[1].from, .events = POLLIN } };

		if (first || second)
			continue;
		if (ending || (fds[1].fd < 0 && fds[2].fd < 0))
			break;
		poll(fds, 3, -1);
		if (fds[0].revents)
			eventfd_read(k->news_fd, &count);
	}
	atomic_store(&k->ended, true);
	return NULL;
}

int kept_output_start(struct kept_output *k, const int to[2], struct schedtrace_error *err)
{
	sigset_t all, before;
	int errnum;

	for (int i = 0; i < 2; i++) {
		close(steal_fd(&k->streams[i].command_end));
		k->streams[i].to = to[i];
	}
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	errnum = pthread_create(&k->thread, NULL, run, k);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (errnum)
		return error_errno(err, SCHEDTRACE_E_NOMEM, errnum,
				   "a thread for the command's output");
	k->started = true;
	return 0;
}

void kept_output_settle(struct kept_output *k)
{
	pthread_mutex_lock(&k->lock);
	/* At most what a pipe holds, though others may print on. */
	for (int i = 0; i < 2; i++)
		for (ssize_t n = 1, all = 0; n > 0 && all < PIPE_MOST && k->streams[i].from >= 0;
		     all += n)
			n = take(k, &k->streams[i]);
	k->keeping = false;
	pthread_mutex_unlock(&k->lock);
	eventfd_write(k->news_fd, 1);
}

struct kept_bytes kept_output_bytes(const struct kept_output *k, int i)
{
	const struct stream *s = &k->streams[i];

	return (struct kept_bytes){ s->kept.data, s->kept.n, s->size };
}

void kept_output_end(struct kept_output *k)
{
	atomic_store(&k->ending, true);
	eventfd_write(k->news_fd, 1);
}

bool kept_output_ended(const struct kept_output *k)
{
	return !k->started || atomic_load(&k->ended);
}

void kept_output_free(struct kept_output *k)
{
	if (!k)
		return;
	if (!kept_output_ended(k))
		return; /* the thread waits for who reads: all goes with the process */
	if (k->started)
		pthread_join(k->thread, NULL);
	for (int i = 0; i < 2; i++) {
		mem_close_p(&k->streams[i].from);
		mem_close_p(&k->streams[i].command_end);
		free(k->streams[i].kept.data);
		free(k->streams[i].coming.data);
	}
	mem_close_p(&k->news_fd);
	pthread_mutex_destroy(&k->lock);
	free(k);
}
