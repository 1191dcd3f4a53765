/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How long are the run queues, and does a CPU idle while a task waits for another? Lengths are
 * those of the RQ_SIZE rows (the running task included), each until the next; means are over the
 * time when they are known.
 *
 * Work conservation follows queues.h, in SchedViz's three measures: with I idle and O overloaded
 * CPUs and W waiting tasks, WallTime is the time with I > 0 and O > 0, PerCPUTime the sum of
 * min(I, O) times time, PerThreadTime that of min(I, W). They count what the tasks' affinity lets
 * happen, as far as it is known; where the sets of tasks differ, min() is the most that could have
 * run. SchedViz's own, for which every task may run everywhere, stand beside them. utilisation is
 * the share of the CPUs' time in which they are not idle. violation, as in systing, is the time
 * with a length above 1 while another is 0, by the RQ_SIZE rows. A CPU counts from its first row.
 */
#include <math.h>
#include <stdlib.h>

#include "base/checked.h"
#include "base/error.h"
#include "libschedtrace/analyses/episodes.h"
#include "libschedtrace/analysis.h"
#include "libschedtrace/choice.h"

#define MAX_LENGTH 64 /* longer ones are counted together */

struct length {
	bool known;
	int64_t now, since, max, known_ns;
	int64_t violation; /* of all CPUs, at this one's last row */
	double sum;	   /* of length times ns */
	int64_t ns[MAX_LENGTH + 1];
};

struct runqueue {
	const struct schedtrace_sink *sink;
	struct queues queues;
	struct grown lengths; /* struct length by CPU */
	struct episodes episodes;
	int32_t n_zero, n_above_1; /* known lengths */
	int64_t violation, violation_since;
};

enum { L_TIME, L_CPU, L_LENGTH, L_CHANGE, L_PID, L_COMM, N_L_COLUMNS };

static const struct schedtrace_column_info *const log_columns[N_L_COLUMNS] = {
	[L_TIME] = COLUMN_STAMP("time_ns", "when, on the trace clock"),
	[L_CPU] = COLUMN_ID("cpu", "CPU of the run queue"),
	[L_LENGTH] =
		COLUMN_COUNT("length", "runnable tasks from then on, the running one included"),
	[L_CHANGE] = COLUMN_COUNT("change", "by how much it changed"),
	[L_PID] = COLUMN_ID("pid", "task that ran there, 0 idle"),
	[L_COMM] = COLUMN_TEXT("comm", "its name"),
};

static const struct schedtrace_table_info log_info = {
	.name = "runqueue_log",
	.about = "every change of a run queue's length",
	.n_columns = N_L_COLUMNS,
	.columns = log_columns,
	.choices = SCHEDTRACE_BY_TASK | SCHEDTRACE_BY_CPU,
	.key = "time_ns,cpu",
};

static int no_memory(struct schedtrace_error *err)
{
	return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for analysis runqueue");
}

static int64_t clipped(const struct runqueue *rq, int64_t begin, int64_t end)
{
	int64_t from = begin > rq->queues.window_begin ? begin : rq->queues.window_begin;
	int64_t to = end < rq->queues.window_end ? end : rq->queues.window_end;

	return from < to ? to - from : 0;
}

/* Adds the time since the last RQ_SIZE row. */
static void count_length(const struct runqueue *rq, struct length *l, int64_t now)
{
	int64_t ns = clipped(rq, l->since, now);

	if (!l->known || !ns)
		return;
	l->known_ns += ns;
	l->sum += (double)l->now * (double)ns;
	l->ns[l->now < MAX_LENGTH ? (l->now > 0 ? l->now : 0) : MAX_LENGTH] += ns;
	if (l->now > l->max)
		l->max = l->now;
	l->since = now;
}

static int64_t violation_at(const struct runqueue *rq, int64_t now)
{
	if (!rq->n_zero || !rq->n_above_1)
		return rq->violation;
	return rq->violation + clipped(rq, rq->violation_since, now);
}

static int set_length(struct runqueue *rq, int32_t cpu, bool known, int64_t length, int64_t now,
		      int64_t known_until, struct schedtrace_error *err)
{
	struct length *l = grown_at(&rq->lengths, cpu, struct length);

	if (!l)
		return no_memory(err);
	count_length(rq, l, known_until);
	rq->violation = violation_at(rq, now);
	rq->violation_since = now;
	rq->n_zero += (known && length <= 0) - (l->known && l->now <= 0);
	rq->n_above_1 += (known && length > 1) - (l->known && l->now > 1);
	if (l->known && !known && l->violation < rq->violation)
		rq->violation = l->violation;
	l->violation = rq->violation;
	l->known = known;
	l->now = length;
	l->since = now;
	return 0;
}

