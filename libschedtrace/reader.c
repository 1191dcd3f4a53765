/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdlib.h>

#include "error.h"
#include "trace.h"

/* Rows a batch: its columns fit in a second-level cache together with what analyses keep. */
#define BATCH_ROWS 32768

struct schedtrace_reader {
	struct schedtrace *trace;
	uint64_t row, end;
	struct schedtrace_events batch;
};

int schedtrace_reader_new(struct schedtrace_reader **out, struct schedtrace *trace, uint64_t begin,
			  uint64_t end, struct schedtrace_error *err)
{
	struct schedtrace_reader *reader;

	if (out)
		*out = NULL;
	if (!out || !trace_is_open(trace))
		return error_set(err, SCHEDTRACE_E_USAGE, "a reader needs an open trace");
	if (end > trace->rows)
		end = trace->rows;
	reader = calloc(1, sizeof(*reader));
	if (!reader)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for a reader");
	reader->trace = trace;
	reader->row = begin < end ? begin : end;
	reader->end = end;
	*out = reader;
	return 0;
}

int schedtrace_reader_next(struct schedtrace_reader *reader,
			   const struct schedtrace_events **events, struct schedtrace_error *err)
{
	size_t n;

	if (!reader || !events)
		return error_set(err, SCHEDTRACE_E_USAGE, "no reader, or no place for its rows");
	*events = NULL;
	if (reader->row == reader->end)
		return 0;
	n = reader->end - reader->row < BATCH_ROWS ? (size_t)(reader->end - reader->row)
						   : BATCH_ROWS;
	reader->batch = events_slice(&reader->trace->all, (size_t)reader->row, n);
	reader->row += n;
	*events = &reader->batch;
	return 1;
}

void schedtrace_reader_free(struct schedtrace_reader *reader)
{
	free(reader);
}
