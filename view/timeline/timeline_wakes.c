/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "view/timeline/timeline_wakes.h"

static int end_last(struct timeline_wakes *wakes, struct timeline_wake_lane *lane, int64_t end)
{
	return lane->n ? timeline_lane_add(&lane->lane, wakes->memory, lane->since, end, lane->what,
					   lane->n)
		       : 0;
}

static int say(struct timeline_wakes *wakes, struct timeline_wake_lane *lane, int64_t time,
	       uint32_t what)
{
	if (lane->n && time <= lane->since)
		time = lane->since + 1;
	if (end_last(wakes, lane, time) < 0)
		return -1;
	lane->since = time;
	lane->what = what;
	lane->n++;
	return 0;
}

static struct timeline_task_wakes *wakes_of(struct timeline_wakes *wakes, uint32_t task)
{
	return grown_at(&wakes->tasks, task, struct timeline_task_wakes);
}

int timeline_wakes_add(struct timeline_wakes *wakes, uint32_t woken, uint32_t waker, int64_t time)
{
	struct timeline_task_wakes *task = wakes_of(wakes, woken);

	if (!task || say(wakes, &task->by, time, waker) < 0)
		return -1;
	if (waker >= TIMELINE_FIRST_SPECIAL)
		return 0;
	task = wakes_of(wakes, waker);
	return task ? say(wakes, &task->of, time, woken) : -1;
}

int timeline_wakes_take(struct timeline_wakes *wakes, uint32_t task, int64_t end,
			struct timeline_lane *by, struct timeline_lane *of)
{
	struct timeline_task_wakes *its = wakes_of(wakes, task);

	if (!its || end_last(wakes, &its->by, end + 1) < 0 ||
	    end_last(wakes, &its->of, end + 1) < 0)
		return -1;
	*by = its->by.lane;
	*of = its->of.lane;
	*its = (struct timeline_task_wakes){ .by.n = 0 };
	return 0;
}

void timeline_wakes_free(struct timeline_wakes *wakes)
{
	for (uint32_t i = 0; i < wakes->tasks.n; i++) {
		struct timeline_task_wakes *its = wakes_of(wakes, i);

		timeline_lane_free(&its->by.lane);
		timeline_lane_free(&its->of.lane);
	}
	free(wakes->tasks.items);
}
