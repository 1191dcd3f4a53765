/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "view/timeline/timeline.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/grown.h"
#include "libschedtrace/replay/queues.h"
#include "libschedtrace/replay/replay.h"
#include "libschedtrace/trace.h"
#include "view/timeline/timeline_wakes.h"

#define ROWS_AT_ONCE 65536

/* While the lanes are made. */
struct timeline_build {
	struct replay *replay;
	struct queues queues;
	struct grown cpus;   /* struct timeline_cpu */
	struct grown states; /* struct timeline_lane by life */
	uint32_t n_wasted;   /* CPUs whose waste_since is known */
	struct timeline_wakes wakes;
	bool out_of_memory; /* where that cannot be told at once */
};

static const enum timeline_state state_of_life[LIFE_DEAD] = {
	[LIFE_NEW] = TIMELINE_MADE,	     [LIFE_RUNNING] = TIMELINE_RUNNING,
	[LIFE_WAIT_WAKEUP] = TIMELINE_WOKEN, [LIFE_WAIT_PREEMPT] = TIMELINE_PREEMPTED,
	[LIFE_WAIT_NEW] = TIMELINE_STARTED,  [LIFE_WAIT_OLD] = TIMELINE_RUNNABLE,
	[LIFE_SLEEPING] = TIMELINE_SLEEPING, [LIFE_IDLING] = TIMELINE_IDLING,
	[LIFE_BLOCKED] = TIMELINE_BLOCKED,   [LIFE_STOPPED] = TIMELINE_STOPPED,
};

const char *timeline_state_name(enum timeline_state state)
{
	static const char *const names[TIMELINE_STATES] = {
		[TIMELINE_RUNNING] = "running",	    [TIMELINE_WOKEN] = "woken",
		[TIMELINE_PREEMPTED] = "preempted", [TIMELINE_STARTED] = "new",
		[TIMELINE_RUNNABLE] = "runnable",   [TIMELINE_SLEEPING] = "sleeping",
		[TIMELINE_IDLING] = "idle",	    [TIMELINE_BLOCKED] = "blocked",
		[TIMELINE_STOPPED] = "stopped",	    [TIMELINE_MADE] = "made",
	};

	return names[state];
}

static int no_memory(struct schedtrace_error *err)
{
	return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for a timeline");
}

static struct timeline_cpu *cpu_at(struct timeline *timeline, int32_t cpu)
{
	struct timeline_cpu *c = grown_at(&timeline->build->cpus, cpu, struct timeline_cpu);

	if (c && !c->named)
		*c = (struct timeline_cpu){ .named = true,
					    .queue_since = INT64_MIN,
					    .waste_since = INT64_MIN,
					    .ends_as = TIMELINE_UNKNOWN };
	return c;
}

/* NULL for an id that no row and no list of CPUs names. */
static struct timeline_cpu *named_cpu(struct timeline *timeline, uint32_t cpu)
{
	struct timeline_cpu *c = grown_get(&timeline->build->cpus, cpu, struct timeline_cpu);

	return c && c->named ? c : NULL;
}

/* ---- who runs, and what tasks do ------------------------------------------------------ */

static int add_run(struct timeline *timeline, const struct replay_span *span)
{
	struct timeline_cpu *c = cpu_at(timeline, span->cpu);
	uint32_t who = span->life == LIFE_IDLE ? TIMELINE_IDLE : span->life;

	return c ? timeline_lane_add(&c->runs, timeline->memory, span->begin, span->certain_end,
				     who, 0)
		 : -1;
}

/* Since when a task is known to be there. */
static int64_t first_of(const struct timeline *timeline, const struct life *life)
{
	return life->flags & LIFE_OLD ? timeline->begin : life->first_seen;
}

static int add_state(struct timeline *timeline, uint32_t id, int64_t begin, int64_t end,
		     uint32_t state, int32_t cpu)
{
	const struct life *life = &replay_lives(timeline->build->replay)->all[id];
	struct timeline_lane *lane = grown_at(&timeline->build->states, id, struct timeline_lane);

	if (lane && !lane->n &&
	    timeline_lane_add(lane, timeline->memory, first_of(timeline, life), begin,
			      TIMELINE_UNKNOWN, 0) < 0)
		return -1;
	return lane ? timeline_lane_add(lane, timeline->memory, begin, end, state,
					cpu < 0 ? TIMELINE_UNKNOWN : (uint32_t)cpu)
		    : -1;
}

