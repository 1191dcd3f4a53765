/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How long does a task wait until it runs? By what made it runnable, each apart:
 *
 *   wakeup   from sched_wakeup to the switch-in (perf sched latency, bcc's runqlat, LISA)
 *   waking   the same waits from sched_waking, when the waker began (Perfetto, perf sched
 *            timehist); never shorter than from sched_wakeup
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
#include <math.h>
#include <stdlib.h>

#include "../analysis.h"
#include "../error.h"
#include "../grown.h"
#include "../histogram.h"
#include "../replay.h"

enum kind { WAKEUP, WAKING, PREEMPT, NEW, UNKNOWN, N_KINDS };

static const char *const kind_names[N_KINDS] = { "wakeup", "waking", "preempt", "new", "unknown" };

struct longest {
	int64_t begin;
	int32_t cpu;
	uint32_t waker, ran; /* lives; LIFE_IDLE idle, LIFE_NONE unknown */
};

struct account {
	struct histogram waits[N_KINDS];
	struct longest longest[N_KINDS];
	int64_t uncertain[N_KINDS], cut[N_KINDS];
	int64_t uncertain_max[N_KINDS];
	int64_t moved; /* of the waits after wakeups */
	/* The wakeup that has begun, and the one whose wait goes on; without a waking: waker is
	 * LIFE_NONE. */
	struct {
		int64_t time;
		uint32_t waker;
		bool seen;
	} waking, woken;
	int32_t last_cpu; /* + 1: where it last ran; 0: not known */
	bool is_moved;	  /* the wait that goes on began on another CPU */
};

#define N_WORST 20

/* Names are numbers in lives.names, since a task may change its name later. */
struct worst {
	struct longest longest;
	int64_t ns;
	enum kind kind;
	uint32_t life;
	int32_t name, waker_name, ran_name; /* -1 unknown */
	bool moved;
};

struct latency {
	struct replay *replay;
	struct grown accounts;	/* struct account by life */
	struct grown last_ran;	/* uint32_t by CPU: the life that ran there last, + 1; 0 unknown */
	struct histogram on[2]; /* waits after wakeups: on the previous CPU, moved */
	struct worst worst[N_WORST]; /* the longest first */
	size_t n_worst;
};

static int no_memory(struct schedtrace_error *err)
{
	return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for analysis latency");
}

static int32_t name_of(const struct lives *lives, uint32_t life)
{
	return life <= LIFE_MAX ? lives->all[life].name : -1;
}

static void remember_worst(struct latency *latency, const struct worst *wait)
{
	const struct lives *lives = replay_lives(latency->replay);
	size_t i = latency->n_worst;

	if (i == N_WORST && latency->worst[--i].ns >= wait->ns)
		return;
	for (; i > 0 && latency->worst[i - 1].ns < wait->ns; i--)
		latency->worst[i] = latency->worst[i - 1];
	latency->worst[i] = *wait;
	latency->worst[i].name = name_of(lives, wait->life);
	latency->worst[i].waker_name = name_of(lives, wait->longest.waker);
	latency->worst[i].ran_name = name_of(lives, wait->longest.ran);
	if (latency->n_worst < N_WORST)
		latency->n_worst++;
}

static int count(struct account *a, enum kind kind, int64_t ns, const struct longest *about,
		 struct schedtrace_error *err)
{
	if (!a->waits[kind].count || ns > a->waits[kind].max)
		a->longest[kind] = *about;
	return histogram_add(&a->waits[kind], ns) < 0 ? no_memory(err) : 0;
}

static int count_whole(struct latency *latency, struct account *a, enum kind kind,
		       const struct replay_span *span, struct schedtrace_error *err)
{
	const uint32_t *ran = grown_get(&latency->last_ran, span->cpu, uint32_t);
	struct longest about = { span->begin, span->cpu, LIFE_NONE,
				 ran && *ran ? *ran - 1 : LIFE_NONE };
	struct worst wait = { .ns = span->end - span->begin, .kind = kind, .life = span->life };
	int r;

	if (kind == WAKEUP) {
		about.waker = a->woken.waker;
		wait.moved = a->is_moved;
		a->moved += a->is_moved;
		if (a->last_cpu && histogram_add(&latency->on[a->is_moved], wait.ns) < 0)
			return no_memory(err);
	}
	r = count(a, kind, wait.ns, &about, err);
	wait.longest = about;
	remember_worst(latency, &wait);
	if (r >= 0 && kind == WAKEUP && a->woken.seen) {
		about.begin = a->woken.time;
		r = count(a, WAKING, span->end - a->woken.time, &about, err);
	}
	return r;
}

static void count_other(struct account *a, enum kind kind, bool cut, int64_t ns)
{
	if (cut) {
		a->cut[kind]++;
		return;
	}
	a->uncertain[kind]++;
	if (ns > a->uncertain_max[kind])
		a->uncertain_max[kind] = ns;
}

static enum kind kind_of(const struct replay_span *span)
{
	if (span->cpu < 0)
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

static int waited(struct latency *latency, struct account *a, const struct replay_span *span,
		  struct schedtrace_error *err)
{
	const struct life *life = &replay_lives(latency->replay)->all[span->life];
	enum kind kind = kind_of(span);
	bool cut = span->cut || (kind == UNKNOWN && life->flags & LIFE_FROM_START);

	if (span->whole)
		return count_whole(latency, a, kind, span, err);
	count_other(a, kind, cut, span->end - span->begin);
	if (kind == WAKEUP && a->woken.seen)
		count_other(a, WAKING, cut, span->end - a->woken.time);
	return 0;
}

static int span(void *self, const struct replay_span *span, struct schedtrace_error *err)
{
	struct latency *latency = self;
	struct account *a;

	if (span->state == LIFE_RUNNING) {
		uint32_t *ran = grown_at(&latency->last_ran, span->cpu, uint32_t);

		if (!ran)
			return no_memory(err);
		*ran = span->life + 1;
		if (span->life == LIFE_IDLE)
			return 0;
	} else if (span->state < LIFE_WAIT_WAKEUP || span->state > LIFE_WAIT_NEW) {
		return 0;
	}
	a = grown_at(&latency->accounts, span->life, struct account);
	if (!a)
		return no_memory(err);
	if (span->state != LIFE_RUNNING)
		return waited(latency, a, span, err);
	a->last_cpu = span->cpu + 1;
	return 0;
}

static int row(void *self, const struct schedtrace_events *ev, size_t i, uint32_t id,
	       struct schedtrace_error *err)
{
	struct latency *latency = self;
	struct lives *lives = replay_lives(latency->replay);
	const struct life *life;
	struct account *a;

	if (id == LIFE_NONE)
		return 0;
	a = grown_at(&latency->accounts, id, struct account);
	if (!a)
		return no_memory(err);
	if (ev->event[i] == SCHEDTRACE_WAKING) {
		int64_t waker = ev->arg0[i];

		a->waking.seen = true;
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
		a->woken.waker = a->waking.seen ? a->waking.waker : LIFE_NONE;
		a->is_moved = a->last_cpu && a->last_cpu != ev->cpu[i] + 1;
	}
	a->waking.seen = false;
	return 0;
}

enum {
	PID,
	TGID,
	COMM,
	KIND,
	COUNT,
	MEAN,
	P50,
	P90,
	P99,
	P999,
	MAX,
	MAX_AT,
	MAX_CPU,
	WAKER_PID,
	WAKER,
	RAN_PID,
	RAN,
	MOVED,
	TOTAL,
	UNCERTAIN,
	UNCERTAIN_MAX,
	CUT,
	N_COLUMNS
};

#define ABOUT_KIND                                                                                 \
	"wakeup: from sched_wakeup; waking: the same waits from sched_waking; preempt: from the "  \
	"switch-out while runnable; new: from sched_wakeup_new; unknown: may have waited"
#define ABOUT_PERCENTILE "; at most 1/32 (or 8 ns) off"

static const struct schedtrace_column_info columns[N_COLUMNS] = {
	[PID] = { "pid", "", "thread id", SCHEDTRACE_INT },
	[TGID] = { "tgid", "", "process id (thread group)", SCHEDTRACE_INT },
	[COMM] = { "comm", "", "the task's last name", SCHEDTRACE_TEXT },
	[KIND] = { "kind", "", ABOUT_KIND, SCHEDTRACE_TEXT },
	[COUNT] = { "count", "1", "waits whose begin and end rows show", SCHEDTRACE_INT },
	[MEAN] = { "mean_ns", "ns", "their mean", SCHEDTRACE_REAL },
	[P50] = { "p50_ns", "ns", "their median" ABOUT_PERCENTILE, SCHEDTRACE_INT },
	[P90] = { "p90_ns", "ns", "90 % are not longer" ABOUT_PERCENTILE, SCHEDTRACE_INT },
	[P99] = { "p99_ns", "ns", "99 % are not longer" ABOUT_PERCENTILE, SCHEDTRACE_INT },
	[P999] = { "p999_ns", "ns", "99.9 % are not longer" ABOUT_PERCENTILE, SCHEDTRACE_INT },
	[MAX] = { "max_ns", "ns", "the longest, exactly", SCHEDTRACE_INT },
	[MAX_AT] = { "max_at_ns", "ns", "when the longest began", SCHEDTRACE_INT },
	[MAX_CPU] = { "cpu", "", "CPU where the longest ended", SCHEDTRACE_INT },
	[WAKER_PID] = { "waker_pid", "",
			"who woke it then (common_pid of sched_waking), 0 an interrupt in idle",
			SCHEDTRACE_INT },
	[WAKER] = { "waker", "", "the waker's last name", SCHEDTRACE_TEXT },
	[RAN_PID] = { "ran_pid", "", "who left that CPU when the longest ended, 0 the idle task",
		      SCHEDTRACE_INT },
	[RAN] = { "ran", "", "that task's last name", SCHEDTRACE_TEXT },
	[MOVED] = { "moved", "1", "of these, woken on another CPU than it last ran on",
		    SCHEDTRACE_INT },
	[TOTAL] = { "total_ns", "ns", "their sum", SCHEDTRACE_INT },
	[UNCERTAIN] = { "uncertain", "1",
			"not in the figures: waits whose begin or end is doubtful (a missing "
			"switch, a gap)",
			SCHEDTRACE_INT },
	[UNCERTAIN_MAX] = { "uncertain_max_ns", "ns", "the most that one of these can be",
			    SCHEDTRACE_INT },
	[CUT] = { "cut", "1",
		  "not in the figures: waits at the edges of the recording or of the window",
		  SCHEDTRACE_INT },
};

static const struct schedtrace_table_info latency_info = {
	"latency",
	"how long each task waited until it ran; a row a task and kind of wait",
	N_COLUMNS,
	columns,
};

enum {
	K_KIND,
	K_PLACEMENT,
	K_COUNT,
	K_MEAN,
	K_P50,
	K_P90,
	K_P99,
	K_P999,
	K_MAX,
	K_TOTAL,
	K_UNCERTAIN,
	K_CUT,
	N_K_COLUMNS
};

static const struct schedtrace_column_info kind_columns[N_K_COLUMNS] = {
	[K_KIND] = { "kind", "", ABOUT_KIND, SCHEDTRACE_TEXT },
	[K_PLACEMENT] = { "placement", "",
			  "all; previous: woken where it last ran; moved: woken elsewhere",
			  SCHEDTRACE_TEXT },
	[K_COUNT] = { "count", "1", "waits whose begin and end rows show", SCHEDTRACE_INT },
	[K_MEAN] = { "mean_ns", "ns", "their mean", SCHEDTRACE_REAL },
	[K_P50] = { "p50_ns", "ns", "their median" ABOUT_PERCENTILE, SCHEDTRACE_INT },
	[K_P90] = { "p90_ns", "ns", "90 % are not longer" ABOUT_PERCENTILE, SCHEDTRACE_INT },
	[K_P99] = { "p99_ns", "ns", "99 % are not longer" ABOUT_PERCENTILE, SCHEDTRACE_INT },
	[K_P999] = { "p999_ns", "ns", "99.9 % are not longer" ABOUT_PERCENTILE, SCHEDTRACE_INT },
	[K_MAX] = { "max_ns", "ns", "the longest, exactly", SCHEDTRACE_INT },
	[K_TOTAL] = { "total_ns", "ns", "their sum", SCHEDTRACE_INT },
	[K_UNCERTAIN] = { "uncertain", "1", "not in the figures: begin or end is doubtful",
			  SCHEDTRACE_INT },
	[K_CUT] = { "cut", "1", "not in the figures: at the edges", SCHEDTRACE_INT },
};

static const struct schedtrace_table_info kinds_info = {
	"latency_kinds",
	"the same over all tasks, wakeups also by where the task was put",
	N_K_COLUMNS,
	kind_columns,
};

enum { H_FROM, H_BELOW, H_WAKEUP, H_WAKING, H_PREEMPT, H_NEW, N_H_COLUMNS };

static const struct schedtrace_column_info histogram_columns[N_H_COLUMNS] = {
	[H_FROM] = { "from_ns", "ns", "waits from this", SCHEDTRACE_INT },
	[H_BELOW] = { "below_ns", "ns", "to less than this", SCHEDTRACE_INT },
	[H_WAKEUP] = { "wakeup", "1", "from sched_wakeup", SCHEDTRACE_INT },
	[H_WAKING] = { "waking", "1", "the same waits from sched_waking", SCHEDTRACE_INT },
	[H_PREEMPT] = { "preempt", "1", "from the switch-out while runnable", SCHEDTRACE_INT },
	[H_NEW] = { "new", "1", "from sched_wakeup_new", SCHEDTRACE_INT },
};

static const struct schedtrace_table_info histogram_info = {
	"latency_histogram",
	"how many waits are how long, over all tasks, by powers of two as bcc's runqlat",
	N_H_COLUMNS,
	histogram_columns,
};

enum {
	W_TIME,
	W_LATENCY,
	W_PID,
	W_TGID,
	W_COMM,
	W_KIND,
	W_CPU,
	W_MOVED,
	W_WAKER_PID,
	W_WAKER,
	W_RAN_PID,
	W_RAN,
	N_W_COLUMNS
};

static const struct schedtrace_column_info worst_columns[N_W_COLUMNS] = {
	[W_TIME] = { "begin_ns", "ns", "when the wait began, on the trace clock", SCHEDTRACE_INT },
	[W_LATENCY] = { "latency_ns", "ns", "how long it was", SCHEDTRACE_INT },
	[W_PID] = { "pid", "", "thread id", SCHEDTRACE_INT },
	[W_TGID] = { "tgid", "", "process id (thread group)", SCHEDTRACE_INT },
	[W_COMM] = { "comm", "", "the task's name then", SCHEDTRACE_TEXT },
	[W_KIND] = { "kind", "", "wakeup (from sched_wakeup), preempt or new", SCHEDTRACE_TEXT },
	[W_CPU] = { "cpu", "", "CPU where it ended", SCHEDTRACE_INT },
	[W_MOVED] = { "moved", "1", "1: woken on another CPU than it last ran on", SCHEDTRACE_INT },
	[W_WAKER_PID] = { "waker_pid", "", "who woke it, 0 an interrupt in idle", SCHEDTRACE_INT },
	[W_WAKER] = { "waker", "", "the waker's name then", SCHEDTRACE_TEXT },
	[W_RAN_PID] = { "ran_pid", "", "who left that CPU when the wait ended, 0 the idle task",
			SCHEDTRACE_INT },
	[W_RAN] = { "ran", "", "that task's name then", SCHEDTRACE_TEXT },
};

static const struct schedtrace_table_info worst_info = {
	"latency_worst",
	"the 20 longest waits, the longest first",
	N_W_COLUMNS,
	worst_columns,
};

static int64_t pid_of(const struct lives *lives, uint32_t life)
{
	if (life == LIFE_IDLE)
		return 0;
	return life == LIFE_NONE ? UNKNOWN_INT : lives->all[life].pid;
}

static const char *text_of(const struct lives *lives, uint32_t life, int32_t name)
{
	if (life == LIFE_IDLE)
		return "idle";
	return name < 0 ? NULL : lives->names.names[name];
}

static int add_kind(const struct lives *lives, uint32_t id, const struct account *a, enum kind kind,
		    struct schedtrace_table *table, struct schedtrace_error *err)
{
	const struct histogram *waits = &a->waits[kind];
	const struct longest *longest = &a->longest[kind];
	const struct life *life = &lives->all[id];
	bool any = waits->count;
	union schedtrace_value v[N_COLUMNS];

	v[PID].i = life->pid;
	v[TGID].i = life->tgid < 0 ? UNKNOWN_INT : life->tgid;
	v[COMM].s = lives_name(lives, id);
	v[KIND].s = kind_names[kind];
	v[COUNT].i = (int64_t)waits->count;
	v[MEAN].f = histogram_mean(waits);
	v[P50].i = histogram_percentile(waits, 50);
	v[P90].i = histogram_percentile(waits, 90);
	v[P99].i = histogram_percentile(waits, 99);
	v[P999].i = histogram_percentile(waits, 99.9);
	v[MAX].i = any ? waits->max : UNKNOWN_INT;
	v[MAX_AT].i = any ? longest->begin : UNKNOWN_INT;
	v[MAX_CPU].i = any ? longest->cpu : UNKNOWN_INT;
	v[WAKER_PID].i = any ? pid_of(lives, longest->waker) : UNKNOWN_INT;
	v[WAKER].s = any ? text_of(lives, longest->waker, name_of(lives, longest->waker)) : NULL;
	v[RAN_PID].i = any ? pid_of(lives, longest->ran) : UNKNOWN_INT;
	v[RAN].s = any ? text_of(lives, longest->ran, name_of(lives, longest->ran)) : NULL;
	v[MOVED].i = kind == WAKEUP ? a->moved : UNKNOWN_INT;
	v[TOTAL].i = waits->sum;
	v[UNCERTAIN].i = a->uncertain[kind];
	v[UNCERTAIN_MAX].i = a->uncertain[kind] ? a->uncertain_max[kind] : UNKNOWN_INT;
	v[CUT].i = a->cut[kind];
	return table_row(table, v, err);
}

/* The task's account with the wait that still goes on. */
static struct account with_open(const struct latency *latency, uint32_t id)
{
	const struct account *known = grown_get(&latency->accounts, id, struct account);
	struct account a = known ? *known : (struct account){ 0 };
	struct replay_span open;

	if (!replay_open(latency->replay, id, &open) || open.begin >= open.end)
		return a;
	if (open.state >= LIFE_WAIT_WAKEUP && open.state <= LIFE_WAIT_NEW) {
		enum kind kind = kind_of(&open);

		a.cut[kind]++;
		if (kind == WAKEUP && a.woken.seen)
			a.cut[WAKING]++;
	}
	return a;
}

static int add_summary(const char *kind, const char *placement, const struct histogram *waits,
		       int64_t uncertain, int64_t cut, struct schedtrace_table *table,
		       struct schedtrace_error *err)
{
	union schedtrace_value v[N_K_COLUMNS];

	v[K_KIND].s = kind;
	v[K_PLACEMENT].s = placement;
	v[K_COUNT].i = (int64_t)waits->count;
	v[K_MEAN].f = histogram_mean(waits);
	v[K_P50].i = histogram_percentile(waits, 50);
	v[K_P90].i = histogram_percentile(waits, 90);
	v[K_P99].i = histogram_percentile(waits, 99);
	v[K_P999].i = histogram_percentile(waits, 99.9);
	v[K_MAX].i = waits->count ? waits->max : UNKNOWN_INT;
	v[K_TOTAL].i = waits->sum;
	v[K_UNCERTAIN].i = uncertain;
	v[K_CUT].i = cut;
	return table_row(table, v, err);
}

static int add_kinds(const struct latency *latency, const struct account *all,
		     struct schedtrace_tables *out, struct schedtrace_error *err)
{
	static const char *const placements[] = { "previous", "moved" };
	struct schedtrace_table *table;
	int r = tables_add(out, &kinds_info, &table, err);

	for (int kind = 0; r >= 0 && kind < N_KINDS; kind++) {
		r = add_summary(kind_names[kind], "all", &all->waits[kind], all->uncertain[kind],
				all->cut[kind], table, err);
		for (int on = 0; r >= 0 && kind == WAKEUP && on < 2; on++)
			r = add_summary(kind_names[kind], placements[on], &latency->on[on],
					UNKNOWN_INT, UNKNOWN_INT, table, err);
	}
	return r;
}

static int add_histogram(const struct account *all, struct schedtrace_tables *out,
			 struct schedtrace_error *err)
{
	int64_t max = -1, min = INT64_MAX;
	struct schedtrace_table *table;
	int r = tables_add(out, &histogram_info, &table, err);

	for (int kind = WAKEUP; kind <= NEW; kind++) {
		const struct histogram *waits = &all->waits[kind];

		if (waits->count) {
			max = waits->max > max ? waits->max : max;
			min = waits->min < min ? waits->min : min;
		}
	}
	for (int64_t from = 0; r >= 0 && from <= max; from = from ? 2 * from : 16) {
		union schedtrace_value v[N_H_COLUMNS];

		if (from > INT64_MAX / 4)
			break;
		if ((from ? 2 * from : 16) <= min)
			continue;
		v[H_FROM].i = from;
		v[H_BELOW].i = from ? 2 * from : 16;
		for (int kind = WAKEUP; kind <= NEW; kind++)
			v[H_WAKEUP + kind].i = (int64_t)histogram_octave(&all->waits[kind], from);
		r = table_row(table, v, err);
	}
	return r;
}

static int add_worst(const struct latency *latency, struct schedtrace_tables *out,
		     struct schedtrace_error *err)
{
	const struct lives *lives = replay_lives(latency->replay);
	struct schedtrace_table *table;
	int r = tables_add(out, &worst_info, &table, err);

	for (size_t i = 0; r >= 0 && i < latency->n_worst; i++) {
		const struct worst *w = &latency->worst[i];
		const struct life *life = &lives->all[w->life];
		union schedtrace_value v[N_W_COLUMNS];

		v[W_TIME].i = w->longest.begin;
		v[W_LATENCY].i = w->ns;
		v[W_PID].i = life->pid;
		v[W_TGID].i = life->tgid < 0 ? UNKNOWN_INT : life->tgid;
		v[W_COMM].s = text_of(lives, w->life, w->name);
		v[W_KIND].s = kind_names[w->kind];
		v[W_CPU].i = w->longest.cpu;
		v[W_MOVED].i = w->kind == WAKEUP ? w->moved : UNKNOWN_INT;
		v[W_WAKER_PID].i = pid_of(lives, w->longest.waker);
		v[W_WAKER].s = text_of(lives, w->longest.waker, w->waker_name);
		v[W_RAN_PID].i = pid_of(lives, w->longest.ran);
		v[W_RAN].s = text_of(lives, w->longest.ran, w->ran_name);
		r = table_row(table, v, err);
	}
	return r;
}

static int add_tasks(const struct latency *latency, struct account *all,
		     struct schedtrace_tables *out, struct schedtrace_error *err)
{
	struct lives *lives = replay_lives(latency->replay);
	struct schedtrace_table *table;
	int r = tables_add(out, &latency_info, &table, err);

	for (uint32_t id = 0; r >= 0 && id < lives->n; id++) {
		struct account a = with_open(latency, id);

		for (int kind = 0; r >= 0 && kind < N_KINDS; kind++) {
			if (!a.waits[kind].count && !a.uncertain[kind] && !a.cut[kind])
				continue;
			lives_complete(lives, &lives->all[id]);
			r = add_kind(lives, id, &a, kind, table, err);
			all->uncertain[kind] += a.uncertain[kind];
			all->cut[kind] += a.cut[kind];
			if (r >= 0 && histogram_merge(&all->waits[kind], &a.waits[kind]) < 0)
				r = no_memory(err);
		}
	}
	return r;
}

static int snapshot(void *self, struct schedtrace_tables *out, struct schedtrace_error *err)
{
	struct latency *latency = self;
	struct account all = { 0 };
	int r = add_tasks(latency, &all, out, err);

	if (r >= 0)
		r = add_kinds(latency, &all, out, err);
	if (r >= 0)
		r = add_worst(latency, out, err);
	if (r >= 0)
		r = add_histogram(&all, out, err);
	for (int kind = 0; kind < N_KINDS; kind++)
		histogram_free(&all.waits[kind]);
	return r;
}

static void destroy(void *self)
{
	struct latency *latency = self;

	for (uint32_t id = 0; id < latency->accounts.n; id++) {
		struct account *a = grown_get(&latency->accounts, id, struct account);

		for (int kind = 0; kind < N_KINDS; kind++)
			histogram_free(&a->waits[kind]);
	}
	histogram_free(&latency->on[0]);
	histogram_free(&latency->on[1]);
	free(latency->accounts.items);
	free(latency->last_ran.items);
	free(latency);
}

static int create(void **self, const struct analysis_env *env, struct schedtrace_error *err)
{
	struct latency *latency = calloc(1, sizeof(*latency));
	struct replay_listener listener = {
		.self = latency,
		.span = span,
		.events = REPLAY_EVENT(WAKING) | REPLAY_EVENT(WAKEUP),
		.before_window = true,
		.row = row,
	};

	if (!latency)
		return no_memory(err);
	*self = latency;
	latency->replay = env->replay;
	return replay_listen(env->replay, &listener, err);
}

static const char *const needs[] = {
	"CTX_SWITCH", "BLOCK", "WAKEUP", "WAKEUP_NEW", "WAKING", NULL
};
static const struct schedtrace_table_info *const tables[] = { &latency_info, &kinds_info,
							      &worst_info, &histogram_info };

const struct analysis analysis_latency = {
	.info = { "latency",
		  "how long tasks wait until they run: per task, percentiles, the worst cases",
		  needs, 4, tables, 0, NULL },
	.uses_replay = true,
	.create = create,
	.snapshot = snapshot,
	.destroy = destroy,
};
