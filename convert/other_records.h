/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Records that no row is made of, kept as they are: a batch of them in columns, and what their
 * bytes mean. Nothing here is done unless the user asks for all events.
 */
#ifndef CONVERT_OTHER_RECORDS_H
#define CONVERT_OTHER_RECORDS_H

#include <schedtrace/error.h>

#include "tracedat/event_format.h"
#include "tracedat/record.h"

#define OTHERS_MAX   8192	       /* records of a batch, */
#define OTHERS_BYTES ((size_t)1 << 20) /* and about how many bytes of them */

struct other_event {
	const struct format *format; /* NULL: the file has none */
	uint16_t id;
	uint64_t n;
};

struct other_records {
	const struct format *formats;
	size_t n_formats;
	bool *chosen;		    /* by index of the format: kept */
	int32_t *numbers;	    /* by index of the format, then by id: in events, -1 not met */
	struct other_event *events; /* in the order in which they were met */
	size_t n_events, cap_events;
	/* the batch */
	size_t n, bytes, cap;
	uint64_t total; /* bytes of this and all batches before it */
	int64_t timestamp[OTHERS_MAX], end[OTHERS_MAX];
	int32_t event[OTHERS_MAX], cpu[OTHERS_MAX], pid[OTHERS_MAX];
	uint8_t *data;
};

int other_records_new(struct other_records **out, const struct format *formats, size_t n_formats,
		      struct schedtrace_error *err);
void other_records_free(struct other_records *o);

/* Keeps the records of a format. */
static inline void other_records_choose(struct other_records *o, size_t format)
{
	o->chosen[format] = true;
}

static inline bool other_records_are(const struct other_records *o, const struct record *r)
{
	return r->kind == RECORD_UNKNOWN || (r->kind == RECORD_EVENT && o->chosen[r->format]);
}

static inline bool other_records_full(const struct other_records *o)
{
	return o->n == OTHERS_MAX || o->bytes >= OTHERS_BYTES;
}

/* There must be room: other_records_full() is false. */
int other_records_add(struct other_records *o, const struct record *r,
		      struct schedtrace_error *err);
void other_records_clear(struct other_records *o);

/* The events met so far as JSON, to be freed; NULL without memory. */
char *other_records_events(const struct other_records *o);

#endif
