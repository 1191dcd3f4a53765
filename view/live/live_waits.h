/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How long tasks waited in an interval: their 99th percentiles. */
#ifndef VIEW_LIVE_LIVE_WAITS_H
#define VIEW_LIVE_LIVE_WAITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

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

/* {"PID": ns}, and begins anew; NULL: too many to know. */
json_t *live_waits_take(struct live_waits *waits);
void live_waits_free(struct live_waits *waits);

#endif
