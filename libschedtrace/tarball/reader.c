/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdlib.h>

#include "base/error.h"
#include "base/mem.h"
#include "libschedtrace/tarball/archive.h"

/* Rows a batch: its columns fit in a second-level cache together with what analyses keep. */
#define BATCH_ROWS 32768
/* Ranges of rows that are in memory at once: one is lent while threads read the others. */
#define RANGES 2
/* Fewer rows are read sooner than threads are started. */
#define THREAD_ROWS 65536

struct range {
	uint64_t row;
	size_t n;
	void *columns[COLUMN_COUNT];
	struct column_job jobs[COLUMN_COUNT];
	struct schedtrace_events events;
};

struct schedtrace_reader {
	struct schedtrace *trace;
	uint64_t row, end; /* of the rows that are still to be lent */
	struct schedtrace_events batch;

	/* The rest is for a file only. */
	struct pool *pool;
	struct column_pass passes[COLUMN_COUNT];
	uint32_t crcs[COLUMN_COUNT];
	bool whole; /* all rows will be read, so that checksums can be compared */
	uint64_t block_rows;
	uint64_t read_end;  /* end of the block that holds the last row */
	uint64_t submitted; /* row after the last that jobs were given for */
	uint64_t n_submitted;
	struct range ranges[RANGES];
	struct range *range; /* being lent, NULL before the first */
	int64_t last_timestamp;
	int status;
};

static int make_room(struct schedtrace_reader *rd, struct range *range,
		     struct schedtrace_error *err)
{
	uint64_t rows = rd->read_end - rd->submitted;
	size_t most = (size_t)(rows < rd->block_rows ? rows : rd->block_rows);

	for (enum column_id c = 0; c < COLUMN_COUNT; c++) {
		if (!rd->trace->archive->columns[c].present || range->columns[c])
			continue;
		/* Room for a whole block, since a range begins where a block does. */
		range->columns[c] = reallocarray(NULL, most + 1, column_types[c].width);
		if (!range->columns[c])
			return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for %zu rows", most);
	}
	return 0;
}

/* Gives the threads the next range to read, if there is one. */
static int submit(struct schedtrace_reader *rd, struct schedtrace_error *err)
{
	struct range *range = &rd->ranges[rd->n_submitted % RANGES];
	struct archive *a = rd->trace->archive;
	uint64_t left = rd->read_end - rd->submitted;
	int r;

	if (left == 0)
		return 0;
	r = make_room(rd, range, err);
	if (r < 0)
		return r;
	range->row = rd->submitted;
	range->n = (size_t)(left < rd->block_rows ? left : rd->block_rows);
	range->events = (struct schedtrace_events){ .n = range->n };
	for (enum column_id c = 0; c < COLUMN_COUNT; c++) {
		if (!a->columns[c].present)
			continue;
		events_set_column(&range->events, c, range->columns[c]);
		range->jobs[c] = (struct column_job){ .pass = &rd->passes[c],
						      .number = rd->n_submitted,
						      .row = range->row,
						      .n = range->n,
						      .out = range->columns[c] };
		column_submit(&range->jobs[c]);
	}
	rd->submitted += range->n;
	rd->n_submitted++;
	return 0;
}

static int take_job(struct schedtrace_reader *rd, struct column_job *job,
		    struct schedtrace_error *err)
{
	const struct column *column = job->pass->column;
	uint32_t *crc = &rd->crcs[column->id];

	pool_wait(rd->pool, &job->job);
	if (job->status < 0) {
		if (err)
			*err = job->err;
		return job->status;
	}
	*crc = deflate_crc_combine(*crc, job->crc, (uint64_t)job->n * column->npy.width);
	if (rd->whole && job->row + job->n == rd->read_end && *crc != column->entry.crc)
		return error_set(err, SCHEDTRACE_E_FORMAT, "%s.npz: wrong checksum: damaged",
				 column_types[column->id].name);
	return 0;
}

