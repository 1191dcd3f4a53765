/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where did the time of each task go, and why did it wait?
 *
 * The certain parts of the replay's spans, what still lasts at the last row, and the rest
 * (unknown) add up exactly to the time that the task was there. Of waits whose begin and end rows
 * show, or only the window cuts, it is also told who had the CPU meanwhile (other tasks, or the
 * idle task that was about to leave), how long another CPU idled, and how long interrupts ran
 * there. Antagonists are the tasks that ran on the CPU where the task waited (SchedViz's antagonist
 * time), of all waits, and those that were switched to when it was preempted.
 */
#include <stdlib.h>

#include "base/error.h"
#include "libschedtrace/analyses/waits.h"

static int no_memory(struct schedtrace_error *err)
{
	return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for analysis waits");
}

static int64_t max64(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static int64_t irq_total(const struct waits *w, int32_t cpu, int64_t now)
{
	const struct wait_place *p = grown_get(&w->places, cpu, struct wait_place);

	if (!p)
		return 0;
	return p->irq_total + (p->irq_depth ? max64(now - p->irq_since, 0) : 0);
}

struct antagonist *waits_antagonist(struct wait_account *a, uint32_t life, uint32_t at_most)
{
	struct antagonist *least = NULL;

	for (uint32_t i = 0; i < a->n_antagonists; i++) {
		if (a->antagonists[i].life == life)
			return &a->antagonists[i];
		if (!least || a->antagonists[i].ns < least->ns)
			least = &a->antagonists[i];
	}
	if (a->n_antagonists >= at_most) {
		a->forgotten += least->ns;
		*least = (struct antagonist){ .life = life };
		return least;
	}
	if (!(a->n_antagonists & (a->n_antagonists - 1))) {
		uint32_t max = a->n_antagonists ? 2 * a->n_antagonists : 1;
		struct antagonist *grown =
			reallocarray(a->antagonists, max, sizeof(*a->antagonists));

		if (!grown)
			return NULL;
		a->antagonists = grown;
	}
	a->antagonists[a->n_antagonists] = (struct antagonist){ .life = life };
	return &a->antagonists[a->n_antagonists++];
}

/* @runner ran on @cpu in [begin, end). */
static int ran(struct waits *w, int32_t cpu, uint32_t runner, int64_t begin, int64_t end)
{
	struct wait_place *place = grown_at(&w->places, cpu, struct wait_place);

	if (!place)
		return -1;
	begin = max64(begin, place->told);
	if (begin >= end)
		return 0;
	place->told = end;
	if (runner == LIFE_IDLE) {
		place->idle += end - begin;
		return 0;
	}
	place->tasks += end - begin;
	return runners_add(&place->runners, runner, begin, end);
}

/* Since when whoever runs on the CPU does so and is not yet counted. */
static int64_t not_counted(const struct waits *w, const struct queue *c,
			   const struct wait_place *place)
{
	int64_t since = max64(c->since, w->queues.window_begin);

	return place ? max64(since, place->told) : since;
}

static enum placement placement_of(const struct waits *w, uint32_t life, int32_t cpu)
{
	const struct queue *c = grown_get(&w->queues.cpus, cpu, struct queue);

	if (c->current == LIFE_NONE)
		return PLACED_UNKNOWN;
	if (c->current == LIFE_IDLE)
		return PLACED_IDLE;
	return queues_idle_for(&w->queues, life) ? PLACED_PAST_IDLE : PLACED_BUSY;
}

/* How it is on @cpu when a task comes to wait there. */
static void remember(const struct waits *w, struct wait_account *a, uint32_t life, int32_t cpu)
{
	const struct queue *c = grown_get(&w->queues.cpus, cpu, struct queue);
	const struct wait_place *place = grown_get(&w->places, cpu, struct wait_place);
	int64_t now = w->queues.now, ahead = max64(now - not_counted(w, c, place), 0);
	struct pending *p = &a->pending;

	p->some_idle_before = queues_some_idle(&w->queues, life);
	p->irq_before = irq_total(w, cpu, now);
	/* Whoever runs now will be counted from its begin. */
	p->tasks_before = (place ? place->tasks : 0) + (c->current <= LIFE_MAX ? ahead : 0);
	p->idle_before = (place ? place->idle : 0) + (c->current == LIFE_IDLE ? ahead : 0);
	p->told = max64(now, w->queues.window_begin);
}

static int entered(void *self, uint32_t id, int32_t cpu)
{
	struct waits *w = self;
	const struct life *life = &replay_lives(w->queues.replay)->all[id];
	struct wait_account *a = grown_at(&w->accounts, id, struct wait_account);

	if (!a)
		return -1;
	if (!a->pending.open || a->pending.gaps != w->gaps) {
		a->pending = (struct pending){ .open = true, .gaps = w->gaps };
		if (life->since == w->queues.now && life->state != LIFE_WAIT_PREEMPT)
			a->pending.placement = placement_of(w, id, cpu);
	}
	remember(w, a, id, cpu);
	return 0;
}

struct enduring {
	struct wait_account *a;
	int64_t ns;
};

static int endure(void *user, uint32_t runner, int64_t ns)
{
	struct enduring *e = user;
	struct antagonist *by = waits_antagonist(e->a, runner, MAX_ANTAGONISTS);

	if (!by)
		return -1;
	by->ns += ns;
	e->ns += ns;
	return 0;
}

int waits_settle(const struct waits *w, struct wait_account *a, uint32_t life, int32_t cpu,
		 int64_t now)
{
	const struct wait_place *place = grown_get(&w->places, cpu, struct wait_place);
	int64_t some_idle = queues_some_idle(&w->queues, life), tasks;
	struct pending *p = &a->pending;
	struct enduring e = { a, 0 };

	p->other_idle += max64(some_idle - p->some_idle_before, 0);
	p->irq += irq_total(w, cpu, now) - p->irq_before;
	p->some_idle_before = some_idle;
	p->irq_before = irq_total(w, cpu, now);
	if (!place)
		return 0;
	tasks = max64(place->tasks - p->tasks_before, 0);
	p->behind_tasks += tasks;
	p->behind_idle += max64(place->idle - p->idle_before, 0);
	if (tasks && runners_since(&place->runners, p->told, endure, &e) < 0)
		return -1;
	a->forgotten += max64(tasks - e.ns, 0);
	p->tasks_before = max64(p->tasks_before, place->tasks);
	p->idle_before = max64(p->idle_before, place->idle);
	p->told = max64(p->told, now);
	return 0;
}

static int leaves(void *self, uint32_t life, int32_t cpu)
{
	struct waits *w = self;
	struct wait_account *a = grown_get(&w->accounts, life, struct wait_account);
	const struct queue *c = grown_get(&w->queues.cpus, cpu, struct queue);
	struct enduring e = { a, 0 };
	int64_t from = max64(not_counted(w, c, grown_get(&w->places, cpu, struct wait_place)),
			     a->pending.told);

	if (waits_settle(w, a, life, cpu, w->queues.now) < 0)
		return -1;
	/* It is moved away while somebody runs. */
	if (c->current == LIFE_NONE || from >= w->queues.now)
		return 0;
	if (c->current == LIFE_IDLE) {
		a->pending.behind_idle += w->queues.now - from;
		return 0;
	}
	a->pending.behind_tasks += w->queues.now - from;
	return endure(&e, c->current, w->queues.now - from);
}

/* The wait ends: what is known of it counts. */
static int count_wait(struct waits *w, struct wait_account *a, const struct replay_span *span)
{
	struct pending *p = &a->pending;
	const struct waiter *waiter = grown_get(&w->queues.lives, span->life, struct waiter);
	int64_t ns = span->end - span->begin;

	queues_advance(&w->queues, span->end);
	if (waiter && waiter->cpu && waits_settle(w, a, span->life, waiter->cpu - 1, span->end) < 0)
		return -1;
	if (p->open && p->gaps == w->gaps && (span->whole || span->cut) &&
	    span->certain_end == span->end) {
		a->explained += ns;
		a->behind_tasks += p->behind_tasks < ns ? p->behind_tasks : ns;
		a->behind_idle += p->behind_idle < ns ? p->behind_idle : ns;
		a->other_idle += p->other_idle < ns ? p->other_idle : ns;
		a->irq += p->irq < ns ? p->irq : ns;
		a->placed[p->placement]++;
		if (p->placement == PLACED_PAST_IDLE)
			a->wait_past_idle += ns;
	}
	p->open = false;
	return 0;
}

static int span(void *self, const struct replay_span *span, struct schedtrace_error *err)
{
	struct waits *w = self;
	int64_t certain = span->certain_end - span->begin;
	struct wait_account *a;

	if (span->state == LIFE_RUNNING && certain &&
	    ran(w, span->cpu, span->life, span->begin, span->certain_end) < 0)
		return no_memory(err);
	if (span->life == LIFE_IDLE)
		return 0;
	queues_span(&w->queues, span);
	a = grown_at(&w->accounts, span->life, struct wait_account);
	if (!a)
		return no_memory(err);
	if (certain)
		a->last = max64(a->last, span->certain_end + 1);
	switch (span->state) {
	case LIFE_RUNNING:
		a->on_cpu += certain;
		break;
	case LIFE_WAIT_WAKEUP:
	case LIFE_WAIT_PREEMPT:
	case LIFE_WAIT_NEW:
		a->waits[span->state - LIFE_WAIT_WAKEUP] += certain;
		return count_wait(w, a, span) < 0 ? no_memory(err) : 0;
	case LIFE_WAIT_OLD:
		a->waits[3] += certain;
		break;
	case LIFE_SLEEPING:
	case LIFE_IDLING:
	case LIFE_BLOCKED:
	case LIFE_STOPPED:
		a->sleeps[span->state - LIFE_SLEEPING] += certain;
		break;
	default:
		break;
	}
	return 0;
}

static int count_irq(struct waits *w, const struct schedtrace_events *ev, size_t i)
{
	struct wait_place *p = grown_at(&w->places, ev->cpu[i], struct wait_place);

	if (!p)
		return -1;
	w->has_irqs = true;
	if (ev->event[i] == SCHEDTRACE_IRQ_ENTRY) {
		if (!p->irq_depth++)
			p->irq_since = max64(ev->timestamp[i], w->queues.window_begin);
	} else if (p->irq_depth && !--p->irq_depth) {
		p->irq_total += max64(ev->timestamp[i] - p->irq_since, 0);
	}
	return 0;
}

static int preempted(struct waits *w, const struct schedtrace_events *ev, size_t i, uint32_t id)
{
	struct lives *lives = replay_lives(w->queues.replay);
	int64_t next = ev->arg0[i];
	uint32_t by = LIFE_NONE;
	struct antagonist *antagonist;
	struct wait_account *a;

	if (id > LIFE_MAX || lives->all[id].state != LIFE_WAIT_PREEMPT ||
	    ev->timestamp[i] < w->queues.window_begin)
		return 0;
	a = grown_at(&w->accounts, id, struct wait_account);
	if (!a)
		return -1;
	a->preempted++;
	if (next > 0 && next <= INT32_MAX)
		by = lives_find(lives, (int32_t)next);
	if (by > LIFE_MAX)
		return 0;
	antagonist = waits_antagonist(a, by, MAX_ANTAGONISTS);
	if (!antagonist)
		return -1;
	antagonist->preemptions++;
	return 0;
}

/* From a task's first row to its wakeup. */
static int made(struct waits *w, const struct schedtrace_events *ev, size_t i, uint32_t id)
{
	const struct life *life = &replay_lives(w->queues.replay)->all[id];
	struct wait_account *a = grown_at(&w->accounts, id, struct wait_account);
	int64_t now = ev->timestamp[i], begin;

	if (!a)
		return -1;
	if (ev->event[i] != SCHEDTRACE_WAKEUP_NEW) {
		if (!a->made_at && life->state == LIFE_NEW) {
			a->made_at = now + 1;
			a->gaps = w->gaps;
		}
		return 0;
	}
	begin = max64(a->made_at - 1, w->queues.window_begin);
	if (a->made_at && a->gaps == w->gaps && begin < now && life->state == LIFE_WAIT_NEW &&
	    life->since == now)
		a->made += now - begin;
	a->made_at = 0;
	return 0;
}

static int row(void *self, const struct schedtrace_events *ev, size_t i, uint32_t life,
	       struct schedtrace_error *err)
{
	struct waits *w = self;
	struct wait_place *place;
	int r;

	switch (ev->event[i]) {
	case SCHEDTRACE_IRQ_ENTRY:
	case SCHEDTRACE_IRQ_EXIT:
		return count_irq(w, ev, i) < 0 ? no_memory(err) : 0;
	case SCHEDTRACE_GAP:
	case SCHEDTRACE_LOST:
		w->gaps++;
		place = grown_get(&w->places, ev->cpu[i], struct wait_place);
		if (place)
			place->irq_depth = 0;
		break;
	default:
		break;
	}
	r = queues_follow(&w->queues, ev, i, life);
	if (r >= 0 && ev->event[i] == SCHEDTRACE_CTX_SWITCH)
		r = preempted(w, ev, i, life);
	if (r >= 0 && life <= LIFE_MAX &&
	    (ev->event[i] == SCHEDTRACE_FORK || ev->event[i] == SCHEDTRACE_NEWTASK ||
	     ev->event[i] == SCHEDTRACE_WAKEUP_NEW))
		r = made(w, ev, i, life);
	return r < 0 ? no_memory(err) : 0;
}

static int doubt(void *self, int32_t cpu, enum replay_doubt why, int64_t begin, int64_t end,
		 int64_t records, struct schedtrace_error *err)
{
	struct waits *w = self;

	queues_doubt(&w->queues, cpu, why, begin, end);
	return 0;
}

static bool keeps(void *self, uint32_t life)
{
	const struct waits *w = self;

	return queues_keep(&w->queues, life);
}

/* Antagonists that were let go are one by name. */
static void rename_antagonists(const struct lives *lives, struct wait_account *a)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < a->n_antagonists; i++) {
		struct antagonist by = a->antagonists[i];
		uint32_t k = 0;

		by.life = lives_now(lives, by.life);
		if (!(lives->all[by.life].flags & LIFE_MANY))
			k = n;
		while (k < n && a->antagonists[k].life != by.life)
			k++;
		if (k == n) {
			a->antagonists[n++] = by;
			continue;
		}
		a->antagonists[k].ns += by.ns;
		a->antagonists[k].preemptions += by.preemptions;
	}
	a->n_antagonists = n;
}

