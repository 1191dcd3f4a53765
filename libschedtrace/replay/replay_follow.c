/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What every row says about who runs, waits and sleeps where; the rules are in replay.h. */
#include <stdlib.h>

#include "libschedtrace/replay/replay_lives.h"

/* Listeners are told only while all goes well: @err must keep its first sentence. */
#define TELL(replay, function, ...)                                                                \
	do {                                                                                       \
		for (size_t l_ = 0; l_ < (replay)->n_listeners && (replay)->status >= 0; l_++) {   \
			const struct replay_listener *to_ = &(replay)->listeners[l_];              \
			int r_ = to_->function                                                     \
					 ? to_->function(to_->self, __VA_ARGS__, (replay)->err)    \
					 : 0;                                                      \
			if (r_ < 0)                                                                \
				fail((replay), r_);                                                \
		}                                                                                  \
	} while (0)

static void emit_until(struct replay *replay, uint32_t life, enum life_state state, int32_t cpu,
		       int64_t begin, int64_t certain_end, int64_t end, bool gap)
{
	struct replay_span span = {
		.life = life,
		.state = state,
		.cpu = cpu,
		.begin = max64(begin, replay->window_begin),
		.end = min64(end, replay->window_end),
		.gap = gap,
	};

	if (span.begin >= span.end)
		return;
	span.certain_end = min64(max64(certain_end, span.begin), span.end);
	span.cut = span.begin != begin || span.end != end ||
		   (is_task(life) && life_of(replay, life)->flags & LIFE_FROM_START);
	span.whole = !span.cut && certain_end >= end && end == replay->now;
	span.switched_in = replay->switching_in;
	TELL(replay, span, &span);
}

static void emit(struct replay *replay, uint32_t life, enum life_state state, int32_t cpu,
		 int64_t begin, int64_t certain_end, int64_t end)
{
	emit_until(replay, life, state, cpu, begin, certain_end, end, false);
}

struct replay_cpu *replay_cpu(struct replay *replay, int32_t cpu)
{
	if (cpu >= replay->n_cpus) {
		int32_t n = cpu + 1 > 2 * replay->n_cpus ? cpu + 1 : 2 * replay->n_cpus;
		struct replay_cpu *grown = reallocarray(replay->cpus, (size_t)n, sizeof(*grown));

		if (!grown) {
			replay_no_memory(replay);
			return NULL;
		}
		for (int32_t i = replay->n_cpus; i < n; i++)
			grown[i] = (struct replay_cpu){ .current = LIFE_NONE,
							.why = REPLAY_START,
							.since = replay->begin,
							.seen = replay->begin,
							.awaited = INT64_MAX };
		replay->cpus = grown;
		replay->n_cpus = n;
	}
	return &replay->cpus[cpu];
}

void replay_settle_gaps(struct replay *replay, uint32_t id)
{
	struct life *life = life_of(replay, id);
	const struct gap *gap;
	int64_t end;

	if (life->gap == replay->n_gaps)
		return;
	gap = &replay->gaps[life->gap];
	life->gap = replay->first_open;
	if (life->state == LIFE_RUNNING || life->state == LIFE_DEAD)
		return;
	end = min64(gap->end, replay->now);
	if (life->state == LIFE_WAIT_OLD && gap->begin > life->since)
		emit_until(replay, id, LIFE_WAIT_OLD, life->cpu, life->since, life->since,
			   gap->begin, true);
	else if (life->state != LIFE_UNKNOWN && life->state != LIFE_NEW && gap->begin > life->since)
		emit_until(replay, id, life->state, life->cpu, life->since, gap->begin, gap->begin,
			   true);
	else if (life_is_waiting(life->state))
		emit_until(replay, id, life->state, life->cpu, life->since, life->since, end, true);
	if (life->state == LIFE_UNKNOWN && gap->begin > life->since)
		emit_until(replay, id, LIFE_WAIT_WAKEUP, -1, life->since, life->since, gap->begin,
			   true);
	life->state = LIFE_UNKNOWN;
	life->flags &= (uint16_t)~LIFE_FROM_START;
	life->since = max64(life->since, end);
}

