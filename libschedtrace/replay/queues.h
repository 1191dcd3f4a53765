/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Who waits in which CPU's queue while which CPUs idle: for listeners of a replay. After each row
 * that it wants, a listener calls queues_follow().
 *
 * A CPU is idle when its idle task runs and nobody waits there, busy when a task runs there, and
 * overloaded when somebody waits there too. A CPU in its idle task for which somebody waits (it is
 * about to run) is neither, as in SchedViz. All of it is what rows show: after lost records, tasks
 * count as waiting, and CPUs as idle or busy, from their next row on; where the clock was set back
 * and none are lost, who waited waits on. Time in which a CPU turns out to have done something else
 * than believed (a missing switch, a gap) is taken out again, and so is the time since a task came
 * to a queue in which it did not wait for certain: the replay says so when the wait ends, and a CPU
 * that goes from a task to idle has nobody in its queue who may run.
 *
 * A task that waits and an idle CPU count against each other where its affinity (affinity.h) lets
 * it run there: idle CPUs that some waiting task may use, tasks that may use some idle CPU, CPUs
 * that are overloaded by such tasks.
 */
#ifndef LIBSCHEDTRACE_REPLAY_QUEUES_H
#define LIBSCHEDTRACE_REPLAY_QUEUES_H

#include "base/grown.h"
#include "libschedtrace/analysis.h"
#include "libschedtrace/replay/affinity.h"
#include "libschedtrace/replay/replay.h"

/* Sums of ns in the window up to the last advance; never negative, INT64_MAX when larger. */
struct queue_sums {
	int64_t followed;   /* time that counts */
	int64_t idle;	    /* number of idle CPUs, times time */
	int64_t some_idle;  /* time with an idle CPU */
	int64_t overloaded; /* time with an overloaded CPU */
	int64_t wall;	    /* time with both */
	int64_t per_cpu;    /* min(idle, overloaded CPUs) times time */
	int64_t per_thread; /* min(idle CPUs, tasks that wait on overloaded ones) times time */
	/* Likewise for all CPUs and tasks, as SchedViz's WallTime, PerCPUTime and PerThreadTime. */
	int64_t any_wall, any_per_cpu, any_per_thread;
};

/* Numbers of what counts against each other. */
struct queue_waste {
	int64_t idle, overloaded, waiting;
};

struct queue {
	uint32_t current; /* life, LIFE_IDLE, LIFE_NONE */
	uint32_t first;	  /* waiting there, + 1; 0 none */
	uint32_t waiting; /* number of them */
	bool seen;
	bool gap;		   /* records of it are missing now */
	uint32_t next_seen;	   /* CPU, + 1; 0 the last */
	int64_t since;		   /* of current */
	int64_t sign;		   /* when the last sign of current was */
	struct queue_sums at_sign; /* sums then */
	int64_t woken;		   /* when somebody came to wait for the idle task to go */
	struct queue_sums at_woken;
};

struct waiter {
	uint32_t next, prev; /* lives in the same queue, + 1; 0 none */
	int32_t cpu;	     /* whose queue, + 1; 0 none */
	int32_t running;     /* where it is current, + 1; 0 nowhere */
	uint32_t class;	     /* of affinity, while in a queue */
	uint32_t slot;	     /* of the sums when it came, while in a queue */
	int64_t since;	     /* in this queue */
	bool bystander;	     /* does not count in waste, while in a queue */
	bool resumed;	     /* after the clock was set back, likewise since then */
};

/* Tasks of one affinity. */
struct queue_class {
	uint32_t waiting;
	struct grown on;   /* uint32_t by CPU: how many of them wait there */
	bool may_use_idle; /* some CPU idles on which they may run */
	int64_t some_idle; /* time with one, while some of them wait */
};

