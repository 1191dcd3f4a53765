/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What did each CPU do? Busy is a task's time from switch-in to switch-out, idle the idle task's;
 * the rest is unknown: before the CPU's first row, in gaps, where a switch is missing, and what
 * lasts when the rows end. The run queue's length is what RQ_SIZE rows say (the running task
 * included), each until the next, or until a missing switch or a gap makes it doubtful; its mean
 * is over the time when it is known.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "base/error.h"
#include "base/mem.h"
#include "libschedtrace/analyses/states.h"
#include "libschedtrace/analysis.h"
#include "libschedtrace/choice.h"
#include "libschedtrace/replay/replay.h"

struct cpu_account {
	bool named; /* a row is about it, or the context lists it */
	bool has_rq, has_freq;
	int64_t busy, idle, switches;
	int64_t chosen_busy, chosen_switches; /* of the tasks that count, where not all do */
	int64_t rq, rq_since, rq_max, rq_known;
	double rq_sum; /* of length times ns */
	int64_t freq;
};

struct share {
	uint32_t life;
	int32_t cpu;
	int64_t on_cpu;
};

struct cpus {
	const struct schedtrace_context *ctx;
	struct replay *replay;
	struct choice *choice;
	int64_t window_begin, window_end;
	struct cpu_account *accounts;
	int32_t n;
	struct intmap share_of; /* CPU << 32 | life: number in shares */
	struct share *shares;
	uint32_t n_shares, shares_max;
};

static struct cpu_account *account(struct cpus *cpus, int32_t cpu)
{
	if (cpu >= cpus->n) {
		int32_t n = cpu + 1 > 2 * cpus->n ? cpu + 1 : 2 * cpus->n;
		struct cpu_account *grown = reallocarray(cpus->accounts, (size_t)n, sizeof(*grown));

		if (!grown)
			return NULL;
		memset(grown + cpus->n, 0, (size_t)(n - cpus->n) * sizeof(*grown));
		cpus->accounts = grown;
		cpus->n = n;
	}
	cpus->accounts[cpu].named = true;
	return &cpus->accounts[cpu];
}

static int no_memory(struct schedtrace_error *err)
{
	return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for analysis cpus");
}

static int add_share(struct cpus *cpus, const struct replay_span *span, int64_t ns)
{
	uint64_t key = (uint64_t)span->cpu << 32 | span->life;
	uint32_t k = intmap_get(&cpus->share_of, key);

	if (k == INTMAP_NONE) {
		if (!array_room(cpus->shares, cpus->n_shares, cpus->shares_max))
			return -1;
		k = cpus->n_shares;
		if (intmap_set(&cpus->share_of, key, k) < 0)
			return -1;
		cpus->shares[cpus->n_shares++] = (struct share){ span->life, span->cpu, 0 };
	}
	cpus->shares[k].on_cpu += ns;
	return 0;
}

/* Whether the task is one of those that count where not all do. */
static bool is_chosen(const struct cpus *cpus, uint32_t life)
{
	return choice_of_tasks(cpus->choice) &&
	       choice_takes_task(cpus->choice, replay_lives(cpus->replay), life);
}

/* A task leaves a CPU: told only where not all count. */
static int left(void *self, uint32_t life, int32_t cpu, bool voluntary,
		struct schedtrace_error *err)
{
	struct cpus *cpus = self;
	struct cpu_account *a = account(cpus, cpu);

	if (!a)
		return no_memory(err);
	a->chosen_switches += is_chosen(cpus, life);
	return 0;
}

static int span(void *self, const struct replay_span *span, struct schedtrace_error *err)
{
	struct cpus *cpus = self;
	int64_t ns = span->certain_end - span->begin;
	struct cpu_account *a;

	if (span->state != LIFE_RUNNING)
		return 0;
	a = account(cpus, span->cpu);
	if (!a)
		return no_memory(err);
	if (span->life == LIFE_IDLE) {
		a->idle += ns;
		return 0;
	}
	a->busy += ns;
	if (is_chosen(cpus, span->life))
		a->chosen_busy += ns;
	return ns && add_share(cpus, span, ns) < 0 ? no_memory(err) : 0;
}

