/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A colour for each row and column, from light to dark, so that it prints in grey. */
#include <math.h>
#include <stdio.h>

#include "plots/canvas.h"
#include "plots/style.h"

#define BAR_WIDTH 8.0 /* of the scale of colours */

/* Darker evenly from @share 0 to 1. */
static void set_shade(cairo_t *cr, double share)
{
	static const double stops[][3] = { { 0.97, 0.98, 1.00 },
					   { 0.62, 0.79, 0.88 },
					   { 0.19, 0.51, 0.74 },
					   { 0.03, 0.19, 0.42 } };
	double at = fmin(fmax(share, 0), 1) * 3;
	size_t i = at >= 3 ? 2 : (size_t)at;
	double t = at - (double)i;

	cairo_set_source_rgb(cr, stops[i][0] + t * (stops[i + 1][0] - stops[i][0]),
			     stops[i][1] + t * (stops[i + 1][1] - stops[i][1]),
			     stops[i][2] + t * (stops[i + 1][2] - stops[i][2]));
}

static void draw_cells(cairo_t *cr, const struct plot_panel *panel, const struct axis *colours,
		       struct box plot)
{
	double w = plot.w / (double)panel->n_columns, h = plot.h / (double)panel->n_labels;

	cairo_save(cr);
	cairo_rectangle(cr, plot.x, plot.y, plot.w, plot.h);
	cairo_clip(cr);
	/* Cells overlap a little, or viewers show lines between them. */
	cairo_set_antialias(cr, CAIRO_ANTIALIAS_NONE);
	for (size_t row = 0; row < panel->n_labels; row++)
		for (size_t c = 0; c < panel->n_columns; c++) {
			double value = panel->cells[row * panel->n_columns + c];

			if (isnan(value))
				continue;
			set_shade(cr, axis_at(colours, value));
			cairo_rectangle(cr, plot.x + w * (double)c, plot.y + h * (double)row,
					w + 0.4, h + 0.4);
			cairo_fill(cr);
		}
	cairo_set_antialias(cr, CAIRO_ANTIALIAS_DEFAULT);
	for (size_t row = 0; row < panel->n_labels; row++)
		for (size_t c = 0; c < panel->n_columns; c++)
			if (isnan(panel->cells[row * panel->n_columns + c]))
				cairo_rectangle(cr, plot.x + w * (double)c,
						plot.y + h * (double)row, w, h);
	canvas_fill(cr, STYLE_UNKNOWN);
	cairo_restore(cr);
}

/* Figures in the cells, where there is room, and the names of the columns. */
static void draw_matrix(cairo_t *cr, const struct plot_panel *panel, const struct axis *colours,
			struct box plot)
{
	double w = plot.w / (double)panel->n_columns, h = plot.h / (double)panel->n_labels;
	double free_from = -INFINITY;
	char text[32];

	for (size_t row = 0; row < panel->n_labels; row++)
		for (size_t c = 0; c < panel->n_columns; c++) {
			double value = panel->cells[row * panel->n_columns + c];

			if (isnan(value))
				continue;
			axis_value(value, panel->y.unit, text, sizeof(text));
			if (canvas_text_width(cr, TEXT_SIZE, text) > w - 4 || h < TEXT_SIZE + 2)
				continue;
			canvas_grey(cr, axis_at(colours, value) > 0.5 ? 1 : 0);
			canvas_text(cr, plot.x + w * ((double)c + 0.5),
				    plot.y + h * ((double)row + 0.5) + TEXT_SIZE * 0.36,
				    ALIGN_CENTER, TEXT_SIZE, text);
		}
	canvas_grey(cr, 0);
	for (size_t c = 0; c < panel->n_columns; c++) {
		double x = plot.x + w * ((double)c + 0.5);
		double half = canvas_text_width(cr, TEXT_SIZE, panel->column_labels[c]) / 2;

		if (x - half < free_from)
			continue;
		canvas_text(cr, x, plot.y + plot.h + TEXT_SIZE + 3, ALIGN_CENTER, TEXT_SIZE,
			    panel->column_labels[c]);
		free_from = x + half + 4;
	}
	canvas_text(cr, plot.x + plot.w / 2, plot.y + plot.h + 2 * TEXT_SIZE + 7, ALIGN_CENTER,
		    TEXT_SIZE, panel->x.name);
}

