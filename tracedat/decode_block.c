/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tracedat/decode_block.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/checked.h"
#include "base/error.h"

#define CHUNK_LIMIT (64u << 20)

static int fail(struct block_work *w, int status, const char *place, const char *text)
{
	bool salvage = w->d->salvage && status == SCHEDTRACE_E_FORMAT;

	if (!salvage || !w->b->damaged)
		error_set(&w->b->err, status, "CPU %d: %s%s%s", w->s->cpu, place,
			  *place ? ": " : "", text);
	w->b->damaged += salvage;
	return salvage ? 0 : status;
}

/* Gives up what follows the last record until something whole comes. */
static int gap(struct block_work *w)
{
	return page_records_lost(&w->b->records, w->s->cpu, RESUME_OPEN, -1);
}

/* What a clock is set back by now and then; damage that is smaller cannot be told from it. */
#define STAMP_LIMIT_NS INT64_C(1000000000)

/* The page decoded last, if it gave records. */
struct neighbour {
	bool known;
	size_t first;	    /* of its records */
	int64_t begin, end; /* the time that they cover */
	int64_t before;	    /* the last stamp before it, INT64_MIN unknown */
};

/*
 * Whether the stamp of a page far older or younger than its neighbours is damaged. Otherwise the
 * clock was set @back. Such a page is alone in that, and there is room for it between @before and
 * @after.
 */
static bool stamp_is_damaged(int64_t before, int64_t begin, int64_t end, int64_t after,
			     int64_t back)
{
	if (back <= STAMP_LIMIT_NS)
		return false;
	if (before == INT64_MIN || after == INT64_MIN)
		return back > CLOCK_LIMIT_NS;
	return after >= before && after - before >= end - begin;
}

static bool all_zero(const uint8_t *p, size_t n)
{
	return !n || (!p[0] && !memcmp(p, p + 1, n - 1));
}

/* The stamp of the page in the @n bytes; INT64_MIN: there is none. */
static int64_t stamp_of(const uint8_t *page, size_t n)
{
	int64_t stamp;

	if (n < 16 || all_zero(page, 16))
		return INT64_MIN;
	memcpy(&stamp, page, sizeof(stamp));
	return stamp < 0 ? INT64_MIN : stamp;
}

/*
 * Decodes a page; @next is the stamp of the one after it. PAGE_TIME_BACK: a page was taken back,
 * this one, or the one before, after which *again is set.
 */
static int decode_page(struct block_work *w, const uint8_t *page, size_t n, int64_t next,
		       struct neighbour *before, bool *again, struct page_error *fault)
{
	struct page_records *r = &w->b->records;
	int64_t begin = stamp_of(page, n), last = r->last, back = 0;
	size_t first = r->n;
	int status;

	*again = false;
	if (last != INT64_MIN && begin != INT64_MIN && begin < last)
		back = last - begin;
	*fault = (struct page_error){ .fault = PAGE_TIME_BACK, .value = (uint64_t)back };
	if (before->known &&
	    stamp_is_damaged(before->before, before->begin, before->end, begin, back)) {
		page_records_cut(r, before->first, before->before);
		before->known = false;
		*again = true;
		return SCHEDTRACE_E_FORMAT;
	}
	status = page_decode(&w->d->config, page, n, w->s->cpu, r, fault);
	if (status == 0 && stamp_is_damaged(last, begin, r->last, next, back)) {
		*fault = (struct page_error){ .fault = PAGE_TIME_BACK, .value = (uint64_t)back };
		page_records_cut(r, first, last);
		status = SCHEDTRACE_E_FORMAT;
	}
	if (r->n > first || status < 0)
		*before = (struct neighbour){ status == 0, first, begin, r->last, last };
	return status;
}

