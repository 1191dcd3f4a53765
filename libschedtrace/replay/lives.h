/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Task lives: a task is (pid, start), because pids recur within seconds when tasks are made fast.
 * Which life a pid means now, what is known of it, and its names over time.
 */
#ifndef LIBSCHEDTRACE_REPLAY_LIVES_H
#define LIBSCHEDTRACE_REPLAY_LIVES_H

#include <stdbool.h>

#include <schedtrace/context.h>

#include "base/grown.h"
#include "base/intern.h"
#include "base/intmap.h"

/* Numbers of lives go up from 0; these are none. */
#define LIFE_NONE UINT32_MAX	   /* nobody knows who */
#define LIFE_IDLE (UINT32_MAX - 1) /* a CPU's idle task */
#define LIFE_MAX  (UINT32_MAX - 2)

/* Names that have a life which stands for those let go: each takes memory in every analysis. */
#define LIVES_MAX_MANY 4096

/* What a task does. */
enum life_state {
	LIFE_UNKNOWN,
	LIFE_NEW, /* made, not yet on a run queue */
	LIFE_RUNNING,
	LIFE_WAIT_WAKEUP,  /* on a run queue after a wakeup */
	LIFE_WAIT_PREEMPT, /* after it was switched out while runnable */
	LIFE_WAIT_NEW,	   /* after it was made */
	LIFE_WAIT_OLD,	   /* runnable since before the recording, or running unseen */
	LIFE_SLEEPING,	   /* S */
	LIFE_IDLING,	   /* I: waits for work, as kernel threads do */
	LIFE_BLOCKED,	   /* D */
	LIFE_STOPPED,	   /* T, t, P */
	LIFE_DEAD,
};

static inline bool life_is_waiting(enum life_state state)
{
	return state >= LIFE_WAIT_WAKEUP && state <= LIFE_WAIT_OLD;
}

/* What a task does, in a word; NULL where that is unknown or nothing. */
const char *life_state_name(enum life_state state);

enum life_flags {
	LIFE_SAW_NEWTASK = 1,
	LIFE_SAW_FORK = 2,
	LIFE_SAW_WAKEUP_NEW = 4,
	LIFE_EXITED = 8,       /* its EXIT row came; it still runs to its last switch */
	LIFE_IN_KERNEL = 16,   /* preempted in the kernel, where a wakeup may still be due */
	LIFE_FROM_START = 32,  /* not seen to begin: its state now began before the first row */
	LIFE_OLD = 64,	       /* not seen to begin, the first that its pid means: stays set */
	LIFE_MOVED = 128,      /* nothing but a MIGRATE row was seen: it may be about to be made */
	LIFE_FREE = 256,       /* no life: the number waits for the next one */
	LIFE_MANY = 512,       /* stands for the lives of its name that were let go: no pid */
	LIFE_AFTERLIFE = 1024, /* of rows about one that was let go; counts as no further life */
	LIFE_KEPT = 2048,      /* not to be let go now */
	LIFE_CHOSEN = 8192,    /* with LIFE_MANY: of lives that count where only some do */
	LIFE_CHAINED = 4096, /* in the replay's chain of the dead, even if it turned out to live */
};

struct life {
	uint64_t serial; /* from 1; no other life ever has it, as the number may come again */
	int32_t pid;
	uint8_t state;	 /* enum life_state */
	uint8_t pending; /* the state that the coming switch-out puts it in, LIFE_UNKNOWN: none */
	uint16_t flags;	 /* enum life_flags */
	int32_t cpu;	 /* where it runs or waits */
	int32_t comm;	 /* the context's id of its name, as last seen in a row */
	int64_t since;	 /* of the state */
	int64_t waking;	 /* the WAKING row whose WAKEUP did not come yet, INT64_MIN none */
	uint32_t gap;	 /* gaps there were at @since */
	int32_t tgid, ppid; /* -1 unknown */
	int8_t of_command;  /* belongs to the recorded command: 1, 0, -1 unknown */
	uint32_t clone_flags;
	int32_t prio; /* as the kernel prints it, INT32_MIN unknown */

