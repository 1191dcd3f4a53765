/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "libschedtrace/tarball/writer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/error.h"
#include "base/whole_file.h"
#include "libschedtrace/tarball/npy.h"
#include "libschedtrace/tarball/npz.h"
#include "libschedtrace/tarball/spool.h"
#include "libschedtrace/tarball/tar.h"
#include "libschedtrace/tarball/writer_state.h"

int schedtrace_writer_new(struct schedtrace_writer **out, const char *path,
			  const struct schedtrace_context *ctx,
			  const struct schedtrace_writer_options *options,
			  struct schedtrace_error *err)
{
	struct schedtrace_writer_options o = { 0 };
	struct schedtrace_writer *w;
	int r;

	if (out)
		*out = NULL;
	if (!out || !path || !ctx)
		return error_set(err, SCHEDTRACE_E_USAGE, "a writer needs a path and a context");
	if (options && options->size <= sizeof(size_t))
		return error_set(err, SCHEDTRACE_E_USAGE, "the size of the options is not set");
	if (options)
		memcpy(&o, options, options->size < sizeof(o) ? options->size : sizeof(o));
	w = calloc(1, sizeof(*w));
	if (!w)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for a writer");
	w->magic = WRITER_MAGIC;
	w->ctx = ctx;
	w->store = o.store;
	w->block_rows = BLOCK_ROWS;
	w->block = &w->blocks[0];
	w->last_extra = &w->extras;
	w->out = OUTPUT_NONE;
	w->now = time(NULL);
	for (enum column_id c = 0; c < COLUMN_COUNT; c++)
		spool_init(&w->spools[c], c, NULL, w->store);
	w->path = strdup(path);
	r = w->path ? whole_file_open(&w->out, path, o.like, err)
		    : error_set(err, SCHEDTRACE_E_NOMEM, "no memory for a path");
	if (r == 0)
		r = pool_new(&w->pool, o.threads, err);
	if (r < 0) {
		schedtrace_writer_free(w);
		return error_prefix(err, r, "%s", path);
	}
	for (enum column_id c = 0; c < COLUMN_COUNT; c++)
		w->spools[c].pool = w->pool;
	*out = w;
	return 0;
}

void writer_set_block_rows(struct schedtrace_writer *writer, size_t rows)
{
	writer->block_rows = rows;
}

void schedtrace_writer_free(struct schedtrace_writer *w)
{
	if (!is_writer(w))
		return;
	w->magic = 0;
	pool_free(w->pool);
	for (enum column_id c = 0; c < COLUMN_COUNT; c++) {
		spool_free(&w->spools[c]);
		for (int b = 0; b < BLOCKS; b++)
			free(w->blocks[b].columns[c]);
	}
	writer_free_extras(w);
	whole_file_close(&w->out);
	free(w->path);
	free(w);
}

static int begin_column(struct schedtrace_writer *w, enum column_id c, struct schedtrace_error *err)
{
	if (!w->in_place)
		return whole_file_spool(&w->out, &w->spools[c].fd, err);
	w->spools[c].base = PLACE(c) + (c ? 0 : START_ROOM) + PLACE_HEADERS;
	w->spools[c].fd = fcntl(w->out.fd, F_DUPFD_CLOEXEC, 0);
	if (w->spools[c].fd < 0)
		return error_errno(err, SCHEDTRACE_E_IO, errno, "cannot open it again");
	return 0;
}

/* The first rows say which columns there are; even a trace without rows has the required ones. */
static int begin(struct schedtrace_writer *w, const struct schedtrace_events *events,
		 struct schedtrace_error *err)
{
	int r = 0;

	w->in_place = w->store && whole_file_collapses(&w->out, PLACE(COLUMN_COUNT));
	for (enum column_id c = 0; r == 0 && c < COLUMN_COUNT; c++) {
		w->has[c] = c < COLUMN_REQUIRED || (events && events_column(events, c));
		if (w->has[c])
			r = begin_column(w, c, err);
	}
	w->begun = r == 0;
	return r;
}

static int make_room(struct schedtrace_writer *w, struct row_block *b, struct schedtrace_error *err)
{
	for (enum column_id c = 0; c < COLUMN_COUNT; c++) {
		if (!w->has[c] || b->columns[c])
			continue;
		b->columns[c] = reallocarray(NULL, w->block_rows, column_types[c].width);
		if (!b->columns[c])
			return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for %zu rows",
					 w->block_rows);
	}
	return 0;
}

