/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The library's log of requests, on the trace clock, as rows of a database, at wall time. */
#ifndef VIEW_REQUESTS_REQUEST_FEED_H
#define VIEW_REQUESTS_REQUEST_FEED_H

#include <schedtrace/analyses.h>

#include "view/requests/request_store.h"

#define REQUEST_ANALYSIS    "memory"
#define REQUEST_SOURCE_TEXT 65
#define REQUEST_LOG_COLUMNS 8

struct request_feed {
	int (*take)(void *user, const struct request_row *row, const char *name,
		    const char *failure, struct schedtrace_error *err);
	void *user;
	/* Of the feed: */
	int64_t wall_offset_ns;
	int64_t zone_begin_s, zone_end_s; /* for which @zone_min holds */
	int16_t zone_min;
	const struct schedtrace_table_info *log;
	size_t columns[REQUEST_LOG_COLUMNS]; /* of the log */
	char name[REQUEST_SOURCE_TEXT], recording[REQUEST_SOURCE_TEXT];
};

/*
 * Fails where the recording does not say what time of day it was. @live: each run is a source of
 * its own; otherwise every file of the recording is the same source.
 */
int request_feed_begin(struct request_feed *feed, const struct schedtrace_info *info, bool live,
		       struct schedtrace_error *err);

static inline struct request_source request_feed_source(const struct request_feed *feed)
{
	return (struct request_source){ feed->name, feed->recording };
}

/* A row of any log, as a sink gets it; others than that of requests are passed over. */
int request_feed_row(struct request_feed *feed, const struct schedtrace_table_info *log,
		     const union schedtrace_value *values, struct schedtrace_error *err);

#endif
