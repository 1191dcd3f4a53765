/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Records in, rows out: what makes rows is given records in time order, wherever they come from,
 * and a batch of rows is taken whenever the caller wants one.
 */
#ifndef CONVERT_RECORD_STREAM_H
#define CONVERT_RECORD_STREAM_H

#include <schedtrace/context.h>

#include "convert/other_records.h"
#include "convert/stream_options.h"
#include "tracedat/head.h"

struct record_stream;

/* What @head lends must outlive the stream. */
int record_stream_new(struct record_stream **out, const struct tracedat_head *head,
		      const struct stream_options *options, struct schedtrace_error *err);
void record_stream_free(struct record_stream *s);

/*
 * Before the first record_stream_record(): those from the beginning on, as long as they are wanted,
 * so that the recorder's markers among them are known to the rows before them and the context is
 * known when the first rows come.
 */
bool record_stream_wants_ahead(const struct record_stream *s);
int record_stream_ahead(struct record_stream *s, const struct record *r,
			struct schedtrace_error *err);

/* After those, if there were any: fills the context with what is known now. */
int record_stream_begin(struct record_stream *s, struct schedtrace_error *err);

/* Whether there is room for the rows of @next; NULL: a record that is not known yet. A row whose
 * call stack may still come is not given away. */
bool record_stream_has_room(const struct record_stream *s, const struct record *next);
int record_stream_record(struct record_stream *s, const struct record *r,
			 struct schedtrace_error *err);

/* After the last record, for each CPU whose last ones could not be read: they are missing. */
int record_stream_ends_early(struct record_stream *s, int32_t cpu, struct schedtrace_error *err);

/* After all that, as long as there is room: 1 if there was more to be made into rows, 0 at the end,
 * when the context is complete and notes tell what is missing of @records records. */
int record_stream_end(struct record_stream *s, uint64_t records, struct schedtrace_error *err);

/* The rows made since the last call, which live until the next record: 1, or 0 if there are none
 * and no other records either. */
int record_stream_take(struct record_stream *s, const struct schedtrace_events **events,
		       struct schedtrace_error *err);
/* Before the next record: the rows that were taken are done with. */
void record_stream_clear(struct record_stream *s);

/* Grows with the records; complete at the end. */
const struct schedtrace_context *record_stream_context(const struct record_stream *s);

/* Records that no row is made of, as of the batch taken last; NULL without options->others. */
const struct other_records *record_stream_others(const struct record_stream *s);

/* The state of the system at begin and end as JSON, to be freed, at the end; NULL none. */
char *record_stream_snapshot(const struct record_stream *s);

/* The i-th file that the recorder kept, at the end; false: there are no more. */
bool record_stream_file(const struct record_stream *s, size_t i, const char **name,
			const void **data, size_t *n);

/* Whether there were records of an event whose format is damaged. */
bool record_stream_damaged(const struct record_stream *s);

/* Whether the rows have a column of call stacks; known once it has begun. */
bool record_stream_has_stacks(const struct record_stream *s);

#endif
