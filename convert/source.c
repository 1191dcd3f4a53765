/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "convert/source.h"

#include <stdlib.h>

#include "base/error.h"
#include "convert/record_stream.h"

struct source {
	struct tracedat *tracedat;
	struct record_stream *stream;
	const struct record *records; /* the reader's latest, and how far they are converted */
	size_t n_records, next_record;
	bool read, ended; /* all records; and all rows */
};

/*
 * The recorder lists the tasks soon after tracing begins, while events come in already: a reading
 * of its own looks for the list before any row is made. What is damaged shows when rows are made.
 */
static int read_ahead(struct source *s, struct schedtrace_error *err)
{
	const struct record *records;
	struct tracedat *t;
	size_t n;
	int r = tracedat_read_again(s->tracedat, &t, err);

	if (r < 0)
		return r;
	while (r == 0 && record_stream_wants_ahead(s->stream) &&
	       tracedat_next(t, &records, &n, NULL) > 0)
		for (size_t i = 0; r == 0 && i < n && record_stream_wants_ahead(s->stream); i++)
			r = record_stream_ahead(s->stream, &records[i], err);
	tracedat_close(t);
	return r;
}

static int open_all(struct source *s, const char *path, const struct source_options *options,
		    struct schedtrace_error *err)
{
	const struct stream_options stream = { .salvage = options->file.salvage,
					       .others = options->others,
					       .in_part = options->in_part,
					       .notes = options->file.notes };
	int r = tracedat_open(&s->tracedat, path, &options->file, err);

	if (r < 0)
		return r;
	r = record_stream_new(&s->stream, tracedat_head(s->tracedat), &stream, err);
	if (r < 0)
		return r;
	r = read_ahead(s, err);
	return r < 0 ? r : record_stream_begin(s->stream, err);
}

int source_open(struct source **out, const char *path, const struct source_options *options,
		struct schedtrace_error *err)
{
	static const struct source_options none;
	struct schedtrace_error own;
	struct source *s = calloc(1, sizeof(*s));
	int r;

	err = err ? err : &own;
	if (!s)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for a source");
	r = open_all(s, path, options ? options : &none, err);
	if (r < 0)
		source_close(s);
	else
		*out = s;
	return r;
}

void source_close(struct source *s)
{
	if (!s)
		return;
	record_stream_free(s->stream);
	tracedat_close(s->tracedat);
	free(s);
}

const struct schedtrace_context *source_context(const struct source *s)
{
	return record_stream_context(s->stream);
}

/* CPUs whose last records could not be read lack them up to the end of the recording. */
static int tell_ends(struct source *s, struct schedtrace_error *err)
{
	int r = 0;

	for (int32_t cpu = 0; r == 0 && cpu < tracedat_head(s->tracedat)->n_cpus; cpu++)
		if (tracedat_ends_early(s->tracedat, cpu))
			r = record_stream_ends_early(s->stream, cpu, err);
	return r;
}

static int read_more(struct source *s, struct schedtrace_error *err)
{
	int r = tracedat_next(s->tracedat, &s->records, &s->n_records, err);

	s->next_record = 0;
	s->n_records = r > 0 ? s->n_records : 0;
	s->read = r == 0;
	return r == 0 ? tell_ends(s, err) : r;
}

static int end(struct source *s, struct schedtrace_error *err)
{
	uint64_t done, total, records;
	int r;

	tracedat_position(s->tracedat, &done, &total, &records);
	r = record_stream_end(s->stream, records, err);
	s->ended = r == 0;
	return r;
}

int source_next(struct source *s, const struct schedtrace_events **events,
		struct schedtrace_error *err)
{
	struct schedtrace_error own;
	int r = 0;

	err = err ? err : &own;
	record_stream_clear(s->stream);
	while (r >= 0 && !s->ended) {
		bool has_next = s->next_record < s->n_records;
		const struct record *next = has_next ? &s->records[s->next_record] : NULL;

		if (!record_stream_has_room(s->stream, next))
			break;
		if (has_next) {
			s->next_record++;
			r = record_stream_record(s->stream, next, err);
		} else {
			r = s->read ? end(s, err) : read_more(s, err);
		}
	}
	return r < 0 ? r : record_stream_take(s->stream, events, err);
}

const struct record_stream *source_stream(const struct source *s)
{
	return s->stream;
}

void source_position(const struct source *s, uint64_t *done, uint64_t *total, uint64_t *records)
{
	tracedat_position(s->tracedat, done, total, records);
}

bool source_damaged(const struct source *s)
{
	return tracedat_damaged(s->tracedat) || record_stream_damaged(s->stream);
}

bool source_has_stacks(const struct source *s)
{
	return record_stream_has_stacks(s->stream);
}
