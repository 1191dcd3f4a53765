/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* schedreport recordings: a row for each of many recordings, as it is read. */
#ifndef ANALYZE_COMPARE_RECORDINGS_H
#define ANALYZE_COMPARE_RECORDINGS_H

#include "analyze/report.h"

/*
 * What each recording says of itself, the values of --value (see values.h), and what the analyses
 * of @settings find for the recording as a whole. Without an analysis no rows are read. Sets
 * *damaged where a file was salvaged. 0 or a negative enum schedtrace_status.
 */
int recordings_run(const struct report_settings *settings, const struct option_list *values,
		   char *const *paths, size_t n_paths, bool *damaged, struct schedtrace_error *err);

#endif
