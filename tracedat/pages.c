/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tracedat/pages.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "base/error.h"
#include "base/mem.h"

#define COMMIT_LENGTH 0x07ffffffu
#define COMMIT_STORED (1u << 30) /* the count of lost records follows the data */
#define COMMIT_MISSED (1u << 31) /* records were lost before this page */

/* Where common_pid may stand; it makes the smallest record one of a head and 8 bytes. */
#define PID_OFFSET_MIN 4
#define PID_OFFSET_MAX 64
#define RECORD_MIN     (4 + PID_OFFSET_MIN + 4)

#define TYPE_PADDING 29
#define TYPE_EXTEND  30
#define TYPE_STAMP   31

/* The most that any kernel gives a task (PID_MAX_LIMIT). */
#define PID_LIMIT 4194304

/* No stamp of a page is later (year 2079 by tai), so that no record comes near 2^62 ns, the end of
 * the times that rows can have. */
#define TIME_LIMIT (3ull << 60)

/* An absolute stamp has 59 bits; those above are the ones of the time so far. */
#define STAMP_BITS 59

static inline uint16_t load16(const uint8_t *p)
{
	uint16_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static inline uint32_t load32(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static inline uint64_t load64(const uint8_t *p)
{
	uint64_t v;

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

/* Puts the gap that the page's header tells of before the page's first record. */
static int decode_lost(const uint8_t *page, const struct page_layout *l, uint32_t commit,
		       int32_t cpu, struct page_records *out)
{
	uint32_t data = commit & COMMIT_LENGTH;
	uint64_t count = 0;
	int64_t resume = (int64_t)load64(page);

	if (commit & COMMIT_STORED &&
	    checked_range(page_data_offset(l) + data, l->commit_size, l->page_size))
		count = l->commit_size == 8 ? load64(page + page_data_offset(l) + data)
					    : load32(page + page_data_offset(l) + data);
	return page_records_lost(out, cpu, resume,
				 count && count <= INT64_MAX ? (int64_t)count : -1);
}

static int check_header(const uint8_t *page, size_t n, const struct page_layout *l,
			uint32_t *commit, struct page_error *fault)
{
	uint64_t word;
	uint64_t stamp;

	if (n < page_data_offset(l))
		return set_fault(fault, PAGE_CUT, 0, n, page_data_offset(l));
	stamp = load64(page);
	word = l->commit_size == 8 ? load64(page + 8) : load32(page + 8);
	*commit = (uint32_t)word;
	if (stamp >= TIME_LIMIT)
		return set_fault(fault, PAGE_TIME, 0, stamp, TIME_LIMIT - 1);
	/* The kernel adds the mark as a negative int, which fills the upper half. */
	if (*commit & COMMIT_MISSED && word >> 32 == UINT32_MAX)
		word = *commit;
	if (word >> 32 || *commit & ~(COMMIT_LENGTH | COMMIT_STORED | COMMIT_MISSED))
		return set_fault(fault, PAGE_COMMIT_BITS, 8, word, 0);
	if (*commit & COMMIT_STORED && !(*commit & COMMIT_MISSED))
		return set_fault(fault, PAGE_COUNT_ALONE, 8, word, 0);
	if ((*commit & COMMIT_LENGTH) > l->page_size - page_data_offset(l))
		return set_fault(fault, PAGE_COMMIT_LONG, 8, *commit & COMMIT_LENGTH,
				 l->page_size - page_data_offset(l));
	return 0;
}

int page_decode(const struct pages_config *config, const uint8_t *page, size_t n, int32_t cpu,
		struct page_records *out, struct page_error *fault)
{
	const struct page_layout *l = &config->layout;
	const uint8_t *p, *end, *data, *next;
	uint32_t commit = 0, head, size;
	struct record *r;
	uint64_t ts;
	size_t first;
	int status;

	status = check_header(page, n, l, &commit, fault);
	if (status < 0)
		return status;
	/* Room for as many of the smallest records as there can be, and for a gap. */
	if (reserve(out, l->page_size / RECORD_MIN + 2) < 0)
		return SCHEDTRACE_E_NOMEM;
	p = page + page_data_offset(l);
	end = p + (commit & COMMIT_LENGTH);
	if (end > page + n)
		end = page + n; /* of a cut file: its last record is one that ends late */
	if (commit & COMMIT_MISSED &&
	    decode_lost(page, l, n < l->page_size ? commit & ~COMMIT_STORED : commit, cpu, out) < 0)
		return SCHEDTRACE_E_NOMEM;
	ts = load64(page);
	first = out->n;
	r = out->list + first;
	if (out->marked && page_records_step(out, first) < 0)
		return SCHEDTRACE_E_NOMEM;
	out->marked = false;
#define FAULT(fault_, value_, limit_)                                                              \
	do {                                                                                       \
		status = set_fault(fault, fault_, (size_t)(p - page), value_, limit_);             \
		goto done;                                                                         \
	} while (0)
	for (; p < end; p = next) {
		if (end - p < 4)
			FAULT(RECORD_CUT, (uint64_t)(end - p), 4);
		head = load32(p);
		data = p + 4;
		if ((head & 31) - 1 < 28) {
			size = (head & 31) * 4;
			next = data + size;
			ts += head >> 5;
		} else if (!(head & 31)) {
			if (end - data < 4)
				FAULT(RECORD_LENGTH_CUT, (uint64_t)(end - data), 4);
			size = load32(data);
			if (size <= 4)
				FAULT(RECORD_LENGTH_ZERO, size, 4);
			size -= 4;
			data += 4;
			if (size > (uint64_t)(end - data))
				FAULT(RECORD_LONG, size, (uint64_t)(end - data));
			next = data + ((size + 3) & ~3u);
			ts += head >> 5;
		} else if ((head & 31) == TYPE_PADDING) {
			/* The rest of the page, or a record that was discarded after it began. */
			if (!(head >> 5) && end - p > 8)
				FAULT(PADDING_NULL, (uint64_t)(end - p), 8);
			if (!(head >> 5) || end - data < 4)
				break;
			size = load32(data);
			if (size > (uint64_t)(end - data))
				FAULT(PADDING_LONG, size, (uint64_t)(end - data));
			next = data + size;
			ts += head >> 5;
			continue;
		} else {
			uint64_t time;

			if (end - data < 4)
				FAULT(RECORD_EXTEND_CUT, (uint64_t)(end - data), 4);
			time = ((uint64_t)load32(data) << 27) + (head >> 5);
			if ((head & 31) == TYPE_EXTEND) {
				/* The kernel's mark, but for a page's first record. */
				if (!time && p > page + page_data_offset(l)) {
					if (page_records_step(out, (size_t)(r - out->list)) < 0)
						return SCHEDTRACE_E_NOMEM;
					out->marked = true;
				}
				ts += time;
			} else {
				uint64_t absolute = (ts & ~((1ull << STAMP_BITS) - 1)) |
						    (time & ((1ull << STAMP_BITS) - 1));

				/* The low bits may have wrapped since. */
				if (absolute < ts && ts - absolute > 1ull << (STAMP_BITS - 1))
					absolute += 1ull << STAMP_BITS;
				ts = absolute;
			}
			if (ts >= TIME_LIMIT)
				FAULT(RECORD_TIME, ts, TIME_LIMIT - 1);
			next = data + 4;
			continue;
		}
		if (__builtin_expect(next > end, 0))
			FAULT(RECORD_LONG, size, (uint64_t)(end - data));
		if (__builtin_expect(size < config->pid_offset + 4, 0))
			FAULT(RECORD_NO_COMMON, size, config->pid_offset + 4);
		{
			struct page_event event = config->events[load16(data)];

			if (__builtin_expect(size < event.min_size, 0))
				FAULT(RECORD_SHORT, size, event.min_size);
			r->timestamp = (int64_t)ts;
			r->data = data;
			r->size = size;
			r->pid = (int32_t)load32(data + config->pid_offset);
			r->kind = RECORD_EVENT;
			r->format = event.format - 1;
			r->cpu = cpu;
			if (__builtin_expect(!event.format, 0)) {
				r->kind = RECORD_UNKNOWN;
				r->format = load16(data);
				if (!r->format || (uint32_t)r->pid > PID_LIMIT)
					FAULT(RECORD_STRANGE, r->format, (uint32_t)r->pid);
			}
		}
		if (__builtin_expect((int64_t)ts < out->last, 0) &&
		    page_records_step(out, (size_t)(r - out->list)) < 0)
			return SCHEDTRACE_E_NOMEM;
		out->last = (int64_t)ts;
		r++;
	}
	/* Of a cut page, this much was there. */
	if (end < page + page_data_offset(l) + (commit & COMMIT_LENGTH))
		FAULT(PAGE_CUT, n, page_data_offset(l) + (commit & COMMIT_LENGTH));
done:
#undef FAULT
	out->n = (size_t)(r - out->list);
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
