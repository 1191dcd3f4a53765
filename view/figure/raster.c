/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "view/figure/raster.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"

static int no_memory(const struct raster_window *window, struct schedtrace_error *err)
{
	return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for a picture of %ux%u pixels",
			 window->width, window->height);
}

struct mix mix_of(uint32_t colour)
{
	return (struct mix){ 1, colour >> 16, colour >> 8 & 255, colour & 255 };
}

int raster_new(struct raster *out, const struct raster_window *window, uint32_t columns,
	       struct schedtrace_error *err)
{
	*out = (struct raster){ .window = *window, .room = columns };
	out->counts = calloc((size_t)columns * window->height, sizeof(*out->counts));
	out->touched = calloc((size_t)columns + 1, sizeof(*out->touched));
	out->row_touched = calloc(window->height, sizeof(*out->row_touched));
	out->rows = calloc(window->height, sizeof(*out->rows));
	return out->counts && out->touched && out->row_touched && out->rows
		       ? 0
		       : no_memory(window, err);
}

void raster_free(struct raster *raster)
{
	free(raster->counts);
	free(raster->along);
	free(raster->up);
	free(raster->touched);
	free(raster->row_touched);
	free(raster->rows);
	*raster = (struct raster){ .counts = NULL };
}

enum { COUNTS = 1, ALONG = 2, UP = 4 };

/* Of along there is a column more, of up a pixel more in each column, so that ends have room. */
static struct mix *counts_of(const struct raster *r, uint32_t column)
{
	return r->counts + (size_t)column * r->window.height;
}

static struct mix *along_of(const struct raster *r, uint32_t column)
{
	return r->along + (size_t)column * r->window.height;
}

static struct mix *up_of(const struct raster *r, uint32_t column)
{
	return r->up + (size_t)column * (r->window.height + 1);
}

static void clear_rows(const struct raster *r, struct mix *pixels)
{
	for (size_t i = 0; i < r->n_rows; i++)
		pixels[r->rows[i]] = (struct mix){ 0 };
}

/* Only what was touched is cleared: most pictures are empty for the most part. */
void raster_begin(struct raster *r, uint32_t first, uint32_t columns)
{
	const struct raster_window *w = &r->window;

	for (uint32_t column = 0; column <= r->columns; column++) {
		if (r->touched[column] & COUNTS)
			clear_rows(r, counts_of(r, column));
		if (r->touched[column] & ALONG)
			clear_rows(r, along_of(r, column));
		if (r->touched[column] & UP)
			memset(up_of(r, column), 0, (r->window.height + 1) * sizeof(struct mix));
		r->touched[column] = 0;
	}
	memset(r->row_touched, 0, r->window.height);
	r->all_rows = false;
	r->n_rows = 0;
	r->first = first;
	r->columns = columns;
	/* A pixel more on each side than could be rounded. */
	r->left = w->x0 + (first - 1.0) * (w->x1 - w->x0) / w->width;
	r->right = w->x0 + (first + columns + 1.0) * (w->x1 - w->x0) / w->width;
}

static void add(struct mix *to, const struct mix *unit)
{
	to->n += unit->n;
	to->red += unit->red;
	to->green += unit->green;
	to->blue += unit->blue;
}

static void take(struct mix *from, const struct mix *unit)
{
	from->n -= unit->n;
	from->red -= unit->red;
	from->green -= unit->green;
	from->blue -= unit->blue;
}

/* Values below the begin have been left out. */
static uint32_t pixel_of(double value, double begin, double end, uint32_t n)
{
	double at = (value - begin) * n / (end - begin);

	return at < n ? (uint32_t)at : n - 1;
}

static uint32_t column_of(const struct raster_window *w, double x)
{
	return pixel_of(x, w->x0, w->x1, w->width);
}

static uint32_t row_of(const struct raster_window *w, double y)
{
	return pixel_of(y, w->y0, w->y1, w->height);
}

uint32_t raster_column(const struct raster_window *w, double x)
{
	return x > w->x0 ? column_of(w, fmin(x, w->x1)) : 0;
}

static uint64_t count(struct raster *r, const struct mix *unit, uint32_t column, uint32_t row)
{
	column -= r->first;
	if (column >= r->columns)
		return 0;
	add(counts_of(r, column) + row, unit);
	r->touched[column] |= COUNTS;
	r->row_touched[row] = true;
	return 1;
}

static uint64_t add_point(struct raster *r, const struct mix *unit, double x, double y)
{
	const struct raster_window *w = &r->window;

	return x >= w->x0 && x <= w->x1 && y >= w->y0 && y <= w->y1
		       ? count(r, unit, column_of(w, x), row_of(w, y))
		       : 0;
}

