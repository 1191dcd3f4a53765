/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Pages in memory between the threads that read the buffers and the one that wants them. It never
 * holds a reader up: where it is full, pages are skipped and counted, and a page without records
 * tells of them, as the kernel tells of a loss.
 */
#ifndef RECORD_PAGE_QUEUE_H
#define RECORD_PAGE_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <schedtrace/error.h>

struct page_queue;

/* Who gets the pages. A negative result ends the round and is returned by who asked for it. */
struct page_sink {
	/* The next pages of @cpu, @bytes in all; the last may hold few records. They live until it
	 * returns. */
	int (*pages)(void *user, int cpu, const void *pages, size_t bytes,
		     struct schedtrace_error *err);
	/* A round is over: all records before @until_ns of the trace clock have been handed
	 * over. */
	int (*round)(void *user, int64_t until_ns, struct schedtrace_error *err);
	void *user;
};

int page_queue_new(struct page_queue **out, int n_cpus, size_t page_size, size_t max_bytes,
		   struct schedtrace_error *err);
void page_queue_free(struct page_queue *q);

/* ---- a reader of one CPU's buffer */

bool page_queue_full(struct page_queue *q);

/* Copies the next pages of @cpu. */
void page_queue_put(struct page_queue *q, int cpu, const void *pages, size_t n_pages);

/* All records of @cpu before @ns have been put; INT64_MAX: all that there will be. */
void page_queue_reached(struct page_queue *q, int cpu, int64_t ns);

/* ---- who wants them */

/* Of the CPUs that page_queue_expect() was called for, before their readers began. */
void page_queue_expect(struct page_queue *q, int cpu);

/* No round ends before @ns. */
void page_queue_not_before(struct page_queue *q, int64_t ns);

/* Hands over all that is there, and says until when that is all. */
int page_queue_take(struct page_queue *q, const struct page_sink *sink,
		    struct schedtrace_error *err);

/* Bytes of pages that were skipped. */
uint64_t page_queue_skipped(struct page_queue *q);

#endif
