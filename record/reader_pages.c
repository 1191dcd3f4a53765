/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "record/reader_pages.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <tracefs.h>

#include "base/clock.h"
#include "base/error.h"
#include "record/readers.h"
#include "record/tracefs/clocks.h"
#include "tracedat/page_cursor.h"

#define PAGES_LOOK 64 /* read before they are handed on */

/* An event may have got its time and come into the buffer so much later, interrupted by others. */
#define LATE_NS INT64_C(40000000)

int reader_pages_new(struct reader *r, struct schedtrace_error *err)
{
	struct page_layout layout = page_layout_here(r->all->page_size);

	if (!r->all->queue) {
		r->handle = tracefs_cpu_alloc_fd(r->raw_fd, (int)layout.page_size, true);
		return r->handle ? 0 : error_set(err, SCHEDTRACE_E_NOMEM, "out of memory");
	}
	r->pages = malloc(PAGES_LOOK * (size_t)layout.page_size);
	if (!r->pages || !page_join_new(&r->join, &layout))
		return error_set(err, SCHEDTRACE_E_NOMEM, "out of memory");
	page_queue_expect(r->all->queue, r->part);
	return 0;
}

void reader_pages_free(struct reader *r)
{
	if (r->handle)
		tracefs_cpu_free_fd(r->handle);
	r->handle = NULL;
	page_join_free(&r->join);
	free(r->pages);
	r->pages = NULL;
}

void reader_begin_file(struct reader *r)
{
	page_join_reset(&r->join);
	r->joined = 0;
}

void reader_pages_end(struct reader *r)
{
	if (r->all->queue)
		page_queue_reached(r->all->queue, r->part, INT64_MAX);
}

/* ---- to a file alone ------------------------------------------------------------------- */

static void publish(struct reader *r, uint64_t bytes)
{
	uint64_t more = bytes - atomic_load(&r->bytes);

	atomic_store(&r->bytes, bytes);
	if (atomic_fetch_add(&r->all->total, more) + more >= r->all->limit)
		readers_signal(r->all->news_fd);
}

/* Publishes what is in the file: the position, down to a whole page. */
static void publish_position(struct reader *r)
{
	off_t at = lseek(r->file_fd, 0, SEEK_CUR);
	uint64_t bytes = at > (off_t)r->begin ? (uint64_t)at - r->begin : 0;

	publish(r, bytes - bytes % r->all->page_size);
}

/* Moves all whole pages that there are. 1 if there were any, 0, or -errno. */
static int splice_pages(struct reader *r)
{
	bool any = false;

	while (!atomic_load(&r->all->hurry)) {
		int n;

		errno = 0;
		atomic_store(&r->seen_ns, now_ns());
		n = tracefs_cpu_write(r->handle, r->file_fd, true);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno != EAGAIN && errno != ENODEV) {
			int errnum = errno ? errno : EIO;

			publish_position(r);
			return -errnum;
		}
		if (atomic_load(&r->given_up))
			return -ETIMEDOUT;
		if (n <= 0)
			break;
		any = true;
		publish_position(r);
	}
	return any;
}

/* The page that is not full. 1 if there was one, 0, or -errno. */
static int write_partial_page(struct reader *r)
{
	off_t at;
	int n;

	errno = 0;
	n = tracefs_cpu_flush_write(r->handle, r->file_fd);
	if (n == 0 || (n < 0 && errno == ENODEV)) /* a CPU that has not been online yet */
		return 0;
	if (n < 0)
		return errno ? -errno : -EIO;
	/* What follows it begins at the next page. */
	at = lseek(r->file_fd, 0, SEEK_CUR);
	at = (off_t)(r->begin + tracedat_round_up((uint64_t)at - r->begin, r->all->page_size));
	lseek(r->file_fd, at, SEEK_SET);
	publish_position(r);
	return 1;
}

/* Whole pages and the last, and those after it if tracing was still on a moment ago. */
static int splice_rest(struct reader *r)
{
	int result = splice_pages(r);

	while (result >= 0 && !atomic_load(&r->all->hurry)) {
		result = write_partial_page(r);
		if (result <= 0)
			break;
	}
	return result < 0 ? result : 0;
}

/* ---- to memory, and to a file beside --------------------------------------------------- */

