/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How many page faults did each process take, minor and major, and how did they add up over time?
 *
 * Two sources say so. Samples (SAMPLE_ rows) are the kernel's own counts, those that getrusage()
 * gives: they hold faults that no exception shows, such as those of a system call that touches
 * user memory through get_user_pages(). Events are exceptions:page_fault_user and _kernel, of
 * which those followed by the reading of the page into the page cache are major. Where a process
 * was sampled, minor and major are of the samples; elsewhere of the events; `source` tells which.
 *
 * A process that began in the recorded time (the window) is counted from 0, another from its first
 * sample in it. The curve of every process goes to the log; that of their sum is a table, whose
 * points lie 50 ms apart, doubled as often as needed to stay below 1024.
 */
#include <math.h>
#include <stdlib.h>

#include "base/checked.h"
#include "base/error.h"
#include "base/grown.h"
#include "libschedtrace/analysis.h"
#include "libschedtrace/choice.h"
#include "libschedtrace/context.h"
#include "libschedtrace/replay/replay.h"

#define POINTS	    1024
#define FIRST_WIDTH 50000000 /* ns: 20 a second */
#define MAX_HZ	    1000000
#define USER_HZ	    100 /* ticks a second where the kernel's own are not known */
/*
 * Figures are read a moment before they are stamped. Of samples that are nearer to each other, as
 * the one that a process's end calls for may be to the one before, the use is that since an earlier
 * one.
 */
#define SHORT_NS 10000000

/* Counts so far. */
struct counts {
	int64_t minor, major, user, system;
};

struct account {
	bool sampled;	      /* in the window, or before it */
	struct counts base;   /* from where it is counted */
	struct counts latest; /* of the samples */
	struct counts coming; /* of the sample whose rows are not all read */
	int64_t begin, end;   /* times of both */
	bool from_start;      /* it began then, without any use */
	/* CPU time since the last sample that was long enough after the one before it, which */
	int64_t use_ns, use_begin;
	int64_t before_ns, before_begin; /* had this; INT64_MIN: there is none */
	int64_t samples, rss, rss_peak;
	int64_t children_minor, children_major;
	/* The last points of the sums that it is part of, + 1. */
	uint64_t turn_sampled, turn_faulted;
	/* Of processes that were let go. */
	int64_t processes;
	struct counts grown;		/* since the first samples */
	int64_t measured_use, measured; /* CPU time, and in which time, where both are known */

	bool has_events;
	int64_t faults_user, faults_kernel, faults_major;
};

struct point {
	int64_t minor, major; /* at the end of the interval */
	int64_t processes;    /* in it */
	double cpu_ns;	      /* in it */
};

/* Sums over time. */
struct series {
	bool started;
	int64_t origin, width, last; /* last: time of the latest change */
	size_t n;
	struct point points[POINTS];
	struct point now;
	uint64_t turn; /* grows with every point */
};

struct faults {
	const struct schedtrace_context *ctx;
	const struct schedtrace_sink *sink;
	struct replay *replay;
	struct choice *choice;
	int64_t window_begin;
	struct grown accounts; /* struct account by the life that leads the process */
	struct grown faulted;  /* the same by life of processes let go that were never sampled */
	struct series samples, events; /* of the processes that count */
	bool has_samples;	       /* of any process */
	bool has_user, has_kernel, has_majors;
};

static int no_memory(struct schedtrace_error *err)
{
	return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for analysis faults");
}

/* Counts of a hostile file may be anything. */
static int64_t growth(int64_t now, int64_t before)
{
	int64_t result;

	return now > before && checked_sub(now, before, &result) ? result : 0;
}

static int64_t add_up(int64_t sum, int64_t more)
{
	int64_t result;

	return checked_add(sum, more, &result) ? result : INT64_MAX;
}

/* ---- sums over time ------------------------------------------------------------------- */

/* Two intervals become one. */
static void halve(struct series *s)
{
	for (size_t i = 0; i < POINTS / 2; i++) {
		struct point first = s->points[2 * i];

		s->points[i] = s->points[2 * i + 1];
		s->points[i].cpu_ns += first.cpu_ns;
		if (s->points[i].processes < first.processes)
			s->points[i].processes = first.processes;
	}
	s->n = POINTS / 2;
	s->width *= 2;
}

/* Closes the intervals that end before @time. */
static void advance(struct series *s, int64_t time)
{
	if (!s->started) {
		s->started = true;
		s->origin = time;
		s->width = FIRST_WIDTH;
	}
	while ((time - s->origin - 1) / s->width > (int64_t)s->n) {
		s->points[s->n++] = s->now;
		s->now.processes = 0;
		s->now.cpu_ns = 0;
		s->turn++;
		if (s->n == POINTS)
			halve(s);
	}
	s->last = time;
}

