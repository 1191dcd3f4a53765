/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The view of perf sched timehist: every time that a task leaves a CPU, how long it ran, and how
 * long it waited before. By perf's own rules (timehist_update_runtime_stats() in
 * tools/perf/builtin-sched.c):
 *
 *   run time   since the CPU's switch before, whoever that switched to
 *   sch delay  from when the task became ready to that switch: the first sched_waking since it
 *              left (sched_wakeup where that is not recorded), or its leaving while runnable
 *   wait time  from its leaving to that switch, delay included; by the state in which it left:
 *              preempted (R), in I/O (D), asleep (any other)
 *
 * So a missing switch gives the time of two tasks to one of them. Such rows are not whole; the
 * analyses tasks and latency are those that say what is certain. Two differences: what began
 * before the first row is unknown here and 0 in perf, and a task preempted in the kernel (R+) is
 * runnable here, which versions of perf that print it as W do not know.
 */
#include <math.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/grown.h"
#include "libschedtrace/analyses/states.h"
#include "libschedtrace/analysis.h"
#include "libschedtrace/choice.h"
#include "libschedtrace/replay/replay.h"

struct thread {
	int64_t last, ready, migrated; /* when it left, became ready, was moved; + 1, 0: not seen */
	uint64_t gaps;		       /* there were at its last leaving */
	uint8_t last_state;
	int64_t runs, run, run_min, run_max, delay, sleep, iowait, preempt, migrations;
	double mean, m2; /* of the runs: Welford's sums */
};

struct cpu {
	int64_t switched; /* + 1: when it last switched; 0 unknown */
	uint32_t current; /* whom it switched to */
	uint8_t state;	  /* character of the one that is about to leave, 0: runnable */
	struct thread idle;
};

struct timehist {
	const struct schedtrace_sink *sink;
	struct replay *replay;
	struct choice *choice;
	int64_t window_begin;
	struct grown threads; /* struct thread by life */
	struct grown cpus;    /* struct cpu */
	uint64_t gaps;
	bool has_waking;
};

enum {
	L_TIME,
	L_CPU,
	L_PID,
	L_TGID,
	L_COMM,
	L_WAIT,
	L_DELAY,
	L_RUN,
	L_STATE,
	L_BEFORE_MOVE,
	L_WHOLE,
	N_L_COLUMNS
};

static const struct schedtrace_column_info *const log_columns[N_L_COLUMNS] = {
	[L_TIME] = COLUMN_STAMP("time_ns", "when the task left the CPU, on the trace clock"),
	[L_CPU] = COLUMN_ID("cpu", "CPU"),
	[L_PID] = COLUMN_ID("pid", "thread id, 0 the idle task (perf: tid)"),
	[L_TGID] = COLUMN_ID("tgid", "process id (perf: pid)"),
	[L_COMM] = COLUMN_TEXT("comm", "the task's name then"),
	[L_WAIT] = COLUMN_DURATION("wait_ns", "wait time: not on a CPU before this run"),
	[L_DELAY] = COLUMN_DURATION("delay_ns", "sch delay: of that, ready to run"),
	[L_RUN] = COLUMN_DURATION("run_ns", "run time: since the CPU's switch before"),
	[L_STATE] = COLUMN_TEXT(
		"state", "state in which it left; R+: preempted in the kernel; I also of the idle "
			 "task"),
	[L_BEFORE_MOVE] = COLUMN_DURATION("before_migration_ns",
					  "of the delay, before it was moved to another CPU (perf: "
					  "--pre-migrations)"),
	[L_WHOLE] = COLUMN_ID(
		"whole", "1: the CPU's switch before was to this task, and no record is lost; else "
			 "perf's rules book time to the wrong task"),
};

static const struct schedtrace_table_info log_info = {
	.name = "timehist_log",
	.about = "every switch as perf sched timehist --state prints it",
	.n_columns = N_L_COLUMNS,
	.columns = log_columns,
	.choices = SCHEDTRACE_BY_TASK | SCHEDTRACE_BY_CPU,
	.key = "time_ns,cpu",
	.doubt = SCHEDTRACE_DOUBT_ANY,
};