static int merge(struct waits *w, uint32_t id)
{
	const struct lives *lives = replay_lives(w->queues.replay);
	uint32_t into = lives->all[id].into;
	struct wait_account *to = grown_at(&w->accounts, into, struct wait_account);
	struct wait_account *found = grown_get(&w->accounts, id, struct wait_account);
	struct wait_account a = found ? *found : (struct wait_account){ 0 };

	if (!to)
		return -1;
	waits_forget_one(w, id, to, &a);
	rename_antagonists(lives, &a);
	for (uint32_t i = 0; i < a.n_antagonists; i++) {
		struct antagonist *by = waits_antagonist(to, a.antagonists[i].life, UINT32_MAX);

		if (!by)
			return -1;
		by->ns += a.antagonists[i].ns;
		by->preemptions += a.antagonists[i].preemptions;
	}
	free(a.antagonists);
	if (found)
		*found = (struct wait_account){ 0 };
	return 0;
}

static uint32_t now(const void *lives, uint32_t life)
{
	return lives_now(lives, life);
}

static int forget(void *self, const uint32_t *gone, uint32_t n, struct schedtrace_error *err)
{
	struct waits *w = self;
	const struct lives *lives = replay_lives(w->queues.replay);

	for (uint32_t i = 0; i < n; i++)
		if (merge(w, gone[i]) < 0)
			return no_memory(err);
	for (uint32_t id = 0; id < w->accounts.n; id++)
		rename_antagonists(lives, grown_get(&w->accounts, id, struct wait_account));
	for (uint32_t cpu = 0; cpu < w->places.n; cpu++)
		runners_rename(&grown_get(&w->places, cpu, struct wait_place)->runners, now, lives);
	queues_forget(&w->queues, gone, n);
	return 0;
}

