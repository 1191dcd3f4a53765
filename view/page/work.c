/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "view/page/work.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "view/page/answers.h"
#include "view/page/page_state.h"

static void take_out(struct works *works, struct work *work)
{
	struct work **at = &works->running;

	while (*at != work)
		at = &(*at)->next;
	*at = work->next;
}

static void do_work(struct works *works, struct work *work)
{
	struct answer answer = { .status = 200 };
	struct schedtrace_error err;
	int r = work_step(work, "waiting", 0, 0, &err);

	if (r == 0)
		r = work->run(work, &answer, &err);
	if (r < 0)
		answer_failure(&answer, &err);
	pthread_mutex_lock(&works->lock);
	take_out(works, work);
	pthread_mutex_unlock(&works->lock);
	server_answer(work->request, &answer);
	free(work);
}

static void *thread_of(void *arg)
{
	struct works *works = arg;
	struct work *work;

	pthread_mutex_lock(&works->lock);
	for (;;) {
		work = works->waiting;
		if (!work && atomic_load(&works->stopping))
			break;
		if (!work) {
			pthread_cond_wait(&works->changed, &works->lock);
			continue;
		}
		works->waiting = work->next;
		if (!works->waiting)
			works->last_waiting = &works->waiting;
		work->next = works->running;
		works->running = work;
		pthread_mutex_unlock(&works->lock);
		do_work(works, work);
		pthread_mutex_lock(&works->lock);
	}
	pthread_mutex_unlock(&works->lock);
	return NULL;
}

int works_open(struct works *works, struct schedtrace_error *err)
{
	sigset_t all, old;

	*works = (struct works){ .last_waiting = &works->waiting };
	pthread_mutex_init(&works->lock, NULL);
	pthread_cond_init(&works->changed, NULL);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	while (works->n_threads < WORKS_THREADS) {
		int failed =
			pthread_create(&works->threads[works->n_threads], NULL, thread_of, works);

		if (failed) {
			pthread_sigmask(SIG_SETMASK, &old, NULL);
			return error_errno(err, SCHEDTRACE_E_NOMEM, failed,
					   "cannot start a thread");
		}
		works->n_threads++;
	}
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return 0;
}

void works_close(struct works *works)
{
	pthread_mutex_lock(&works->lock);
	atomic_store(&works->stopping, true);
	pthread_cond_broadcast(&works->changed);
	pthread_mutex_unlock(&works->lock);
	for (size_t i = 0; i < works->n_threads; i++)
		pthread_join(works->threads[i], NULL);
	pthread_cond_destroy(&works->changed);
	pthread_mutex_destroy(&works->lock);
}

void works_add(struct page *page, struct request *request, work_run *run)
{
	struct works *works = &page->works;
	struct work *work = calloc(1, sizeof(*work));
	struct answer answer = { .status = 503 };

	if (!work) {
		answer_sentence(&answer, 503, "no memory for another request");
		server_answer(request, &answer);
		return;
	}
	work->page = page;
	work->request = request;
	work->run = run;
	work->name = request_arg(request, "job");
	pthread_mutex_lock(&works->lock);
	*works->last_waiting = work;
	works->last_waiting = &work->next;
	pthread_cond_signal(&works->changed);
	pthread_mutex_unlock(&works->lock);
}

int work_step(struct work *work, const char *what, uint64_t done, uint64_t total,
	      struct schedtrace_error *err)
{
	struct works *works = &work->page->works;

	if (atomic_load(&work->request->cancelled) || atomic_load(&works->stopping))
		return error_set(err, SCHEDTRACE_E_CANCELLED, "nobody waits for it any more");
	pthread_mutex_lock(&works->lock);
	snprintf(work->what, sizeof(work->what), "%s", what);
	work->done = done;
	work->total = total;
	pthread_mutex_unlock(&works->lock);
	return 0;
}

static bool find_in(struct work *list, const char *name, struct work *out)
{
	for (; list; list = list->next)
		if (list->name && !strcmp(list->name, name)) {
			*out = *list;
			return true;
		}
	return false;
}

bool works_find(struct works *works, const char *name, struct work *out)
{
	bool found;

	pthread_mutex_lock(&works->lock);
	found = find_in(works->running, name, out) || find_in(works->waiting, name, out);
	pthread_mutex_unlock(&works->lock);
	return found;
}
