/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How busy were the CPUs and the tasks over time, and how long did things take? The recorded time
 * is cut into 100 to 200 intervals of equal length, 1 us doubled as often as needed, so that memory
 * does not grow with the trace. Busy is the time from switch-in to switch-out that is certain, of
 * tasks and of the idle task; the rest is unknown. A task's share is of one CPU, the total's of all
 * CPUs. Completion runs from the start of a task to its end, both of which the recording must show.
 */
#include <math.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/grown.h"
#include "libschedtrace/analysis.h"
#include "libschedtrace/choice.h"
#include "libschedtrace/parameters.h"
#include "libschedtrace/replay/replay.h"

#define MAX_INTERVALS UTILIZATION_POINTS_MOST
#define FIRST_WIDTH   1000 /* ns */

struct usage {
	int64_t *busy; /* of intervals [first, first + n) */
	uint32_t first, n;
	int64_t total;
	int64_t exec; /* its first, + 1; 0: not seen */
	/* Of tasks that were let go. */
	int64_t lived, completion;
	bool completed; /* any of them, from start to end */
};

/* Of some tasks. */
struct completion {
	int64_t tasks, start, end, on_cpu;
	bool counts; /* of the command itself, where not all tasks do */
};

struct utilization {
	const struct schedtrace_context *ctx;
	struct replay *replay;
	struct choice *choice;
	bool has_origin;
	int64_t origin, width, max_intervals;
	struct usage idle; /* of the CPUs that count */
	struct usage busy,
		chosen;		/* where not all counts: of all tasks there, and those that count */
	struct grown tasks;	/* struct usage by life */
	struct grown cpus_seen; /* bool by CPU */
	int32_t n_cpus_seen, n_cpus_chosen;
	struct completion all, tree, command; /* of tasks that were let go */
};

static int no_memory(struct schedtrace_error *err)
{
	return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for analysis utilization");
}

/* Makes room for intervals [first, last]. */
static int cover(struct usage *u, uint32_t first, uint32_t last)
{
	int64_t *grown;

	if (u->n) {
		first = first < u->first ? first : u->first;
		last = last >= u->first + u->n ? last : u->first + u->n - 1;
	}
	if (last - first + 1 == u->n)
		return 0;
	grown = calloc(last - first + 1, sizeof(*grown));
	if (!grown)
		return -1;
	if (u->n)
		memcpy(grown + (u->first - first), u->busy, u->n * sizeof(*grown));
	free(u->busy);
	u->busy = grown;
	u->first = first;
	u->n = last - first + 1;
	return 0;
}

/* Two intervals become one. */
static void halve(struct usage *u)
{
	uint32_t first = u->first / 2, last = (u->first + u->n - 1) / 2;

	if (!u->n)
		return;
	/* In place: an interval's new number is never above its old one. */
	for (uint32_t i = 0; i < u->n; i++) {
		uint32_t to = (u->first + i) / 2 - first;
		int64_t ns = u->busy[i];

		u->busy[i] = 0;
		u->busy[to] += ns;
	}
	u->first = first;
	u->n = last - first + 1;
}

static void reach(struct utilization *u, int64_t end)
{
	while ((end - u->origin - 1) / u->width >= u->max_intervals) {
		u->width *= 2;
		halve(&u->idle);
		halve(&u->busy);
		halve(&u->chosen);
		for (uint32_t id = 0; id < u->tasks.n; id++)
			halve(grown_get(&u->tasks, id, struct usage));
	}
}

static int use(const struct utilization *u, struct usage *usage, int64_t begin, int64_t end)
{
	uint32_t first = (uint32_t)((begin - u->origin) / u->width);
	uint32_t last = (uint32_t)((end - u->origin - 1) / u->width);

	if (cover(usage, first, last) < 0)
		return -1;
	usage->total += end - begin;
	for (uint32_t i = first; i <= last; i++) {
		int64_t from = u->origin + (int64_t)i * u->width, to = from + u->width;

		usage->busy[i - usage->first] +=
			(to < end ? to : end) - (from > begin ? from : begin);
	}
	return 0;
}

