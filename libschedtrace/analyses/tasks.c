/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What did each task do with the time? A row a task life, by first appearance.
 *
 * On-CPU time runs from switch-in to switch-out (perf sched timehist's "run time"); charged time is
 * the kernel's own account (perf sched latency's "Runtime", /proc/PID/schedstat). They differ by a
 * few microseconds a switch: both are given. Waits and sleeps are the stretches between; their
 * certain and possible parts are replay.h's. What lasts at the last row, or began before the first
 * one, counts as possible only; inside gaps (LOST) every task that is not certainly running
 * may have run or waited. What is made from events that were not recorded is unknown.
 */
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "base/error.h"
#include "libschedtrace/analysis.h"
#include "libschedtrace/choice.h"
#include "libschedtrace/replay/replay.h"

struct account {
	uint64_t cpus_seen;  /* CPUs below 64 that it ran on */
	uint32_t cpus_above; /* number of the others, see more_cpus */
	int32_t last_cpu;    /* + 1; 0: it did not run yet */
	int64_t on_cpu, on_cpu_hi, charged;
	int64_t waits[4], wait_hi; /* from LIFE_WAIT_WAKEUP on */
	int64_t sleeps[4];	   /* from LIFE_SLEEPING on */
	int64_t voluntary, involuntary, migrations, cpu_changes;
	int64_t cpus_most; /* that one of those ran on who were let go */
	bool here;	   /* it did something on a CPU that counts */
};

struct tasks {
	struct replay *replay;
	struct choice *choice;
	struct account *accounts; /* by life */
	uint32_t n;
	struct intmap more_cpus; /* life << 16 | CPU, of CPUs from 64 on */
};

static int grow(struct tasks *tasks, uint32_t life, struct schedtrace_error *err)
{
	uint32_t n = 2 * tasks->n > life ? 2 * tasks->n : life + 256;
	struct account *grown = reallocarray(tasks->accounts, n, sizeof(*grown));

	if (!grown)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for %u tasks", life);
	memset(grown + tasks->n, 0, (n - tasks->n) * sizeof(*grown));
	tasks->accounts = grown;
	tasks->n = n;
	return 0;
}

/* @here: on a CPU that counts. */
static int ran_on(struct tasks *tasks, uint32_t life, int32_t cpu, bool here,
		  struct schedtrace_error *err)
{
	struct account *a = &tasks->accounts[life];

	if (a->last_cpu == cpu + 1)
		return 0;
	if (a->last_cpu && here)
		a->cpu_changes++;
	a->last_cpu = cpu + 1;
	if (!here)
		return 0;
	if (cpu < 64) {
		a->cpus_seen |= UINT64_C(1) << cpu;
	} else {
		uint64_t key = (uint64_t)life << 16 | (uint32_t)cpu;

		if (intmap_get(&tasks->more_cpus, key) != INTMAP_NONE)
			return 0;
		if (intmap_set(&tasks->more_cpus, key, 1) < 0)
			return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for CPUs of tasks");
		a->cpus_above++;
	}
	return 0;
}

static int span(void *self, const struct replay_span *span, struct schedtrace_error *err)
{
	struct tasks *tasks = self;
	int64_t certain = span->certain_end - span->begin, possible = span->end - span->begin;
	bool here = choice_takes_cpu(tasks->choice, span->cpu);
	struct account *a;

	if (span->life == LIFE_IDLE)
		return 0;
	if (span->life >= tasks->n) {
		int r = grow(tasks, span->life, err);

		if (r < 0)
			return r;
	}
	a = &tasks->accounts[span->life];
	a->here |= here;
	if (!here) {
		certain = 0;
		possible = span->cpu < 0 ? possible : 0; /* it may have been there */
	}
	switch (span->state) {
	case LIFE_RUNNING:
		a->on_cpu += certain;
		a->on_cpu_hi += possible;
		return ran_on(tasks, span->life, span->cpu, here, err);
	case LIFE_WAIT_OLD:
		if (!certain && span->cpu >= 0) /* or ran all the time */
			a->on_cpu_hi += possible;
		/* fall through */
	case LIFE_WAIT_WAKEUP:
	case LIFE_WAIT_PREEMPT:
	case LIFE_WAIT_NEW:
		a->waits[span->state - LIFE_WAIT_WAKEUP] += certain;
		a->wait_hi += possible;
		return 0;
	case LIFE_SLEEPING:
	case LIFE_IDLING:
	case LIFE_BLOCKED:
	case LIFE_STOPPED:
		a->sleeps[span->state - LIFE_SLEEPING] += certain;
		return 0;
	default:
		return 0;
	}
}

