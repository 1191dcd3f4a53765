/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "libschedtrace/let_go.h"

#include <stdlib.h>

#include "base/mem.h"

struct let_go *let_go_new(void)
{
	struct let_go *link = calloc(1, sizeof(*link));

	if (link)
		link->holders = 1;
	return link;
}

void let_go_release(struct let_go *link)
{
	while (link && --link->holders == 0) {
		struct let_go *next = link->next;

		free(link->gone);
		free(link);
		link = next;
	}
}

struct let_go *let_go_mark(struct let_go **last)
{
	struct let_go *link = *last;

	if (link->n) {
		link->next = let_go_new();
		if (!link->next)
			return NULL;
		link->next->holders++; /* the engine's, beside that of the link before */
		*last = link->next;
		let_go_release(link);
		link = *last;
	}
	link->holders++;
	return link;
}

int let_go_add(struct let_go *last, uint64_t life, uint64_t into)
{
	if (last->holders == 1)
		return 0;
	if (!array_room(last->gone, last->n, last->max))
		return -1;
	last->gone[last->n++] = (struct gone_life){ life, into };
	return 0;
}
