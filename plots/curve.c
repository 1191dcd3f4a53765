/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Curves: y by x, as lines, steps or stacked areas, with bands and marked points. */
#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "plots/canvas.h"
#include "plots/style.h"

#define BAND_WIDTH 0.8

struct range {
	double min, max;
};

static void extend(struct range *range, double value)
{
	if (!isfinite(value))
		return;
	range->min = isnan(range->min) ? value : fmin(range->min, value);
	range->max = isnan(range->max) ? value : fmax(range->max, value);
}

/* Of areas: their sums, since they lie on top of each other. All have the same x. */
static double *areas_below(const struct plot_panel *panel, size_t s)
{
	size_t n = panel->series[s].n;
	double *below = calloc(n + 1, sizeof(*below));

	for (size_t i = 0; below && i < s; i++)
		for (size_t k = 0; k < n && k < panel->series[i].n; k++)
			if (panel->series[i].look == PLOT_AREA && isfinite(panel->series[i].y[k]))
				below[k] += panel->series[i].y[k];
	return below;
}

static struct range range_of(const struct plot_panel *panel, bool of_y)
{
	struct range range = { NAN, NAN };
	const struct plot_scale *scale = of_y ? &panel->y : &panel->x;

	for (size_t s = 0; s < panel->n_series; s++) {
		const struct plot_series *series = &panel->series[s];
		auto_free double *below =
			of_y && series->look == PLOT_AREA ? areas_below(panel, s) : NULL;

		for (size_t k = 0; k < series->n; k++) {
			if (scale->log && (of_y ? series->y : series->x)[k] <= 0)
				continue;
			extend(&range, (of_y ? series->y : series->x)[k] + (below ? below[k] : 0));
			if (of_y && series->high)
				extend(&range, series->high[k]);
		}
	}
	if (of_y && !scale->log && range.min > 0)
		range.min = 0;
	if (!isnan(scale->min))
		range.min = scale->min;
	if (!isnan(scale->max))
		range.max = scale->max;
	return range;
}

struct frame {
	struct axis x, y;
	struct box plot;
};

static double at_x(const struct frame *f, double x)
{
	return f->plot.x + f->plot.w * axis_at(&f->x, x);
}

static double at_y(const struct frame *f, double y)
{
	return f->plot.y + f->plot.h * (1 - axis_at(&f->y, y));
}

/* The last x of a step lasts as long as the one before it, but not beyond the axis. */
static double step_end(const struct frame *f, const struct plot_series *series, size_t k)
{
	if (k + 1 < series->n)
		return series->x[k + 1];
	if (!k)
		return f->x.max;
	return fmin(f->x.max, 2 * series->x[k] - series->x[k - 1]);
}

static void draw_area(cairo_t *cr, const struct frame *f, const struct plot_panel *panel, size_t s)
{
	const struct plot_series *series = &panel->series[s];
	auto_free double *below = areas_below(panel, s);

	for (size_t k = 0; below && k < series->n; k++) {
		double x1 = at_x(f, series->x[k]), x2 = at_x(f, step_end(f, series, k));
		double y1 = at_y(f, below[k]), y2;

		if (!isfinite(series->y[k]) || series->y[k] <= 0)
			continue;
		y2 = at_y(f, below[k] + series->y[k]);
		cairo_rectangle(cr, x1, y2, x2 - x1, y1 - y2);
	}
	canvas_fill(cr, series->style);
}

/* From the lowest to the highest value around each x. */
static void draw_band(cairo_t *cr, const struct frame *f, const struct plot_series *series)
{
	for (size_t k = 0; k < series->n; k++) {
		double y1, y2;

		if (!isfinite(series->low[k]) || !isfinite(series->high[k]) ||
		    series->high[k] <= series->low[k])
			continue;
		y1 = at_y(f, series->high[k]);
		y2 = at_y(f, series->low[k]);
		cairo_rectangle(cr, at_x(f, series->x[k]) - BAND_WIDTH / 2, y1, BAND_WIDTH,
				y2 - y1);
	}
	canvas_fill_pale(cr, series->style);
}

/* To where the value of a point that tells of the time before it begins. */
static void step_back(cairo_t *cr, const struct frame *f, const struct plot_series *series,
		      size_t k, bool pen_down)
{
	double x = at_x(f, k ? series->x[k - 1] : f->x.min), y = at_y(f, series->y[k]);

	/* Of the first it is not known since when, unless the axis begins there. */
	if (!k && series->style != STYLE_TOTAL)
		x = at_x(f, series->x[k]);
	if (pen_down)
		cairo_line_to(cr, x, y);
	else
		cairo_move_to(cr, x, y);
}