static int left(void *self, uint32_t life, int32_t cpu, bool voluntary,
		struct schedtrace_error *err)
{
	struct tasks *tasks = self;

	if (!choice_takes_cpu(tasks->choice, cpu))
		return 0;
	if (life >= tasks->n) {
		int r = grow(tasks, life, err);

		if (r < 0)
			return r;
	}
	tasks->accounts[life].here = true;
	if (voluntary)
		tasks->accounts[life].voluntary++;
	else
		tasks->accounts[life].involuntary++;
	return 0;
}

/* Whether the row is about a CPU that counts. */
static bool is_here(const struct tasks *tasks, const struct schedtrace_events *ev, size_t i)
{
	if (ev->event[i] == SCHEDTRACE_MIGRATE)
		return choice_takes_move(tasks->choice, ev->arg0[i], ev->arg1[i]);
	return choice_takes_cpu(tasks->choice, ev->cpu[i]);
}

static int row(void *self, const struct schedtrace_events *ev, size_t i, uint32_t life,
	       struct schedtrace_error *err)
{
	struct tasks *tasks = self;
	struct account *a;

	if (life == LIFE_NONE || !is_here(tasks, ev, i))
		return 0;
	if (life >= tasks->n) {
		int r = grow(tasks, life, err);

		if (r < 0)
			return r;
	}
	a = &tasks->accounts[life];
	a->here = true;
	if (ev->event[i] == SCHEDTRACE_MIGRATE) {
		a->migrations++;
		return 0;
	}
	if (!checked_add(a->charged, ev->arg0[i], &a->charged))
		a->charged = INT64_MAX;
	return 0;
}

enum {
	PID,
	TGID,
	PPID,
	COMM,
	NAMES,
	START,
	END,
	CHARGED,
	ON_CPU,
	ON_CPU_HI,
	VOLUNTARY,
	INVOLUNTARY,
	WAIT_WAKEUP,
	WAIT_PREEMPT,
	WAIT_NEW,
	WAIT_OLD,
	WAIT_HI,
	SLEEP,
	IDLE,
	BLOCKED,
	STOPPED,
	LASTING,
	LASTS,
	MIGRATIONS,
	CPU_CHANGES,
	CPUS,
	PRIORITY,
	N_COLUMNS,
	LIFE = N_COLUMNS,
	LASTING_IN,
	N_ALL
};