/* CPU time that was used between @begin and the latest change. */
static void spread(struct series *s, int64_t begin, int64_t cpu_ns)
{
	int64_t from = begin > s->origin ? begin : s->origin;
	double rate = (double)cpu_ns / (double)(s->last - from);

	if (from >= s->last)
		return;
	for (size_t i = (size_t)((from - s->origin) / s->width); i < s->n; i++) {
		int64_t end = s->origin + (int64_t)(i + 1) * s->width;

		s->points[i].cpu_ns += rate * (double)(end - from);
		from = end;
	}
	s->now.cpu_ns += rate * (double)(s->last - from);
}

/* ---- rows ----------------------------------------------------------------------------- */

enum { L_TIME, L_TICKS, L_PID, L_COMM, L_MINOR, L_MAJOR, L_CPU, L_RSS, L_STATE, N_L_COLUMNS };

static const struct schedtrace_column_info *const log_columns[N_L_COLUMNS] = {
	[L_TIME] = COLUMN_STAMP("time_ns", "when it was sampled, on the trace clock"),
	[L_TICKS] = COLUMN_COUNT(
		"jiffies", "time since the recording (the window) began in ticks of the kernel's "
			   "timer (timer_hz of meta.json; 100 a second where that is unknown)"),
	[L_PID] = COLUMN_ID("pid", "process id"),
	[L_COMM] = COLUMN_TEXT("comm", "its name then"),
	[L_MINOR] = COLUMN_COUNT("minor", "minor faults since it began"),
	[L_MAJOR] = COLUMN_COUNT("major", "major faults since it began"),
	[L_CPU] = COLUMN_SHARE(
		"cpu_use",
		"of one CPU, since its sample before; where that is less than 10 ms ago, since "
		"the one before it",
		.merge = SCHEDTRACE_MERGE_ONE),
	[L_RSS] = COLUMN_SIZE("rss_bytes", "resident memory"),
	[L_STATE] = COLUMN_TEXT("state", "state of its first thread, as ps prints it"),
};

static const struct schedtrace_picture picture_faults_curve = {
	.from = "faults_curve",
	.kind = SCHEDTRACE_PICTURE_FAULTS,
	.top = 7,
};

static const struct schedtrace_table_info log_info = {
	.name = "faults_curve",
	.about = "every sample of every process",
	.n_columns = N_L_COLUMNS,
	.columns = log_columns,
	.choices = SCHEDTRACE_BY_TASK,
	.key = "time_ns,pid",
	.unswitched = true,
	.pictures = PICTURES(&picture_faults_curve),
};

static double percent(int64_t part, int64_t whole)
{
	return whole > 0 ? 100.0 * (double)part / (double)whole : NAN;
}

/* The account of the process that a life belongs to; *leader is the life that leads it. */
static struct account *account_of(struct faults *f, uint32_t life, uint32_t *leader)
{
	struct lives *lives = replay_lives(f->replay);
	int32_t tgid = lives->all[life].tgid;

	*leader = life;
	if (tgid > 0 && tgid != lives->all[life].pid) {
		uint32_t found = lives_find(lives, tgid);

		if (found != LIFE_NONE)
			*leader = found;
	}
	return grown_at(&f->accounts, *leader, struct account);
}

static int64_t ticks_at(const struct faults *f, int64_t time)
{
	int64_t begin, end, hz = schedtrace_context_info(f->ctx)->timer_hz;

	if (!replay_covered(f->replay, &begin, &end))
		return 0;
	if (hz <= 0 || hz > MAX_HZ)
		hz = USER_HZ;
	return (int64_t)(((__int128)time - begin) * hz / 1000000000);
}

static int log_sample(const struct faults *f, int64_t time, uint32_t life, const struct counts *now,
		      double cpu_use, int64_t rss, int64_t state, struct schedtrace_error *err)
{
	struct lives *lives = replay_lives(f->replay);
	char letter[2] = { state >= 'A' && state <= 'z' ? (char)state : '?', '\0' };
	union schedtrace_value v[N_L_COLUMNS];

	if (!f->sink)
		return 0;
	v[L_TIME].i = time;
	v[L_TICKS].i = ticks_at(f, time);
	v[L_PID].i = lives->all[life].pid;
	v[L_COMM].s = lives_name(lives, life);
	v[L_MINOR].i = now->minor;
	v[L_MAJOR].i = now->major;
	v[L_CPU].f = cpu_use;
	v[L_RSS].i = rss;
	v[L_STATE].s = letter;
	return f->sink->row(f->sink->user, &log_info, v, err);
}

