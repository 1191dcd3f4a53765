/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A picture file by instructions. */
#ifndef VIEW_FIGURE_DRAW_H
#define VIEW_FIGURE_DRAW_H

#include <stdio.h>

#include "view/figure/figure.h"

struct draw_options {
	const char *out;		    /* FILE.png, .svg or .pdf */
	const char *size;		    /* "WIDTHxHEIGHT" in pixels, or NULL */
	const char *window;		    /* "BEGIN:END", or NULL */
	const struct raster_window *places; /* instead of it: the part to draw; or NULL */
	const char *title;		    /* NULL: the recorded command */
	const char *spread;		    /* pixels, or NULL: by how few have rows */
};

/* Fails if the options say nothing that could be drawn. */
int draw_check(const struct draw_options *options, struct schedtrace_error *err);

/*
 * Into a stream, whose failures to write stay in its error flag; of options->out only the ending
 * counts. @sums: of that choice.
 */
int draw_figure(FILE *f, const struct drawn_figure *figure, const struct figure_choice *choice,
		const struct figure_sums *sums, const struct draw_options *options,
		struct schedtrace_error *err);

#endif