/* A task's time on a CPU where not everything counts. */
static int use_chosen(struct utilization *u, const struct replay_span *span,
		      struct schedtrace_error *err)
{
	if (choice_takes_cpu(u->choice, span->cpu) &&
	    use(u, &u->busy, span->begin, span->certain_end) < 0)
		return no_memory(err);
	if (choice_takes(u->choice, replay_lives(u->replay), span->life, span->cpu) &&
	    use(u, &u->chosen, span->begin, span->certain_end) < 0)
		return no_memory(err);
	return 0;
}

static int span(void *self, const struct replay_span *span, struct schedtrace_error *err)
{
	struct utilization *u = self;
	struct usage *usage = &u->idle;
	int64_t covered_end;
	bool *seen;

	if (span->state != LIFE_RUNNING)
		return 0;
	seen = grown_at(&u->cpus_seen, span->cpu, bool);
	if (!seen)
		return no_memory(err);
	u->n_cpus_seen += !*seen;
	u->n_cpus_chosen += !*seen && choice_takes_cpu(u->choice, span->cpu);
	*seen = true;
	if (span->begin >= span->certain_end)
		return 0;
	if (!u->has_origin)
		u->has_origin = replay_covered(u->replay, &u->origin, &covered_end);
	if (span->life != LIFE_IDLE)
		usage = grown_at(&u->tasks, span->life, struct usage);
	if (!usage)
		return no_memory(err);
	reach(u, span->certain_end);
	if (choice_takes_cpu(u->choice, span->cpu) &&
	    use(u, usage, span->begin, span->certain_end) < 0)
		return no_memory(err);
	return u->choice->given && span->life != LIFE_IDLE ? use_chosen(u, span, err) : 0;
}

static int row(void *self, const struct schedtrace_events *ev, size_t i, uint32_t id,
	       struct schedtrace_error *err)
{
	struct utilization *u = self;
	struct usage *usage;

	if (id == LIFE_NONE)
		return 0;
	usage = grown_at(&u->tasks, id, struct usage);
	if (!usage)
		return no_memory(err);
	if (!usage->exec)
		usage->exec = ev->timestamp[i] + 1;
	return 0;
}

enum { BEGIN, END, BUSY, BUSY_SHARE, IDLE, UNKNOWN, N_COLUMNS };

static const struct schedtrace_column_info *const columns[N_COLUMNS] = {
	[BEGIN] = COLUMN_STAMP("begin_ns", "begin of the interval on the trace clock"),
	[END] = COLUMN_STAMP("end_ns", "its end"),
	[BUSY] = COLUMN_DURATION("busy_ns", "time of all CPUs in tasks that is certain",
				 .most = "unknown_ns", .adds = true),
	[BUSY_SHARE] =
		COLUMN("busy", "%", REAL, SHARE, "busy_ns of the interval times the CPUs",
		       .merge = SCHEDTRACE_MERGE_MEAN, .weight = "busy_ns+idle_ns+unknown_ns"),
	[IDLE] = COLUMN_DURATION("idle_ns", "time of all CPUs in the idle task that is certain",
				 .most = "unknown_ns", .adds = true),
	[UNKNOWN] = COLUMN_DURATION("unknown_ns", "the rest"),
};

static const struct schedtrace_picture picture_utilization = {
	.from = "utilization",
	.kind = SCHEDTRACE_PICTURE_UTILIZATION,
	.title = "How busy the CPUs were, and with which tasks",
	.ranked = "utilization_intervals",
	.top = 7,
};

static const struct schedtrace_table_info table_info = {
	.name = "utilization",
	.about = "how busy all CPUs were, in 100 to 200 intervals of the recorded time (of the "
		 "window)",
	.n_columns = N_COLUMNS,
	.columns = columns,
	.choices = SCHEDTRACE_BEFORE_TASK | SCHEDTRACE_BEFORE_CPU,
	.key = "begin_ns",
	.interval = &table_left_out,
	.compare =
		&(const struct schedtrace_table_compare){
			.measures = "busy,busy_ns,idle_ns,unknown_ns", .totals = "" },
	.pictures = PICTURES(&picture_utilization),
};

