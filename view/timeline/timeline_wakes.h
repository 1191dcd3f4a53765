/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Who began to wake whom, and when, as lanes of each task: what such a lane says lasts until the
 * next time. Details are numbers that go up, so that no two times become one.
 */
#ifndef VIEW_TIMELINE_TIMELINE_WAKES_H
#define VIEW_TIMELINE_TIMELINE_WAKES_H

#include "base/grown.h"
#include "view/timeline/timeline_lane.h"

/* A lane that is made, and what it says since its last span. */
struct timeline_wake_lane {
	struct timeline_lane lane;
	int64_t since;
	uint32_t what, n;
};

/* Of a task. */
struct timeline_task_wakes {
	struct timeline_wake_lane by; /* whom it was woken by; TIMELINE_IDLE: an interrupt */
	struct timeline_wake_lane of; /* whom it woke */
};

struct timeline_wakes {
	struct cache_memory *memory; /* lent */
	struct grown tasks;	     /* struct timeline_task_wakes by number */
};

/* -1 when memory ran out, as the others. @waker: a task, TIMELINE_IDLE or TIMELINE_UNKNOWN. */
int timeline_wakes_add(struct timeline_wakes *wakes, uint32_t woken, uint32_t waker, int64_t time);

/* Moves the lanes of a task, which end at @end, to where they are kept. */
int timeline_wakes_take(struct timeline_wakes *wakes, uint32_t task, int64_t end,
			struct timeline_lane *by, struct timeline_lane *of);

void timeline_wakes_free(struct timeline_wakes *wakes);

#endif
