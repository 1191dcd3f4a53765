/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A trace.dat, converted on the way. */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "convert/source.h"
#include "input/input_kind.h"
#include "input/stream_members.h"
#include "tracedat/recognize.h"

struct recording {
	struct source *source;
	char *path; /* for messages */
};

static void close_recording(void *self)
{
	struct recording *f = self;

	source_close(f->source);
	free(f->path);
	free(f);
}

static int open_recording(void **self, const char *path, const struct input_options *options,
			  struct schedtrace_error *err)
{
	const struct source_options source_options = {
		.file = {
			.instance = options->instance,
			.salvage = options->salvage,
			.max_memory = options->max_memory,
			.notes = { options->note, options->user },
		},
		.others = options->others || options->in_part,
		.in_part = options->in_part,
	};
	struct recording *f;
	int r;

	if (options->default_ids)
		return error_set(err, SCHEDTRACE_E_USAGE,
				 "--default-ids is for a tarball, and this is a trace.dat");
	f = calloc(1, sizeof(*f));
	if (!f)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory to open a file");
	f->path = strdup(path);
	r = f->path ? source_open(&f->source, path, &source_options, err)
		    : error_set(err, SCHEDTRACE_E_NOMEM, "no memory to open a file");
	if (r < 0) {
		close_recording(f);
		return error_prefix(err, r, "%s", path);
	}
	*self = f;
	return 0;
}

static int next(void *self, const struct schedtrace_events **events, struct schedtrace_error *err)
{
	struct recording *f = self;
	int r = source_next(f->source, events, err);

	return r < 0 ? error_prefix(err, r, "%s", f->path) : r;
}

static const struct schedtrace_context *context(const void *self)
{
	const struct recording *f = self;

	return source_context(f->source);
}

static void position(const void *self, uint64_t *done, uint64_t *total)
{
	const struct recording *f = self;
	uint64_t records;

	source_position(f->source, done, total, &records);
}

static uint64_t events_read(const void *self, const char **what)
{
	const struct recording *f = self;
	uint64_t done, total, records;

	source_position(f->source, &done, &total, &records);
	*what = "events";
	return records;
}

static bool damaged(const void *self)
{
	const struct recording *f = self;

	return source_damaged(f->source);
}

static bool has_stacks(const void *self)
{
	const struct recording *f = self;

	return source_has_stacks(f->source);
}

static void others(const void *self, struct input_others *out)
{
	const struct recording *f = self;

	stream_others(source_stream(f->source), out);
}

static int members(void *self,
		   int (*member)(void *user, const char *name, const void *data, size_t n,
				 struct schedtrace_error *err),
		   void *user, struct schedtrace_error *err)
{
	const struct recording *f = self;

	return stream_members(source_stream(f->source), member, user, err);
}

const struct input_kind input_of_tracedat = {
	.recognizes = tracedat_is,
	.open = open_recording,
	.next = next,
	.context = context,
	.position = position,
	.read = events_read,
	.damaged = damaged,
	.has_stacks = has_stacks,
	.others = others,
	.members = members,
	.close = close_recording,
};
