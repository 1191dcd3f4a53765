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

struct source;

struct source_options {
	struct tracedat_options file;
	bool others; /* keep records that no row is made of, see source_others() */
};

int source_open(struct source **out, const char *path, const struct source_options *options,
		struct schedtrace_error *err);
void source_close(struct source *source);

/* Grows while rows are read; complete at the end. */
const struct schedtrace_context *source_context(const struct source *source);

/* 1 with rows that live until the next call, 0 at the end, negative on failure. */
int source_next(struct source *source, const struct schedtrace_events **events,
		struct schedtrace_error *err);

/*
 * Records that no row is made of, in columns of n values that live until the next call of
 * source_next(). event is a number in the list of source_other_events(); a record's bytes, as the
 * kernel wrote them, end in the whole sequence of bytes at end, and data is the part of this batch.
 */
struct source_others {
	size_t n, bytes;
	const int64_t *timestamp, *end;
	const int32_t *event, *cpu, *pid;
	const uint8_t *data;
};

/* Those met by the latest source_next(), which with options->others may give 1 and no rows. */
void source_others(const struct source *source, struct source_others *out);

/* What their events are, as JSON, to be freed, after the last; NULL without memory. */
char *source_other_events(const struct source *source);

/* The state of the system at begin and end as JSON, to be freed, after the last row; NULL none. */
char *source_snapshot(const struct source *source);

/* Bytes of event data read so far and in all, for progress; records decoded so far. */
void source_position(const struct source *source, uint64_t *done, uint64_t *total,
		     uint64_t *records);

/* After the end with salvage: whether anything was damaged. */
bool source_damaged(const struct source *source);

/* Whether the rows have a column of call stacks; known once it is open. */
bool source_has_stacks(const struct source *source);

#endif