enum {
	PID,
	TGID,
	COMM,
	RUNS,
	RUN,
	RUN_MIN,
	RUN_AVG,
	RUN_MAX,
	STDDEV,
	MIGRATIONS,
	SLEEP,
	IOWAIT,
	PREEMPT,
	DELAY,
	N_COLUMNS,
	LIFE = N_COLUMNS,
	N_ALL
};

static const struct schedtrace_column_info *const columns[N_ALL] = {
	[PID] = COLUMN_ID("pid", "thread id"),
	[TGID] = COLUMN_ID("tgid", "process id (thread group)"),
	[COMM] = COLUMN_TEXT("comm", "the task's last name"),
	[RUNS] = COLUMN_COUNT("sched_in", "runs whose begin is known"),
	[RUN] = COLUMN_DURATION("run_ns", "run time: their sum, by perf's rules"),
	[RUN_MIN] = COLUMN_DURATION("run_min_ns", "the shortest", .merge = SCHEDTRACE_MERGE_MIN),
	[RUN_AVG] = COLUMN_MEAN("run_avg_ns", "ns", DURATION, "their mean",
				.merge = SCHEDTRACE_MERGE_MEAN, .weight = "sched_in"),
	[RUN_MAX] = COLUMN_DURATION("run_max_ns", "the longest", .merge = SCHEDTRACE_MERGE_MAX),
	[STDDEV] =
		COLUMN_SHARE("stddev", "standard error of the mean, of the mean, as perf prints it",
			     .merge = SCHEDTRACE_MERGE_ONE),
	[MIGRATIONS] = COLUMN_COUNT("migrations", "sched_migrate_task rows", .needs = "MIGRATE"),
	[SLEEP] = COLUMN_DURATION("sleep_ns", "wait time after it left asleep"),
	[IOWAIT] = COLUMN_DURATION("iowait_ns", "wait time after it left as D"),
	[PREEMPT] = COLUMN_DURATION("preempt_ns", "wait time after it left runnable"),
	[DELAY] = COLUMN_DURATION("delay_ns", "sch delay: their part when it was ready"),
	[LIFE] = COLUMN_LIFE("life"),
};

static const struct schedtrace_picture picture_timehist = {
	.from = "timehist",
	.kind = SCHEDTRACE_PICTURE_STACKED_BARS,
	.title = "Run and wait time of each task, by the rules of perf sched timehist",
	.labels = "comm,pid",
	.values = "run_ns:running,preempt_ns:preempted,iowait_ns:blocked,"
		  "sleep_ns:sleeping",
	.top = 20,
};

static const struct schedtrace_table_info table_info = {
	.name = "timehist",
	.about = "the summary of perf sched timehist -s --state; a row a task that ran",
	.n_columns = N_COLUMNS,
	.columns = columns,
	.choices = SCHEDTRACE_BY_TASK | SCHEDTRACE_BEFORE_CPU,
	.key = "pid",
	.order = "-run_ns",
	.first = "pid,comm,sched_in,run_ns,run_avg_ns,run_max_ns,delay_ns,"
		 "preempt_ns,iowait_ns",
	.doubt = SCHEDTRACE_DOUBT_ANY,
	.compare = &(const struct schedtrace_table_compare){ .same = "comm",
							     .measures = "run_ns,delay_ns",
							     .totals = "",
							     .usual = true },
	.pictures = PICTURES(&picture_timehist),
	.n_hidden = N_ALL - N_COLUMNS,
	.interval = &(const struct schedtrace_table_interval){ .same = "life" },
};

static int no_memory(struct schedtrace_error *err)
{
	return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for analysis timehist");
}

/* What a row of the log says of times; UNKNOWN_INT where perf prints 0 for want of a begin. */
struct times {
	int64_t wait, delay, run, before_move;
};

