/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A picture file of the timeline of a recording. */
#ifndef VIEW_TIMELINE_TIMELINE_DRAW_H
#define VIEW_TIMELINE_TIMELINE_DRAW_H

#include <stdio.h>

#include "input/input.h"

struct timeline_options {
	const char *trace;
	const char *out;	  /* FILE.png, .svg or .pdf */
	const char *size;	  /* "WIDTHxHEIGHT" in pixels; NULL: as the lanes want */
	const char *window;	  /* "BEGIN:END", or NULL */
	const char *title;	  /* NULL: the recorded command */
	const char *cpus;	  /* a list; NULL: all */
	const char *const *tasks; /* pids, names or shell patterns: those that have lanes */
	size_t n_tasks;
	struct input_options input;
};

/* Fails if the options say nothing that could be drawn. */
int timeline_draw_check(const struct timeline_options *options, struct schedtrace_error *err);

/* Into a stream, whose failures to write stay in its error flag. @damaged: something of the
 * recording was left out. */
int timeline_draw(FILE *f, const struct timeline_options *options, bool *damaged,
		  struct schedtrace_error *err);

#endif
