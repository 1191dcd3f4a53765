/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "view/live/live_viewer.h"

#include <stdlib.h>

#include "base/error.h"
#include "convert/record_stream.h"
#include "libschedtrace/analysis.h"
#include "tracedat/page_merge.h"
#include "tracedat/tracedat.h"
#include "view/live/live_frames.h"

#define USUAL_INTERVAL_NS 2000000000
/* Tasks that ended are kept so long, in intervals: their rows are still to be seen. */
#define KEPT_INTERVALS 5

struct live_viewer {
	const struct live_tables *tables;
	struct tracedat *head;
	struct page_merge *merge;
	struct record_stream *stream;
	struct schedtrace_engine *engine;	      /* NULL: nothing has come yet */
	struct schedtrace_tables *before;	      /* as of the last interval's end */
	int64_t begin_ns, before_ns, now_ns, last_ns; /* INT64_MIN: not yet */
	int64_t started_ns; /* before which the recorder has written what the system was like */
	int64_t intervals;
	uint64_t records;
	bool done; /* all that was asked for is printed */
};

int live_viewer_new(struct live_viewer **out, const struct live_tables *tables, const char *path,
		    struct schedtrace_error *err)
{
	const struct stream_options stream = { .salvage = false };
	struct live_viewer *v = calloc(1, sizeof(*v));
	int r;

	if (!v)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for tables");
	v->tables = tables;
	v->begin_ns = v->before_ns = v->now_ns = v->last_ns = INT64_MIN;
	r = tracedat_open(&v->head, path, NULL, err);
	if (r == 0)
		r = tracedat_page_merge(v->head, &v->merge, err);
	if (r == 0)
		r = record_stream_new(&v->stream, tracedat_head(v->head), &stream, err);
	if (r < 0) {
		live_viewer_free(v);
		return r;
	}
	*out = v;
	return 0;
}

void live_viewer_free(struct live_viewer *v)
{
	schedtrace_tables_free(v->before);
	schedtrace_engine_free(v->engine);
	record_stream_free(v->stream);
	page_merge_free(v->merge);
	tracedat_close(v->head);
	free(v);
}

static int64_t interval(const struct live_viewer *v)
{
	int64_t ns = v->tables->options->interval_ns;

	return ns ? ns : USUAL_INTERVAL_NS;
}

/* The first records have what the recorder says at the beginning: it is known to all rows. */
static int begin(struct live_viewer *v, const struct record *records, size_t n,
		 struct schedtrace_error *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < n && record_stream_wants_ahead(v->stream); i++)
		r = record_stream_ahead(v->stream, &records[i], err);
	if (r == 0)
		r = record_stream_begin(v->stream, err);
	if (r == 0)
		r = schedtrace_engine_new(&v->engine, record_stream_context(v->stream), err);
	for (size_t i = 0; r == 0 && i < v->tables->n_analyses; i++)
		r = schedtrace_engine_add(v->engine, v->tables->analyses[i], err);
	return r;
}

static int feed(struct live_viewer *v, struct schedtrace_error *err)
{
	const struct schedtrace_events *rows;
	int r = record_stream_take(v->stream, &rows, err);

	if (r > 0 && rows->n) {
		if (v->begin_ns == INT64_MIN)
			v->begin_ns = v->before_ns = rows->timestamp[0];
		v->last_ns = rows->timestamp[rows->n - 1];
	}
	if (r > 0)
		r = schedtrace_engine_feed(v->engine, rows, err);
	record_stream_clear(v->stream);
	return r;
}

static int64_t wall_offset(const struct live_viewer *v)
{
	return schedtrace_context_info(record_stream_context(v->stream))->wall_offset_begin_ns;
}

static int print(struct live_viewer *v, const struct schedtrace_tables *tables, int64_t begin_ns,
		 bool whole, struct schedtrace_error *err)
{
	const struct live_span span = {
		.begin_ns = begin_ns, .end_ns = v->now_ns, .wall_ns = wall_offset(v), .whole = whole
	};

	return live_tables_print(stdout, v->tables, tables, &span, err);
}

