/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How long tasks waited in an interval: their 99th percentiles. */
#ifndef VIEW_LIVE_LIVE_WAITS_H
#define VIEW_LIVE_LIVE_WAITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <schedtrace/tables.h>

struct live_wait {
	int32_t pid;
	uint32_t ns; /* UINT32_MAX: as long, or longer */
};

/* All zero: none so far. */
struct live_waits {
	struct live_wait *list;
	size_t n, cap;
	bool full; /* some are not in it: no percentile is known */
};

void live_waits_add(struct live_waits *waits, int32_t pid, int64_t ns);

/* Whether a row of a log tells of a wait after a wakeup, and whose, and how long it was. */
bool live_waits_read(const struct schedtrace_table_info *log, const union schedtrace_value *values,
		     int32_t *pid, int64_t *ns);

/* Before percentiles are asked for, once all waits of the interval are in it. */
void live_waits_order(struct live_waits *waits);

/* Of a task's waits 99 % were not longer; INT64_MIN: unknown, as of a task without one. */
int64_t live_waits_p99(const struct live_waits *waits, int32_t pid);

/* Another interval begins. */
void live_waits_begin(struct live_waits *waits);
void live_waits_free(struct live_waits *waits);

#endif