static int forget_lengths(struct runqueue *rq, int64_t now, int64_t known_until,
			  struct schedtrace_error *err)
{
	int r = 0;

	for (uint32_t cpu = 0; r >= 0 && cpu < rq->lengths.n; cpu++)
		r = set_length(rq, (int32_t)cpu, false, 0, now, known_until, err);
	return r;
}

static int log_length(const struct runqueue *rq, const struct schedtrace_events *ev, size_t i,
		      uint32_t life, struct schedtrace_error *err)
{
	union schedtrace_value v[N_L_COLUMNS];

	v[L_TIME].i = ev->timestamp[i];
	v[L_CPU].i = ev->cpu[i];
	v[L_LENGTH].i = ev->arg0[i];
	v[L_CHANGE].i = ev->arg1[i];
	v[L_PID].i = ev->pid[i] < 0 ? UNKNOWN_INT : ev->pid[i];
	v[L_COMM].s = life == LIFE_NONE ? NULL : lives_name(replay_lives(rq->queues.replay), life);
	return rq->sink->row(rq->sink->user, &log_info, v, err);
}

static int row(void *self, const struct schedtrace_events *ev, size_t i, uint32_t life,
	       struct schedtrace_error *err)
{
	struct runqueue *rq = self;
	int64_t now = ev->timestamp[i];
	int r = 0;

	if (ev->event[i] == SCHEDTRACE_RQ_SIZE) {
		if (rq->sink && now >= rq->queues.window_begin)
			r = log_length(rq, ev, i, life, err);
		return r < 0 ? r : set_length(rq, ev->cpu[i], true, ev->arg0[i], now, now, err);
	}
	/* Any queue may change in the gap: its length is unknown until the next RQ_SIZE. */
	if (ev->event[i] == SCHEDTRACE_GAP)
		r = forget_lengths(rq, now, now, err);
	else if (ev->event[i] == SCHEDTRACE_LOST)
		r = forget_lengths(rq, now, ev->arg1[i] < now ? ev->arg1[i] : now, err);
	if (ev->event[i] == SCHEDTRACE_CPU_OFFLINE)
		r = set_length(rq, ev->cpu[i], false, 0, now, now, err);
	if (r >= 0 && queues_follow(&rq->queues, ev, i, life) < 0)
		r = no_memory(err);
	return r < 0 ? r : episodes_follow(&rq->episodes, err);
}

static int span(void *self, const struct replay_span *span, struct schedtrace_error *err)
{
	struct runqueue *rq = self;

	queues_span(&rq->queues, span);
	return 0;
}

static int doubt(void *self, int32_t cpu, enum replay_doubt why, int64_t begin, int64_t end,
		 int64_t records, struct schedtrace_error *err)
{
	struct runqueue *rq = self;

	queues_doubt(&rq->queues, cpu, why, begin, end);
	return 0;
}

static bool keeps(void *self, uint32_t life)
{
	const struct runqueue *rq = self;

	return queues_keep(&rq->queues, life);
}

static int forget(void *self, const uint32_t *gone, uint32_t n, struct schedtrace_error *err)
{
	struct runqueue *rq = self;

	queues_forget(&rq->queues, gone, n);
	return 0;
}

enum { CPU, MEAN, MAX, KNOWN, EMPTY, ABOVE_1, N_COLUMNS };

static const struct schedtrace_column_info *const columns[N_COLUMNS] = {
	[CPU] = COLUMN_ID("cpu", "CPU"),
	[MEAN] = COLUMN_MEAN(
		"length_mean", "1", COUNT,
		"runnable tasks (the running one included), mean over the time when known",
		.merge = SCHEDTRACE_MERGE_MEAN, .weight = "known_ns"),
	[MAX] = COLUMN_COUNT("length_max", "most at once, for longer than 0 ns",
			     .merge = SCHEDTRACE_MERGE_MAX),
	[KNOWN] = COLUMN_DURATION("known_ns", "time when the length is known"),
	[EMPTY] = COLUMN_SHARE("empty", "of that, nobody runnable", .merge = SCHEDTRACE_MERGE_MEAN,
			       .weight = "known_ns"),
	[ABOVE_1] = COLUMN_SHARE("above_1", "of that, somebody waited",
				 .merge = SCHEDTRACE_MERGE_MEAN, .weight = "known_ns"),
};