static const struct schedtrace_column_info *const columns[N_ALL] = {
	[PID] = COLUMN_ID("pid",
			  "thread id in the initial namespace; one recurs when it is used again"),
	[TGID] = COLUMN_ID("tgid", "process id (thread group)"),
	[PPID] = COLUMN_ID("ppid", "process id of the parent"),
	[COMM] = COLUMN_TEXT("comm", "the task's last name; see names"),
	[NAMES] = COLUMN_TEXT("names", "its names over time, the first 16, with > between"),
	[START] = COLUMN_STAMP("start_ns",
			       "when it was made on the trace clock; unknown when before"),
	[END] = COLUMN_STAMP("end_ns", "its last switch, or its exit where that is missing"),
	[CHARGED] = COLUMN_DURATION(
		"charged_ns",
		"CPU time that the kernel charged: sum of sched_stat_runtime, as in "
		"/proc/PID/schedstat and perf sched latency",
		.unswitched = true, .needs = "STAT_RUNTIME"),
	[ON_CPU] = COLUMN_DURATION(
		"on_cpu_ns",
		"time from switch-in to switch-out that is certain, as perf sched timehist's "
		"run time",
		.most = "on_cpu_hi_ns", .needs = "CTX_SWITCH"),
	[ON_CPU_HI] = COLUMN_DURATION(
		"on_cpu_hi_ns",
		"the most that the time on CPU can be: with missing switches, gaps and "
		"what lasts at the end"),
	[VOLUNTARY] = COLUMN_COUNT("switches_voluntary",
				   "switched out no longer runnable, as the kernel's nvcsw",
				   .needs = "CTX_SWITCH"),
	[INVOLUNTARY] =
		COLUMN_COUNT("switches_involuntary",
			     "switched out while runnable (R, R+; sched_yield too), as nivcsw",
			     .needs = "CTX_SWITCH"),
	[WAIT_WAKEUP] = COLUMN_DURATION("wait_wakeup_ns",
					"time from sched_wakeup to switch-in that is certain",
					.most = "wait_hi_ns", .needs = "WAKEUP"),
	[WAIT_PREEMPT] =
		COLUMN_DURATION("wait_preempt_ns",
				"time from being switched out while runnable to switch-in that is "
				"certain",
				.most = "wait_hi_ns"),
	[WAIT_NEW] = COLUMN_DURATION(
		"wait_new_ns", "time from sched_wakeup_new to the first switch-in that is certain",
		.most = "wait_hi_ns", .needs = "WAKEUP_NEW"),
	[WAIT_OLD] = COLUMN_DURATION(
		"wait_old_ns", "time from the start of the recording to switch-in that is certain",
		.most = "wait_hi_ns"),
	[WAIT_HI] = COLUMN_DURATION("wait_hi_ns", "the most that the four waits can be together"),
	[SLEEP] = COLUMN_DURATION("sleep_ns", "switched out as S until the wakeup"),
	[IDLE] = COLUMN_DURATION("idle_ns",
				 "switched out as I (idle kernel thread) until the wakeup"),
	[BLOCKED] = COLUMN_DURATION("blocked_ns",
				    "switched out as D (uninterruptible) until the wakeup"),
	[STOPPED] = COLUMN_DURATION("stopped_ns", "switched out as T, t or P until the wakeup"),
	[LASTING] = COLUMN_DURATION(
		"lasting_ns",
		"in the state of column lasts, to the last row; in no certain figure"),
	[LASTS] = COLUMN_TEXT(
		"lasts",
		"what it does at the last row: running; runnable; sleeping, idle, blocked, "
		"stopped; made"),
	[MIGRATIONS] = COLUMN_COUNT(
		"migrations",
		"sched_migrate_task rows: the kernel moved it, as perf's cpu-migrations",
		.doubt = SCHEDTRACE_DOUBT_COUNTED, .unswitched = true, .needs = "MIGRATE"),
	[CPU_CHANGES] = COLUMN_COUNT("cpu_changes",
				     "ran on another CPU than the time before (in the window)"),
	[CPUS] = COLUMN_COUNT("cpus", "number of CPUs that it ran on",
			      .merge = SCHEDTRACE_MERGE_MAX, .change = SCHEDTRACE_CHANGE_UNKNOWN),
	[PRIORITY] =
		COLUMN_ID("priority", "last known, as the kernel prints it: 120 is nice 0, below "
				      "100 real time"),
	[LIFE] = COLUMN_LIFE("life"),
	[LASTING_IN] = COLUMN_LASTING_IN("lasting_in"),
};

static const struct schedtrace_picture picture_tasks = {
	.from = "tasks",
	.kind = SCHEDTRACE_PICTURE_STACKED_BARS,
	.title = "Time of each task, without its sleep",
	.labels = "comm,pid",
	.values = "on_cpu_ns,on_cpu_hi_ns-on_cpu_ns:possibly on CPU,"
		  "wait_wakeup_ns:waiting after a wakeup,"
		  "wait_preempt_ns:waiting after a preemption,"
		  "wait_new_ns:waiting when new,"
		  "wait_old_ns:waiting since before the begin,blocked_ns,stopped_ns",
	.top = 20,
};

