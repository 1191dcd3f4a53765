/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "view/figure/figure.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/pool.h"
#include "view/figure/dots.h"
#include "view/figure/strips.h"

/* Of all rows, without a query. */
struct figure_known {
	pthread_mutex_t lock;
	bool made;
	struct cache_memory *memory;
	struct kept_rows *kept; /* of each category */
	struct figure_sums sums;
};

/* One category's part of a work that threads share. */
struct category_job {
	struct pool_job job;
	const struct drawn_figure *figure;
	const struct plan_terms *terms;
	size_t category;
	struct category_rows *sums; /* to fill */
	struct kept_rows *kept;	    /* likewise, or NULL */
	int status;
	struct schedtrace_error err;
};

static void query_freep(struct query **query)
{
	query_free(*query);
}
#define auto_query __attribute__((cleanup(query_freep)))

static int no_memory(struct schedtrace_error *err)
{
	return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for a figure");
}

static void run_job(struct pool_job *base)
{
	struct category_job *job = (struct category_job *)base;

	job->status = category_rows_sum(job->sums, job->kept, &job->figure->plan, job->category,
					job->terms, &job->err);
}

/* The parts of all categories, each a job; those that have failed or are left out are done. */
static int run_jobs(struct category_job *jobs, const struct drawn_figure *figure,
		    const struct figure_choice *choice, struct schedtrace_error *err)
{
	size_t n = figure->instructions.n_categories;
	auto_query struct query *filter = NULL;
	struct plan_terms terms = { .cancel = choice->cancel };
	struct pool *pool;
	int r = choice->query ? plan_filter(&figure->plan, choice->query, &filter, err) : 0;

	terms.filter = filter;
	if (r == 0)
		r = pool_new(&pool, 0, err);
	if (r < 0)
		return r;
	for (size_t c = 0; c < n; c++) {
		jobs[c].job = (struct pool_job){ .run = run_job };
		jobs[c].figure = figure;
		jobs[c].terms = &terms;
		jobs[c].category = c;
		if (figure->instructions.categories[c].failed || (choice->off && choice->off[c]))
			jobs[c].job.done = true;
		else
			pool_submit(pool, &jobs[c].job);
	}
	for (size_t c = 0; c < n; c++) {
		pool_wait(pool, &jobs[c].job);
		if (jobs[c].status < 0 && r == 0) {
			r = jobs[c].status;
			*err = jobs[c].err;
		}
	}
	pool_free(pool);
	return r;
}

static int plan_figure(struct drawn_figure *figure, struct schedtrace_error *err)
{
	int r = plan_make(&figure->plan, &figure->instructions, figure->columns, err);

	if (r == 0) {
		figure->known = calloc(1, sizeof(*figure->known));
		r = figure->known ? 0 : no_memory(err);
	}
	if (r < 0)
		figure_free(figure);
	else
		pthread_mutex_init(&figure->known->lock, NULL);
	return r;
}

int figure_make(struct drawn_figure *out, struct trace_columns *columns, const char *text, size_t n,
		struct schedtrace_error *err)
{
	struct event_names events = trace_columns_events(columns);
	int r;

	*out = (struct drawn_figure){ .columns = columns };
	r = instructions_parse(&out->instructions, text, n, &events, err);
	return r < 0 ? r : plan_figure(out, err);
}

int figure_read(struct drawn_figure *out, struct trace_columns *columns, const char *path,
		struct schedtrace_error *err)
{
	struct event_names events = trace_columns_events(columns);
	int r;

	*out = (struct drawn_figure){ .columns = columns };
	r = instructions_read(&out->instructions, path, &events, err);
	if (r < 0)
		return r;
	r = plan_figure(out, err);
	return r == SCHEDTRACE_E_FORMAT ? error_prefix(err, r, "%s", path) : r;
}

static void kept_free(struct kept_rows *kept, size_t n)
{
	for (size_t c = 0; kept && c < n; c++)
		kept_rows_free(&kept[c]);
	free(kept);
}

void figure_free(struct drawn_figure *figure)
{
	if (figure->known) {
		kept_free(figure->known->kept, figure->instructions.n_categories);
		figure_sums_free(&figure->known->sums);
		cache_memory_free(figure->known->memory);
		pthread_mutex_destroy(&figure->known->lock);
		free(figure->known);
	}
	plan_free(&figure->plan);
	instructions_free(&figure->instructions);
	*figure = (struct drawn_figure){ .columns = NULL };
}

