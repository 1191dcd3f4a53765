/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Who runs, waits and sleeps where, replayed from the rows and honest about what they lack.
 *
 * A span is a stretch of one state. Its certain part is what the rows prove; its possible part is
 * what they allow. They differ where a switch is missing (a CPU switches away from a task that it
 * was not known to run) and at gaps:
 *
 * - A task found running (RUNS, or switched out without having been switched in) runs from then on
 *   for certain, and possibly since the last sign of the CPU's task before: its switch-in or a
 *   later STAT_RUNTIME or CPU_IDLE row. That task ran for certain until that sign, possibly until
 *   now, and its state is unknown until its next row. Where that was the idle task, it ran for
 *   certain until the found one came to wait, or another before it that may have run in between.
 * - A gap (LOST) is bridged by nothing: the CPU's task and every task that sleeps or waits is
 *   followed for certain up to where the gap began. Inside, any task that is not certainly running
 *   elsewhere may have run or waited: replay_gap_ns(). The GAP row says that it has begun, so that
 *   no wait or sleep in it is taken for certain. Traces without GAP rows only have the LOST row,
 *   where records resume: a wait which another CPU's rows ended before that stays certain.
 * - A CPU that goes offline runs nobody, not even its idle task, until its next sign of a task.
 * - What lasts when the rows end is possible, not certain.
 * - A task that was listed at the start, and that no row names before the list was complete, did
 *   since the start what the list says.
 *
 * A missing switch leaves no sign of a third task that ran and left within the same stretch; only
 * LOST rows tell of such.
 */
#ifndef LIBSCHEDTRACE_REPLAY_REPLAY_H
#define LIBSCHEDTRACE_REPLAY_REPLAY_H

#include <schedtrace/events.h>

#include "libschedtrace/replay/lives.h"

struct choice;
struct let_go;
struct replay;
struct schedtrace_tables;

/* [begin, certain_end) is certain, [begin, end) possible; clipped to the window, never empty. */
struct replay_span {
	uint32_t life; /* or LIFE_IDLE when a CPU's idle task ran */
	enum life_state state;
	int32_t cpu; /* where it ran or waited, -1 unknown or neither */
	int64_t begin, certain_end, end;
	bool cut;   /* by the window or the start: it began before, or ended after */
	bool gap;   /* records were lost at its end: the state may have lasted on */
	/* Rows show its begin and its end: neither cut nor doubtful nor ended by a gap. */
	bool whole;
	bool switched_in; /* it ends where a row switches the task in */
};

/* Why it was unknown who ran on a CPU. */
enum replay_doubt {
	REPLAY_START,	/* before the CPU's first row */
	REPLAY_BROKEN,	/* somebody else than believed was found */
	REPLAY_GAP,	/* records were lost, up to the LOST row */
	REPLAY_CLOCK,	/* likewise, but none were: the clock was set back */
	REPLAY_RESUMED, /* from the LOST or CPU_ONLINE row to the first sign of who runs */
	REPLAY_OFFLINE, /* nobody could */
};

/* Whoever wants to know; functions may be NULL. All are called in row order, and return 0 or a
 * negative status after writing to @err. */
struct replay_listener {
	void *self;
	int (*span)(void *self, const struct replay_span *span, struct schedtrace_error *err);
	/* @life leaves @cpu; voluntary: it is no longer runnable. Only inside the window. */
	int (*left)(void *self, uint32_t life, int32_t cpu, bool voluntary,
		    struct schedtrace_error *err);
	/* Nobody knows who ran on @cpu in [begin, end), or how long that was with REPLAY_CLOCK;
	 * @records: lost ones, -1 unknown. */
	int (*doubt)(void *self, int32_t cpu, enum replay_doubt why, int64_t begin, int64_t end,
		     int64_t records, struct schedtrace_error *err);
	/* Whether the dead @life must stay, for something of it is still to be settled. */
	bool (*keeps)(void *self, uint32_t life);
	/* The @n lives @gone are let go: each one's figures are to be added to those of the life
	 * that stands for it, which is its into, and every number of one that is kept is to become
	 * that (lives_now()). Afterwards other lives get the numbers, whose figures must then be
	 * 0. */
	int (*forget)(void *self, const uint32_t *gone, uint32_t n, struct schedtrace_error *err);
	/* A missing switch-in was found out later, from what the task did next. */
	int (*missed)(void *self, uint32_t life, int32_t cpu, struct schedtrace_error *err);
	/* Rows inside the window whose event's bit is set in @events, with the life that their pid
	 * means (LIFE_NONE for pids below 1). The replay has already followed the row. */
	uint64_t events;
	bool before_window; /* rows before the window too */
	int (*row)(void *self, const struct schedtrace_events *ev, size_t i, uint32_t life,
		   struct schedtrace_error *err);
};

#define REPLAY_EVENT(name) (UINT64_C(1) << SCHEDTRACE_##name)

int replay_new(struct replay **out, const struct schedtrace_context *ctx, int64_t window_begin,
	       int64_t window_end, struct schedtrace_error *err);
void replay_free(struct replay *replay);

/* Before the first feed; @listener is copied. */
int replay_listen(struct replay *replay, const struct replay_listener *listener,
		  struct schedtrace_error *err);

int replay_feed(struct replay *replay, const struct schedtrace_events *ev, size_t begin, size_t end,
		struct schedtrace_error *err);

struct lives *replay_lives(struct replay *replay);

/* The task that died last of those that were not let go; LIFE_NONE: none did. */
uint32_t replay_last_dead(const struct replay *replay);

/*
 * Lets go of the lives that ended before @before: one a name stands for them from then on. Kept are
 * those that may still have run in a gap that lasts, and the first thread of a process that has
 * others. Each is told to @let_go.
 */
int replay_forget(struct replay *replay, struct choice *choice, int64_t before,
		  struct let_go *let_go, struct schedtrace_error *err);

/* A table of the lives that stand for others, if there are any. */
int replay_forgotten(const struct replay *replay, struct schedtrace_tables *out,
		     struct schedtrace_error *err);

/* The part of the window that the rows cover; false before there is any. */
bool replay_covered(const struct replay *replay, int64_t *begin, int64_t *end);

/* Whether rows of @event were recorded, as of the last row; see recorded.h. */
bool replay_recorded(const struct replay *replay, int event);

/* Of the times and switches of tasks, those that can be told by what was recorded; the others are
 * unknown, not 0. */
struct replay_known {
	bool switches;
	bool states;	  /* in which tasks are switched out */
	bool wakeups;	  /* and the switches that end the waits */
	bool new_wakeups; /* likewise */
	bool sleeps;
};
struct replay_known replay_known(const struct replay *replay);

/* True when the life was there during the window. */
bool replay_in_window(const struct replay *replay, const struct life *life);

/* What the life does since its last span, as of the last row; false when nothing can be said. */
bool replay_open(const struct replay *replay, uint32_t life, struct replay_span *span);

/* The same of a CPU: who runs there, maybe LIFE_IDLE. */
bool replay_open_on(const struct replay *replay, int32_t cpu, struct replay_span *span);

/* ns in gaps during which the life existed and was not certainly running: it may have run. */
int64_t replay_gap_ns(const struct replay *replay, uint32_t life);

#endif
