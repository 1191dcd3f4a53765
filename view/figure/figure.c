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
	size_t category;
	struct category_rows *sums; /* to fill, or NULL and: */
	const struct raster_window *window;
	struct pool *pool;
	struct mix *mix; /* under the pool's lock */
	int status;
	struct schedtrace_error err;
};

static int no_memory(struct schedtrace_error *err)
{
	return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for a figure");
}

static void add_to_mix(struct mix *mix, const struct raster *raster, uint32_t colour)
{
	size_t n = (size_t)raster->window.width * raster->window.height;

	for (size_t i = 0; i < n; i++) {
		uint64_t count = raster->counts[i];

		if (!count)
			continue;
		mix[i].red += count * (colour >> 16);
		mix[i].green += count * (colour >> 8 & 255);
		mix[i].blue += count * (colour & 255);
		mix[i].n += count;
	}
}

static int count_category(struct category_job *job)
{
	const struct drawn_figure *figure = job->figure;
	struct raster raster;
	int r = raster_new(&raster, job->window, &job->err);

	if (r == 0)
		r = category_rows_count(&raster, &figure->plan, job->category, &job->err);
	if (r == 0) {
		raster_finish(&raster);
		pool_lock(job->pool);
		add_to_mix(job->mix, &raster,
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
						    &job->err)
				: count_category(job);
}

/* Sums of each category into @sums, or counts into @mix. */
static int run_jobs(const struct drawn_figure *figure, struct category_rows *sums,
		    const struct raster_window *window, struct mix *mix,
		    struct schedtrace_error *err)
{
	size_t n = figure->instructions.n_categories;
	auto_free struct category_job *jobs = calloc(n, sizeof(*jobs));
	struct pool *pool;
	int r = jobs ? pool_new(&pool, 0, err) : no_memory(err);

	if (r < 0)
		return r;
	for (size_t c = 0; c < n; c++) {
		jobs[c] = (struct category_job){ .job.run = run_job,
						 .figure = figure,
						 .category = c,
						 .sums = sums ? &sums[c] : NULL,
						 .window = window,
						 .pool = pool,
						 .mix = mix };
		if (!figure->instructions.categories[c].failed)
			pool_submit(pool, &jobs[c].job);
	}
	for (size_t c = 0; c < n; c++) {
		if (figure->instructions.categories[c].failed)
			continue;
		pool_wait(pool, &jobs[c].job);
		if (jobs[c].status < 0 && r == 0) {
			r = jobs[c].status;
			*err = jobs[c].err;
		}
	}
	pool_free(pool);
	return r;
}

int figure_open(struct drawn_figure *out, const struct figure_source *source,
		struct schedtrace_error *err)
{
	struct instructions *in = &out->instructions;
	struct event_names events;
	int r;

	*out = (struct drawn_figure){ .rows = NULL };
	r = trace_columns_open(&out->columns, source->trace, &source->input, err);
	if (r < 0)
		return r;
	events = trace_columns_events(&out->columns);
	r = instructions_read(in, source->instructions, &events, err);
	if (r == 0)
		r = trace_columns_make(&out->columns, in->inputs, in->n_inputs,
				       source->query != NULL, err);
	if (r < 0)
		return r;
	r = plan_make(&out->plan, in, &out->columns, source->query, err);
	if (r < 0)
		return r == SCHEDTRACE_E_FORMAT ? error_prefix(err, r, "%s", source->instructions)
						: r;
	out->rows = calloc(in->n_categories, sizeof(*out->rows));
	return out->rows ? run_jobs(out, out->rows, NULL, NULL, err) : no_memory(err);
}

void figure_close(struct drawn_figure *figure)
{
	for (size_t c = 0; figure->rows && c < figure->instructions.n_categories; c++)
		category_rows_free(&figure->rows[c]);
	free(figure->rows);
	plan_free(&figure->plan);
	trace_columns_close(&figure->columns);
	instructions_free(&figure->instructions);
	figure->rows = NULL;
}

bool figure_x_is_time(const struct drawn_figure *figure)
{
	for (size_t c = 0; c < figure->instructions.n_categories; c++)
		if (figure->rows[c].n && !figure->rows[c].x_is_time)
			return false;
	return true;
}

/* Of which all rows with a column say the same; "" where they do not. */
static const char *common(const struct drawn_figure *figure, bool x)
{
	const char *about = NULL;

	for (size_t c = 0; c < figure->instructions.n_categories; c++) {
		const struct category_rows *rows = &figure->rows[c];
		const char *of = x ? rows->x_about : rows->y_about;

		if (!rows->n)
			continue;
		if (!of || (about && strcmp(about, of)))
			return "";
		about = of;
	}
	return about ? about : "";
}

const char *figure_x_about(const struct drawn_figure *figure)
{
	return common(figure, true);
}

const char *figure_y_about(const struct drawn_figure *figure)
{
	return common(figure, false);
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

struct raster_window figure_places(const struct drawn_figure *figure)
{
	struct raster_window window = {
		.x0 = INFINITY, .y0 = INFINITY, .x1 = -INFINITY, .y1 = -INFINITY
	};

	for (size_t c = 0; c < figure->instructions.n_categories; c++) {
		const struct category_rows *rows = &figure->rows[c];

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

int figure_paint(const struct drawn_figure *figure, const struct raster_window *window, int spread,
		 uint32_t *dots, struct schedtrace_error *err)
{
	size_t width = window->width, height = window->height;
	auto_free struct mix *mix = calloc(width * height, sizeof(*mix));
	auto_free struct mix *around = NULL;
	int r = mix ? run_jobs(figure, NULL, window, mix, err) : no_memory(err);

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
