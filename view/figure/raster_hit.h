/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whether a row counts on a pixel, for rows that are asked for one by one. */
#ifndef VIEW_FIGURE_RASTER_HIT_H
#define VIEW_FIGURE_RASTER_HIT_H

#include <stdbool.h>

#include "view/figure/raster.h"

/* A line, or a point where both ends are one; as raster_lines() counts it. @row is counted from
 * the lowest. */
bool raster_hit(const struct raster_window *window, double x0, double y0, double x1, double y1,
		uint32_t column, uint32_t row);

#endif