/* Adds the time since the last RQ_SIZE row, up to @now, inside the window. */
static void count_queue(const struct cpus *cpus, struct cpu_account *a, int64_t now)
{
	int64_t begin = a->rq_since > cpus->window_begin ? a->rq_since : cpus->window_begin;
	int64_t end = now < cpus->window_end ? now : cpus->window_end;

	if (!a->has_rq || begin >= end)
		return;
	a->rq_known += end - begin;
	a->rq_sum += (double)a->rq * (double)(end - begin);
	if (a->rq > a->rq_max)
		a->rq_max = a->rq;
}

static int feed(void *self, const struct schedtrace_events *ev, size_t begin, size_t end,
		struct schedtrace_error *err)
{
	struct cpus *cpus = self;

	for (size_t i = begin; i < end; i++) {
		int32_t event = ev->event[i];
		int64_t now = ev->timestamp[i];
		struct cpu_account *a;

		if (event != SCHEDTRACE_RQ_SIZE && event != SCHEDTRACE_CTX_SWITCH &&
		    event != SCHEDTRACE_TICK && event != SCHEDTRACE_LOST &&
		    event != SCHEDTRACE_GAP && event != SCHEDTRACE_RUNS &&
		    event != SCHEDTRACE_CPU_OFFLINE)
			continue;
		a = account(cpus, ev->cpu[i]);
		if (!a)
			return no_memory(err);
		switch (event) {
		case SCHEDTRACE_RQ_SIZE:
			count_queue(cpus, a, now);
			a->has_rq = true;
			a->rq = ev->arg0[i];
			a->rq_since = now;
			break;
		case SCHEDTRACE_CTX_SWITCH:
			a->switches += now >= cpus->window_begin && now < cpus->window_end;
			break;
		case SCHEDTRACE_TICK:
			if (now < cpus->window_end && ev->arg1[i] > 0) {
				a->has_freq = true;
				a->freq = ev->arg1[i];
			}
			break;
		case SCHEDTRACE_RUNS:
			/* A task was believed to run here: it may wait here, or have left
			 * unseen. */
			if (ev->arg0[i] > 0) {
				count_queue(cpus, a, now);
				a->has_rq = false;
			}
			break;
		case SCHEDTRACE_CPU_OFFLINE:
			count_queue(cpus, a, now);
			a->has_rq = false;
			break;
		default: /* GAP, LOST: any queue may change in the gap */
			if (event == SCHEDTRACE_LOST && ev->arg1[i] < now)
				now = ev->arg1[i];
			for (int32_t cpu = 0; cpu < cpus->n; cpu++) {
				count_queue(cpus, &cpus->accounts[cpu], now);
				cpus->accounts[cpu].has_rq = false;
			}
			break;
		}
	}
	return 0;
}

static int forget(void *self, const uint32_t *gone, uint32_t n, struct schedtrace_error *err)
{
	struct cpus *cpus = self;
	const struct lives *lives = replay_lives(cpus->replay);
	uint32_t before = cpus->n_shares;

	intmap_clear(&cpus->share_of);
	cpus->n_shares = 0;
	for (uint32_t k = 0; k < before; k++) {
		struct share s = cpus->shares[k]; /* at or behind where it goes */
		struct replay_span span = { .life = lives_now(lives, s.life), .cpu = s.cpu };

		if (add_share(cpus, &span, s.on_cpu) < 0)
			return no_memory(err);
	}
	return 0;
}

enum {
	CPU,
	BUSY,
	BUSY_SHARE,
	IDLE,
	UNKNOWN,
	SWITCHES,
	RQ_MEAN,
	RQ_MAX,
	RQ_KNOWN,
	FREQ,
	N_COLUMNS,
	LASTING = N_COLUMNS,
	LASTING_IN,
	N_ALL
};