struct queues {
	struct replay *replay;
	struct choice *choice; /* which waiting tasks count in waste; NULL: all */
	int64_t window_begin, window_end;
	struct grown cpus;   /* struct queue */
	struct grown lives;  /* struct waiter */
	uint32_t first_seen; /* CPU, + 1; 0 none */
	int32_t n_seen, n_idle, n_overloaded, n_gaps;
	int64_t n_waiting, n_behind; /* all, and those on overloaded CPUs */
	struct affinities affinities;
	struct cpu_set idle, overloaded;
	struct grown classes; /* struct queue_class by class of affinity */
	int64_t n_bound;      /* waiting tasks of other classes than 0 */
	bool changed;	      /* waste is to be counted anew */
	struct queue_waste waste;
	struct cpu_set wasted,
		hurt; /* idle, and overloaded, CPUs that waste counts; with n_bound */
	int64_t now;  /* INT64_MIN: before the first row */
	struct queue_sums sums;
	struct grown came; /* struct queue_sums by slot */
	struct grown free; /* uint32_t: slots of the first n_slots that are free */
	uint32_t n_slots, n_free;
	struct grown paused; /* uint32_t: lives that waited when a gap began; n_paused of them */
	uint32_t n_paused;
	struct {
		int32_t cpu;
		int64_t begin, end;
	} doubt; /* the last that took time out */

	/* Told before a task leaves a queue and after it came to one; may be NULL. */
	void *self;
	int (*entered)(void *self, uint32_t life, int32_t cpu);
	int (*leaves)(void *self, uint32_t life, int32_t cpu);
	/* Told that time since then was taken out; may be NULL. */
	void (*doubted)(void *self, int64_t since);
};

static inline int64_t queues_less(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* The events whose rows must come to queues_follow(), before the window too. */
#define QUEUES_EVENTS                                                                              \
	(REPLAY_EVENT(CTX_SWITCH) | REPLAY_EVENT(RUNS) | REPLAY_EVENT(CPU_IDLE) |                  \
	 REPLAY_EVENT(STAT_RUNTIME) | REPLAY_EVENT(WAKEUP) | REPLAY_EVENT(WAKEUP_NEW) |            \
	 REPLAY_EVENT(NEWTASK) | REPLAY_EVENT(FORK) | REPLAY_EVENT(MIGRATE) | REPLAY_EVENT(LOST) | \
	 REPLAY_EVENT(GAP) | REPLAY_EVENT(CPU_OFFLINE) | REPLAY_EVENT(RENUMBER))

/* -1 when memory ran out. */
int queues_init(struct queues *queues, const struct analysis_env *env);
void queues_free(struct queues *queues);

/* Counts the time up to @now with the queues as they are. */
void queues_advance(struct queues *queues, int64_t now);

/* A row that the replay has followed; -1 when memory ran out. */
int queues_follow(struct queues *queues, const struct schedtrace_events *ev, size_t i,
		  uint32_t life);

/* The CPU goes idle: whoever seems to wait there did something else, or may not run. */
void queues_refute(struct queues *queues, int32_t cpu);

/* A doubt that the replay tells of. */
void queues_doubt(struct queues *queues, int32_t cpu, enum replay_doubt why, int64_t begin,
		  int64_t end);

/* A span that the replay tells of. */
void queues_span(struct queues *queues, const struct replay_span *span);

/* Whether a dead task is still in a queue or believed to run, and what follows when lives are let
 * go: functions of struct replay_listener. */
bool queues_keep(const struct queues *queues, uint32_t life);
void queues_forget(struct queues *queues, const uint32_t *gone, uint32_t n);

/* No doubt that is still to come takes out time before. */
int64_t queues_settled(const struct queues *queues);

/* Whether some CPU idles on which the task may run; time with one, while it waited. */
bool queues_idle_for(const struct queues *queues, uint32_t life);
int64_t queues_some_idle(const struct queues *queues, uint32_t life);

/* Whether the task, which waits, counts. */
bool queues_counts(const struct queues *queues, uint32_t life);

/* Whether the CPU idles and some waiting task may run there. */
bool queues_idle_is_waste(const struct queues *queues, uint32_t cpu);

/* The sums as of @now, without counting them. */
struct queue_sums queues_sums_at(const struct queues *queues, int64_t now);

#endif
