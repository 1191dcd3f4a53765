/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What was each task doing when? The stretches of the replay (replay.h) as they are: the log has a
 * row for the certain part of each and one for the part that is only possible. Possible parts of a
 * task can overlap. Rows come as stretches become known, thus by their end, apart from those that
 * lost records ended; what still lasts at the last row is in a table.
 */
#include <stdlib.h>

#include "base/error.h"
#include "base/histogram.h"
#include "libschedtrace/analyses/states.h"
#include "libschedtrace/analysis.h"
#include "libschedtrace/choice.h"
#include "libschedtrace/replay/replay.h"

static const char *const state_names[LIFE_DEAD] = {
	[LIFE_UNKNOWN] = "unknown",
	[LIFE_NEW] = "made",
	[LIFE_RUNNING] = "running",
	[LIFE_WAIT_WAKEUP] = "woken",
	[LIFE_WAIT_PREEMPT] = "preempted",
	[LIFE_WAIT_NEW] = "new",
	[LIFE_WAIT_OLD] = "runnable",
	[LIFE_SLEEPING] = "sleeping",
	[LIFE_IDLING] = "idle",
	[LIFE_BLOCKED] = "blocked",
	[LIFE_STOPPED] = "stopped",
};

struct account {
	struct histogram whole;
	int64_t certain, possible, others;
};

struct states {
	const struct schedtrace_sink *sink;
	struct replay *replay;
	struct choice *choice;
	struct account accounts[LIFE_DEAD];
};

enum {
	L_BEGIN,
	L_END,
	L_PID,
	L_TGID,
	L_COMM,
	L_STATE,
	L_CPU,
	L_CERTAIN,
	N_L_COLUMNS,
	L_LIFE = N_L_COLUMNS,
	N_L_ALL
};

#define ABOUT_STATE                                                                                \
	"running; woken, preempted, new: runnable since then; runnable: since before; sleeping "   \
	"(S), idle (I), blocked (D), "                                                             \
	"stopped (T, t, P); made: not runnable yet; unknown: may have waited"

static const struct schedtrace_column_info *const log_columns[N_L_ALL] = {
	[L_BEGIN] = COLUMN_STAMP("begin_ns", "from when, on the trace clock"),
	[L_END] = COLUMN_STAMP("end_ns", "until when"),
	[L_PID] = COLUMN_ID("pid", "thread id"),
	[L_TGID] = COLUMN_ID("tgid", "process id (thread group)"),
	[L_COMM] = COLUMN_TEXT("comm", "the task's name then"),
	[L_STATE] = COLUMN_TEXT("state", ABOUT_STATE),
	[L_CPU] = COLUMN_ID("cpu", "where it ran or waited"),
	[L_CERTAIN] = COLUMN_ID("certain", "1: rows prove it; 0: it is possible"),
	[L_LIFE] = COLUMN_LIFE("life"),
};

const struct schedtrace_picture picture_who_ran = {
	.from = "states_log",
	.kind = SCHEDTRACE_PICTURE_WHO_RAN,
	.title = "Who ran on each CPU",
	.ranked = "tasks",
	.ranked_on_cpus = "cpu_tasks",
};

const struct schedtrace_picture picture_what_tasks_did = {
	.from = "states_log",
	.kind = SCHEDTRACE_PICTURE_STATES,
	.title = "What the tasks that ran longest did",
	.ranked = "tasks",
	.top = 16,
};

static const struct schedtrace_table_info log_info = {
	.name = "states_log",
	.about = "every stretch of every task in one state",
	.n_columns = N_L_COLUMNS,
	.columns = log_columns,
	.choices = SCHEDTRACE_BY_TASK | SCHEDTRACE_BY_CPU,
	.key = "begin_ns,pid,certain",
	.pictures = PICTURES(&picture_who_ran, &picture_what_tasks_did),
};

static const struct schedtrace_picture picture_states_open = {
	.from = "states_open",
	.kind = SCHEDTRACE_PICTURE_STATES,
	.title = "What the tasks that ran longest did",
	.ranked = "tasks",
	.top = 16,
};

