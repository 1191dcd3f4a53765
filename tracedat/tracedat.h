/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * trace.dat, versions 6 and 7, whoever wrote it: its records in time order, and what stands
 * beside them. Knows the container and the ring buffer, nothing of what an event means.
 */
#ifndef TRACEDAT_TRACEDAT_H
#define TRACEDAT_TRACEDAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <schedtrace/error.h>

#include "base/note.h"
#include "tracedat/event_format.h"
#include "tracedat/head.h"
#include "tracedat/record.h"

struct tracedat;

struct tracedat_options {
	const char *instance; /* buffer of the file to read, NULL: the only one with events */
	bool salvage;	      /* damaged input: give what is whole instead of failing */
	uint64_t max_memory;  /* bytes, 0: the default of 256 MiB */
	unsigned int threads; /* 0: as many as there are CPUs */
	struct notes notes;
};

/* Opening reads all that stands beside the records. Failures do not name the file. */
int tracedat_open(struct tracedat **out, const char *path, const struct tracedat_options *options,
		  struct schedtrace_error *err);
/*
 * Another reading of the same open file from its first record, as with salvage, whose faults are
 * not noted. It is closed before @t.
 */
int tracedat_read_again(const struct tracedat *t, struct tracedat **out,
			struct schedtrace_error *err);
void tracedat_close(struct tracedat *t);

/* What stands beside the records; lives as long as @t. */
const struct tracedat_head *tracedat_head(const struct tracedat *t);

/* For pages of the same recording that come otherwise than in the file. */
struct page_merge;
int tracedat_page_merge(const struct tracedat *t, struct page_merge **out,
			struct schedtrace_error *err);

/*
 * The next records of all CPUs, merged by time (equal stamps: by CPU, then the buffer's order),
 * decoded by several threads. 1 with records, 0 at the end, negative on failure: then the text
 * says at which byte and how many whole records precede it.
 */
int tracedat_next(struct tracedat *t, const struct record **records, size_t *n,
		  struct schedtrace_error *err);

/* Bytes of event data decoded so far and in all; records so far. */
void tracedat_position(const struct tracedat *t, uint64_t *done, uint64_t *total,
		       uint64_t *records);
bool tracedat_damaged(const struct tracedat *t);

/* After the end with salvage: whether more of this CPU was recorded than the records up to its
 * last. */
bool tracedat_ends_early(const struct tracedat *t, int32_t cpu);

#endif
