/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plots/axes.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* The units in which a column's unit is shown, the largest first. */
static const struct scale {
	const char *of, *unit;
	double divisor;
} scales[] = {
	{ "ns", "s", 1e9 },	    { "ns", "ms", 1e6 },	{ "ns", "µs", 1e3 },
	{ "ns", "ns", 1 },	    { "bytes", "TiB", 0x1p40 }, { "bytes", "GiB", 0x1p30 },
	{ "bytes", "MiB", 0x1p20 }, { "bytes", "KiB", 0x1p10 }, { "bytes", "bytes", 1 },
	{ "kHz", "GHz", 1e6 },	    { "kHz", "MHz", 1e3 },	{ "kHz", "kHz", 1 },
};

/* Counts with more digits than these are shown in a multiple. */
static const struct scale counts[] = {
	{ "1", "thousand millions", 1e9 },
	{ "1", "millions", 1e6 },
	{ "1", "thousands", 1e3 },
};

static struct scale scale_for(double magnitude, const char *unit)
{
	struct scale found = { unit, unit, 1 };

	for (size_t i = 0; i < sizeof(scales) / sizeof(*scales); i++)
		if (!strcmp(scales[i].of, unit)) {
			found = scales[i];
			if (magnitude >= found.divisor)
				return found;
		}
	if (strcmp(unit, "1"))
		return found;
	found.unit = "";
	for (size_t i = 0; i < sizeof(counts) / sizeof(*counts); i++)
		if (magnitude >= counts[i].divisor * 20)
			return counts[i];
	return found;
}

/* The least of 1, 2 and 5 times a power of ten that is not below @least. */
static double round_step(double least)
{
	double power = pow(10, floor(log10(least)));
	double ratio = least / power;

	/* A little more than 2 by a rounding error is 2. */
	return power * (ratio <= 1.0000001   ? 1
			: ratio <= 2.0000001 ? 2
			: ratio <= 5.0000001 ? 5
					     : 10);
}

static void linear_ticks(struct axis *axis, unsigned int flags, size_t wanted)
{
	double low = axis->min / axis->divisor, high = axis->max / axis->divisor;
	double step = round_step((high - low) / (double)(wanted ? wanted : 1));
	int decimals;
	double first, last;

	if (flags & AXIS_WHOLE && step < 1 / axis->divisor)
		step = 1 / axis->divisor;
	decimals = step < 1 ? (int)ceil(-log10(step) - 1e-9) : 0;
	if (flags & AXIS_ROUND) {
		first = floor(low / step + 1e-9);
		last = fmax(first + 1, ceil(high / step - 1e-9));
		axis->min = first * step * axis->divisor;
		axis->max = last * step * axis->divisor;
	} else {
		first = ceil(low / step - 1e-9);
		last = floor(high / step + 1e-9);
	}
	for (double i = first; i <= last && axis->n_ticks < AXIS_TICKS; i++) {
		size_t n = axis->n_ticks++;

		axis->ticks[n] = i * step * axis->divisor;
		snprintf(axis->labels[n], sizeof(axis->labels[n]), "%.*f", decimals,
			 i == 0 ? 0 : i * step);
	}
}

static void log_ticks(struct axis *axis, unsigned int flags, size_t wanted)
{
	double first = floor(log10(axis->min) + 1e-9), last = ceil(log10(axis->max) - 1e-9);
	double stride = fmax(1, ceil((last - first) / (double)(wanted ? wanted : 1)));

	if (flags & AXIS_ROUND) {
		axis->min = pow(10, first);
		axis->max = pow(10, last);
	}
	for (double i = first; i <= last && axis->n_ticks < AXIS_TICKS; i += stride) {
		double tick = pow(10, i);
		size_t n = axis->n_ticks;

		if (tick < axis->min * 0.999999 || tick > axis->max * 1.000001)
			continue;
		axis->ticks[n] = tick;
		axis_value(tick, strcmp(axis->unit, "bytes") ? axis->unit : "1", axis->labels[n],
			   sizeof(axis->labels[n]));
		axis->n_ticks++;
	}
}

void axis_make(struct axis *axis, double min, double max, const char *unit, unsigned int flags,
	       size_t wanted)
{
	struct scale scale;

	if (!isfinite(min) || !isfinite(max) || min > max)
		min = max = 0;
	if (max - min < 1e-200) {
		/* One value: seen from 0, or with something around it. */
		if (max > 1e-200)
			min = 0;
		else if (max < 0)
			max = 0;
		else
			max = !strcmp(unit, "%") ? 100 : 1;
	}
	*axis = (struct axis){ .min = min, .max = max, .divisor = 1, .unit = unit };
	if (flags & AXIS_LOG && min > 0) {
		axis->log = true;
		log_ticks(axis, flags, wanted);
		if (strcmp(unit, "bytes"))
			axis->unit = "";
		return;
	}
	scale = scale_for(fmax(fabs(min), fabs(max)), unit);
	axis->divisor = scale.divisor;
	axis->unit = scale.unit;
	linear_ticks(axis, flags, wanted);
}

double axis_at(const struct axis *axis, double value)
{
	if (axis->log)
		return (log10(value) - log10(axis->min)) / (log10(axis->max) - log10(axis->min));
	return (value - axis->min) / (axis->max - axis->min);
}

void axis_title(const struct axis *axis, const char *name, char *text, size_t size)
{
	if (*axis->unit && *name)
		snprintf(text, size, "%s [%s]", name, axis->unit);
	else
		snprintf(text, size, "%s", *name ? name : axis->unit);
}

void axis_value(double value, const char *unit, char *text, size_t size)
{
	struct scale scale = scale_for(fabs(value), unit);
	double shown = value / scale.divisor, magnitude = fabs(shown);
	int decimals = magnitude < 10 ? 2 : magnitude < 100 ? 1 : 0;

	if (!isfinite(value)) {
		snprintf(text, size, "unknown");
		return;
	}
	if (shown == floor(shown))
		decimals = 0;
	snprintf(text, size, "%.*f%s%s", decimals, shown, *scale.unit ? " " : "", scale.unit);
}
