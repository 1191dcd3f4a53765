/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "libschedtrace/trace.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "libschedtrace/tarball/archive.h"

const struct column_type column_types[COLUMN_COUNT] = {
	[COLUMN_TIMESTAMP] = { "timestamp", "<i8", 8 }, [COLUMN_PID] = { "pid", "<i4", 4 },
	[COLUMN_EVENT] = { "event", "<i4", 4 },		[COLUMN_CPU] = { "cpu", "<i4", 4 },
	[COLUMN_ARG0] = { "arg0", "<i8", 8 },		[COLUMN_ARG1] = { "arg1", "<i8", 8 },
	[COLUMN_COMM] = { "comm", "<i4", 4 },		[COLUMN_STACK] = { "stack", "<i4", 4 },
};

const void *events_column(const struct schedtrace_events *events, enum column_id column)
{
	switch (column) {
	case COLUMN_TIMESTAMP:
		return events->timestamp;
	case COLUMN_PID:
		return events->pid;
	case COLUMN_EVENT:
		return events->event;
	case COLUMN_CPU:
		return events->cpu;
	case COLUMN_ARG0:
		return events->arg0;
	case COLUMN_ARG1:
		return events->arg1;
	case COLUMN_COMM:
		return events->comm;
	case COLUMN_STACK:
		return events->stack;
	default:
		return NULL;
	}
}

void events_set_column(struct schedtrace_events *events, enum column_id column, const void *data)
{
	switch (column) {
	case COLUMN_TIMESTAMP:
		events->timestamp = data;
		break;
	case COLUMN_PID:
		events->pid = data;
		break;
	case COLUMN_EVENT:
		events->event = data;
		break;
	case COLUMN_CPU:
		events->cpu = data;
		break;
	case COLUMN_ARG0:
		events->arg0 = data;
		break;
	case COLUMN_ARG1:
		events->arg1 = data;
		break;
	case COLUMN_COMM:
		events->comm = data;
		break;
	case COLUMN_STACK:
		events->stack = data;
		break;
	default:
		break;
	}
}

struct schedtrace_events events_slice(const struct schedtrace_events *events, size_t begin,
				      size_t n)
{
	struct schedtrace_events slice = { .n = n };

	for (enum column_id c = 0; c < COLUMN_COUNT; c++) {
		const char *data = events_column(events, c);

		if (data)
			events_set_column(&slice, c, data + begin * column_types[c].width);
	}
	return slice;
}

int trace_new(struct schedtrace **out, struct schedtrace_context *ctx, struct schedtrace_error *err)
{
	struct schedtrace *trace = calloc(1, sizeof(*trace));

	if (!trace)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for a trace");
	trace->magic = TRACE_MAGIC;
	trace->ctx = ctx;
	pthread_mutex_init(&trace->lock, NULL);
	*out = trace;
	return 0;
}

bool trace_is_open(const struct schedtrace *trace)
{
	return trace && trace->magic == TRACE_MAGIC;
}

void schedtrace_close(struct schedtrace *trace)
{
	if (!trace_is_open(trace))
		return;
	trace->magic = 0;
	for (int c = 0; c < COLUMN_COUNT; c++)
		free(trace->owned[c]);
	archive_close(trace->archive);
	schedtrace_context_free(trace->ctx);
	pthread_mutex_destroy(&trace->lock);
	free(trace);
}

uint64_t schedtrace_rows(const struct schedtrace *trace)
{
	return trace_is_open(trace) ? trace->rows : 0;
}

const struct schedtrace_context *schedtrace_context(const struct schedtrace *trace)
{
	return trace_is_open(trace) ? trace->ctx : NULL;
}

static int check_options(const struct schedtrace_open_options *options,
			 struct schedtrace_open_options *out, struct schedtrace_error *err)
{
	memset(out, 0, sizeof(*out));
	if (!options)
		return 0;
	if (options->size <= sizeof(size_t))
		return error_set(err, SCHEDTRACE_E_USAGE, "the size of the options is not set");
	memcpy(out, options, options->size < sizeof(*out) ? options->size : sizeof(*out));
	return 0;
}

int trace_open_input(struct schedtrace **out, struct byte_input *in, const char *path,
		     const struct schedtrace_open_options *options, struct schedtrace_error *err)
{
	struct schedtrace_context *ctx;
	struct schedtrace *trace = NULL;
	struct archive *archive;
	uint64_t rows;
	int r = archive_open(&archive, in, path, options, &ctx, &rows, err);

	if (r < 0)
		return r;
	r = trace_new(&trace, ctx, err);
	if (r < 0) {
		schedtrace_context_free(ctx);
		archive_close(archive);
		return r;
	}
	trace->archive = archive;
	trace->rows = rows;
	*out = trace;
	return 0;
}

int schedtrace_open(struct schedtrace **out, const char *path,
		    const struct schedtrace_open_options *options, struct schedtrace_error *err)
{
	struct schedtrace_open_options o;
	struct byte_input in;
	int r;

	if (out)
		*out = NULL;
	if (!out || !path)
		return error_set(err, SCHEDTRACE_E_USAGE,
				 "open needs a path and a place for the trace");
	r = check_options(options, &o, err);
	if (r < 0)
		return r;
	r = byte_input_open(&in, path, err);
	if (r == 0)
		r = trace_open_input(out, &in, path, &o, err);
	return r < 0 ? error_prefix(err, r, "%s", path) : 0;
}

int schedtrace_validate(struct schedtrace *trace, struct schedtrace_error *err)
{
	const struct schedtrace_events *events;
	struct schedtrace_reader *reader;
	struct schedtrace_stack stack; /* the first that is asked for reads and checks all */
	int r;

	if (!trace_is_open(trace))
		return error_set(err, SCHEDTRACE_E_USAGE, "validate needs a trace");
	r = schedtrace_context_load_tasks(trace->ctx, err);
	if (r == 0)
		r = schedtrace_reader_new(&reader, trace, 0, UINT64_MAX, err);
	if (r < 0)
		return r;
	do
		r = schedtrace_reader_next(reader, &events, err);
	while (r > 0);
	schedtrace_reader_free(reader);
	if (r == 0 && schedtrace_context_stacks(trace->ctx) > 0)
		r = schedtrace_context_stack(trace->ctx, 0, &stack, err);
	return r == 0 && trace->archive ? members_check(trace->archive, err) : r;
}
