/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Ring-buffer pages written by hand, for tests of whoever reads them. */
#ifndef TESTS_UNIT_PAGE_MAKER_H
#define TESTS_UNIT_PAGE_MAKER_H

#include <stdint.h>
#include <string.h>

#define PAGE_SIZE 4096

struct page {
	uint8_t b[PAGE_SIZE];
	uint32_t n; /* bytes used, header included */
};

static inline void page_word(struct page *p, uint32_t word)
{
	memcpy(p->b + p->n, &word, 4);
	p->n += 4;
}

static inline void page_commit(struct page *p, uint64_t commit)
{
	memcpy(p->b + 8, &commit, 8);
}

static inline void page_begin(struct page *p, uint64_t ts)
{
	memset(p, 0, sizeof(*p));
	memcpy(p->b, &ts, 8);
	p->n = 16;
}

static inline void page_end(struct page *p)
{
	page_commit(p, p->n - 16);
}

/* The head of a record: its type (or length in words) and the ns since the one before. */
static inline void page_head(struct page *p, uint32_t type, uint32_t delta)
{
	page_word(p, delta << 5 | type);
}

/* A record of @words words of data: event id, pid, then words that count up. */
static inline void page_event(struct page *p, uint32_t delta, uint16_t id, int32_t pid,
			      uint32_t words)
{
	uint32_t i;

	page_head(p, words, delta);
	page_word(p, id);
	page_word(p, (uint32_t)pid);
	for (i = 2; i < words; i++)
		page_word(p, i);
}

#endif
