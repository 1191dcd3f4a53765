/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "view/live/live_follow.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "libschedtrace/analysis.h"
#include "view/live/live_frames.h"

void live_follow_close(struct live_follow *f)
{
	schedtrace_engine_free(f->engine);
	f->engine = NULL;
	if (f->input)
		input_close(f->input);
	f->input = NULL;
}

/* What events are like, as a file of @size bytes, of which those behind @n are zeroes. */
static int open_head(struct live_follow *f, const char *head, size_t n, int64_t size,
		     struct schedtrace_error *err)
{
	const struct input_options options = { .instance = NULL };
	auto_close int fd = memfd_create("head", MFD_CLOEXEC);

	while (fd >= 0 && n) {
		ssize_t done = write(fd, head, n);

		if (done < 0 && errno != EINTR)
			break;
		if (done > 0) {
			head += done;
			n -= (size_t)done;
		}
	}
	if (fd < 0 || n || ftruncate(fd, size) < 0)
		return error_errno(err, SCHEDTRACE_E_IO, errno, "cannot make a file in memory");
	return live_input_open(&f->input, &f->pages, fd, &options, err);
}

static int take_row(void *user, const struct schedtrace_table_info *log,
		    const union schedtrace_value *values, struct schedtrace_error *err)
{
	struct live_follow *f = user;
	int r = f->requests ? request_log_row(f->requests, log, values, err) : 0;

	return r == 0 && f->sink ? f->sink->row(f->sink->user, log, values, err) : r;
}

static int begin(struct live_follow *f, const struct live_frame *frame, const char *head,
		 struct schedtrace_error *err)
{
	int r;

	live_follow_close(f);
	f->lost = false;
	f->begin_ns = f->now_ns = f->last_ns = INT64_MIN;
	r = open_head(f, head, frame->bytes, frame->head_size, err);
	if (r == 0 && f->listener.begun)
		r = f->listener.begun(f->listener.user, err);
	return r;
}

static int make_engine(struct live_follow *f, struct schedtrace_error *err)
{
	const struct schedtrace_sink sink = { sizeof(sink), f, take_row };
	const struct schedtrace_context *context = input_context(f->input);
	/* Once there are rows, wall time is known. */
	int r = f->requests ? request_log_begin(f->requests, schedtrace_context_info(context), err)
			    : 0;

	if (r == 0)
		r = schedtrace_engine_new(&f->engine, context, err);
	for (size_t i = 0; r == 0 && i < f->n_analyses; i++)
		r = schedtrace_engine_add(f->engine, f->analyses[i], err);
	return r == 0 && (f->sink || f->requests)
		       ? schedtrace_engine_set_sink(f->engine, &sink, err)
		       : r;
}

/* All rows that there are by now. */
static int take_rows(struct live_follow *f, struct schedtrace_error *err)
{
	const struct schedtrace_events *rows;
	int r, answer;

	while ((answer = input_next(f->input, &rows, err)) == INPUT_ROWS) {
		r = f->engine ? 0 : make_engine(f, err);
		if (r == 0 && rows->n && f->begin_ns == INT64_MIN)
			f->begin_ns = rows->timestamp[0];
		if (r == 0 && rows->n)
			f->last_ns = rows->timestamp[rows->n - 1];
		if (r == 0)
			r = schedtrace_engine_feed(f->engine, rows, err);
		if (r < 0)
			return r;
	}
	return answer < 0 ? answer : 0;
}

int64_t live_follow_wall_offset(const struct live_follow *f)
{
	return schedtrace_context_info(input_context(f->input))->wall_offset_begin_ns;
}

static int take_round(struct live_follow *f, int64_t until_ns, struct schedtrace_error *err)
{
	int r;

	live_input_round(f->pages, until_ns);
	r = take_rows(f, err);
	if (r < 0 || f->begin_ns == INT64_MIN || until_ns == INT64_MAX)
		return r;
	f->now_ns = until_ns;
	return f->listener.round(f->listener.user, err);
}

/* After the last round of a recording. */
static int end(struct live_follow *f, struct schedtrace_error *err)
{
	int r = f->engine ? engine_finish(f->engine, err) : 0;

	if (r < 0)
		return r;
	if (f->last_ns > f->now_ns)
		f->now_ns = f->last_ns;
	return f->listener.ended(f->listener.user, err);
}

static int take(struct live_follow *f, const struct live_frame *frame, const void *bytes,
		struct schedtrace_error *err)
{
	if (frame->kind == LIVE_HEAD)
		return begin(f, frame, bytes, err);
	if (frame->kind == LIVE_TOLD)
		return f->listener.told
			       ? f->listener.told(f->listener.user, bytes, frame->bytes, err)
			       : 0;
	if (f->lost)
		return 0;
	if (!f->input)
		return error_set(err, SCHEDTRACE_E_IO, "the recorder sent nothing to begin with");
	switch (frame->kind) {
	case LIVE_PAGES:
		return live_input_pages(f->pages, frame->cpu, bytes, frame->bytes, err);
	case LIVE_ROUND:
		return take_round(f, frame->until_ns, err);
	default:
		return end(f, err);
	}
}

/* Something of a recording that cannot be read, or has no room. */
static int fail(struct live_follow *f, int r, struct schedtrace_error *err)
{
	const struct schedtrace_error why = *err;

	if (r == SCHEDTRACE_E_CANCELLED || !f->listener.failed)
		return r;
	f->lost = true;
	return f->listener.failed(f->listener.user, &why, err);
}

/* Whether there is anything more to receive. */
static bool wait(struct live_follow *f, int fd, int *r, struct schedtrace_error *err)
{
	if (!f->done && f->listener.wait)
		*r = f->listener.wait(f->listener.user, fd, err);
	return *r == 0 && !f->done;
}

int live_follow_run(struct live_follow *f, int fd, struct schedtrace_error *err)
{
	struct live_frame frame;
	void *bytes = NULL;
	size_t room = 0;
	bool ended = false;
	int r = 0, got;

	while (r == 0 && wait(f, fd, &r, err) &&
	       (got = r = live_frame_receive(fd, &frame, &bytes, &room, err)) > 0) {
		r = take(f, &frame, bytes, err);
		if (r < 0)
			r = fail(f, r, err);
		ended = frame.kind == LIVE_END || (ended && frame.kind == LIVE_TOLD);
	}
	free(bytes);
	if (r == 0 && !f->done && !ended)
		r = error_set(err, SCHEDTRACE_E_IO, "the recorder has died");
	return r == SCHEDTRACE_E_CANCELLED ? 0 : r;
}
