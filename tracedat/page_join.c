/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tracedat/page_join.h"

#include <stdlib.h>
#include <string.h>

#include "tracedat/page_cursor.h"

#define EXTEND_BYTES 8
#define EXTEND_BITS  27 /* of the time in its first word */

bool page_join_new(struct page_join *j, const struct page_layout *layout)
{
	*j = (struct page_join){ .layout = *layout, .page = calloc(1, layout->page_size) };
	return j->page != NULL;
}

void page_join_free(struct page_join *j)
{
	free(j->page);
	j->page = NULL;
}

void page_join_reset(struct page_join *j)
{
	j->used = 0;
}

static uint32_t room(const struct page_join *j)
{
	return j->layout.page_size - page_data_offset(&j->layout) - j->used;
}

static void append(struct page_join *j, const void *bytes, size_t n)
{
	memcpy(j->page + page_data_offset(&j->layout) + j->used, bytes, n);
	j->used += (uint32_t)n;
}

/* The time from the last record to what follows. */
static void append_time(struct page_join *j, uint64_t ns)
{
	uint32_t words[2] = { (uint32_t)(ns << 5) | PAGE_TYPE_EXTEND,
			      (uint32_t)(ns >> EXTEND_BITS) };

	append(j, words, sizeof(words));
}

const uint8_t *page_join_pending(struct page_join *j)
{
	uint32_t offset = page_data_offset(&j->layout);

	if (!j->used)
		return NULL;
	memset(j->page, 0, offset);
	memcpy(j->page, &j->begun, sizeof(j->begun));
	memcpy(j->page + 8, &j->used, sizeof(j->used));
	memset(j->page + offset + j->used, 0, j->layout.page_size - offset - j->used);
	return j->page;
}

static int give(struct page_join *j, const struct page_join_out *out)
{
	const uint8_t *page = page_join_pending(j);
	int r = page ? out->page(out->self, page) : 0;

	page_join_reset(j);
	return r;
}

/* Takes the items from @c->next on, as many as fit. False: some are left. */
static bool take_items(struct page_join *j, struct page_cursor *c)
{
	const uint8_t *from = c->next;
	uint32_t fit = room(j);
	bool all = false;

	for (;;) {
		struct page_cursor before = *c;

		all = page_cursor_next(c) <= PAGE_ITEM_FAULT;
		if (!all && (size_t)(c->next - from) <= fit)
			continue;
		*c = before;
		break;
	}
	append(j, from, (size_t)(c->next - from));
	j->last = c->ts;
	return all;
}

/* An extend by no time is no mark in the first place of a page, and would be one elsewhere. */
static void skip_stills(struct page_cursor *c)
{
	for (;;) {
		struct page_cursor before = *c;

		if (page_cursor_next(c) == PAGE_ITEM_STILL)
			continue;
		*c = before;
		return;
	}
}

/* Whether it can be taken apart. */
static bool is_sound(const uint8_t *page, const struct page_layout *l)
{
	struct page_cursor c;
	enum page_item item;

	page_cursor_begin(&c, page, l);
	do
		item = page_cursor_next(&c);
	while (item > PAGE_ITEM_FAULT);
	return item == PAGE_ITEM_END;
}

int page_join_add(struct page_join *j, const uint8_t *page, const struct page_join_out *out)
{
	uint64_t stamp = page_stamp(page);
	struct page_cursor c;
	bool all;
	int r = 0;

	/* What it says of losses stands in its header; what is strange stays as it is. */
	if (page_lost(page, &j->layout) || !is_sound(page, &j->layout)) {
		r = give(j, out);
		return r < 0 ? r : out->page(out->self, page);
	}
	if (j->used && (stamp < j->last || room(j) <= EXTEND_BYTES))
		r = give(j, out);
	if (r < 0)
		return r;
	page_cursor_begin(&c, page, &j->layout);
	skip_stills(&c);
	if (j->used && stamp > j->last)
		append_time(j, stamp - j->last);
	else if (!j->used)
		j->begun = stamp;
	all = take_items(j, &c);
	if (all)
		return 0;
	r = give(j, out);
	if (r < 0)
		return r;
	j->begun = c.ts;
	take_items(j, &c);
	return 0;
}
