/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What stands in a page of the ring buffer, one item after the other, whatever its events are. A
 * page is a header (time stamp of its first record, commit word) and items packed one after the
 * other, each with the time since the one before it; every page can be read alone. See
 * include/linux/ring_buffer.h of the kernel for the encodings.
 */
#ifndef TRACEDAT_PAGE_CURSOR_H
#define TRACEDAT_PAGE_CURSOR_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "tracedat/page_layout.h"

#define PAGE_COMMIT_LENGTH 0x07ffffffu
#define PAGE_COMMIT_STORED (1u << 30) /* the count of lost records follows the data */
#define PAGE_COMMIT_MISSED (1u << 31) /* records were lost before this page */

#define PAGE_TYPE_PADDING 29
#define PAGE_TYPE_EXTEND  30

/* No stamp of a page is later (year 2079 by tai), so that no record comes near 2^62 ns, the end of
 * the times that rows can have. */
#define PAGE_TIME_LIMIT (3ull << 60)

/* An absolute stamp has 59 bits; those above are the ones of the time so far. */
#define PAGE_STAMP_BITS 59

enum page_fault {
	PAGE_OK,
	PAGE_CUT,	    /* fewer bytes than a page header */
	PAGE_COMMIT_LONG,   /* more data claimed than a page holds */
	PAGE_COMMIT_BITS,   /* bits of the commit word that mean nothing */
	PAGE_COUNT_ALONE,   /* a count of lost records, but none are lost */
	PAGE_TIME,	    /* time stamp of the page above PAGE_TIME_LIMIT */
	PAGE_TIME_BACK,	    /* begins long before the page before it ended */
	RECORD_CUT,	    /* no room for the head of a record */
	RECORD_EXTEND_CUT,  /* time extend or stamp without its second word */
	RECORD_LENGTH_CUT,  /* no room for the length word */
	RECORD_LENGTH_ZERO, /* length word that covers no data */
	RECORD_LONG,	    /* ends after the page's data */
	RECORD_TIME,	    /* time above PAGE_TIME_LIMIT */
	RECORD_NO_COMMON,   /* too short for the fields that all events have */
	RECORD_STRANGE,	    /* event id without a format, and a pid that no task has */
	RECORD_SHORT,	    /* shorter than the fields of its format */
	PADDING_LONG,	    /* padding that ends after the page's data */
	PADDING_NULL,	    /* end-of-page mark with data behind it */
};

enum page_item {
	PAGE_ITEM_END,
	PAGE_ITEM_FAULT,
	PAGE_ITEM_RECORD,
	PAGE_ITEM_TIME,	   /* only time goes on */
	PAGE_ITEM_STILL,   /* an extend by no time */
	PAGE_ITEM_PADDING, /* a record that was discarded */
};

struct page_cursor {
	const uint8_t *at; /* where the item begins; at the end: where the data does */
	const uint8_t *next, *end;
	const uint8_t *data;   /* of a record */
	uint64_t ts;	       /* once the item is over */
	uint64_t value, limit; /* of a fault: what was claimed, what would be possible */
	uint32_t size;	       /* of a record's data */
	enum page_fault fault;
};

