/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The trace handle, for the files that fill it and read from it. */
#ifndef LIBSCHEDTRACE_TRACE_H
#define LIBSCHEDTRACE_TRACE_H

#include <pthread.h>

#include <schedtrace/trace.h>

#define TRACE_MAGIC 0x7363686564747263 /* "schedtrc" */

struct archive;

/* The columns of a trace, in the order of struct schedtrace_events. */
enum column_id {
	COLUMN_TIMESTAMP,
	COLUMN_PID,
	COLUMN_EVENT,
	COLUMN_CPU,
	COLUMN_ARG0,
	COLUMN_ARG1,
	COLUMN_COMM,
	COLUMN_STACK,
	COLUMN_COUNT,
	COLUMN_REQUIRED = COLUMN_COMM,
};

struct column_type {
	const char *name;   /* of the member NAME.npz and of the array in it */
	const char *descr;  /* numpy's name of the type that we write */
	unsigned int width; /* bytes of a value in struct schedtrace_events */
};
extern const struct column_type column_types[COLUMN_COUNT];

/* A column of struct schedtrace_events by its number. */
const void *events_column(const struct schedtrace_events *events, enum column_id column);
void events_set_column(struct schedtrace_events *events, enum column_id column, const void *data);

/* Rows [begin, begin + n) of @events. */
struct schedtrace_events events_slice(const struct schedtrace_events *events, size_t begin,
				      size_t n);

struct schedtrace {
	uint64_t magic;
	struct schedtrace_context *ctx;
	uint64_t rows;
	struct archive *archive; /* the opened tarball, NULL for a trace made in memory */

	pthread_mutex_t lock; /* of what follows: several readers may load */
	bool loaded;
	struct schedtrace_events all; /* valid once loaded */
	void *owned[COLUMN_COUNT];    /* columns of all that are memory to free */
};

/* A handle without rows; takes over @ctx, which stays the caller's on failure. */
int trace_new(struct schedtrace **out, struct schedtrace_context *ctx,
	      struct schedtrace_error *err);

/* As schedtrace_open() from an input, which is taken over. */
struct byte_input;
int trace_open_input(struct schedtrace **out, struct byte_input *in, const char *path,
		     const struct schedtrace_open_options *options, struct schedtrace_error *err);

/* The checksums of all members that are no zips. */
int members_check(const struct archive *archive, struct schedtrace_error *err);

bool trace_is_open(const struct schedtrace *trace);

#endif
