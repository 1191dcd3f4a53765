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
#include "libschedtrace/analyses/faults.h"

#include <stdlib.h>

#include "base/error.h"

#define MAX_HZ	1000000
#define USER_HZ 100 /* ticks a second where the kernel's own are not known */

static int no_memory(struct schedtrace_error *err)
{
	return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for analysis faults");
}

int64_t faults_ticks_at(const struct faults *f, int64_t time)
{
	int64_t begin, end, hz = schedtrace_context_info(f->ctx)->timer_hz;

	if (!replay_covered(f->replay, &begin, &end))
		return 0;
	if (hz <= 0 || hz > MAX_HZ)
		hz = USER_HZ;
	return (int64_t)(((__int128)time - begin) * hz / 1000000000);
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

/* The account of the process that a life belongs to; *leader is the life that leads it. */
static struct fault_account *account_of(struct faults *f, uint32_t life, uint32_t *leader)
{
	struct lives *lives = replay_lives(f->replay);
	int32_t tgid = lives->all[life].tgid;

	*leader = life;
	if (tgid > 0 && tgid != lives->all[life].pid) {
		uint32_t found = lives_find(lives, tgid);

		if (found != LIFE_NONE)
			*leader = found;
	}
	return grown_at(&f->accounts, *leader, struct fault_account);
}

static int log_sample(const struct faults *f, int64_t time, uint32_t life,
		      const struct fault_counts *now, double cpu_use, int64_t rss, int64_t state,
		      struct schedtrace_error *err)
{
	struct lives *lives = replay_lives(f->replay);
	char letter[2] = { state >= 'A' && state <= 'z' ? (char)state : '?', '\0' };
	union schedtrace_value v[N_L_COLUMNS];

	if (!f->sink)
		return 0;
	v[L_TIME].i = time;
	v[L_TICKS].i = faults_ticks_at(f, time);
	v[L_PID].i = lives->all[life].pid;
	v[L_COMM].s = lives_name(lives, life);
	v[L_MINOR].i = now->minor;
	v[L_MAJOR].i = now->major;
	v[L_CPU].f = cpu_use;
	v[L_RSS].i = rss;
	v[L_STATE].s = letter;
	return f->sink->row(f->sink->user, &log_info, v, err);
}

static void begin_use(struct fault_account *a, int64_t time)
{
	a->use_ns = a->before_ns = 0;
	a->use_begin = time;
	a->before_begin = INT64_MIN;
}

/* A process that the recording saw begin started with no faults. */
static void start_counting(const struct faults *f, struct fault_account *a, uint32_t life,
			   const struct fault_counts *now, int64_t time)
{
	const struct life *l = &replay_lives(f->replay)->all[life];

	a->sampled = true;
	a->from_start = false;
	a->base = *now;
	a->begin = time;
	if (!(l->flags & LIFE_FROM_START) && l->start_ns != INT64_MIN &&
	    l->start_ns >= f->window_begin) {
		a->from_start = true;
		a->base = (struct fault_counts){ 0 };
		a->begin = l->start_ns;
	}
	a->latest = a->base;
	a->end = a->begin;
	begin_use(a, a->begin);
}

/* CPU use at a sample, of the time since the one before, unless that is too short. */
static double use_of(struct fault_account *a, int64_t time, int64_t cpu_ns)
{
	int64_t span = time - a->use_begin;

	a->use_ns = fault_sum(a->use_ns, cpu_ns);
	if (span < FAULT_SHORT_NS && a->before_begin != INT64_MIN)
		return fault_percent(fault_sum(a->before_ns, a->use_ns), time - a->before_begin);
	if (span < FAULT_SHORT_NS)
		return a->from_start ? fault_percent(a->use_ns, span) : NAN;
	a->before_ns = a->use_ns;
	a->before_begin = a->use_begin;
	a->use_ns = 0;
	a->use_begin = time;
	return fault_percent(a->before_ns, span);
}

bool faults_takes(const struct faults *f, uint32_t leader)
{
	const struct lives *lives = replay_lives(f->replay);

	return choice_takes_process(f->choice, lives, lives->all[leader].pid, leader);
}

/* Adds to the sums what a process did since its sample before. */
static void sum_sample(struct faults *f, struct fault_account *a, const struct fault_counts *now,
		       int64_t time, int64_t cpu_ns)
{
	struct fault_series *s = &f->samples;

	fault_series_advance(s, time);
	s->now.minor = fault_sum(s->now.minor, fault_growth(now->minor, a->latest.minor));
	s->now.major = fault_sum(s->now.major, fault_growth(now->major, a->latest.major));
	fault_series_spread(s, a->end, cpu_ns);
	s->now.processes += a->turn_sampled != s->turn + 1;
	a->turn_sampled = s->turn + 1;
}

/* A whole sample, whose last row is SAMPLE_MEM; the two before it are in @now. */
static int sample(struct faults *f, struct fault_account *a, uint32_t life,
		  const struct fault_counts *now, int64_t time, int64_t rss, int64_t state,
		  struct schedtrace_error *err)
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
	cpu_ns = fault_sum(fault_growth(now->user, a->latest.user),
			   fault_growth(now->system, a->latest.system));
	use = use_of(a, time, cpu_ns);
	f->has_samples = true;
	if (faults_takes(f, life))
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
static void sum_fault(struct faults *f, struct fault_account *a, int32_t event, int64_t time)
{
	struct fault_series *s = &f->events;

	fault_series_advance(s, time);
	if (event == SCHEDTRACE_MAJOR_FAULT) { /* follows the fault's own row */
		s->now.major++;
		s->now.minor--;
		return;
	}
	s->now.minor++;
	s->now.processes += a->turn_faulted != s->turn + 1;
	a->turn_faulted = s->turn + 1;
}

static void fault(struct faults *f, struct fault_account *a, uint32_t leader, int32_t event,
		  int64_t time)
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
	if (faults_takes(f, leader))
		sum_fault(f, a, event, time);
}