static int take_span(void *self, const struct replay_span *span, struct schedtrace_error *err)
{
	struct timeline *timeline = self;
	int r = 0;

	queues_span(&timeline->build->queues, span);
	if (span->begin >= span->certain_end)
		return 0;
	if (span->state == LIFE_RUNNING)
		r = add_run(timeline, span);
	if (r == 0 && span->life != LIFE_IDLE && span->state != LIFE_UNKNOWN)
		r = add_state(timeline, span->life, span->begin, span->certain_end,
			      state_of_life[span->state], span->cpu);
	return r < 0 ? no_memory(err) : 0;
}

static void count_doubt(struct timeline *timeline, enum replay_doubt why, int64_t records)
{
	timeline->gaps += why == REPLAY_GAP;
	timeline->clock_steps += why == REPLAY_CLOCK;
	timeline->missing_switches += why == REPLAY_BROKEN;
	if (why == REPLAY_GAP && records > 0 && timeline->lost < INT64_MAX - records)
		timeline->lost += records;
}

static int take_doubt(void *self, int32_t cpu, enum replay_doubt why, int64_t begin, int64_t end,
		      int64_t records, struct schedtrace_error *err)
{
	static const uint32_t specials[] = {
		[REPLAY_START] = TIMELINE_UNKNOWN,   [REPLAY_BROKEN] = TIMELINE_UNKNOWN,
		[REPLAY_GAP] = TIMELINE_LOST,	     [REPLAY_CLOCK] = TIMELINE_CLOCK,
		[REPLAY_RESUMED] = TIMELINE_UNKNOWN, [REPLAY_OFFLINE] = TIMELINE_OFFLINE,
	};
	struct timeline *timeline = self;
	struct timeline_cpu *c = cpu_at(timeline, cpu);

	queues_doubt(&timeline->build->queues, cpu, why, begin, end);
	count_doubt(timeline, why, records);
	if (!c || timeline_lane_add(&c->runs, timeline->memory, begin, end, specials[why], 0) < 0)
		return no_memory(err);
	return 0;
}

/* ---- lengths of queues ---------------------------------------------------------------- */

static int end_queue(struct timeline *timeline, struct timeline_cpu *c, int64_t end)
{
	int64_t begin = c->queue_since;

	c->queue_since = INT64_MIN;
	return begin == INT64_MIN
		       ? 0
		       : timeline_lane_add(&c->queue, timeline->memory, begin, end, c->queued, 0);
}

/* Any queue may change in a gap: lengths are unknown until the next row that tells them. */
static int end_queues(struct timeline *timeline, int64_t end)
{
	struct timeline_cpu *c;
	int r = 0;

	for (uint32_t cpu = 0; r == 0 && cpu < timeline->build->cpus.n; cpu++)
		if ((c = named_cpu(timeline, cpu)))
			r = end_queue(timeline, c, end);
	return r;
}

static int set_queue(struct timeline *timeline, struct timeline_cpu *c, int64_t now, int64_t length)
{
	int r;

	if (c->queue_since != INT64_MIN && (int64_t)c->queued == length)
		return 0;
	r = end_queue(timeline, c, now);
	c->queue_since = now;
	c->queued = length < 0			      ? 0
		    : length > TIMELINE_LONGEST_QUEUE ? TIMELINE_LONGEST_QUEUE
						      : (uint32_t)length;
	return r;
}

