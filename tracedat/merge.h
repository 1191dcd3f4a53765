/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The records of all CPUs in the order of their times; of equal times the lowest CPU's first.
 *
 * All CPUs have one clock. Where it is set back, a CPU's next record is older than its last one.
 * Such a CPU is held until the others have come there too: to a step of their own, or so far that
 * none will come. From then on all times are later than the clock says, so that they go on after
 * the latest so far. How long that moment lasted is unknown: twice as long as the busiest CPU was
 * silent around it, at most. For every CPU it is a gap without lost records, RECORD_GAP and
 * RECORD_LOST with .lost of 0, unless it has one with lost records then.
 */
#ifndef TRACEDAT_MERGE_H
#define TRACEDAT_MERGE_H

#include "tracedat/decode.h"

struct merge {
	struct decoder *decoder;
	const bool *is_stack; /* by index of the format */
	struct record *batch;
	struct stream **heap; /* of streams with records */
	size_t n_heap;
	struct stream *waiting; /* its next block could not be had before a release */
	bool begun;
	int64_t now; /* time of the latest record given */

	struct stream **held; /* where the clock was set back */
	size_t n_held;
	int64_t held_until;	/* the others have come there too once all are beyond */
	/* Those, while the heap has only streams that come to a step soon. */
	struct stream **parked;
	size_t n_parked;
	bool awaits; /* such streams */
	int64_t shift; /* of streams that show every step */
	uint64_t steps;
	int64_t longest_step; /* ns that the clock was set back at least */
};

/* @merge is zeroed by the caller; merge_close() releases also after a failure. */
int merge_open(struct merge *merge, struct decoder *decoder, const bool *is_stack,
	       struct schedtrace_error *err);
void merge_close(struct merge *merge);

/* 1 with records, which live until the next call, 0 at the end, negative on failure. */
int merge_next(struct merge *merge, const struct record **records, size_t *n,
	       struct schedtrace_error *err);

#endif
