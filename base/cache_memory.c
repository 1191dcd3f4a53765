/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/cache_memory.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"

#define WINDOW		((size_t)8 << 20)  /* mapped at once, at least */
#define IN_MEMORY	((size_t)64 << 20) /* before the file is used */
#define ARRAY_IN_MEMORY ((size_t)8 << 20)

struct window {
	char *map;
	size_t size;
	int64_t at; /* in the file; -1: it is memory */
};

struct cache_memory {
	pthread_mutex_t lock;
	int fd; /* -1: none yet; -2: there can be none */
	size_t used, mapped, in_file;
	struct window *windows; /* pieces are taken of the last one */
	size_t n, max;
};

int cache_memory_new(struct cache_memory **out, struct schedtrace_error *err)
{
	struct cache_memory *m = calloc(1, sizeof(*m));

	if (!m)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for a cache");
	pthread_mutex_init(&m->lock, NULL);
	m->fd = -1;
	*out = m;
	return 0;
}

void cache_memory_free(struct cache_memory *m)
{
	if (!m)
		return;
	for (size_t i = 0; i < m->n; i++)
		munmap(m->windows[i].map, m->windows[i].size);
	if (m->fd >= 0)
		close(m->fd);
	pthread_mutex_destroy(&m->lock);
	free(m->windows);
	free(m);
}

/* A file without a name in $XDG_CACHE_HOME/schedtrace, ~/.cache/schedtrace or $TMPDIR. */
static int open_file(void)
{
	const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME"),
		   *tmp = getenv("TMPDIR");
	auto_free char *path = NULL;
	int fd = -1;

	if (cache && *cache == '/' ? asprintf(&path, "%s/schedtrace", cache) < 0
				   : asprintf(&path, "%s/.cache/schedtrace", home ? home : "") < 0)
		path = NULL;
	if (path && *path == '/') {
		mkdir(path, 0700);
		fd = open(path, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	}
	if (fd < 0)
		fd = open(tmp && *tmp == '/' ? tmp : "/var/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC,
			  0600);
	return fd < 0 ? -2 : fd;
}

static char *map_more(struct cache_memory *m, size_t size, int64_t *at)
{
	char *map = MAP_FAILED;

	*at = -1;
	if (m->mapped + size > IN_MEMORY && m->fd == -1)
		m->fd = open_file();
	/* Blocks are taken at once: a full disk is told here, and by no signal later. */
	if (m->mapped + size > IN_MEMORY && m->fd >= 0 &&
	    posix_fallocate(m->fd, (off_t)m->in_file, (off_t)size) == 0) {
		map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, m->fd,
			   (off_t)m->in_file);
		if (map != MAP_FAILED) {
			*at = (int64_t)m->in_file;
			m->in_file += size;
		}
	}
	if (map == MAP_FAILED)
		map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	m->mapped += map != MAP_FAILED ? size : 0;
	return map;
}

static bool add_window(struct cache_memory *m, size_t size)
{
	struct window window = { .size = size };

	if (!array_room(m->windows, m->n, m->max))
		return false;
	window.map = map_more(m, size, &window.at);
	if (window.map == MAP_FAILED)
		return false;
	m->windows[m->n++] = window;
	m->used = 0;
	return true;
}

int cache_memory_reserve(struct cache_memory *m, size_t size, struct cache_piece *out)
{
	int r = -1;

	if (size > SIZE_MAX / 2)
		return -1;
	size = (size + 63) & ~(size_t)63;
	pthread_mutex_lock(&m->lock);
	if ((m->n && m->windows[m->n - 1].size - m->used >= size) ||
	    add_window(m, size > WINDOW ? (size + 4095) & ~(size_t)4095 : WINDOW)) {
		const struct window *last = &m->windows[m->n - 1];

		*out = (struct cache_piece){ .bytes = last->map + m->used, .fd = m->fd };
		if (last->at < 0)
			out->memory = last->map + m->used;
		else
			out->at = last->at + (int64_t)m->used;
		m->used += size;
		r = 0;
	}
	pthread_mutex_unlock(&m->lock);
	return r;
}

void *cache_memory_take(struct cache_memory *m, size_t size)
{
	struct cache_piece piece;

	return cache_memory_reserve(m, size, &piece) < 0 ? NULL : (void *)piece.bytes;
}

int cache_piece_write(const struct cache_piece *piece, size_t at, const void *from, size_t n)
{
	const char *bytes = from;

	if (piece->memory) {
		memcpy((char *)piece->memory + at, from, n);
		return 0;
	}
	while (n) {
		ssize_t done = pwrite(piece->fd, bytes, n, (off_t)(piece->at + (int64_t)at));

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return -1;
		bytes += done;
		at += (size_t)done;
		n -= (size_t)done;
	}
	return 0;
}

/* Moves what an array has into a larger file of its own. */
static int move_to_file(struct cache_array *array, size_t size)
{
	int fd = open_file();
	void *map = MAP_FAILED;

	if (fd < 0)
		return -1;
	if (posix_fallocate(fd, 0, (off_t)size) == 0)
		map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED) {
		close(fd);
		return -1;
	}
	if (array->size) {
		memcpy(map, array->items, array->size);
		munmap(array->items, array->size);
	}
	*array = (struct cache_array){ map, size, fd + 1 };
	return 0;
}

/* In memory, where there is no file. */
static int grow_in_place(struct cache_array *array, size_t size)
{
	void *map;

	if (array->fd &&
	    posix_fallocate(array->fd - 1, (off_t)array->size, (off_t)(size - array->size)) != 0)
		return -1;
	map = array->size ? mremap(array->items, array->size, size, MREMAP_MAYMOVE)
			  : mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
				 -1, 0);
	if (map == MAP_FAILED)
		return -1;
	array->items = map;
	array->size = size;
	return 0;
}

int cache_array_grow(struct cache_array *array, size_t size)
{
	if (size <= array->size)
		return 0;
	if (size > SIZE_MAX / 4)
		return -1;
	/* Twice as much while that is little, then a quarter more: files need room on the disk. */
	size += array->size < ARRAY_IN_MEMORY ? array->size : array->size / 4;
	size = (size + 65535) & ~(size_t)65535;
	if (size > ARRAY_IN_MEMORY && !array->fd && move_to_file(array, size) == 0)
		return 0;
	return grow_in_place(array, size);
}

void cache_array_free(struct cache_array *array)
{
	if (array->size)
		munmap(array->items, array->size);
	if (array->fd)
		close(array->fd - 1);
	*array = (struct cache_array){ .items = NULL };
}