static const struct schedtrace_column_info *const columns[N_ALL] = {
	[CPU] = COLUMN_ID("cpu", "CPU"),
	[BUSY] = COLUMN_DURATION("busy_ns",
				 "time in tasks, from switch-in to switch-out, that is certain",
				 .most = "unknown_ns", .adds = true),
	[BUSY_SHARE] =
		COLUMN("busy", "%", REAL, SHARE, "busy_ns of the recorded time (of the window)",
		       .merge = SCHEDTRACE_MERGE_MEAN, .weight = "busy_ns+idle_ns+unknown_ns",
		       .part = "busy_ns"),
	[IDLE] = COLUMN_DURATION("idle_ns", "time in the idle task that is certain",
				 .most = "unknown_ns", .adds = true),
	[UNKNOWN] = COLUMN_DURATION(
		"unknown_ns",
		"the rest: before the first row, gaps, missing switches, offline, and what "
		"lasts at the end"),
	[SWITCHES] = COLUMN_COUNT("switches", "sched_switch rows", .needs = "CTX_SWITCH"),
	[RQ_MEAN] = COLUMN_MEAN(
		"rq_mean", "1", COUNT,
		"runnable tasks (the running one included), mean over the time when known",
		.merge = SCHEDTRACE_MERGE_MEAN, .weight = "rq_known"),
	[RQ_MAX] = COLUMN_COUNT("rq_max", "most runnable tasks at once, for longer than 0 ns",
				.merge = SCHEDTRACE_MERGE_MAX),
	[RQ_KNOWN] = COLUMN_SHARE("rq_known", "of the recorded time, how long that length is known",
				  .merge = SCHEDTRACE_MERGE_MEAN,
				  .weight = "busy_ns+idle_ns+unknown_ns"),
	[FREQ] =
		COLUMN("freq_khz", "kHz", INT, AMOUNT, "last known frequency (power:cpu_frequency)",
		       .merge = SCHEDTRACE_MERGE_MEAN, .change = SCHEDTRACE_CHANGE_LATER),
	[LASTING] = COLUMN_DURATION("lasting_ns", "what lasts, of unknown_ns"),
	[LASTING_IN] = COLUMN_LASTING_IN("lasting_in"),
};

static const struct schedtrace_picture picture_cpus = {
	.from = "cpus",
	.kind = SCHEDTRACE_PICTURE_STACKED_BARS,
	.labels = "cpu",
	.values = "busy_ns,idle_ns,unknown_ns",
	.top = 64,
};

static const struct schedtrace_table_info cpus_info = {
	.name = "cpus",
	.about = "what each CPU did with the time",
	.n_columns = N_COLUMNS,
	.columns = columns,
	.choices = SCHEDTRACE_BEFORE_TASK | SCHEDTRACE_BY_CPU,
	.key = "cpu",
	.shown = SCHEDTRACE_SHOWN,
	.compare = &(const struct schedtrace_table_compare){ .same = "cpu",
							     .measures = "busy,rq_mean,switches",
							     .totals = "",
							     .usual = true },
	.pictures = PICTURES(&picture_cpus),
	.n_hidden = N_ALL - N_COLUMNS,
	.interval = &(const struct schedtrace_table_interval){ .lasting = "lasting_ns",
							       .lasting_in = "lasting_in",
							       .rest = "unknown_ns" },
};

enum {
	T_CPU,
	T_PID,
	T_TGID,
	T_COMM,
	T_ON_CPU,
	T_SHARE,
	N_T_COLUMNS,
	T_LIFE = N_T_COLUMNS,
	N_T_ALL
};

static const struct schedtrace_column_info *const task_columns[N_T_ALL] = {
	[T_CPU] = COLUMN_ID("cpu", "CPU"),
	[T_PID] = COLUMN_ID("pid", "thread id"),
	[T_TGID] = COLUMN_ID("tgid", "process id (thread group)"),
	[T_COMM] = COLUMN_TEXT("comm", "the task's last name"),
	[T_ON_CPU] = COLUMN_DURATION("on_cpu_ns", "the task's time on this CPU that is certain",
				     .needs = "CTX_SWITCH"),
	[T_SHARE] = COLUMN_SHARE("share", "on_cpu_ns of the recorded time (of the window)"),
	[T_LIFE] = COLUMN_LIFE("life"),
};

