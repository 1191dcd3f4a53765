/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Requests that take time: a few threads work on them, say how far they are, and stop when nobody
 * waits any more.
 */
#ifndef VIEW_PAGE_WORK_H
#define VIEW_PAGE_WORK_H

#include <pthread.h>

#include "view/page/server.h"

struct page;
struct work;

/* Fills an answer of status 200, or fails. */
typedef int work_run(struct work *work, struct answer *answer, struct schedtrace_error *err);

struct work {
	struct page *page;
	struct request *request;
	work_run *run;
	const char *name; /* that its progress is asked for by, or NULL */
	/* Under the lock of the works: */
	char what[256];
	uint64_t done, total;
	struct work *next;
};

#define WORKS_THREADS 4 /* one that takes long leaves room for others */

struct works {
	pthread_t threads[WORKS_THREADS];
	size_t n_threads;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct work *waiting, **last_waiting, *running;
	atomic_bool stopping;
};

int works_open(struct works *works, struct schedtrace_error *err);

/* Has what is going on stop, and waits for that. */
void works_close(struct works *works);

/* Answers the request by what @run gives. */
void works_add(struct page *page, struct request *request, work_run *run);

/* E_CANCELLED once nobody waits for it. @total 0: nobody knows how much there is to do. */
int work_step(struct work *work, const char *what, uint64_t done, uint64_t total,
	      struct schedtrace_error *err);

/* How far the work of that name is, copied; false: it is not going on. */
bool works_find(struct works *works, const char *name, struct work *out);

#endif
