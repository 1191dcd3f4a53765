/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rows of a trace as a stream of Arrow arrays. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "libschedtrace/arrow/arrow_build.h"
#include "libschedtrace/trace.h"

struct event_stream {
	struct schedtrace *trace;
	struct schedtrace_reader *reader;
	/* The next batch, read ahead: its columns are those of the schema. */
	const struct schedtrace_events *events;
	bool has_comm, has_stack, ended;
	struct schedtrace_error err;
};

static const struct arrow_field fields[COLUMN_COUNT] = {
	[COLUMN_TIMESTAMP] = { "timestamp", "l", .unit = "ns" },
	[COLUMN_PID] = { "pid", "i" },
	[COLUMN_EVENT] = { "event", "i", .dictionary = true },
	[COLUMN_CPU] = { "cpu", "i" },
	[COLUMN_ARG0] = { "arg0", "l" },
	[COLUMN_ARG1] = { "arg1", "l" },
	[COLUMN_COMM] = { "comm", "i", .nullable = true, .dictionary = true },
	[COLUMN_STACK] = { "stack", "i", .nullable = true },
};

static bool has_column(const struct event_stream *s, enum column_id c)
{
	return c == COLUMN_COMM ? s->has_comm : c == COLUMN_STACK ? s->has_stack : true;
}

static int get_schema(struct ArrowArrayStream *stream, struct ArrowSchema *out)
{
	const struct event_stream *s = stream->private_data;
	struct arrow_field present[COLUMN_COUNT];
	size_t n = 0;

	for (enum column_id c = 0; c < COLUMN_COUNT; c++)
		if (has_column(s, c))
			present[n++] = fields[c];
	return arrow_schema(out, present, n);
}

static bool has_no_name(const void *values, int64_t i)
{
	const int32_t *ids = values;

	return ids[i] <= 0;
}

static bool has_no_stack(const void *values, int64_t i)
{
	const int32_t *ids = values;

	return ids[i] < 0;
}

static const char *event_name(const void *user, int64_t i)
{
	return schedtrace_context_event_name(user, (int32_t)i);
}

static const char *comm(const void *user, int64_t i)
{
	return i ? schedtrace_context_comm(user, (int32_t)i) : NULL;
}

/* Names of ids 0 to the largest that the column has. */
static int add_names(struct ArrowArray *out, const int32_t *ids, enum column_id c,
		     const struct schedtrace_context *ctx)
{
	struct ArrowArray names;
	int32_t most = -1;
	int r;

	for (int64_t i = 0; i < out->length; i++)
		most = ids[i] > most ? ids[i] : most;
	r = arrow_texts(&names, (int64_t)most + 1, c == COLUMN_COMM ? comm : event_name, ctx);
	return r ? r : arrow_dictionary(out, &names);
}

static int make_column(struct event_stream *s, enum column_id c, struct ArrowArray *out)
{
	size_t bytes = s->events->n * column_types[c].width;
	void *copy = malloc(bytes + 1);
	int r;

	if (!copy)
		return ENOMEM;
	memcpy(copy, events_column(s->events, c), bytes);
	r = arrow_values(out, (int64_t)s->events->n, copy, copy,
			 c == COLUMN_COMM    ? has_no_name
			 : c == COLUMN_STACK ? has_no_stack
					     : NULL);
	if (r || !fields[c].dictionary)
		return r;
	return add_names(out, copy, c, schedtrace_context(s->trace));
}

static int make_batch(struct event_stream *s, struct ArrowArray *out)
{
	size_t n = (size_t)(COLUMN_REQUIRED + s->has_comm + s->has_stack);
	int r = arrow_struct(out, (int64_t)s->events->n, n);

	n = 0;
	for (enum column_id c = 0; c < COLUMN_COUNT && !r; c++)
		if (has_column(s, c))
			r = make_column(s, c, out->children[n++]);
	if (r && out->release)
		out->release(out);
	return r;
}

static int read_more(struct event_stream *s)
{
	int r = schedtrace_reader_next(s->reader, &s->events, &s->err);

	s->ended = r <= 0;
	return r;
}

static int get_next(struct ArrowArrayStream *stream, struct ArrowArray *out)
{
	struct event_stream *s = stream->private_data;
	int r;

	*out = (struct ArrowArray){ 0 };
	if (s->err.status < 0)
		return EIO;
	if (s->ended)
		return 0;
	r = make_batch(s, out);
	if (r) {
		error_set(&s->err, SCHEDTRACE_E_NOMEM, "no memory for a batch of rows");
		return r;
	}
	/* A failure is told with the next batch: this one is whole. */
	read_more(s);
	return 0;
}

static const char *get_last_error(struct ArrowArrayStream *stream)
{
	const struct event_stream *s = stream->private_data;

	return s->err.status < 0 ? s->err.text : NULL;
}

static void release(struct ArrowArrayStream *stream)
{
	struct event_stream *s = stream->private_data;

	schedtrace_reader_free(s->reader);
	free(s);
	stream->release = NULL;
}

int schedtrace_arrow_events(struct ArrowArrayStream *out, struct schedtrace *trace, uint64_t begin,
			    uint64_t end, struct schedtrace_error *err)
{
	struct event_stream *s = calloc(1, sizeof(*s));
	int r;

	if (!s)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for a stream of rows");
	s->trace = trace;
	r = schedtrace_reader_new(&s->reader, trace, begin, end, err);
	if (r == 0 && read_more(s) < 0) {
		r = s->err.status;
		error_set(err, r, "%s", s->err.text);
	}
	if (r < 0) {
		schedtrace_reader_free(s->reader);
		free(s);
		return r;
	}
	s->has_comm = !s->ended && s->events->comm;
	s->has_stack = !s->ended && s->events->stack;
	*out = (struct ArrowArrayStream){ get_schema, get_next, get_last_error, release, s };
	return 0;
}