static const struct schedtrace_picture picture_cpu_tasks = {
	.from = "cpu_tasks",
	.kind = SCHEDTRACE_PICTURE_BARS,
	.labels = "cpu,comm,pid",
	.values = "on_cpu_ns",
	.top = 20,
};

static const struct schedtrace_table_info cpu_tasks_info = {
	.name = "cpu_tasks",
	.about = "who used each CPU, the longest first",
	.n_columns = N_T_COLUMNS,
	.columns = task_columns,
	.choices = SCHEDTRACE_BY_TASK | SCHEDTRACE_BY_CPU,
	.key = "cpu,pid",
	.order = "-on_cpu_ns",
	.compare = &(const struct schedtrace_table_compare){ .same = "cpu,comm",
							     .measures = "on_cpu_ns" },
	.pictures = PICTURES(&picture_cpu_tasks),
	.n_hidden = N_T_ALL - N_T_COLUMNS,
	.interval = &(const struct schedtrace_table_interval){ .same = "cpu,life" },
};

static double percent(int64_t part, int64_t whole)
{
	return whole > 0 ? 100.0 * (double)part / (double)whole : NAN;
}

/* What lasts on a CPU: of a task that does not count it is nothing. */
static void fill_lasting(const struct cpus *cpus, int32_t cpu, bool switches,
			 union schedtrace_value *v)
{
	struct replay_span open;

	v[LASTING_IN].i = -1;
	v[LASTING].i = 0;
	if (!switches || !replay_open_on(cpus->replay, cpu, &open) ||
	    (open.life != LIFE_IDLE && choice_of_tasks(cpus->choice) &&
	     !is_chosen(cpus, open.life)))
		return;
	v[LASTING_IN].i = open.life == LIFE_IDLE ? IDLE : BUSY;
	v[LASTING].i = open.end - open.begin;
}

static int add_cpus(struct cpus *cpus, int64_t now, int64_t covered, struct schedtrace_tables *out,
		    struct schedtrace_error *err)
{
	bool switches = replay_recorded(cpus->replay, SCHEDTRACE_CTX_SWITCH);
	bool some = choice_of_tasks(cpus->choice);
	struct schedtrace_table *table;
	int r = tables_add(out, &cpus_info, &table, err);

	for (int32_t cpu = 0; r >= 0 && cpu < cpus->n; cpu++) {
		struct cpu_account a = cpus->accounts[cpu];
		union schedtrace_value v[N_ALL];
		int64_t known_ns = switches ? a.busy + a.idle : 0;

		if (!a.named)
			continue;
		count_queue(cpus, &a, now);
		if (some) { /* lengths have no names */
			a.busy = a.chosen_busy;
			a.switches = a.chosen_switches;
			a.rq_known = 0;
		}
		v[CPU].i = cpu;
		v[BUSY].i = if_known(switches, a.busy);
		v[BUSY_SHARE].f = switches ? percent(a.busy, covered) : NAN;
		v[IDLE].i = if_known(switches, a.idle);
		v[UNKNOWN].i = covered > known_ns ? covered - known_ns : 0;
		v[SWITCHES].i = if_known(switches, a.switches);
		v[RQ_MEAN].f = a.rq_known ? a.rq_sum / (double)a.rq_known : NAN;
		v[RQ_MAX].i = a.rq_known ? a.rq_max : UNKNOWN_INT;
		v[RQ_KNOWN].f = some ? NAN : percent(a.rq_known, covered);
		v[FREQ].i = a.has_freq ? a.freq : UNKNOWN_INT;
		fill_lasting(cpus, cpu, switches, v);
		r = table_row(table, v, err);
	}
	return r;
}