static void begin_use(struct account *a, int64_t time)
{
	a->use_ns = a->before_ns = 0;
	a->use_begin = time;
	a->before_begin = INT64_MIN;
}

/* A process that the recording saw begin started with no faults. */
static void start_counting(const struct faults *f, struct account *a, uint32_t life,
			   const struct counts *now, int64_t time)
{
	const struct life *l = &replay_lives(f->replay)->all[life];

	a->sampled = true;
	a->from_start = false;
	a->base = *now;
	a->begin = time;
	if (!(l->flags & LIFE_FROM_START) && l->start_ns != INT64_MIN &&
	    l->start_ns >= f->window_begin) {
		a->from_start = true;
		a->base = (struct counts){ 0 };
		a->begin = l->start_ns;
	}
	a->latest = a->base;
	a->end = a->begin;
	begin_use(a, a->begin);
}

/* CPU use at a sample, of the time since the one before, unless that is too short. */
static double use_of(struct account *a, int64_t time, int64_t cpu_ns)
{
	int64_t span = time - a->use_begin;

	a->use_ns = add_up(a->use_ns, cpu_ns);
	if (span < SHORT_NS && a->before_begin != INT64_MIN)
		return percent(add_up(a->before_ns, a->use_ns), time - a->before_begin);
	if (span < SHORT_NS)
		return a->from_start ? percent(a->use_ns, span) : NAN;
	a->before_ns = a->use_ns;
	a->before_begin = a->use_begin;
	a->use_ns = 0;
	a->use_begin = time;
	return percent(a->before_ns, span);
}

static bool is_chosen(const struct faults *f, uint32_t leader)
{
	const struct lives *lives = replay_lives(f->replay);

	return choice_takes_process(f->choice, lives, lives->all[leader].pid, leader);
}

/* Adds to the sums what a process did since its sample before. */
static void sum_sample(struct faults *f, struct account *a, const struct counts *now, int64_t time,
		       int64_t cpu_ns)
{
	struct series *s = &f->samples;

	advance(s, time);
	s->now.minor = add_up(s->now.minor, growth(now->minor, a->latest.minor));
	s->now.major = add_up(s->now.major, growth(now->major, a->latest.major));
	spread(s, a->end, cpu_ns);
	s->now.processes += a->turn_sampled != s->turn + 1;
	a->turn_sampled = s->turn + 1;
}

/* A whole sample, whose last row is SAMPLE_MEM; the two before it are in @now. */
static int sample(struct faults *f, struct account *a, uint32_t life, const struct counts *now,
		  int64_t time, int64_t rss, int64_t state, struct schedtrace_error *err)
{
	int64_t cpu_ns;
	double use;

	if (time < f->window_begin) { /* counting begins at the last one before */
		a->sampled = true;
		a->base = a->latest = *now;
		a->begin = a->end = time;
		begin_use(a, time);
		return 0;
	}
	if (!a->sampled)
		start_counting(f, a, life, now, time);
	cpu_ns = add_up(growth(now->user, a->latest.user), growth(now->system, a->latest.system));
	use = use_of(a, time, cpu_ns);
	f->has_samples = true;
	if (is_chosen(f, life))
		sum_sample(f, a, now, time, cpu_ns);
	a->latest = *now;
	a->end = time;
	a->samples++;
	a->rss = rss;
	if (rss > a->rss_peak)
		a->rss_peak = rss;
	return log_sample(f, time, life, now, use, rss, state, err);
}

/* Adds a fault to the sums. */
static void sum_fault(struct faults *f, struct account *a, int32_t event, int64_t time)
{
	struct series *s = &f->events;

	advance(s, time);
	if (event == SCHEDTRACE_MAJOR_FAULT) { /* follows the fault's own row */
		s->now.major++;
		s->now.minor--;
		return;
	}
	s->now.minor++;
	s->now.processes += a->turn_faulted != s->turn + 1;
	a->turn_faulted = s->turn + 1;
}

static void fault(struct faults *f, struct account *a, uint32_t leader, int32_t event, int64_t time)
{
	f->has_user |= event == SCHEDTRACE_PAGE_FAULT_USER;
	f->has_kernel |= event == SCHEDTRACE_PAGE_FAULT_KERNEL;
	f->has_majors |= event == SCHEDTRACE_MAJOR_FAULT;
	if (time < f->window_begin)
		return;
	a->has_events = true;
	if (event == SCHEDTRACE_MAJOR_FAULT)
		a->faults_major++;
	else if (event == SCHEDTRACE_PAGE_FAULT_USER)
		a->faults_user++;
	else
		a->faults_kernel++;
	if (is_chosen(f, leader))
		sum_fault(f, a, event, time);
}

