/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Drawing with cairo, in points of 1/72 inch: texts that fit, hatches, axes and legends. */
#ifndef PLOTS_CANVAS_H
#define PLOTS_CANVAS_H

#include <cairo.h>

#include "plots/axes.h"
#include "plots/panel.h"

#define TITLE_SIZE 10.0
#define TEXT_SIZE  8.0
#define SMALL_SIZE 7.0

#define DOTS_PER_POINT (200.0 / 72) /* of PNG files, and of pixels in others */

struct box {
	double x, y, w, h;
};

enum text_align { ALIGN_LEFT, ALIGN_CENTER, ALIGN_RIGHT };

double canvas_text_width(cairo_t *cr, double size, const char *text);

/* @x, @y: on the base line, at the left, the middle or the right of the text. Returns its width. */
double canvas_text(cairo_t *cr, double x, double y, enum text_align align, double size,
		   const char *text);

/* The same, cut to @width with an ellipsis. */
double canvas_text_fit(cairo_t *cr, double x, double y, enum text_align align, double size,
		       double width, const char *text);

/* The same, cut in its middle. */
double canvas_text_ends(cairo_t *cr, double x, double y, enum text_align align, double size,
			double width, const char *text);

/*
 * In lines of at most @width, the first one's base line at @y, broken at blanks; returns their
 * height. Without @draw, only the height.
 */
double canvas_text_lines(cairo_t *cr, double x, double y, double size, double width,
			 const char *text, bool draw);

/* Upwards, in the middle of a height that it is cut to. */
void canvas_text_up(cairo_t *cr, double x, double y_middle, double size, double height,
		    const char *text);

/* Fills the current path with colour and hatch, and takes it away. */
void canvas_fill(cairo_t *cr, size_t style);

/* Fills it with the colour of the style's curves, so that what is below shines through. */
void canvas_fill_pale(cairo_t *cr, size_t style);

/* Strokes the current path as a curve. */
void canvas_stroke(cairo_t *cr, size_t style, double width);

void canvas_grey(cairo_t *cr, double level);

/*
 * The legend of all series, in rows of at most @width; returns its height. Without @draw, only the
 * height.
 */
double canvas_legend(cairo_t *cr, const struct plot_panel *panel, double x, double y, double width,
		     bool draw);

/* Ticks, grid lines and title of an axis below, or left of, a box. */
void canvas_axis_below(cairo_t *cr, const struct axis *axis, const char *name, struct box plot,
		       bool grid);
void canvas_axis_left(cairo_t *cr, const struct axis *axis, const char *name, struct box plot);

/* What they need: below the box, and left of it. */
double canvas_axis_height(const char *name);
double canvas_axis_width(cairo_t *cr, const struct axis *axis, const char *name);

/* What the labels of a panel take from its width: left of the plot, and of the legend. */
double canvas_labels_width(cairo_t *cr, const struct plot_panel *panel, double width);

/* Whether labels of bars are so long that they stand above their bars, and not left of them. */
bool canvas_labels_above(cairo_t *cr, const struct plot_panel *panel, double width);

/* What stands left of a panel's plot, and right of it. */
double plot_curves_left(cairo_t *cr, const struct plot_panel *panel);
#define PLOT_RIGHT	8.0
#define PLOT_HEAT_RIGHT 56.0 /* the scale of colours */

/* The kinds of panels, each in a box without title and note. */
void plot_draw_bars(cairo_t *cr, const struct plot_panel *panel, struct box box);
void plot_draw_curves(cairo_t *cr, const struct plot_panel *panel, struct box box);
void plot_draw_pie(cairo_t *cr, const struct plot_panel *panel, struct box box);
void plot_draw_heat(cairo_t *cr, const struct plot_panel *panel, struct box box);
void plot_draw_lanes(cairo_t *cr, const struct plot_panel *panel, struct box box);
void plot_draw_pixels(cairo_t *cr, const struct plot_panel *panel, struct box box);

#endif
