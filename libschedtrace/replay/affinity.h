/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which CPUs tasks may run on, as far as it is known: of tasks there at the start what the context
 * says, of their children what their parent had when it made them. No row tells of changes, but a
 * task that runs or waits on a CPU outside its set has another one, which nobody knows.
 *
 * Tasks with the same set are in one class. Class 0 has those that may run on every CPU, and those
 * of whom nothing is known; so it has all that come after too many different sets.
 */
#ifndef LIBSCHEDTRACE_REPLAY_AFFINITY_H
#define LIBSCHEDTRACE_REPLAY_AFFINITY_H

#include "base/grown.h"
#include "libschedtrace/replay/lives.h"

/* Sets of CPUs, a bit each. */
struct cpu_set {
	uint64_t *words;
	uint32_t n;
};

/* -1 when memory ran out. */
int cpu_set_put(struct cpu_set *set, uint32_t cpu, bool in);

static inline bool cpu_set_has(const struct cpu_set *set, uint32_t cpu)
{
	return cpu / 64 < set->n && set->words[cpu / 64] >> cpu % 64 & 1;
}

struct affinity_class {
	const char *list; /* of the context; NULL: class 0 */
	struct cpu_set cpus;
};

struct affinities {
	struct affinity_class *classes; /* class 0 first */
	uint32_t n;
	struct grown of_life; /* uint32_t by life: class + 1, 0 not looked up yet */
};

int affinities_init(struct affinities *affinities);
void affinities_free(struct affinities *affinities);

/* Of all functions UINT32_MAX, or -1, when memory ran out. */
uint32_t affinity_of(struct affinities *affinities, const struct lives *lives, uint32_t life);
int affinity_inherit(struct affinities *affinities, const struct lives *lives, uint32_t child,
		     uint32_t parent);

/* The task runs or waits on @cpu. */
int affinity_seen(struct affinities *affinities, const struct lives *lives, uint32_t life,
		  uint32_t cpu);

#endif