static struct times times_of(const struct thread *t, int64_t switched, int64_t now)
{
	struct times times = { UNKNOWN_INT, UNKNOWN_INT, UNKNOWN_INT, UNKNOWN_INT };

	if (!switched)
		return times;
	times.run = now - (switched - 1);
	if (t->ready && t->ready <= switched) {
		times.delay = switched - t->ready;
		if (t->migrated > t->ready && t->migrated < switched)
			times.before_move = t->migrated - t->ready;
	} else {
		times.delay = 0;
	}
	if (t->last && t->last <= switched)
		times.wait = switched - t->last;
	return times;
}

static void count(struct thread *t, const struct times *times)
{
	double from_mean;

	if (times->run == UNKNOWN_INT)
		return;
	t->run_min = t->runs && t->run_min < times->run ? t->run_min : times->run;
	t->run_max = times->run > t->run_max ? times->run : t->run_max;
	t->run += times->run;
	t->runs++;
	from_mean = (double)times->run - t->mean;
	t->mean += from_mean / (double)t->runs;
	t->m2 += from_mean * ((double)times->run - t->mean);
	t->delay += times->delay;
	if (times->wait == UNKNOWN_INT)
		return;
	if (t->last_state == 'R')
		t->preempt += times->wait;
	else if (t->last_state == 'D')
		t->iowait += times->wait;
	else
		t->sleep += times->wait;
}

static int log_row(const struct timehist *h, int64_t now, int32_t cpu, uint32_t id, uint8_t state,
		   const struct times *times, bool whole, struct schedtrace_error *err)
{
	const struct lives *lives = replay_lives(h->replay);
	char text[3] = { (char)state, '\0', '\0' };
	union schedtrace_value v[N_L_COLUMNS];

	if (state == '+' || !state) {
		text[0] = 'R';
		text[1] = state ? '+' : '\0';
	}
	v[L_TIME].i = now;
	v[L_CPU].i = cpu;
	v[L_PID].i = 0;
	v[L_TGID].i = 0;
	v[L_COMM].s = "<idle>";
	if (id == LIFE_IDLE)
		text[0] = 'I';
	if (id != LIFE_IDLE) {
		v[L_PID].i = lives->all[id].pid;
		v[L_TGID].i = lives->all[id].tgid < 0 ? UNKNOWN_INT : lives->all[id].tgid;
		v[L_COMM].s = lives_name(lives, id);
	}
	v[L_WAIT].i = times->wait;
	v[L_DELAY].i = times->delay;
	v[L_RUN].i = times->run;
	v[L_STATE].s = text;
	v[L_BEFORE_MOVE].i = times->before_move;
	v[L_WHOLE].i = whole;
	return h->sink->row(h->sink->user, &log_info, v, err);
}

static int switched(struct timehist *h, const struct schedtrace_events *ev, size_t i, uint32_t id,
		    struct schedtrace_error *err)
{
	struct cpu *c = grown_at(&h->cpus, ev->cpu[i], struct cpu);
	int64_t now = ev->timestamp[i], next = ev->arg0[i];
	struct thread *t;
	int r = 0;

	if (!c)
		return no_memory(err);
	if (!ev->pid[i])
		id = LIFE_IDLE;
	t = id == LIFE_IDLE ? &c->idle : NULL;
	if (id <= LIFE_MAX) {
		t = grown_at(&h->threads, id, struct thread);
		if (!t)
			return no_memory(err);
	}
	if (t) {
		bool runnable = !c->state || c->state == '+';

		if (now >= h->window_begin) {
			struct times times = times_of(t, c->switched, now);
			bool whole =
				c->switched && c->current == id && (!t->last || t->gaps == h->gaps);

			if (times.run != UNKNOWN_INT && c->switched - 1 < h->window_begin)
				times.run = now - h->window_begin;
			if (choice_takes_cpu(h->choice, ev->cpu[i]))
				count(t, &times);
			if (h->sink)
				r = log_row(h, now, ev->cpu[i], id, c->state, &times, whole, err);
		}
		t->last = now + 1;
		t->last_state = runnable ? 'R' : c->state;
		t->ready = runnable && id != LIFE_IDLE ? now + 1 : 0;
		t->migrated = 0;
		t->gaps = h->gaps;
	}
	c->switched = now + 1;
	c->state = 0;
	c->current = LIFE_NONE;
	if (!next)
		c->current = LIFE_IDLE;
	else if (next > 0 && next <= INT32_MAX)
		c->current = lives_find(replay_lives(h->replay), (int32_t)next);
	return r;
}

