/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Parts of a whole: a pie, and beside it a line for each part with its value and share. */
#include <math.h>
#include <stdio.h>

#include "plots/canvas.h"
#include "plots/style.h"

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

/* Where the columns behind a name end. */
struct columns {
	double value, share, text;
};

static struct columns columns_of(cairo_t *cr, const struct plot_panel *panel, struct box box)
{
	double text = panel->n_columns > 2
			      ? canvas_text_width(cr, SMALL_SIZE, panel->column_labels[2]) + 10
			      : 0;
	double right = box.x + box.w;

	return (struct columns){ right - text - 40, right - text, right };
}

static void draw_heads(cairo_t *cr, const struct plot_panel *panel, const struct columns *columns,
		       double y)
{
	const double ends[] = { columns->value, columns->share, columns->text };

	canvas_grey(cr, 0.3);
	for (size_t i = 0; i < panel->n_columns && i < 3; i++)
		canvas_text(cr, ends[i], y, ALIGN_RIGHT, SMALL_SIZE, panel->column_labels[i]);
}

static void draw_key(cairo_t *cr, size_t style, double x, double y, double h)
{
	cairo_rectangle(cr, x, y, 12, h);
	canvas_fill(cr, style);
	cairo_rectangle(cr, x, y, 12, h);
	canvas_grey(cr, 0.4);
	cairo_set_line_width(cr, 0.4);
	cairo_stroke(cr);
}

static void draw_lines(cairo_t *cr, const struct plot_panel *panel, double whole, struct box box)
{
	const struct columns columns = columns_of(cr, panel, box);
	double n = (double)(panel->n_series + 2), pitch = fmin(LINE_HEIGHT, box.h / n);
	double y = box.y + (box.h - pitch * n) / 2, size = fmin(TEXT_SIZE, pitch * 0.8);
	char text[32];

	draw_heads(cr, panel, &columns, y + size * 0.85);
	for (size_t i = 0; i <= panel->n_series; i++) {
		bool last = i == panel->n_series;
		double value = last ? whole : panel->series[i].y[0];

		y += pitch;
		if (!last)
			draw_key(cr, panel->series[i].style, box.x, y, pitch * 0.7);
		canvas_grey(cr, last ? 0.3 : 0);
		canvas_text_fit(cr, box.x + 18, y + size * 0.85, ALIGN_LEFT, size,
				columns.value - 48 - box.x - 18,
				last ? "together" : panel->series[i].name);
		axis_value(value, panel->y.unit, text, sizeof(text));
		canvas_text(cr, columns.value, y + size * 0.85, ALIGN_RIGHT, size, text);
		if (last)
			continue;
		snprintf(text, sizeof(text), "%.1f %%", whole > 0 ? 100 * value / whole : 0);
		canvas_text(cr, columns.share, y + size * 0.85, ALIGN_RIGHT, size, text);
		if (panel->series[i].texts)
			canvas_text(cr, columns.text, y + size * 0.85, ALIGN_RIGHT, size,
				    panel->series[i].texts[0]);
	}
}

void plot_draw_pie(cairo_t *cr, const struct plot_panel *panel, struct box box)
{
	double radius = fmin(box.h / 2 - 2, box.w * 0.14), whole = 0;
	double left = box.x + 2 * radius + 24;

	for (size_t i = 0; i < panel->n_series; i++)
		if (panel->series[i].y[0] > 0)
			whole += panel->series[i].y[0];
	if (!(whole > 0))
		return; /* the note says so */
	draw_slices(cr, panel, whole, box.x + radius + 6, box.y + box.h / 2, radius);
	draw_lines(cr, panel, whole,
		   (struct box){ left, box.y, fmin(box.x + box.w - left, 330), box.h });
}