/* @place names where the @n bytes of pages stand. */
static int decode_pages(struct block_work *w, const uint8_t *data, size_t n, uint64_t offset,
			const char *chunk)
{
	const size_t page_size = w->d->config.layout.page_size;
	struct neighbour before = { 0 };
	int status;

	for (size_t at = 0; at < n; at += page_size) {
		size_t left = n - at, size = left < page_size ? left : page_size;
		int64_t next = stamp_of(data + at + size, left - size);
		struct page_error fault;
		char place[128], text[256];
		bool again;

		if (size >= 16 && all_zero(data + at, 16)) {
			w->b->empty++;
			if (gap(w) < 0)
				return fail(w, SCHEDTRACE_E_NOMEM, "", "no memory for records");
			continue;
		}
		do {
			status = decode_page(w, data + at, size, next, &before, &again, &fault);
			if (status == 0)
				break;
			if (status == SCHEDTRACE_E_NOMEM)
				return fail(w, status, "", "no memory for records");
			if (*chunk)
				snprintf(place, sizeof(place), "%s, page %zu of it", chunk,
					 at / page_size);
			else
				snprintf(place, sizeof(place), "page at byte %" PRIu64,
					 offset + at);
			page_fault_text(&fault, text, sizeof(text));
			status = fail(w, status, place, text);
			if (status == 0)
				status = gap(w);
			if (status < 0)
				return status;
		} while (again);
	}
	return 0;
}

static int need(uint8_t **buffer, size_t *cap, size_t n)
{
	uint8_t *p;

	if (*buffer && n <= *cap)
		return 0;
	p = realloc(*buffer, n + 1);
	if (!p)
		return SCHEDTRACE_E_NOMEM;
	*buffer = p;
	*cap = n;
	return 0;
}

static int decode_plain(struct block_work *w)
{
	struct block *b = w->b;
	int r;

	if (need(&b->data, &b->data_cap, b->bytes) < 0)
		return fail(w, SCHEDTRACE_E_NOMEM, "", "no memory for pages");
	r = container_pread(w->d->c, b->data, b->bytes, b->offset, &b->err);
	if (r < 0)
		return error_prefix(&b->err, r, "CPU %d", w->s->cpu);
	return decode_pages(w, b->data, b->bytes, b->offset, "");
}

struct chunk_head {
	uint32_t packed;
	uint32_t size;
};

/* The heads were checked when the block was claimed. */
static int decode_chunks(struct block_work *w)
{
	struct block *b = w->b;
	size_t at, total = 0, to = 0;
	struct chunk_head h;
	int r;

	if (need(&b->packed, &b->packed_cap, b->bytes) < 0)
		return fail(w, SCHEDTRACE_E_NOMEM, "", "no memory for chunks");
	r = container_pread(w->d->c, b->packed, b->bytes, b->offset, &b->err);
	if (r < 0)
		return error_prefix(&b->err, r, "CPU %d", w->s->cpu);
	for (at = 0; at + sizeof(h) <= b->bytes; at += sizeof(h) + h.packed) {
		memcpy(&h, b->packed + at, sizeof(h));
		if (!checked_range(at + sizeof(h), h.packed, b->bytes) || h.size > CHUNK_LIMIT)
			return fail(w, SCHEDTRACE_E_FORMAT, "", "chunks changed while reading");
		total += h.size;
	}
	if (need(&b->data, &b->data_cap, total) < 0)
		return fail(w, SCHEDTRACE_E_NOMEM, "", "no memory for decompressed pages");
	for (at = 0; at + sizeof(h) <= b->bytes; at += sizeof(h) + h.packed, to += h.size) {
		struct schedtrace_error err;
		char place[64];

		memcpy(&h, b->packed + at, sizeof(h));
		snprintf(place, sizeof(place), "chunk at byte %" PRIu64, b->offset + at);
		r = codec_decompress(w->d->c->codec, w->codec, b->packed + at + sizeof(h), h.packed,
				     b->data + to, h.size, &err);
		if (r < 0) {
			r = fail(w, r, place, err.text);
			if (r == 0)
				r = gap(w);
		} else {
			r = decode_pages(w, b->data + to, h.size, b->offset + at, place);
		}
		if (r < 0)
			return r;
	}
	return 0;
}