static const struct schedtrace_table_info table_info = {
	.name = "tasks",
	.about = "what each task did with the time; a row a task life",
	.n_columns = N_COLUMNS,
	.columns = columns,
	.choices = SCHEDTRACE_BY_TASK | SCHEDTRACE_BEFORE_CPU,
	.key = "pid,start_ns",
	.order = "-charged_ns,-on_cpu_ns",
	.first = "pid,comm,on_cpu_ns,charged_ns,migrations,on_cpu_hi_ns,"
		 "switches_voluntary,wait_wakeup_ns,wait_preempt_ns,"
		 "switches_involuntary",
	.shown = SCHEDTRACE_SHOWN,
	.compare =
		&(const struct schedtrace_table_compare){
			.same = "comm",
			.measures = "charged_ns,wait_wakeup_ns,wait_preempt_ns,migrations",
			.totals = "",
			.usual = true },
	.pictures = PICTURES(&picture_tasks),
	.n_hidden = N_ALL - N_COLUMNS,
	.interval = &(const struct schedtrace_table_interval){ .same = "life",
							       .lasting = "lasting_ns",
							       .lasting_in = "lasting_in" },
};

/* All of @life's names with > between; NULL when memory ran out. */
static char *join_names(const struct lives *lives, const struct life *life)
{
	size_t n = 1, used = 0;
	char *text;

	for (uint32_t k = life->first_name; k != LIFE_NONE; k = lives->named[k].next)
		n += strlen(lives->names.names[lives->named[k].name]) + 1;
	text = malloc(n);
	for (uint32_t k = life->first_name; text && k != LIFE_NONE; k = lives->named[k].next) {
		const char *name = lives->names.names[lives->named[k].name];

		if (used)
			text[used++] = '>';
		memcpy(text + used, name, strlen(name));
		used += strlen(name);
	}
	if (text)
		text[used] = '\0';
	return text;
}

/* Adds what still lasts to the possible parts. */
static void add_open(const struct tasks *tasks, uint32_t id, struct account *a)
{
	struct replay_span open;
	int64_t gaps = replay_gap_ns(tasks->replay, id);

	a->on_cpu_hi += gaps;
	a->wait_hi += gaps;
	if (!replay_open(tasks->replay, id, &open))
		return;
	if (!choice_takes_cpu(tasks->choice, open.cpu)) {
		if (open.cpu < 0 && (life_is_waiting(open.state) || open.state == LIFE_UNKNOWN))
			a->wait_hi += open.end - open.begin;
		return;
	}
	a->here = true;
	if (open.state == LIFE_WAIT_OLD && open.cpu >= 0)
		a->on_cpu_hi += open.end - open.begin;
	if (open.state == LIFE_RUNNING) {
		a->on_cpu_hi += open.end - open.begin;
		a->cpu_changes += a->last_cpu && a->last_cpu != open.cpu + 1;
		if (open.cpu < 64)
			a->cpus_seen |= UINT64_C(1) << open.cpu;
		else
			a->cpus_above +=
				intmap_get(&tasks->more_cpus,
					   (uint64_t)id << 16 | (uint32_t)open.cpu) == INTMAP_NONE;
	}
	if (life_is_waiting(open.state) || open.state == LIFE_UNKNOWN)
		a->wait_hi += open.end - open.begin;
}

static int64_t at_most(int64_t value, int64_t limit, int64_t at_least)
{
	value = value < limit ? value : limit;
	return value > at_least ? value : at_least;
}

/* Nothing lasts longer than the life, and who certainly ran did not wait meanwhile. */
static void limit_to_life(const struct tasks *tasks, const struct life *life, struct account *a)
{
	int64_t waits = a->waits[0] + a->waits[1] + a->waits[2] + a->waits[3], begin, end;

	if (!replay_covered(tasks->replay, &begin, &end))
		return;
	if (life->start_ns > begin)
		begin = life->start_ns;
	if (life->end_ns != INT64_MIN && life->end_ns < end)
		end = life->end_ns;
	a->on_cpu_hi = at_most(a->on_cpu_hi, end - begin, a->on_cpu);
	a->wait_hi = at_most(a->wait_hi, end - begin - a->on_cpu, waits);
}

static int64_t count_cpus(const struct account *a)
{
	int64_t n = __builtin_popcountll(a->cpus_seen) + (int64_t)a->cpus_above;

	return n > a->cpus_most ? n : a->cpus_most;
}

