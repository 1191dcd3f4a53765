/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "view/figure/raster_hit.h"

#include <math.h>

/* One axis of a window. */
struct axis {
	double begin, end;
	uint32_t n;
};

static double pixel_of(const struct axis *axis, double value)
{
	double at = floor((value - axis->begin) * axis->n / (axis->end - axis->begin));

	return fmax(0, fmin(at, axis->n - 1.0));
}

static bool within(const struct axis *axis, double value)
{
	return value >= axis->begin && value <= axis->end;
}

/* Whether a stretch along an axis reaches a pixel. */
static bool reaches(const struct axis *axis, double from, double to, uint32_t pixel)
{
	double least = fmin(from, to), most = fmax(from, to);

	return most >= axis->begin && least <= axis->end &&
	       pixel_of(axis, fmax(least, axis->begin)) <= pixel &&
	       pixel <= pixel_of(axis, fmin(most, axis->end));
}

/* A line that counts once in each pixel along @a: where it is along @b in that one's middle. */
static bool passes(const struct axis *a, double a0, double a1, uint32_t pixel, const struct axis *b,
		   double b0, double b1, uint32_t other)
{
	double middle = a->begin + (pixel + 0.5) * (a->end - a->begin) / a->n;
	double at, beside;

	if (!reaches(a, a0, a1, pixel))
		return false;
	if (a0 > a1)
		return passes(a, a1, a0, pixel, b, b1, b0, other);
	at = fmin(fmax(middle, a0), a1);
	beside = b0 + (b1 - b0) * (at - a0) / (a1 - a0);
	return within(b, beside) && pixel_of(b, beside) == other;
}

bool raster_hit(const struct raster_window *w, double x0, double y0, double x1, double y1,
		uint32_t column, uint32_t row)
{
	const struct axis x = { w->x0, w->x1, w->width }, y = { w->y0, w->y1, w->height };

	if (isnan(x0) || isnan(y0) || isnan(x1) || isnan(y1))
		return false;
	if (y0 == y1)
		return within(&y, y0) && pixel_of(&y, y0) == row && reaches(&x, x0, x1, column);
	if (x0 == x1)
		return within(&x, x0) && pixel_of(&x, x0) == column && reaches(&y, y0, y1, row);
	return fabs(x1 - x0) * x.n / (x.end - x.begin) >= fabs(y1 - y0) * y.n / (y.end - y.begin)
		       ? passes(&x, x0, x1, column, &y, y0, y1, row)
		       : passes(&y, y0, y1, row, &x, x0, x1, column);
}