static int write_page(void *self, const uint8_t *page)
{
	struct reader *r = self;
	size_t size = r->all->page_size;
	ssize_t n = pwrite(r->file_fd, page, size, (off_t)(r->begin + r->joined));

	if (n != (ssize_t)size)
		return n < 0 ? -errno : -EIO;
	r->joined += size;
	return 0;
}

/* What is pending, too, so that a recorder that is killed loses no more than since the last look;
 * the next look writes that page again. */
static int write_pending(struct reader *r)
{
	const uint8_t *page = page_join_pending(&r->join);
	uint64_t done = r->joined;
	int result = page ? write_page(r, page) : 0;

	publish(r, r->joined);
	r->joined = done;
	return result;
}

static int hand_on(struct reader *r, size_t n)
{
	const struct page_join_out out = { write_page, r };
	size_t size = r->all->page_size;
	int result = 0;

	if (!n)
		return 0;
	page_queue_put(r->all->queue, r->part, r->pages, n);
	for (size_t i = 0; r->file_fd >= 0 && result == 0 && i < n; i++)
		result = page_join_add(&r->join, r->pages + i * size, &out);
	return result;
}

/* One page as far as it is filled. 1, 0 if there is none, or -errno. */
static int read_page(struct reader *r, uint8_t *page)
{
	ssize_t got;

	do {
		atomic_store(&r->seen_ns, now_ns());
		got = read(r->raw_fd, page, r->all->page_size);
	} while (got < 0 && errno == EINTR);
	/* A CPU that has not been online yet has no buffer to read. */
	if (got < 0 && errno != EAGAIN && errno != ENODEV)
		return -errno;
	if (atomic_load(&r->given_up))
		return -ETIMEDOUT;
	if (got <= 0)
		return 0;
	memset(page + got, 0, r->all->page_size - (size_t)got);
	return 1;
}

/* Without a file what nobody has room for stays in the buffer, whose losses the kernel counts. */
static bool may_read(struct reader *r)
{
	return !atomic_load(&r->all->hurry) && (r->file_fd >= 0 || !page_queue_full(r->all->queue));
}

/* What the buffer held at @now, and at most little more. *left: something may be there yet. */
static int read_until(struct reader *r, int64_t now, bool *left)
{
	size_t size = r->all->page_size, n = 0;
	bool any = false;
	int result = 0;

	*left = false;
	while (result >= 0) {
		*left = !may_read(r);
		if (*left)
			break;
		result = read_page(r, r->pages + n * size);
		if (result <= 0)
			break;
		any = true;
		*left = (int64_t)page_stamp(r->pages + n * size) > now;
		if (++n == PAGES_LOOK) {
			result = hand_on(r, n);
			n = 0;
		}
		if (*left)
			break;
	}
	if (n && !atomic_load(&r->given_up)) {
		int handed = hand_on(r, n);

		result = result < 0 ? result : handed;
	}
	return result < 0 ? result : any;
}

/* Says until when all was read, as soon as that is certain. */
static void note_reached(struct reader *r, int64_t now, bool full)
{
	if (full) /* and what it could not take may be old */
		return;
	if (r->certain_ns && now - r->certain_ns < LATE_NS)
		return;
	if (r->certain_ns)
		page_queue_reached(r->all->queue, r->part, r->certain_ns);
	r->certain_ns = now;
}

static int look(struct reader *r)
{
	int64_t now = 0;
	bool left;
	int result;

	clocks_now(r->all->clock, &now);
	result = read_until(r, now, &left);
	if (r->file_fd >= 0) {
		int written = write_pending(r);

		result = result < 0 ? result : written < 0 ? written : result;
	}
	if (result >= 0)
		note_reached(r, now, left && !may_read(r));
	return result;
}

static int look_to_end(struct reader *r)
{
	int result;

	do
		result = look(r);
	while (result > 0);
	return result;
}

/* ---- either ---------------------------------------------------------------------------- */

int reader_take(struct reader *r)
{
	return r->all->queue ? look(r) : splice_pages(r);
}

int reader_take_to_cut(struct reader *r)
{
	int result = r->all->queue ? look(r) : splice_pages(r);

	return result < 0 || r->all->queue ? result : write_partial_page(r);
}

int reader_take_rest(struct reader *r)
{
	return r->all->queue ? look_to_end(r) : splice_rest(r);
}
