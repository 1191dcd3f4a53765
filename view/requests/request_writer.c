/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "view/requests/request_writer.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/mem.h"

#define MS		    INT64_C(1000000)
#define BATCH_NS	    (250 * MS)
#define FIRST_BACK_OFF_NS   (250 * MS)
#define LONGEST_BACK_OFF_NS (8000 * MS)
#define FORGET_EVERY_NS	    (10000 * MS)
/* In memory, 0.5 MB each; from half of them on they are brought into the file. */
#define MOST_WAITING 64

struct request_writer {
	struct request_writer_options options;
	pthread_t storing, spilling;
	bool has_threads;

	pthread_mutex_t lock; /* of all below */
	pthread_cond_t changed;
	struct request_batch *filling;	    /* may be NULL */
	struct request_batch *first, *last; /* full ones that wait */
	int n_waiting;
	bool spills; /* the spilling thread has one in its hands, older than all that wait */
	bool ending, stopping, ended;
	int64_t give_up_ns; /* once it is ending */
	struct request_counts counts;
	struct schedtrace_error failure; /* of the last attempt */
};

static void *store_all(void *self);
static void *spill_all(void *self);

/* ---- made and released --------------------------------------------------------------------- */

static int begin_threads(struct request_writer *w, struct schedtrace_error *err)
{
	int failed = pthread_create(&w->storing, NULL, store_all, w);

	if (failed)
		return error_errno(err, SCHEDTRACE_E_IO, failed, "no thread for the database");
	failed = pthread_create(&w->spilling, NULL, spill_all, w);
	if (failed) {
		w->stopping = true;
		pthread_cond_broadcast(&w->changed);
		pthread_join(w->storing, NULL);
		return error_errno(err, SCHEDTRACE_E_IO, failed, "no thread for the database");
	}
	w->has_threads = true;
	return 0;
}

int request_writer_new(struct request_writer **out, const struct request_writer_options *options,
		       struct schedtrace_error *err)
{
	struct request_writer *w = calloc(1, sizeof(*w));
	pthread_condattr_t monotonic;
	int r;

	if (!w) {
		request_store_close(options->store);
		request_spill_free(options->spill);
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for requests");
	}
	w->options = *options;
	pthread_mutex_init(&w->lock, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&w->changed, &monotonic);
	pthread_condattr_destroy(&monotonic);
	r = begin_threads(w, err);
	if (r < 0)
		request_writer_free(w);
	else
		*out = w;
	return r;
}

static void join_threads(struct request_writer *w)
{
	if (!w->has_threads)
		return;
	pthread_mutex_lock(&w->lock);
	w->stopping = true;
	pthread_cond_broadcast(&w->changed);
	pthread_mutex_unlock(&w->lock);
	pthread_join(w->storing, NULL);
	pthread_join(w->spilling, NULL);
	w->has_threads = false;
}

void request_writer_free(struct request_writer *w)
{
	if (!w)
		return;
	join_threads(w);
	request_store_close(w->options.store);
	request_spill_free(w->options.spill);
	request_batch_free(w->filling);
	while (w->first) {
		struct request_batch *next = w->first->next;

		request_batch_free(w->first);
		w->first = next;
	}
	pthread_cond_destroy(&w->changed);
	pthread_mutex_destroy(&w->lock);
	free(w);
}

/* ---- waiting batches, with the lock held ----------------------------------------------------- */

static void push(struct request_writer *w, struct request_batch *batch)
{
	if (w->last)
		w->last->next = batch;
	else
		w->first = batch;
	w->last = batch;
	w->n_waiting++;
	pthread_cond_broadcast(&w->changed);
}

/* As the oldest again. */
static void push_back(struct request_writer *w, struct request_batch *batch)
{
	batch->next = w->first;
	w->first = batch;
	if (!w->last)
		w->last = batch;
	w->n_waiting++;
}