/* Turns to the range that holds the next row. */
static int next_range(struct schedtrace_reader *rd, struct schedtrace_error *err)
{
	struct range *range =
		!rd->range || rd->range == &rd->ranges[RANGES - 1] ? rd->ranges : rd->range + 1;
	int r = 0;

	/* The range that was lent until now is free again. */
	if (rd->range)
		r = submit(rd, err);
	for (enum column_id c = 0; r == 0 && c < COLUMN_COUNT; c++)
		if (range->events.n && events_column(&range->events, c))
			r = take_job(rd, &range->jobs[c], err);
	if (r == 0 && rd->range) {
		r = rows_check_order(rd->last_timestamp, range->events.timestamp[0], range->row,
				     err);
		if (r < 0)
			error_prefix(err, r, "timestamp.npz");
	}
	if (r < 0)
		return r;
	rd->last_timestamp = range->events.timestamp[range->n - 1];
	rd->range = range;
	return 0;
}

static int begin_file(struct schedtrace_reader *rd, uint64_t begin, struct schedtrace_error *err)
{
	struct archive *a = rd->trace->archive;
	int r = pool_new(&rd->pool, rd->end - begin > THREAD_ROWS ? a->threads : POOL_NO_THREADS,
			 err);

	if (r < 0)
		return r;
	rd->whole = begin == 0 && rd->end == rd->trace->rows;
	rd->block_rows = a->block_rows;
	rd->submitted = begin - begin % a->least_rows;
	rd->read_end = rd->end + (a->least_rows - rd->end % a->least_rows) % a->least_rows;
	if (rd->read_end > rd->trace->rows)
		rd->read_end = rd->trace->rows;
	if (begin == rd->end)
		rd->read_end = rd->submitted;
	for (enum column_id c = 0; c < COLUMN_COUNT; c++) {
		struct column *column = &a->columns[c];

		column_pass_init(&rd->passes[c], column, &a->in, rd->pool);
		rd->crcs[c] = column->header_crc;
		if (rd->whole && rd->end == 0 && column->present &&
		    column->header_crc != column->entry.crc)
			return error_set(err, SCHEDTRACE_E_FORMAT,
					 "%s.npz: wrong checksum: damaged", column_types[c].name);
	}
	for (int i = 0; r == 0 && i < RANGES; i++)
		r = submit(rd, err);
	return r;
}

int schedtrace_reader_new(struct schedtrace_reader **out, struct schedtrace *trace, uint64_t begin,
			  uint64_t end, struct schedtrace_error *err)
{
	struct schedtrace_reader *reader;
	int r = 0;

	if (out)
		*out = NULL;
	if (!out || !trace_is_open(trace))
		return error_set(err, SCHEDTRACE_E_USAGE, "a reader needs an open trace");
	if (end > trace->rows)
		end = trace->rows;
	if (begin > end)
		begin = end;
	reader = calloc(1, sizeof(*reader));
	if (!reader)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for a reader");
	reader->trace = trace;
	reader->row = begin;
	reader->end = end;
	if (trace->archive)
		r = begin_file(reader, begin, err);
	if (r < 0) {
		schedtrace_reader_free(reader);
		return error_prefix(err, r, "%s", trace->archive->path);
	}
	*out = reader;
	return 0;
}

int schedtrace_reader_next(struct schedtrace_reader *rd, const struct schedtrace_events **events,
			   struct schedtrace_error *err)
{
	const struct schedtrace_events *from;
	uint64_t first = 0, n;

	if (!rd || !events)
		return error_set(err, SCHEDTRACE_E_USAGE, "no reader, or no place for its rows");
	*events = NULL;
	if (rd->status < 0)
		return error_set(err, rd->status, "the pass failed before");
	if (rd->row == rd->end)
		return 0;
	if (rd->trace->archive) {
		if (!rd->range || rd->row == rd->range->row + rd->range->n)
			rd->status = next_range(rd, err);
		if (rd->status < 0)
			return error_prefix(err, rd->status, "%s", rd->trace->archive->path);
		first = rd->range->row;
	}
	from = rd->trace->archive ? &rd->range->events : &rd->trace->all;
	n = first + from->n - rd->row;
	if (n > rd->end - rd->row)
		n = rd->end - rd->row;
	if (n > BATCH_ROWS)
		n = BATCH_ROWS;
	rd->batch = events_slice(from, (size_t)(rd->row - first), (size_t)n);
	rd->row += n;
	*events = &rd->batch;
	return 1;
}

void schedtrace_reader_free(struct schedtrace_reader *rd)
{
	if (!rd)
		return;
	pool_free(rd->pool);
	for (enum column_id c = 0; c < COLUMN_COUNT; c++) {
		column_pass_free(&rd->passes[c]);
		for (int i = 0; i < RANGES; i++)
			free(rd->ranges[i].columns[c]);
	}
	free(rd);
}
