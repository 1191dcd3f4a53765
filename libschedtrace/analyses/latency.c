/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How long does a task wait until it runs? By what made it runnable, each apart:
 *
 *   wakeup   from sched_wakeup to the switch-in (perf sched latency, bcc's runqlat, LISA)
 *   waking   the same waits from sched_waking, when the waker began (Perfetto, perf sched
 *            timehist); never shorter than from sched_wakeup. Where no sched_wakeup is recorded,
 *            from the sched_waking of a task that slept, or did not run since the begin
 *   preempt  from the switch-out while runnable to the next switch-in (bcc's runqlat)
 *   new      from sched_wakeup_new to the first switch-in
 *   unknown  it may have waited, and nobody knows why: it ran without a sign of what it did before
 *
 * Only waits whose begin and end rows show, inside the window, are in the figures. Those that the
 * edges of the recording or of the window cut are counted (cut), as are those whose begin or end
 * is doubtful because a switch is missing or records were lost (uncertain); neither is guessed.
 * Percentiles are from log-linear histograms, see histogram.h. A wakeup on another CPU than the
 * one where the task last ran is moved, as in systing.
 */
#include <stdlib.h>

#include "base/error.h"
#include "libschedtrace/analyses/latency.h"
#include "libschedtrace/parameters.h"

static int no_memory(struct schedtrace_error *err)
{
	return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for analysis latency");
}

static int32_t name_of(const struct lives *lives, uint32_t life)
{
	return life <= LIFE_MAX ? lives->all[life].name : -1;
}

static void remember_worst(struct latency *latency, struct worst *wait)
{
	const struct lives *lives = replay_lives(latency->replay);
	size_t i = latency->n_worst;

	wait->name = name_of(lives, wait->life);
	wait->waker_name = name_of(lives, wait->longest.waker);
	wait->ran_name = name_of(lives, wait->longest.ran);
	if (!latency_worst_takes(latency, wait))
		return;
	if (i == latency->max_worst)
		i--; /* the least goes */
	for (; i > 0 && latency->worst[i - 1].ns < wait->ns; i--)
		latency->worst[i] = latency->worst[i - 1];
	latency->worst[i] = *wait;
	if (latency->n_worst < latency->max_worst)
		latency->n_worst++;
}

/* Who ran most on @cpu in [begin, end), as far as is remembered. */
static uint32_t who_ran(const struct latency *latency, int32_t cpu, int64_t begin, int64_t end)
{
	const struct stretches *ran = grown_get(&latency->ran, cpu, struct stretches);
	uint32_t who = LIFE_NONE;
	int64_t most = 0;

	for (size_t i = 0; ran && i < N_STRETCHES; i++) {
		uint32_t life = ran->all[i].life;
		int64_t ns = 0;

		for (size_t k = 0; k < N_STRETCHES && life != LIFE_IDLE; k++) {
			int64_t from = ran->all[k].begin > begin ? ran->all[k].begin : begin;
			int64_t to = ran->all[k].end < end ? ran->all[k].end : end;

			if (ran->all[k].life == life && from < to)
				ns += to - from;
		}
		if (ns > most) {
			most = ns;
			who = life;
		}
	}
	return who;
}

static bool is_longest(const struct latency_account *a, enum latency_kind kind, int64_t ns)
{
	const struct kind_account *k = a->kinds[kind];

	return !k || !k->waits.count || ns > k->waits.max;
}

static struct kind_account *account_of_kind(struct latency_account *a, enum latency_kind kind)
{
	if (!a->kinds[kind])
		a->kinds[kind] = calloc(1, sizeof(*a->kinds[kind]));
	return a->kinds[kind];
}

/* @about is kept if no wait of the kind was longer. */
static int count(struct latency_account *a, enum latency_kind kind, int64_t ns,
		 const struct longest *about)
{
	bool longest = is_longest(a, kind, ns);
	struct kind_account *k = account_of_kind(a, kind);

	if (!k)
		return -1;
	if (longest)
		k->longest = *about;
	return histogram_add(&k->waits, ns);
}

/* @most: INT64_MIN unknown. */
static int count_other(struct latency_account *a, enum latency_kind kind, bool cut, int64_t most)
{
	struct kind_account *k = account_of_kind(a, kind);

	if (!k)
		return -1;
	if (cut) {
		k->cut++;
		return 0;
	}
	k->uncertain++;
	k->no_most |= most == UNKNOWN_INT;
	if (most > k->uncertain_max)
		k->uncertain_max = most;
	return 0;
}

/* The same wait as another shows, from its waking. */
static int count_waking(struct latency_account *a, bool doubtful, int64_t ns,
			const struct longest *about)
{
	return doubtful ? count_other(a, WAKING, false, ns) : count(a, WAKING, ns, about);
}

static bool is_among_worst(const struct latency *latency, int64_t ns)
{
	return latency->n_worst < latency->max_worst ||
	       ns > latency->worst[latency->max_worst - 1].ns;
}

/* Whether the wait counts where tasks are put together. */
static bool is_chosen(const struct latency *latency, const struct replay_span *span)
{
	return choice_takes(latency->choice, replay_lives(latency->replay), span->life, span->cpu);
}

/* The account of all waits that count, NULL: this one does not, or all do. */
static struct latency_account *chosen_of(struct latency *latency, const struct replay_span *span)
{
	return latency->choice->given && is_chosen(latency, span) ? &latency->chosen : NULL;
}

static int count_whole(struct latency *latency, struct latency_account *a, enum latency_kind kind,
		       const struct replay_span *span, struct schedtrace_error *err)
{
	struct longest about = { span->begin, span->cpu, LIFE_NONE, LIFE_NONE, 0, 0 };
	struct worst wait = { .ns = span->end - span->begin, .kind = kind, .life = span->life };
	bool waking = kind == WAKEUP && a->woken.seen;
	int64_t from_waking = waking ? span->end - a->woken.time : 0;
	struct latency_account *chosen = chosen_of(latency, span);
	bool counts = chosen || !latency->choice->given;
	bool worst = counts && is_among_worst(latency, wait.ns);

	if (worst || is_longest(a, kind, wait.ns) || (waking && is_longest(a, WAKING, from_waking)))
		about.ran = who_ran(latency, span->cpu, span->begin, span->end);
	if (kind == WAKEUP) {
		about.waker = a->woken.waker;
		wait.moved = a->is_moved;
		a->moved += a->is_moved;
		if (counts && a->last_cpu && histogram_add(&latency->on[a->is_moved], wait.ns) < 0)
			return no_memory(err);
	}
	wait.longest = about;
	if (worst)
		remember_worst(latency, &wait);
	if (count(a, kind, wait.ns, &about) < 0 ||
	    (chosen && count(chosen, kind, wait.ns, &about) < 0))
		return no_memory(err);
	if (!waking)
		return 0;
	about.begin = a->woken.time;
	if (count_waking(a, a->woken.doubtful, from_waking, &about) < 0 ||
	    (chosen && count_waking(chosen, a->woken.doubtful, from_waking, &about) < 0))
		return no_memory(err);
	return 0;
}

enum latency_kind latency_kind_of(const struct replay_span *span)
{
	if (span->cpu < 0 || span->state == LIFE_WAIT_OLD)
		return UNKNOWN;
	switch (span->state) {
	case LIFE_WAIT_PREEMPT:
		return PREEMPT;
	case LIFE_WAIT_NEW:
		return NEW;
	default:
		return WAKEUP;
	}
}

int64_t latency_most(const struct latency *latency, enum latency_kind kind,
		     const struct replay_span *span, int64_t begin)
{
	if (span->cut || span->gap || (kind == UNKNOWN && span->begin <= latency->gap_end))
		return UNKNOWN_INT;
	return span->end - begin;
}

/* A wait of the task @a whose begin or end is cut or doubtful, in the account @in. */
static int count_unsure(struct latency *latency, struct latency_account *in,
			const struct latency_account *a, enum latency_kind kind,
			const struct replay_span *span)
{
	int64_t most = latency_most(latency, kind, span, span->begin);

	if (count_other(in, kind, span->cut, most) < 0)
		return -1;
	if (kind != WAKEUP || !a->woken.seen)
		return 0;
	most = latency_most(latency, WAKING, span, a->woken.time);
	return count_other(in, WAKING, span->cut, most);
}

static int waited(struct latency *latency, struct latency_account *a,
		  const struct replay_span *span, struct schedtrace_error *err)
{
	enum latency_kind kind = latency_kind_of(span);
	struct latency_account *chosen;
	int r = latency_log(latency, a, kind, span, err);

	if (r >= 0 && kind == WAKEUP && a->woken.seen)
		r = latency_log(latency, a, WAKING, span, err);
	if (r < 0 || !choice_takes_cpu(latency->choice, span->cpu))
		return r;
	if (span->whole)
		return count_whole(latency, a, kind, span, err);
	if (count_unsure(latency, a, a, kind, span) < 0)
		return no_memory(err);
	chosen = chosen_of(latency, span);
	return chosen && count_unsure(latency, chosen, a, kind, span) < 0 ? no_memory(err) : 0;
}

/* Without records of wakeups, whether rows show that the wait began with a waking and ended. */
static bool is_since_waking(const struct latency *latency, const struct latency_account *a,
			    const struct replay_span *span)
{
	const struct life *life = &replay_lives(latency->replay)->all[span->life];

	if (!span->switched_in || span->gap || !a->waking.seen || a->waking.doubtful ||
	    a->waking.time < latency->gap_end || a->waking.time < latency->window_begin ||
	    span->end >= latency->window_end)
		return false;
	/* Nobody saw it sleep, but it did not run since the begin. */
	if (life->state == LIFE_UNKNOWN && !(life->flags & LIFE_FROM_START))
		return false;
	return !replay_recorded(latency->replay, SCHEDTRACE_WAKEUP);
}

static int waited_since_waking(struct latency *latency, struct latency_account *a,
			       const struct replay_span *span, struct schedtrace_error *err)
{
	struct replay_span whole = *span;
	struct worst wait = { .ns = span->end - a->waking.time, .kind = WAKING };
	struct latency_account *chosen;
	int r;

	whole.begin = a->waking.time;
	whole.certain_end = span->end;
	whole.cut = false;
	a->woken = a->waking;
	a->is_moved = a->last_cpu && span->cpu >= 0 && a->last_cpu != span->cpu + 1;
	r = latency_log(latency, a, WAKING, &whole, err);
	a->woken.seen = a->waking.seen = false;
	if (r < 0 || !choice_takes_cpu(latency->choice, span->cpu))
		return r;
	wait.life = span->life;
	wait.longest = (struct longest){
		.begin = whole.begin,
		.cpu = span->cpu,
		.waker = a->woken.waker,
		.ran = who_ran(latency, span->cpu, whole.begin, whole.end),
	};
	chosen = chosen_of(latency, span);
	if ((chosen || !latency->choice->given) && is_among_worst(latency, wait.ns))
		remember_worst(latency, &wait);
	if (count(a, WAKING, wait.ns, &wait.longest) < 0 ||
	    (chosen && count(chosen, WAKING, wait.ns, &wait.longest) < 0))
		return no_memory(err);
	return 0;
}

static int span(void *self, const struct replay_span *span, struct schedtrace_error *err)
{
	struct latency *latency = self;
	struct latency_account *a;

	if (span->state == LIFE_RUNNING) {
		struct stretches *ran = grown_at(&latency->ran, span->cpu, struct stretches);

		if (!ran)
			return no_memory(err);
		ran->all[ran->next % N_STRETCHES].life = span->life;
		ran->all[ran->next % N_STRETCHES].begin = span->begin;
		ran->all[ran->next++ % N_STRETCHES].end = span->certain_end;
		if (span->life == LIFE_IDLE)
			return 0;
	} else if (span->state < LIFE_WAIT_WAKEUP) {
		return 0;
	}
	a = grown_at(&latency->accounts, span->life, struct latency_account);
	if (!a)
		return no_memory(err);
	if (span->state == LIFE_RUNNING) {
		a->last_cpu = span->cpu + 1;
		/* The wakeup that this waking was of is missing. */
		if (!span->cut && a->waking.time < span->begin)
			a->waking.seen = false;
		return 0;
	}
	if (span->state <= LIFE_WAIT_OLD) {
		if (!span->whole && is_since_waking(latency, a, span) &&
		    waited_since_waking(latency, a, span, err) < 0)
			return err->status;
		/* It may have waited already when the waker began, or may not have slept yet. */
		if (!span->whole && !span->cut)
			a->waking.doubtful = true;
		return waited(latency, a, span, err);
	}
	/* A waker can begin while the task is still on its way to sleep. */
	if (!span->cut && a->waking.seen && a->waking.time < span->begin)
		a->waking.time = span->begin;
	return 0;
}

static int doubt(void *self, int32_t cpu, enum replay_doubt why, int64_t begin, int64_t end,
		 int64_t records, struct schedtrace_error *err)
{
	struct latency *latency = self;

	if (why == REPLAY_GAP || why == REPLAY_CLOCK)
		latency->gap_end = end;
	return 0;
}

static int row(void *self, const struct schedtrace_events *ev, size_t i, uint32_t id,
	       struct schedtrace_error *err)
{
	struct latency *latency = self;
	struct lives *lives = replay_lives(latency->replay);
	const struct life *life;
	struct latency_account *a;

	if (id == LIFE_NONE)
		return 0;
	a = grown_at(&latency->accounts, id, struct latency_account);
	if (!a)
		return no_memory(err);
	if (ev->event[i] == SCHEDTRACE_WAKING) {
		int64_t waker = ev->arg0[i];

		a->waking.seen = true;
		a->waking.doubtful = false;
		a->waking.time = ev->timestamp[i];
		a->waking.waker = LIFE_NONE;
		if (!waker)
			a->waking.waker = LIFE_IDLE;
		else if (waker > 0 && waker <= INT32_MAX)
			a->waking.waker = lives_find(lives, (int32_t)waker);
		return 0;
	}
	/* The replay takes no notice of a wakeup before the task slept. */
	life = &lives->all[id];
	if (life->state == LIFE_WAIT_WAKEUP && life->since == ev->timestamp[i]) {
		a->woken.seen = a->waking.seen;
		a->woken.time = a->waking.time;
		a->woken.doubtful = a->waking.doubtful || a->waking.time < latency->gap_end;
		a->woken.waker = a->waking.seen && !a->woken.doubtful ? a->waking.waker : LIFE_NONE;
		a->is_moved = a->last_cpu && a->last_cpu != ev->cpu[i] + 1;
	}
	a->waking.seen = false;
	return 0;
}

static int snapshot(void *self, struct schedtrace_tables *out, struct schedtrace_error *err)
{
	return latency_tables(self, out, err);
}

static void release(struct latency_account *a)
{
	for (int kind = 0; kind < N_KINDS; kind++) {
		if (a->kinds[kind])
			histogram_free(&a->kinds[kind]->waits);
		free(a->kinds[kind]);
	}
}

static void destroy(void *self)
{
	struct latency *latency = self;

	for (uint32_t id = 0; id < latency->accounts.n; id++)
		release(grown_get(&latency->accounts, id, struct latency_account));
	release(&latency->chosen);
	histogram_free(&latency->on[0]);
	histogram_free(&latency->on[1]);
	free(latency->accounts.items);
	free(latency->ran.items);
	free(latency->worst);
	free(latency);
}

static int create(void **self, const struct analysis_env *env, struct schedtrace_error *err)
{
	struct latency *latency = calloc(1, sizeof(*latency));
	struct replay_listener listener = {
		.self = latency,
		.span = span,
		.doubt = doubt,
		.events = REPLAY_EVENT(WAKING) | REPLAY_EVENT(WAKEUP),
		.before_window = true,
		.row = row,
		.forget = latency_forget,
	};

	if (!latency)
		return no_memory(err);
	*self = latency;
	latency->max_worst = (size_t)env->parameters->values[PARAMETER_WORST];
	latency->worst = calloc(latency->max_worst, sizeof(*latency->worst));
	if (!latency->worst)
		return no_memory(err);
	latency->sink = env->sink;
	latency->replay = env->replay;
	latency->choice = env->choice;
	latency->row_filter = env->row_filter;
	latency->gap_end = INT64_MIN;
	latency->window_begin = env->window_begin;
	latency->window_end = env->window_end;
	return replay_listen(env->replay, &listener, err);
}

static const char *const needs[] = {
	"CTX_SWITCH", "BLOCK", "WAKEUP", "WAKEUP_NEW", "WAKING", NULL
};
static const struct schedtrace_table_info *const tables[] = {
	&latency_info,		 &latency_kinds_info, &latency_worst_info,
	&latency_histogram_info, &latency_open_info,  &latency_comms_info
};
static const struct schedtrace_table_info *const logs[] = { &latency_log_info };

const struct analysis analysis_latency = {
	.info = { "latency",
		  "how long tasks wait until they run: per task, percentiles, the worst cases",
		  needs, 6, tables, 1, logs,
		  PICTURES(&picture_latency_histogram, &picture_latency_distribution) },
	.uses_replay = true,
	.create = create,
	.snapshot = snapshot,
	.destroy = destroy,
};
