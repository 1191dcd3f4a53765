/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What lost records, and CPUs that go offline, leave unknown; the rules are in replay.h. */
#include "base/mem.h"
#include "libschedtrace/replay/replay_state.h"

static struct gap *add_gap(struct replay *replay, int64_t begin, int64_t end)
{
	if (!array_room(replay->gaps, replay->n_gaps, replay->gaps_max)) {
		replay_no_memory(replay);
		return NULL;
	}
	for (uint32_t i = replay->n_gaps; i && replay->gaps[i - 1].begin > begin; i--)
		replay->gaps[i - 1].begin = begin;
	replay->gaps[replay->n_gaps] = (struct gap){ begin, end };
	return &replay->gaps[replay->n_gaps++];
}

void replay_gap_begins(struct replay *replay, int32_t cpu)
{
	struct replay_cpu *c = replay_cpu(replay, cpu);

	if (!c || c->gap || !add_gap(replay, replay->now, GAP_OPEN))
		return;
	replay_lose_current(replay, cpu, replay->now, replay->now);
	c->current = LIFE_NONE;
	c->why = REPLAY_GAP;
	c->seen = replay->now;
	c->gap = replay->n_gaps;
}

void replay_lost(struct replay *replay, int32_t cpu, int64_t begin, int64_t records)
{
	int64_t now = replay->now, ns;
	struct replay_cpu *c = replay_cpu(replay, cpu);

	if (!c)
		return;
	/* It cannot have begun before something that was seen on this CPU. */
	begin = min64(max64(begin, c->seen), now);
	replay_lose_current(replay, cpu, begin, begin);
	c->current = LIFE_NONE;
	c->why = records ? REPLAY_GAP : REPLAY_CLOCK;
	replay_tell_doubt(replay, cpu, begin, records);
	c->why = REPLAY_RESUMED;
	c->seen = now;

	if (c->gap)
		replay->gaps[c->gap - 1].end = now;
	else if (!add_gap(replay, begin, now))
		return;
	c->gap = 0;
	replay->resumed = now;
	while (replay->first_open < replay->n_gaps &&
	       replay->gaps[replay->first_open].end != GAP_OPEN)
		replay->first_open++;

	ns = clip(replay, begin, now);
	replay->gaps_ns += ns;
	for (int32_t i = 0; i < replay->n_cpus && ns; i++) {
		const struct replay_cpu *other = &replay->cpus[i];

		if (is_task(other->current))
			life_of(replay, other->current)->gaps_running +=
				clip(replay, max64(begin, other->since), now);
	}
	for (uint32_t id = replay->last_dead; is_task(id);) {
		struct life *life = life_of(replay, id);

		if (life->end_ns <= begin)
			break;
		life->gaps_at_end += clip(replay, begin, life->end_ns);
		id = life->previous_dead;
	}
}

void replay_went_offline(struct replay *replay, int32_t cpu)
{
	struct replay_cpu *c = replay_cpu(replay, cpu);

	if (!c || c->gap || (c->current == LIFE_NONE && c->why == REPLAY_OFFLINE))
		return;
	if (c->current == LIFE_NONE)
		replay_tell_doubt(replay, cpu, c->seen, -1);
	replay_lose_current(replay, cpu, c->seen, replay->now);
	c->why = REPLAY_OFFLINE;
	c->seen = replay->now;
}

void replay_came_online(struct replay *replay, int32_t cpu)
{
	struct replay_cpu *c = replay_cpu(replay, cpu);

	if (!c || c->current != LIFE_NONE || c->why != REPLAY_OFFLINE)
		return;
	replay_tell_doubt(replay, cpu, c->seen, -1);
	c->why = REPLAY_RESUMED;
	c->seen = replay->now;
}