enum {
	T_PID,
	T_TGID,
	T_COMM,
	T_COMPLETION,
	T_ON_CPU,
	T_SHARE,
	T_PEAK,
	T_PEAK_AT,
	N_T_COLUMNS,
	T_LIFE = N_T_COLUMNS,
	N_T_ALL
};

static const struct schedtrace_column_info *const task_columns[N_T_ALL] = {
	[T_PID] = COLUMN_ID("pid", "thread id"),
	[T_TGID] = COLUMN_ID("tgid", "process id (thread group)"),
	[T_COMM] = COLUMN_TEXT("comm", "the task's last name"),
	[T_COMPLETION] = COLUMN_DURATION(
		"completion_ns", "from its start to its end; unknown unless both were recorded",
		.merge = SCHEDTRACE_MERGE_MEAN),
	[T_ON_CPU] = COLUMN_DURATION("on_cpu_ns", "its time on CPUs that is certain",
				     .needs = "CTX_SWITCH"),
	[T_SHARE] = COLUMN("busy", "%", REAL, SHARE,
			   "on_cpu_ns of its life within the recorded time (the window)",
			   .merge = SCHEDTRACE_MERGE_MEAN),
	[T_PEAK] = COLUMN_SHARE("peak", "the same in the interval where it was highest",
				.merge = SCHEDTRACE_MERGE_MAX),
	[T_PEAK_AT] = COLUMN_STAMP("peak_at_ns", "when that interval began"),
	[T_LIFE] = COLUMN_LIFE("life"),
};

static const struct schedtrace_picture picture_utilization_tasks = {
	.from = "utilization_tasks",
	.kind = SCHEDTRACE_PICTURE_BARS,
	.labels = "comm,pid",
	.values = "on_cpu_ns",
	.top = 20,
};

static const struct schedtrace_table_info tasks_info = {
	.name = "utilization_tasks",
	.about = "how much of one CPU each task used, and how long it lived",
	.n_columns = N_T_COLUMNS,
	.columns = task_columns,
	.choices = SCHEDTRACE_BY_TASK | SCHEDTRACE_BEFORE_CPU,
	.key = "pid",
	.interval = &table_left_out,
	.order = "-on_cpu_ns",
	.compare = &(const struct schedtrace_table_compare){ .same = "comm",
							     .measures = "completion_ns,on_cpu_ns",
							     .usual = true },
	.pictures = PICTURES(&picture_utilization_tasks),
	.n_hidden = N_T_ALL - N_T_COLUMNS,
};

enum {
	I_PID,
	I_TGID,
	I_COMM,
	I_BEGIN,
	I_ON_CPU,
	I_SHARE,
	N_I_COLUMNS,
	I_LIFE = N_I_COLUMNS,
	N_I_ALL
};

static const struct schedtrace_column_info *const interval_columns[N_I_ALL] = {
	[I_PID] = COLUMN_ID("pid", "thread id"),
	[I_TGID] = COLUMN_ID("tgid", "process id (thread group)"),
	[I_COMM] = COLUMN_TEXT("comm", "the task's last name"),
	[I_BEGIN] = COLUMN_STAMP("begin_ns", "begin of the interval, one of table utilization"),
	[I_ON_CPU] = COLUMN_DURATION("on_cpu_ns", "its time on CPUs in it that is certain",
				     .needs = "CTX_SWITCH"),
	[I_SHARE] = COLUMN("busy", "%", REAL, SHARE, "on_cpu_ns of the interval",
			   .merge = SCHEDTRACE_MERGE_ONE),
	[I_LIFE] = COLUMN_LIFE("life"),
};

