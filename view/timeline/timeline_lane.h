/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A lane: what a CPU, its queue or a task did, as a function of time. Spans lie one behind the
 * other without holes, since what is not known is a span too; any part of the time is found without
 * what lies before it. They take 16 bytes each, in memory that the kernel may write to a cache
 * file.
 */
#ifndef VIEW_TIMELINE_TIMELINE_LANE_H
#define VIEW_TIMELINE_TIMELINE_LANE_H

#include <stdint.h>

#include "base/cache_memory.h"

struct timeline_span {
	int64_t begin; /* ns on the trace clock; it lasts until the next one, or the lane's end */
	uint32_t what;
	uint32_t detail; /* what else there is to say; no share of time is by it */
};

/* How much of the time was what, in so many spans. */
struct timeline_total {
	int64_t ns;
	uint32_t what, spans;
};

/* Spans behind one another in memory, */
struct timeline_chunk {
	int64_t begin;
	uint16_t n, max;
	uint16_t n_totals; /* and their sums, of a full one; 0: it has too many for that */
	struct timeline_span *spans;
	struct timeline_total *totals; /* by when they came first */
};

struct timeline_lane {
	struct timeline_chunk *chunks;
	uint32_t n, max;
	int64_t end;		     /* of the last span */
	struct timeline_total *room; /* for sums, which are read one after the other */
	uint32_t n_room;
};

/* What a span may be of any lane; smaller numbers mean what the lane says. */
#define TIMELINE_UNKNOWN       UINT32_MAX
#define TIMELINE_FIRST_SPECIAL (UINT32_MAX - 15)

/*
 * Adds a span behind the others, joined with the last one if that is the same; what lies between
 * them is unknown, and what the others cover already stays theirs. -1 when memory ran out.
 */
int timeline_lane_add(struct timeline_lane *lane, struct cache_memory *memory, int64_t begin,
		      int64_t end, uint32_t what, uint32_t detail);

/* Takes away what begins at @time or later, and the rest of what lasts then. */
void timeline_lane_cut(struct timeline_lane *lane, int64_t time);

/* The spans themselves belong to the memory. */
void timeline_lane_free(struct timeline_lane *lane);

/* Where a lane is being read. */
struct timeline_cursor {
	const struct timeline_lane *lane;
	uint32_t chunk, span;
};

/* At the span that lasts at @time, or the first one after it. */
struct timeline_cursor timeline_lane_seek(const struct timeline_lane *lane, int64_t time);

/* The span there and its end, and on to the next; NULL at the end. */
const struct timeline_span *timeline_lane_next(struct timeline_cursor *cursor, int64_t *end);

/* A part of the time, cut into columns whose widths differ by 1 ns at most. */
struct timeline_window {
	int64_t begin, end;
	uint32_t columns;
};

/* Where a column begins; of the number of columns: where the last one ends. */
int64_t timeline_column(const struct timeline_window *window, uint32_t column);

/* How much of a column's time was what, in so many spans of it. */
struct timeline_share {
	uint32_t column, what;
	uint32_t spans;
	int64_t ns;
};

/* By column; those of one column by when they came first. */
struct timeline_shares {
	struct timeline_share *all;
	size_t n, max;
	uint32_t *places; /* by what: where it last was, + 1 */
	size_t n_places;
};

/*
 * Adds the shares of @lane's spans in each column of the window. Those of a column add up to the
 * time that the lane covers of it. -1 when memory ran out.
 */
int timeline_lane_thin(const struct timeline_lane *lane, const struct timeline_window *window,
		       struct timeline_shares *out);

void timeline_shares_free(struct timeline_shares *shares);

#endif