static int row(void *self, const struct schedtrace_events *ev, size_t i, uint32_t life,
	       struct schedtrace_error *err)
{
	struct faults *f = self;
	int64_t arg0 = ev->arg0[i], arg1 = ev->arg1[i];
	struct account *a;
	uint32_t leader;

	if (life == LIFE_NONE)
		return 0;
	a = account_of(f, life, &leader);
	if (!a)
		return no_memory(err);
	switch (ev->event[i]) {
	case SCHEDTRACE_SAMPLE_FAULTS:
		a->coming.minor = arg0;
		a->coming.major = arg1;
		return 0;
	case SCHEDTRACE_SAMPLE_CPU:
		a->coming.user = arg0;
		a->coming.system = arg1;
		return 0;
	case SCHEDTRACE_SAMPLE_MEM:
		return sample(f, a, leader, &a->coming, ev->timestamp[i], arg0, arg1, err);
	case SCHEDTRACE_SAMPLE_CHILDREN_FAULTS:
		a->children_minor = arg0;
		a->children_major = arg1;
		return 0;
	default:
		fault(f, a, leader, ev->event[i], ev->timestamp[i]);
		return 0;
	}
}

/* ---- tables --------------------------------------------------------------------------- */

enum {
	PID,
	COMM,
	SOURCE,
	MINOR,
	MAJOR,
	FAULTS_USER,
	FAULTS_KERNEL,
	FAULTS_MAJOR,
	MINOR_TOTAL,
	MAJOR_TOTAL,
	CHILDREN_MINOR,
	CHILDREN_MAJOR,
	USER,
	SYSTEM,
	CPU_USE,
	RSS,
	RSS_PEAK,
	SAMPLES,
	BEGIN,
	END,
	N_COLUMNS,
	LIFE = N_COLUMNS,
	N_ALL
};

static const struct schedtrace_column_info *const columns[N_ALL] = {
	[PID] = COLUMN_ID("pid", "process id"),
	[COMM] = COLUMN_TEXT("comm", "last name of the process's first thread"),
	[SOURCE] = COLUMN_TEXT(
		"source", "where minor and major are from: samples (the kernel's counts) or events "
			  "(page_fault_user, page_fault_kernel)"),
	[MINOR] = COLUMN_COUNT(
		"minor",
		"minor faults from begin_ns to end_ns; by events: in the recorded time (the "
		"window)"),
	[MAJOR] = COLUMN_COUNT("major", "major faults, likewise"),
	[FAULTS_USER] =
		COLUMN_COUNT("faults_user", "page faults in user mode (exceptions:page_fault_user)",
			     .doubt = SCHEDTRACE_DOUBT_COUNTED),
	[FAULTS_KERNEL] = COLUMN_COUNT("faults_kernel",
				       "page faults in kernel mode (exceptions:page_fault_kernel)",
				       .doubt = SCHEDTRACE_DOUBT_COUNTED),
	[FAULTS_MAJOR] = COLUMN_COUNT("faults_major",
				      "of these, those that read the page into the page cache",
				      .doubt = SCHEDTRACE_DOUBT_COUNTED),
	[MINOR_TOTAL] = COLUMN_COUNT(
		"minor_total",
		"minor faults since the process began, at its last sample: getrusage()'s "
		"ru_minflt"),
	[MAJOR_TOTAL] = COLUMN_COUNT("major_total", "major ones: ru_majflt"),
	[CHILDREN_MINOR] = COLUMN_COUNT(
		"children_minor", "minor faults of its children that ended and were waited for, "
				  "theirs included"),
	[CHILDREN_MAJOR] = COLUMN_COUNT("children_major", "major ones"),
	[USER] = COLUMN_DURATION(
		"user_ns",
		"time in user mode from begin_ns to end_ns; the sum with system_ns is exact, "
		"their parts are as the kernel's clock ticks found them"),
	[SYSTEM] = COLUMN_DURATION("system_ns", "time in the kernel, likewise"),
	[CPU_USE] = COLUMN_SHARE(
		"cpu_use",
		"of one CPU: both of the time from begin_ns to end_ns; unknown where that is "
		"less than 10 ms between two samples",
		.merge = SCHEDTRACE_MERGE_ONE),
	[RSS] = COLUMN_SIZE("rss_bytes", "resident memory at the last sample",
			    .change = SCHEDTRACE_CHANGE_LATER),
	[RSS_PEAK] = COLUMN_SIZE("rss_peak_bytes", "most of it in any sample",
				 .merge = SCHEDTRACE_MERGE_MAX),
	[SAMPLES] = COLUMN_COUNT("samples", "samples in the recorded time (in the window)"),
	[BEGIN] = COLUMN_STAMP("begin_ns", "its start if that was recorded, else its first sample"),
	[END] = COLUMN_STAMP("end_ns", "its last sample"),
	[LIFE] = COLUMN_LIFE("life"),
};

