/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>
#include <stdlib.h>

#include "base/error.h"
#include "plots/picture.h"

#define LEAST_WIDTH  60.0
#define LEAST_HEIGHT 30.0
#define MOST	     2000.0

#define LEAST_SIDE  100
#define MOST_SIDE   32767 /* pixels that cairo can draw */
#define MOST_PIXELS ((uint64_t)100 << 20)

/* A number of millimetres; returns what follows it, NULL if there is none in range. */
static const char *parse_mm(const char *text, double least, double *mm)
{
	char *end;

	if (*text < '0' || *text > '9')
		return NULL;
	*mm = strtod(text, &end);
	return *mm >= least && *mm <= MOST ? end : NULL;
}

int plot_parse_size(const char *text, struct plot_size *size, struct schedtrace_error *err)
{
	const char *rest = parse_mm(text, LEAST_WIDTH, &size->width);

	size->height = 0;
	if (rest && *rest == 'x')
		rest = parse_mm(rest + 1, LEAST_HEIGHT, &size->height);
	if (!rest || *rest)
		return error_set(err, SCHEDTRACE_E_USAGE,
				 "--plot-size: %s is no WIDTHxHEIGHT in mm, from %.0fx%.0f to "
				 "%.0fx%.0f",
				 text, LEAST_WIDTH, LEAST_HEIGHT, MOST, MOST);
	return 0;
}

static bool parse_side(const char **text, int64_t *out)
{
	char *end;
	long value = **text >= '0' && **text <= '9' ? strtol(*text, &end, 10) : -1;

	if (value < LEAST_SIDE || value > MOST_SIDE)
		return false;
	*out = value;
	*text = end;
	return true;
}

int plot_parse_dots(const char *text, struct plot_size *size, struct schedtrace_error *err)
{
	int64_t width, height;
	const char *at = text;

	if (!parse_side(&at, &width) || *at++ != 'x' || !parse_side(&at, &height) || *at)
		return error_set(err, SCHEDTRACE_E_USAGE,
				 "--size: %s is no WIDTHxHEIGHT in pixels, from %dx%d to %dx%d",
				 text, LEAST_SIDE, LEAST_SIDE, MOST_SIDE, MOST_SIDE);
	if ((uint64_t)(width * height) > MOST_PIXELS)
		return error_set(err, SCHEDTRACE_E_LIMIT,
				 "--size: %s has more than %" PRIu64 " million pixels", text,
				 MOST_PIXELS >> 20);
	*size = (struct plot_size){ .width = (double)width * PLOT_MM_PER_DOT,
				    .height = (double)height * PLOT_MM_PER_DOT,
				    .in_dots = true };
	return 0;
}