static const struct schedtrace_table_info intervals_info = {
	.name = "utilization_intervals",
	.about = "how much each task ran in each interval; those in which it did not are left out",
	.n_columns = N_I_COLUMNS,
	.columns = interval_columns,
	.choices = SCHEDTRACE_BY_TASK | SCHEDTRACE_BEFORE_CPU,
	.key = "begin_ns,pid",
	.n_hidden = N_I_ALL - N_I_COLUMNS,
	.interval = &table_left_out,
	.order = "-on_cpu_ns",
};

enum { C_WHAT, C_TASKS, C_START, C_END, C_COMPLETION, C_ON_CPU, C_SHARE, N_C_COLUMNS };

static const struct schedtrace_column_info *const completion_columns[N_C_COLUMNS] = {
	[C_WHAT] = COLUMN_TEXT(
		"what", "recording: all tasks, in the recorded time (the window); command: the "
			"recorded command; command_tree: it and its descendants"),
	[C_TASKS] = COLUMN_COUNT("tasks", "lives of tasks"),
	[C_START] = COLUMN_STAMP("start_ns",
				 "when the first began; of a task made before: its first exec"),
	[C_END] = COLUMN_STAMP("end_ns", "when the last ended; unknown when one did not"),
	[C_COMPLETION] = COLUMN_DURATION("completion_ns", "from start to end"),
	[C_ON_CPU] = COLUMN_DURATION("on_cpu_ns", "their time on CPUs that is certain",
				     .needs = "CTX_SWITCH"),
	[C_SHARE] = COLUMN_MEAN("cpus", "1", COUNT,
				"CPUs kept busy on average: on_cpu_ns by completion_ns",
				.merge = SCHEDTRACE_MERGE_ONE),
};

static const struct schedtrace_picture picture_completion = {
	.from = "completion",
	.kind = SCHEDTRACE_PICTURE_BARS,
	.labels = "what",
	.values = "completion_ns,on_cpu_ns",
	.top = 20,
};

static const struct schedtrace_table_info completion_info = {
	.name = "completion",
	.about = "how long the recorded command took, with and without its descendants",
	.n_columns = N_C_COLUMNS,
	.columns = completion_columns,
	.choices = SCHEDTRACE_BEFORE_TASK | SCHEDTRACE_BEFORE_CPU,
	.key = "what",
	.interval = &table_left_out,
	.compare = &(const struct schedtrace_table_compare){ .same = "what",
							     .measures =
								     "completion_ns,on_cpu_ns,cpus",
							     .totals = "what=command_tree",
							     .usual = true },
	.pictures = PICTURES(&picture_completion),
};

static double percent(int64_t part, int64_t whole)
{
	return whole > 0 ? 100.0 * (double)part / (double)whole : NAN;
}

static int64_t in_interval(const struct usage *u, uint32_t i)
{
	return i - u->first < u->n ? u->busy[i - u->first] : 0;
}

static void add_usage(int64_t busy[MAX_INTERVALS], const struct usage *u)
{
	for (uint32_t i = 0; i < u->n; i++)
		busy[u->first + i] += u->busy[i];
}

static int add_intervals(const struct utilization *u, int64_t end, int64_t cpus,
			 struct schedtrace_tables *out, struct schedtrace_error *err)
{
	bool switches = replay_recorded(u->replay, SCHEDTRACE_CTX_SWITCH);
	int64_t all_tasks[MAX_INTERVALS] = { 0 };
	struct schedtrace_table *table;
	int r = tables_add(out, &table_info, &table, err);

