/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Stretches in which a CPU idles while a task waits for another CPU. One that has ended is kept
 * until no evidence can come any more that one of the tasks did not wait, or that a CPU did
 * something else.
 */
#ifndef LIBSCHEDTRACE_ANALYSES_EPISODES_H
#define LIBSCHEDTRACE_ANALYSES_EPISODES_H

#include "base/histogram.h"
#include "libschedtrace/replay/queues.h"

struct episode {
	int64_t begin, end;
	int64_t followed; /* sums.followed at its begin */
	int64_t idle_max, waiting_max;
	char *idle, *waiting; /* at its begin; NULL: no log is wanted */
	bool doubtful, told;
};

struct episodes {
	const struct queues *queues;
	const struct schedtrace_sink *sink;
	bool open;
	struct episode now;
	struct episode *ended; /* by time */
	uint32_t n, max, look; /* ended.n at which it is looked whether some are settled */
	struct histogram settled;
	int64_t doubtful; /* among the settled */
};

extern const struct schedtrace_table_info episodes_info;

void episodes_init(struct episodes *episodes, const struct queues *queues,
		   const struct schedtrace_sink *sink);
void episodes_free(struct episodes *episodes);

/* After each row. */
int episodes_follow(struct episodes *episodes, struct schedtrace_error *err);

/* What queues call, with the episodes as @self. */
void episodes_doubted(void *self, int64_t since);

/* All that have ended, as far as is known now: *sure is the caller's to free. */
int episodes_sum(const struct episodes *episodes, struct histogram *sure, int64_t *doubtful,
		 struct schedtrace_error *err);

/* Logs those that are not yet, as far as is known now. */
int episodes_finish(struct episodes *episodes, struct schedtrace_error *err);

#endif
