/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How a page of the ring buffer is laid out: a stamp, the commit word, records. */
#ifndef TRACEDAT_PAGE_LAYOUT_H
#define TRACEDAT_PAGE_LAYOUT_H

#include <stdint.h>

struct page_layout {
	uint32_t page_size;   /* 256 or more after container_choose() */
	uint32_t commit_size; /* 8, or 4 from a 32-bit kernel */
};

static inline uint32_t page_data_offset(const struct page_layout *l)
{
	return 8 + l->commit_size;
}

/* Of pages of @page_size bytes that come from the kernel we run on. */
static inline struct page_layout page_layout_here(uint32_t page_size)
{
	return (struct page_layout){ page_size, 8 };
}

#endif