static int row(void *self, const struct schedtrace_events *ev, size_t i, uint32_t life,
	       struct schedtrace_error *err)
{
	struct faults *f = self;
	int64_t arg0 = ev->arg0[i], arg1 = ev->arg1[i];
	struct fault_account *a;
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

static void add_counts(struct fault_counts *to, const struct fault_counts *from)
{
	to->minor = fault_sum(to->minor, from->minor);
	to->major = fault_sum(to->major, from->major);
	to->user = fault_sum(to->user, from->user);
	to->system = fault_sum(to->system, from->system);
}

/* Adds a process that is let go to those of its name. */
static void merge(struct fault_account *to, const struct fault_account *a)
{
	const struct fault_counts grown = fault_counts_of(a);

	if (a->samples && (!to->samples || a->begin < to->begin))
		to->begin = a->begin;
	if (a->samples && (!to->samples || a->end > to->end))
		to->end = a->end;
	add_counts(&to->latest, &a->latest);
	add_counts(&to->grown, &grown);
	if (fault_use_is_measured(a)) {
		to->measured_use = fault_sum(to->measured_use, fault_sum(grown.user, grown.system));
		to->measured = fault_sum(to->measured, fault_growth(a->end, a->begin));
	}
	to->processes++;
	to->samples += a->samples;
	to->rss = fault_sum(to->rss, a->rss);
	if (a->rss_peak > to->rss_peak)
		to->rss_peak = a->rss_peak;
	to->children_minor = fault_sum(to->children_minor, a->children_minor);
	to->children_major = fault_sum(to->children_major, a->children_major);
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
		struct fault_account *sampled = grown_at(&f->accounts, into, struct fault_account);
		struct fault_account *faulted = grown_at(&f->faulted, into, struct fault_account);
		struct fault_account *a = grown_get(&f->accounts, gone[i], struct fault_account);

		if (!sampled || !faulted)
			return no_memory(err);
		if (!a)
			continue;
		if (a->samples || a->has_events)
			merge(a->samples ? sampled : faulted, a);
		*a = (struct fault_account){ 0 };
	}
	return 0;
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
static const struct schedtrace_table_info *const tables[] = { &faults_table, &faults_sum_table,
							      &faults_total_table };
static const struct schedtrace_table_info *const logs[] = { &log_info };

const struct analysis analysis_faults = {
	.info = { "faults", "page faults, minor and major, by process and over time, with CPU use",
		  needs, 3, tables, 1, logs, PICTURES(&picture_faults_curve) },
	.uses_replay = true,
	.create = create,
	.snapshot = faults_snapshot,
	.destroy = destroy,
};
