/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which analyses and tables a report shows. */
#ifndef ANALYZE_WANTED_H
#define ANALYZE_WANTED_H

#include "analyze/report.h"

/* The analyses that run where nobody names one; NULL after the last. */
const char *wanted_default(size_t i);

/* Whether somebody named the analysis. */
bool wanted_by_name(const struct report_settings *settings, const char *analysis);

/* Whether a table is to be shown, if it has something to say. */
bool wanted_table(const struct report_settings *settings, const struct schedtrace_table_info *info);

/* The next such table, from the @at-th of all on; NULL after the last. */
const struct schedtrace_table_info *wanted_next(const struct report_settings *settings, size_t *at);

/*
 * As filters_check(), but what is missing is told whatever is chosen, unless that is what was asked
 * for.
 */
int wanted_check(const struct report_settings *settings, const struct schedtrace_table_info *info,
		 struct schedtrace_error *err);

/*
 * What the filters cannot choose from is left out where it came with an analysis; it is an error
 * where it was named, or where nothing else is left.
 */
int wanted_check_filters(const struct report_settings *settings, struct schedtrace_error *err);

#endif