static int follow_queue(struct timeline *timeline, const struct schedtrace_events *rows, size_t i)
{
	struct timeline_cpu *c = cpu_at(timeline, rows->cpu[i]);
	int64_t now = rows->timestamp[i];

	if (!c)
		return -1;
	switch (rows->event[i]) {
	case SCHEDTRACE_RQ_SIZE:
		return set_queue(timeline, c, now, rows->arg0[i]);
	case SCHEDTRACE_RUNS:
		/* A task was believed to run there: it may wait there, or have left unseen. */
		return rows->arg0[i] > 0 ? end_queue(timeline, c, now) : 0;
	case SCHEDTRACE_CPU_OFFLINE:
		c->ends_as = TIMELINE_OFFLINE;
		return end_queue(timeline, c, now);
	case SCHEDTRACE_CPU_ONLINE:
		c->ends_as = TIMELINE_UNKNOWN;
		return 0;
	case SCHEDTRACE_GAP:
		c->ends_as = TIMELINE_LOST;
		return end_queues(timeline, now);
	case SCHEDTRACE_LOST:
		c->ends_as = TIMELINE_UNKNOWN;
		return end_queues(timeline, rows->arg1[i] < now ? rows->arg1[i] : now);
	default:
		return 0;
	}
}

/* ---- idle while others wait ----------------------------------------------------------- */

static int end_waste(struct timeline *timeline, struct timeline_cpu *c, int64_t now)
{
	int64_t begin = c->waste_since;

	c->waste_since = INT64_MIN;
	timeline->build->n_wasted--;
	return timeline_lane_add(&c->waste, timeline->memory, begin, now, 0, 0);
}

/* Which CPUs idle while a task waits that could run there, after a row. */
static int follow_waste(struct timeline *timeline, int64_t now)
{
	struct timeline_build *build = timeline->build;
	const struct queues *queues = &build->queues;
	int r = 0;

	if (!queues->waste.idle && !build->n_wasted)
		return 0;
	for (uint32_t cpu = 0; r == 0 && cpu < build->cpus.n; cpu++) {
		struct timeline_cpu *c = named_cpu(timeline, cpu);
		bool wasted = queues->waste.idle && queues_idle_is_waste(queues, cpu);

		if (!c || wasted == (c->waste_since != INT64_MIN))
			continue;
		if (!wasted) {
			r = end_waste(timeline, c, now);
			continue;
		}
		c->waste_since = now;
		build->n_wasted++;
	}
	return r;
}

/* What was believed of the time since then is not so certain after all. */
static void take_out_waste(void *self, int64_t since)
{
	struct timeline *timeline = self;
	struct timeline_build *build = timeline->build;

	for (uint32_t cpu = 0; cpu < build->cpus.n; cpu++) {
		struct timeline_cpu *c = named_cpu(timeline, cpu);

		if (!c)
			continue;
		timeline_lane_cut(&c->waste, since);
		if (c->waste_since == INT64_MIN)
			continue;
		if (timeline_lane_add(&c->waste, timeline->memory, c->waste_since, since, 0, 0) < 0)
			build->out_of_memory = true;
		c->waste_since = build->queues.now;
	}
}

/* ---- rows ----------------------------------------------------------------------------- */

static int add_wake(struct timeline *timeline, const struct schedtrace_events *rows, size_t i,
		    uint32_t woken)
{
	struct timeline_build *build = timeline->build;
	int64_t pid = rows->arg0[i];
	uint32_t waker = TIMELINE_UNKNOWN;

	if (woken > LIFE_MAX)
		return 0;
	if (!pid)
		waker = TIMELINE_IDLE;
	else if (pid > 0 && pid <= INT32_MAX)
		waker = lives_find(replay_lives(build->replay), (int32_t)pid);
	return timeline_wakes_add(&build->wakes, woken, waker, rows->timestamp[i]);
}

static int take_row(void *self, const struct schedtrace_events *rows, size_t i, uint32_t life,
		    struct schedtrace_error *err)
{
	struct timeline *timeline = self;
	struct timeline_build *build = timeline->build;
	int r;

	if (rows->event[i] == SCHEDTRACE_WAKING)
		return add_wake(timeline, rows, i, life) < 0 ? no_memory(err) : 0;
	r = follow_queue(timeline, rows, i);
	if (r == 0 && rows->event[i] != SCHEDTRACE_RQ_SIZE)
		r = queues_follow(&build->queues, rows, i, life);
	if (r == 0)
		r = follow_waste(timeline, rows->timestamp[i]);
	return r < 0 || build->out_of_memory ? no_memory(err) : 0;
}