/* Sums, and with @memory the places of rows in *@kept, which is the caller's also on failure. */
static int evaluate(const struct drawn_figure *figure, const struct figure_choice *choice,
		    struct figure_sums *sums, struct cache_memory *memory, struct kept_rows **kept,
		    struct schedtrace_error *err)
{
	size_t n = figure->instructions.n_categories;
	auto_free struct category_job *jobs = calloc(n + 1, sizeof(*jobs));
	int r;

	*sums = (struct figure_sums){ n, calloc(n + 1, sizeof(*sums->rows)) };
	if (memory)
		*kept = calloc(n + 1, sizeof(**kept));
	if (!jobs || !sums->rows || (memory && !*kept)) {
		r = no_memory(err);
	} else {
		for (size_t c = 0; c < n; c++) {
			jobs[c].sums = &sums->rows[c];
			jobs[c].kept = memory ? &(*kept)[c] : NULL;
			if (memory)
				(*kept)[c].memory = memory;
		}
		r = run_jobs(jobs, figure, choice, err);
	}
	if (r < 0)
		figure_sums_free(sums);
	return r;
}

static int make_known(const struct drawn_figure *figure, const atomic_bool *cancel,
		      struct schedtrace_error *err)
{
	struct figure_known *known = figure->known;
	int r = cache_memory_new(&known->memory, err);

	if (r == 0)
		r = evaluate(figure, &(struct figure_choice){ .cancel = cancel }, &known->sums,
			     known->memory, &known->kept, err);
	known->made = r == 0;
	if (r < 0) {
		kept_free(known->kept, figure->instructions.n_categories);
		cache_memory_free(known->memory);
		known->kept = NULL;
		known->memory = NULL;
	}
	return r;
}

/* The first who asks makes it; others wait. */
static int need_known(const struct drawn_figure *figure, const atomic_bool *cancel,
		      struct schedtrace_error *err)
{
	int r = 0;

	pthread_mutex_lock(&figure->known->lock);
	if (!figure->known->made)
		r = make_known(figure, cancel, err);
	pthread_mutex_unlock(&figure->known->lock);
	return r;
}

static int copy_sums(struct figure_sums *out, const struct figure_sums *from, size_t n_outputs,
		     const bool *off, struct schedtrace_error *err)
{
	*out = (struct figure_sums){ from->n, calloc(from->n + 1, sizeof(*out->rows)) };
	for (size_t c = 0; out->rows && c < from->n; c++) {
		struct category_rows *rows = &out->rows[c];

		if (!from->rows[c].n || (off && off[c]))
			continue;
		*rows = from->rows[c];
		rows->sums = calloc(n_outputs + 1, sizeof(*rows->sums));
		if (!rows->sums) {
			figure_sums_free(out);
			break;
		}
		memcpy(rows->sums, from->rows[c].sums, n_outputs * sizeof(*rows->sums));
	}
	return out->rows ? 0 : no_memory(err);
}

int figure_sum(struct figure_sums *out, const struct drawn_figure *figure,
	       const struct figure_choice *choice, struct schedtrace_error *err)
{
	int r;

	if (choice->query || choice->once)
		return evaluate(figure, choice, out, NULL, NULL, err);
	r = need_known(figure, choice->cancel, err);
	return r < 0 ? r
		     : copy_sums(out, &figure->known->sums, figure->instructions.n_outputs,
				 choice->off, err);
}

void figure_sums_free(struct figure_sums *sums)
{
	for (size_t c = 0; sums->rows && c < sums->n; c++)
		category_rows_free(&sums->rows[c]);
	free(sums->rows);
	*sums = (struct figure_sums){ .rows = NULL };
}

bool figure_x_is_time(const struct figure_sums *sums)
{
	for (size_t c = 0; c < sums->n; c++)
		if (sums->rows[c].n && !sums->rows[c].x_is_time)
			return false;
	return true;
}

bool figure_y_is_time(const struct figure_sums *sums)
{
	for (size_t c = 0; c < sums->n; c++)
		if (sums->rows[c].n && !sums->rows[c].y_is_time)
			return false;
	return true;
}

/* Of which all rows with a column say the same; "" where they do not. */
static const char *common(const struct figure_sums *sums, bool x)
{
	const char *about = NULL;

	for (size_t c = 0; c < sums->n; c++) {
		const struct category_rows *rows = &sums->rows[c];
		const char *of = x ? rows->x_about : rows->y_about;

		if (!rows->n)
			continue;
		if (!of || (about && strcmp(about, of)))
			return "";
		about = of;
	}
	return about ? about : "";
}

