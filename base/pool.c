/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/pool.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>

#include "base/error.h"

#define MAX_THREADS 64

struct pool {
	pthread_mutex_t lock;
	pthread_cond_t changed; /* a job came, a job is done, pool_wake(), or the end */
	struct pool_job *first, **last;
	bool ending;
	unsigned int wanted, started;
	pthread_t threads[MAX_THREADS];
};

static unsigned int usable_cpus(void)
{
	cpu_set_t set;

	/* Fails on machines with more CPUs than the set has room for. */
	return sched_getaffinity(0, sizeof(set), &set) == 0 ? (unsigned int)CPU_COUNT(&set)
							    : MAX_THREADS;
}

int pool_new(struct pool **out, unsigned int threads, struct schedtrace_error *err)
{
	struct pool *pool = calloc(1, sizeof(*pool));

	if (!pool)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for threads");
	pthread_mutex_init(&pool->lock, NULL);
	pthread_cond_init(&pool->changed, NULL);
	pool->last = &pool->first;
	pool->wanted = threads ? threads : usable_cpus();
	if (threads == POOL_NO_THREADS)
		pool->wanted = 0;
	if (pool->wanted > MAX_THREADS)
		pool->wanted = MAX_THREADS;
	*out = pool;
	return 0;
}

/* Locked on entry and on return; the job runs unlocked. */
static void run_first(struct pool *pool)
{
	struct pool_job *job = pool->first;

	pool->first = job->next;
	if (!pool->first)
		pool->last = &pool->first;
	pthread_mutex_unlock(&pool->lock);
	job->run(job);
	pthread_mutex_lock(&pool->lock);
	job->done = true;
	pthread_cond_broadcast(&pool->changed);
}

static void *work(void *arg)
{
	struct pool *pool = arg;

	pthread_mutex_lock(&pool->lock);
	for (;;) {
		if (pool->first)
			run_first(pool);
		else if (pool->ending)
			break;
		else
			pthread_cond_wait(&pool->changed, &pool->lock);
	}
	pthread_mutex_unlock(&pool->lock);
	return NULL;
}

/* Without a single thread the jobs are done by whoever waits for them. */
static void start_threads(struct pool *pool)
{
	sigset_t all, old;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	while (pool->started < pool->wanted) {
		if (pthread_create(&pool->threads[pool->started], NULL, work, pool) != 0)
			break;
		pool->started++;
	}
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	pool->wanted = pool->started;
}

void pool_submit(struct pool *pool, struct pool_job *job)
{
	job->next = NULL;
	job->done = false;
	pthread_mutex_lock(&pool->lock);
	*pool->last = job;
	pool->last = &job->next;
	if (pool->started < pool->wanted)
		start_threads(pool);
	pthread_cond_broadcast(&pool->changed);
	pthread_mutex_unlock(&pool->lock);
}

void pool_wait(struct pool *pool, struct pool_job *job)
{
	pthread_mutex_lock(&pool->lock);
	while (!job->done) {
		if (pool->first)
			run_first(pool);
		else
			pthread_cond_wait(&pool->changed, &pool->lock);
	}
	pthread_mutex_unlock(&pool->lock);
}

void pool_lock(struct pool *pool)
{
	pthread_mutex_lock(&pool->lock);
}

void pool_unlock(struct pool *pool)
{
	pthread_mutex_unlock(&pool->lock);
}

void pool_sleep(struct pool *pool)
{
	pthread_cond_wait(&pool->changed, &pool->lock);
}

void pool_wake(struct pool *pool)
{
	pthread_cond_broadcast(&pool->changed);
}

void pool_free(struct pool *pool)
{
	if (!pool)
		return;
	pthread_mutex_lock(&pool->lock);
	pool->ending = true;
	while (pool->first)
		run_first(pool);
	pthread_cond_broadcast(&pool->changed);
	pthread_mutex_unlock(&pool->lock);
	for (unsigned int i = 0; i < pool->started; i++)
		pthread_join(pool->threads[i], NULL);
	pthread_mutex_destroy(&pool->lock);
	pthread_cond_destroy(&pool->changed);
	free(pool);
}
