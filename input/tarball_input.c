/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A tarball of columns, read by the library. */
#include <stdlib.h>

#include "base/error.h"
#include "input/input_kind.h"

struct tarball {
	struct schedtrace *trace;
	struct schedtrace_reader *reader;
	uint64_t rows; /* given so far */
};

static bool recognizes(const char *path)
{
	return true; /* what it is not, the library says */
}

static void close_tarball(void *self)
{
	struct tarball *t = self;

	schedtrace_reader_free(t->reader);
	schedtrace_close(t->trace);
	free(t);
}

static int fill(struct tarball *t, const char *path, const struct input_options *options,
		struct schedtrace_error *err)
{
	const struct schedtrace_open_options open_options = {
		.size = sizeof(open_options),
		.default_ids = options->default_ids,
		.note = options->note,
	};
	int r = schedtrace_open(&t->trace, path, &open_options, err);

	if (r == 0 && options->validate)
		r = schedtrace_validate(t->trace, err);
	if (r < 0)
		return r;
	return schedtrace_reader_new(&t->reader, t->trace, 0, UINT64_MAX, err);
}

static int open_tarball(void **self, const char *path, const struct input_options *options,
			struct schedtrace_error *err)
{
	struct tarball *t;
	int r;

	if (options->instance || options->salvage)
		return error_set(err, SCHEDTRACE_E_USAGE,
				 "%s is for a trace.dat, and this is a tarball",
				 options->instance ? "--instance" : "--salvage");
	t = calloc(1, sizeof(*t));
	if (!t)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory to open a file");
	r = fill(t, path, options, err);
	if (r < 0)
		close_tarball(t);
	else
		*self = t;
	return r;
}

static int next(void *self, const struct schedtrace_events **events, struct schedtrace_error *err)
{
	struct tarball *t = self;
	int r = schedtrace_reader_next(t->reader, events, err);

	if (r > 0)
		t->rows += (*events)->n;
	return r;
}

static const struct schedtrace_context *context(const void *self)
{
	const struct tarball *t = self;

	return schedtrace_context(t->trace);
}

static void position(const void *self, uint64_t *done, uint64_t *total)
{
	const struct tarball *t = self;

	*done = t->rows;
	*total = schedtrace_rows(t->trace);
}

static bool damaged(const void *self)
{
	return false;
}

static struct schedtrace *tarball(const void *self)
{
	const struct tarball *t = self;

	return t->trace;
}

const struct input_kind input_of_tarball = {
	.recognizes = recognizes,
	.open = open_tarball,
	.next = next,
	.context = context,
	.position = position,
	.damaged = damaged,
	.tarball = tarball,
	.close = close_tarball,
};