static inline uint32_t page_load32(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static inline uint64_t page_load64(const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static inline uint64_t page_stamp(const uint8_t *page)
{
	return page_load64(page);
}

/* Bytes of data that the page claims to have. */
static inline uint32_t page_length(const uint8_t *page)
{
	return page_load32(page + 8) & PAGE_COMMIT_LENGTH;
}

/* How many records were lost before the whole page: 0 none, -1 an unknown number. */
static inline int64_t page_lost(const uint8_t *page, const struct page_layout *l)
{
	uint32_t commit = page_load32(page + 8);
	uint32_t at = page_data_offset(l) + (commit & PAGE_COMMIT_LENGTH);
	uint64_t count = 0;

	if (!(commit & PAGE_COMMIT_MISSED))
		return 0;
	if (commit & PAGE_COMMIT_STORED && at + l->commit_size <= l->page_size)
		count = l->commit_size == 8 ? page_load64(page + at) : page_load32(page + at);
	return count && count <= INT64_MAX ? (int64_t)count : -1;
}

/* Of whole pages; a length that does not fit is one of 0. */
static inline void page_cursor_begin(struct page_cursor *c, const uint8_t *page,
				     const struct page_layout *l)
{
	uint32_t length = page_length(page);

	c->next = page + page_data_offset(l);
	c->end = c->next + (length <= l->page_size - page_data_offset(l) ? length : 0);
	c->ts = page_stamp(page);
}

static inline enum page_item page_cursor_fault(struct page_cursor *c, enum page_fault fault,
					       uint64_t value, uint64_t limit)
{
	c->fault = fault;
	c->value = value;
	c->limit = limit;
	return PAGE_ITEM_FAULT;
}

/* An extend or an absolute stamp. */
static inline enum page_item page_cursor_time(struct page_cursor *c, uint32_t head)
{
	const uint8_t *data = c->at + 4;
	const uint64_t low = (1ull << PAGE_STAMP_BITS) - 1;
	uint64_t time;
	bool extend = (head & 31) == PAGE_TYPE_EXTEND;

	if (c->end - data < 4)
		return page_cursor_fault(c, RECORD_EXTEND_CUT, (uint64_t)(c->end - data), 4);
	time = ((uint64_t)page_load32(data) << 27) + (head >> 5);
	if (extend) {
		c->ts += time;
	} else {
		uint64_t absolute = (c->ts & ~low) | (time & low);

		/* The low bits may have wrapped since. */
		if (absolute < c->ts && c->ts - absolute > 1ull << (PAGE_STAMP_BITS - 1))
			absolute += 1ull << PAGE_STAMP_BITS;
		c->ts = absolute;
	}
	if (c->ts >= PAGE_TIME_LIMIT)
		return page_cursor_fault(c, RECORD_TIME, c->ts, PAGE_TIME_LIMIT - 1);
	c->next = data + 4;
	return extend && !time ? PAGE_ITEM_STILL : PAGE_ITEM_TIME;
}

/* The rest of the page, or a record that was discarded after it began. */
static inline enum page_item page_cursor_padding(struct page_cursor *c, uint32_t head)
{
	const uint8_t *data = c->at + 4;
	uint32_t size;

	if (!(head >> 5) && c->end - c->at > 8)
		return page_cursor_fault(c, PADDING_NULL, (uint64_t)(c->end - c->at), 8);
	if (!(head >> 5) || c->end - data < 4)
		return PAGE_ITEM_END;
	size = page_load32(data);
	if (size > (uint64_t)(c->end - data))
		return page_cursor_fault(c, PADDING_LONG, size, (uint64_t)(c->end - data));
	c->next = data + size;
	c->ts += head >> 5;
	return PAGE_ITEM_PADDING;
}

/* Goes to the next item. After an end or a fault the cursor is not to be moved any more. */
static inline enum page_item page_cursor_next(struct page_cursor *c)
{
	const uint8_t *p = c->next, *data = p + 4;
	uint32_t head, size;

	c->at = p;
	if (p >= c->end)
		return PAGE_ITEM_END;
	if (c->end - p < 4)
		return page_cursor_fault(c, RECORD_CUT, (uint64_t)(c->end - p), 4);
	head = page_load32(p);
	if ((head & 31) - 1 < 28) {
		size = (head & 31) * 4;
		if (__builtin_expect(size > (uint64_t)(c->end - data), 0))
			return page_cursor_fault(c, RECORD_LONG, size, (uint64_t)(c->end - data));
		c->next = data + size;
	} else if (!(head & 31)) {
		if (c->end - data < 4)
			return page_cursor_fault(c, RECORD_LENGTH_CUT, (uint64_t)(c->end - data),
						 4);
		size = page_load32(data);
		if (size <= 4)
			return page_cursor_fault(c, RECORD_LENGTH_ZERO, size, 4);
		size -= 4;
		data += 4;
		if ((((uint64_t)size + 3) & ~3ull) > (uint64_t)(c->end - data))
			return page_cursor_fault(c, RECORD_LONG, size, (uint64_t)(c->end - data));
		c->next = data + ((size + 3) & ~3u);
	} else if ((head & 31) == PAGE_TYPE_PADDING) {
		return page_cursor_padding(c, head);
	} else {
		return page_cursor_time(c, head);
	}
	c->data = data;
	c->size = size;
	c->ts += head >> 5;
	return PAGE_ITEM_RECORD;
}

/* The next record; false: there is none, or what follows is strange. */
static inline bool page_cursor_record(struct page_cursor *c)
{
	enum page_item item;

	do
		item = page_cursor_next(c);
	while (item > PAGE_ITEM_RECORD);
	return item == PAGE_ITEM_RECORD;
}

/* How long after the item before it the record whose head stands at @at was. */
static inline uint32_t page_delta(const uint8_t *at)
{
	return page_load32(at) >> 5;
}

/* Records of a whole page. */
static inline uint64_t page_count(const uint8_t *page, const struct page_layout *l)
{
	struct page_cursor c;
	uint64_t n = 0;

	page_cursor_begin(&c, page, l);
	while (page_cursor_record(&c))
		n++;
	return n;
}

#endif
