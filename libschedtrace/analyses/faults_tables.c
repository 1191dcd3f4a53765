/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "libschedtrace/analyses/faults.h"

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

const struct schedtrace_table_info faults_table = {
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

const struct schedtrace_table_info faults_total_table = {
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

const struct schedtrace_table_info faults_sum_table = {
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
			*to = *to == UNKNOWN_INT ? part : fault_sum(*to, part);
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
	int64_t cpu_ns = sampled ? fault_sum(sum[S_USER].i, sum[S_SYSTEM].i) : 0;
	size_t cpus;

	if (!sum[S_PROCESSES].i)
		return 0;
	schedtrace_context_cpus(f->ctx, &cpus);
	sum[S_SOURCE].s = sampled ? "samples" : "events";
	sum[S_ELAPSED].i = sampled ? fault_growth(sum[S_END].i, sum[S_BEGIN].i) : UNKNOWN_INT;
	sum[S_CPU].f = sampled ? fault_percent(cpu_ns, sum[S_ELAPSED].i) : NAN;
	sum[S_UTILIZATION].f = cpus ? sum[S_CPU].f / (double)cpus : NAN;
	return table_row(table, sum, err);
}

static int add_account(struct faults *f, uint32_t id, const struct fault_account *a,
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
	v[MINOR].i = if_known(f->has_user || f->has_kernel, fault_growth(faults, a->faults_major));
	v[MAJOR].i = v[FAULTS_MAJOR].i;
	for (int column = MINOR_TOTAL; column <= END; column++)
		v[column].i = UNKNOWN_INT;
	v[CPU_USE].f = NAN;
	if (sampled) {
		const struct fault_counts grown = fault_counts_of(a);

		v[MINOR].i = grown.minor;
		v[MAJOR].i = grown.major;
		v[MINOR_TOTAL].i = a->latest.minor;
		v[MAJOR_TOTAL].i = a->latest.major;
		v[CHILDREN_MINOR].i = a->children_minor;
		v[CHILDREN_MAJOR].i = a->children_major;
		v[USER].i = grown.user;
		v[SYSTEM].i = grown.system;
		if (a->processes)
			v[CPU_USE].f = fault_percent(a->measured_use, a->measured);
		else if (fault_use_is_measured(a))
			v[CPU_USE].f =
				fault_percent(fault_sum(v[USER].i, v[SYSTEM].i), a->end - a->begin);
		v[RSS].i = a->rss;
		v[RSS_PEAK].i = a->rss_peak;
		v[SAMPLES].i = a->samples;
		v[BEGIN].i = a->begin;
		v[END].i = a->end;
	}
	if (sampled == f->has_samples && faults_takes(f, id))
		add_to_sum(sum, v, a->processes ? a->processes : 1);
	return table_row(table, v, err);
}

static int add_point(const struct faults *f, const struct fault_series *s, int64_t time,
		     int64_t width, const struct fault_point *p, struct schedtrace_table *table,
		     struct schedtrace_error *err)
{
	bool sampled = s == &f->samples;
	union schedtrace_value v[N_T_COLUMNS];

	v[T_TIME].i = time;
	v[T_TICKS].i = faults_ticks_at(f, time);
	v[T_SOURCE].s = sampled ? "samples" : "events";
	v[T_PROCESSES].i = p->processes;
	v[T_MINOR].i = p->minor;
	v[T_MAJOR].i = sampled || f->has_majors ? p->major : UNKNOWN_INT;
	v[T_CPU].f = sampled && width > 0 ? 100 * p->cpu_ns / (double)width : NAN;
	return table_row(table, v, err);
}

static int add_series(const struct faults *f, const struct fault_series *s,
		      struct schedtrace_tables *out, struct schedtrace_error *err)
{
	struct schedtrace_table *table;
	int64_t time = s->origin;
	int r = tables_add(out, &faults_total_table, &table, err);

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

int faults_snapshot(void *self, struct schedtrace_tables *out, struct schedtrace_error *err)
{
	struct faults *f = self;
	union schedtrace_value sum[N_S_COLUMNS] = { [S_PROCESSES].i = 0 };
	struct schedtrace_table *table, *sum_table;
	int r = tables_add(out, &faults_table, &table, err);

	/* Without a row of an event that was recorded, the count is known to be 0. */
	f->has_user |= replay_recorded(f->replay, SCHEDTRACE_PAGE_FAULT_USER);
	f->has_kernel |= replay_recorded(f->replay, SCHEDTRACE_PAGE_FAULT_KERNEL);
	f->has_majors |= replay_recorded(f->replay, SCHEDTRACE_MAJOR_FAULT);
	if (r >= 0)
		r = tables_add(out, &faults_sum_table, &sum_table, err);
	for (uint32_t id = 0; r >= 0 && id < f->accounts.n; id++) {
		const struct fault_account *a = grown_get(&f->accounts, id, struct fault_account);

		if (a->samples || a->has_events)
			r = add_account(f, id, a, sum, table, err);
	}
	for (uint32_t id = 0; r >= 0 && id < f->faulted.n; id++) {
		const struct fault_account *a = grown_get(&f->faulted, id, struct fault_account);

		if (a->processes)
			r = add_account(f, id, a, sum, table, err);
	}
	if (r >= 0)
		r = add_sum(f, sum, sum_table, err);
	return r < 0 ? r : add_series(f, f->has_samples ? &f->samples : &f->events, out, err);
}