const char *figure_x_about(const struct figure_sums *sums)
{
	return common(sums, true);
}

const char *figure_y_about(const struct figure_sums *sums)
{
	return common(sums, false);
}

/* Ends that are there and differ. */
static void settle(double *begin, double *end)
{
	if (!(*begin <= *end)) {
		*begin = 0;
		*end = 1;
	} else if (*begin == *end) {
		double around = fmax(0.5, fabs(*begin) * 1e-6);

		*begin -= around;
		*end += around;
	}
}

struct raster_window figure_places(const struct figure_sums *sums)
{
	struct raster_window window = {
		.x0 = INFINITY, .y0 = INFINITY, .x1 = -INFINITY, .y1 = -INFINITY
	};

	for (size_t c = 0; c < sums->n; c++) {
		const struct category_rows *rows = &sums->rows[c];

		if (!rows->n)
			continue;
		window.x0 = fmin(window.x0, rows->x0);
		window.x1 = fmax(window.x1, rows->x1);
		window.y0 = fmin(window.y0, rows->y0);
		window.y1 = fmax(window.y1, rows->y1);
	}
	settle(&window.x0, &window.x1);
	settle(&window.y0, &window.y1);
	return window;
}

/* What is drawn: the rows of all categories, or what a query leaves of them. */
struct shown {
	size_t n;
	struct strip_layer *layers;
	/* Of a query: */
	struct figure_sums sums;
	struct cache_memory *memory;
	struct kept_rows *kept;
};

static void shown_free(struct shown *shown)
{
	kept_free(shown->kept, shown->n);
	cache_memory_free(shown->memory);
	figure_sums_free(&shown->sums);
	free(shown->layers);
}

static int shown_make(struct shown *out, const struct drawn_figure *figure,
		      const struct figure_choice *choice, struct schedtrace_error *err)
{
	const struct instructions *in = &figure->instructions;
	int r = 0;

	*out = (struct shown){ in->n_categories,
			       calloc(in->n_categories + 1, sizeof(*out->layers)) };
	if (!out->layers)
		r = no_memory(err);
	else if (!choice->query)
		r = need_known(figure, choice->cancel, err);
	else
		r = cache_memory_new(&out->memory, err);
	if (r == 0 && choice->query)
		r = evaluate(figure, choice, &out->sums, out->memory, &out->kept, err);
	for (size_t c = 0; c < out->n && r == 0; c++) {
		struct strip_layer *layer = &out->layers[c];

		layer->rows = choice->query ? &out->kept[c] : &figure->known->kept[c];
		if (!choice->off || !choice->off[c])
			layer->unit = mix_of(in->categories[c].colour);
	}
	if (r < 0)
		shown_free(out);
	return r;
}

struct counting {
	const struct raster_window *window;
	uint64_t *counts;
};

static void put_counts(void *user, const struct raster *strip)
{
	const struct counting *c = user;
	size_t height = c->window->height;

	for (size_t column = 0; column < strip->columns; column++)
		for (size_t row = 0; row < height; row++)
			c->counts[row * c->window->width + strip->first + column] =
				strip->counts[column * height + row].n;
}

int figure_count(const struct drawn_figure *figure, size_t category,
		 const struct raster_window *window, uint64_t *counts, struct schedtrace_error *err)
{
	struct counting counting = { window, counts };
	struct strip_layer layer;
	int r = need_known(figure, NULL, err);

	if (r < 0)
		return r;
	layer = (struct strip_layer){ &figure->known->kept[category], mix_of(0), 0 };
	return strips_count(&layer, 1, window, NULL, put_counts, &counting, err);
}

int figure_paint(const struct drawn_figure *figure, const struct figure_choice *choice,
		 const struct raster_window *window, int spread, uint32_t *dots, uint64_t *counts,
		 struct schedtrace_error *err)
{
	struct dots picture;
	struct shown shown;
	int r = shown_make(&shown, figure, choice, err);

	if (r < 0)
		return r;
	dots_begin(&picture, window, spread, dots);
	r = strips_count(shown.layers, shown.n, window, choice->cancel, dots_put, &picture, err);
	if (r == 0)
		r = dots_finish(&picture, err);
	for (size_t c = 0; counts && c < shown.n; c++)
		counts[c] = shown.layers[c].counted;
	dots_free(&picture);
	shown_free(&shown);
	return r;
}
