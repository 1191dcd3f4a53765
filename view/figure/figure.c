/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "view/figure/figure.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/pool.h"

/* Counts by colour, of all categories. */
struct mix {
	uint64_t red, green, blue, n;
};

/* One category's part of a work that threads share. */
struct category_job {
	struct pool_job job;
	const struct drawn_figure *figure;
	const struct plan_terms *terms;
	size_t category;
	struct category_rows *sums; /* to fill, or NULL and: */
	const struct raster_window *window;
	struct pool *pool;
	struct mix *mix; /* under the pool's lock */
	uint64_t *counted;
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

/* Returns how much all pixels have together. */
static uint64_t add_to_mix(struct mix *mix, const struct raster *raster, uint32_t colour)
{
	size_t n = (size_t)raster->window.width * raster->window.height;
	uint64_t counted = 0;

	for (size_t i = 0; i < n; i++) {
		uint64_t count = raster->counts[i];

		if (!count)
			continue;
		mix[i].red += count * (colour >> 16);
		mix[i].green += count * (colour >> 8 & 255);
		mix[i].blue += count * (colour & 255);
		mix[i].n += count;
		counted += count;
	}
	return counted;
}

static int count_category(struct category_job *job)
{
	const struct drawn_figure *figure = job->figure;
	struct raster raster;
	int r = raster_new(&raster, job->window, &job->err);

	if (r == 0)
		r = category_rows_count(&raster, &figure->plan, job->category, job->terms,
					&job->err);
	if (r == 0) {
		raster_finish(&raster);
		pool_lock(job->pool);
		*job->counted = add_to_mix(job->mix, &raster,
					   figure->instructions.categories[job->category].colour);
		pool_unlock(job->pool);
	}
	raster_free(&raster);
	return r;
}

static void run_job(struct pool_job *base)
{
	struct category_job *job = (struct category_job *)base;

	job->status = job->sums ? category_rows_sum(job->sums, &job->figure->plan, job->category,
						    job->terms, &job->err)
				: count_category(job);
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
		jobs[c].pool = pool;
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

	if (r < 0)
		instructions_free(&figure->instructions);
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

void figure_free(struct drawn_figure *figure)
{
	plan_free(&figure->plan);
	instructions_free(&figure->instructions);
	*figure = (struct drawn_figure){ .columns = NULL };
}

int figure_sum(struct figure_sums *out, const struct drawn_figure *figure,
	       const struct figure_choice *choice, struct schedtrace_error *err)
{
	size_t n = figure->instructions.n_categories;
	auto_free struct category_job *jobs = calloc(n + 1, sizeof(*jobs));
	int r;

	*out = (struct figure_sums){ n, calloc(n + 1, sizeof(*out->rows)) };
	if (!jobs || !out->rows) {
		r = no_memory(err);
	} else {
		for (size_t c = 0; c < n; c++)
			jobs[c].sums = &out->rows[c];
		r = run_jobs(jobs, figure, choice, err);
	}
	if (r < 0)
		figure_sums_free(out);
	return r;
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

static uint32_t colour_of(const struct mix *mix)
{
	uint64_t half = mix->n / 2;
	uint32_t red = (uint32_t)((mix->red + half) / mix->n);
	uint32_t green = (uint32_t)((mix->green + half) / mix->n);
	uint32_t blue = (uint32_t)((mix->blue + half) / mix->n);

	return UINT32_C(0xff000000) | red << 16 | green << 8 | blue;
}

/* Where hardly a pixel has a row, one alone would not be seen. */
static int spread_for(const struct mix *mix, size_t n)
{
	size_t filled = 0;

	for (size_t i = 0; i < n; i++)
		filled += mix[i].n != 0;
	return filled > n / 50 ? 0 : filled > n / 5000 ? 1 : 3;
}

/* Gives the colour of a pixel's rows to the empty ones around it; of several they get a mean. */
static void spread_mix(const struct mix *from, struct mix *to, size_t width, size_t height,
		       size_t by)
{
	for (size_t row = 0; row < height; row++)
		for (size_t column = 0; column < width; column++) {
			const struct mix *m = &from[row * width + column];
			size_t top = row + by < height ? row + by : height - 1;
			size_t right = column + by < width ? column + by : width - 1;

			if (!m->n)
				continue;
			for (size_t y = row > by ? row - by : 0; y <= top; y++)
				for (size_t x = column > by ? column - by : 0; x <= right; x++) {
					struct mix *t = &to[y * width + x];

					if (from[y * width + x].n)
						continue;
					t->red += m->red;
					t->green += m->green;
					t->blue += m->blue;
					t->n += m->n;
				}
		}
}

static void set_dots(const struct mix *mix, size_t width, size_t height, uint32_t *dots)
{
	for (size_t row = 0; row < height; row++)
		for (size_t column = 0; column < width; column++) {
			const struct mix *from = &mix[(height - 1 - row) * width + column];

			if (from->n)
				dots[row * width + column] = colour_of(from);
		}
}

/* The mixes of a window's pixels, the lowest row first. */
static int fill_mix(const struct drawn_figure *figure, const struct figure_choice *choice,
		    const struct raster_window *window, struct mix *mix, uint64_t *counts,
		    struct schedtrace_error *err)
{
	size_t n = figure->instructions.n_categories;
	auto_free struct category_job *jobs = calloc(n + 1, sizeof(*jobs));
	auto_free uint64_t *counted = calloc(n + 1, sizeof(*counted));
	int r;

	if (!jobs || !counted)
		return no_memory(err);
	for (size_t c = 0; c < n; c++) {
		jobs[c].window = window;
		jobs[c].mix = mix;
		jobs[c].counted = &counted[c];
	}
	r = run_jobs(jobs, figure, choice, err);
	if (counts)
		memcpy(counts, counted, n * sizeof(*counts));
	return r;
}

int figure_paint(const struct drawn_figure *figure, const struct figure_choice *choice,
		 const struct raster_window *window, int spread, uint32_t *dots, uint64_t *counts,
		 struct schedtrace_error *err)
{
	size_t width = window->width, height = window->height;
	auto_free struct mix *mix = calloc(width * height, sizeof(*mix));
	auto_free struct mix *around = NULL;
	int r = mix ? fill_mix(figure, choice, window, mix, counts, err) : no_memory(err);

	if (r < 0)
		return r;
	if (spread == FIGURE_SPREAD)
		spread = spread_for(mix, width * height);
	if (spread > 0) {
		around = calloc(width * height, sizeof(*around));
		if (!around)
			return no_memory(err);
		spread_mix(mix, around, width, height, (size_t)spread);
		set_dots(around, width, height, dots);
	}
	set_dots(mix, width, height, dots);
	return 0;
}