static void add_account(struct account *to, const struct account *a)
{
	if (count_cpus(a) > to->cpus_most)
		to->cpus_most = count_cpus(a);
	to->on_cpu += a->on_cpu;
	to->on_cpu_hi += a->on_cpu_hi;
	if (!checked_add(to->charged, a->charged, &to->charged))
		to->charged = INT64_MAX;
	for (int i = 0; i < 4; i++) {
		to->waits[i] += a->waits[i];
		to->sleeps[i] += a->sleeps[i];
	}
	to->wait_hi += a->wait_hi;
	to->voluntary += a->voluntary;
	to->involuntary += a->involuntary;
	to->migrations += a->migrations;
	to->cpu_changes += a->cpu_changes;
	to->here |= a->here;
}

/* Those of numbers that are given to other lives. */
static int forget_cpus(struct tasks *tasks)
{
	const struct lives *lives = replay_lives(tasks->replay);
	struct intmap kept;

	if (!tasks->more_cpus.n)
		return 0;
	if (intmap_init(&kept) < 0)
		return -1;
	for (size_t i = 0; i <= tasks->more_cpus.mask; i++) {
		const struct intmap_slot *slot = &tasks->more_cpus.slots[i];
		uint32_t life = (uint32_t)(slot->key >> 16);

		if (slot->value == INTMAP_NONE || lives_now(lives, life) != life)
			continue;
		if (intmap_set(&kept, slot->key, 1) < 0) {
			intmap_free(&kept);
			return -1;
		}
	}
	intmap_free(&tasks->more_cpus);
	tasks->more_cpus = kept;
	return 0;
}

static int forget(void *self, const uint32_t *gone, uint32_t n, struct schedtrace_error *err)
{
	struct tasks *tasks = self;
	const struct lives *lives = replay_lives(tasks->replay);

	for (uint32_t i = 0; i < n; i++) {
		const struct life *life = &lives->all[gone[i]];
		struct account a = { 0 };

		if (life->into >= tasks->n) {
			int r = grow(tasks, life->into, err);

			if (r < 0)
				return r;
		}
		if (gone[i] < tasks->n) {
			a = tasks->accounts[gone[i]];
			tasks->accounts[gone[i]] = (struct account){ 0 };
		}
		if (!replay_in_window(tasks->replay, life))
			continue;
		add_open(tasks, gone[i], &a);
		limit_to_life(tasks, life, &a);
		add_account(&tasks->accounts[life->into], &a);
	}
	return forget_cpus(tasks) < 0
		       ? error_set(err, SCHEDTRACE_E_NOMEM, "no memory for CPUs of tasks")
		       : 0;
}

/* Which column counts time in a state, -1 none. */
static int column_of(enum life_state state)
{
	if (state == LIFE_RUNNING)
		return ON_CPU;
	if (life_is_waiting(state))
		return WAIT_WAKEUP + (int)(state - LIFE_WAIT_WAKEUP);
	if (state >= LIFE_SLEEPING && state <= LIFE_STOPPED)
		return SLEEP + (int)(state - LIFE_SLEEPING);
	return -1;
}

static int add_task(struct tasks *tasks, uint32_t id, const struct replay_known *known,
		    struct schedtrace_table *table, struct schedtrace_error *err)
{
	struct lives *lives = replay_lives(tasks->replay);
	struct account a = { 0 };
	union schedtrace_value v[N_ALL];
	struct life *life = &lives->all[id];
	bool charges = replay_recorded(tasks->replay, SCHEDTRACE_STAT_RUNTIME);
	bool moves = replay_recorded(tasks->replay, SCHEDTRACE_MIGRATE);
	bool some_cpus = tasks->choice->cpus.n > 0; /* nobody sleeps on one */
	bool sleeps = known->sleeps && !some_cpus;
	struct replay_span open;
	char *names;
	int r;

