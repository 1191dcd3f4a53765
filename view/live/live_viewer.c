/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "view/live/live_viewer.h"

#include <stdlib.h>

#include "base/error.h"
#include "input/live_input.h"
#include "libschedtrace/analysis.h"
#include "view/live/live_frames.h"

#define USUAL_INTERVAL_NS 2000000000
/* Tasks that ended are kept so long, in intervals: their rows are still to be seen. */
#define KEPT_INTERVALS 5

struct live_viewer {
	const struct live_tables *tables;
	struct input *input;
	struct live_input *pages;		      /* of the input */
	struct schedtrace_engine *engine;	      /* NULL: nothing has come yet */
	struct schedtrace_tables *before;	      /* as of the last interval's end */
	int64_t begin_ns, before_ns, now_ns, last_ns; /* INT64_MIN: not yet */
	int64_t intervals;
	bool done; /* all that was asked for is printed */
};

int live_viewer_new(struct live_viewer **out, const struct live_tables *tables, int head_fd,
		    struct schedtrace_error *err)
{
	const struct input_options options = { .instance = NULL };
	struct live_viewer *v = calloc(1, sizeof(*v));
	int r;

	if (!v)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for tables");
	v->tables = tables;
	v->begin_ns = v->before_ns = v->now_ns = v->last_ns = INT64_MIN;
	r = live_input_open(&v->input, &v->pages, head_fd, &options, err);
	if (r < 0)
		free(v);
	else
		*out = v;
	return r;
}

void live_viewer_free(struct live_viewer *v)
{
	schedtrace_tables_free(v->before);
	schedtrace_engine_free(v->engine);
	input_close(v->input);
	free(v);
}

static int64_t interval(const struct live_viewer *v)
{
	int64_t ns = v->tables->options->interval_ns;

	return ns ? ns : USUAL_INTERVAL_NS;
}

static int begin(struct live_viewer *v, struct schedtrace_error *err)
{
	int r = schedtrace_engine_new(&v->engine, input_context(v->input), err);

	for (size_t i = 0; r == 0 && i < v->tables->n_analyses; i++)
		r = schedtrace_engine_add(v->engine, v->tables->analyses[i], err);
	return r;
}

/* All rows that there are by now. */
static int take_rows(struct live_viewer *v, struct schedtrace_error *err)
{
	const struct schedtrace_events *rows;
	int r, answer;

	while ((answer = input_next(v->input, &rows, err)) == INPUT_ROWS) {
		r = v->engine ? 0 : begin(v, err);
		if (r == 0 && rows->n && v->begin_ns == INT64_MIN)
			v->begin_ns = v->before_ns = rows->timestamp[0];
		if (r == 0 && rows->n)
			v->last_ns = rows->timestamp[rows->n - 1];
		if (r == 0)
			r = schedtrace_engine_feed(v->engine, rows, err);
		if (r < 0)
			return r;
	}
	return answer < 0 ? answer : 0;
}

static int64_t wall_offset(const struct live_viewer *v)
{
	return schedtrace_context_info(input_context(v->input))->wall_offset_begin_ns;
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

static int take_round(struct live_viewer *v, int64_t until_ns, struct schedtrace_error *err)
{
	const struct live_options *options = v->tables->options;
	int r;

	live_input_round(v->pages, until_ns);
	r = take_rows(v, err);
	if (r < 0 || v->begin_ns == INT64_MIN || until_ns == INT64_MAX)
		return r;
	v->now_ns = until_ns;
	if (v->now_ns - v->before_ns < interval(v))
		return 0;
	if (!options->once)
		return print_interval(v, err);
	return options->command ? 0 : print_whole(v, err);
}

/* After the last round, when recording has ended. */
static int end(struct live_viewer *v, struct schedtrace_error *err)
{
	int r = v->engine ? engine_finish(v->engine, err) : 0;

	if (r < 0 || v->begin_ns == INT64_MIN)
		return r;
	v->now_ns = v->last_ns > v->now_ns ? v->last_ns : v->now_ns;
	return v->tables->options->once ? print_whole(v, err) : print_interval(v, err);
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
			r = live_input_pages(v->pages, frame.cpu, bytes, frame.bytes, err);
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