static int by_cpu_and_time(const void *a, const void *b)
{
	const struct share *x = a, *y = b;

	if (x->cpu != y->cpu)
		return x->cpu < y->cpu ? -1 : 1;
	if (x->on_cpu != y->on_cpu)
		return x->on_cpu > y->on_cpu ? -1 : 1;
	return x->life < y->life ? -1 : x->life > y->life;
}

static int add_shares(struct cpus *cpus, int64_t covered, struct schedtrace_tables *out,
		      struct schedtrace_error *err)
{
	struct lives *lives = replay_lives(cpus->replay);
	struct schedtrace_table *table;
	int r = tables_add(out, &cpu_tasks_info, &table, err);
	struct share *sorted;

	if (r < 0 || !cpus->n_shares)
		return r;
	sorted = reallocarray(NULL, cpus->n_shares, sizeof(*sorted));
	if (!sorted)
		return no_memory(err);
	memcpy(sorted, cpus->shares, cpus->n_shares * sizeof(*sorted));
	qsort(sorted, cpus->n_shares, sizeof(*sorted), by_cpu_and_time);
	for (uint32_t k = 0; r >= 0 && k < cpus->n_shares; k++) {
		struct life *life = &lives->all[sorted[k].life];
		union schedtrace_value v[N_T_ALL];

		lives_complete(lives, life);
		v[T_CPU].i = sorted[k].cpu;
		v[T_PID].i = life_pid(life);
		v[T_TGID].i = life->tgid < 0 ? UNKNOWN_INT : life->tgid;
		v[T_COMM].s = lives_name(lives, sorted[k].life);
		v[T_ON_CPU].i = sorted[k].on_cpu;
		v[T_SHARE].f = percent(sorted[k].on_cpu, covered);
		v[T_LIFE].i = (int64_t)life->serial;
		r = table_row(table, v, err);
	}
	free(sorted);
	return r;
}

static int snapshot(void *self, struct schedtrace_tables *out, struct schedtrace_error *err)
{
	struct cpus *cpus = self;
	int64_t begin = 0, end = 0;
	size_t n;
	const struct schedtrace_cpu *known = schedtrace_context_cpus(cpus->ctx, &n);
	int r;

	for (size_t i = 0; i < n; i++) {
		if (known[i].cpu >= 0 && !account(cpus, known[i].cpu))
			return no_memory(err);
	}
	if (!replay_covered(cpus->replay, &begin, &end))
		begin = end = 0;
	r = add_cpus(cpus, end, end - begin, out, err);
	return r < 0 ? r : add_shares(cpus, end - begin, out, err);
}

static void destroy(void *self)
{
	struct cpus *cpus = self;

	intmap_free(&cpus->share_of);
	free(cpus->shares);
	free(cpus->accounts);
	free(cpus);
}

static int create(void **self, const struct analysis_env *env, struct schedtrace_error *err)
{
	struct cpus *cpus = calloc(1, sizeof(*cpus));
	struct replay_listener listener = { .self = cpus, .span = span, .forget = forget };

	if (!cpus || intmap_init(&cpus->share_of) < 0) {
		free(cpus);
		return no_memory(err);
	}
	*self = cpus;
	cpus->ctx = env->ctx;
	cpus->replay = env->replay;
	cpus->choice = env->choice;
	if (choice_of_tasks(env->choice))
		listener.left = left;
	cpus->window_begin = env->window_begin;
	cpus->window_end = env->window_end;
	return replay_listen(env->replay, &listener, err);
}

static const char *const needs[] = { "CTX_SWITCH", "RQ_SIZE", NULL };
static const struct schedtrace_table_info *const tables[] = { &cpus_info, &cpu_tasks_info };

const struct analysis analysis_cpus = {
	.info = { "cpus", "per CPU: busy, idle, switches, run queue, frequency, and who used it",
		  needs, 2, tables, 0, NULL, PICTURES(&picture_cpus, &picture_who_ran) },
	.uses_replay = true,
	.create = create,
	.feed = feed,
	.snapshot = snapshot,
	.destroy = destroy,
};