static int start(struct timeline *timeline, bool wakes, struct schedtrace_error *err)
{
	struct timeline_build *build = timeline->build;
	struct replay_listener listener = {
		.self = timeline,
		.span = take_span,
		.doubt = take_doubt,
		.row = take_row,
		.events = QUEUES_EVENTS | REPLAY_EVENT(RQ_SIZE) | REPLAY_EVENT(CPU_ONLINE),
	};
	struct analysis_env env = { .ctx = timeline->context,
				    .window_begin = INT64_MIN,
				    .window_end = INT64_MAX };
	int32_t cpus = schedtrace_context_info(timeline->context)->cpus;
	int r;

	if (wakes)
		listener.events |= REPLAY_EVENT(WAKING);
	build->wakes.memory = timeline->memory;
	r = replay_new(&build->replay, timeline->context, INT64_MIN, INT64_MAX, err);

	if (r < 0)
		return r;
	env.replay = build->replay;
	if (queues_init(&build->queues, &env) < 0)
		return no_memory(err);
	build->queues.self = timeline;
	build->queues.doubted = take_out_waste;
	for (int32_t cpu = 0; cpu < cpus; cpu++)
		if (!cpu_at(timeline, cpu))
			return no_memory(err);
	return replay_listen(build->replay, &listener, err);
}

int timeline_new(struct timeline *out, const struct schedtrace_context *context, bool wakes,
		 struct schedtrace_error *err)
{
	int r;

	*out = (struct timeline){ .context = context };
	r = cache_memory_new(&out->memory, err);
	if (r < 0)
		return r;
	out->build = calloc(1, sizeof(*out->build));
	return out->build ? start(out, wakes, err) : no_memory(err);
}

int timeline_feed(struct timeline *timeline, const struct schedtrace_events *rows,
		  struct schedtrace_error *err)
{
	if (!rows->n)
		return 0;
	if (!timeline->rows)
		timeline->begin = rows->timestamp[0];
	timeline->end = rows->timestamp[rows->n - 1];
	timeline->rows += rows->n;
	return replay_feed(timeline->build->replay, rows, 0, rows->n, err);
}

int timeline_feed_all(struct timeline *timeline, const struct schedtrace_events *rows,
		      int (*step)(void *user, uint64_t done, uint64_t total,
				  struct schedtrace_error *err),
		      void *user, struct schedtrace_error *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < rows->n; i += ROWS_AT_ONCE) {
		size_t n = rows->n - i < ROWS_AT_ONCE ? rows->n - i : ROWS_AT_ONCE;
		struct schedtrace_events part = events_slice(rows, i, n);

		r = timeline_feed(timeline, &part, err);
		if (r == 0)
			r = step(user, i + n, rows->n, err);
	}
	return r;
}

/* ---- the end -------------------------------------------------------------------------- */

static int finish_cpu(struct timeline *timeline, uint32_t cpu)
{
	struct timeline_cpu *c = cpu_at(timeline, (int32_t)cpu);
	struct replay_span open;
	int r;

	r = end_queue(timeline, c, timeline->end);
	if (r == 0 && c->waste_since != INT64_MIN)
		r = end_waste(timeline, c, timeline->end);
	if (r < 0)
		return r;
	if (replay_open_on(timeline->build->replay, (int32_t)cpu, &open))
		return timeline_lane_add(&c->runs, timeline->memory, open.begin, timeline->end,
					 TIMELINE_LASTING,
					 open.life == LIFE_IDLE ? TIMELINE_IDLE : open.life);
	return timeline_lane_add(&c->runs, timeline->memory,
				 c->runs.n ? c->runs.end : timeline->begin, timeline->end,
				 c->ends_as, 0);
}

/* A copy that outlives the replay; NULL without memory. */
static const char *keep_name(struct timeline *timeline, const char *name)
{
	size_t n = name ? strlen(name) + 1 : 1;
	char *copy = arena_alloc(&timeline->names, n);

	return copy ? memcpy(copy, name ? name : "", n) : NULL;
}

