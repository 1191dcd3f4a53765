/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What happened when, in a lane for each label. */
#include <math.h>

#include "plots/canvas.h"

/* All stretches of a series as one path, so that its hatch goes through and shares of a pixel add
 * up. Stretches of a series lie together. */
static void draw_stretches(cairo_t *cr, const struct plot_panel *panel, const struct axis *axis,
			   struct box plot, double pitch)
{
	double height = pitch * 0.8;

	for (size_t i = 0; i < panel->n_stretches;) {
		uint32_t series = panel->stretches[i].series;

		for (; i < panel->n_stretches && panel->stretches[i].series == series; i++) {
			const struct plot_stretch *s = &panel->stretches[i];
			double x = plot.x + plot.w * axis_at(axis, s->begin);
			double end = plot.x + plot.w * axis_at(axis, s->end);
			double bottom = plot.y + pitch * s->lane + (pitch + height) / 2;

			cairo_rectangle(cr, x, bottom - height * s->to,
					fmax(end - x, panel->least_width),
					height * (s->to - s->from));
		}
		canvas_fill(cr, panel->series[series].style);
	}
}

/* On a ground of its own, as hatches make texts hard to read. */
static void draw_marks(cairo_t *cr, const struct plot_panel *panel, const struct axis *axis,
		       struct box plot, double pitch)
{
	double size = fmin(SMALL_SIZE, pitch * 0.5);

	for (size_t i = 0; i < panel->n_marks && size > 4; i++) {
		const struct plot_mark *m = &panel->marks[i];
		double x = plot.x + plot.w * axis_at(axis, m->begin);
		double end = plot.x + plot.w * axis_at(axis, m->end);
		double y = plot.y + pitch * (m->lane + 0.45);
		double w = canvas_text_width(cr, size, m->text);

		if (w + 6 > end - x)
			continue;
		cairo_set_source_rgba(cr, 1, 1, 1, 0.8);
		cairo_rectangle(cr, x + 2, y - size * 0.55, w + 2, size * 1.1);
		cairo_fill(cr);
		canvas_grey(cr, 0);
		canvas_text(cr, x + 3, y + size * 0.34, ALIGN_LEFT, size, m->text);
	}
}

void plot_draw_lanes(cairo_t *cr, const struct plot_panel *panel, struct box box)
{
	double label_width = canvas_labels_width(cr, panel, box.w);
	double legend =
		canvas_legend(cr, panel, box.x + label_width, box.y, box.w - label_width, true);
	struct box plot = { box.x + label_width, box.y + legend,
			    box.w - label_width - fmax(panel->right, PLOT_RIGHT),
			    box.h - legend - canvas_axis_height(panel->x.name) };
	double pitch = plot.h / (double)(panel->n_labels ? panel->n_labels : 1);
	struct axis axis;

	axis_make(&axis, panel->x.min, panel->x.max, panel->x.unit, 0,
		  (size_t)fmax(2, plot.w / 50));
	canvas_axis_below(cr, &axis, panel->x.name, plot, true);
	for (size_t i = 0; i < panel->n_labels; i++) {
		double y = plot.y + pitch * ((double)i + 0.5);

		canvas_grey(cr, 0.88);
		cairo_set_line_width(cr, 0.4);
		cairo_move_to(cr, plot.x, y + pitch * 0.4);
		cairo_line_to(cr, plot.x + plot.w, y + pitch * 0.4);
		cairo_stroke(cr);
		canvas_grey(cr, 0);
		canvas_text_fit(cr, plot.x - 5, y + TEXT_SIZE * 0.36, ALIGN_RIGHT,
				fmin(TEXT_SIZE, pitch), label_width - 8, panel->labels[i]);
	}
	draw_stretches(cr, panel, &axis, plot, pitch);
	draw_marks(cr, panel, &axis, plot, pitch);
}
