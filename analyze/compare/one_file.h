/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One recording of several: read once, and closed before the next is opened. */
#ifndef ANALYZE_COMPARE_ONE_FILE_H
#define ANALYZE_COMPARE_ONE_FILE_H

#include "analyze/reading.h"
#include "analyze/report.h"

struct one_file {
	const char *path; /* lent */
	struct reading reading;
	struct selection selection; /* that of the settings, with this file's context */
};

/*
 * Opens a file, runs the analyses of @settings and "losses" over it, in its window, and makes their
 * tables. Fails where none of the events are there that an analysis needs. Without an analysis its
 * rows are not read, and there are no tables.
 */
int one_file_read(struct one_file *file, const char *path, const struct report_settings *settings,
		  struct schedtrace_error *err);

/* Zeroes are accepted. */
void one_file_release(struct one_file *file);

#endif