void replay_lose_current(struct replay *replay, int32_t cpu, int64_t certain_end, int64_t end)
{
	struct replay_cpu *c = &replay->cpus[cpu];
	uint32_t id = c->current;

	if (id == LIFE_NONE)
		return;
	c->current = LIFE_NONE;
	c->why = REPLAY_BROKEN;
	emit(replay, id, LIFE_RUNNING, cpu, c->since, certain_end, end);
	if (is_task(id))
		replay_set_state(replay, life_of(replay, id), LIFE_UNKNOWN, -1, certain_end);
}

/* Ends what @id did before it is on @cpu now; it may run there since @from. */
static void stop_waiting(struct replay *replay, uint32_t id, int32_t cpu, int64_t from)
{
	int64_t now = replay->now, since, woken;
	struct life *life;

	replay_settle_gaps(replay, id);
	life = life_of(replay, id);
	if (life->state == LIFE_RUNNING) {
		/* On another CPU; nobody saw it leave. */
		struct replay_cpu *other = &replay->cpus[life->cpu];

		replay_lose_current(replay, life->cpu, other->seen, now);
	}
	since = life->since;
	switch ((enum life_state)life->state) {
	case LIFE_WAIT_WAKEUP:
	case LIFE_WAIT_PREEMPT:
	case LIFE_WAIT_NEW:
		emit(replay, id, life->state, life->cpu, since, from, now);
		break;
	case LIFE_WAIT_OLD:
		/* Found running it may have run all the time: no CPU where it waited. */
		emit(replay, id, LIFE_WAIT_OLD, from < now ? -1 : life->cpu, since, from, now);
		break;
	case LIFE_SLEEPING:
	case LIFE_IDLING:
	case LIFE_BLOCKED:
	case LIFE_STOPPED:
		/* Its wakeup is missing. */
		woken = max64(life->waking, since);
		emit(replay, id, life->state, -1, since, woken, now);
		emit(replay, id, LIFE_WAIT_WAKEUP, cpu, woken, woken, now);
		since = woken;
		break;
	case LIFE_NEW:
		emit(replay, id, LIFE_WAIT_NEW, cpu, since, since, now);
		break;
	default:
		emit(replay, id, LIFE_WAIT_WAKEUP, -1, since, since, now);
		break;
	}
	if (from < now)
		emit(replay, id, LIFE_RUNNING, cpu, max64(from, since), from, now);
}

static void arrive(struct replay *replay, struct replay_cpu *c, int32_t cpu, uint32_t id,
		   int64_t from)
{
	if (is_task(id)) {
		stop_waiting(replay, id, cpu, from);
		replay_set_state(replay, life_of(replay, id), LIFE_RUNNING, cpu, replay->now);
		life_of(replay, id)->pending = LIFE_UNKNOWN;
		life_of(replay, id)->flags &= (uint16_t)~LIFE_IN_KERNEL;
	}
	c->current = id;
	c->since = replay->now;
	c->seen = replay->now;
	c->awaited = INT64_MAX;
}

void replay_tell_doubt(struct replay *replay, int32_t cpu, int64_t begin, int64_t records)
{
	int64_t end = min64(replay->now, replay->window_end);
	enum replay_doubt why = replay->cpus[cpu].why;

	begin = max64(begin, replay->window_begin);
	if (begin <= end && in_window(replay, begin))
		TELL(replay, doubt, cpu, why, begin, end, records);
}

/* From when on @id, or whoever came before it, may have run on the CPU, which idled. */
static int64_t left_idle(const struct replay *replay, const struct replay_cpu *c, uint32_t id)
{
	const struct life *life = &replay->lives.all[id];
	int64_t there = life->since;

	if (life->state == LIFE_RUNNING)
		there = replay->cpus[life->cpu].seen;
	return max64(c->seen, min64(there, c->awaited));
}

/* A task waits on @cpu from now on. */
static void await(struct replay *replay, int32_t cpu)
{
	struct replay_cpu *c = cpu < replay->n_cpus ? &replay->cpus[cpu] : NULL;

	if (c && c->awaited == INT64_MAX)
		c->awaited = replay->now;
}

