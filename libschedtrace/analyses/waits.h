/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What waits.c counts and waits_tables.c prints. */
#ifndef LIBSCHEDTRACE_ANALYSES_WAITS_H
#define LIBSCHEDTRACE_ANALYSES_WAITS_H

#include "libschedtrace/replay/queues.h"
#include "libschedtrace/replay/runners.h"

/* What a woken task found on the CPU that was chosen for it. */
enum placement { PLACED_UNKNOWN, PLACED_IDLE, PLACED_BUSY, PLACED_PAST_IDLE, N_PLACEMENTS };

/* Who ran on the CPU where a task waited. */
struct antagonist {
	uint32_t life;
	int64_t ns, preemptions;
};

#define MAX_ANTAGONISTS 16 /* remembered a task: the least one makes room */

/* Why a wait lasts, so far; counted when rows have shown its end. */
struct pending {
	bool open;
	enum placement placement;
	uint64_t gaps; /* there were at its begin */
	int64_t behind_tasks, behind_idle, other_idle, irq;
	/* Of its CPU when it came to its queue, or was last asked about. */
	int64_t some_idle_before, irq_before, tasks_before, idle_before;
	int64_t told; /* until when it is known who ran there */
};

struct wait_account {
	int64_t on_cpu, made;
	int64_t waits[4];  /* from LIFE_WAIT_WAKEUP on */
	int64_t sleeps[4]; /* from LIFE_SLEEPING on */
	int64_t last;	   /* end of the last certain span, + 1; 0 none */
	int64_t made_at;   /* + 1; 0 not seen */
	uint64_t gaps;	   /* there were when it was made */
	int64_t explained; /* waits that the following are about */
	int64_t behind_tasks, behind_idle, other_idle, irq;
	int64_t placed[N_PLACEMENTS], preempted;
	int64_t wait_past_idle;
	struct antagonist *antagonists;
	uint32_t n_antagonists;
	int64_t forgotten; /* time of others: of those that made room, or ran long ago */
	int64_t wall, unknown; /* of tasks that were let go */
	struct pending pending;
};

/* A CPU where tasks wait. */
struct wait_place {
	uint32_t irq_depth; /* interrupts within interrupts count once */
	int64_t irq_since, irq_total;
	int64_t tasks, idle; /* ns in all that tasks, and its idle task, ran there */
	int64_t told;	     /* until when these are known */
	struct runners runners;
};

struct waits {
	struct queues queues;
	struct grown accounts; /* struct wait_account by life */
	struct grown places;   /* struct wait_place by CPU */
	uint64_t gaps;
	bool has_irqs;
};

extern const struct schedtrace_picture picture_waits, picture_wait_reasons;
extern const struct schedtrace_table_info waits_info, wait_reasons_info, antagonists_info;

/* Adds to @a what its pending wait on @cpu has come to by @now; -1 when memory ran out. */
int waits_settle(const struct waits *waits, struct wait_account *a, uint32_t life, int32_t cpu,
		 int64_t now);

/* The antagonist @life, now remembered: at most @max are. NULL when memory ran out. */
struct antagonist *waits_antagonist(struct wait_account *a, uint32_t life, uint32_t max);

/* Adds what the table says of @life to the account of the one that will stand for it. */
void waits_forget_one(const struct waits *waits, uint32_t life, struct wait_account *to,
		      const struct wait_account *a);

int waits_tables(const struct waits *waits, struct schedtrace_tables *out,
		 struct schedtrace_error *err);

#endif
