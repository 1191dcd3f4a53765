/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Who waits in which CPU's queue while which CPUs idle: for listeners of a replay. After each row
 * that it wants, a listener calls queues_follow().
 *
 * A CPU is idle when its idle task runs and nobody waits there, busy when a task runs there, and
 * overloaded when somebody waits there too. A CPU in its idle task for which somebody waits (it is
 * about to run) is neither, as in SchedViz. All of it is what rows show: after lost records, tasks
 * count as waiting, and CPUs as idle or busy, from their next row on. Time in which a CPU turns out
 * to have done something else than believed (a missing switch, a gap) is taken out again.
 */
#ifndef QUEUES_H
#define QUEUES_H

#include "analysis.h"
#include "grown.h"
#include "replay.h"

/* Sums of ns in the window up to the last advance; never negative, INT64_MAX when larger. */
struct queue_sums {
	int64_t followed;   /* time that counts */
	int64_t idle;	    /* number of idle CPUs, times time */
	int64_t some_idle;  /* time with an idle CPU */
	int64_t overloaded; /* time with an overloaded CPU */
	int64_t wall;	    /* time with both (SchedViz's WallTime) */
	int64_t per_cpu;    /* min(idle, overloaded CPUs) times time (PerCPUTime) */
	int64_t per_thread; /* min(idle CPUs, waiting tasks) times time (PerThreadTime) */
};

struct queue {
	uint32_t current; /* life, LIFE_IDLE, LIFE_NONE */
	uint32_t first;	  /* waiting there, + 1; 0 none */
	uint32_t waiting; /* number of them */
	bool seen;
	uint32_t next_seen;	   /* CPU, + 1; 0 the last */
	int64_t since;		   /* of current */
	struct queue_sums at_sign; /* sums at the last sign of current */
};

struct waiter {
	uint32_t next, prev; /* lives in the same queue, + 1; 0 none */
	int32_t cpu;	     /* whose queue, + 1; 0 none */
	int32_t running;     /* where it is current, + 1; 0 nowhere */
	int64_t since;	     /* in this queue */
};

struct queues {
	struct replay *replay;
	int64_t window_begin, window_end;
	struct grown cpus;   /* struct queue */
	struct grown lives;  /* struct waiter */
	uint32_t first_seen; /* CPU, + 1; 0 none */
	int32_t n_seen, n_idle, n_overloaded;
	int64_t n_waiting;
	int64_t now; /* INT64_MIN: before the first row */
	struct queue_sums sums;

	/* Told before a task leaves a queue and after it came to one; may be NULL. */
	void *self;
	int (*entered)(void *self, uint32_t life, int32_t cpu);
	int (*leaves)(void *self, uint32_t life, int32_t cpu);
};

/* The events whose rows must come to queues_follow(), before the window too. */
#define QUEUES_EVENTS                                                                              \
	(REPLAY_EVENT(CTX_SWITCH) | REPLAY_EVENT(RUNS) | REPLAY_EVENT(CPU_IDLE) |                  \
	 REPLAY_EVENT(STAT_RUNTIME) | REPLAY_EVENT(WAKEUP) | REPLAY_EVENT(WAKEUP_NEW) |            \
	 REPLAY_EVENT(NEWTASK) | REPLAY_EVENT(FORK) | REPLAY_EVENT(MIGRATE) | REPLAY_EVENT(LOST) | \
	 REPLAY_EVENT(CPU_OFFLINE))

void queues_init(struct queues *queues, const struct analysis_env *env);
void queues_free(struct queues *queues);

/* Counts the time up to @now with the queues as they are. */
void queues_advance(struct queues *queues, int64_t now);

/* A row that the replay has followed; -1 when memory ran out. */
int queues_follow(struct queues *queues, const struct schedtrace_events *ev, size_t i,
		  uint32_t life);

/* A doubt that the replay tells of. */
void queues_doubt(struct queues *queues, int32_t cpu, enum replay_doubt why, int64_t end);

/* The sums as of @now, without counting them. */
struct queue_sums queues_sums_at(const struct queues *queues, int64_t now);

#endif
