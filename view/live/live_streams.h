/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What clients watch: a view each, at intervals of their choice. Who watch the same share its
 * messages. Clients come and go by the server's thread, messages are made by the one that follows.
 */
#ifndef VIEW_LIVE_LIVE_STREAMS_H
#define VIEW_LIVE_LIVE_STREAMS_H

#include <pthread.h>

#include "view/live/live_activity.h"
#include "view/live/live_follow.h"
#include "view/live/live_views.h"
#include "view/page/server.h"

#define LIVE_MOST_STREAMS 24
#define LIVE_SHORTEST_NS  ((int64_t)100000000)
#define LIVE_LONGEST_NS	  ((int64_t)60000000000)

/* A view at an interval. */
struct live_stream {
	const struct live_view *view; /* NULL: this place is free */
	int64_t interval_ns;
	size_t users;
	uint64_t topic;
	/* Of the thread that follows: */
	struct schedtrace_tables *before;
	int64_t before_ns;
	uint64_t messages;
	struct live_activity activity; /* of the interval, where the view shows it */
	bool has_activity;
};

struct live_streams {
	pthread_mutex_t lock; /* of views, intervals and users */
	struct live_stream list[LIVE_MOST_STREAMS];
	uint64_t topics;
};

void live_streams_open(struct live_streams *streams);
void live_streams_close(struct live_streams *streams);

/* Somebody watches this from now on; its topic, 0: there are too many different ones. */
uint64_t live_streams_join(struct live_streams *streams, const struct live_view *view,
			   int64_t interval_ns);
void live_streams_leave(struct live_streams *streams, uint64_t topic);

/* By the thread that follows: messages that are due, the first of a stream at once; @end: all of
 * them, as the recording ends. */
int live_streams_round(struct live_streams *streams, const struct live_follow *follow,
		       struct server *server, bool end, struct schedtrace_error *err);
/* A recording begins: nothing was before. */
void live_streams_begin(struct live_streams *streams);
/* A wait for a CPU after a wakeup has ended. */
void live_streams_take_wait(struct live_streams *streams, int32_t pid, int64_t wait_ns);
/* The longest interval that is watched. */
int64_t live_streams_longest(struct live_streams *streams);

#endif
