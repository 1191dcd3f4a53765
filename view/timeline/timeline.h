/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Who ran on each CPU, and what each task did, as lanes (timeline_lane.h) that any part of a
 * recording can be shown of at once. They are made in one pass over the rows, of what the replay
 * (replay.h) is certain of: what is only possible, what was lost and what nobody knows are spans of
 * their own, and never run time or idle time. Shares of a window therefore add up to the times of
 * schedreport's tables of that window.
 */
#ifndef VIEW_TIMELINE_TIMELINE_H
#define VIEW_TIMELINE_TIMELINE_H

#include <stdbool.h>

#include <schedtrace/context.h>

#include "base/intern.h"
#include "view/timeline/timeline_lane.h"

/* What a CPU's lane of who ran says: the number of a task, or one of these. detail: of
 * TIMELINE_LASTING the task, or TIMELINE_IDLE; else 0. */
enum timeline_cpu_special {
	/* TIMELINE_UNKNOWN: nobody was seen, or somebody else than believed turned up */
	TIMELINE_IDLE = TIMELINE_UNKNOWN - 1,
	TIMELINE_LOST = TIMELINE_UNKNOWN - 2,	 /* records were lost */
	TIMELINE_CLOCK = TIMELINE_UNKNOWN - 3,	 /* the clock was set back meanwhile */
	TIMELINE_OFFLINE = TIMELINE_UNKNOWN - 4, /* nobody could run */
	TIMELINE_LASTING = TIMELINE_UNKNOWN - 5, /* seems to run, but no row shows its end */
};

/* What a task's lane says; detail: the CPU where it ran or waited, TIMELINE_UNKNOWN if neither. */
enum timeline_state {
	TIMELINE_RUNNING,
	TIMELINE_WOKEN,	    /* runnable since a wakeup, */
	TIMELINE_PREEMPTED, /* since it was switched out, */
	TIMELINE_STARTED,   /* since it was made, */
	TIMELINE_RUNNABLE,  /* or since before the recording */
	TIMELINE_SLEEPING,
	TIMELINE_IDLING, /* a kernel thread that waits for work */
	TIMELINE_BLOCKED,
	TIMELINE_STOPPED,
	TIMELINE_MADE, /* not runnable yet */
	TIMELINE_STATES,
	/* One of the former that no row shows the end of has this added to it. */
	TIMELINE_LASTS = 16,
};

/* The longest queue that lanes tell from longer ones. */
#define TIMELINE_LONGEST_QUEUE 65535

struct timeline_cpu {
	bool named;		    /* by a row, or among the CPUs of the recording */
	struct timeline_lane runs;  /* who */
	struct timeline_lane queue; /* runnable tasks, the running one included; or unknown */
	/* Where it is there: it idled while a task waited for another CPU that could run here. */
	struct timeline_lane waste;
	/* While it is made: */
	int64_t queue_since, waste_since; /* INT64_MIN: not known; not so */
	uint32_t queued;
	uint32_t ends_as; /* what it does for all that is known, when nobody runs */
};

struct timeline_task {
	int32_t pid, tgid;  /* tgid -1 unknown */
	const char *name;   /* its last one, as bytes; "" unknown */
	int64_t begin, end; /* of its life, as far as it was recorded */
	int32_t prio;	    /* its last one, as the kernel prints it; INT32_MIN unknown */
	struct timeline_lane states;
	/* Whom it was woken by, and whom it woke, as timeline_wakes.h has it; empty unless they
	 * were asked for. */
	struct timeline_lane woken_by, woke;
};

struct timeline_build;

struct timeline {
	const struct schedtrace_context *context;
	struct cache_memory *memory;
	int64_t begin, end; /* of the rows; 0 and 0 without any */
	uint64_t rows;
	struct timeline_cpu *cpus; /* by their ids, some of which may not be named */
	uint32_t n_cpus;
	struct timeline_task *tasks; /* one a life */
	uint32_t n_tasks;
	bool switches; /* they were recorded: the lanes say something */
	int64_t lost;  /* records, as far as they were counted */
	uint64_t gaps, clock_steps, missing_switches;
	struct arena names;
	struct timeline_build *build; /* until it is finished */
};

/* timeline_free() releases after a failure, too. The context must outlive it. @wakes: wakers are
 * kept, too. */
int timeline_new(struct timeline *out, const struct schedtrace_context *context, bool wakes,
		 struct schedtrace_error *err);

/* Rows in order. */
int timeline_feed(struct timeline *timeline, const struct schedtrace_events *rows,
		  struct schedtrace_error *err);

/* The same of many; @step is told how many of them have been read, and may end it. */
int timeline_feed_all(struct timeline *timeline, const struct schedtrace_events *rows,
		      int (*step)(void *user, uint64_t done, uint64_t total,
				  struct schedtrace_error *err),
		      void *user, struct schedtrace_error *err);

/* No more rows come. Before that, lanes lack what lasts. */
int timeline_finish(struct timeline *timeline, struct schedtrace_error *err);

void timeline_free(struct timeline *timeline);

/* The name of a state as tables have it. */
const char *timeline_state_name(enum timeline_state state);

#endif
