/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Dots that somebody else paints, with axes around them. */
#include <math.h>
#include <string.h>

#include "plots/canvas.h"

/* The nearest edge of a dot. */
static double on_dots(double points)
{
	return round(points * DOTS_PER_POINT) / DOTS_PER_POINT;
}

static void paint(cairo_t *cr, const struct plot_panel *panel, struct box plot)
{
	int width = (int)round(plot.w * DOTS_PER_POINT),
	    height = (int)round(plot.h * DOTS_PER_POINT);
	cairo_surface_t *image = cairo_image_surface_create(CAIRO_FORMAT_ARGB32, width, height);

	if (width > 0 && height > 0 && cairo_surface_status(image) == CAIRO_STATUS_SUCCESS) {
		uint32_t *dots = (uint32_t *)(void *)cairo_image_surface_get_data(image);

		memset(dots, 0, (size_t)width * (size_t)height * sizeof(*dots));
		panel->paint(panel->user, (uint32_t)width, (uint32_t)height, dots);
		cairo_surface_mark_dirty(image);
	}
	cairo_save(cr);
	cairo_translate(cr, plot.x, plot.y);
	cairo_scale(cr, 1 / DOTS_PER_POINT, 1 / DOTS_PER_POINT);
	cairo_set_source_surface(cr, image, 0, 0);
	cairo_pattern_set_filter(cairo_get_source(cr), CAIRO_FILTER_NEAREST);
	cairo_paint(cr);
	cairo_restore(cr);
	cairo_surface_destroy(image);
}

void plot_draw_pixels(cairo_t *cr, const struct plot_panel *panel, struct box box)
{
	double labels = canvas_labels_width(cr, panel, box.w);
	double legend = canvas_legend(cr, panel, box.x + labels, box.y, box.w - labels, true);
	double below = canvas_axis_height(panel->x.name), left;
	struct axis x, y;
	struct box plot;

	axis_make(&y, panel->y.min, panel->y.max, panel->y.unit, panel->y.whole ? AXIS_WHOLE : 0,
		  (size_t)fmax(2, (box.h - legend - below) / 26));
	left = fmax(panel->left, canvas_axis_width(cr, &y, panel->y.name));
	plot.x = on_dots(box.x + left);
	plot.y = on_dots(box.y + legend + 3);
	plot.w = on_dots(box.x + box.w - PLOT_RIGHT) - plot.x;
	plot.h = on_dots(box.y + box.h - below) - plot.y;
	axis_make(&x, panel->x.min, panel->x.max, panel->x.unit, panel->x.whole ? AXIS_WHOLE : 0,
		  (size_t)fmax(2, plot.w / 50));
	canvas_axis_below(cr, &x, panel->x.name, plot, false);
	canvas_axis_left(cr, &y, panel->y.name, plot);
	paint(cr, panel, plot); /* over the grid: each dot keeps its colour */
}
