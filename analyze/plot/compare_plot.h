/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* schedreport compare --plot: the groups of a comparison side by side. */
#ifndef ANALYZE_PLOT_COMPARE_PLOT_H
#define ANALYZE_PLOT_COMPARE_PLOT_H

#include "analyze/compare/groups.h"
#include "analyze/report.h"

/*
 * Draws the tables of a comparison into report->plot. Histograms become curves, and other tables
 * bars, with whiskers where an interval is known. Where every group has a number, and there are
 * more than two, the figures of whole recordings are drawn against it. @lines: what stands above,
 * in lines.
 */
int plot_comparison(const struct report_settings *report, const struct groups *groups,
		    const struct view *views, size_t n, const char *lines,
		    struct schedtrace_error *err);

#endif
