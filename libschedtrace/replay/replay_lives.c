/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "libschedtrace/replay/replay_lives.h"

#include <string.h>

#define CLONE_PARENT 0x00008000
#define CLONE_THREAD 0x00010000

enum life_state replay_state_of_char(int64_t c)
{
	switch (c) {
	case 'S':
		return LIFE_SLEEPING;
	case 'D':
		return LIFE_BLOCKED;
	case 'I':
		return LIFE_IDLING;
	case 'T':
	case 't':
	case 'P':
		return LIFE_STOPPED;
	case 'X':
	case 'x':
	case 'Z':
		return LIFE_DEAD;
	default:
		return LIFE_UNKNOWN;
	}
}

/* A life that was not seen to begin. */
static uint32_t first_seen(struct replay *replay, int32_t pid, int64_t since)
{
	uint32_t id = lives_begin(&replay->lives, pid, INT64_MIN, replay->now);
	struct life *life;

	if (id == LIFE_NONE) {
		replay_no_memory(replay);
		return LIFE_NONE;
	}
	life = life_of(replay, id);
	life->state = LIFE_UNKNOWN;
	life->since = since;
	life->gap = since == replay->begin ? 0 : replay->first_open;
	life->gaps_at_start = since == replay->begin ? 0 : replay->gaps_ns;
	if (since == replay->begin)
		life->flags = LIFE_FROM_START | LIFE_OLD;
	return id;
}

static void unchain(struct replay *replay, uint32_t id)
{
	uint32_t *link = &replay->last_dead;

	if (!(life_of(replay, id)->flags & LIFE_CHAINED))
		return;
	while (*link != id)
		link = &life_of(replay, *link)->previous_dead;
	*link = life_of(replay, id)->previous_dead;
	life_of(replay, id)->flags &= (uint16_t)~LIFE_CHAINED;
}

void replay_die(struct replay *replay, uint32_t id, int64_t at)
{
	struct life *life = life_of(replay, id);

	unchain(replay, id);
	life->flags |= LIFE_CHAINED;
	life->state = LIFE_DEAD;
	life->since = replay->now;
	life->end_ns = at;
	life->gaps_at_end = replay->gaps_ns;
	life->previous_dead = replay->last_dead;
	replay->last_dead = id;
}

/* A life that was let go, and of which a row tells something after all. */
static uint32_t afterlife(struct replay *replay, int32_t pid, int64_t end_ns)
{
	uint32_t id = first_seen(replay, pid, end_ns), *link = &replay->last_dead;
	struct life *life;

	if (id == LIFE_NONE)
		return LIFE_NONE;
	life = life_of(replay, id);
	life->state = LIFE_DEAD;
	life->flags = LIFE_AFTERLIFE | LIFE_CHAINED;
	life->end_ns = end_ns;
	life->gaps_at_start = life->gaps_at_end = replay->gaps_ns;
	while (is_task(*link) && life_of(replay, *link)->end_ns > end_ns)
		link = &life_of(replay, *link)->previous_dead;
	life->previous_dead = *link;
	*link = id;
	return id;
}

uint32_t replay_named(struct replay *replay, int32_t pid)
{
	int64_t end_ns;
	uint32_t id;

	if (pid <= 0)
		return LIFE_NONE;
	id = lives_find(&replay->lives, pid);
	if (id != LIFE_NONE)
		return id;
	return lives_let_go(&replay->lives, pid, &end_ns) ? afterlife(replay, pid, end_ns)
							  : first_seen(replay, pid, replay->begin);
}

uint32_t replay_alive(struct replay *replay, int32_t pid)
{
	int64_t end_ns;
	uint32_t id;

	if (pid <= 0)
		return LIFE_NONE;
	id = lives_find(&replay->lives, pid);
	if (id == LIFE_NONE)
		return first_seen(replay, pid,
				  lives_let_go(&replay->lives, pid, &end_ns) ? end_ns
									     : replay->begin);
	if (life_of(replay, id)->state != LIFE_DEAD)
		return id;
	return first_seen(replay, pid, life_of(replay, id)->end_ns);
}

uint32_t replay_moved(struct replay *replay, int32_t pid)
{
	uint32_t before = pid > 0 ? lives_find(&replay->lives, pid) : LIFE_NONE;
	uint32_t id = replay_alive(replay, pid);

	if (id != LIFE_NONE && id != before)
		life_of(replay, id)->flags |= LIFE_MOVED;
	return id;
}

void replay_revive(struct replay *replay, uint32_t id)
{
	struct life *life = life_of(replay, id);

	if (life->state == LIFE_DEAD) {
		unchain(replay, id);
		replay_set_state(replay, life, LIFE_UNKNOWN, -1, replay->now);
	}
	life->end_ns = INT64_MIN;
	life->exit_ns = INT64_MIN;
	life->flags &= (uint16_t)~LIFE_EXITED;
}

/* A life that begins with a move to its first CPU, as the row that says so follows. */
static void begun_by_move(struct replay *replay, struct life *life, uint16_t sign)
{
	life->start_ns = life->first_seen;
	life->gaps_at_start = replay->gaps_ns;
	replay_set_state(replay, life, LIFE_NEW, -1, life->first_seen);
	life->flags = (life->flags & LIFE_CHAINED) | sign;
}

