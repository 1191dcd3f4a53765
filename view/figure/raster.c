/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "view/figure/raster.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "view/figure/ordered.h"

static size_t pixels(const struct raster *r)
{
	return (size_t)r->window.width * r->window.height;
}

static int no_memory(const struct raster_window *window, struct schedtrace_error *err)
{
	return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for a picture of %ux%u pixels",
			 window->width, window->height);
}

int raster_new(struct raster *out, const struct raster_window *window, struct schedtrace_error *err)
{
	*out = (struct raster){ .window = *window };
	out->counts = calloc(pixels(out), sizeof(*out->counts));
	return out->counts ? 0 : no_memory(window, err);
}

void raster_free(struct raster *raster)
{
	free(raster->counts);
	free(raster->along);
	free(raster->up);
	*raster = (struct raster){ .counts = NULL };
}

static uint32_t pixel_of(double value, double begin, double end, uint32_t n)
{
	double at = floor((value - begin) * n / (end - begin));

	return at >= n ? n - 1 : at < 0 ? 0 : (uint32_t)at;
}

static uint32_t column_of(const struct raster_window *w, double x)
{
	return pixel_of(x, w->x0, w->x1, w->width);
}

static uint32_t row_of(const struct raster_window *w, double y)
{
	return pixel_of(y, w->y0, w->y1, w->height);
}

static void count(struct raster *r, uint32_t column, uint32_t row)
{
	r->counts[(size_t)row * r->window.width + column]++;
}

static void add_point(struct raster *r, double x, double y)
{
	const struct raster_window *w = &r->window;

	if (x >= w->x0 && x <= w->x1 && y >= w->y0 && y <= w->y1)
		count(r, column_of(w, x), row_of(w, y));
}

void raster_points(struct raster *raster, const struct query_column *x,
		   const struct query_column *y, size_t n)
{
	for (size_t i = 0; i < n; i++)
		add_point(raster, ordered_real(x, i), ordered_real(y, i));
}

/* Steps up in the first pixel and down behind the last; the sum over a row is its counts. */
static void add_horizontal(struct raster *r, double x0, double x1, double y)
{
	const struct raster_window *w = &r->window;
	uint32_t *row, first, last;

	if (x1 < w->x0 || x0 > w->x1 || y < w->y0 || y > w->y1)
		return;
	first = column_of(w, fmax(x0, w->x0));
	last = column_of(w, fmin(x1, w->x1));
	row = r->along + (size_t)row_of(w, y) * w->width;
	row[first]++;
	if (last + 1 < w->width)
		row[last + 1]--;
}

static void add_vertical(struct raster *r, double x, double y0, double y1)
{
	const struct raster_window *w = &r->window;
	uint32_t *column, first, last;

	if (x < w->x0 || x > w->x1 || y1 < w->y0 || y0 > w->y1)
		return;
	first = row_of(w, fmax(y0, w->y0));
	last = row_of(w, fmin(y1, w->y1));
	column = r->up + column_of(w, x);
	column[(size_t)first * w->width]++;
	if (last + 1 < w->height)
		column[(size_t)(last + 1) * w->width]--;
}

struct line {
	double x0, y0, x1, y1;
};

/* One pixel in each column. */
static void add_flat(struct raster *r, struct line l)
{
	const struct raster_window *w = &r->window;
	uint32_t last;

	if (l.x0 > l.x1)
		l = (struct line){ l.x1, l.y1, l.x0, l.y0 };
	if (l.x1 < w->x0 || l.x0 > w->x1)
		return;
	last = column_of(w, fmin(l.x1, w->x1));
	for (uint32_t c = column_of(w, fmax(l.x0, w->x0)); c <= last; c++) {
		double middle = w->x0 + (c + 0.5) * (w->x1 - w->x0) / w->width;
		double x = fmin(fmax(middle, l.x0), l.x1);
		double y = l.y0 + (l.y1 - l.y0) * (x - l.x0) / (l.x1 - l.x0);

		if (y >= w->y0 && y <= w->y1)
			count(r, c, row_of(w, y));
	}
}

/* One in each row. */
static void add_steep(struct raster *r, struct line l)
{
	const struct raster_window *w = &r->window;
	uint32_t last;

	if (l.y0 > l.y1)
		l = (struct line){ l.x1, l.y1, l.x0, l.y0 };
	if (l.y1 < w->y0 || l.y0 > w->y1)
		return;
	last = row_of(w, fmin(l.y1, w->y1));
	for (uint32_t c = row_of(w, fmax(l.y0, w->y0)); c <= last; c++) {
		double middle = w->y0 + (c + 0.5) * (w->y1 - w->y0) / w->height;
		double y = fmin(fmax(middle, l.y0), l.y1);
		double x = l.x0 + (l.x1 - l.x0) * (y - l.y0) / (l.y1 - l.y0);

		if (x >= w->x0 && x <= w->x1)
			count(r, column_of(w, x), c);
	}
}

static void add_line(struct raster *r, struct line l)
{
	const struct raster_window *w = &r->window;

	if (l.x0 == l.x1 && l.y0 == l.y1)
		add_point(r, l.x0, l.y0);
	else if (l.y0 == l.y1)
		add_horizontal(r, fmin(l.x0, l.x1), fmax(l.x0, l.x1), l.y0);
	else if (l.x0 == l.x1)
		add_vertical(r, l.x0, fmin(l.y0, l.y1), fmax(l.y0, l.y1));
	else if (fabs(l.x1 - l.x0) * w->width / (w->x1 - w->x0) >=
		 fabs(l.y1 - l.y0) * w->height / (w->y1 - w->y0))
		add_flat(r, l);
	else
		add_steep(r, l);
}

int raster_lines(struct raster *raster, const struct query_column *x0,
		 const struct query_column *y0, const struct query_column *x1,
		 const struct query_column *y1, size_t n, struct schedtrace_error *err)
{
	if (!raster->along)
		raster->along = calloc(pixels(raster), sizeof(*raster->along));
	if (!raster->up)
		raster->up = calloc(pixels(raster), sizeof(*raster->up));
	if (!raster->along || !raster->up)
		return no_memory(&raster->window, err);
	for (size_t i = 0; i < n; i++)
		add_line(raster, (struct line){ ordered_real(x0, i), ordered_real(y0, i),
						ordered_real(x1, i), ordered_real(y1, i) });
	return 0;
}

void raster_finish(struct raster *r)
{
	size_t width = r->window.width;

	for (size_t row = 0; r->along && row < r->window.height; row++) {
		uint32_t sum = 0;

		for (size_t at = row * width; at < (row + 1) * width; at++) {
			sum += r->along[at];
			r->counts[at] += sum;
		}
	}
	for (size_t at = 0; r->up && at < pixels(r); at++) {
		if (at >= width)
			r->up[at] += r->up[at - width];
		r->counts[at] += r->up[at];
	}
}

void raster_clear(struct raster *r)
{
	memset(r->counts, 0, pixels(r) * sizeof(*r->counts));
	if (r->along)
		memset(r->along, 0, pixels(r) * sizeof(*r->along));
	if (r->up)
		memset(r->up, 0, pixels(r) * sizeof(*r->up));
}