static int print_interval(struct live_viewer *v, struct schedtrace_error *err)
{
	struct schedtrace_tables *now, *between;
	int r = schedtrace_engine_snapshot(v->engine, &now, err);

	if (r < 0)
		return r;
	r = schedtrace_tables_interval(v->before, now, &between, err);
	if (r == 0) {
		r = print(v, between, v->before_ns, false, err);
		schedtrace_tables_free(between);
	}
	schedtrace_tables_free(v->before);
	v->before = now;
	v->before_ns = v->now_ns;
	v->intervals++;
	v->done = v->tables->options->count && v->intervals >= v->tables->options->count;
	return r < 0 ? r
		     : schedtrace_engine_forget(v->engine, v->now_ns - KEPT_INTERVALS * interval(v),
						err);
}

static int print_whole(struct live_viewer *v, struct schedtrace_error *err)
{
	struct schedtrace_tables *tables;
	int r = schedtrace_engine_snapshot(v->engine, &tables, err);

	if (r < 0)
		return r;
	r = print(v, tables, v->begin_ns, true, err);
	schedtrace_tables_free(tables);
	v->done = true;
	return r;
}

static int take_records(struct live_viewer *v, const struct record *records, size_t n,
			struct schedtrace_error *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++) {
		if (!record_stream_has_room(v->stream, &records[i]))
			r = feed(v, err);
		if (r == 0)
			r = record_stream_record(v->stream, &records[i], err);
		v->records += records[i].kind == RECORD_EVENT;
	}
	return r < 0 ? r : feed(v, err);
}

static int take_round(struct live_viewer *v, int64_t until_ns, struct schedtrace_error *err)
{
	const struct live_options *options = v->tables->options;
	const struct record *records;
	size_t n;
	int r;

	if (!v->engine && until_ns < v->started_ns)
		return 0; /* the pages wait in the merge */
	r = page_merge_next(v->merge, until_ns, &records, &n, err);
	if (r == 0 && !v->engine)
		r = begin(v, records, n, err);
	if (r == 0)
		r = take_records(v, records, n, err);
	if (r < 0 || v->begin_ns == INT64_MIN || until_ns == INT64_MAX)
		return r;
	v->now_ns = until_ns;
	if (v->now_ns - v->before_ns < interval(v))
		return 0;
	if (!options->once)
		return print_interval(v, err);
	return options->command ? 0 : print_whole(v, err);
}

/* What is left when recording has ended. */
static int end(struct live_viewer *v, struct schedtrace_error *err)
{
	const struct live_options *options = v->tables->options;
	int more = 1, r = 0;

	if (!v->engine)
		return 0;
	while (more > 0 && r == 0) {
		more = record_stream_end(v->stream, v->records, err);
		r = more < 0 ? more : feed(v, err);
	}
	if (r == 0)
		r = engine_finish(v->engine, err);
	if (r < 0 || v->begin_ns == INT64_MIN)
		return r;
	v->now_ns = v->last_ns > v->now_ns ? v->last_ns : v->now_ns;
	return options->once ? print_whole(v, err) : print_interval(v, err);
}

int live_viewer_run(struct live_viewer *v, int fd, struct schedtrace_error *err)
{
	struct live_frame frame;
	void *bytes = NULL;
	size_t room = 0;
	int r = 0, got;

	while (r == 0 && !v->done &&
	       (got = r = live_frame_receive(fd, &frame, &bytes, &room, err)) > 0) {
		r = 0;
		if (frame.kind == LIVE_PAGES)
			r = page_merge_add(v->merge, frame.cpu, bytes, frame.bytes, err);
		else if (frame.kind == LIVE_STARTED)
			v->started_ns = frame.until_ns;
		else if (frame.kind == LIVE_ROUND)
			r = take_round(v, frame.until_ns, err);
		if (frame.kind != LIVE_END)
			continue;
		r = end(v, err);
		v->done = true;
	}
	free(bytes);
	if (r == 0 && !v->done)
		r = error_set(err, SCHEDTRACE_E_IO, "the recorder has died");
	return r == SCHEDTRACE_E_CANCELLED ? 0 : r;
}
