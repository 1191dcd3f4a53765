/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdlib.h>

#include "base/error.h"
#include "plots/picture.h"

#define LEAST_WIDTH  60.0
#define LEAST_HEIGHT 30.0
#define MOST	     2000.0

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