static const struct schedtrace_table_info open_info = {
	.name = "states_open",
	.about = "what every task still does at the last row",
	.n_columns = N_L_COLUMNS,
	.columns = log_columns,
	.choices = SCHEDTRACE_BY_TASK | SCHEDTRACE_BY_CPU,
	.key = "pid",
	.interval = &table_of_now,
	.order = "-begin_ns",
	.compare = &(const struct schedtrace_table_compare){ .same = "comm",
							     .totals = "",
							     .usual = true },
	.pictures = PICTURES(&picture_states_open),
	.n_hidden = N_L_ALL - N_L_COLUMNS,
};

enum { STATE, WHOLE, CERTAIN, MEAN, P50, P99, MAX, POSSIBLE, OTHERS, LASTING, N_COLUMNS };

static const struct schedtrace_column_info *const columns[N_COLUMNS] = {
	[STATE] = COLUMN_TEXT("state", ABOUT_STATE),
	[WHOLE] = COLUMN_COUNT("stretches", "whose begin and end rows show"),
	[CERTAIN] =
		COLUMN_DURATION("certain_ns", "time in this state that is certain, of all tasks"),
	[MEAN] = COLUMN_MEAN("mean_ns", "ns", DURATION, "mean of the stretches",
			     .merge = SCHEDTRACE_MERGE_MEAN, .weight = "stretches"),
	[P50] = COLUMN_PERCENTILE("p50_ns", "their median; at most 1/32 (or 8 ns) off"),
	[P99] = COLUMN_PERCENTILE("p99_ns", "99 % are not longer; at most 1/32 (or 8 ns) off"),
	[MAX] = COLUMN_DURATION("max_ns", "the longest", .merge = SCHEDTRACE_MERGE_MAX),
	[POSSIBLE] = COLUMN_DURATION(
		"possible_ns", "time that is possible beyond that; parts of one task can overlap"),
	[OTHERS] = COLUMN_COUNT("doubtful", "stretches cut by the window, or with a doubtful end"),
	[LASTING] = COLUMN_COUNT("lasting", "tasks in this state at the last row",
				 .change = SCHEDTRACE_CHANGE_LATER),
};

static const struct schedtrace_picture picture_states = {
	.from = "states",
	.kind = SCHEDTRACE_PICTURE_BARS,
	.title = "Time that all tasks were in each state, as far as it is certain",
	.labels = "state",
	.values = "certain_ns:time",
	.top = 20,
};

static const struct schedtrace_table_info table_info = {
	.name = "states",
	.about = "how long tasks stayed in which state, over all tasks",
	.n_columns = N_COLUMNS,
	.columns = columns,
	.choices = SCHEDTRACE_BEFORE_TASK | SCHEDTRACE_BEFORE_CPU,
	.key = "state",
	.compare = &(const struct schedtrace_table_compare){ .same = "state",
							     .measures = "certain_ns,p99_ns",
							     .usual = true },
	.pictures = PICTURES(&picture_states),
};

/* A wait on no CPU is a guess of the replay: the task may have waited. */
static int state_of(const struct replay_span *span)
{
	return span->state == LIFE_WAIT_WAKEUP && span->cpu < 0 ? LIFE_UNKNOWN : (int)span->state;
}

static void fill(union schedtrace_value v[N_L_ALL], const struct states *states,
		 const struct replay_span *span, int64_t begin, int64_t end, bool certain)
{
	const struct lives *lives = replay_lives(states->replay);
	const struct life *life = &lives->all[span->life];

	v[L_BEGIN].i = begin;
	v[L_END].i = end;
	v[L_PID].i = life->pid;
	v[L_TGID].i = life->tgid < 0 ? UNKNOWN_INT : life->tgid;
	v[L_COMM].s = lives_name(lives, span->life);
	v[L_STATE].s = state_names[state_of(span)];
	v[L_CPU].i = span->cpu < 0 ? UNKNOWN_INT : span->cpu;
	v[L_CERTAIN].i = certain;
	v[L_LIFE].i = (int64_t)life->serial;
}

static int log_part(const struct states *states, const struct replay_span *span, int64_t begin,
		    int64_t end, bool certain, struct schedtrace_error *err)
{
	union schedtrace_value v[N_L_ALL];

	if (begin >= end)
		return 0;
	fill(v, states, span, begin, end, certain);
	return states->sink->row(states->sink->user, &log_info, v, err);
}