	for (uint32_t id = 0; id < u->tasks.n && !u->choice->given; id++)
		add_usage(all_tasks, grown_get(&u->tasks, id, struct usage));
	add_usage(all_tasks, &u->busy);
	if (u->choice->cpus.n)
		cpus = u->n_cpus_chosen;
	for (uint32_t i = 0; r >= 0 && u->has_origin && i < MAX_INTERVALS; i++) {
		int64_t from = u->origin + (int64_t)i * u->width;
		int64_t to = from + u->width < end ? from + u->width : end;
		int64_t idle = in_interval(&u->idle, i), all = cpus * (to - from);
		int64_t busy = u->choice->given ? in_interval(&u->chosen, i) : all_tasks[i];
		union schedtrace_value v[N_COLUMNS];

		if (from >= end)
			break;
		v[BEGIN].i = from;
		v[END].i = to;
		v[BUSY].i = if_known(switches, busy);
		v[BUSY_SHARE].f = switches ? percent(busy, all) : NAN;
		v[IDLE].i = if_known(switches, idle);
		v[UNKNOWN].i = switches ? all - all_tasks[i] - idle : all;
		r = table_row(table, v, err);
	}
	return r;
}

static int64_t end_of(const struct life *life)
{
	return life->end_ns != INT64_MIN ? life->end_ns : life->exit_ns;
}

/* How much of [begin, end) the life was there. */
static int64_t lived(const struct life *life, int64_t begin, int64_t end)
{
	int64_t ended = end_of(life);

	begin = life->start_ns > begin ? life->start_ns : begin;
	end = ended != INT64_MIN && ended < end ? ended : end;
	return end - begin;
}

static int add_task(const struct utilization *u, uint32_t id, const struct usage *usage,
		    int64_t begin, int64_t end, struct schedtrace_table *table,
		    struct schedtrace_error *err)
{
	const struct lives *lives = replay_lives(u->replay);
	const struct life *life = &lives->all[id];
	bool switches = replay_recorded(u->replay, SCHEDTRACE_CTX_SWITCH);
	int64_t ended = end_of(life), peak = 0, peak_at = UNKNOWN_INT, width = u->width;
	bool many = life->flags & LIFE_MANY;
	union schedtrace_value v[N_T_ALL];

	for (uint32_t i = 0; i < usage->n; i++) {
		if (usage->busy[i] > peak) {
			peak = usage->busy[i];
			peak_at = u->origin + (int64_t)(usage->first + i) * u->width;
		}
	}
	if (peak && end - peak_at < width)
		width = end - peak_at;
	v[T_PID].i = life_pid(life);
	v[T_TGID].i = life->tgid < 0 ? UNKNOWN_INT : life->tgid;
	v[T_COMM].s = lives_name(lives, id);
	v[T_COMPLETION].i = ended != INT64_MIN && life->start_ns != INT64_MIN
				    ? ended - life->start_ns
				    : UNKNOWN_INT;
	if (many)
		v[T_COMPLETION].i = if_known(usage->completed, usage->completion);
	v[T_ON_CPU].i = if_known(switches, usage->total);
	v[T_SHARE].f =
		!switches ? NAN
			  : percent(usage->total, many ? usage->lived : lived(life, begin, end));
	v[T_PEAK].f = switches && peak ? percent(peak, width) : NAN;
	v[T_PEAK_AT].i = if_known(switches, peak_at);
	v[T_LIFE].i = (int64_t)life->serial;
	return table_row(table, v, err);
}

static int add_task_intervals(const struct utilization *u, uint32_t id, const struct usage *usage,
			      int64_t end, struct schedtrace_table *table,
			      struct schedtrace_error *err)
{
	const struct lives *lives = replay_lives(u->replay);
	const struct life *life = &lives->all[id];
	int r = 0;

	for (uint32_t i = 0; r >= 0 && i < usage->n; i++) {
		int64_t from = u->origin + (int64_t)(usage->first + i) * u->width;
		union schedtrace_value v[N_I_ALL];

		if (!usage->busy[i])
			continue;
		v[I_PID].i = life_pid(life);
		v[I_TGID].i = life->tgid < 0 ? UNKNOWN_INT : life->tgid;
		v[I_COMM].s = lives_name(lives, id);
		v[I_BEGIN].i = from;
		v[I_LIFE].i = (int64_t)life->serial;
		v[I_ON_CPU].i = usage->busy[i];
		v[I_SHARE].f =
			percent(usage->busy[i], end - from < u->width ? end - from : u->width);
		r = table_row(table, v, err);
	}
	return r;
}

