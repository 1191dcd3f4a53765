/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A few threads that do jobs in the order in which they were given. */
#ifndef BASE_POOL_H
#define BASE_POOL_H

#include <stdbool.h>
#include <stdint.h>

#include <schedtrace/error.h>

struct pool;

struct pool_job {
	void (*run)(struct pool_job *job);
	struct pool_job *next;
	bool done;
};

/* Threads start with the first job; they take no signals. 0: as many as there are CPUs. Without
 * threads, jobs are done by who waits for them. */
#define POOL_NO_THREADS UINT32_MAX
int pool_new(struct pool **out, unsigned int threads, struct schedtrace_error *err);

/* Does the jobs that are left, then ends the threads. */
void pool_free(struct pool *pool);

/* A job begins only after all those given before it began, so it may wait for one of them. */
void pool_submit(struct pool *pool, struct pool_job *job);

/* Returns when the job is done; helps with waiting jobs meanwhile. */
void pool_wait(struct pool *pool, struct pool_job *job);

/* For jobs that wait for each other: a lock and a condition of the pool's own. */
void pool_lock(struct pool *pool);
void pool_unlock(struct pool *pool);
void pool_sleep(struct pool *pool); /* between lock and unlock, until pool_wake() */
void pool_wake(struct pool *pool);

#endif
