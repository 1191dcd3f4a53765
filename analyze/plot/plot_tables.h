/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* schedreport --plot: the pictures of analyses, tables or a log in one file. */
#ifndef ANALYZE_PLOT_PLOT_TABLES_H
#define ANALYZE_PLOT_PLOT_TABLES_H

#include "analyze/report.h"

/* As report_run(), into settings->plot. */
int plot_run(const struct report_settings *settings, bool *damaged, struct schedtrace_error *err);

#endif
