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
	stream->has_activity = false;
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
		live_activity_free(&streams->list[i].activity);
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

void live_streams_take_wait(struct live_streams *streams, int32_t pid, int64_t wait_ns)
{
	for (size_t i = 0; i < LIVE_MOST_STREAMS; i++)
		if (streams->list[i].has_activity)
			live_waits_add(&streams->list[i].activity.waits, pid, wait_ns);
}

static json_t *head_of(struct live_stream *stream, const struct live_follow *follow, bool end)
{
	int64_t wall = live_follow_wall_offset(follow);

	return json_pack("{s:s, s:I, s:I, s:I, s:I, s:o, s:I, s:b}", "view", stream->view->name,
			 "interval_ns", (json_int_t)stream->interval_ns, "began_ns",
			 (json_int_t)follow->begin_ns, "begin_ns", (json_int_t)stream->before_ns,
			 "end_ns", (json_int_t)follow->now_ns, "wall_offset_ns",
			 wall == INT64_MIN ? json_null() : json_integer(wall), "number",
			 (json_int_t)++stream->messages, "last", end);
}

/* The first message is of the time since the recording began, which /proc was not asked in. */
static void begin(struct live_stream *stream, const struct live_follow *follow)
{
	stream->before_ns = follow->begin_ns;
	stream->has_activity = !strcmp(stream->view->name, "tasks");
	if (!stream->has_activity)
		return;
	live_samples_free(&stream->activity.before);
	live_waits_begin(&stream->activity.waits);
	stream->activity.waits.full = true; /* those before it are missing */
}

/* The message of what is between the snapshots, and of all. */
static int push(struct live_stream *stream, const struct live_follow *follow, struct server *server,
		bool end, const struct schedtrace_tables *between,
		const struct schedtrace_tables *now, struct schedtrace_error *err)
{
	struct schedtrace_tables *own;
	char *bytes;
	size_t n;
	int r = tables_new(&own, err);

	if (r < 0)
		return r;
	if (stream->has_activity)
		r = live_activity_add(&stream->activity, between,
				      follow->now_ns - stream->before_ns, own, err);
	if (r == 0)
		r = live_view_message(stream->view, between, now, own, head_of(stream, follow, end),
				      &bytes, &n, err);
	if (r == 0)
		server_push(server, stream->topic, true, bytes, n);
	schedtrace_tables_free(own);
	return r;
}

static int send(struct live_stream *stream, const struct live_follow *follow, struct server *server,
		bool end, struct schedtrace_error *err)
{
	struct schedtrace_tables *now, *between;
	int r = schedtrace_engine_snapshot_of(follow->engine, stream->view->analyses, &now, err);

	if (r < 0)
		return r;
	if (!stream->before)
		begin(stream, follow);
	r = schedtrace_tables_interval(stream->before, now, &between, err);
	if (r == 0) {
		r = push(stream, follow, server, end, between, now, err);
		schedtrace_tables_free(between);
	}
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
