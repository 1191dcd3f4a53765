/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A tarball of columns, read by the library. */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "input/input_kind.h"
#include "libschedtrace/tarball/writer.h"

#define MEMBER_MAX ((size_t)1 << 30)

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
		.user = options->user,
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
	const char *misfit = options->instance	   ? "--instance"
			     : options->salvage	   ? "--salvage"
			     : options->others	   ? "--all-events"
			     : options->max_memory ? "--max-memory"
						   : NULL;
	struct tarball *t;
	int r;

	t = calloc(1, sizeof(*t));
	if (!t)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory to open a file");
	r = fill(t, path, options, err);
	if (r == 0 && misfit) /* not before it is known to be one */
		r = error_set(err, SCHEDTRACE_E_USAGE,
			      "%s is for a trace.dat, and this is a tarball", misfit);
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

static uint64_t rows_read(const void *self, const char **what)
{
	const struct tarball *t = self;

	*what = "rows";
	return t->rows;
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

/* A column is there in all of the rows or in none. */
static bool has_stacks(const void *self)
{
	const struct tarball *t = self;
	struct schedtrace_reader *first = NULL;
	const struct schedtrace_events *events;
	bool has = false;

	if (schedtrace_reader_new(&first, t->trace, 0, 1, NULL) == 0 &&
	    schedtrace_reader_next(first, &events, NULL) > 0)
		has = events->stack != NULL;
	schedtrace_reader_free(first);
	return has;
}

/* Names of the members that may be kept. */
struct names {
	char **list;
	size_t n, room;
};

static int note_name(void *user, const char *path, uint64_t size, struct schedtrace_error *err)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	struct names *names = user;

	for (size_t i = 0; i < names->n; i++)
		if (strcmp(names->list[i], name) == 0)
			return 0;
	if (writer_makes_member(name))
		return 0;
	if (!array_room(names->list, names->n, names->room))
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for names of members");
	names->list[names->n] = strdup(name);
	return names->list[names->n++]
		       ? 0
		       : error_set(err, SCHEDTRACE_E_NOMEM, "no memory for names of members");
}

static int members(void *self,
		   int (*member)(void *user, const char *name, const void *data, size_t n,
				 struct schedtrace_error *err),
		   void *user, struct schedtrace_error *err)
{
	struct tarball *t = self;
	struct names names = { 0 };
	int r = schedtrace_members(t->trace, note_name, &names, err);

	for (size_t i = 0; i < names.n; i++) {
		auto_free char *data = NULL;
		size_t n;

		if (r == 0)
			r = schedtrace_member_read(t->trace, names.list[i], MEMBER_MAX, &data, &n,
						   err);
		if (r == 0)
			r = member(user, names.list[i], data, n, err);
		free(names.list[i]);
	}
	free(names.list);
	return r;
}

const struct input_kind input_of_tarball = {
	.recognizes = recognizes,
	.open = open_tarball,
	.next = next,
	.context = context,
	.position = position,
	.read = rows_read,
	.damaged = damaged,
	.has_stacks = has_stacks,
	.members = members,
	.tarball = tarball,
	.close = close_tarball,
};
