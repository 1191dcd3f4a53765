/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The public library over the converter's source. */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <schedtrace/tracedat.h>

#include "base/error.h"
#include "convert/source.h"
#include "tracedat/recognize.h"

struct schedtrace_tracedat {
	struct source *source;
	char *path; /* for messages */
};

bool schedtrace_is_tracedat(const char *path)
{
	return tracedat_is(path);
}

/* Of a caller that was compiled with an older or newer header. */
static int copy_options(struct schedtrace_tracedat_options *out,
			const struct schedtrace_tracedat_options *options,
			struct schedtrace_error *err)
{
	*out = (struct schedtrace_tracedat_options){ .size = sizeof(*out) };
	if (!options)
		return 0;
	if (options->size < offsetof(struct schedtrace_tracedat_options, user) + sizeof(void *))
		return error_set(err, SCHEDTRACE_E_USAGE,
				 "struct schedtrace_tracedat_options has no size: set it to its "
				 "sizeof");
	memcpy(out, options, options->size < sizeof(*out) ? options->size : sizeof(*out));
	return 0;
}

static int open_source(struct schedtrace_tracedat *t, const char *path,
		       const struct schedtrace_tracedat_options *options,
		       struct schedtrace_error *err)
{
	const struct source_options source_options = {
		.file = {
			.instance = options->instance,
			.salvage = options->salvage,
			.max_memory = options->max_memory,
			.threads = options->threads,
			.notes = { options->note, options->user },
		},
	};
	int r;

	t->path = strdup(path);
	if (!t->path)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory to open a file");
	r = source_open(&t->source, path, &source_options, err);
	return r < 0 ? error_prefix(err, r, "%s", path) : 0;
}

int schedtrace_tracedat_open(struct schedtrace_tracedat **out, const char *path,
			     const struct schedtrace_tracedat_options *options,
			     struct schedtrace_error *err)
{
	struct schedtrace_tracedat_options own;
	struct schedtrace_tracedat *t;
	int r = copy_options(&own, options, err);

	if (r < 0)
		return r;
	t = calloc(1, sizeof(*t));
	if (!t)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory to open a file");
	r = open_source(t, path, &own, err);
	if (r < 0)
		schedtrace_tracedat_close(t);
	else
		*out = t;
	return r;
}

void schedtrace_tracedat_close(struct schedtrace_tracedat *t)
{
	if (!t)
		return;
	source_close(t->source);
	free(t->path);
	free(t);
}

const struct schedtrace_context *schedtrace_tracedat_context(const struct schedtrace_tracedat *t)
{
	return source_context(t->source);
}

int schedtrace_tracedat_next(struct schedtrace_tracedat *t, const struct schedtrace_events **events,
			     struct schedtrace_error *err)
{
	int r = source_next(t->source, events, err);

	return r < 0 ? error_prefix(err, r, "%s", t->path) : r;
}

bool schedtrace_tracedat_damaged(const struct schedtrace_tracedat *t)
{
	return source_damaged(t->source);
}
