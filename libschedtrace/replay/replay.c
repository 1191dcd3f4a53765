/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Feeding the replay, and what may be asked of it. */
#include <stdlib.h>

#include "base/error.h"
#include "libschedtrace/replay/recorded.h"
#include "libschedtrace/replay/replay_state.h"

int replay_new(struct replay **out, const struct schedtrace_context *ctx, int64_t window_begin,
	       int64_t window_end, struct schedtrace_error *err)
{
	struct replay *replay = calloc(1, sizeof(*replay));

	if (!replay || lives_init(&replay->lives, ctx) < 0) {
		replay_free(replay);
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory to follow tasks");
	}
	replay->window_begin = window_begin;
	replay->window_end = window_end;
	replay->last_dead = LIFE_NONE;
	replay->resumed = INT64_MIN;
	*out = replay;
	return 0;
}

void replay_free(struct replay *replay)
{
	if (!replay)
		return;
	lives_free(&replay->lives);
	free(replay->cpus);
	free(replay->gaps);
	free(replay);
}

int replay_listen(struct replay *replay, const struct replay_listener *listener,
		  struct schedtrace_error *err)
{
	if (replay->n_listeners == REPLAY_MAX_LISTENERS)
		return error_set(err, SCHEDTRACE_E_LIMIT, "too many analyses follow tasks");
	for (int event = 0; event < 64 && listener->row; event++) {
		if (listener->events >> event & 1)
			replay->wants[event] |= (uint16_t)(1 << replay->n_listeners);
	}
	replay->listeners[replay->n_listeners++] = *listener;
	return 0;
}

struct lives *replay_lives(struct replay *replay)
{
	return &replay->lives;
}

uint32_t replay_last_dead(const struct replay *replay)
{
	return replay->last_dead;
}

void replay_no_memory(struct replay *replay)
{
	if (replay->status >= 0)
		replay->status =
			error_set(replay->err, SCHEDTRACE_E_NOMEM,
				  "no memory for the %u tasks of the trace", replay->lives.n + 1);
}
static inline void tell_row(struct replay *replay, const struct schedtrace_events *ev, size_t i,
			    uint32_t life)
{
	unsigned int wants = replay->wants[ev->event[i]];

	for (; wants && replay->status >= 0; wants &= wants - 1) {
		const struct replay_listener *to = &replay->listeners[__builtin_ctz(wants)];
		int r;

		if (replay->now < replay->window_begin && !to->before_window)
			continue;
		r = to->row(to->self, ev, i, life, replay->err);
		if (r < 0)
			fail(replay, r);
	}
}

/* When the last state was read of the tasks there at the start. */
static int64_t time_of_list(const struct schedtrace_context *ctx)
{
	size_t n;
	const struct schedtrace_task *tasks = schedtrace_context_tasks(ctx, &n);
	int64_t time = INT64_MIN;

	for (size_t i = 0; i < n; i++)
		if (tasks[i].start_ns == INT64_MIN && tasks[i].state)
			time = max64(time, tasks[i].state_ns);
	return time;
}

int replay_feed(struct replay *replay, const struct schedtrace_events *ev, size_t begin, size_t end,
		struct schedtrace_error *err)
{
	int r;

	if (begin < end && !replay->started) {
		int64_t known = schedtrace_context_info(replay->lives.ctx)->begin_ns;

		replay->begin = ev->timestamp[begin];
		if (known != INT64_MIN && known < replay->begin &&
		    replay->begin - known < INT64_MAX / 4)
			replay->begin = known;
		replay->listed = time_of_list(replay->lives.ctx);
		replay->started = true;
	}
	replay->err = err;
	for (size_t i = begin; i < end && replay->status >= 0; i++) {
		uint32_t life;

		replay->now = ev->timestamp[i];
		if (replay->now > replay->listed)
			replay_use_list(replay);
		life = replay_follow(replay, ev, i);
		if (ev->event[i] < SCHEDTRACE_EVENT_COUNT)
			replay->seen[ev->event[i]] = true;
		if (ev->event[i] < 64 && replay->now < replay->window_end)
			tell_row(replay, ev, i, life);
	}
	r = replay->status;
	replay->status = 0;
	replay->err = NULL;
	return r;
}

bool replay_covered(const struct replay *replay, int64_t *begin, int64_t *end)
{
	if (!replay->started)
		return false;
	*begin = max64(replay->begin, replay->window_begin);
	*end = min64(replay->now, replay->window_end);
	return *begin <= *end;
}

bool replay_recorded(const struct replay *replay, int event)
{
	return event_recorded(replay->seen, schedtrace_context_info(replay->lives.ctx)->events,
			      event);
}

struct replay_known replay_known(const struct replay *replay)
{
	const char *recorded = schedtrace_context_info(replay->lives.ctx)->events;
	struct replay_known known = {
		.switches = replay_recorded(replay, SCHEDTRACE_CTX_SWITCH),
	};

	known.states = known.switches && states_recorded(replay->seen, recorded);
	known.wakeups = known.switches && replay_recorded(replay, SCHEDTRACE_WAKEUP);
	known.new_wakeups = known.switches && replay_recorded(replay, SCHEDTRACE_WAKEUP_NEW);
	known.sleeps =
		known.states && (known.wakeups || replay_recorded(replay, SCHEDTRACE_WAKING));
	return known;
}

bool replay_in_window(const struct replay *replay, const struct life *life)
{
	if (life->flags & (LIFE_FREE | LIFE_MANY))
		return life->many > 0;
	if (life->end_ns != INT64_MIN && life->end_ns < replay->window_begin)
		return false;
	return life->flags & LIFE_FROM_START || life->first_seen < replay->window_end;
}

static bool clip_span(const struct replay *replay, struct replay_span *span)
{
	span->begin = max64(span->begin, replay->window_begin);
	span->end = min64(span->end, replay->window_end);
	/* Cut off by the window it is known whole; cut off by the last row it is not. */
	span->certain_end = span->begin;
	return span->begin <= span->end;
}

bool replay_open(const struct replay *replay, uint32_t id, struct replay_span *span)
{
	const struct life *life = &replay->lives.all[id];

	*span = (struct replay_span){ id,	   life->state, life->cpu,
				      life->since, life->since, replay->now };
	if (life->state == LIFE_DEAD)
		return false;
	return clip_span(replay, span);
}

bool replay_open_on(const struct replay *replay, int32_t cpu, struct replay_span *span)
{
	const struct replay_cpu *c = cpu < replay->n_cpus ? &replay->cpus[cpu] : NULL;

	if (!c || c->current == LIFE_NONE)
		return false;
	*span = (struct replay_span){
		c->current, LIFE_RUNNING, cpu, c->since, c->since, replay->now
	};
	return clip_span(replay, span);
}

int64_t replay_gap_ns(const struct replay *replay, uint32_t id)
{
	const struct life *life = &replay->lives.all[id];
	int64_t end = life->state == LIFE_DEAD ? life->gaps_at_end : replay->gaps_ns;

	for (uint32_t i = replay->first_open; i < replay->n_gaps && life->state != LIFE_DEAD; i++)
		if (replay->gaps[i].end == GAP_OPEN)
			end += clip(replay, replay->gaps[i].begin, replay->now);
	return max64(end - life->gaps_at_start - life->gaps_running, 0);
}