uint32_t replay_born(struct replay *replay, int32_t pid, uint16_t sign)
{
	uint32_t id = pid > 0 ? lives_find(&replay->lives, pid) : LIFE_NONE;
	struct life *life = id == LIFE_NONE ? NULL : life_of(replay, id);

	if (pid <= 0)
		return LIFE_NONE;
	if (life && life->flags & LIFE_MOVED && replay->resumed <= life->first_seen &&
	    replay->first_open == replay->n_gaps) {
		begun_by_move(replay, life, sign);
		return id;
	}
	/* A gap since makes the state unknown, not the life another one. */
	if (life && !(life->flags & (sign | LIFE_SAW_WAKEUP_NEW)) &&
	    (life->state == LIFE_NEW ||
	     (life->state == LIFE_UNKNOWN && life->flags & (LIFE_SAW_NEWTASK | LIFE_SAW_FORK)))) {
		life->flags |= sign;
		return id;
	}
	if (life && life->state != LIFE_DEAD) {
		/* The pid is in use again, so that the life before has ended unseen. */
		int64_t end = life->exit_ns;

		replay_settle_gaps(replay, id);
		life = life_of(replay, id);
		if (life->state == LIFE_RUNNING)
			replay_lose_current(replay, life->cpu, replay->cpus[life->cpu].seen,
					    replay->now);
		replay_die(replay, id, end);
	}
	id = lives_begin(&replay->lives, pid, replay->now, replay->now);
	if (id == LIFE_NONE) {
		replay_no_memory(replay);
		return LIFE_NONE;
	}
	life = life_of(replay, id);
	life->gaps_at_start = replay->gaps_ns;
	replay_set_state(replay, life, LIFE_NEW, -1, replay->now);
	life->flags = sign;
	return id;
}

void replay_fork(struct replay *replay, int32_t child, int64_t parent)
{
	uint32_t from = parent > 0 && parent <= INT32_MAX ? replay_alive(replay, (int32_t)parent)
							  : LIFE_NONE;
	uint32_t id = replay_born(replay, child, LIFE_SAW_FORK);
	const struct life *maker;
	struct life *life;

	if (id == LIFE_NONE || from == LIFE_NONE || id == from)
		return;
	life = life_of(replay, id);
	maker = life_of(replay, from);
	if (life->of_command < 0)
		life->of_command = maker->of_command;
	if (life->flags & LIFE_SAW_NEWTASK && life->clone_flags & (CLONE_THREAD | CLONE_PARENT))
		life->ppid = maker->ppid;
	else if (life->flags & LIFE_SAW_NEWTASK || life->ppid < 0)
		life->ppid = maker->tgid;
}

void replay_newtask(struct replay *replay, int32_t pid, int64_t flags, int64_t tgid)
{
	uint32_t id = replay_born(replay, pid, LIFE_SAW_NEWTASK);
	struct life *life;

	if (id == LIFE_NONE)
		return;
	life = life_of(replay, id);
	life->clone_flags = (uint32_t)flags;
	if (tgid > 0 && tgid <= INT32_MAX)
		life->tgid = (int32_t)tgid;
}

void replay_renamed(struct replay *replay, uint32_t id, int64_t bytes0, int64_t bytes8)
{
	char name[16];

	memcpy(name, &bytes0, 8);
	memcpy(name + 8, &bytes8, 8);
	if (id != LIFE_NONE &&
	    lives_set_name(&replay->lives, id, name, strnlen(name, sizeof(name))) < 0)
		replay_no_memory(replay);
}

void replay_exec_name(struct replay *replay, const struct schedtrace_events *ev, size_t i,
		      uint32_t id)
{
	uint32_t words[2] = { (uint32_t)ev->arg1[i], (uint32_t)ev->arg0[i] };
	char name[8];

	memcpy(name, words, 8);
	if (id != LIFE_NONE && !ev->comm &&
	    lives_set_name(&replay->lives, id, name, strnlen(name, sizeof(name))) < 0)
		replay_no_memory(replay);
}

void replay_use_list(struct replay *replay)
{
	size_t n;
	const struct schedtrace_task *tasks = schedtrace_context_tasks(replay->lives.ctx, &n);

	replay->listed = INT64_MAX;
	if (replay->n_gaps) /* what they did before that is in no list */
		return;
	for (size_t i = 0; i < n && replay->status >= 0; i++) {
		const struct schedtrace_task *task = &tasks[i];
		enum life_state state =
			task->state == 'R' ? LIFE_WAIT_OLD : replay_state_of_char(task->state);
		int64_t end_ns;
		uint32_t id;

		if (task->start_ns != INT64_MIN || state == LIFE_UNKNOWN || state == LIFE_DEAD ||
		    lives_find(&replay->lives, task->pid) != LIFE_NONE ||
		    lives_let_go(&replay->lives, task->pid, &end_ns))
			continue;
		id = first_seen(replay, task->pid, replay->begin);
		if (id == LIFE_NONE)
			return;
		life_of(replay, id)->state = (uint8_t)state;
		if (state == LIFE_WAIT_OLD)
			life_of(replay, id)->cpu = task->cpu;
	}
}
