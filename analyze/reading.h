/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One reading of an input by an engine: from the first row to the last, and the tables at the
 * end. */
#ifndef ANALYZE_READING_H
#define ANALYZE_READING_H

#include <stdbool.h>
#include <stdint.h>

#include <schedtrace/schedtrace.h>

#include "analyze/filters.h"
#include "analyze/summary.h"
#include "input/input.h"

struct reading {
	struct input *infile;
	struct schedtrace_engine *engine; /* to which the caller adds analyses */
	struct schedtrace_tables *tables; /* after reading_run() */
	struct summary summary;
	const struct filters *filters;	  /* lent by reading_open() */
	int64_t window_begin, window_end; /* ns on the trace clock; all of it without a window */
};

struct reading_options {
	const char *window; /* "BEGIN:END" of the command line, or NULL */
	const char *doing;  /* what the progress line says: "reading" */
	const char *name;   /* of the file, where several are read; else NULL */
	bool quiet;	    /* no progress */
	/* Called once, when the begin of the recording is known: at its first rows, or at its end
	 * if it has none. May be NULL. */
	int (*begun)(void *user, struct schedtrace_error *err);
	/* Called after every batch of rows; a negative result ends the reading. May be NULL. */
	int (*step)(void *user, uint64_t done, uint64_t total, struct schedtrace_error *err);
	void *user;
};

/*
 * @filters: what analyses count where they put tasks together; NULL: all.
 * On failure, too, reading_close() releases what there is.
 */
int reading_open(struct reading *reading, const char *path, const struct input_options *input,
		 const struct filters *filters, struct schedtrace_error *err);
int reading_run(struct reading *reading, const struct reading_options *options,
		struct schedtrace_error *err);

/* Zeroes are accepted. */
void reading_close(struct reading *reading);

#endif
