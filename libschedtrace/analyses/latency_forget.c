/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Waits of tasks that are let go: those of one name become those of one account. */
#include <stdlib.h>

#include "base/error.h"
#include "libschedtrace/analyses/latency.h"

/* Adds to @to and leaves nothing. -1 without memory. */
static int merge_kind(struct kind_account *to, struct kind_account *from)
{
	bool longest = from->waits.count && (!to->waits.count || from->waits.max > to->waits.max);

	if (histogram_merge(&to->waits, &from->waits) < 0)
		return -1;
	if (longest)
		to->longest = from->longest;
	to->uncertain += from->uncertain;
	if (from->uncertain_max > to->uncertain_max)
		to->uncertain_max = from->uncertain_max;
	to->no_most |= from->no_most;
	to->cut += from->cut;
	to->lives++;
	histogram_free(&from->waits);
	return 0;
}

static int merge(struct latency *latency, uint32_t into, uint32_t from)
{
	struct latency_account *to = grown_at(&latency->accounts, into, struct latency_account);
	struct latency_account *a = grown_get(&latency->accounts, from, struct latency_account);

	if (!to)
		return -1;
	for (int kind = 0; a && kind < N_KINDS; kind++) {
		if (!a->kinds[kind])
			continue;
		if (!to->kinds[kind])
			to->kinds[kind] = calloc(1, sizeof(*to->kinds[kind]));
		if (!to->kinds[kind] || merge_kind(to->kinds[kind], a->kinds[kind]) < 0)
			return -1;
		free(a->kinds[kind]);
		a->kinds[kind] = NULL;
	}
	if (a) {
		to->moved += a->moved;
		*a = (struct latency_account){ 0 };
	}
	return 0;
}

static void rename_one(const struct lives *lives, uint32_t *life, int32_t *pid)
{
	uint32_t now = lives_now(lives, *life);

	if (now != *life)
		*pid = lives->all[*life].pid;
	*life = now;
}

static void rename_longest(const struct lives *lives, struct longest *longest)
{
	rename_one(lives, &longest->waker, &longest->waker_pid);
	rename_one(lives, &longest->ran, &longest->ran_pid);
}

static void rename_account(const struct lives *lives, struct latency_account *a)
{
	for (int kind = 0; kind < N_KINDS; kind++)
		if (a->kinds[kind])
			rename_longest(lives, &a->kinds[kind]->longest);
	a->waking.waker = lives_now(lives, a->waking.waker);
	a->woken.waker = lives_now(lives, a->woken.waker);
}

static void rename_all(struct latency *latency)
{
	const struct lives *lives = replay_lives(latency->replay);

	for (uint32_t id = 0; id < latency->accounts.n; id++)
		rename_account(lives, grown_get(&latency->accounts, id, struct latency_account));
	rename_account(lives, &latency->chosen);
	for (uint32_t cpu = 0; cpu < latency->ran.n; cpu++) {
		struct stretches *ran = grown_get(&latency->ran, cpu, struct stretches);

		for (size_t i = 0; i < N_STRETCHES; i++)
			ran->all[i].life = lives_now(lives, ran->all[i].life);
	}
	for (size_t i = 0; i < latency->n_worst; i++) {
		struct worst *w = &latency->worst[i];

		if (lives_now(lives, w->life) != w->life)
			w->tgid = lives->all[w->life].tgid;
		rename_one(lives, &w->life, &w->pid);
		rename_longest(lives, &w->longest);
	}
}

int latency_forget(void *self, const uint32_t *gone, uint32_t n, struct schedtrace_error *err)
{
	struct latency *latency = self;
	const struct lives *lives = replay_lives(latency->replay);

	for (uint32_t i = 0; i < n; i++)
		if (merge(latency, lives->all[gone[i]].into, gone[i]) < 0)
			return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for analysis latency");
	rename_all(latency);
	return 0;
}
