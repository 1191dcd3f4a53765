/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "view/requests/request_log.h"

#include <stdlib.h>

#include "base/error.h"
#include "base/mem.h"
#include "view/requests/request_feed.h"

#define SPILL_FOLDER "/var/tmp"
#define SPILL_BYTES  (UINT64_C(1) << 30) /* of some 20 million requests */
#define PATIENCE_NS  INT64_C(10000000000)

struct request_log {
	struct request_log_options options;
	struct request_store *store; /* until it begins */
	struct request_spill *spill; /* likewise */
	struct request_feed feed;
	struct request_writer *writer;
};

int request_log_open(struct request_log **out, const struct request_log_options *options,
		     struct schedtrace_error *err)
{
	struct request_log *log = calloc(1, sizeof(*log));
	int r;

	if (!log)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for requests");
	log->options = *options;
	r = request_store_open(&log->store, options->url, options->home, REQUEST_WRITE, err);
	if (r == 0)
		r = request_spill_new(&log->spill, SPILL_FOLDER, SPILL_BYTES, err);
	if (r < 0)
		request_log_free(log);
	else
		*out = log;
	return r;
}

int request_log_reach(struct request_log *log, struct schedtrace_error *err)
{
	struct schedtrace_error away;
	int r = request_store_reach(log->store, log->options.required ? err : &away);

	if (r < 0 && !log->options.required)
		note(&log->options.notes, "requests will wait for the database: %s", away.text);
	return log->options.required ? r : 0;
}

static int take(void *user, const struct request_row *row, const char *name, const char *failure,
		struct schedtrace_error *err)
{
	struct request_log *log = user;

	request_writer_add(log->writer, row, name, failure);
	return 0;
}

int request_log_begin(struct request_log *log, const struct schedtrace_info *info,
		      struct schedtrace_error *err)
{
	struct request_writer_options options = { .keep = log->options.keep,
						  .patience_ns = PATIENCE_NS,
						  .notes = log->options.notes };
	int r;

	if (log->writer) { /* recording has begun anew: the source goes on */
		struct request_feed again;

		r = request_feed_begin(&again, info, true, err);
		if (r == 0)
			log->feed.wall_offset_ns = again.wall_offset_ns;
		return r;
	}
	log->feed.take = take;
	log->feed.user = log;
	r = request_feed_begin(&log->feed, info, true, err);
	if (r < 0)
		return r;
	options.source = request_feed_source(&log->feed);
	options.store = steal_ptr(log->store);
	options.spill = steal_ptr(log->spill);
	return request_writer_new(&log->writer, &options, err);
}

int request_log_row(void *user, const struct schedtrace_table_info *info,
		    const union schedtrace_value *values, struct schedtrace_error *err)
{
	struct request_log *log = user;

	return request_feed_row(&log->feed, info, values, err);
}

int request_log_finish(struct request_log *log, struct schedtrace_error *err)
{
	return log->writer ? request_writer_finish(log->writer, err) : 0;
}

void request_log_free(struct request_log *log)
{
	if (!log)
		return;
	request_writer_free(log->writer);
	request_store_close(log->store);
	request_spill_free(log->spill);
	free(log);
}
