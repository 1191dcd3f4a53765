/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "view/live/live_waits.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define MOST_WAITS ((size_t)1 << 20)

void live_waits_add(struct live_waits *waits, int32_t pid, int64_t ns)
{
	if (waits->n == MOST_WAITS || !array_room(waits->list, waits->n, waits->cap)) {
		waits->full = true;
		return;
	}
	waits->list[waits->n++] =
		(struct live_wait){ pid, ns < UINT32_MAX ? (uint32_t)ns : UINT32_MAX };
}

bool live_waits_read(const struct schedtrace_table_info *log, const union schedtrace_value *values,
		     int32_t *pid, int64_t *ns)
{
	if (strcmp(log->name, "latency_log") != 0 ||
	    strcmp(values[schedtrace_column_index(log, "kind")].s, "wakeup") != 0)
		return false;
	*pid = (int32_t)values[schedtrace_column_index(log, "pid")].i;
	*ns = values[schedtrace_column_index(log, "latency_ns")].i;
	return true;
}

static int by_pid_and_length(const void *a, const void *b)
{
	const struct live_wait *x = a, *y = b;

	if (x->pid != y->pid)
		return x->pid < y->pid ? -1 : 1;
	return x->ns < y->ns ? -1 : x->ns > y->ns;
}

void live_waits_order(struct live_waits *waits)
{
	if (waits->n)
		qsort(waits->list, waits->n, sizeof(*waits->list), by_pid_and_length);
}

/* The first of this pid or a larger one. */
static size_t find(const struct live_waits *waits, int64_t pid)
{
	size_t low = 0, high = waits->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (waits->list[middle].pid < pid)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

int64_t live_waits_p99(const struct live_waits *waits, int32_t pid)
{
	size_t begin = find(waits, pid), end = find(waits, (int64_t)pid + 1);
	/* The nearest rank, as of all percentiles here. */
	size_t rank = (99 * (end - begin) + 99) / 100;

	return waits->full || begin == end ? INT64_MIN : waits->list[begin + rank - 1].ns;
}

void live_waits_begin(struct live_waits *waits)
{
	waits->n = 0;
	waits->full = false;
}

void live_waits_free(struct live_waits *waits)
{
	free(waits->list);
	*waits = (struct live_waits){ .list = NULL };
}
