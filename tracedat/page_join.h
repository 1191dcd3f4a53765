/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Pages that were read before they were full, put together to full ones: who looks often at a quiet
 * CPU gets pages of a few records each, and a file of them would mostly be empty. The records and
 * their times stay as they are.
 */
#ifndef TRACEDAT_PAGE_JOIN_H
#define TRACEDAT_PAGE_JOIN_H

#include <stdbool.h>
#include <stdint.h>

#include "tracedat/page_layout.h"

struct page_join {
	struct page_layout layout;
	uint8_t *page;	/* in the making */
	uint32_t used;	/* bytes of data in it */
	uint64_t begun; /* its stamp */
	uint64_t last;	/* time up to which it goes */
};

/* Who gets a page that is done: 0, or a negative number that is returned. */
struct page_join_out {
	int (*page)(void *self, const uint8_t *page);
	void *self;
};

/* False without memory. */
bool page_join_new(struct page_join *j, const struct page_layout *layout);
void page_join_free(struct page_join *j);

/* The next page of the same CPU, whose clock is never set back. */
int page_join_add(struct page_join *j, const uint8_t *page, const struct page_join_out *out);

/* The page in the making, filled up with zeroes; NULL: there is none. It may grow on. */
const uint8_t *page_join_pending(struct page_join *j);

/* Begins anew with the next page: what is pending is somebody else's. */
void page_join_reset(struct page_join *j);

#endif