/* @id runs on @cpu now, whoever was believed to. */
static void found(struct replay *replay, int32_t cpu, uint32_t id)
{
	struct replay_cpu *c = &replay->cpus[cpu];
	int64_t from = c->seen;
	bool offline = c->current == LIFE_NONE && c->why == REPLAY_OFFLINE;

	if (c->current == id && id != LIFE_NONE) {
		c->seen = replay->now;
		if (c->awaited != INT64_MAX)
			c->awaited = replay->now;
		return;
	}
	/* In a gap, anybody may have come. */
	if (c->current == LIFE_IDLE && is_task(id) && replay->first_open == replay->n_gaps &&
	    replay->resumed <= c->seen) {
		replay_settle_gaps(replay, id);
		from = left_idle(replay, c, id);
	}
	replay_lose_current(replay, cpu, from, replay->now);
	if (c->why == REPLAY_BROKEN || from < replay->now)
		replay_tell_doubt(replay, cpu, from, -1);
	c->why = REPLAY_BROKEN;
	arrive(replay, c, cpu, id, offline ? replay->now : from);
}

static void depart(struct replay *replay, int32_t cpu, uint32_t id)
{
	struct life *life = life_of(replay, id);
	enum life_state next = life->pending;
	bool voluntary = next != LIFE_UNKNOWN;

	emit(replay, id, LIFE_RUNNING, cpu, life->since, replay->now, replay->now);
	if (in_window(replay, replay->now))
		TELL(replay, left, id, cpu, voluntary);
	life->pending = LIFE_UNKNOWN;
	if (next == LIFE_DEAD) {
		replay_die(replay, id, replay->now);
		return;
	}
	life->waking = INT64_MIN;
	replay_set_state(replay, life, voluntary ? next : LIFE_WAIT_PREEMPT, voluntary ? -1 : cpu,
			 replay->now);
}

static void ctx_switch(struct replay *replay, int32_t cpu, int32_t prev, int64_t next)
{
	struct replay_cpu *c = replay_cpu(replay, cpu);
	uint32_t out = prev ? replay_alive(replay, prev) : LIFE_IDLE, in = LIFE_IDLE;

	if (next)
		in = next > 0 && next <= INT32_MAX ? replay_alive(replay, (int32_t)next)
						   : LIFE_NONE;
	if (!c || replay->status < 0)
		return;
	if (c->current != out && is_task(out)) {
		/* The rows before this one told already in which state it leaves. */
		const struct life told = *life_of(replay, out);

		found(replay, cpu, out);
		life_of(replay, out)->pending = told.pending;
		life_of(replay, out)->flags |= told.flags & LIFE_IN_KERNEL;
	} else if (c->current != out) {
		found(replay, cpu, out);
	}
	if (is_task(out))
		depart(replay, cpu, out);
	else if (out == LIFE_IDLE)
		emit(replay, LIFE_IDLE, LIFE_RUNNING, cpu, c->since, replay->now, replay->now);
	c->current = LIFE_NONE;
	replay->switching_in = true;
	arrive(replay, c, cpu, in, replay->now);
	replay->switching_in = false;
}

static void wakeup(struct replay *replay, int32_t cpu, uint32_t id, enum life_state wait)
{
	int64_t now = replay->now;
	struct life *life;

	replay_settle_gaps(replay, id);
	life = life_of(replay, id);
	life->pending = LIFE_UNKNOWN;
	life->waking = INT64_MIN;
	switch ((enum life_state)life->state) {
	case LIFE_RUNNING:
		return; /* it was woken before it slept */
	case LIFE_WAIT_PREEMPT:
		if (life->flags & LIFE_IN_KERNEL || !replay->has_states)
			return; /* likewise, when it was preempted on its way to sleep */
				/* fall through */
	case LIFE_WAIT_WAKEUP:
	case LIFE_WAIT_NEW:
		/* Not possible without having run and slept in between. */
		emit(replay, id, life->state, life->cpu, life->since, life->since, now);
		emit(replay, id, LIFE_RUNNING, life->cpu, life->since, life->since, now);
		if (in_window(replay, now))
			TELL(replay, missed, id, life->cpu);
		break;
	case LIFE_SLEEPING:
	case LIFE_IDLING:
	case LIFE_BLOCKED:
	case LIFE_STOPPED:
		emit(replay, id, life->state, -1, life->since, now, now);
		break;
	case LIFE_WAIT_OLD:
		emit(replay, id, LIFE_WAIT_OLD, life->cpu, life->since, life->since, now);
		break;
	case LIFE_UNKNOWN:
		if (!(life->flags & LIFE_FROM_START))
			emit(replay, id, LIFE_WAIT_WAKEUP, -1, life->since, life->since, now);
		break;
	default:
		break;
	}
	replay_set_state(replay, life, wait, cpu, now);
	await(replay, cpu);
}

