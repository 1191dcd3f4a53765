/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* schedreport compare: any analysis of several recordings side by side. */
#ifndef ANALYZE_COMPARE_COMPARE_H
#define ANALYZE_COMPARE_COMPARE_H

#include "analyze/report.h"

struct compare_settings {
	struct option_list groups; /* NAME=FILE,… */
	const char *group_by;	   /* see groups_make() */
	const char *key; /* columns that match rows, with commas between; NULL: as is usual */
	struct option_list values; /* see values.h */
	int64_t resamples, seed;
};

/*
 * Reads the files one after the other, and prints the tables of the comparison. The analyses, the
 * filters and the form of what is printed are those of @report; its path is not used. Sets
 * *damaged where a file was salvaged. 0 or a negative enum schedtrace_status.
 */
int compare_run(const struct report_settings *report, const struct compare_settings *compare,
		char *const *paths, size_t n_paths, bool *damaged, struct schedtrace_error *err);

#endif