static void draw_scale(cairo_t *cr, const struct plot_panel *panel, const struct axis *colours,
		       struct box bar)
{
	double widest = 0;
	char title[128];

	for (int i = 0; i < 64; i++) {
		set_shade(cr, (i + 0.5) / 64);
		cairo_rectangle(cr, bar.x, bar.y + bar.h * (63 - i) / 64, bar.w,
				bar.h / 64 + (i ? 0.4 : 0));
		cairo_fill(cr);
	}
	cairo_rectangle(cr, bar.x, bar.y, bar.w, bar.h);
	cairo_set_line_width(cr, 0.5);
	canvas_grey(cr, 0.2);
	cairo_stroke(cr);
	for (size_t i = 0; i < colours->n_ticks; i++) {
		double y = bar.y + bar.h * (1 - axis_at(colours, colours->ticks[i]));

		canvas_grey(cr, 0);
		canvas_text(cr, bar.x + bar.w + 3, y + TEXT_SIZE * 0.36, ALIGN_LEFT, TEXT_SIZE,
			    colours->labels[i]);
		widest = fmax(widest, canvas_text_width(cr, TEXT_SIZE, colours->labels[i]));
	}
	axis_title(colours, panel->y.name, title, sizeof(title));
	canvas_text_up(cr, bar.x + bar.w + widest + TEXT_SIZE + 6, bar.y + bar.h / 2, TEXT_SIZE,
		       bar.h + 2 * TEXT_SIZE + 8, title);
}

void plot_draw_heat(cairo_t *cr, const struct plot_panel *panel, struct box box)
{
	double label_width = canvas_labels_width(cr, panel, box.w);
	struct box plot = { box.x + label_width, box.y + 2, box.w - label_width - PLOT_HEAT_RIGHT,
			    box.h - 2 - canvas_axis_height("x") };
	double h = plot.h / (double)(panel->n_labels ? panel->n_labels : 1), most = 0;
	double free_from = -INFINITY;
	struct axis axis, colours;

	for (size_t i = 0; i < panel->n_labels * panel->n_columns; i++)
		most = fmax(most, panel->cells[i]); /* not NaN unless both are */
	if (!isnan(panel->y.max))
		most = panel->y.max;
	axis_make(&colours, 0, most, panel->y.unit, panel->y.whole ? AXIS_WHOLE : 0,
		  (size_t)fmax(2, plot.h / 24));
	if (panel->n_labels && panel->n_columns)
		draw_cells(cr, panel, &colours, plot);
	for (size_t i = 0; i < panel->n_labels; i++) {
		double y = plot.y + h * ((double)i + 0.5);

		if (y - TEXT_SIZE / 2 < free_from)
			continue;
		canvas_grey(cr, 0);
		canvas_text_fit(cr, plot.x - 5, y + TEXT_SIZE * 0.36, ALIGN_RIGHT, TEXT_SIZE,
				label_width - 8, panel->labels[i]);
		free_from = y + TEXT_SIZE / 2 + 1;
	}
	if (panel->column_labels) {
		draw_matrix(cr, panel, &colours, plot);
	} else {
		axis_make(&axis, panel->x.min, panel->x.max, panel->x.unit, 0,
			  (size_t)fmax(2, plot.w / 50));
		canvas_axis_below(cr, &axis, panel->x.name, plot, false);
	}
	draw_scale(cr, panel, &colours,
		   (struct box){ plot.x + plot.w + 10, plot.y, BAR_WIDTH, plot.h });
}
