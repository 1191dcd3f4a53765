/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Who ran on a CPU, as far back as anybody may ask, in little memory: the latest stretches as they
 * were; of older ones the most important tasks of longer and longer blocks of time, each block
 * twice as many stretches as the ones after it. Adding a stretch takes constant time on average,
 * and asking for n of them O(log n).
 */
#ifndef LIBSCHEDTRACE_REPLAY_RUNNERS_H
#define LIBSCHEDTRACE_REPLAY_RUNNERS_H

#include <stdint.h>

#define RUNNERS_LATEST 32 /* stretches */
#define RUNNERS_KEPT   8  /* tasks of a block */
#define RUNNERS_BLOCKS 3  /* of a length */
#define RUNNERS_OLDEST 32 /* lengths: then time is forgotten */

struct runner {
	uint32_t life;
	int64_t ns;
};

struct runner_block {
	int64_t begin, end;
	uint32_t n;
	struct runner kept[RUNNERS_KEPT];
};

struct runner_blocks {
	uint32_t n;
	struct runner_block blocks[RUNNERS_BLOCKS]; /* the oldest first */
};

struct runners {
	struct {
		uint32_t life;
		int64_t begin, end;
	} latest[RUNNERS_LATEST]; /* by time */
	uint32_t n;
	struct runner_blocks *lengths; /* the shortest first */
	uint32_t n_lengths;
};

void runners_free(struct runners *runners);

/* @life ran in [begin, end), which is after all stretches before; -1 when memory ran out. */
int runners_add(struct runners *runners, uint32_t life, int64_t begin, int64_t end);

/* Whoever was @life is what @now gives for it. */
void runners_rename(struct runners *runners, uint32_t (*now)(const void *user, uint32_t life),
		    const void *user);

/*
 * Calls @ran with who ran since @since and for how long, maybe several times for one task; returns
 * what it returns below 0. It tells all of the latest stretches; of a longer time most of what few
 * tasks ran, and never more than there was.
 */
int runners_since(const struct runners *runners, int64_t since,
		  int (*ran)(void *user, uint32_t life, int64_t ns), void *user);

#endif