static int add_completion(const struct utilization *u, struct schedtrace_table *table,
			  const char *what, const struct completion *c,
			  struct schedtrace_error *err)
{
	union schedtrace_value v[N_C_COLUMNS];
	bool switches = replay_recorded(u->replay, SCHEDTRACE_CTX_SWITCH);
	bool known = c->start != INT64_MIN && c->end != INT64_MIN;

	v[C_WHAT].s = what;
	v[C_TASKS].i = c->tasks;
	v[C_START].i = c->start;
	v[C_END].i = c->end;
	v[C_COMPLETION].i = known ? c->end - c->start : UNKNOWN_INT;
	v[C_ON_CPU].i = if_known(switches, c->on_cpu);
	v[C_SHARE].f = switches && known && c->end > c->start
			       ? (double)c->on_cpu / (double)(c->end - c->start)
			       : NAN;
	return table_row(table, v, err);
}

/* Adds a life to those that it belongs to. */
static void count_life(const struct utilization *u, uint32_t id, struct completion *all,
		       struct completion *tree, struct completion *command)
{
	const struct lives *lives = replay_lives(u->replay);
	const struct life *life = &lives->all[id];
	const struct schedtrace_task *record;
	const struct usage *usage = grown_get(&u->tasks, id, struct usage);
	int64_t on_cpu = usage ? usage->total : 0, ended = end_of(life), start;

	bool counts = choice_takes_task(u->choice, lives, id) &&
		      (!u->choice->cpus.n || (usage && usage->n));

	if (life->flags & (LIFE_FREE | LIFE_MANY | LIFE_AFTERLIFE) ||
	    !replay_in_window(u->replay, life))
		return;
	if (counts) {
		all->tasks++;
		all->on_cpu += on_cpu;
	}
	record = lives_record(lives, life);
	if (!record || record->command_tree != 1)
		return;
	start = life->start_ns;
	if (start == INT64_MIN && usage && usage->exec)
		start = usage->exec - 1;
	if (!command->tasks || start < command->start)
		*command = (struct completion){ 1, start, ended, on_cpu, counts };
	if (!counts)
		return;
	if (!tree->tasks || start < tree->start)
		tree->start = start;
	if (!tree->tasks || (tree->end != INT64_MIN && (ended > tree->end || ended < 0)))
		tree->end = ended;
	if (ended == INT64_MIN)
		tree->end = INT64_MIN;
	tree->tasks++;
	tree->on_cpu += on_cpu;
}

static int add_completions(const struct utilization *u, int64_t begin, int64_t end,
			   struct schedtrace_tables *out, struct schedtrace_error *err)
{
	struct completion all = u->all, tree = u->tree, command = u->command;
	struct schedtrace_table *table;
	int r = tables_add(out, &completion_info, &table, err);

	for (uint32_t id = 0; id < replay_lives(u->replay)->n; id++)
		count_life(u, id, &all, &tree, &command);
	all.start = begin;
	all.end = end;
	if (r >= 0 && begin <= end)
		r = add_completion(u, table, "recording", &all, err);
	if (r >= 0 && command.tasks && command.counts)
		r = add_completion(u, table, "command", &command, err);
	if (r >= 0 && tree.tasks)
		r = add_completion(u, table, "command_tree", &tree, err);
	return r;
}

/* Adds what the tables say of a life to the one that will stand for it. */
static int merge(struct utilization *u, uint32_t id, int64_t begin, int64_t end)
{
	const struct life *life = &replay_lives(u->replay)->all[id];
	struct usage *to = grown_at(&u->tasks, life->into, struct usage);
	struct usage *usage = grown_get(&u->tasks, id, struct usage);
	int64_t ended = end_of(life);

	if (!to)
		return -1;
	count_life(u, id, &u->all, &u->tree, &u->command);
	if (!usage)
		return 0;
	if (usage->n) {
		if (cover(to, usage->first, usage->first + usage->n - 1) < 0)
			return -1;
		for (uint32_t i = 0; i < usage->n; i++)
			to->busy[usage->first + i - to->first] += usage->busy[i];
		to->total += usage->total;
		to->lived += lived(life, begin, end);
		if (ended != INT64_MIN && life->start_ns != INT64_MIN) {
			to->completed = true;
			to->completion += ended - life->start_ns;
		}
	}
	free(usage->busy);
	*usage = (struct usage){ 0 };
	return 0;
}