/* The numbers of two tasks are exchanged while @from runs on @cpu, and @to perhaps elsewhere. */
static void exchange(struct replay *replay, int32_t cpu, uint32_t from, uint32_t to)
{
	struct replay_cpu *c = &replay->cpus[cpu], *other = NULL;
	struct life *life = life_of(replay, to);

	emit(replay, from, LIFE_RUNNING, cpu, c->since, replay->now, replay->now);
	if (life->state == LIFE_RUNNING) {
		other = &replay->cpus[life->cpu];
		emit(replay, to, LIFE_RUNNING, life->cpu, other->since, replay->now, replay->now);
		replay_set_state(replay, life_of(replay, from), LIFE_RUNNING, life->cpu,
				 replay->now);
		replay_set_state(replay, life, LIFE_UNKNOWN, -1, replay->now);
		other->current = from;
		other->since = other->seen = replay->now;
	} else {
		replay_die(replay, from, replay->now);
	}
	replay_revive(replay, to);
	arrive(replay, c, cpu, to, replay->now);
}

/* RENUMBER: the task that had the number @old, and runs on @cpu, has the number @pid now. */
static uint32_t renumber(struct replay *replay, int32_t cpu, int32_t pid, int64_t old)
{
	struct replay_cpu *c = replay_cpu(replay, cpu);
	uint32_t to = replay_named(replay, pid), from = LIFE_NONE;
	struct life *life;

	if (old > 0 && old <= INT32_MAX && old != pid)
		from = lives_find(&replay->lives, (int32_t)old);
	if (!c || to == LIFE_NONE || from == LIFE_NONE || replay->status < 0)
		return to;
	life = life_of(replay, from);
	if (c->current == from) {
		life_of(replay, to)->prio = life->prio;
		exchange(replay, cpu, from, to);
		return to;
	}
	/* The new number was found there before: only the old one's end is news. */
	replay_settle_gaps(replay, from);
	if (life->state == LIFE_RUNNING)
		replay_lose_current(replay, life->cpu, replay->cpus[life->cpu].seen, replay->now);
	if (life->state != LIFE_DEAD)
		replay_die(replay, from, replay->now);
	return to;
}

static void pending_state(struct replay *replay, uint32_t id, int64_t c)
{
	struct life *life;

	if (id == LIFE_NONE)
		return;
	life = life_of(replay, id);
	if (c == '+')
		life->flags |= LIFE_IN_KERNEL;
	else if (replay_state_of_char(c) != LIFE_UNKNOWN)
		life->pending = (uint8_t)replay_state_of_char(c);
}