static const struct schedtrace_picture picture_faults = {
	.from = "faults",
	.kind = SCHEDTRACE_PICTURE_BARS,
	.labels = "comm,pid",
	.values = "minor:minor faults,major:major faults",
	.top = 20,
};

static const struct schedtrace_table_info faults_info = {
	.name = "faults",
	.about = "page faults, CPU use and memory of each process that was sampled or faulted",
	.n_columns = N_COLUMNS,
	.columns = columns,
	.choices = SCHEDTRACE_BY_TASK,
	.key = "pid",
	.order = "-minor_total,-minor",
	.first = "pid,comm,minor,major,cpu_use,user_ns,system_ns,rss_peak_bytes,"
		 "samples,source,minor_total,major_total,children_minor,"
		 "children_major,faults_user,faults_kernel",
	.unswitched = true,
	.shown = SCHEDTRACE_SHOWN,
	.shown_with = "SAMPLE_FAULTS",
	.compare = &(const struct schedtrace_table_compare){ .same = "comm",
							     .measures = "minor,major,cpu_use",
							     .totals = "",
							     .usual = true },
	.pictures = PICTURES(&picture_faults),
	.n_hidden = N_ALL - N_COLUMNS,
	.interval = &(const struct schedtrace_table_interval){ .same = "life,source" },
};

enum { T_TIME, T_TICKS, T_SOURCE, T_PROCESSES, T_MINOR, T_MAJOR, T_CPU, N_T_COLUMNS };

static const struct schedtrace_column_info *const total_columns[N_T_COLUMNS] = {
	[T_TIME] = COLUMN_STAMP("time_ns", "end of the interval, on the trace clock"),
	[T_TICKS] = COLUMN_COUNT(
		"jiffies",
		"the same since the recording (the window) began, in ticks of the kernel's "
		"timer, as in log faults_curve",
		.merge = SCHEDTRACE_MERGE_NONE),
	[T_SOURCE] = COLUMN_TEXT(
		"source",
		"samples: of all sampled processes; events: of all processes, where there "
		"are no samples"),
	[T_PROCESSES] = COLUMN_COUNT("processes", "that were sampled, or faulted, in the interval",
				     .merge = SCHEDTRACE_MERGE_MAX),
	[T_MINOR] = COLUMN_COUNT("minor", "minor faults up to then", .merge = SCHEDTRACE_MERGE_MAX),
	[T_MAJOR] = COLUMN_COUNT("major", "major faults up to then", .merge = SCHEDTRACE_MERGE_MAX),
	[T_CPU] = COLUMN_SHARE(
		"cpu_use",
		"of one CPU, in the interval; the use between two samples is spread evenly",
		.merge = SCHEDTRACE_MERGE_ONE),
};

static const struct schedtrace_picture picture_faults_total = {
	.from = "faults_total",
	.kind = SCHEDTRACE_PICTURE_FAULTS,
	.top = 7,
};

static const struct schedtrace_table_info total_info = {
	.name = "faults_total",
	.about = "faults of all processes together over time: 20 points a second, fewer if those "
		 "were more "
		 "than 1024",
	.n_columns = N_T_COLUMNS,
	.columns = total_columns,
	.choices = SCHEDTRACE_BEFORE_TASK,
	.key = "time_ns",
	.interval = &table_left_out,
	.curve = true,
	.unswitched = true,
	.compare = &(const struct schedtrace_table_compare){ .same = "jiffies",
							     .measures = "minor,major" },
	.pictures = PICTURES(&picture_faults_total),
};

enum {
	S_SOURCE,
	S_PROCESSES,
	S_MINOR,
	S_MAJOR,
	S_USER,
	S_SYSTEM,
	S_CPU,
	S_UTILIZATION,
	S_ELAPSED,
	S_BEGIN,
	S_END,
	N_S_COLUMNS
};