static int row(void *self, const struct schedtrace_events *ev, size_t i, uint32_t id,
	       struct schedtrace_error *err)
{
	struct timehist *h = self;
	struct thread *t;
	struct cpu *c;

	switch (ev->event[i]) {
	case SCHEDTRACE_CTX_SWITCH:
		return switched(h, ev, i, id, err);
	case SCHEDTRACE_BLOCK:
	case SCHEDTRACE_BLOCK_IO:
	case SCHEDTRACE_STATE:
	case SCHEDTRACE_CPU_OFFLINE:
	case SCHEDTRACE_LOST:
		c = grown_at(&h->cpus, ev->cpu[i], struct cpu);
		if (!c)
			return no_memory(err);
		if (ev->event[i] == SCHEDTRACE_BLOCK) {
			c->state = 'S';
		} else if (ev->event[i] == SCHEDTRACE_BLOCK_IO) {
			c->state = 'D';
		} else if (ev->event[i] == SCHEDTRACE_STATE) {
			c->state =
				ev->arg0[i] > ' ' && ev->arg0[i] < 127 ? (uint8_t)ev->arg0[i] : '?';
		} else {
			c->state = 0;
			c->switched = 0;
			h->gaps += ev->event[i] == SCHEDTRACE_LOST;
		}
		return 0;
	case SCHEDTRACE_RENUMBER:
		c = grown_at(&h->cpus, ev->cpu[i], struct cpu);
		if (!c)
			return no_memory(err);
		if (c->current <= LIFE_MAX &&
		    replay_lives(h->replay)->all[c->current].pid == ev->arg0[i])
			c->current = id;
		return 0;
	case SCHEDTRACE_WAKEUP:
		if (h->has_waking)
			return 0;
		break;
	case SCHEDTRACE_WAKING:
		h->has_waking = true;
		break;
	default:
		break;
	}
	if (id == LIFE_NONE)
		return 0;
	t = grown_at(&h->threads, id, struct thread);
	if (!t)
		return no_memory(err);
	if (ev->event[i] == SCHEDTRACE_MIGRATE) {
		t->migrated = ev->timestamp[i] + 1;
		t->migrations += ev->timestamp[i] >= h->window_begin &&
				 choice_takes_move(h->choice, ev->arg0[i], ev->arg1[i]);
	} else if (!t->ready) {
		t->ready = ev->timestamp[i] + 1;
	}
	return 0;
}

/* The sums of two sets of runs, together. */
static void add_thread(struct thread *to, const struct thread *t)
{
	double n = (double)to->runs, more = (double)t->runs, apart = t->mean - to->mean;

	to->run_min = to->runs && to->run_min < t->run_min ? to->run_min : t->run_min;
	to->run_max = t->run_max > to->run_max ? t->run_max : to->run_max;
	to->mean += apart * more / (n + more);
	to->m2 += t->m2 + apart * apart * n * more / (n + more);
	to->runs += t->runs;
	to->run += t->run;
	to->delay += t->delay;
	to->sleep += t->sleep;
	to->iowait += t->iowait;
	to->preempt += t->preempt;
	to->migrations += t->migrations;
}