static struct request_batch *pop(struct request_writer *w)
{
	struct request_batch *batch = w->first;

	w->first = batch->next;
	if (!w->first)
		w->last = NULL;
	batch->next = NULL;
	w->n_waiting--;
	return batch;
}

static void wait_until(struct request_writer *w, int64_t ns)
{
	const struct timespec t = { ns / 1000000000, ns % 1000000000 };

	pthread_cond_timedwait(&w->changed, &w->lock, &t);
}

static int take_row(struct request_writer *w, const struct request_row *row, const char *name,
		    const char *failure)
{
	if (!w->filling && w->n_waiting >= MOST_WAITING)
		return -1;
	if (!w->filling)
		w->filling = request_batch_new(w->counts.rows);
	if (!w->filling || request_batch_add(w->filling, *row, name, failure) < 0)
		return -1;
	if (w->filling->n == REQUEST_BATCH_ROWS)
		push(w, steal_ptr(w->filling));
	return 0;
}

void request_writer_add(struct request_writer *w, const struct request_row *row, const char *name,
			const char *failure)
{
	pthread_mutex_lock(&w->lock);
	if (take_row(w, row, name, failure) < 0) {
		w->counts.dropped++;
		/* Rows of a batch follow each other. */
		if (w->filling && w->filling->n)
			push(w, steal_ptr(w->filling));
	}
	w->counts.rows++;
	pthread_mutex_unlock(&w->lock);
}

void request_writer_counts(struct request_writer *w, struct request_counts *out)
{
	pthread_mutex_lock(&w->lock);
	*out = w->counts;
	pthread_mutex_unlock(&w->lock);
}

static int what_is_missing(const struct request_writer *w, struct schedtrace_error *err)
{
	const struct request_counts *counts = &w->counts;

	if (counts->stored == counts->rows)
		return 0;
	return error_set(err, SCHEDTRACE_E_IO, "%" PRIu64 " of %" PRIu64 " requests not stored: %s",
			 counts->rows - counts->stored, counts->rows,
			 counts->away ? w->failure.text : "the database was too slow");
}

int request_writer_finish(struct request_writer *w, struct schedtrace_error *err)
{
	pthread_mutex_lock(&w->lock);
	w->ending = true;
	w->give_up_ns = now_ns() + w->options.patience_ns;
	pthread_cond_broadcast(&w->changed);
	while (!w->ended)
		pthread_cond_wait(&w->changed, &w->lock);
	pthread_mutex_unlock(&w->lock);
	join_threads(w);
	return what_is_missing(w, err);
}

/* ---- the thread that spills ------------------------------------------------------------------ */

static void *spill_all(void *self)
{
	struct request_writer *w = self;

	pthread_mutex_lock(&w->lock);
	while (!w->stopping) {
		struct request_batch *batch;
		int r;

		if (!w->options.spill || w->n_waiting <= MOST_WAITING / 2) {
			pthread_cond_wait(&w->changed, &w->lock);
			continue;
		}
		batch = pop(w);
		w->spills = true;
		pthread_mutex_unlock(&w->lock);
		r = request_spill_append(w->options.spill, batch);
		pthread_mutex_lock(&w->lock);
		w->spills = false;
		if (r < 0) {
			push_back(w, batch);
			wait_until(w, now_ns() + BATCH_NS);
			continue;
		}
		w->counts.spilled += batch->n;
		request_batch_free(batch);
		pthread_cond_broadcast(&w->changed);
	}
	pthread_mutex_unlock(&w->lock);
	return NULL;
}

/* ---- the thread that stores ------------------------------------------------------------------ */

/* Waits until the next attempt; false: there is none. */
static bool back_off(struct request_writer *w, int64_t *ns)
{
	int64_t until = now_ns() + *ns;
	bool ending = w->ending;

	while (now_ns() < until && !w->stopping && w->ending == ending)
		wait_until(w, until);
	*ns = 2 * *ns < LONGEST_BACK_OFF_NS ? 2 * *ns : LONGEST_BACK_OFF_NS;
	if (w->ending != ending)
		*ns = FIRST_BACK_OFF_NS;
	return !w->stopping && (!w->ending || now_ns() < w->give_up_ns);
}