static const struct schedtrace_column_info *const sum_columns[N_S_COLUMNS] = {
	[S_SOURCE] = COLUMN_TEXT(
		"source",
		"samples: of all sampled processes; events: of all processes, where there "
		"are no samples"),
	[S_PROCESSES] = COLUMN_COUNT("processes", "rows of table faults that are summed up",
				     .change = SCHEDTRACE_CHANGE_LATER),
	[S_MINOR] = COLUMN_COUNT("minor", "minor faults"),
	[S_MAJOR] = COLUMN_COUNT("major", "major faults"),
	[S_USER] = COLUMN_DURATION("user_ns", "time in user mode"),
	[S_SYSTEM] = COLUMN_DURATION("system_ns", "time in the kernel"),
	[S_CPU] = COLUMN_SHARE("cpu_use", "of one CPU: both of elapsed_ns",
			       .merge = SCHEDTRACE_MERGE_ONE),
	[S_UTILIZATION] = COLUMN_SHARE("utilization", "how busy they kept all CPUs",
				       .merge = SCHEDTRACE_MERGE_ONE),
	[S_ELAPSED] = COLUMN_DURATION("elapsed_ns", "how long all of them took"),
	[S_BEGIN] = COLUMN_STAMP("begin_ns", "when the first of them began, as in table faults"),
	[S_END] = COLUMN_STAMP("end_ns", "the last sample of any"),
};

static const struct schedtrace_picture picture_faults_sum = {
	.from = "faults_sum",
	.kind = SCHEDTRACE_PICTURE_BARS,
	.title = "Page faults of all processes",
	.labels = "source",
	.values = "minor:minor faults,major:major faults",
	.top = 20,
};

static const struct schedtrace_table_info sum_info = {
	.name = "faults_sum",
	.about = "all processes of table faults summed up",
	.n_columns = N_S_COLUMNS,
	.columns = sum_columns,
	.choices = SCHEDTRACE_BEFORE_TASK,
	.key = "source",
	.unswitched = true,
	.compare =
		&(const struct schedtrace_table_compare){
			.same = "source",
			.measures = "minor,major,utilization,elapsed_ns",
			.totals = "" },
	.pictures = PICTURES(&picture_faults_sum),
};

/* Adds a row of table faults. */
static void add_to_sum(union schedtrace_value *sum, const union schedtrace_value *v,
		       int64_t processes)
{
	static const struct {
		int to, from;
	} parts[] = {
		{ S_MINOR, MINOR }, { S_MAJOR, MAJOR }, { S_USER, USER }, { S_SYSTEM, SYSTEM }
	};
	bool first = sum[S_PROCESSES].i == 0;

	sum[S_PROCESSES].i += processes;
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		int64_t part = v[parts[i].from].i, *to = &sum[parts[i].to].i;

		if (first)
			*to = part;
		else if (part != UNKNOWN_INT)
			*to = *to == UNKNOWN_INT ? part : add_up(*to, part);
	}
	if (first || v[BEGIN].i < sum[S_BEGIN].i)
		sum[S_BEGIN].i = v[BEGIN].i;
	if (first || v[END].i > sum[S_END].i)
		sum[S_END].i = v[END].i;
}

static int add_sum(const struct faults *f, union schedtrace_value *sum,
		   struct schedtrace_table *table, struct schedtrace_error *err)
{
	bool sampled = f->has_samples;
	int64_t cpu_ns = sampled ? add_up(sum[S_USER].i, sum[S_SYSTEM].i) : 0;
	size_t cpus;

	if (!sum[S_PROCESSES].i)
		return 0;
	schedtrace_context_cpus(f->ctx, &cpus);
	sum[S_SOURCE].s = sampled ? "samples" : "events";
	sum[S_ELAPSED].i = sampled ? growth(sum[S_END].i, sum[S_BEGIN].i) : UNKNOWN_INT;
	sum[S_CPU].f = sampled ? percent(cpu_ns, sum[S_ELAPSED].i) : NAN;
	sum[S_UTILIZATION].f = cpus ? sum[S_CPU].f / (double)cpus : NAN;
	return table_row(table, sum, err);
}

/* Whether the CPU use of a process can be told. */
static bool is_measured(const struct account *a)
{
	return a->from_start || a->end - a->begin >= SHORT_NS;
}

static struct counts growth_of(const struct account *a)
{
	if (a->processes)
		return a->grown;
	return (struct counts){
		growth(a->latest.minor, a->base.minor),
		growth(a->latest.major, a->base.major),
		growth(a->latest.user, a->base.user),
		growth(a->latest.system, a->base.system),
	};
}

static void add_counts(struct counts *to, const struct counts *from)
{
	to->minor = add_up(to->minor, from->minor);
	to->major = add_up(to->major, from->major);
	to->user = add_up(to->user, from->user);
	to->system = add_up(to->system, from->system);
}

