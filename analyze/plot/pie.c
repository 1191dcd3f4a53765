/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Parts of a whole: a pie, and beside it a line for each part with its value and share. */
#include <math.h>
#include <stdio.h>

#include "canvas.h"
#include "style.h"

#define LINE_HEIGHT 13.0

/* Slices from the top on, clockwise. */
static void draw_slices(cairo_t *cr, const struct plot_panel *panel, double whole, double x,
			double y, double radius)
{
	double angle = -M_PI / 2;

	for (size_t i = 0; i < panel->n_series; i++) {
		double value = panel->series[i].y[0];
		double part = value > 0 && whole > 0 ? value / whole * 2 * M_PI : 0;

		if (part <= 0)
			continue;
		cairo_move_to(cr, x, y);
		cairo_arc(cr, x, y, radius, angle, angle + part);
		cairo_close_path(cr);
		canvas_fill(cr, panel->series[i].style);
		angle += part;
	}
	/* White lines between, over the hatches. */
	cairo_set_source_rgb(cr, 1, 1, 1);
	cairo_set_line_width(cr, 1);
	for (size_t i = 0; i < panel->n_series && panel->n_series > 1; i++) {
		double value = panel->series[i].y[0];

		if (!(value > 0))
			continue;
		cairo_move_to(cr, x, y);
		cairo_line_to(cr, x + radius * cos(angle), y + radius * sin(angle));
		cairo_stroke(cr);
		angle += value / whole * 2 * M_PI;
	}
	cairo_arc(cr, x, y, radius, 0, 2 * M_PI);
	canvas_grey(cr, 0.4);
	cairo_set_line_width(cr, 0.5);
	cairo_stroke(cr);
}

static void draw_lines(cairo_t *cr, const struct plot_panel *panel, double whole, struct box box)
{
	double pitch = fmin(LINE_HEIGHT, box.h / (double)(panel->n_series + 1));
	double y = box.y + (box.h - pitch * (double)(panel->n_series + 1)) / 2;
	double value_x = box.x + box.w - 34, name_width = box.w - 34 - 60 - 18;
	char text[32];

	for (size_t i = 0; i <= panel->n_series; i++, y += pitch) {
		bool last = i == panel->n_series;
		double value = last ? whole : panel->series[i].y[0];
		double size = fmin(TEXT_SIZE, pitch * 0.8);

		if (!last) {
			cairo_rectangle(cr, box.x, y, 12, pitch * 0.7);
			canvas_fill(cr, panel->series[i].style);
			cairo_rectangle(cr, box.x, y, 12, pitch * 0.7);
			canvas_grey(cr, 0.4);
			cairo_set_line_width(cr, 0.4);
			cairo_stroke(cr);
		}
		canvas_grey(cr, last ? 0.3 : 0);
		canvas_text_fit(cr, box.x + 18, y + size * 0.85, ALIGN_LEFT, size, name_width,
				last ? "together" : panel->series[i].name);
		axis_value(value, panel->y.unit, text, sizeof(text));
		canvas_text(cr, value_x, y + size * 0.85, ALIGN_RIGHT, size, text);
		snprintf(text, sizeof(text), "%.1f %%", whole > 0 ? 100 * value / whole : 0);
		if (!last)
			canvas_text(cr, box.x + box.w, y + size * 0.85, ALIGN_RIGHT, size, text);
	}
}

void plot_draw_pie(cairo_t *cr, const struct plot_panel *panel, struct box box)
{
	double radius = fmin(box.h / 2 - 2, box.w * 0.22), whole = 0;
	double left = box.x + 2 * radius + 24;

	for (size_t i = 0; i < panel->n_series; i++)
		if (panel->series[i].y[0] > 0)
			whole += panel->series[i].y[0];
	draw_slices(cr, panel, whole, box.x + radius + 6, box.y + box.h / 2, radius);
	draw_lines(cr, panel, whole,
		   (struct box){ left, box.y, fmin(box.x + box.w - left, 240), box.h });
}