static const struct schedtrace_picture picture_runqueue = {
	.from = "runqueue",
	.kind = SCHEDTRACE_PICTURE_BARS,
	.title = "Runnable tasks on each CPU",
	.labels = "cpu",
	.values = "length_mean:mean over the time,length_max:most at once",
	.top = 64,
};

static const struct schedtrace_table_info runqueue_info = {
	.name = "runqueue",
	.about = "how long the run queue of each CPU was, by time",
	.n_columns = N_COLUMNS,
	.columns = columns,
	.choices = SCHEDTRACE_BY_CPU,
	.key = "cpu",
	.compare = &(const struct schedtrace_table_compare){ .same = "cpu",
							     .measures = "length_mean,above_1",
							     .totals = "",
							     .usual = true },
	.pictures = PICTURES(&picture_runqueue),
};

enum { N_CPU, N_LENGTH, N_NS, N_SHARE, N_N_COLUMNS };

static const struct schedtrace_column_info *const length_columns[N_N_COLUMNS] = {
	[N_CPU] = COLUMN_ID("cpu", "CPU"),
	[N_LENGTH] = COLUMN_COUNT("length", "runnable tasks; 64: 64 or more"),
	[N_NS] = COLUMN_DURATION("ns", "time at this length"),
	[N_SHARE] = COLUMN_SHARE("share", "of the time when the length is known"),
};

static const struct schedtrace_picture picture_runqueue_lengths = {
	.from = "runqueue_lengths",
	.kind = SCHEDTRACE_PICTURE_BARS,
	.title = "How much of its time each run queue had which length",
	.labels = "cpu,length",
	.values = "share",
	.top = 64,
};

static const struct schedtrace_table_info lengths_info = {
	.name = "runqueue_lengths",
	.about = "how much time each run queue had which length",
	.n_columns = N_N_COLUMNS,
	.columns = length_columns,
	.choices = SCHEDTRACE_BY_CPU,
	.key = "cpu,length",
	.compare = &(const struct schedtrace_table_compare){ .same = "cpu,length",
							     .measures = "share" },
	.pictures = PICTURES(&picture_runqueue_lengths),
};

enum {
	W_FOLLOWED,
	W_CPUS,
	W_WALL,
	W_SHARE,
	W_PER_CPU,
	W_PER_THREAD,
	W_ANY_WALL,
	W_ANY_PER_CPU,
	W_ANY_PER_THREAD,
	W_UTILISATION,
	W_VIOLATION,
	W_EPISODES,
	W_P50,
	W_P99,
	W_MAX,
	W_DOUBTFUL,
	W_UNFOLLOWED,
	N_W_COLUMNS
};

static const struct schedtrace_column_info *const work_columns[N_W_COLUMNS] = {
	[W_FOLLOWED] = COLUMN_DURATION(
		"followed_ns",
		"time that the figures are about: without gaps, and without stretches in "
		"which a switch is missing"),
	[W_CPUS] = COLUMN_COUNT("cpus", "CPUs with rows", .merge = SCHEDTRACE_MERGE_ONE,
				.change = SCHEDTRACE_CHANGE_LATER),
	[W_WALL] = COLUMN_DURATION(
		"wall_ns",
		"time with an idle CPU and a task that waits for another and may run there",
		.most = "unfollowed_ns", .adds = true, .needs = "CTX_SWITCH"),
	[W_SHARE] = COLUMN_SHARE("wall", "wall_ns of followed_ns", .merge = SCHEDTRACE_MERGE_ONE,
				 .weight = "followed_ns", .part = "wall_ns"),
	[W_PER_CPU] =
		COLUMN_DURATION("per_cpu_ns", "the lesser of idle and overloaded CPUs, times time"),
	[W_PER_THREAD] = COLUMN_DURATION(
		"per_thread_ns",
		"the lesser of idle CPUs and tasks that wait on overloaded ones, times "
		"time"),
	[W_ANY_WALL] = COLUMN_DURATION(
		"any_wall_ns", "wall_ns if every task might run everywhere (SchedViz's WallTime)"),
	[W_ANY_PER_CPU] = COLUMN_DURATION("any_per_cpu_ns", "per_cpu_ns likewise (PerCPUTime)"),
	[W_ANY_PER_THREAD] =
		COLUMN_DURATION("any_per_thread_ns", "per_thread_ns likewise (PerThreadTime)"),
	[W_UTILISATION] = COLUMN_SHARE(
		"utilisation", "time of the CPUs in which they are not idle, of all (SchedViz)",
		.merge = SCHEDTRACE_MERGE_ONE),
	[W_VIOLATION] = COLUMN_DURATION(
		"violation_ns",
		"time with a run queue above 1 and another of 0, by RQ_SIZE rows (as "
		"systing's)"),
	[W_EPISODES] = COLUMN_COUNT("episodes", "stretches of wall_ns; the log has them"),
	[W_P50] = COLUMN_PERCENTILE("p50_ns", "their median; at most 1/32 (or 8 ns) off"),
	[W_P99] = COLUMN_PERCENTILE("p99_ns", "99 % are not longer; at most 1/32 (or 8 ns) off"),
	[W_MAX] = COLUMN_DURATION("max_ns", "the longest", .merge = SCHEDTRACE_MERGE_MAX),
	[W_DOUBTFUL] =
		COLUMN_COUNT("doubtful", "further ones that a missing switch makes doubtful"),
	[W_UNFOLLOWED] =
		COLUMN_DURATION("unfollowed_ns", "the rest of the recorded time (the window)"),
};

