/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What faults.c counts, faults_series.c adds up over time, and faults_tables.c prints. */
#ifndef LIBSCHEDTRACE_ANALYSES_FAULTS_H
#define LIBSCHEDTRACE_ANALYSES_FAULTS_H

#include <math.h>

#include "base/checked.h"
#include "base/grown.h"
#include "libschedtrace/analysis.h"
#include "libschedtrace/choice.h"
#include "libschedtrace/context.h"
#include "libschedtrace/replay/replay.h"

#define FAULT_POINTS 1024
/*
 * Figures are read a moment before they are stamped. Of samples that are nearer to each other, as
 * the one that a process's end calls for may be to the one before, the use is that since an earlier
 * one.
 */
#define FAULT_SHORT_NS 10000000

/* Counts so far. */
struct fault_counts {
	int64_t minor, major, user, system;
};

struct fault_account {
	bool sampled;		    /* in the window, or before it */
	struct fault_counts base;   /* from where it is counted */
	struct fault_counts latest; /* of the samples */
	struct fault_counts coming; /* of the sample whose rows are not all read */
	int64_t begin, end;	    /* times of both */
	bool from_start;	    /* it began then, without any use */
	/* CPU time since the last sample that was long enough after the one before it, which */
	int64_t use_ns, use_begin;
	int64_t before_ns, before_begin; /* had this; INT64_MIN: there is none */
	int64_t samples, rss, rss_peak;
	int64_t children_minor, children_major;
	/* The last points of the sums that it is part of, + 1. */
	uint64_t turn_sampled, turn_faulted;
	/* Of processes that were let go. */
	int64_t processes;
	struct fault_counts grown;	/* since the first samples */
	int64_t measured_use, measured; /* CPU time, and in which time, where both are known */

	bool has_events;
	int64_t faults_user, faults_kernel, faults_major;
};

struct fault_point {
	int64_t minor, major; /* at the end of the interval */
	int64_t processes;    /* in it */
	double cpu_ns;	      /* in it */
};

/* Sums over time. */
struct fault_series {
	bool started;
	int64_t origin, width, last; /* last: time of the latest change */
	size_t n;
	struct fault_point points[FAULT_POINTS];
	struct fault_point now;
	uint64_t turn; /* grows with every point */
};

struct faults {
	const struct schedtrace_context *ctx;
	const struct schedtrace_sink *sink;
	struct replay *replay;
	struct choice *choice;
	int64_t window_begin;
	struct grown accounts; /* struct fault_account by the life that leads the process */
	struct grown faulted;  /* the same by life of processes let go that were never sampled */
	struct fault_series samples, events; /* of the processes that count */
	bool has_samples;		     /* of any process */
	bool has_user, has_kernel, has_majors;
};

/* Counts of a hostile file may be anything. */
static inline int64_t fault_growth(int64_t now, int64_t before)
{
	int64_t result;

	return now > before && checked_sub(now, before, &result) ? result : 0;
}

static inline int64_t fault_sum(int64_t sum, int64_t more)
{
	int64_t result;

	return checked_add(sum, more, &result) ? result : INT64_MAX;
}

static inline double fault_percent(int64_t part, int64_t whole)
{
	return whole > 0 ? 100.0 * (double)part / (double)whole : NAN;
}

/* Whether the CPU use of a process can be told. */
static inline bool fault_use_is_measured(const struct fault_account *a)
{
	return a->from_start || a->end - a->begin >= FAULT_SHORT_NS;
}

static inline struct fault_counts fault_counts_of(const struct fault_account *a)
{
	if (a->processes)
		return a->grown;
	return (struct fault_counts){
		fault_growth(a->latest.minor, a->base.minor),
		fault_growth(a->latest.major, a->base.major),
		fault_growth(a->latest.user, a->base.user),
		fault_growth(a->latest.system, a->base.system),
	};
}

/* Jiffies since the recording's begin. */
int64_t faults_ticks_at(const struct faults *f, int64_t time);

/* Whether the process that this life leads is one of those asked for. */
bool faults_takes(const struct faults *f, uint32_t leader);

/* ---- faults_series.c */

/* Closes the intervals that end before @time. */
void fault_series_advance(struct fault_series *s, int64_t time);

/* CPU time that was used between @begin and the latest change. */
void fault_series_spread(struct fault_series *s, int64_t begin, int64_t cpu_ns);

/* ---- faults_tables.c */

extern const struct schedtrace_table_info faults_table, faults_sum_table, faults_total_table;

int faults_snapshot(void *self, struct schedtrace_tables *out, struct schedtrace_error *err);

#endif
