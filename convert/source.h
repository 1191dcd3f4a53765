/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What an input of the converter is: something that gives rows in time order, in batches, and a
 * context that is complete when the last row was given. schedconv writes them to a tarball,
 * schedreport feeds them to analyses; neither knows what kind of file they came from.
 */
#ifndef CONVERT_SOURCE_H
#define CONVERT_SOURCE_H

#include <stdbool.h>

#include <schedtrace/context.h>

#include "tracedat/tracedat.h"

struct record_stream;
struct source;

struct source_options {
	struct tracedat_options file;
	bool others;  /* keep records that no row is made of, see record_stream_others() */
	bool in_part; /* with those also records that rows keep only in part */
};

int source_open(struct source **out, const char *path, const struct source_options *options,
		struct schedtrace_error *err);
void source_close(struct source *source);

/* Grows while rows are read; complete at the end. */
const struct schedtrace_context *source_context(const struct source *source);

/* 1 with rows that live until the next call, 0 at the end, negative on failure. */
int source_next(struct source *source, const struct schedtrace_events **events,
		struct schedtrace_error *err);

/* What makes the rows: records that none is made of, and what stands beside them. */
const struct record_stream *source_stream(const struct source *source);

/* Bytes of event data read so far and in all, for progress; records decoded so far. */
void source_position(const struct source *source, uint64_t *done, uint64_t *total,
		     uint64_t *records);

/* After the end with salvage: whether anything was damaged. */
bool source_damaged(const struct source *source);

/* Whether the rows have a column of call stacks; known once it is open. */
bool source_has_stacks(const struct source *source);

#endif