static const struct schedtrace_picture picture_work_conservation = {
	.from = "work_conservation",
	.kind = SCHEDTRACE_PICTURE_BARS,
	.title = "Time that CPUs idled while tasks waited for others",
	.labels = "",
	.values = "wall_ns:at least one of each,per_cpu_ns:times the CPUs,"
		  "per_thread_ns:times the tasks",
	.top = 20,
};

static const struct schedtrace_table_info work_info = {
	.name = "work_conservation",
	.about = "how much time CPUs idled while tasks waited for other CPUs",
	.n_columns = N_W_COLUMNS,
	.columns = work_columns,
	.choices = SCHEDTRACE_BEFORE_TASK | SCHEDTRACE_BEFORE_CPU,
	.first = "followed_ns,wall_ns,wall,utilisation,episodes,max_ns,"
		 "unfollowed_ns,per_cpu_ns,per_thread_ns,violation_ns",
	.compare =
		&(const struct schedtrace_table_compare){
			.measures = "wall_ns,wall,episodes,utilisation", .totals = "" },
	.pictures = PICTURES(&picture_work_conservation),
};

static double percent(int64_t part, double whole)
{
	return whole > 0 ? 100.0 * (double)part / whole : NAN;
}

static int add_cpu(struct schedtrace_table *cpus, struct schedtrace_table *lengths, int32_t cpu,
		   const struct length *l, struct schedtrace_error *err)
{
	double known = (double)l->known_ns;
	union schedtrace_value v[N_COLUMNS], n[N_N_COLUMNS];
	int r;

	v[CPU].i = cpu;
	v[MEAN].f = l->sum / known;
	v[MAX].i = l->max;
	v[KNOWN].i = l->known_ns;
	v[EMPTY].f = percent(l->ns[0], known);
	v[ABOVE_1].f = percent(l->known_ns - l->ns[0] - l->ns[1], known);
	r = table_row(cpus, v, err);
	for (int length = 0; r >= 0 && length <= MAX_LENGTH; length++) {
		if (!l->ns[length])
			continue;
		n[N_CPU].i = cpu;
		n[N_LENGTH].i = length;
		n[N_NS].i = l->ns[length];
		n[N_SHARE].f = percent(l->ns[length], known);
		r = table_row(lengths, n, err);
	}
	return r;
}

static int add_work(const struct runqueue *rq, int64_t begin, int64_t end,
		    struct schedtrace_tables *out, struct schedtrace_error *err)
{
	const struct queue_sums sums = queues_sums_at(&rq->queues, end);
	struct histogram e;
	int64_t doubtful;
	const struct replay_known known = replay_known(rq->queues.replay);
	bool any = known.wakeups && !rq->queues.choice->given; /* these are of all tasks */
	union schedtrace_value v[N_W_COLUMNS];
	struct schedtrace_table *table;
	int r = tables_add(out, &work_info, &table, err);

