/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Figures as PNG, SVG or PDF files. */
#ifndef PLOTS_PICTURE_H
#define PLOTS_PICTURE_H

#include <stdio.h>

#include "plots/panel.h"

#define PLOT_MM_PER_DOT (25.4 / 200) /* of PNG files */
#define PLOT_USUAL_WIDTH 170.0 /* mm: a page's text */

/* Millimetres; 0: the usual width, and the height that the panels want. */
struct plot_size {
	double width, height;
	bool in_dots; /* it was given in dots: messages say so */
};

/* "WIDTHxHEIGHT", or "WIDTH" alone. */
int plot_parse_size(const char *text, struct plot_size *size, struct schedtrace_error *err);

/* The same of --size, in pixels. */
int plot_parse_dots(const char *text, struct plot_size *size, struct schedtrace_error *err);

/* Fails if a picture of that name cannot be drawn: by its ending, or by how we were built. The
 * sentence begins with the option that named it. */
int plot_check(const char *option, const char *path, struct schedtrace_error *err);

/*
 * Draws the figure into @f, as what the ending of @path says. Plots with an x axis stand below one
 * another, by their panels' left and right. Failures to write stay in the stream's error flag.
 */
int plot_draw(const char *path, FILE *f, struct plot_figure *figure, const struct plot_size *size,
	      struct schedtrace_error *err);

#endif