uint32_t replay_follow(struct replay *replay, const struct schedtrace_events *ev, size_t i)
{
	int32_t pid = ev->pid[i], cpu = ev->cpu[i];
	int64_t arg0 = ev->arg0[i], arg1 = ev->arg1[i];
	uint32_t id = LIFE_NONE;
	struct life *life;
	struct replay_cpu *c;

	switch (ev->event[i]) {
	case SCHEDTRACE_CTX_SWITCH:
		id = pid > 0 ? replay_alive(replay, pid) : LIFE_NONE;
		ctx_switch(replay, cpu, pid, arg0);
		break;
	case SCHEDTRACE_RUNS:
		id = pid > 0 ? replay_alive(replay, pid) : LIFE_NONE;
		if (replay_cpu(replay, cpu) && replay->status >= 0)
			found(replay, cpu, pid ? id : LIFE_IDLE);
		break;
	case SCHEDTRACE_RENUMBER:
		id = pid > 0 ? renumber(replay, cpu, pid, arg0) : LIFE_NONE;
		break;
	case SCHEDTRACE_CPU_IDLE:
		if (replay_cpu(replay, cpu))
			found(replay, cpu, LIFE_IDLE);
		break;
	case SCHEDTRACE_BLOCK:
	case SCHEDTRACE_BLOCK_IO:
		id = replay_named(replay, pid);
		pending_state(replay, id, ev->event[i] == SCHEDTRACE_BLOCK ? 'S' : 'D');
		break;
	case SCHEDTRACE_STATE:
		id = replay_named(replay, pid);
		replay->has_states = true;
		pending_state(replay, id, arg0);
		break;
	case SCHEDTRACE_WAKEUP:
	case SCHEDTRACE_WAKEUP_NEW:
		id = ev->event[i] == SCHEDTRACE_WAKEUP
			     ? replay_alive(replay, pid)
			     : replay_born(replay, pid, LIFE_SAW_WAKEUP_NEW);
		if (id != LIFE_NONE)
			wakeup(replay, cpu, id,
			       ev->event[i] == SCHEDTRACE_WAKEUP ? LIFE_WAIT_WAKEUP
								 : LIFE_WAIT_NEW);
		break;
	case SCHEDTRACE_WAKING:
		id = replay_alive(replay, pid);
		if (id != LIFE_NONE) {
			life_of(replay, id)->waking = replay->now;
			life_of(replay, id)->flags &= (uint16_t)~LIFE_MOVED;
		}
		break;
	case SCHEDTRACE_STAT_RUNTIME:
		id = replay_named(replay, pid);
		life = id == LIFE_NONE ? NULL : life_of(replay, id);
		if (life && life->state == LIFE_RUNNING)
			replay->cpus[life->cpu].seen = replay->now;
		break;
	case SCHEDTRACE_PRIO:
		id = replay_named(replay, pid);
		if (id != LIFE_NONE)
			life_of(replay, id)->prio = (int32_t)arg0;
		break;
	case SCHEDTRACE_MIGRATE:
		id = replay_moved(replay, pid);
		life = id == LIFE_NONE ? NULL : life_of(replay, id);
		if (life && life_is_waiting(life->state) && arg1 >= 0 && arg1 < 65535)
			life->cpu = (int32_t)arg1;
		if (life && life_is_waiting(life->state))
			await(replay, life->cpu);
		break;
	case SCHEDTRACE_NEWTASK:
		replay_newtask(replay, pid, arg0, arg1);
		id = replay_named(replay, pid);
		break;
	case SCHEDTRACE_FORK:
		replay_fork(replay, pid, arg0);
		id = replay_named(replay, pid);
		break;
	case SCHEDTRACE_EXIT:
		id = replay_named(replay, pid);
		life = id == LIFE_NONE ? NULL : life_of(replay, id);
		if (life) {
			life->flags |= LIFE_EXITED;
			life->exit_ns = replay->now;
		}
		break;
	case SCHEDTRACE_GAP:
		replay_gap_begins(replay, cpu);
		return LIFE_NONE;
	case SCHEDTRACE_LOST:
		replay_lost(replay, cpu, arg1, arg0);
		return LIFE_NONE;
	case SCHEDTRACE_CPU_OFFLINE:
		replay_went_offline(replay, cpu);
		return LIFE_NONE;
	case SCHEDTRACE_CPU_ONLINE:
		replay_came_online(replay, cpu);
		return LIFE_NONE;
	case SCHEDTRACE_RQ_SIZE:
		c = cpu < replay->n_cpus ? &replay->cpus[cpu] : NULL;
		if (c && is_task(c->current) && life_of(replay, c->current)->pid == pid)
			return c->current;
		id = replay_named(replay, pid);
		break;
	default:
		id = replay_named(replay, pid);
		break;
	}
	if (id != LIFE_NONE && ev->comm && ev->comm[i] &&
	    ev->comm[i] != life_of(replay, id)->comm &&
	    lives_set_comm(&replay->lives, id, ev->comm[i]) < 0)
		replay_no_memory(replay);
	if (ev->event[i] == SCHEDTRACE_RENAME)
		replay_renamed(replay, id, arg0, arg1);
	else if (ev->event[i] == SCHEDTRACE_EXEC)
		replay_exec_name(replay, ev, i, id);
	return id;
}
