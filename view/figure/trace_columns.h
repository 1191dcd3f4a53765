/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A recording's columns in memory, and those that are computed of them. */
#ifndef VIEW_FIGURE_TRACE_COLUMNS_H
#define VIEW_FIGURE_TRACE_COLUMNS_H

#include "input/input.h"
#include "query/query.h"
#include "view/figure/instructions.h"

/* A column that instructions can name. */
struct trace_column {
	const char *name; /* lent by who asked for it */
	enum query_type type;
	bool ns;     /* it is a time */
	bool hidden; /* no instruction asked for it, but the command line may */
	struct query_column values;
	void *owned;
};

struct trace_columns {
	struct input *infile;
	const struct schedtrace_context *context;
	struct schedtrace_events rows; /* n of them, with the whole of each column */
	void *owned[8];		       /* where they were copied */
	int64_t t0;		       /* of the first row, 0 without one */
	size_t n;
	struct trace_column *columns;
};

/* Reads all rows; on failure, too, trace_columns_close() releases. */
int trace_columns_open(struct trace_columns *out, const char *path,
		       const struct input_options *options, struct schedtrace_error *err);

/*
 * Makes the columns of these names that there are, computes those that are computed, and leaves out
 * the others. Times are since the first row. @all_plain: those that are read are made too, hidden
 * where they have not been named.
 */
int trace_columns_make(struct trace_columns *columns, const char *const *names, size_t n,
		       bool all_plain, struct schedtrace_error *err);

void trace_columns_close(struct trace_columns *columns);

/* The events of the recording, for instructions_parse(). */
struct event_names trace_columns_events(struct trace_columns *columns);

/* What a name nearest to @name could be, of all columns that instructions can ask for; or NULL. */
const char *trace_columns_nearest(const char *name);

/* The name of every column that can be asked for, by number; NULL behind the last. */
const char *trace_columns_name(size_t i);

#endif
