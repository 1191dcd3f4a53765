/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The tables of the analysis latency. */
#include "base/error.h"
#include "libschedtrace/analyses/latency.h"
#include "libschedtrace/analyses/latency_comms.h"

const char *const latency_kind_names[N_KINDS] = { "wakeup", "waking", "preempt", "new", "unknown" };

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
	N_COLUMNS,
	LIFE = N_COLUMNS,
	N_ALL
};

static const struct schedtrace_column_info *const columns[N_ALL] = {
	[PID] = COLUMN_ID("pid", "thread id"),
	[TGID] = COLUMN_ID("tgid", "process id (thread group)"),
	[COMM] = COLUMN_TEXT("comm", "the task's last name"),
	[KIND] = COLUMN_TEXT("kind", LATENCY_ABOUT_KIND),
	LATENCY_FIGURES(COUNT, "waits whose begin and end rows show", "their mean"),
	[MAX_AT] = COLUMN_STAMP("max_at_ns", "when the longest began", .of = "max_ns"),
	[MAX_CPU] = COLUMN_ID("cpu", "CPU where the longest ended", .of = "max_ns"),
	[WAKER_PID] =
		COLUMN_ID("waker_pid",
			  "who woke it then (common_pid of sched_waking), 0 an interrupt in idle",
			  .of = "max_ns"),
	[WAKER] = COLUMN_TEXT("waker", "the waker's last name", .of = "max_ns"),
	[RAN_PID] =
		COLUMN_ID("ran_pid", "who ran most on that CPU meanwhile, of the last 16 stretches",
			  .of = "max_ns"),
	[RAN] = COLUMN_TEXT("ran", "that task's last name", .of = "max_ns"),
	[MOVED] = COLUMN_COUNT("moved", "of these, woken on another CPU than it last ran on"),
	[TOTAL] = COLUMN_DURATION("total_ns", "their sum"),
	[UNCERTAIN] = COLUMN_COUNT(
		"uncertain", "not in the figures: waits whose begin or end is doubtful (a missing "
			     "switch, a gap)"),
	[UNCERTAIN_MAX] = COLUMN_DURATION(
		"uncertain_max_ns",
		"the most that one of these can be; unknown where a gap ended one, or "
		"one may "
		"have begun in a gap",
		.merge = SCHEDTRACE_MERGE_MAX),
	[CUT] = COLUMN_COUNT(
		"cut", "not in the figures: waits at the edges of the recording or of the window"),
	[LIFE] = COLUMN_LIFE("life"),
};

static const struct schedtrace_picture picture_latency = {
	.from = "latency",
	.kind = SCHEDTRACE_PICTURE_BARS,
	.labels = "comm,pid,kind",
	.values = "p50_ns:median,p99_ns:99 % within,max_ns:longest",
	.top = 12,
};

