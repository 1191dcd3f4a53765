/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "input/live_input.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "convert/record_stream.h"
#include "input/input_kind.h"
#include "input/stream_members.h"
#include "tracedat/page_merge.h"
#include "tracedat/tracedat.h"

struct live_input {
	struct tracedat *head;
	struct page_merge *merge;
	struct record_stream *stream;
	int64_t pushed, merged; /* all records before are in; and have been taken out */
	const struct record *records;
	size_t n, at;
	bool begun, ended;
	uint64_t bytes, n_events;
};

static void close_live(void *self)
{
	struct live_input *l = self;

	record_stream_free(l->stream);
	page_merge_free(l->merge);
	tracedat_close(l->head);
	free(l);
}

static int open_live(struct live_input *l, int head_fd, const struct input_options *options,
		     struct schedtrace_error *err)
{
	const struct notes notes = { options->note, options->user };
	const struct stream_options stream = { .others = options->others, .notes = notes };
	const struct tracedat_options file = { .notes = notes };
	char path[64];
	int r;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", head_fd);
	r = tracedat_open(&l->head, path, &file, err);
	if (r < 0)
		return r;
	r = tracedat_page_merge(l->head, &l->merge, err);
	return r < 0 ? r : record_stream_new(&l->stream, tracedat_head(l->head), &stream, err);
}

int live_input_pages(struct live_input *l, int part, const void *pages, size_t bytes,
		     struct schedtrace_error *err)
{
	l->bytes += bytes;
	return page_merge_add(l->merge, part, pages, bytes, err);
}

void live_input_round(struct live_input *l, int64_t until_ns)
{
	if (until_ns > l->pushed)
		l->pushed = until_ns;
}

/* The first round has what the recorder writes at the beginning: it is known to all rows. */
static int begin(struct live_input *l, struct schedtrace_error *err)
{
	l->begun = true;
	for (size_t i = 0; i < l->n && record_stream_wants_ahead(l->stream); i++) {
		int r = record_stream_ahead(l->stream, &l->records[i], err);

		if (r < 0)
			return r;
	}
	return record_stream_begin(l->stream, err);
}

static int next_round(struct live_input *l, struct schedtrace_error *err)
{
	int r = page_merge_next(l->merge, l->pushed, &l->records, &l->n, err);

	l->at = 0;
	l->merged = l->pushed;
	if (r < 0) {
		l->n = 0;
		return r;
	}
	return l->begun ? 0 : begin(l, err);
}

/* One step towards more rows: 1, 0 if there is none to take now, or negative. */
static int advance(struct live_input *l, struct schedtrace_error *err)
{
	const struct record *next = l->at < l->n ? &l->records[l->at] : NULL;
	int r;

	if (!record_stream_has_room(l->stream, next))
		return 0;
	if (next) {
		l->at++;
		l->n_events += record_is_event(next);
		r = record_stream_record(l->stream, next, err);
		return r < 0 ? r : 1;
	}
	if (l->pushed > l->merged) {
		r = next_round(l, err);
		return r < 0 ? r : 1;
	}
	if (l->pushed < INT64_MAX || l->ended)
		return 0;
	r = record_stream_end(l->stream, l->n_events, err);
	l->ended = r == 0;
	return r;
}

static int next(void *self, const struct schedtrace_events **events, struct schedtrace_error *err)
{
	struct schedtrace_error own;
	struct live_input *l = self;
	int r;

	err = err ? err : &own;
	record_stream_clear(l->stream);
	do
		r = advance(l, err);
	while (r > 0);
	if (r < 0)
		return r;
	r = record_stream_take(l->stream, events, err);
	return r != 0 ? r : l->ended ? INPUT_END : INPUT_NOTHING_YET;
}

static const struct schedtrace_context *context(const void *self)
{
	const struct live_input *l = self;

	return record_stream_context(l->stream);
}

/* How much there will be, nobody knows. */
static void position(const void *self, uint64_t *done, uint64_t *total)
{
	const struct live_input *l = self;

	*done = *total = l->bytes;
}

static uint64_t events_read(const void *self, const char **what)
{
	const struct live_input *l = self;

	*what = "events";
	return l->n_events;
}

static bool damaged(const void *self)
{
	const struct live_input *l = self;

	return record_stream_damaged(l->stream);
}

static bool has_stacks(const void *self)
{
	const struct live_input *l = self;

	return record_stream_has_stacks(l->stream);
}

static void others(const void *self, struct input_others *out)
{
	const struct live_input *l = self;

	stream_others(l->stream, out);
}

static int members(void *self,
		   int (*member)(void *user, const char *name, const void *data, size_t n,
				 struct schedtrace_error *err),
		   void *user, struct schedtrace_error *err)
{
	const struct live_input *l = self;

	return stream_members(l->stream, member, user, err);
}

/* It has no path that it could be recognized by. */
static const struct input_kind input_of_live = {
	.next = next,
	.context = context,
	.position = position,
	.read = events_read,
	.damaged = damaged,
	.has_stacks = has_stacks,
	.others = others,
	.members = members,
	.close = close_live,
};

int live_input_open(struct input **out, struct live_input **live, int head_fd,
		    const struct input_options *options, struct schedtrace_error *err)
{
	struct live_input *l = calloc(1, sizeof(*l));
	int r;

	if (!l)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for a recording");
	l->pushed = l->merged = INT64_MIN;
	r = open_live(l, head_fd, options, err);
	if (r < 0) {
		close_live(l);
		return r;
	}
	r = input_make(out, &input_of_live, l, err);
	if (r == 0)
		*live = l;
	return r;
}