	if (r < 0 || begin > end)
		return r;
	r = episodes_sum(&rq->episodes, &e, &doubtful, err);
	v[W_FOLLOWED].i = sums.followed;
	v[W_CPUS].i = rq->queues.n_seen;
	v[W_WALL].i = if_known(known.wakeups, sums.wall);
	v[W_SHARE].f = known.wakeups ? percent(sums.wall, (double)sums.followed) : NAN;
	v[W_PER_CPU].i = if_known(known.wakeups, sums.per_cpu);
	v[W_PER_THREAD].i = if_known(known.wakeups, sums.per_thread);
	v[W_ANY_WALL].i = if_known(any, sums.any_wall);
	v[W_ANY_PER_CPU].i = if_known(any, sums.any_per_cpu);
	v[W_ANY_PER_THREAD].i = if_known(any, sums.any_per_thread);
	v[W_UTILISATION].f =
		!known.switches
			? NAN
			: 100 - percent(sums.idle, (double)sums.followed * rq->queues.n_seen);
	v[W_VIOLATION].i = if_known(replay_recorded(rq->queues.replay, SCHEDTRACE_RQ_SIZE),
				    violation_at(rq, end));
	v[W_EPISODES].i = if_known(known.wakeups, (int64_t)e.count);
	v[W_P50].i = if_known(known.wakeups, histogram_percentile(&e, 50));
	v[W_P99].i = if_known(known.wakeups, histogram_percentile(&e, 99));
	v[W_MAX].i = if_known(known.wakeups && e.count, e.max);
	v[W_DOUBTFUL].i = if_known(known.wakeups, doubtful);
	v[W_UNFOLLOWED].i = end - begin > sums.followed ? end - begin - sums.followed : 0;
	histogram_free(&e);
	return r < 0 ? r : table_row(table, v, err);
}

static int snapshot(void *self, struct schedtrace_tables *out, struct schedtrace_error *err)
{
	struct runqueue *rq = self;
	struct schedtrace_table *cpus, *lengths;
	int64_t begin = 1, end = 0;
	int r = tables_add(out, &runqueue_info, &cpus, err);

	replay_covered(rq->queues.replay, &begin, &end);
	if (r >= 0)
		r = add_work(rq, begin, end, out, err);
	if (r >= 0)
		r = tables_add(out, &lengths_info, &lengths, err);
	for (uint32_t cpu = 0; r >= 0 && cpu < rq->lengths.n; cpu++) {
		struct length l = *grown_get(&rq->lengths, cpu, struct length);

		count_length(rq, &l, end);
		if (l.known_ns)
			r = add_cpu(cpus, lengths, (int32_t)cpu, &l, err);
	}
	return r;
}

static int finish(void *self, struct schedtrace_error *err)
{
	struct runqueue *rq = self;

	return episodes_finish(&rq->episodes, err);
}

static void destroy(void *self)
{
	struct runqueue *rq = self;

	queues_free(&rq->queues);
	episodes_free(&rq->episodes);
	free(rq->lengths.items);
	free(rq);
}

static int create(void **self, const struct analysis_env *env, struct schedtrace_error *err)
{
	struct runqueue *rq = calloc(1, sizeof(*rq));
	struct replay_listener listener = {
		.self = rq,
		.span = span,
		.doubt = doubt,
		.keeps = keeps,
		.forget = forget,
		.events = QUEUES_EVENTS | REPLAY_EVENT(RQ_SIZE),
		.before_window = true,
		.row = row,
	};

	if (!rq)
		return no_memory(err);
	*self = rq;
	rq->sink = env->sink;
	rq->queues.choice = env->choice;
	if (queues_init(&rq->queues, env) < 0)
		return no_memory(err);
	episodes_init(&rq->episodes, &rq->queues, env->sink);
	rq->queues.self = &rq->episodes;
	rq->queues.doubted = episodes_doubted;
	return replay_listen(env->replay, &listener, err);
}

static const char *const needs[] = { "RQ_SIZE",	   "CTX_SWITCH", "WAKEUP",
				     "WAKEUP_NEW", "MIGRATE",	 NULL };
static const struct schedtrace_table_info *const tables[] = { &runqueue_info, &work_info,
							      &lengths_info };
static const struct schedtrace_table_info *const logs[] = { &log_info, &episodes_info };

static const struct schedtrace_picture picture_lengths = {
	.from = "states_log",
	.kind = SCHEDTRACE_PICTURE_LENGTHS,
	.title = "Runnable tasks on each CPU, the running one included",
};

static const struct schedtrace_picture picture_length_map = {
	.from = "states_log",
	.kind = SCHEDTRACE_PICTURE_LENGTH_MAP,
	.title = "The same as a map",
};

const struct analysis analysis_runqueue = {
	.info = { "runqueue", "lengths of run queues; CPUs that idle while tasks wait elsewhere",
		  needs, 3, tables, 2, logs, PICTURES(&picture_lengths, &picture_length_map) },
	.uses_replay = true,
	.create = create,
	.snapshot = snapshot,
	.finish = finish,
	.destroy = destroy,
};