const struct schedtrace_table_info latency_info = {
	.name = "latency",
	.about = "how long each task waited until it ran; a row a task and kind of wait",
	.n_columns = N_COLUMNS,
	.columns = columns,
	.choices = SCHEDTRACE_BY_TASK | SCHEDTRACE_BEFORE_CPU,
	.key = "pid,kind",
	.order = "-max_ns",
	.first = "pid,comm,kind,count,p50_ns,p99_ns,max_ns,mean_ns,uncertain,cut,"
		 "max_at_ns,cpu,ran,waker",
	.micros = 1,
	.compare = &(const struct schedtrace_table_compare){ .same = "comm,kind",
							     .measures = "mean_ns,max_ns,count" },
	.pictures = PICTURES(&picture_latency),
	.n_hidden = N_ALL - N_COLUMNS,
	.interval = &(const struct schedtrace_table_interval){ .same = "life,kind" },
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

static const struct schedtrace_column_info *const kind_columns[N_K_COLUMNS] = {
	[K_KIND] = COLUMN_TEXT("kind", LATENCY_ABOUT_KIND),
	[K_PLACEMENT] = COLUMN_TEXT(
		"placement", "all; previous: woken where it last ran; moved: woken elsewhere"),
	LATENCY_FIGURES(K_COUNT, "waits whose begin and end rows show", "their mean"),
	[K_TOTAL] = COLUMN_DURATION("total_ns", "their sum"),
	[K_UNCERTAIN] = COLUMN_COUNT("uncertain", "not in the figures: begin or end is doubtful"),
	[K_CUT] = COLUMN_COUNT("cut", "not in the figures: at the edges"),
};

static const struct schedtrace_picture picture_latency_kinds = {
	.from = "latency_kinds",
	.kind = SCHEDTRACE_PICTURE_BARS,
	.title = "How long waits are, by kind and by where the task was put",
	.labels = "kind,placement",
	.values = "p50_ns:median,p99_ns:99 % within,max_ns:longest",
	.top = 12,
};

const struct schedtrace_table_info latency_kinds_info = {
	.name = "latency_kinds",
	.about = "the same over all tasks, wakeups also by where the task was put",
	.n_columns = N_K_COLUMNS,
	.columns = kind_columns,
	.choices = SCHEDTRACE_BEFORE_TASK | SCHEDTRACE_BEFORE_CPU,
	.key = "kind,placement",
	.micros = 1,
	.compare = &(const struct schedtrace_table_compare){ .same = "kind,placement",
							     .measures = "p50_ns,p99_ns,max_ns",
							     .totals = "kind=wakeup,placement=all",
							     .called = "wakeups",
							     .usual = true },
	.pictures = PICTURES(&picture_latency_kinds),
};

enum { H_FROM, H_BELOW, H_WAKEUP, H_WAKING, H_PREEMPT, H_NEW, N_H_COLUMNS };

static const struct schedtrace_column_info *const histogram_columns[N_H_COLUMNS] = {
	[H_FROM] = COLUMN_DURATION("from_ns", "waits from this"),
	[H_BELOW] = COLUMN_DURATION("below_ns", "to less than this"),
	[H_WAKEUP] = COLUMN_COUNT("wakeup", "from sched_wakeup"),
	[H_WAKING] = COLUMN_COUNT("waking", "the same waits from sched_waking"),
	[H_PREEMPT] = COLUMN_COUNT("preempt", "from the switch-out while runnable"),
	[H_NEW] = COLUMN_COUNT("new", "from sched_wakeup_new"),
};

const struct schedtrace_picture picture_latency_histogram = {
	.from = "latency_histogram",
	.kind = SCHEDTRACE_PICTURE_HISTOGRAM,
	.title = "How long waits are, by powers of two",
};

const struct schedtrace_picture picture_latency_distribution = {
	.from = "latency_histogram",
	.kind = SCHEDTRACE_PICTURE_DISTRIBUTION,
	.title = "How many waits are not longer",
};

const struct schedtrace_table_info latency_histogram_info = {
	.name = "latency_histogram",
	.about = "how many waits are how long, over all tasks, by powers of two as bcc's runqlat",
	.n_columns = N_H_COLUMNS,
	.columns = histogram_columns,
	.choices = SCHEDTRACE_BEFORE_TASK | SCHEDTRACE_BEFORE_CPU,
	.key = "from_ns",
	.micros = 3,
	.compare = &(const struct schedtrace_table_compare){ .same = "from_ns,below_ns",
							     .measures = "wakeup,preempt",
							     .usual = true,
							     .histogram = true },
	.pictures = PICTURES(&picture_latency_histogram, &picture_latency_distribution),
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

static const struct schedtrace_column_info *const worst_columns[N_W_COLUMNS] = {
	[W_TIME] = COLUMN_STAMP("begin_ns", "when the wait began, on the trace clock"),
	[W_LATENCY] = COLUMN_DURATION("latency_ns", "how long it was"),
	[W_PID] = COLUMN_ID("pid", "thread id"),
	[W_TGID] = COLUMN_ID("tgid", "process id (thread group)"),
	[W_COMM] = COLUMN_TEXT("comm", "the task's name then"),
	[W_KIND] = COLUMN_TEXT("kind", "wakeup (from sched_wakeup), preempt or new"),
	[W_CPU] = COLUMN_ID("cpu", "CPU where it ended"),
	[W_MOVED] = COLUMN_COUNT("moved", "1: woken on another CPU than it last ran on"),
	[W_WAKER_PID] = COLUMN_ID("waker_pid", "who woke it, 0 an interrupt in idle"),
	[W_WAKER] = COLUMN_TEXT("waker", "the waker's name then"),
	[W_RAN_PID] = COLUMN_ID("ran_pid",
				"who ran most on that CPU meanwhile, of the last 16 stretches"),
	[W_RAN] = COLUMN_TEXT("ran", "that task's name then"),
};

static const struct schedtrace_picture picture_latency_worst = {
	.from = "latency_worst",
	.kind = SCHEDTRACE_PICTURE_BARS,
	.labels = "comm,pid,kind",
	.values = "latency_ns",
	.top = 20,
};

const struct schedtrace_table_info latency_worst_info = {
	.name = "latency_worst",
	.about = "the 20 longest waits, the longest first",
	.n_columns = N_W_COLUMNS,
	.columns = worst_columns,
	.choices = SCHEDTRACE_BEFORE_TASK | SCHEDTRACE_BEFORE_CPU | SCHEDTRACE_FIRST_ONLY,
	.key = "begin_ns,pid,kind",
	.first = "begin_ns,latency_ns,pid,comm,kind,cpu,ran,waker",
	.micros = 1,
	.pictures = PICTURES(&picture_latency_worst),
	.interval = &table_left_out,
};

void latency_figures(union schedtrace_value *first, const struct histogram *waits, bool known)
{
	static const double percentiles[] = { 50, 90, 99, 99.9 };

	(first++)->i = if_known(known, (int64_t)waits->count);
	(first++)->f = histogram_mean(waits);
	for (size_t i = 0; i < sizeof(percentiles) / sizeof(*percentiles); i++)
		(first++)->i = histogram_percentile(waits, percentiles[i]);
	first->i = waits->count ? waits->max : UNKNOWN_INT;
}

/* @gone: pid of one that was let go, 0 none. */
static int64_t pid_of(const struct lives *lives, uint32_t life, int32_t gone)
{
	if (life == LIFE_IDLE)
		return 0;
	if (life == LIFE_NONE)
		return UNKNOWN_INT;
	return gone ? gone : life_pid(&lives->all[life]);
}

static int32_t last_name(const struct lives *lives, uint32_t life)
{
	return life <= LIFE_MAX ? lives->all[life].name : -1;
}

static const char *text_of(const struct lives *lives, uint32_t life, int32_t name)
{
	if (life == LIFE_IDLE)
		return "idle";
	return name < 0 ? NULL : lives->names.names[name];
}

bool latency_recorded(const struct latency *latency, enum latency_kind kind)
{
	struct replay_known known = replay_known(latency->replay);

	switch (kind) {
	case WAKEUP:
		return known.wakeups;
	case WAKING:
		return (known.wakeups || known.states) &&
		       replay_recorded(latency->replay, SCHEDTRACE_WAKING);
	case PREEMPT:
		return known.states;
	case NEW:
		return known.new_wakeups;
	default:
		return known.switches;
	}
}

static int add_kind(const struct latency *latency, uint32_t id, enum latency_kind kind,
		    const struct kind_account *k, int64_t moved, struct schedtrace_table *table,
		    struct schedtrace_error *err)
{
	const struct lives *lives = replay_lives(latency->replay);
	const struct histogram *waits = &k->waits;
	const struct longest *longest = &k->longest;
	const struct life *life = &lives->all[id];
	bool any = waits->count, known = latency_recorded(latency, kind);
	union schedtrace_value v[N_ALL];

	v[PID].i = life_pid(life);
	v[TGID].i = life->tgid < 0 ? UNKNOWN_INT : life->tgid;
	v[COMM].s = lives_name(lives, id);
	v[KIND].s = latency_kind_names[kind];
	latency_figures(&v[COUNT], waits, known);
	v[MAX_AT].i = any ? longest->begin : UNKNOWN_INT;
	v[MAX_CPU].i = any && longest->cpu >= 0 ? longest->cpu : UNKNOWN_INT;
	v[WAKER_PID].i = any ? pid_of(lives, longest->waker, longest->waker_pid) : UNKNOWN_INT;
	v[WAKER].s = any ? text_of(lives, longest->waker, last_name(lives, longest->waker)) : NULL;
	v[RAN_PID].i = any ? pid_of(lives, longest->ran, longest->ran_pid) : UNKNOWN_INT;
	v[RAN].s = any ? text_of(lives, longest->ran, last_name(lives, longest->ran)) : NULL;
	v[MOVED].i = known && kind == WAKEUP ? moved : UNKNOWN_INT;
	v[TOTAL].i = if_known(known, waits->sum);
	v[UNCERTAIN].i = k->uncertain;
	v[UNCERTAIN_MAX].i = k->uncertain && !k->no_most ? k->uncertain_max : UNKNOWN_INT;
	v[CUT].i = k->cut;
	v[LIFE].i = (int64_t)life->serial;
	return table_row(table, v, err);
}

bool latency_still_waits(const struct latency *latency, uint32_t id, struct replay_span *open)
{
	return replay_open(latency->replay, id, open) && open->begin < open->end &&
	       life_is_waiting(open->state);
}

/* How often each kind of wait still goes on, by kind. */
static void count_open(const struct latency *latency, uint32_t id, int64_t cut[N_KINDS])
{
	const struct latency_account *a = grown_get(&latency->accounts, id, struct latency_account);
	struct replay_span open;
	enum latency_kind kind;

	if (!latency_still_waits(latency, id, &open) ||
	    !choice_takes_cpu(latency->choice, open.cpu))
		return;
	kind = latency_kind_of(&open);
	cut[kind]++;
	if (kind == WAKEUP && a && a->woken.seen)
		cut[WAKING]++;
}

static int add_summary(const char *kind, const char *placement, bool known,
		       const struct histogram *waits, int64_t uncertain, int64_t cut,
		       struct schedtrace_table *table, struct schedtrace_error *err)
{
	union schedtrace_value v[N_K_COLUMNS];

	v[K_KIND].s = kind;
	v[K_PLACEMENT].s = placement;
	latency_figures(&v[K_COUNT], waits, known);
	v[K_TOTAL].i = if_known(known, waits->sum);
	v[K_UNCERTAIN].i = uncertain;
	v[K_CUT].i = cut;
	return table_row(table, v, err);
}

static int add_kinds(const struct latency *latency, const struct kind_account *all,
		     struct schedtrace_tables *out, struct schedtrace_error *err)
{
	static const char *const placements[] = { "previous", "moved" };
	struct schedtrace_table *table;
	int r = tables_add(out, &latency_kinds_info, &table, err);

	for (int kind = 0; r >= 0 && kind < N_KINDS; kind++) {
		bool known = latency_recorded(latency, kind);

		r = add_summary(latency_kind_names[kind], "all", known, &all[kind].waits,
				all[kind].uncertain, all[kind].cut, table, err);
		for (int on = 0; r >= 0 && kind == WAKEUP && on < 2; on++)
			r = add_summary(latency_kind_names[kind], placements[on], known,
					&latency->on[on], UNKNOWN_INT, UNKNOWN_INT, table, err);
	}
	return r;
}

static int add_histogram(const struct latency *latency, const struct kind_account *all,
			 struct schedtrace_tables *out, struct schedtrace_error *err)
{
	int64_t max = -1, min = INT64_MAX;
	struct schedtrace_table *table;
	int r = tables_add(out, &latency_histogram_info, &table, err);

	for (int kind = WAKEUP; kind <= NEW; kind++) {
		const struct histogram *waits = &all[kind].waits;

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
			v[H_WAKEUP + kind].i =
				if_known(latency_recorded(latency, kind),
					 (int64_t)histogram_octave(&all[kind].waits, from));
		r = table_row(table, v, err);
	}
	return r;
}

static void fill_worst(const struct lives *lives, const struct worst *w,
		       union schedtrace_value v[N_W_COLUMNS])
{
	int32_t tgid = w->pid ? w->tgid : lives->all[w->life].tgid;

	v[W_TIME].i = w->longest.begin;
	v[W_LATENCY].i = w->ns;
	v[W_PID].i = pid_of(lives, w->life, w->pid);
	v[W_TGID].i = tgid < 0 ? UNKNOWN_INT : tgid;
	v[W_COMM].s = text_of(lives, w->life, w->name);
	v[W_KIND].s = latency_kind_names[w->kind];
	v[W_CPU].i = w->longest.cpu < 0 ? UNKNOWN_INT : w->longest.cpu;
	v[W_MOVED].i = w->kind == WAKEUP ? w->moved : UNKNOWN_INT;
	v[W_WAKER_PID].i = pid_of(lives, w->longest.waker, w->longest.waker_pid);
	v[W_WAKER].s = text_of(lives, w->longest.waker, w->waker_name);
	v[W_RAN_PID].i = pid_of(lives, w->longest.ran, w->longest.ran_pid);
	v[W_RAN].s = text_of(lives, w->longest.ran, w->ran_name);
}

bool latency_worst_takes(const struct latency *latency, const struct worst *wait)
{
	union schedtrace_value v[N_W_COLUMNS];

	if (!latency->row_filter->takes)
		return true;
	fill_worst(replay_lives(latency->replay), wait, v);
	return row_filter_takes(latency->row_filter, &latency_worst_info, v);
}

static int add_worst(const struct latency *latency, struct schedtrace_tables *out,
		     struct schedtrace_error *err)
{
	const struct lives *lives = replay_lives(latency->replay);
	struct schedtrace_table *table;
	int r = tables_add(out, &latency_worst_info, &table, err);

	for (size_t i = 0; r >= 0 && i < latency->n_worst; i++) {
		union schedtrace_value v[N_W_COLUMNS];

		fill_worst(lives, &latency->worst[i], v);
		r = table_row(table, v, err);
	}
	return r;
}

/* What a task adds to the sums over tasks: where only some count, all[] is made of their waits. */
static int add_to_all(const struct latency *latency, uint32_t id, enum latency_kind kind,
		      const struct kind_account *k, struct kind_account *all,
		      struct latency_comms *comms)
{
	const struct lives *lives = replay_lives(latency->replay);

	if (choice_takes_task(latency->choice, lives, id) &&
	    latency_comms_add(comms, lives_name(lives, id), kind, k) < 0)
		return -1;
	if (latency->choice->given)
		return 0;
	all[kind].uncertain += k->uncertain;
	all[kind].cut += k->cut;
	return histogram_merge(&all[kind].waits, &k->waits);
}

/* All waits that count, and those of them that go on. */
static int sum_chosen(const struct latency *latency, struct kind_account *all)
{
	const struct lives *lives = replay_lives(latency->replay);

	for (int kind = 0; kind < N_KINDS; kind++) {
		const struct kind_account *k = latency->chosen.kinds[kind];

		if (!k)
			continue;
		all[kind].uncertain += k->uncertain;
		all[kind].cut += k->cut;
		if (histogram_merge(&all[kind].waits, &k->waits) < 0)
			return -1;
	}
	for (uint32_t id = 0; id < lives->n; id++) {
		int64_t open[N_KINDS] = { 0 };
		struct replay_span span;

		count_open(latency, id, open);
		if (!latency_still_waits(latency, id, &span) ||
		    !choice_takes(latency->choice, lives, id, span.cpu))
			continue;
		for (int kind = 0; kind < N_KINDS; kind++)
			all[kind].cut += open[kind];
	}
	return 0;
}

static int add_tasks(const struct latency *latency, struct kind_account *all,
		     struct latency_comms *comms, struct schedtrace_tables *out,
		     struct schedtrace_error *err)
{
	struct lives *lives = replay_lives(latency->replay);
	struct schedtrace_table *table;
	int r = tables_add(out, &latency_info, &table, err);

	for (uint32_t id = 0; r >= 0 && id < lives->n; id++) {
		const struct latency_account *a =
			grown_get(&latency->accounts, id, struct latency_account);
		int64_t open[N_KINDS] = { 0 };

		count_open(latency, id, open);
		for (int kind = 0; r >= 0 && kind < N_KINDS; kind++) {
			struct kind_account k = { 0 };

			if (a && a->kinds[kind])
				k = *a->kinds[kind]; /* its buckets stay with the account */
			k.cut += open[kind];
			if (!k.waits.count && !k.uncertain && !k.cut)
				continue;
			lives_complete(lives, &lives->all[id]);
			r = add_kind(latency, id, kind, &k, a ? a->moved : 0, table, err);
			if (r >= 0 && add_to_all(latency, id, kind, &k, all, comms) < 0)
				r = error_set(err, SCHEDTRACE_E_NOMEM,
					      "no memory for analysis latency");
		}
	}
	return r;
}

int latency_tables(const struct latency *latency, struct schedtrace_tables *out,
		   struct schedtrace_error *err)
{
	struct kind_account all[N_KINDS] = { 0 };
	struct latency_comms comms;
	int r;

	latency_comms_init(&comms);
	r = add_tasks(latency, all, &comms, out, err);
	if (r >= 0 && latency->choice->given && sum_chosen(latency, all) < 0)
		r = error_set(err, SCHEDTRACE_E_NOMEM, "no memory for analysis latency");
	if (r >= 0)
		r = add_kinds(latency, all, out, err);
	if (r >= 0)
		r = add_worst(latency, out, err);
	if (r >= 0)
		r = add_histogram(latency, all, out, err);
	if (r >= 0)
		r = latency_open(latency, out, err);
	if (r >= 0)
		r = latency_comms_table(&comms, latency, out, err);
	latency_comms_free(&comms);
	for (int kind = 0; kind < N_KINDS; kind++)
		histogram_free(&all[kind].waits);
	return r;
}
