/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tracedat/pages.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "base/error.h"
#include "base/mem.h"

/* Where common_pid may stand; it makes the smallest record one of a head and 8 bytes. */
#define PID_OFFSET_MIN 4
#define PID_OFFSET_MAX 64
#define RECORD_MIN     (4 + PID_OFFSET_MIN + 4)

/* The most that any kernel gives a task (PID_MAX_LIMIT). */
#define PID_LIMIT 4194304

static inline uint16_t load16(const uint8_t *p)
{
	uint16_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static const struct format_field *find_field(const struct format *f, const char *name)
{
	size_t i;

	for (i = 0; i < f->n_fields; i++)
		if (!strcmp(f->fields[i].name, name))
			return &f->fields[i];
	return NULL;
}

int pages_configure(struct pages_config *config, const struct page_layout *layout,
		    const struct formats *formats, struct schedtrace_error *err)
{
	const struct format_field *type = NULL, *pid = NULL;
	size_t i;

	config->layout = *layout;
	config->pid_offset = 4;
	config->events = calloc(UINT16_MAX + 1, sizeof(*config->events));
	if (!config->events)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for event ids");
	for (i = 0; i < formats->n && !pid; i++) {
		type = find_field(&formats->list[i], "common_type");
		pid = find_field(&formats->list[i], "common_pid");
	}
	if (pid && (!type || type->offset || type->size != 2 || pid->size != 4 ||
		    pid->offset < PID_OFFSET_MIN || pid->offset > PID_OFFSET_MAX))
		return error_set(err, SCHEDTRACE_E_UNSUPPORTED,
				 "events of this file have no common_type of 2 bytes at 0 or no "
				 "common_pid of 4 bytes at %d to %d",
				 PID_OFFSET_MIN, PID_OFFSET_MAX);
	if (pid)
		config->pid_offset = pid->offset;
	for (i = 0; i <= UINT16_MAX; i++) {
		uint16_t index = formats->by_id[i];
		uint32_t min = index ? formats->list[index - 1].min_size : 0;

		if (min < config->pid_offset + 4)
			min = config->pid_offset + 4;
		if (min > UINT16_MAX)
			return error_set(err, SCHEDTRACE_E_LIMIT,
					 "the fields of event %s reach to byte %u",
					 formats->list[index - 1].name, min);
		config->events[i] = (struct page_event){ index, (uint16_t)min };
	}
	return 0;
}

void pages_config_free(struct pages_config *config)
{
	free(config->events);
	config->events = NULL;
}

static int reserve(struct page_records *out, size_t more)
{
	size_t cap = out->cap ? out->cap : 1024;
	struct record *list;

	if (out->cap - out->n >= more)
		return 0;
	while (cap - out->n < more)
		if (!checked_mul(cap, 2, &cap))
			return SCHEDTRACE_E_NOMEM;
	list = reallocarray(out->list, cap, sizeof(*list));
	if (!list)
		return SCHEDTRACE_E_NOMEM;
	out->list = list;
	out->cap = cap;
	return 0;
}

/* Where the record of that index begins: the end of a gap right before it belongs to it. */
static size_t begin_of(const struct page_records *out, size_t index)
{
	return index && out->list[index - 1].kind == RECORD_LOST ? index - 1 : index;
}

static void cut_steps(struct page_records *out, size_t n)
{
	while (out->n_steps && out->steps[out->n_steps - 1] >= n)
		out->n_steps--;
}

void page_records_cut(struct page_records *out, size_t n, int64_t last)
{
	out->n = n;
	out->last = last;
	out->marked = false;
	cut_steps(out, begin_of(out, n));
}

int page_records_step(struct page_records *out, size_t index)
{
	size_t at = out->n_steps;

	index = begin_of(out, index);
	while (at && out->steps[at - 1] > index)
		at--;
	if (at && out->steps[at - 1] == index)
		return 0;
	if (!array_room(out->steps, out->n_steps, out->cap_steps))
		return SCHEDTRACE_E_NOMEM;
	memmove(out->steps + at + 1, out->steps + at, (out->n_steps++ - at) * sizeof(*out->steps));
	out->steps[at] = index;
	return 0;
}

int page_records_lost(struct page_records *out, int32_t cpu, int64_t resume, int64_t count)
{
	struct record *gap = out->n ? &out->list[out->n - 1] : NULL;

	if (gap && gap->kind == RECORD_LOST) {
		if (gap->lost < 0 || count < 0 || !checked_add(gap->lost, count, &gap->lost))
			gap->lost = -1;
		if (gap->timestamp == RESUME_OPEN || resume > gap->timestamp)
			gap->timestamp = resume;
	} else {
		if (reserve(out, 2) < 0)
			return SCHEDTRACE_E_NOMEM;
		out->list[out->n++] =
			(struct record){ .timestamp = out->last, .kind = RECORD_GAP, .cpu = cpu };
		out->list[out->n++] = (struct record){
			.timestamp = resume,
			.lost_since = out->last,
			.lost = count,
			.kind = RECORD_LOST,
			.cpu = cpu,
		};
	}
	if (resume >= out->last)
		return 0;
	out->last = resume;
	return page_records_step(out, out->n);
}

bool page_records_open_gap(struct page_records *out, int64_t last)
{
	const struct record *gap = out->n ? &out->list[out->n - 1] : NULL;

	if (!gap || gap->kind != RECORD_LOST || gap->timestamp != RESUME_OPEN)
		return false;
	out->n--;
	if (out->n && gap[-1].timestamp == INT64_MIN && last == INT64_MIN)
		out->n--;
	cut_steps(out, out->n);
	return true;
}

int page_records_end_gap(struct page_records *out)
{
	struct record lost = { .timestamp = out->list[0].timestamp,
			       .lost_since = INT64_MIN,
			       .lost = -1,
			       .kind = RECORD_LOST,
			       .cpu = out->list[0].cpu };

	if (out->list[0].kind == RECORD_GAP) {
		/* It is the same gap, which began earlier. */
		out->list[1].lost = -1;
		out->n--;
		memmove(out->list, out->list + 1, out->n * sizeof(*out->list));
		for (size_t i = 0; i < out->n_steps; i++)
			out->steps[i] -= out->steps[i] > 0;
		return 0;
	}
	if (reserve(out, 1) < 0)
		return SCHEDTRACE_E_NOMEM;
	memmove(out->list + 1, out->list, out->n * sizeof(*out->list));
	out->list[0] = lost;
	out->n++;
	for (size_t i = 0; i < out->n_steps; i++)
		out->steps[i] += out->steps[i] > 0;
	return 0;
}

static int set_fault(struct page_error *e, enum page_fault fault, size_t at, uint64_t value,
		     uint64_t limit)
{
	*e = (struct page_error){ fault, (uint32_t)at, value, limit };
	return SCHEDTRACE_E_FORMAT;
}

static int check_header(const uint8_t *page, size_t n, const struct page_layout *l,
			uint32_t *commit, struct page_error *fault)
{
	uint64_t word;
	uint64_t stamp;

	if (n < page_data_offset(l))
		return set_fault(fault, PAGE_CUT, 0, n, page_data_offset(l));
	stamp = page_load64(page);
	word = l->commit_size == 8 ? page_load64(page + 8) : page_load32(page + 8);
	*commit = (uint32_t)word;
	if (stamp >= PAGE_TIME_LIMIT)
		return set_fault(fault, PAGE_TIME, 0, stamp, PAGE_TIME_LIMIT - 1);
	/* The kernel adds the mark as a negative int, which fills the upper half. */
	if (*commit & PAGE_COMMIT_MISSED && word >> 32 == UINT32_MAX)
		word = *commit;
	if (word >> 32 || *commit & ~(PAGE_COMMIT_LENGTH | PAGE_COMMIT_STORED | PAGE_COMMIT_MISSED))
		return set_fault(fault, PAGE_COMMIT_BITS, 8, word, 0);
	if (*commit & PAGE_COMMIT_STORED && !(*commit & PAGE_COMMIT_MISSED))
		return set_fault(fault, PAGE_COUNT_ALONE, 8, word, 0);
	if ((*commit & PAGE_COMMIT_LENGTH) > l->page_size - page_data_offset(l))
		return set_fault(fault, PAGE_COMMIT_LONG, 8, *commit & PAGE_COMMIT_LENGTH,
				 l->page_size - page_data_offset(l));
	return 0;
}

/* Fills in what @c stands at. */
static inline enum page_item read_record(const struct pages_config *config, struct page_cursor *c,
					 int32_t cpu, struct record *r)
{
	struct page_event event;

	if (__builtin_expect(c->size < config->pid_offset + 4, 0))
		return page_cursor_fault(c, RECORD_NO_COMMON, c->size, config->pid_offset + 4);
	event = config->events[load16(c->data)];
	if (__builtin_expect(c->size < event.min_size, 0))
		return page_cursor_fault(c, RECORD_SHORT, c->size, event.min_size);
	r->timestamp = (int64_t)c->ts;
	r->data = c->data;
	r->size = c->size;
	r->pid = (int32_t)page_load32(c->data + config->pid_offset);
	r->kind = RECORD_EVENT;
	r->format = event.format - 1;
	r->cpu = cpu;
	if (__builtin_expect(!event.format, 0)) {
		r->kind = RECORD_UNKNOWN;
		r->format = load16(c->data);
		if (!r->format || (uint32_t)r->pid > PID_LIMIT)
			return page_cursor_fault(c, RECORD_STRANGE, r->format, (uint32_t)r->pid);
	}
	return PAGE_ITEM_RECORD;
}

/* All items from @c on; what ends them. SCHEDTRACE_E_NOMEM is negative, as no item is. */
static int read_items(const struct pages_config *config, struct page_cursor *cursor, int32_t cpu,
		      struct page_records *out)
{
	const uint8_t *first = cursor->next;
	struct record *r = out->list + out->n;
	struct page_cursor c = *cursor;
	int64_t last = out->last;
	int item;

	for (;;) {
		item = page_cursor_next(&c);
		if (__builtin_expect(item != PAGE_ITEM_RECORD, 0)) {
			if (item <= PAGE_ITEM_FAULT)
				break;
			/* The kernel's mark where the clock was set back, but for a page's first
			 * record. */
			if (item == PAGE_ITEM_STILL && c.at > first) {
				if (page_records_step(out, (size_t)(r - out->list)) < 0)
					return SCHEDTRACE_E_NOMEM;
				out->marked = true;
			}
			continue;
		}
		item = read_record(config, &c, cpu, r);
		if (__builtin_expect(item == PAGE_ITEM_FAULT, 0))
			break;
		if (__builtin_expect((int64_t)c.ts < last, 0) &&
		    page_records_step(out, (size_t)(r - out->list)) < 0)
			return SCHEDTRACE_E_NOMEM;
		last = (int64_t)c.ts;
		r++;
	}
	out->n = (size_t)(r - out->list);
	out->last = last;
	*cursor = c;
	return item;
}

/* Puts the gap that the page's header tells of before the page's first record. */
static int decode_lost(const uint8_t *page, size_t n, const struct page_layout *l, int32_t cpu,
		       struct page_records *out)
{
	/* Of a cut page the count has not been read. */
	int64_t lost = n < l->page_size ? -1 : page_lost(page, l);

	return page_records_lost(out, cpu, (int64_t)page_stamp(page), lost);
}

int page_decode(const struct pages_config *config, const uint8_t *page, size_t n, int32_t cpu,
		struct page_records *out, struct page_error *fault)
{
	const struct page_layout *l = &config->layout;
	struct page_cursor c;
	uint32_t commit = 0, whole;
	size_t first;
	int status, item;

	status = check_header(page, n, l, &commit, fault);
	if (status < 0)
		return status;
	/* Room for as many of the smallest records as there can be, and for a gap. */
	if (reserve(out, l->page_size / RECORD_MIN + 2) < 0)
		return SCHEDTRACE_E_NOMEM;
	if (commit & PAGE_COMMIT_MISSED && decode_lost(page, n, l, cpu, out) < 0)
		return SCHEDTRACE_E_NOMEM;
	first = out->n;
	if (out->marked && page_records_step(out, first) < 0)
		return SCHEDTRACE_E_NOMEM;
	out->marked = false;
	page_cursor_begin(&c, page, l);
	if (c.end > page + n)
		c.end = page + n; /* of a cut file: its last record is one that ends late */
	item = read_items(config, &c, cpu, out);
	if (item < 0)
		return item;
	/* Of a cut page, this much was there. */
	whole = page_data_offset(l) + (commit & PAGE_COMMIT_LENGTH);
	if (item == PAGE_ITEM_END && n < whole)
		page_cursor_fault(&c, PAGE_CUT, n, whole);
	if (item == PAGE_ITEM_FAULT || n < whole)
		status = set_fault(fault, c.fault, (size_t)(c.at - page), c.value, c.limit);
	/* Records resume with the first one, whatever stamp the page has. */
	if (first && out->n > first && out->list[first - 1].kind == RECORD_LOST)
		out->list[first - 1].timestamp = out->list[first].timestamp;
	return status;
}

void page_fault_text(const struct page_error *e, char *out, size_t size)
{
	static const char *const texts[] = {
		[PAGE_OK] = "no fault",
		[PAGE_CUT] = "the page has %" PRIu64 " bytes of %" PRIu64,
		[PAGE_COMMIT_LONG] =
			"the page claims %" PRIu64 " bytes of data, it can hold %" PRIu64,
		[PAGE_COMMIT_BITS] = "the commit word is %#" PRIx64 ", which sets unknown bits",
		[PAGE_COUNT_ALONE] = "the commit word is %#" PRIx64
				     ": a count of lost records without the mark that any are lost",
		[PAGE_TIME] = "the page's time stamp %" PRIu64 " is above %" PRIu64,
		[PAGE_TIME_BACK] = "the page begins %" PRIu64 " ns before the record before it",
		[RECORD_CUT] = "%" PRIu64 " bytes are left for a record, whose head needs %" PRIu64,
		[RECORD_EXTEND_CUT] = "%" PRIu64 " bytes are left for the second word of a time "
				      "stamp, which needs %" PRIu64,
		[RECORD_LENGTH_CUT] =
			"%" PRIu64 " bytes are left for the length of a record, which "
			"needs %" PRIu64,
		[RECORD_LENGTH_ZERO] =
			"the record's length word is %" PRIu64 ", it must be more than %" PRIu64,
		[RECORD_LONG] =
			"the record has %" PRIu64 " bytes, the page's data has %" PRIu64 " left",
		[RECORD_TIME] = "the record's time %" PRIu64 " is above %" PRIu64,
		[RECORD_NO_COMMON] =
			"the record has %" PRIu64 " bytes, the fields of all events need %" PRIu64,
		[RECORD_STRANGE] = "the record's event id is %" PRIu64
				   ", of which the file has no format, and no task has its pid "
				   "%" PRIu64,
		[RECORD_SHORT] = "the record has %" PRIu64 " bytes, its format needs %" PRIu64,
		[PADDING_LONG] =
			"the padding has %" PRIu64 " bytes, the page's data has %" PRIu64 " left",
		[PADDING_NULL] =
			"a mark for the end of the page stands before %" PRIu64 " bytes of data",
	};
	int n = snprintf(out, size, "byte %u of the page: ", e->at);

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	if (n > 0 && (size_t)n < size)
		snprintf(out + n, size - (size_t)n, texts[e->fault], e->value, e->limit);
#pragma GCC diagnostic pop
}
