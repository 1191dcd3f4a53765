/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* schedview stats and vars: what a figure's rows come to, and a recording's events, as text. */
#ifndef VIEW_FIGURE_STATISTICS_TABLE_H
#define VIEW_FIGURE_STATISTICS_TABLE_H

#include <stdio.h>

#include "view/figure/figure.h"

enum table_format { FORMAT_TEXT, FORMAT_CSV, FORMAT_JSON };

/* Of each category with rows the mean, sum and count of each output; the failed ones. */
void statistics_print(FILE *f, const struct instructions *in, const struct figure_sums *sums,
		      enum table_format format);

/* Name and number of each event, and how many rows have it. 0, or E_NOMEM. */
int variables_print(FILE *f, const struct trace_columns *columns, enum table_format format,
		    struct schedtrace_error *err);

#endif
