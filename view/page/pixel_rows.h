/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The rows that count on one pixel of a figure. */
#ifndef VIEW_PAGE_PIXEL_ROWS_H
#define VIEW_PAGE_PIXEL_ROWS_H

#include <jansson.h>

#include "view/figure/figure.h"

/*
 * {"total", "columns", "rows"}: how many there are, and what the first hundred put out. @row is
 * counted from the lowest. Where none counts there, those of the nearest pixel up to @near beside
 * it: few rows are drawn larger than they are.
 */
int pixel_rows(const struct drawn_figure *figure, const struct figure_choice *choice,
	       const struct raster_window *window, uint32_t column, uint32_t row, uint32_t near,
	       json_t **out, struct schedtrace_error *err);

#endif