static int snapshot(void *self, struct schedtrace_tables *out, struct schedtrace_error *err)
{
	return waits_tables(self, out, err);
}

static void destroy(void *self)
{
	struct waits *w = self;

	for (uint32_t id = 0; id < w->accounts.n; id++)
		free(grown_get(&w->accounts, id, struct wait_account)->antagonists);
	for (uint32_t cpu = 0; cpu < w->places.n; cpu++)
		runners_free(&grown_get(&w->places, cpu, struct wait_place)->runners);
	free(w->accounts.items);
	free(w->places.items);
	queues_free(&w->queues);
	free(w);
}

static int create(void **self, const struct analysis_env *env, struct schedtrace_error *err)
{
	struct waits *w = calloc(1, sizeof(*w));
	struct replay_listener listener = {
		.self = w,
		.span = span,
		.doubt = doubt,
		.keeps = keeps,
		.forget = forget,
		.events = QUEUES_EVENTS | REPLAY_EVENT(IRQ_ENTRY) | REPLAY_EVENT(IRQ_EXIT),
		.before_window = true,
		.row = row,
	};

	if (!w)
		return no_memory(err);
	*self = w;
	if (queues_init(&w->queues, env) < 0)
		return no_memory(err);
	w->queues.self = w;
	w->queues.entered = entered;
	w->queues.leaves = leaves;
	return replay_listen(env->replay, &listener, err);
}

static const char *const needs[] = { "CTX_SWITCH", "BLOCK",	"WAKEUP",   "WAKEUP_NEW",
				     "MIGRATE",	   "IRQ_ENTRY", "IRQ_EXIT", NULL };
static const struct schedtrace_table_info *const tables[] = { &waits_info, &wait_reasons_info,
							      &antagonists_info };

const struct analysis analysis_waits = {
	.info = { "waits", "where the time of each task went, why it waited and who ran meanwhile",
		  needs, 3, tables, 0, NULL, PICTURES(&picture_waits, &picture_wait_reasons) },
	.uses_replay = true,
	.create = create,
	.snapshot = snapshot,
	.destroy = destroy,
};
