/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Records of ring-buffer pages, whose formats are known. */
#ifndef TRACEDAT_PAGES_H
#define TRACEDAT_PAGES_H

#include "tracedat/container.h"
#include "tracedat/formats.h"
#include "tracedat/page_cursor.h"
#include "tracedat/tracedat.h"

struct page_event {
	uint16_t format; /* index + 1, 0 unknown */
	uint16_t min_size;
};

struct pages_config {
	struct page_layout layout;
	uint32_t pid_offset;
	struct page_event *events; /* 65536 entries by event id */
};

/*
 * The records of consecutive pages of one CPU. Their times never decrease but where the clock was
 * set back. Within a page the kernel goes on from the time before that, and only leaves a mark; the
 * next page then shows by how much.
 */
struct page_records {
	struct record *list;
	size_t n, cap;
	int64_t last;  /* stamp of the last event, INT64_MIN none */
	size_t *steps; /* indexes of records before which the clock was set back, ascending */
	size_t n_steps, cap_steps;
	bool marked; /* the latest page has the mark */
};

/* Where and what the fault is, for the sentence. */
struct page_error {
	enum page_fault fault;
	uint32_t at;	       /* byte within the page */
	uint64_t value, limit; /* what was claimed, what would be possible; see page_fault_text() */
};

int pages_configure(struct pages_config *config, const struct page_layout *layout,
		    const struct formats *formats, struct schedtrace_error *err);
void pages_config_free(struct pages_config *config);

/*
 * Appends the records of the page of @n bytes (the layout's page size, or fewer at the end of a
 * cut file) to @out. After a fault the records before it are there. Returns SCHEDTRACE_OK,
 * E_NOMEM, or E_FORMAT with @fault filled.
 */
int page_decode(const struct pages_config *config, const uint8_t *page, size_t n, int32_t cpu,
		struct page_records *out, struct page_error *fault);

/* Takes back all records but the first @n; @last is the stamp of the last event among these. */
void page_records_cut(struct page_records *out, size_t n, int64_t last);

/*
 * Before the record of that index, which may be the next one, the clock was set back; before the
 * end of the gap there, if one ends with it.
 */
int page_records_step(struct page_records *out, size_t index);

/*
 * Says that records are missing from here: @count of them, -1 unknown. Right behind another gap it
 * makes that one longer. With RESUME_OPEN the stamp of the gap's end is that of the next event,
 * whichever page that is on.
 */
int page_records_lost(struct page_records *out, int32_t cpu, int64_t resume, int64_t count);
#define RESUME_OPEN INT64_MAX

/*
 * Blocks of pages are decoded each alone, so that a gap may begin in one and end in a later one.
 * page_records_open_gap() takes the end of a gap away with which @out ends and which is open;
 * false: it does not. Without records before it (@last is INT64_MIN) its begin has no time and goes
 * too. page_records_end_gap() ends such a gap where the records of a later block begin; there is
 * one.
 */
bool page_records_open_gap(struct page_records *out, int64_t last);
int page_records_end_gap(struct page_records *out);

/* "record at byte 120 of the page: ends ..." */
void page_fault_text(const struct page_error *fault, char *out, size_t size);

#endif
