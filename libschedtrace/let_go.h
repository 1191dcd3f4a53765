/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which tasks an engine let go of, and what stands for each, as long as a snapshot is kept that
 * still has rows of them: a chain, of which every snapshot holds the link that was the last one
 * when it was made. What is let go later stands in that link and those after it.
 */
#ifndef LIBSCHEDTRACE_LET_GO_H
#define LIBSCHEDTRACE_LET_GO_H

#include <stddef.h>
#include <stdint.h>

struct gone_life {
	uint64_t life, into; /* serial numbers, as struct life has */
};

struct let_go {
	_Atomic unsigned int holders; /* snapshots, the engine, and the link before */
	struct let_go *next;
	struct gone_life *gone;
	size_t n, max;
};

/* NULL without memory. */
struct let_go *let_go_new(void);

/* No longer held; a link that nobody holds is freed. NULL does nothing. Any thread may. */
void let_go_release(struct let_go *link);

/* Holds the place that is now the last: *last is the engine's. NULL without memory. */
struct let_go *let_go_mark(struct let_go **last);

/* @life is let go; remembered if a snapshot may ask. -1 without memory. */
int let_go_add(struct let_go *last, uint64_t life, uint64_t into);

#endif
