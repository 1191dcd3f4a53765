/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "view/figure/strips.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/pool.h"

#define NARROW	     64 /* columns whose counts stay in a core's cache */
#define MOST_BYTES   ((uint64_t)192 << 20)
#define MOST_WORKERS 64

struct strips {
	struct strip_layer *layers;
	size_t n;
	const struct raster_window *window;
	uint32_t columns; /* of a strip */
	const atomic_bool *cancel;
	void (*sink)(void *user, const struct raster *strip);
	void *user;
	struct pool *pool;
	atomic_uint next;    /* column that nobody has taken */
	atomic_bool failing; /* others need not go on */
};

struct strip_worker {
	struct pool_job job;
	struct strips *strips;
	struct kept_ends *ends; /* room */
	uint64_t *counted;	/* of each layer */
	int status;
	struct schedtrace_error err;
};

static bool is_cancelled(const struct strips *s)
{
	return s->cancel && atomic_load(s->cancel);
}

static int count_strip(struct strip_worker *worker, struct raster *raster, uint32_t first)
{
	struct strips *s = worker->strips;
	uint32_t left = s->window->width - first;
	int r = 0;

	raster_begin(raster, first, left < s->columns ? left : s->columns);
	for (size_t i = 0; i < s->n && r == 0; i++) {
		const struct strip_layer *layer = &s->layers[i];

		if (is_cancelled(s))
			r = error_set(&worker->err, SCHEDTRACE_E_CANCELLED, "cancelled");
		else if (layer->unit.n)
			r = kept_rows_count(layer->rows, raster, &layer->unit, worker->ends,
					    &worker->counted[i], &worker->err);
	}
	if (r == 0) {
		raster_finish(raster);
		s->sink(s->user, raster);
	}
	return r;
}

static void work(struct pool_job *job)
{
	struct strip_worker *worker = (struct strip_worker *)job;
	struct strips *s = worker->strips;
	struct raster raster;
	uint32_t first;
	int r = raster_new(&raster, s->window, s->columns, &worker->err);

	worker->ends = malloc(sizeof(*worker->ends));
	if (r == 0 && !worker->ends)
		r = error_set(&worker->err, SCHEDTRACE_E_NOMEM, "no memory for a figure");
	while (r == 0 && !atomic_load(&s->failing) &&
	       (first = atomic_fetch_add(&s->next, s->columns)) < s->window->width)
		r = count_strip(worker, &raster, first);
	if (r < 0)
		atomic_store(&s->failing, true);
	worker->status = r;
	raster_free(&raster);
	free(worker->ends);
}

/*
 * The width at which the fewest rows are looked at twice, since they are drawn in several strips.
 * Narrow ones need less memory and are counted in the cache.
 */
static uint32_t choose_columns(const struct strips *s, unsigned int workers)
{
	uint64_t column = s->window->height * 3 * sizeof(struct mix) * workers, best_cost = 0;
	uint32_t each = (s->window->width + workers - 1) / workers, best = 0;

	for (uint32_t columns = NARROW < each ? NARROW : each; columns; columns *= 2) {
		uint64_t cost = 0;

		if (columns > each)
			columns = each;
		if (best && columns * column > MOST_BYTES)
			break;
		for (size_t i = 0; i < s->n; i++)
			if (s->layers[i].unit.n)
				cost += kept_rows_cost(s->layers[i].rows, s->window, columns);
		if (!best || cost + cost / 4 < best_cost) {
			best = columns;
			best_cost = cost;
		}
		if (columns == each)
			break;
	}
	return best;
}

static int run_workers(struct strips *s, unsigned int n, struct schedtrace_error *err)
{
	auto_free struct strip_worker *workers = calloc(n, sizeof(*workers));
	auto_free uint64_t *counted = calloc(n * s->n + 1, sizeof(*counted));
	struct pool *pool;
	int r = workers && counted ? pool_new(&pool, n, err)
				   : error_set(err, SCHEDTRACE_E_NOMEM, "no memory for a figure");

	if (r < 0)
		return r;
	for (unsigned int i = 0; i < n; i++) {
		workers[i] = (struct strip_worker){ .job.run = work,
						    .strips = s,
						    .counted = counted + i * s->n };
		pool_submit(pool, &workers[i].job);
	}
	for (unsigned int i = 0; i < n; i++) {
		pool_wait(pool, &workers[i].job);
		if (workers[i].status < 0 && r == 0) {
			r = workers[i].status;
			*err = workers[i].err;
		}
		for (size_t l = 0; l < s->n; l++)
			s->layers[l].counted += workers[i].counted[l];
	}
	pool_free(pool);
	return r;
}

int strips_count(struct strip_layer *layers, size_t n, const struct raster_window *window,
		 const atomic_bool *cancel, void (*sink)(void *user, const struct raster *strip),
		 void *user, struct schedtrace_error *err)
{
	struct strips s = { .layers = layers,
			    .n = n,
			    .window = window,
			    .cancel = cancel,
			    .sink = sink,
			    .user = user };
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	unsigned int workers = cpus < 1 ? 1 : cpus > MOST_WORKERS ? MOST_WORKERS : (unsigned)cpus;

	for (size_t i = 0; i < n; i++)
		layers[i].counted = 0;
	s.columns = choose_columns(&s, workers);
	return run_workers(&s, workers, err);
}