/* Adds a process that is let go to those of its name. */
static void merge(struct account *to, const struct account *a)
{
	const struct counts grown = growth_of(a);

	if (a->samples && (!to->samples || a->begin < to->begin))
		to->begin = a->begin;
	if (a->samples && (!to->samples || a->end > to->end))
		to->end = a->end;
	add_counts(&to->latest, &a->latest);
	add_counts(&to->grown, &grown);
	if (is_measured(a)) {
		to->measured_use = add_up(to->measured_use, add_up(grown.user, grown.system));
		to->measured = add_up(to->measured, growth(a->end, a->begin));
	}
	to->processes++;
	to->samples += a->samples;
	to->rss = add_up(to->rss, a->rss);
	if (a->rss_peak > to->rss_peak)
		to->rss_peak = a->rss_peak;
	to->children_minor = add_up(to->children_minor, a->children_minor);
	to->children_major = add_up(to->children_major, a->children_major);
	to->has_events |= a->has_events;
	to->faults_user += a->faults_user;
	to->faults_kernel += a->faults_kernel;
	to->faults_major += a->faults_major;
}

static int forget(void *self, const uint32_t *gone, uint32_t n, struct schedtrace_error *err)
{
	struct faults *f = self;
	const struct lives *lives = replay_lives(f->replay);

	for (uint32_t i = 0; i < n; i++) {
		uint32_t into = lives->all[gone[i]].into;
		struct account *sampled = grown_at(&f->accounts, into, struct account);
		struct account *faulted = grown_at(&f->faulted, into, struct account);
		struct account *a = grown_get(&f->accounts, gone[i], struct account);

		if (!sampled || !faulted)
			return no_memory(err);
		if (!a)
			continue;
		if (a->samples || a->has_events)
			merge(a->samples ? sampled : faulted, a);
		*a = (struct account){ 0 };
	}
	return 0;
}

static int add_account(struct faults *f, uint32_t id, const struct account *a,
		       union schedtrace_value *sum, struct schedtrace_table *table,
		       struct schedtrace_error *err)
{
	struct lives *lives = replay_lives(f->replay);
	bool sampled = a->samples > 0;
	union schedtrace_value v[N_ALL];
	int64_t faults = a->faults_user + a->faults_kernel;

	lives_complete(lives, &lives->all[id]);
	v[PID].i = life_pid(&lives->all[id]);
	v[COMM].s = lives_name(lives, id);
	v[SOURCE].s = sampled ? "samples" : "events";
	v[LIFE].i = (int64_t)lives->all[id].serial;
	v[FAULTS_USER].i = f->has_user ? a->faults_user : UNKNOWN_INT;
	v[FAULTS_KERNEL].i = f->has_kernel ? a->faults_kernel : UNKNOWN_INT;
	v[FAULTS_MAJOR].i = f->has_majors ? a->faults_major : UNKNOWN_INT;
	v[MINOR].i = if_known(f->has_user || f->has_kernel, growth(faults, a->faults_major));
	v[MAJOR].i = v[FAULTS_MAJOR].i;
	for (int column = MINOR_TOTAL; column <= END; column++)
		v[column].i = UNKNOWN_INT;
	v[CPU_USE].f = NAN;
	if (sampled) {
		const struct counts grown = growth_of(a);

		v[MINOR].i = grown.minor;
		v[MAJOR].i = grown.major;
		v[MINOR_TOTAL].i = a->latest.minor;
		v[MAJOR_TOTAL].i = a->latest.major;
		v[CHILDREN_MINOR].i = a->children_minor;
		v[CHILDREN_MAJOR].i = a->children_major;
		v[USER].i = grown.user;
		v[SYSTEM].i = grown.system;
		if (a->processes)
			v[CPU_USE].f = percent(a->measured_use, a->measured);
		else if (is_measured(a))
			v[CPU_USE].f = percent(add_up(v[USER].i, v[SYSTEM].i), a->end - a->begin);
		v[RSS].i = a->rss;
		v[RSS_PEAK].i = a->rss_peak;
		v[SAMPLES].i = a->samples;
		v[BEGIN].i = a->begin;
		v[END].i = a->end;
	}
	if (sampled == f->has_samples && is_chosen(f, id))
		add_to_sum(sum, v, a->processes ? a->processes : 1);
	return table_row(table, v, err);
}

static int add_point(const struct faults *f, const struct series *s, int64_t time, int64_t width,
		     const struct point *p, struct schedtrace_table *table,
		     struct schedtrace_error *err)
{
	bool sampled = s == &f->samples;
	union schedtrace_value v[N_T_COLUMNS];

