/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the replay knows, for the files that make it: replay*.c. */
#ifndef LIBSCHEDTRACE_REPLAY_REPLAY_STATE_H
#define LIBSCHEDTRACE_REPLAY_REPLAY_STATE_H

#include "libschedtrace/replay/replay.h"

#define REPLAY_MAX_LISTENERS 16

struct replay_cpu {
	uint32_t current; /* believed to run, LIFE_IDLE or LIFE_NONE */
	uint8_t why;	  /* enum replay_doubt, while current is LIFE_NONE */
	int64_t since;	  /* of current */
	int64_t seen;	  /* the last sign of current; of LIFE_NONE: where the doubt begins */
	int64_t awaited;  /* since then: when a task first came to wait here, INT64_MAX none did */
	uint32_t gap;	  /* that it is in, + 1; 0 none */
};

struct gap {
	int64_t begin; /* the earliest of this gap and all later ones */
	int64_t end;   /* GAP_OPEN until its LOST row */
};

#define GAP_OPEN INT64_MAX

struct replay {
	struct lives lives;
	int64_t window_begin, window_end;
	struct replay_listener listeners[REPLAY_MAX_LISTENERS];
	size_t n_listeners;
	uint16_t wants[64]; /* by event: a bit for each listener that wants its rows */

	struct replay_cpu *cpus;
	int32_t n_cpus;
	struct gap *gaps;
	uint32_t n_gaps, gaps_max;
	uint32_t first_open; /* n_gaps when all have ended */
	int64_t resumed;     /* when the last ended */
	int64_t gaps_ns;     /* sum over all gaps of their time in the window */
	uint32_t last_dead;  /* chain of dead lives, by time */

	bool started;
	int64_t begin, now;
	int64_t listed;	 /* rows from then on come after the list of tasks; INT64_MAX: it is used */
	bool has_states; /* STATE rows tell who was preempted in the kernel */
	bool switching_in; /* what ends now does so by a row that switches a task in */
	bool seen[SCHEDTRACE_EVENT_COUNT]; /* events of which there was a row */
	int status;			   /* the first failure, until the feed returns it */
	struct schedtrace_error *err;
};

/* Follows one row; returns the life that its pid means. */
uint32_t replay_follow(struct replay *replay, const struct schedtrace_events *ev, size_t i);

/* Tasks that no row has named yet do what the context says since the start. */
void replay_use_list(struct replay *replay);

void replay_no_memory(struct replay *replay);

/* What a CPU is known to do; NULL, with the failure noted, when there is no memory for it. */
struct replay_cpu *replay_cpu(struct replay *replay, int32_t cpu);

/* The CPU's task is no longer there and nobody saw it leave. */
void replay_lose_current(struct replay *replay, int32_t cpu, int64_t certain_end, int64_t end);

/* A certain state ends for certain where the first gap after its begin begins, and one that begins
 * in a gap is not certain at all. */
void replay_settle_gaps(struct replay *replay, uint32_t id);

/* Tells listeners that nobody knows who ran on the CPU from @begin until now. */
void replay_tell_doubt(struct replay *replay, int32_t cpu, int64_t begin, int64_t records);

/* A GAP row: until the CPU's LOST row tasks may run there unseen, and sleep and be woken. */
void replay_gap_begins(struct replay *replay, int32_t cpu);

/* A LOST row: @records are missing, -1 unknown, since @begin. */
void replay_lost(struct replay *replay, int32_t cpu, int64_t begin, int64_t records);

void replay_went_offline(struct replay *replay, int32_t cpu);
void replay_came_online(struct replay *replay, int32_t cpu);

static inline int64_t max64(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static inline int64_t min64(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static inline struct life *life_of(struct replay *replay, uint32_t id)
{
	return &replay->lives.all[id];
}

static inline bool is_task(uint32_t id)
{
	return id <= LIFE_MAX;
}

static inline void replay_set_state(struct replay *replay, struct life *life, enum life_state state,
				    int32_t cpu, int64_t now)
{
	life->state = state;
	life->cpu = cpu;
	life->since = now;
	life->gap = replay->first_open;
	life->flags &= (uint16_t) ~(LIFE_FROM_START | LIFE_MOVED);
}

static inline bool in_window(const struct replay *replay, int64_t time)
{
	return time >= replay->window_begin && time < replay->window_end;
}

/* Nanoseconds of [begin, end) in the window. */
static inline int64_t clip(const struct replay *replay, int64_t begin, int64_t end)
{
	int64_t ns = min64(end, replay->window_end) - max64(begin, replay->window_begin);

	return begin < end && ns > 0 ? ns : 0;
}

static inline void fail(struct replay *replay, int status)
{
	if (replay->status >= 0)
		replay->status = status;
}
#endif
