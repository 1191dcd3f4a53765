/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "view/live/live_streams.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"

void live_streams_open(struct live_streams *streams)
{
	*streams = (struct live_streams){ .topics = LIVE_MOST_STREAMS };
	pthread_mutex_init(&streams->lock, NULL);
	live_streams_begin(streams);
}

static void forget(struct live_stream *stream)
{
	schedtrace_tables_free(stream->before);
	stream->before = NULL;
	stream->before_ns = INT64_MIN;
	stream->waits.n = 0;
	stream->waits.full = true; /* the first percentiles are not of a whole interval */
	stream->wants_waits = false;
}

void live_streams_begin(struct live_streams *streams)
{
	for (size_t i = 0; i < LIVE_MOST_STREAMS; i++)
		forget(&streams->list[i]);
}

void live_streams_close(struct live_streams *streams)
{
	live_streams_begin(streams);
	for (size_t i = 0; i < LIVE_MOST_STREAMS; i++)
		live_waits_free(&streams->list[i].waits);
	pthread_mutex_destroy(&streams->lock);
}

/* ---- who watches: by the server's thread --------------------------------------------------- */

static struct live_stream *find(struct live_streams *streams, const struct live_view *view,
				int64_t interval_ns)
{
	struct live_stream *room = NULL;

	for (size_t i = 0; i < LIVE_MOST_STREAMS; i++) {
		struct live_stream *s = &streams->list[i];

		if (s->view == view && s->interval_ns == interval_ns)
			return s;
		if (!s->view)
			room = s;
	}
	if (room) {
		room->view = view;
		room->interval_ns = interval_ns;
		room->topic = ++streams->topics;
	}
	return room;
}

uint64_t live_streams_join(struct live_streams *streams, const struct live_view *view,
			   int64_t interval_ns)
{
	struct live_stream *stream;
	uint64_t topic = 0;

	pthread_mutex_lock(&streams->lock);
	stream = find(streams, view, interval_ns);
	if (stream) {
		stream->users++;
		topic = stream->topic;
	}
	pthread_mutex_unlock(&streams->lock);
	return topic;
}

void live_streams_leave(struct live_streams *streams, uint64_t topic)
{
	pthread_mutex_lock(&streams->lock);
	for (size_t i = 0; i < LIVE_MOST_STREAMS; i++)
		if (topic && streams->list[i].view && streams->list[i].topic == topic)
			streams->list[i].users--;
	pthread_mutex_unlock(&streams->lock);
}

/* ---- what they get: by the thread that follows ---------------------------------------------- */

int64_t live_streams_longest(struct live_streams *streams)
{
	int64_t longest = 0;

	pthread_mutex_lock(&streams->lock);
	for (size_t i = 0; i < LIVE_MOST_STREAMS; i++)
		if (streams->list[i].view && streams->list[i].interval_ns > longest)
			longest = streams->list[i].interval_ns;
	pthread_mutex_unlock(&streams->lock);
	return longest;
}

static bool has_waits(const struct live_stream *stream)
{
	return !strcmp(stream->view->name, "tasks");
}

void live_streams_take_wait(struct live_streams *streams, int32_t pid, int64_t wait_ns)
{
	for (size_t i = 0; i < LIVE_MOST_STREAMS; i++)
		if (streams->list[i].wants_waits)
			live_waits_add(&streams->list[i].waits, pid, wait_ns);
}

static json_t *head_of(struct live_stream *stream, const struct live_follow *follow, bool end)
{
	int64_t wall = live_follow_wall_offset(follow);
	json_t *head =
		json_pack("{s:s, s:I, s:I, s:I, s:I, s:o, s:I, s:b}", "view", stream->view->name,
			  "interval_ns", (json_int_t)stream->interval_ns, "began_ns",
			  (json_int_t)follow->begin_ns, "begin_ns", (json_int_t)stream->before_ns,
			  "end_ns", (json_int_t)follow->now_ns, "wall_offset_ns",
			  wall == INT64_MIN ? json_null() : json_integer(wall), "number",
			  (json_int_t)++stream->messages, "last", end);

	if (stream->wants_waits) {
		json_t *waits = live_waits_take(&stream->waits);

		json_object_set_new(head, "wakeup_p99_ns", waits ? waits : json_null());
	}
	return head;
}

static int send(struct live_stream *stream, const struct live_follow *follow, struct server *server,
		bool end, struct schedtrace_error *err)
{
	struct schedtrace_tables *now, *between;
	char *bytes;
	size_t n;
	int r = schedtrace_engine_snapshot_of(follow->engine, stream->view->analyses, &now, err);

	if (r < 0)
		return r;
	/* The first message is of the time since the recording began. */
	if (!stream->before) {
		stream->before_ns = follow->begin_ns;
		stream->wants_waits = has_waits(stream);
	}
	r = schedtrace_tables_interval(stream->before, now, &between, err);
	if (r == 0) {
		r = live_view_message(stream->view, between, now, head_of(stream, follow, end),
				      &bytes, &n, err);
		schedtrace_tables_free(between);
	}
	if (r == 0)
		server_push(server, stream->topic, true, bytes, n);
	schedtrace_tables_free(stream->before);
	stream->before = now;
	stream->before_ns = follow->now_ns;
	return r;
}

/* Frees a place that nobody watches any more. */
static bool is_watched(struct live_streams *streams, struct live_stream *stream)
{
	bool watched;

	pthread_mutex_lock(&streams->lock);
	watched = stream->users > 0;
	if (stream->view && !watched) {
		stream->view = NULL;
		forget(stream);
	}
	pthread_mutex_unlock(&streams->lock);
	return watched;
}

int live_streams_round(struct live_streams *streams, const struct live_follow *follow,
		       struct server *server, bool end, struct schedtrace_error *err)
{
	int r = 0;

	for (size_t i = 0; i < LIVE_MOST_STREAMS && r == 0; i++) {
		struct live_stream *s = &streams->list[i];

		if (is_watched(streams, s) &&
		    (end || !s->before || follow->now_ns - s->before_ns >= s->interval_ns))
			r = send(s, follow, server, end, err);
	}
	return r;
}
