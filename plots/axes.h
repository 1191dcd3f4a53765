/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Scales: the range of an axis, its unit, and ticks at round numbers. Nothing is drawn here. */
#ifndef PLOTS_AXES_H
#define PLOTS_AXES_H

#include <stdbool.h>
#include <stddef.h>

#define AXIS_TICKS 32

struct axis {
	double min, max; /* of the values, in the unit of their column; of a log axis both > 0 */
	bool log;
	double divisor;	  /* values are shown divided by this, */
	const char *unit; /* in this unit; "" of a log axis, whose ticks have their own */
	size_t n_ticks;
	double ticks[AXIS_TICKS]; /* as values */
	char labels[AXIS_TICKS][24];
};

enum axis_flags {
	AXIS_LOG = 1,	/* decades; only if both ends are above 0 */
	AXIS_ROUND = 2, /* let both ends be ticks; without it, the ends are kept as they are */
	AXIS_WHOLE = 4, /* no ticks between whole numbers */
};

/*
 * An axis for values from @min to @max of a column's unit ("ns", "bytes", "%", "1" or another),
 * with about @wanted ticks. Ends that are not finite, or the same, are replaced.
 */
void axis_make(struct axis *axis, double min, double max, const char *unit, unsigned int flags,
	       size_t wanted);

/* Where a value lies: 0 at the begin of the axis and 1 at its end. */
double axis_at(const struct axis *axis, double value);

/* "NAME [UNIT]". */
void axis_title(const struct axis *axis, const char *name, char *text, size_t size);

/* A value with three or four digits and its unit: "42.3 ms". */
void axis_value(double value, const char *unit, char *text, size_t size);

#endif