static int finish_task(struct timeline *timeline, uint32_t id)
{
	struct lives *lives = replay_lives(timeline->build->replay);
	struct timeline_lane *states = grown_at(&timeline->build->states, id, struct timeline_lane);
	struct timeline_task *task = &timeline->tasks[id];
	struct life *life = &lives->all[id];
	struct replay_span open;

	if (!states)
		return -1;
	lives_complete(lives, life);
	if (replay_open(timeline->build->replay, id, &open) && open.state != LIFE_UNKNOWN &&
	    add_state(timeline, id, open.begin, timeline->end,
		      TIMELINE_LASTS + state_of_life[open.state], open.cpu) < 0)
		return -1;
	*task = (struct timeline_task){ .pid = life->pid,
					.tgid = life->tgid,
					.name = keep_name(timeline, lives_name(lives, id)),
					.begin = life->start_ns,
					.end = life->end_ns,
					.prio = life->prio,
					.states = *states };
	*states = (struct timeline_lane){ .chunks = NULL };
	if (timeline_wakes_take(&timeline->build->wakes, id, timeline->end, &task->woken_by,
				&task->woke) < 0)
		return -1;
	if (task->begin == INT64_MIN)
		task->begin = first_of(timeline, life);
	if (task->end == INT64_MIN)
		task->end = timeline->end;
	if (timeline_lane_add(&task->states, timeline->memory,
			      task->states.n ? task->states.end : task->begin, task->end,
			      TIMELINE_UNKNOWN, 0) < 0)
		return -1;
	return task->name ? 0 : -1;
}

static void free_build(struct timeline_build *build)
{
	for (uint32_t i = 0; i < build->states.n; i++)
		timeline_lane_free(grown_get(&build->states, i, struct timeline_lane));
	free(build->states.items);
	free(build->cpus.items);
	timeline_wakes_free(&build->wakes);
	queues_free(&build->queues);
	replay_free(build->replay);
	free(build);
}

int timeline_finish(struct timeline *timeline, struct schedtrace_error *err)
{
	struct timeline_build *build = timeline->build;
	uint32_t n_tasks = replay_lives(build->replay)->n;
	int r = 0;

	timeline->switches = replay_known(build->replay).switches;
	timeline->tasks = calloc(n_tasks + 1, sizeof(*timeline->tasks));
	if (!timeline->tasks)
		return no_memory(err);
	timeline->n_tasks = n_tasks;
	for (uint32_t cpu = 0; r == 0 && cpu < build->cpus.n; cpu++)
		if (named_cpu(timeline, cpu))
			r = finish_cpu(timeline, cpu);
	for (uint32_t id = 0; r == 0 && id < n_tasks; id++)
		r = finish_task(timeline, id);
	if (r < 0)
		return no_memory(err);
	timeline->cpus = build->cpus.items;
	for (uint32_t cpu = 0; cpu < build->cpus.n; cpu++)
		if (named_cpu(timeline, cpu))
			timeline->n_cpus = cpu + 1;
	build->cpus = (struct grown){ .items = NULL };
	free_build(build);
	timeline->build = NULL;
	return 0;
}

static void free_cpus(struct timeline_cpu *cpus, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		timeline_lane_free(&cpus[i].runs);
		timeline_lane_free(&cpus[i].queue);
		timeline_lane_free(&cpus[i].waste);
	}
}

void timeline_free(struct timeline *timeline)
{
	if (timeline->build) {
		free_cpus(timeline->build->cpus.items, timeline->build->cpus.n);
		free_build(timeline->build);
	}
	free_cpus(timeline->cpus, timeline->n_cpus);
	free(timeline->cpus);
	for (uint32_t i = 0; i < timeline->n_tasks; i++) {
		timeline_lane_free(&timeline->tasks[i].states);
		timeline_lane_free(&timeline->tasks[i].woken_by);
		timeline_lane_free(&timeline->tasks[i].woke);
	}
	free(timeline->tasks);
	arena_free(&timeline->names);
	cache_memory_free(timeline->memory);
	*timeline = (struct timeline){ .context = NULL };
}
