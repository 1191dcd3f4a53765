/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The recorder's frames made into rows, and rows fed to an engine, as they come. */
#ifndef VIEW_LIVE_LIVE_FOLLOW_H
#define VIEW_LIVE_LIVE_FOLLOW_H

#include <schedtrace/analyses.h>

#include "input/live_input.h"
#include "view/requests/request_log.h"

/* What is told of it by the thread that follows; a negative result ends it. */
struct live_listener {
	/* A recording has begun, from nothing. */
	int (*begun)(void *user, struct schedtrace_error *err);
	/* Rows up to now_ns have been fed. */
	int (*round)(void *user, struct schedtrace_error *err);
	/* It has ended; another one may begin. */
	int (*ended)(void *user, struct schedtrace_error *err);
	/* The rest of this recording cannot be followed, @why; NULL: that ends it all. */
	int (*failed)(void *user, const struct schedtrace_error *why, struct schedtrace_error *err);
	/* Returns when @fd can be read, or it is done; NULL: reading waits. */
	int (*wait)(void *user, int fd, struct schedtrace_error *err);
	/* What the recorder says of itself, JSON. */
	int (*told)(void *user, const char *text, size_t n, struct schedtrace_error *err);
	void *user;
};

struct live_follow {
	const char *const *analyses;
	size_t n_analyses;
	const struct schedtrace_sink *sink; /* of their logs, or NULL */
	struct request_log *requests;	    /* takes those of memory; NULL: nobody does */
	struct live_listener listener;
	struct input *input;
	struct live_input *pages; /* of the input */
	/* Of the present recording; NULL and INT64_MIN: nothing has come yet. */
	struct schedtrace_engine *engine;
	int64_t begin_ns, now_ns, last_ns;
	bool lost; /* what comes until another recording begins is not followed */
	bool done; /* set by a listener that has all that it wants */
};

/* Frames from @fd to the end, or until it is done. */
int live_follow_run(struct live_follow *f, int fd, struct schedtrace_error *err);
void live_follow_close(struct live_follow *f);

/* What to add to a time on the trace clock for wall time; INT64_MIN: unknown. */
int64_t live_follow_wall_offset(const struct live_follow *f);

#endif