uint64_t raster_points(struct raster *raster, const struct mix *unit, const double *x,
		       const double *y, size_t n)
{
	uint64_t counted = 0;

	for (size_t i = 0; i < n; i++)
		if (x[i] >= raster->left && x[i] <= raster->right)
			counted += add_point(raster, unit, x[i], y[i]);
	return counted;
}

/* Of columns of the window those that are ours; false: none. */
static bool clip(const struct raster *r, uint32_t *first, uint32_t *last)
{
	if (*last < r->first || *first >= r->first + r->columns)
		return false;
	if (*first < r->first)
		*first = r->first;
	if (*last >= r->first + r->columns)
		*last = r->first + r->columns - 1;
	return true;
}

/* Steps up in the first pixel and down behind the last; the sum over a row is its counts. */
static uint64_t add_horizontal(struct raster *r, const struct mix *unit, double x0, double x1,
			       double y)
{
	const struct raster_window *w = &r->window;
	uint32_t first, last, row;

	if (x1 < w->x0 || x0 > w->x1 || y < w->y0 || y > w->y1)
		return 0;
	first = column_of(w, fmax(x0, w->x0));
	last = column_of(w, fmin(x1, w->x1));
	if (!clip(r, &first, &last))
		return 0;
	row = row_of(w, y);
	add(along_of(r, first - r->first) + row, unit);
	take(along_of(r, last + 1 - r->first) + row, unit);
	r->touched[first - r->first] |= ALONG;
	r->touched[last + 1 - r->first] |= ALONG;
	r->row_touched[row] = true;
	return last - first + 1;
}

static uint64_t add_vertical(struct raster *r, const struct mix *unit, double x, double y0,
			     double y1)
{
	const struct raster_window *w = &r->window;
	uint32_t column, first, last;

	if (x < w->x0 || x > w->x1 || y1 < w->y0 || y0 > w->y1)
		return 0;
	column = column_of(w, x) - r->first;
	if (column >= r->columns)
		return 0;
	first = row_of(w, fmax(y0, w->y0));
	last = row_of(w, fmin(y1, w->y1));
	add(up_of(r, column) + first, unit);
	take(up_of(r, column) + last + 1, unit);
	r->touched[column] |= UP;
	r->all_rows = true;
	return last - first + 1;
}

struct line {
	double x0, y0, x1, y1;
};

/* One pixel in each column. */
static uint64_t add_flat(struct raster *r, const struct mix *unit, struct line l)
{
	const struct raster_window *w = &r->window;
	uint32_t first, last;
	uint64_t counted = 0;

	if (l.x0 > l.x1)
		l = (struct line){ l.x1, l.y1, l.x0, l.y0 };
	if (l.x1 < w->x0 || l.x0 > w->x1)
		return 0;
	first = column_of(w, fmax(l.x0, w->x0));
	last = column_of(w, fmin(l.x1, w->x1));
	if (!clip(r, &first, &last))
		return 0;
	for (uint32_t c = first; c <= last; c++) {
		double middle = w->x0 + (c + 0.5) * (w->x1 - w->x0) / w->width;
		double x = fmin(fmax(middle, l.x0), l.x1);
		double y = l.y0 + (l.y1 - l.y0) * (x - l.x0) / (l.x1 - l.x0);

		if (y >= w->y0 && y <= w->y1)
			counted += count(r, unit, c, row_of(w, y));
	}
	return counted;
}

/* One in each row. */
static uint64_t add_steep(struct raster *r, const struct mix *unit, struct line l)
{
	const struct raster_window *w = &r->window;
	uint64_t counted = 0;
	uint32_t last;

	if (l.y0 > l.y1)
		l = (struct line){ l.x1, l.y1, l.x0, l.y0 };
	if (l.y1 < w->y0 || l.y0 > w->y1)
		return 0;
	last = row_of(w, fmin(l.y1, w->y1));
	for (uint32_t c = row_of(w, fmax(l.y0, w->y0)); c <= last; c++) {
		double middle = w->y0 + (c + 0.5) * (w->y1 - w->y0) / w->height;
		double y = fmin(fmax(middle, l.y0), l.y1);
		double x = l.x0 + (l.x1 - l.x0) * (y - l.y0) / (l.y1 - l.y0);

		if (x >= w->x0 && x <= w->x1)
			counted += count(r, unit, column_of(w, x), c);
	}
	return counted;
}

static uint64_t add_line(struct raster *r, const struct mix *unit, struct line l)
{
	const struct raster_window *w = &r->window;

	if (l.x0 == l.x1 && l.y0 == l.y1)
		return add_point(r, unit, l.x0, l.y0);
	if (l.y0 == l.y1)
		return add_horizontal(r, unit, fmin(l.x0, l.x1), fmax(l.x0, l.x1), l.y0);
	if (l.x0 == l.x1)
		return add_vertical(r, unit, l.x0, fmin(l.y0, l.y1), fmax(l.y0, l.y1));
	if (fabs(l.x1 - l.x0) * w->width / (w->x1 - w->x0) >=
	    fabs(l.y1 - l.y0) * w->height / (w->y1 - w->y0))
		return add_flat(r, unit, l);
	return add_steep(r, unit, l);
}