void decode_block(struct block_work *w)
{
	struct block *b = w->b;

	page_records_cut(&b->records, 0, INT64_MIN);
	/* A block that could not be laid out has its error already. */
	if (b->status == 0 && b->bytes)
		b->status = w->d->instance->compressed ? decode_chunks(w) : decode_plain(w);
	if (b->status == 0 && b->last && b->ends_early)
		b->status = gap(w);
}

/* Takes whole chunks until the block is full. False: the rest of the stream cannot be read. */
static int lay_out_chunks(struct block_work *w)
{
	struct stream *s = w->s;
	struct block *b = w->b;
	uint64_t size = 0;
	struct chunk_head h;
	char text[160];
	int r;

	if (!s->begun) {
		if (s->end - s->at < 4)
			return fail(w, SCHEDTRACE_E_FORMAT, "", "no room for a count of chunks");
		r = container_pread(w->d->c, &s->chunks, 4, s->at, &b->err);
		if (r < 0)
			return r;
		s->at += 4;
		b->offset = s->at;
	}
	while (s->chunks && size < w->d->block_bytes) {
		*text = '\0';
		if (s->end - s->at < sizeof(h)) {
			snprintf(text, sizeof(text), "data ends, %u more chunks are due",
				 s->chunks);
		} else {
			r = container_pread(w->d->c, &h, sizeof(h), s->at, &b->err);
			if (r < 0)
				return r;
			if (h.packed > s->end - s->at - sizeof(h))
				snprintf(text, sizeof(text),
					 "claims %u bytes, the data has %" PRIu64 " left", h.packed,
					 s->end - s->at - sizeof(h));
			else if (h.size > CHUNK_LIMIT)
				snprintf(text, sizeof(text), "claims %u bytes, the limit is %u",
					 h.size, CHUNK_LIMIT);
			else if (h.size > 1u << 20 && h.size / 1000 > h.packed)
				snprintf(text, sizeof(text),
					 "claims %u bytes from %u compressed ones, a ratio above "
					 "1000",
					 h.size, h.packed);
		}
		if (*text) {
			char place[64];

			s->chunks = 0;
			snprintf(place, sizeof(place), "chunk at byte %" PRIu64, s->at);
			/* The cut itself was told when the file was opened. */
			return fail(w, SCHEDTRACE_E_FORMAT, place, text);
		}
		s->at += sizeof(h) + h.packed;
		size += h.size;
		s->chunks--;
	}
	/* Writers count the 4 bytes of the number of chunks in the size, or do not. */
	if (!s->chunks && s->end - s->at > 4) {
		char rest[96];

		snprintf(rest, sizeof(rest),
			 "%" PRIu64 " bytes follow the last chunk at byte %" PRIu64, s->end - s->at,
			 s->at);
		return fail(w, SCHEDTRACE_E_FORMAT, "", rest);
	}
	return 0;
}

void decode_block_begin(struct block_work *w)
{
	struct decoder *d = w->d;
	struct stream *s = w->s;
	struct block *b = w->b;

	b->offset = s->at;
	b->status = 0;
	b->damaged = 0;
	b->empty = 0;
	b->ends_early = false;
	if (d->instance->compressed) {
		b->status = lay_out_chunks(w);
		s->finished = b->status < 0 || !s->chunks;
		b->ends_early = b->damaged;
	} else {
		uint64_t left = s->end - s->at;

		s->at += left < d->block_bytes ? left : d->block_bytes;
		s->finished = s->at == s->end;
	}
	b->ends_early |= s->cut > 0;
	s->begun = true;
	b->bytes = s->at > b->offset ? s->at - b->offset : 0;
	b->last = s->finished;
}
