/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Horizontal bars: a row for each label, its series on top of each other or side by side. */
#include <math.h>

#include "plots/canvas.h"
#include "plots/style.h"

#define VALUE_WIDTH 48.0 /* of the figure behind a bar */

/* Sum of a row, or the largest of its bars with its whisker. */
static double reach_of(const struct plot_panel *panel, size_t row)
{
	double sum = 0, most = 0;

	for (size_t s = 0; s < panel->n_series; s++) {
		const struct plot_series *series = &panel->series[s];

		if (isfinite(series->y[row])) {
			sum += series->y[row];
			most = fmax(most, series->y[row]);
		}
		if (series->high && isfinite(series->high[row]))
			most = fmax(most, series->high[row]);
	}
	return panel->stacked ? sum : most;
}

/* A line with ends from low to high. */
static void draw_whisker(cairo_t *cr, double low, double high, double y, double h)
{
	canvas_grey(cr, 0);
	cairo_set_line_width(cr, 0.8);
	cairo_move_to(cr, low, y);
	cairo_line_to(cr, high, y);
	cairo_move_to(cr, low, y - h);
	cairo_line_to(cr, low, y + h);
	cairo_move_to(cr, high, y - h);
	cairo_line_to(cr, high, y + h);
	cairo_stroke(cr);
}

/* Instead of a bar that there is not. */
static void draw_dash(cairo_t *cr, double x, double y)
{
	canvas_grey(cr, 0.2);
	cairo_set_line_width(cr, 0.8);
	cairo_move_to(cr, x, y);
	cairo_line_to(cr, x + 4, y);
	cairo_stroke(cr);
}

static void draw_row(cairo_t *cr, const struct plot_panel *panel, const struct axis *axis,
		     struct box plot, size_t row, double y, double h)
{
	double at = axis->min, each = panel->stacked ? h : h / (double)panel->n_series;
	char text[32];
	bool known = false;

	for (size_t s = 0; s < panel->n_series; s++) {
		const struct plot_series *series = &panel->series[s];
		double value = series->y[row], x = plot.x + plot.w * axis_at(axis, at);
		double top = panel->stacked ? y : y + each * (double)s;
		double reach = value;

		if (!isfinite(value)) {
			if (!panel->stacked && reach_of(panel, row) > 0 && each >= SMALL_SIZE * 0.8)
				draw_dash(cr, plot.x + 3, top + each / 2);
			continue;
		}
		known = true;
		if (value > 0) {
			cairo_rectangle(cr, x, top, plot.x + plot.w * axis_at(axis, at + value) - x,
					each);
			canvas_fill(cr, series->style);
		}
		if (series->low && isfinite(series->low[row]) && isfinite(series->high[row])) {
			draw_whisker(cr, plot.x + plot.w * axis_at(axis, series->low[row]),
				     plot.x + plot.w * axis_at(axis, series->high[row]),
				     top + each / 2, fmin(each / 4, 2.5));
			reach = fmax(reach, series->high[row]);
		}
		if (panel->stacked) {
			at += value;
		} else if (each >= SMALL_SIZE * 0.8) {
			axis_value(value, panel->x.unit, text, sizeof(text));
			canvas_grey(cr, 0.2);
			canvas_text(cr, plot.x + plot.w * axis_at(axis, reach) + 3,
				    top + each / 2 + SMALL_SIZE * 0.36, ALIGN_LEFT, SMALL_SIZE,
				    series->texts ? series->texts[row] : text);
		}
	}
	canvas_grey(cr, 0.2);
	if (panel->stacked && known && h >= SMALL_SIZE * 0.8) {
		axis_value(at, panel->x.unit, text, sizeof(text));
		canvas_text(cr, plot.x + plot.w * axis_at(axis, at) + 3,
			    y + h / 2 + SMALL_SIZE * 0.36, ALIGN_LEFT, SMALL_SIZE, text);
	} else if (!known) {
		canvas_text(cr, plot.x + 3, y + h / 2 + SMALL_SIZE * 0.36, ALIGN_LEFT, SMALL_SIZE,
			    "unknown");
	}
}

void plot_draw_bars(cairo_t *cr, const struct plot_panel *panel, struct box box)
{
	double label_width = canvas_labels_width(cr, panel, box.w);
	double legend =
		canvas_legend(cr, panel, box.x + label_width, box.y, box.w - label_width, true);
	struct box plot = { box.x + label_width, box.y + legend, box.w - label_width - 4,
			    box.h - legend - canvas_axis_height(panel->x.name) };
	bool above = canvas_labels_above(cr, panel, box.w);
	double most = 0, pitch;
	struct axis axis;

	for (size_t i = 0; i < panel->n_labels; i++)
		most = fmax(most, reach_of(panel, i));
	if (!isnan(panel->x.max))
		most = panel->x.max;
	axis_make(&axis, 0, most, panel->x.unit,
		  (panel->x.whole ? AXIS_WHOLE : 0) | (isnan(panel->x.max) ? AXIS_ROUND : 0),
		  (size_t)fmax(2, plot.w / 55));
	plot.w -= VALUE_WIDTH * (isnan(panel->x.max) ? fmax(0, 1 - (axis.max - most) / most) : 1);
	canvas_axis_below(cr, &axis, panel->x.name, plot, !above);
	pitch = plot.h / (double)(panel->n_labels ? panel->n_labels : 1);
	for (size_t i = 0; i < panel->n_labels; i++) {
		double y = plot.y + pitch * (double)i, h = fmin(pitch * 0.76, 40);

		canvas_grey(cr, 0);
		if (above) {
			(panel->cut_middle ? canvas_text_ends : canvas_text_fit)(
				cr, plot.x + 3, y + pitch * 0.42, ALIGN_LEFT,
				fmin(SMALL_SIZE, pitch * 0.4), box.w - 8, panel->labels[i]);
			draw_row(cr, panel, &axis, plot, i, y + pitch * 0.52, pitch * 0.4);
			continue;
		}
		canvas_text_fit(cr, plot.x - 4, y + pitch / 2 + TEXT_SIZE * 0.36, ALIGN_RIGHT,
				fmin(TEXT_SIZE, pitch), label_width - 8, panel->labels[i]);
		draw_row(cr, panel, &axis, plot, i, y + (pitch - h) / 2, h);
	}
	canvas_grey(cr, 0.2);
	cairo_set_line_width(cr, 0.6);
	cairo_move_to(cr, plot.x, plot.y);
	cairo_line_to(cr, plot.x, plot.y + plot.h);
	cairo_stroke(cr);
}