static int wait_for(struct schedtrace_writer *w, struct row_block *b, struct schedtrace_error *err)
{
	int r = 0;

	if (!b->busy)
		return 0;
	for (enum column_id c = 0; c < COLUMN_COUNT; c++)
		if (w->has[c])
			pool_wait(w->pool, &b->jobs[c].job);
	b->busy = false;
	b->n = 0;
	pool_lock(w->pool);
	for (enum column_id c = 0; r == 0 && c < COLUMN_COUNT; c++)
		if (w->spools[c].status < 0) {
			r = w->spools[c].status;
			if (err)
				*err = w->spools[c].err;
		}
	pool_unlock(w->pool);
	return r;
}

static int32_t count_events(const struct schedtrace_context *ctx)
{
	int32_t n = SCHEDTRACE_EVENT_COUNT;

	while (schedtrace_context_event_name(ctx, n))
		n++;
	return n;
}

/* Hands the block over and turns to the other one. */
static int flush(struct schedtrace_writer *w, struct schedtrace_error *err)
{
	struct row_block *b = w->block;
	struct row_limits limits = { .events = count_events(w->ctx),
				     .comms = schedtrace_context_comms(w->ctx),
				     .stacks = INT32_MAX };

	b->busy = true;
	for (enum column_id c = 0; c < COLUMN_COUNT; c++) {
		if (!w->has[c])
			continue;
		b->jobs[c] = (struct spool_job){ .spool = &w->spools[c],
						 .number = w->blocks_done,
						 .first_row = w->rows - b->n,
						 .data = b->columns[c],
						 .n = b->n,
						 .limits = limits };
		spool_submit(&b->jobs[c]);
	}
	w->blocks_done++;
	w->block = &w->blocks[w->blocks_done % BLOCKS];
	return wait_for(w, w->block, err);
}

static int add_rows(struct schedtrace_writer *w, const struct schedtrace_events *events,
		    struct schedtrace_error *err)
{
	int r = 0;

	if (!w->begun)
		r = begin(w, events, err);
	for (enum column_id c = 0; r == 0 && c < COLUMN_COUNT; c++)
		if (w->has[c] != (events_column(events, c) != NULL))
			return error_set(err, SCHEDTRACE_E_USAGE,
					 "rows %s a %s column, those before did%s",
					 w->has[c] ? "without" : "with", column_types[c].name,
					 w->has[c] ? "" : " not");
	for (size_t at = 0, n; r == 0 && at < events->n; at += n) {
		struct row_block *b = w->block;

		r = make_room(w, b, err);
		if (r < 0)
			break;
		n = w->block_rows - b->n;
		if (n > events->n - at)
			n = events->n - at;
		for (enum column_id c = 0; c < COLUMN_COUNT; c++) {
			size_t width = column_types[c].width;

			if (w->has[c])
				memcpy((char *)b->columns[c] + b->n * width,
				       (const char *)events_column(events, c) + at * width,
				       n * width);
		}
		b->n += n;
		w->rows += n;
		if (b->n == w->block_rows)
			r = flush(w, err);
	}
	return r;
}

int schedtrace_writer_rows(struct schedtrace_writer *w, const struct schedtrace_events *events,
			   struct schedtrace_error *err)
{
	int r;

	if (!is_writer(w) || !events)
		return error_set(err, SCHEDTRACE_E_USAGE, "no writer, or no rows for it");
	if (events->n == 0 && (w->begun || !events->timestamp))
		return 0;
	r = add_rows(w, events, err);
	return r < 0 ? error_prefix(err, r, "%s", w->path) : 0;
}

static int finish(struct schedtrace_writer *w, struct schedtrace_error *err)
{
	int r = w->begun ? 0 : begin(w, NULL, err);

	if (r == 0 && w->block->n > 0)
		r = flush(w, err);
	for (int b = 0; r == 0 && b < BLOCKS; b++)
		r = wait_for(w, &w->blocks[b], err);
	return r == 0 ? writer_put_all(w, err) : r;
}

int writer_finish_open(struct schedtrace_writer *w, struct whole_file *out,
		       struct schedtrace_error *err)
{
	int r;

	if (!is_writer(w))
		return error_set(err, SCHEDTRACE_E_USAGE, "no writer");
	r = finish(w, err);
	if (r < 0) {
		error_prefix(err, r, "%s", w->path);
	} else {
		*out = w->out;
		w->out = OUTPUT_NONE;
	}
	schedtrace_writer_free(w);
	return r;
}

int schedtrace_writer_finish(struct schedtrace_writer *w, struct schedtrace_error *err)
{
	int r;

	if (!is_writer(w))
		return error_set(err, SCHEDTRACE_E_USAGE, "no writer");
	r = finish(w, err);
	if (r == 0)
		r = whole_file_commit(&w->out, err);
	if (r < 0)
		error_prefix(err, r, "%s", w->path);
	schedtrace_writer_free(w);
	return r;
}
