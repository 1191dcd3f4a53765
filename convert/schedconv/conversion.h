/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One input into one output. */
#ifndef CONVERT_SCHEDCONV_CONVERSION_H
#define CONVERT_SCHEDCONV_CONVERSION_H

#include <stdbool.h>
#include <stdint.h>

#include <schedtrace/error.h>

struct conversion_settings {
	bool store, derive, all_events, compact, close_gaps, salvage, default_ids, quiet, list;
	const char *format;  /* of the output; NULL: by its name */
	const char *columns; /* beside the required ones; NULL: all */
	const char *instance;
	const char *window; /* "BEGIN:END", NULL: all of it */
	int64_t max_memory; /* 0: as much as usual */
};

struct conversion_result {
	uint64_t rows;
	uint64_t read;	  /* from so many */
	const char *what; /* "events" or "rows" */
	bool damaged;	  /* something was left out */
};

/* Progress and notes go to stderr, unless settings->quiet; notes begin with @program. */
int conversion_run(const struct conversion_settings *settings, const char *input,
		   const char *output, const char *program, struct conversion_result *result,
		   struct schedtrace_error *err);

#endif
