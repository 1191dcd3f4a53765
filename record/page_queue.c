/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "record/page_queue.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "tracedat/page_cursor.h"

struct queued {
	struct queued *next;
	int cpu;
	size_t bytes;
	uint8_t pages[];
};

struct queue_cpu {
	bool lost; /* pages were skipped since the latest round */
	uint64_t lost_until;
	int64_t reached; /* INT64_MAX: nobody reads it */
};

struct page_queue {
	pthread_mutex_t lock;
	size_t page_size, bytes, max_bytes;
	uint64_t skipped;
	int64_t told; /* where the latest round ended */
	int n_cpus;
	struct queue_cpu *cpus;
	struct queued *first, **end;
};

int page_queue_new(struct page_queue **out, int n_cpus, size_t page_size, size_t max_bytes,
		   struct schedtrace_error *err)
{
	struct page_queue *q = calloc(1, sizeof(*q));

	if (q)
		q->cpus = calloc((size_t)n_cpus, sizeof(*q->cpus));
	if (!q || !q->cpus) {
		free(q);
		return error_set(err, SCHEDTRACE_E_NOMEM, "out of memory");
	}
	pthread_mutex_init(&q->lock, NULL);
	q->page_size = page_size;
	q->max_bytes = max_bytes;
	q->told = INT64_MIN;
	q->n_cpus = n_cpus;
	for (int cpu = 0; cpu < n_cpus; cpu++)
		q->cpus[cpu].reached = INT64_MAX;
	q->end = &q->first;
	*out = q;
	return 0;
}

static void free_chain(struct queued *first)
{
	while (first) {
		struct queued *next = first->next;

		free(first);
		first = next;
	}
}

void page_queue_free(struct page_queue *q)
{
	if (!q)
		return;
	free_chain(q->first);
	pthread_mutex_destroy(&q->lock);
	free(q->cpus);
	free(q);
}

bool page_queue_full(struct page_queue *q)
{
	bool full;

	pthread_mutex_lock(&q->lock);
	full = q->bytes >= q->max_bytes;
	pthread_mutex_unlock(&q->lock);
	return full;
}

/* When the last of its records was. */
static uint64_t end_of(const uint8_t *page, size_t page_size)
{
	const struct page_layout layout = page_layout_here((uint32_t)page_size);
	struct page_cursor c;

	page_cursor_begin(&c, page, &layout);
	while (page_cursor_next(&c) > PAGE_ITEM_FAULT)
		;
	return c.ts;
}

void page_queue_put(struct page_queue *q, int cpu, const void *pages, size_t n_pages)
{
	size_t bytes = n_pages * q->page_size;
	struct queued *item = malloc(sizeof(*item) + bytes);

	if (item) {
		item->next = NULL;
		item->cpu = cpu;
		item->bytes = bytes;
		memcpy(item->pages, pages, bytes);
	}
	pthread_mutex_lock(&q->lock);
	if (item && q->bytes < q->max_bytes && !q->cpus[cpu].lost) {
		q->bytes += bytes;
		*q->end = item;
		q->end = &item->next;
		item = NULL;
	} else {
		q->skipped += bytes;
		q->cpus[cpu].lost = true;
		q->cpus[cpu].lost_until =
			end_of((const uint8_t *)pages + bytes - q->page_size, q->page_size);
	}
	pthread_mutex_unlock(&q->lock);
	free(item);
}

void page_queue_reached(struct page_queue *q, int cpu, int64_t ns)
{
	pthread_mutex_lock(&q->lock);
	q->cpus[cpu].reached = ns;
	pthread_mutex_unlock(&q->lock);
}

void page_queue_expect(struct page_queue *q, int cpu)
{
	page_queue_reached(q, cpu, INT64_MIN);
}

void page_queue_not_before(struct page_queue *q, int64_t ns)
{
	q->told = ns;
}

/* Puts a page without records behind those of each CPU that lost some: it says so as the kernel
 * does where it does not know how many. */
static void mark_losses(struct page_queue *q)
{
	const uint64_t commit = PAGE_COMMIT_MISSED;

	for (int cpu = 0; cpu < q->n_cpus; cpu++) {
		struct queue_cpu *c = &q->cpus[cpu];
		struct queued *item;

		if (!c->lost)
			continue;
		item = calloc(1, sizeof(*item) + q->page_size);
		if (!item) /* the next round tells */
			continue;
		item->cpu = cpu;
		item->bytes = q->page_size;
		memcpy(item->pages, &c->lost_until, sizeof(c->lost_until));
		memcpy(item->pages + 8, &commit, sizeof(commit));
		*q->end = item;
		q->end = &item->next;
		c->lost = false;
	}
}

int page_queue_take(struct page_queue *q, const struct page_sink *sink,
		    struct schedtrace_error *err)
{
	int64_t until = INT64_MAX;
	struct queued *first;
	int r = 0;

	pthread_mutex_lock(&q->lock);
	for (int cpu = 0; cpu < q->n_cpus; cpu++)
		if (q->cpus[cpu].reached < until)
			until = q->cpus[cpu].reached;
	mark_losses(q);
	first = q->first;
	q->first = NULL;
	q->end = &q->first;
	q->bytes = 0;
	pthread_mutex_unlock(&q->lock);
	for (struct queued *i = first; r >= 0 && i; i = i->next)
		r = sink->pages(sink->user, i->cpu, i->pages, i->bytes, err);
	free_chain(first);
	if (r < 0 || until <= q->told)
		return r;
	q->told = until;
	return sink->round(sink->user, until, err);
}

uint64_t page_queue_skipped(struct page_queue *q)
{
	uint64_t skipped;

	pthread_mutex_lock(&q->lock);
	skipped = q->skipped;
	pthread_mutex_unlock(&q->lock);
	return skipped;
}
