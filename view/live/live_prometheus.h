/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tables in the text format that Prometheus scrapes, version 0.0.4. */
#ifndef VIEW_LIVE_LIVE_PROMETHEUS_H
#define VIEW_LIVE_LIVE_PROMETHEUS_H

#include <stdio.h>

#include "analyze/select.h"

/*
 * A metric a column, schedtrace_TABLE_COLUMN, whose labels are the columns that are texts or ids,
 * in base units: seconds, bytes, ratios. What counts from the start (@whole) and only grows is a
 * counter, _total; all else is a gauge.
 */
void live_prometheus_print(FILE *f, const struct view *views, size_t n, bool whole);

#endif
