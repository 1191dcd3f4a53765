/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A recording's columns in memory, and those that are computed of them. */
#ifndef VIEW_FIGURE_TRACE_COLUMNS_H
#define VIEW_FIGURE_TRACE_COLUMNS_H

#include <pthread.h>

#include "base/cache_memory.h"
#include "input/input.h"
#include "query/query.h"
#include "view/figure/column_spool.h"
#include "view/figure/instructions.h"

/* A column that instructions can name; of all rows, and as long as the recording is open. */
struct trace_column {
	char *name;
	enum query_type type;
	bool ns; /* it is a time */
	struct query_column values;
	void *owned; /* of a user's own column */
};

/* An opened recording, which threads may share. */
struct trace_columns {
	struct input *infile;
	const struct schedtrace_context *context;
	struct schedtrace_events rows; /* n of them, with the whole of each column */
	struct cache_array owned[8];   /* where they were copied, if their number was not known */
	struct column_spool spools[8]; /* where they are otherwise */
	struct cache_memory *memory;   /* of these, and what is computed of them */
	int64_t t0;		       /* of the first row, 0 without one */
	size_t stretch; /* rows that follow each other in a sample; 0: all do */
	/* What was asked for so far, under the lock. */
	pthread_mutex_t lock;
	size_t n, max;
	struct trace_column **columns;
};

/* Told now and then how far the reading is, as input_position() has it; a negative result ends it.
 */
struct trace_columns_watch {
	int (*step)(void *user, uint64_t done, uint64_t total, struct schedtrace_error *err);
	void *user;
};

/* Reads all rows; on failure, too, trace_columns_close() releases. @watch may be NULL. */
int trace_columns_open(struct trace_columns *out, const char *path,
		       const struct input_options *options, const struct trace_columns_watch *watch,
		       struct schedtrace_error *err);

/*
 * The same, but what is stored in a tarball as it is needed is used where it is, and at once. For
 * programs that end soon: nobody may cut the file short meanwhile.
 */
int trace_columns_map(struct trace_columns *out, const char *path,
		      const struct input_options *options, struct schedtrace_error *err);

/*
 * A first look at a large tarball: some rows of every part of it, so many after each other that
 * belong together. Computed columns look no farther. E_NOT_FOUND: it is small, or parts of it
 * cannot be read by themselves.
 */
int trace_columns_sample(struct trace_columns *out, const char *path,
			 const struct input_options *options,
			 const struct trace_columns_watch *watch, struct schedtrace_error *err);

/*
 * Lends the column of that name, which is made when it is first asked for; NULL: there is none.
 * Times are since the first row.
 */
int trace_columns_get(struct trace_columns *columns, const char *name,
		      const struct trace_column **out, struct schedtrace_error *err);

void trace_columns_close(struct trace_columns *columns);

/* The events of the recording, for instructions_parse(). */
struct event_names trace_columns_events(struct trace_columns *columns);

/* What a name nearest to @name could be, of all columns that instructions can ask for; or NULL. */
const char *trace_columns_nearest(const char *name);

/* The name of every column that can be asked for of any recording, by number; NULL behind the last.
 * The first ones, up to TRACE_COLUMNS_READ, are those that are read. */
#define TRACE_COLUMNS_READ 8
const char *trace_columns_name(size_t i);

#endif