	lives_complete(lives, life);
	if (id < tasks->n)
		a = tasks->accounts[id];
	if (!(life->flags & LIFE_MANY)) {
		add_open(tasks, id, &a);
		limit_to_life(tasks, life, &a);
	}
	if (some_cpus && !a.here)
		return 0;
	names = join_names(lives, life);
	if (!names)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for names");
	v[PID].i = life_pid(life);
	v[TGID].i = life->tgid < 0 ? UNKNOWN_INT : life->tgid;
	v[PPID].i = life->ppid < 0 ? UNKNOWN_INT : life->ppid;
	v[COMM].s = lives_name(lives, id);
	v[NAMES].s = *names ? names : NULL;
	v[START].i = life->start_ns;
	v[END].i = life->end_ns != INT64_MIN ? life->end_ns : life->exit_ns;
	v[CHARGED].i = if_known(charges, a.charged);
	v[ON_CPU].i = if_known(known->switches, a.on_cpu);
	v[ON_CPU_HI].i = if_known(known->switches, a.on_cpu_hi);
	v[VOLUNTARY].i = if_known(known->states, a.voluntary);
	v[INVOLUNTARY].i = if_known(known->states, a.involuntary);
	v[WAIT_WAKEUP].i = if_known(known->wakeups, a.waits[0]);
	v[WAIT_PREEMPT].i = if_known(known->states, a.waits[1]);
	v[WAIT_NEW].i = if_known(known->new_wakeups, a.waits[2]);
	v[WAIT_OLD].i = if_known(known->switches, a.waits[3]);
	v[WAIT_HI].i = if_known(known->switches, a.wait_hi);
	v[SLEEP].i = if_known(sleeps, a.sleeps[0]);
	v[IDLE].i = if_known(sleeps, a.sleeps[1]);
	v[BLOCKED].i = if_known(sleeps, a.sleeps[2]);
	v[STOPPED].i = if_known(sleeps, a.sleeps[3]);
	v[LIFE].i = (int64_t)life->serial;
	v[LASTING].i = 0;
	v[LASTING_IN].i = -1;
	v[LASTS].s = NULL;
	if (replay_open(tasks->replay, id, &open) && life_state_name(open.state) &&
	    choice_takes_cpu(tasks->choice, open.cpu)) {
		v[LASTING].i = open.end - open.begin;
		v[LASTS].s = life_state_name(open.state);
		v[LASTING_IN].i = column_of(open.state);
	}
	v[MIGRATIONS].i = if_known(moves, a.migrations);
	v[CPU_CHANGES].i = if_known(known->switches, a.cpu_changes);
	v[CPUS].i = if_known(known->switches, count_cpus(&a));
	v[PRIORITY].i = life->prio != INT32_MIN ? life->prio : UNKNOWN_INT;
	r = table_row(table, v, err);
	free(names);
	return r;
}

static int snapshot(void *self, struct schedtrace_tables *out, struct schedtrace_error *err)
{
	struct tasks *tasks = self;
	struct lives *lives = replay_lives(tasks->replay);
	struct schedtrace_table *table;
	struct replay_known known = replay_known(tasks->replay);
	int r = tables_add(out, &table_info, &table, err);

	for (uint32_t id = 0; r >= 0 && id < lives->n; id++) {
		if (replay_in_window(tasks->replay, &lives->all[id]))
			r = add_task(tasks, id, &known, table, err);
	}
	return r;
}

static void destroy(void *self)
{
	struct tasks *tasks = self;

	intmap_free(&tasks->more_cpus);
	free(tasks->accounts);
	free(tasks);
}

static int create(void **self, const struct analysis_env *env, struct schedtrace_error *err)
{
	struct tasks *tasks = calloc(1, sizeof(*tasks));
	struct replay_listener listener = {
		.self = tasks,
		.span = span,
		.left = left,
		.row = row,
		.forget = forget,
		.events = REPLAY_EVENT(STAT_RUNTIME) | REPLAY_EVENT(MIGRATE),
	};

	if (!tasks || intmap_init(&tasks->more_cpus) < 0) {
		free(tasks);
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for analysis tasks");
	}
	*self = tasks;
	tasks->replay = env->replay;
	tasks->choice = env->choice;
	return replay_listen(env->replay, &listener, err);
}

static const char *const needs[] = { "CTX_SWITCH",   "BLOCK",	"WAKEUP", "WAKEUP_NEW",
				     "STAT_RUNTIME", "MIGRATE", NULL };
static const struct schedtrace_table_info *const tables[] = { &table_info };

const struct analysis analysis_tasks = {
	.info = { "tasks", "per task: time on CPU, waiting and asleep, switches, migrations, names",
		  needs, 1, tables, 0, NULL, PICTURES(&picture_tasks) },
	.uses_replay = true,
	.create = create,
	.snapshot = snapshot,
	.destroy = destroy,
};