	v[T_TIME].i = time;
	v[T_TICKS].i = ticks_at(f, time);
	v[T_SOURCE].s = sampled ? "samples" : "events";
	v[T_PROCESSES].i = p->processes;
	v[T_MINOR].i = p->minor;
	v[T_MAJOR].i = sampled || f->has_majors ? p->major : UNKNOWN_INT;
	v[T_CPU].f = sampled && width > 0 ? 100 * p->cpu_ns / (double)width : NAN;
	return table_row(table, v, err);
}

static int add_series(const struct faults *f, const struct series *s, struct schedtrace_tables *out,
		      struct schedtrace_error *err)
{
	struct schedtrace_table *table;
	int64_t time = s->origin;
	int r = tables_add(out, &total_info, &table, err);

	if (!s->started)
		return r;
	for (size_t i = 0; r >= 0 && i < s->n; i++) {
		time = s->origin + (int64_t)(i + 1) * s->width;
		r = add_point(f, s, time, s->width, &s->points[i], table, err);
	}
	if (r >= 0 && (s->last > time || !s->n)) /* an interval that has not ended */
		r = add_point(f, s, s->last, s->last - time, &s->now, table, err);
	return r;
}

static int snapshot(void *self, struct schedtrace_tables *out, struct schedtrace_error *err)
{
	struct faults *f = self;
	union schedtrace_value sum[N_S_COLUMNS] = { [S_PROCESSES].i = 0 };
	struct schedtrace_table *table, *sum_table;
	int r = tables_add(out, &faults_info, &table, err);

	/* Without a row of an event that was recorded, the count is known to be 0. */
	f->has_user |= replay_recorded(f->replay, SCHEDTRACE_PAGE_FAULT_USER);
	f->has_kernel |= replay_recorded(f->replay, SCHEDTRACE_PAGE_FAULT_KERNEL);
	f->has_majors |= replay_recorded(f->replay, SCHEDTRACE_MAJOR_FAULT);
	if (r >= 0)
		r = tables_add(out, &sum_info, &sum_table, err);
	for (uint32_t id = 0; r >= 0 && id < f->accounts.n; id++) {
		const struct account *a = grown_get(&f->accounts, id, struct account);

		if (a->samples || a->has_events)
			r = add_account(f, id, a, sum, table, err);
	}
	for (uint32_t id = 0; r >= 0 && id < f->faulted.n; id++) {
		const struct account *a = grown_get(&f->faulted, id, struct account);

		if (a->processes)
			r = add_account(f, id, a, sum, table, err);
	}
	if (r >= 0)
		r = add_sum(f, sum, sum_table, err);
	return r < 0 ? r : add_series(f, f->has_samples ? &f->samples : &f->events, out, err);
}

static void destroy(void *self)
{
	struct faults *f = self;

	free(f->accounts.items);
	free(f->faulted.items);
	free(f);
}

static int create(void **self, const struct analysis_env *env, struct schedtrace_error *err)
{
	struct faults *f = calloc(1, sizeof(*f));
	struct replay_listener listener = {
		.self = f,
		.before_window = true,
		.events = REPLAY_EVENT(PAGE_FAULT_USER) | REPLAY_EVENT(PAGE_FAULT_KERNEL) |
			  REPLAY_EVENT(MAJOR_FAULT) | REPLAY_EVENT(SAMPLE_FAULTS) |
			  REPLAY_EVENT(SAMPLE_CPU) | REPLAY_EVENT(SAMPLE_MEM) |
			  REPLAY_EVENT(SAMPLE_CHILDREN_FAULTS),
		.row = row,
		.forget = forget,
	};

	if (!f)
		return no_memory(err);
	*self = f;
	f->sink = env->sink;
	f->replay = env->replay;
	f->choice = env->choice;
	f->window_begin = env->window_begin;
	f->ctx = env->ctx;
	return replay_listen(env->replay, &listener, err);
}

static const char *const needs[] = { "SAMPLE_FAULTS", "PAGE_FAULT_USER", NULL };
static const struct schedtrace_table_info *const tables[] = { &faults_info, &sum_info,
							      &total_info };
static const struct schedtrace_table_info *const logs[] = { &log_info };

const struct analysis analysis_faults = {
	.info = { "faults", "page faults, minor and major, by process and over time, with CPU use",
		  needs, 3, tables, 1, logs, PICTURES(&picture_faults_curve) },
	.uses_replay = true,
	.create = create,
	.snapshot = snapshot,
	.destroy = destroy,
};