static void draw_line(cairo_t *cr, const struct frame *f, const struct plot_series *series)
{
	bool pen_down = false;
	double lone = NAN;

	for (size_t k = 0; k < series->n; k++) {
		double x = at_x(f, series->x[k]), y = at_y(f, series->y[k]);

		if (!isfinite(series->y[k])) {
			pen_down = false;
			continue;
		}
		if (series->look == PLOT_STEP_BACK)
			step_back(cr, f, series, k, pen_down);
		else if (!pen_down)
			cairo_move_to(cr, x, y);
		cairo_line_to(cr, x, y);
		if (series->look == PLOT_STEP)
			cairo_line_to(cr, at_x(f, step_end(f, series, k)), y);
		pen_down = true;
		lone = series->n == 1 ? x : NAN;
	}
	canvas_stroke(cr, series->style,
		      series->style == STYLE_TOTAL		 ? 3.2
		      : plot_style(series->style)->dashes[0] > 0 ? 1.2
								 : 1.7);
	if (isfinite(lone) && series->look == PLOT_LINE) {
		cairo_arc(cr, lone, at_y(f, series->y[0]), 1.6, 0, 2 * M_PI);
		canvas_fill(cr, series->style);
	}
}

/* The sum lies below the others. Of these the unbroken one comes first, and the dashes of those
 * that go along with it lie upon it. */
static void draw_lines(cairo_t *cr, const struct frame *f, const struct plot_panel *panel,
		       bool of_totals)
{
	for (size_t s = 0; s < panel->n_series; s++) {
		const struct plot_series *series = &panel->series[s];

		if ((series->style == STYLE_TOTAL) == of_totals &&
		    (series->look == PLOT_LINE || series->look == PLOT_STEP ||
		     series->look == PLOT_STEP_BACK))
			draw_line(cr, f, series);
	}
}

static void draw_points(cairo_t *cr, const struct frame *f, const struct plot_series *series)
{
	for (size_t k = 0; k < series->n; k++) {
		if (!isfinite(series->y[k]) || !isfinite(series->x[k]))
			continue;
		cairo_arc(cr, at_x(f, series->x[k]), at_y(f, series->y[k]), 2, 0, 2 * M_PI);
		canvas_fill(cr, series->style);
	}
}

static void make_y_axis(struct axis *axis, const struct plot_panel *panel, double height)
{
	struct range y = range_of(panel, true);

	axis_make(axis, y.min, y.max, panel->y.unit,
		  (panel->y.whole ? AXIS_WHOLE : 0) | (isnan(panel->y.max) ? AXIS_ROUND : 0),
		  (size_t)fmax(2, height / 26));
}

double plot_curves_left(cairo_t *cr, const struct plot_panel *panel)
{
	struct axis axis;

	make_y_axis(&axis, panel, 125);
	return canvas_axis_width(cr, &axis, panel->y.name);
}

void plot_draw_curves(cairo_t *cr, const struct plot_panel *panel, struct box box)
{
	struct range x = range_of(panel, false);
	double labels = canvas_labels_width(cr, panel, box.w);
	double legend = canvas_legend(cr, panel, box.x + labels, box.y, box.w - labels, true);
	double below = canvas_axis_height(panel->x.name), left;
	struct frame f = { .plot = { 0 } };

	make_y_axis(&f.y, panel, box.h - legend - below);
	left = fmax(panel->left, canvas_axis_width(cr, &f.y, panel->y.name));
	f.plot = (struct box){ box.x + left, box.y + legend + 3,
			       box.w - left - fmax(panel->right, PLOT_RIGHT),
			       box.h - legend - below - 3 };
	axis_make(&f.x, x.min, x.max, panel->x.unit,
		  (panel->x.log ? AXIS_LOG : 0) | (panel->x.whole ? AXIS_WHOLE : 0),
		  (size_t)fmax(2, f.plot.w / 50));
	canvas_axis_below(cr, &f.x, panel->x.name, f.plot, true);
	canvas_axis_left(cr, &f.y, panel->y.name, f.plot);
	cairo_save(cr);
	cairo_rectangle(cr, f.plot.x - 1, f.plot.y - 1, f.plot.w + 2, f.plot.h + 2);
	cairo_clip(cr);
	for (size_t s = 0; s < panel->n_series; s++)
		if (panel->series[s].look == PLOT_AREA)
			draw_area(cr, &f, panel, s);
		else if (panel->series[s].low)
			draw_band(cr, &f, &panel->series[s]);
	draw_lines(cr, &f, panel, true);
	draw_lines(cr, &f, panel, false);
	cairo_restore(cr);
	for (size_t s = 0; s < panel->n_series; s++)
		if (panel->series[s].look == PLOT_POINTS)
			draw_points(cr, &f, &panel->series[s]);
}