static int forget(void *self, const uint32_t *gone, uint32_t n, struct schedtrace_error *err)
{
	struct utilization *u = self;
	int64_t begin = 1, end = 0;

	replay_covered(u->replay, &begin, &end);
	for (uint32_t i = 0; i < n; i++)
		if (merge(u, gone[i], begin, end) < 0)
			return no_memory(err);
	return 0;
}

static int64_t count_cpus(const struct utilization *u)
{
	size_t n;

	schedtrace_context_cpus(u->ctx, &n);
	return (int64_t)n > u->n_cpus_seen ? (int64_t)n : u->n_cpus_seen;
}

static int snapshot(void *self, struct schedtrace_tables *out, struct schedtrace_error *err)
{
	struct utilization *u = self;
	struct lives *lives = replay_lives(u->replay);
	struct schedtrace_table *tasks, *intervals;
	int64_t begin = 1, end = 0;
	int r;

	replay_covered(u->replay, &begin, &end);
	r = add_intervals(u, end, count_cpus(u), out, err);
	if (r >= 0)
		r = tables_add(out, &tasks_info, &tasks, err);
	if (r >= 0)
		r = tables_add(out, &intervals_info, &intervals, err);
	for (uint32_t id = 0; r >= 0 && id < u->tasks.n && id < lives->n; id++) {
		const struct usage *usage = grown_get(&u->tasks, id, struct usage);

		if (!usage->n)
			continue;
		lives_complete(lives, &lives->all[id]);
		r = add_task(u, id, usage, begin, end, tasks, err);
		if (r >= 0)
			r = add_task_intervals(u, id, usage, end, intervals, err);
	}
	return r < 0 ? r : add_completions(u, begin, end, out, err);
}

static void destroy(void *self)
{
	struct utilization *u = self;

	for (uint32_t id = 0; id < u->tasks.n; id++)
		free(grown_get(&u->tasks, id, struct usage)->busy);
	free(u->idle.busy);
	free(u->busy.busy);
	free(u->chosen.busy);
	free(u->tasks.items);
	free(u->cpus_seen.items);
	free(u);
}

static int create(void **self, const struct analysis_env *env, struct schedtrace_error *err)
{
	struct utilization *u = calloc(1, sizeof(*u));
	struct replay_listener listener = {
		.self = u,
		.span = span,
		.events = REPLAY_EVENT(EXEC),
		.before_window = true,
		.row = row,
		.forget = forget,
	};

	if (!u)
		return no_memory(err);
	*self = u;
	u->ctx = env->ctx;
	u->replay = env->replay;
	u->choice = env->choice;
	u->width = FIRST_WIDTH;
	u->max_intervals = env->parameters->values[PARAMETER_POINTS];
	return replay_listen(env->replay, &listener, err);
}

static const char *const needs[] = { "CTX_SWITCH", "BLOCK", "FORK", "EXEC", NULL };
static const struct schedtrace_table_info *const tables[] = { &table_info, &completion_info,
							      &tasks_info, &intervals_info };

static const struct schedtrace_picture picture_busy_map = {
	.from = "states_log",
	.kind = SCHEDTRACE_PICTURE_BUSY_MAP,
	.title = "How busy each CPU was",
};

const struct analysis analysis_utilization = {
	.info = { "utilization",
		  "how busy CPUs and tasks were over time, and how long the command took", needs, 4,
		  tables, 0, NULL, PICTURES(&picture_utilization, &picture_busy_map) },
	.uses_replay = true,
	.create = create,
	.snapshot = snapshot,
	.destroy = destroy,
};