static int forget(void *self, const uint32_t *gone, uint32_t n, struct schedtrace_error *err)
{
	struct timehist *h = self;
	const struct lives *lives = replay_lives(h->replay);

	for (uint32_t i = 0; i < n; i++) {
		uint32_t into = lives->all[gone[i]].into;
		struct thread *to = grown_at(&h->threads, into, struct thread);
		struct thread *t = grown_get(&h->threads, gone[i], struct thread);

		if (!to)
			return no_memory(err);
		if (!t)
			continue;
		if (t->runs)
			add_thread(to, t);
		*t = (struct thread){ 0 };
	}
	for (uint32_t cpu = 0; cpu < h->cpus.n; cpu++) {
		struct cpu *c = grown_get(&h->cpus, cpu, struct cpu);

		c->current = lives_now(lives, c->current);
	}
	return 0;
}

static int snapshot(void *self, struct schedtrace_tables *out, struct schedtrace_error *err)
{
	struct timehist *h = self;
	struct lives *lives = replay_lives(h->replay);
	struct schedtrace_table *table;
	int r = tables_add(out, &table_info, &table, err);

	for (uint32_t id = 0; r >= 0 && id < lives->n; id++) {
		const struct thread *t = grown_get(&h->threads, id, struct thread);
		struct life *life = &lives->all[id];
		union schedtrace_value v[N_ALL];
		double n;

		if (!t || !t->runs)
			continue;
		lives_complete(lives, life);
		n = (double)t->runs;
		v[PID].i = life_pid(life);
		v[TGID].i = life->tgid < 0 ? UNKNOWN_INT : life->tgid;
		v[COMM].s = lives_name(lives, id);
		v[RUNS].i = t->runs;
		v[RUN].i = t->run;
		v[RUN_MIN].i = t->run_min;
		v[RUN_AVG].f = (double)t->run / n;
		v[RUN_MAX].i = t->run_max;
		v[STDDEV].f =
			t->runs > 1 && t->mean > 0 ? 100 * sqrt(t->m2 / (n - 1) / n) / t->mean : 0;
		v[MIGRATIONS].i = t->migrations;
		v[SLEEP].i = t->sleep;
		v[IOWAIT].i = t->iowait;
		v[PREEMPT].i = t->preempt;
		v[DELAY].i = t->delay;
		v[LIFE].i = (int64_t)life->serial;
		r = table_row(table, v, err);
	}
	return r;
}

static void destroy(void *self)
{
	struct timehist *h = self;

	free(h->threads.items);
	free(h->cpus.items);
	free(h);
}

static int create(void **self, const struct analysis_env *env, struct schedtrace_error *err)
{
	struct timehist *h = calloc(1, sizeof(*h));
	struct replay_listener listener = {
		.self = h,
		.events = REPLAY_EVENT(CTX_SWITCH) | REPLAY_EVENT(RENUMBER) | REPLAY_EVENT(BLOCK) |
			  REPLAY_EVENT(BLOCK_IO) | REPLAY_EVENT(STATE) | REPLAY_EVENT(LOST) |
			  REPLAY_EVENT(CPU_OFFLINE) | REPLAY_EVENT(WAKING) | REPLAY_EVENT(WAKEUP) |
			  REPLAY_EVENT(WAKEUP_NEW) | REPLAY_EVENT(MIGRATE),
		.before_window = true,
		.row = row,
		.forget = forget,
	};

	if (!h)
		return no_memory(err);
	*self = h;
	h->sink = env->sink;
	h->replay = env->replay;
	h->choice = env->choice;
	h->window_begin = env->window_begin;
	return replay_listen(env->replay, &listener, err);
}

static const char *const needs[] = { "CTX_SWITCH", "BLOCK",	 "BLOCK_IO", "STATE", "WAKING",
				     "WAKEUP",	   "WAKEUP_NEW", "MIGRATE",  NULL };
static const struct schedtrace_table_info *const tables[] = { &table_info };
static const struct schedtrace_table_info *const logs[] = { &log_info };

const struct analysis analysis_timehist = {
	.info = { "timehist", "run, wait and delay of every switch, as perf sched timehist", needs,
		  1, tables, 1, logs, PICTURES(&picture_what_tasks_did) },
	.uses_replay = true,
	.create = create,
	.snapshot = snapshot,
	.destroy = destroy,
};