static void tell_change(const struct request_writer *w, bool was_away, int r,
			const struct schedtrace_error *failure)
{
	if (r < 0 && !was_away)
		note(&w->options.notes, "requests wait for the database: %s", failure->text);
	else if (r == 0 && was_away)
		note(&w->options.notes, "requests are stored again");
}

/* False: it is given up. Called and left with the lock held. */
static bool store_batch(struct request_writer *w, const struct request_batch *batch)
{
	struct request_store *store = w->options.store;
	int64_t pause_ns = FIRST_BACK_OFF_NS;
	struct schedtrace_error failure;
	int r;

	do {
		bool was_away = w->counts.away;

		pthread_mutex_unlock(&w->lock);
		r = store->ops->add(store, &w->options.source, batch, &failure);
		tell_change(w, was_away, r, &failure);
		pthread_mutex_lock(&w->lock);
		w->counts.away = r < 0;
		if (r < 0)
			w->failure = failure;
	} while (r < 0 && back_off(w, &pause_ns));
	if (r == 0)
		w->counts.stored += batch->n;
	return r == 0;
}

/* What is oldest: in the file, in memory, and what has been filling for so long. NULL: nothing
 * yet. */
static struct request_batch *next_batch(struct request_writer *w, bool *spilled)
{
	*spilled = w->options.spill && request_spill_batches(w->options.spill) > 0;
	if (*spilled)
		return request_spill_first(w->options.spill);
	if (w->spills)
		return NULL;
	if (w->first)
		return pop(w);
	if (w->filling && w->filling->n &&
	    (w->ending || now_ns() - w->filling->begun_ns >= BATCH_NS))
		return steal_ptr(w->filling);
	return NULL;
}

static void forget_old(struct request_writer *w, int64_t *next_ns)
{
	struct request_store *store = w->options.store;
	struct schedtrace_error failure;
	uint64_t deleted = 0;
	int r = 1;

	if (now_ns() < *next_ns)
		return;
	*next_ns = now_ns() + FORGET_EVERY_NS;
	/* Not all at once: meanwhile others wait. */
	for (int i = 0; r == 1 && i < 100; i++)
		r = store->ops->forget(store, &w->options.keep, &deleted, &failure);
	pthread_mutex_lock(&w->lock);
	if (deleted && !w->counts.deleted)
		note(&w->options.notes, "the database holds as much as is kept: the oldest "
					"requests are deleted");
	w->counts.deleted += deleted;
	pthread_mutex_unlock(&w->lock);
}

static void *store_all(void *self)
{
	struct request_writer *w = self;
	int64_t forget_ns = 0;
	bool spilled;

	pthread_mutex_lock(&w->lock);
	while (!w->stopping) {
		struct request_batch *batch = next_batch(w, &spilled);
		bool stored;

		/* What is spilled and cannot be read, for want of memory, may be later. */
		if (!batch && w->ending && !w->spills && (!spilled || now_ns() > w->give_up_ns))
			break;
		if (!batch) {
			wait_until(w, now_ns() + BATCH_NS / 5);
			continue;
		}
		pthread_cond_broadcast(&w->changed); /* there is room */
		stored = store_batch(w, batch);
		request_batch_free(batch);
		if (!stored)
			break;
		pthread_mutex_unlock(&w->lock);
		if (spilled)
			request_spill_drop(w->options.spill);
		forget_old(w, &forget_ns);
		pthread_mutex_lock(&w->lock);
	}
	w->ended = true;
	pthread_cond_broadcast(&w->changed);
	pthread_mutex_unlock(&w->lock);
	return NULL;
}
