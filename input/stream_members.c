/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "input/stream_members.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "libschedtrace/tarball/writer.h"

#define SNAPSHOT     "snapshot.json"
#define OTHER_EVENTS "other_events.json"

/* Files that the recorder kept: those with a name of ours get another one. */
static int files(const struct record_stream *stream,
		 int (*member)(void *user, const char *name, const void *data, size_t n,
			       struct schedtrace_error *err),
		 void *user, struct schedtrace_error *err)
{
	const char *name;
	const void *data;
	size_t n;

	for (size_t i = 0; record_stream_file(stream, i, &name, &data, &n); i++) {
		bool ours = writer_makes_member(name) || strcmp(name, SNAPSHOT) == 0 ||
			    strcmp(name, OTHER_EVENTS) == 0;
		auto_free char *other = NULL;
		int r;

		if (ours && asprintf(&other, "added_%s", name) < 0) {
			other = NULL;
			return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for a name");
		}
		r = member(user, ours ? other : name, data, n, err);
		if (r < 0)
			return r;
	}
	return 0;
}

int stream_members(const struct record_stream *stream,
		   int (*member)(void *user, const char *name, const void *data, size_t n,
				 struct schedtrace_error *err),
		   void *user, struct schedtrace_error *err)
{
	const struct other_records *o = record_stream_others(stream);
	auto_free char *snapshot = record_stream_snapshot(stream);
	auto_free char *events = o ? other_records_events(o) : NULL;
	int r = 0;

	if (o && !events)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for the names of events");
	if (snapshot)
		r = member(user, SNAPSHOT, snapshot, strlen(snapshot), err);
	if (r == 0 && events)
		r = member(user, OTHER_EVENTS, events, strlen(events), err);
	return r < 0 ? r : files(stream, member, user, err);
}

void stream_others(const struct record_stream *stream, struct input_others *out)
{
	const struct other_records *o = record_stream_others(stream);

	if (o)
		*out = (struct input_others){
			.n = o->n,
			.bytes = o->bytes,
			.timestamp = o->timestamp,
			.end = o->end,
			.event = o->event,
			.cpu = o->cpu,
			.pid = o->pid,
			.data = o->data,
		};
}