static int tell(const struct states *states, const struct replay_span *span,
		struct schedtrace_error *err)
{
	int r;

	if (!states->sink)
		return 0;
	r = log_part(states, span, span->begin, span->certain_end, true, err);
	return r < 0 ? r : log_part(states, span, span->certain_end, span->end, false, err);
}

static int span(void *self, const struct replay_span *span, struct schedtrace_error *err)
{
	struct states *states = self;
	int state = state_of(span);
	struct account *a;

	if (span->life == LIFE_IDLE || state >= LIFE_DEAD)
		return 0;
	a = &states->accounts[state];
	if (!choice_takes(states->choice, replay_lives(states->replay), span->life, span->cpu))
		return tell(states, span, err);
	a->certain += span->certain_end - span->begin;
	a->possible += span->end - span->certain_end;
	if (!span->whole)
		a->others++;
	else if (histogram_add(&a->whole, span->end - span->begin) < 0)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for analysis states");
	return tell(states, span, err);
}

static int add_open(const struct states *states, struct schedtrace_tables *out,
		    int64_t lasting[LIFE_DEAD], struct schedtrace_error *err)
{
	struct lives *lives = replay_lives(states->replay);
	struct schedtrace_table *table;
	int r = tables_add(out, &open_info, &table, err);

	for (uint32_t id = 0; r >= 0 && id < lives->n; id++) {
		union schedtrace_value v[N_L_ALL];
		struct replay_span open;

		if (!replay_open(states->replay, id, &open) || open.state >= LIFE_DEAD)
			continue;
		lasting[state_of(&open)] += choice_takes(states->choice, lives, id, open.cpu);
		lives_complete(lives, &lives->all[id]);
		fill(v, states, &open, open.begin, open.end, false);
		r = table_row(table, v, err);
	}
	return r;
}

static int snapshot(void *self, struct schedtrace_tables *out, struct schedtrace_error *err)
{
	struct states *states = self;
	int64_t lasting[LIFE_DEAD] = { 0 };
	struct schedtrace_table *table;
	int r = tables_add(out, &table_info, &table, err);

	if (r >= 0)
		r = add_open(states, out, lasting, err);
	for (int state = 0; r >= 0 && state < LIFE_DEAD; state++) {
		const struct account *a = &states->accounts[state];
		union schedtrace_value v[N_COLUMNS];

		if (!a->whole.count && !a->others && !lasting[state])
			continue;
		v[STATE].s = state_names[state];
		v[WHOLE].i = (int64_t)a->whole.count;
		v[CERTAIN].i = a->certain;
		v[MEAN].f = histogram_mean(&a->whole);
		v[P50].i = histogram_percentile(&a->whole, 50);
		v[P99].i = histogram_percentile(&a->whole, 99);
		v[MAX].i = a->whole.count ? a->whole.max : UNKNOWN_INT;
		v[POSSIBLE].i = a->possible;
		v[OTHERS].i = a->others;
		v[LASTING].i = lasting[state];
		r = table_row(table, v, err);
	}
	return r;
}

static void destroy(void *self)
{
	struct states *states = self;

	for (int state = 0; state < LIFE_DEAD; state++)
		histogram_free(&states->accounts[state].whole);
	free(states);
}

static int create(void **self, const struct analysis_env *env, struct schedtrace_error *err)
{
	struct states *states = calloc(1, sizeof(*states));
	struct replay_listener listener = { .self = states, .span = span };

	if (!states)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for analysis states");
	*self = states;
	states->sink = env->sink;
	states->replay = env->replay;
	states->choice = env->choice;
	return replay_listen(env->replay, &listener, err);
}

static const char *const needs[] = { "CTX_SWITCH", "BLOCK",  "BLOCK_IO", "STATE",
				     "WAKEUP_NEW", "WAKEUP", NULL };
static const struct schedtrace_table_info *const tables[] = { &table_info, &open_info };
static const struct schedtrace_table_info *const logs[] = { &log_info };

const struct analysis analysis_states = {
	.info = { "states", "which task was in which state when, and how long states last", needs,
		  2, tables, 1, logs, PICTURES(&picture_who_ran, &picture_what_tasks_did) },
	.uses_replay = true,
	.create = create,
	.snapshot = snapshot,
	.destroy = destroy,
};
