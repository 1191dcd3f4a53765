/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "view/live/live_waits.h"

#include <stdio.h>
#include <stdlib.h>

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

static int by_pid_and_length(const void *a, const void *b)
{
	const struct live_wait *x = a, *y = b;

	if (x->pid != y->pid)
		return x->pid < y->pid ? -1 : 1;
	return x->ns < y->ns ? -1 : x->ns > y->ns;
}

json_t *live_waits_take(struct live_waits *waits)
{
	json_t *all = waits->full ? NULL : json_object();
	size_t end;

	if (waits->n)
		qsort(waits->list, waits->n, sizeof(*waits->list), by_pid_and_length);
	for (size_t begin = 0; all && begin < waits->n; begin = end) {
		char pid[16];
		size_t rank;

		for (end = begin; end < waits->n && waits->list[end].pid == waits->list[begin].pid;)
			end++;
		/* The nearest rank, as of all percentiles here. */
		rank = (99 * (end - begin) + 99) / 100;
		snprintf(pid, sizeof(pid), "%d", waits->list[begin].pid);
		json_object_set_new(all, pid, json_integer(waits->list[begin + rank - 1].ns));
	}
	waits->n = 0;
	waits->full = false;
	return all;
}

void live_waits_free(struct live_waits *waits)
{
	free(waits->list);
	*waits = (struct live_waits){ .list = NULL };
}