/* The first line makes room for all columns that there may be. */
static int make_room(struct raster *r, struct schedtrace_error *err)
{
	size_t height = r->window.height;

	r->along = calloc((r->room + (size_t)1) * height, sizeof(*r->along));
	r->up = calloc((height + 1) * r->room, sizeof(*r->up));
	return r->along && r->up ? 0 : no_memory(&r->window, err);
}

int raster_lines(struct raster *raster, const struct mix *unit, const double *x0, const double *y0,
		 const double *x1, const double *y1, size_t n, uint64_t *counted,
		 struct schedtrace_error *err)
{
	int r = raster->up ? 0 : make_room(raster, err);

	for (size_t i = 0; i < n && r == 0; i++)
		if ((x0[i] >= raster->left || x1[i] >= raster->left) &&
		    (x0[i] <= raster->right || x1[i] <= raster->right))
			*counted +=
				add_line(raster, unit, (struct line){ x0[i], y0[i], x1[i], y1[i] });
	return r;
}

struct raster_stretch raster_stretch_of(const struct raster_window *w, double y0, double y1)
{
	double least = fmin(y0, y1), most = fmax(y0, y1);

	if (most < w->y0 || least > w->y1)
		return (struct raster_stretch){ .none = true };
	return (struct raster_stretch){ .first = row_of(w, fmax(least, w->y0)),
					.last = row_of(w, fmin(most, w->y1)) };
}

static struct mix times_of(const struct mix *unit, uint32_t times)
{
	return (struct mix){ unit->n * times, unit->red * times, unit->green * times,
			     unit->blue * times };
}

int raster_stack(struct raster *r, const struct mix *unit, uint32_t times, uint32_t column,
		 const struct raster_stretch *stretch, uint64_t *counted,
		 struct schedtrace_error *err)
{
	const struct mix all = times_of(unit, times);
	int status = 0;

	if (stretch->none)
		return 0;
	if (stretch->first == stretch->last) {
		*counted += times * count(r, &all, column, stretch->first);
		return 0;
	}
	column -= r->first;
	if (column >= r->columns)
		return 0;
	if (!r->up)
		status = make_room(r, err);
	if (status < 0)
		return status;
	add(up_of(r, column) + stretch->first, &all);
	take(up_of(r, column) + stretch->last + 1, &all);
	r->touched[column] |= UP;
	r->all_rows = true;
	*counted += (uint64_t)times * (stretch->last - stretch->first + 1);
	return 0;
}

/* Far more than rounding takes. */
static double doubt(const struct raster_window *w)
{
	return (fabs(w->x0) + fabs(w->x1)) * 1e-14 + (w->x1 - w->x0) / w->width * 1e-6;
}

double raster_surely_from(const struct raster_window *w, uint32_t column)
{
	return column ? w->x0 + column * (w->x1 - w->x0) / w->width + doubt(w) : w->x0;
}

double raster_surely_to(const struct raster_window *w, uint32_t column)
{
	return column + 1 < w->width
		       ? w->x0 + (column + 1.0) * (w->x1 - w->x0) / w->width - doubt(w)
		       : w->x1;
}

/* Sums along the rows are in the place of the first column of along. */
static void finish_along(struct raster *r, uint32_t column)
{
	struct mix *sums = r->along, *counts = counts_of(r, column);
	const struct mix *changes = along_of(r, column);
	bool change = column && r->touched[column] & ALONG;

	for (size_t i = 0; i < r->n_rows; i++) {
		uint32_t row = r->rows[i];

		if (change)
			add(&sums[row], &changes[row]);
		add(&counts[row], &sums[row]);
	}
	r->touched[column] |= COUNTS;
}

static void finish_up(struct raster *r, uint32_t column)
{
	const struct mix *changes = up_of(r, column);
	struct mix *counts = counts_of(r, column), sum = { 0 };

	for (size_t row = 0; row < r->window.height; row++) {
		add(&sum, &changes[row]);
		add(&counts[row], &sum);
	}
	r->touched[column] |= COUNTS;
}

void raster_finish(struct raster *r)
{
	bool along = false;

	for (uint32_t row = 0; row < r->window.height; row++)
		if (r->all_rows || r->row_touched[row])
			r->rows[r->n_rows++] = row;
	for (uint32_t column = 0; column < r->columns; column++) {
		along |= r->touched[column] & ALONG;
		if (along)
			finish_along(r, column);
		if (r->touched[column] & UP)
			finish_up(r, column);
	}
	if (along) /* the sums */
		r->touched[0] |= ALONG;
}
