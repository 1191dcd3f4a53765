/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What latency.c counts and latency_tables.c prints. */
#ifndef LIBSCHEDTRACE_ANALYSES_LATENCY_H
#define LIBSCHEDTRACE_ANALYSES_LATENCY_H

#include "base/grown.h"
#include "base/histogram.h"
#include "libschedtrace/analysis.h"
#include "libschedtrace/choice.h"
#include "libschedtrace/replay/replay.h"

enum latency_kind { WAKEUP, WAKING, PREEMPT, NEW, UNKNOWN, N_KINDS };

struct longest {
	int64_t begin;
	int32_t cpu;
	uint32_t waker, ran; /* lives; LIFE_IDLE idle, LIFE_NONE unknown */
	int32_t waker_pid, ran_pid; /* of those that were let go; 0: ask the life */
};

/* The waits of one kind. */
struct kind_account {
	struct histogram waits;
	struct longest longest;
	int64_t uncertain, uncertain_max, cut;
	bool no_most; /* for one of the uncertain ones the most is not known */
	int64_t lives; /* that were let go; 0: it is of one */
};

struct latency_account {
	struct kind_account *kinds[N_KINDS]; /* NULL: none yet; many tasks know one or two kinds */
	int64_t moved;			     /* of the waits after wakeups */
	/* The wakeup that has begun, and the one whose wait goes on; without a waking: waker is
	 * LIFE_NONE. */
	struct {
		int64_t time;
		uint32_t waker;
		bool seen;
		bool doubtful; /* records were lost since: it may be of an earlier wakeup */
	} waking, woken;
	int32_t last_cpu; /* + 1: where it last ran; 0: not known */
	bool is_moved;	  /* the wait that goes on began on another CPU */
};

/* Names are numbers in lives.names, since a task may change its name later. */
struct worst {
	struct longest longest;
	int64_t ns;
	enum latency_kind kind;
	uint32_t life;
	int32_t pid, tgid;		    /* of one that was let go; 0: ask the life */
	int32_t name, waker_name, ran_name; /* -1 unknown */
	bool moved;
};

#define N_STRETCHES 16

/* Who ran on a CPU last. */
struct stretches {
	struct {
		uint32_t life;
		int64_t begin, end;
	} all[N_STRETCHES];
	unsigned int next;
};

struct latency {
	const struct schedtrace_sink *sink; /* NULL: single waits are not wanted */
	struct replay *replay;
	struct choice *choice;
	struct latency_account chosen; /* all waits that count, where not all do */
	int64_t gap_end;	       /* when records were lost last */
	int64_t window_begin, window_end;
	struct grown accounts;	     /* struct latency_account by life */
	struct grown ran;	     /* struct stretches by CPU */
	struct histogram on[2];	     /* waits after wakeups: on the previous CPU, moved */
	struct worst *worst;	     /* the longest first, of those that the filter takes: */
	const struct row_filter *row_filter;
	size_t n_worst, max_worst;
};

enum latency_kind latency_kind_of(const struct replay_span *span);

/* The most that the wait from @begin to the span's end can be, INT64_MIN unknown: the edge of the
 * window or a gap ended it, or it may have begun in a gap. */
int64_t latency_most(const struct latency *latency, enum latency_kind kind,
		     const struct replay_span *span, int64_t begin);

/* Whether the life waits at the last row: @open is that wait. */
bool latency_still_waits(const struct latency *latency, uint32_t id, struct replay_span *open);

/* Whether the events were recorded that begin and end waits of the kind. */
bool latency_recorded(const struct latency *latency, enum latency_kind kind);

extern const char *const latency_kind_names[N_KINDS];
extern const struct schedtrace_picture picture_latency_histogram, picture_latency_distribution;
extern const struct schedtrace_table_info latency_info, latency_kinds_info, latency_worst_info,
	latency_histogram_info, latency_open_info, latency_comms_info, latency_log_info;

#define LATENCY_ABOUT_KIND                                                                         \
	"wakeup: from sched_wakeup; waking: the same waits from sched_waking; preempt: from the "  \
	"switch-out while runnable; new: from sched_wakeup_new; unknown: may have waited"
#define LATENCY_ABOUT_PERCENTILE "; at most 1/32 (or 8 ns) off"

/* What a table says of a distribution, in columns that follow each other from @first: count, mean,
 * p50, p90, p99, p999 and max. */
#define LATENCY_FIGURES(first, about_count, about_mean)                                            \
	[first] = COLUMN_COUNT("count", about_count),                                              \
	[(first) + 1] = COLUMN_MEAN("mean_ns", "ns", DURATION, about_mean,                         \
				    .merge = SCHEDTRACE_MERGE_MEAN, .weight = "count"),            \
	[(first) + 2] = COLUMN_PERCENTILE("p50_ns", "their median" LATENCY_ABOUT_PERCENTILE),      \
	[(first) + 3] =                                                                            \
		COLUMN_PERCENTILE("p90_ns", "90 % are not longer" LATENCY_ABOUT_PERCENTILE),       \
	[(first) + 4] =                                                                            \
		COLUMN_PERCENTILE("p99_ns", "99 % are not longer" LATENCY_ABOUT_PERCENTILE),       \
	[(first) + 5] =                                                                            \
		COLUMN_PERCENTILE("p999_ns", "99.9 % are not longer" LATENCY_ABOUT_PERCENTILE),    \
	[(first) + 6] =                                                                            \
		COLUMN_DURATION("max_ns", "the longest, exactly", .merge = SCHEDTRACE_MERGE_MAX)

/* Without its events the count is unknown. */
void latency_figures(union schedtrace_value *first, const struct histogram *waits, bool known);

int latency_tables(const struct latency *latency, struct schedtrace_tables *out,
		   struct schedtrace_error *err);

/* Whether table latency_worst may have a row of this wait. */
bool latency_worst_takes(const struct latency *latency, const struct worst *wait);

/* A row of the log for a wait that ended. */
int latency_log(const struct latency *latency, const struct latency_account *a,
		enum latency_kind kind, const struct replay_span *span,
		struct schedtrace_error *err);

/* Function of struct replay_listener. */
int latency_forget(void *latency, const uint32_t *gone, uint32_t n, struct schedtrace_error *err);

/* The table of the waits that go on. */
int latency_open(const struct latency *latency, struct schedtrace_tables *out,
		 struct schedtrace_error *err);

#endif