	int64_t start_ns, end_ns, exit_ns; /* INT64_MIN unknown */
	int64_t first_seen;
	int64_t gaps_at_start, gaps_at_end; /* ns in gaps before; at_end valid when dead */
	int64_t gaps_running;	/* ns of gaps elsewhere while it was certainly running */
	uint32_t previous_dead; /* the life that died before this one */
	int32_t name;		/* number of the last name in lives.names, -1 unknown */
	uint32_t first_name;	/* in lives.named, LIFE_NONE: no name */
	uint32_t n_names;
	uint32_t into; /* being let go: the life that will stand for it; else LIFE_NONE */
	uint64_t many; /* how many it stands for, with LIFE_MANY */
};

struct life_name {
	int32_t name;
	uint32_t next; /* LIFE_NONE: the last */
};

struct let_go;

struct lives {
	const struct schedtrace_context *ctx;
	const struct schedtrace_context *knows; /* NULL, or who knows more of the command's tasks */
	struct life *all;
	uint32_t n, max;
	uint32_t first_free;  /* LIFE_NONE: none; the next one is its previous_dead */
	uint64_t serial;      /* the last that was given */
	struct let_go *let_go; /* where those are told that are let go */
	struct intmap by_pid; /* the latest life of each pid */
	int32_t last_pid;     /* rows about one task come in a row */
	uint32_t last_life;

	struct intern names;
	int32_t *name_of_comm; /* by the context's id, -1 not looked up yet */
	int32_t n_comms;
	struct life_name *named;
	uint32_t n_named, named_max, free_named;

	struct intmap
		many_of_name; /* 2 * (name + 1) + chosen: the life that stands for those let go */
	struct intmap block_of_pid; /* pid / 64: number in ends */
	struct grown ends;	    /* struct life_ends by block */
	uint32_t n_blocks;
};

/* When the lives that pids meant last, and that were let go, ended; INT64_MAX: none was. */
struct life_ends {
	int64_t ns[64];
};

/* All return -1 (or LIFE_NONE) when memory ran out. */
int lives_init(struct lives *lives, const struct schedtrace_context *ctx);
void lives_free(struct lives *lives);

/* A new life of @pid, which its pid means from now on. */
uint32_t lives_begin(struct lives *lives, int32_t pid, int64_t start_ns, int64_t now);

/* Takes the name whose id in the context is @comm, or the @n bytes at @name. */
int lives_set_comm(struct lives *lives, uint32_t life, int32_t comm);
int lives_set_name(struct lives *lives, uint32_t life, const char *name, size_t n);

/* The life that stands for those of the same name as @life that were let go, made if need be; those
 * that count where only some do are apart. When there are too many names, one without a name stands
 * for all that have another. LIFE_NONE without memory. */
uint32_t lives_many(struct lives *lives, uint32_t life, bool chosen);

/* Lets go of a life: its pid means it no longer, its number is for another one. -1 without
 * memory. */
int lives_free_one(struct lives *lives, uint32_t life);

/* Whether the life that @pid meant last was let go, and when it ended. */
bool lives_let_go(const struct lives *lives, int32_t pid, int64_t *end_ns);

/* Who stands for @life, or for LIFE_IDLE or LIFE_NONE, once lives are let go. */
static inline uint32_t lives_now(const struct lives *lives, uint32_t life)
{
	return life <= LIFE_MAX && lives->all[life].into != LIFE_NONE ? lives->all[life].into
								      : life;
}

/* As a column says it. */
static inline int64_t life_pid(const struct life *life)
{
	return life->flags & LIFE_MANY ? INT64_MIN : life->pid;
}

/* Last name; NULL unknown. */
const char *lives_name(const struct lives *lives, uint32_t life);

/* Takes from the context what the rows have not told. */
void lives_complete(struct lives *lives, struct life *life);

/* What the context knows of a life; NULL nothing. */
const struct schedtrace_task *lives_record(const struct lives *lives, const struct life *life);

/* Whether it belongs to the recorded command, for all that is known by now. */
bool lives_of_command(const struct lives *lives, const struct life *life);

/* The life that @pid (above 0) means now, LIFE_NONE: it was not named before. */
static inline uint32_t lives_find(struct lives *lives, int32_t pid)
{
	if (pid != lives->last_pid) {
		uint32_t life = intmap_get(&lives->by_pid, (uint32_t)pid);

		if (life == INTMAP_NONE)
			return LIFE_NONE;
		lives->last_pid = pid;
		lives->last_life = life;
	}
	return lives->last_life;
}

#endif
