/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The SchedLog tarball. */
#include <stdlib.h>
#include <string.h>

#include <schedtrace/writer.h>

#include "base/ending.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/whole_file.h"
#include "libschedtrace/tarball/derive.h"
#include "libschedtrace/tarball/writer.h"
#include "output/output_kind.h"

struct tarball {
	struct schedtrace_writer *writer;
	char *path; /* for messages */
	bool derive;
	char **columns; /* that are wanted beside the required ones, NULL at the end; NULL: all */
	bool *found;	/* of each, whether it came */
};

static void close_tarball(void *self)
{
	struct tarball *t = self;

	schedtrace_writer_free(t->writer);
	for (size_t i = 0; t->columns && t->columns[i]; i++)
		free(t->columns[i]);
	free(t->columns);
	free(t->found);
	free(t->path);
	free(t);
}

static int no_memory(struct schedtrace_error *err)
{
	return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for a tarball");
}

/* "comm,stack" as a list. */
static int choose_columns(struct tarball *t, const char *list, struct schedtrace_error *err)
{
	size_t n = 0;

	if (!list)
		return 0;
	t->columns = calloc(strlen(list) + 2, sizeof(*t->columns));
	t->found = calloc(strlen(list) + 2, sizeof(*t->found));
	if (!t->columns || !t->found)
		return no_memory(err);
	while (*list) {
		size_t length = strcspn(list, ",");

		if (length) {
			t->columns[n] = strndup(list, length);
			if (!t->columns[n++])
				return no_memory(err);
		}
		list += length + (list[length] != '\0');
	}
	return 0;
}

/* Whether a column of @n bytes @name is to be there. */
static bool wanted(struct tarball *t, const char *name, size_t n)
{
	if (!t->columns)
		return true;
	for (size_t i = 0; t->columns[i]; i++)
		if (strlen(t->columns[i]) == n && memcmp(t->columns[i], name, n) == 0) {
			t->found[i] = true;
			return true;
		}
	return false;
}

static int open_tarball(void **self, const char *path, const struct schedtrace_context *ctx,
			const struct output_options *options, struct schedtrace_error *err)
{
	const struct schedtrace_writer_options writer_options = {
		.size = sizeof(writer_options),
		.store = options->store,
		.like = options->like,
	};
	const char *misfit = options->compact	   ? "--compact"
			     : options->close_gaps ? "--close-gaps"
						   : NULL;
	struct tarball *t;
	int r;

	if (misfit)
		return error_set(err, SCHEDTRACE_E_USAGE, "%s is for Perfetto, not for a tarball",
				 misfit);
	t = calloc(1, sizeof(*t));
	if (!t)
		return no_memory(err);
	t->derive = options->derive;
	t->path = strdup(path);
	r = t->path ? choose_columns(t, options->columns, err) : no_memory(err);
	if (r == 0)
		r = schedtrace_writer_new(&t->writer, path, ctx, &writer_options, err);
	if (r < 0)
		close_tarball(t);
	else
		*self = t;
	return r;
}

static int rows(void *self, const struct schedtrace_events *events, struct schedtrace_error *err)
{
	struct schedtrace_events chosen = *events;
	struct tarball *t = self;

	if (chosen.comm && !wanted(t, "comm", strlen("comm")))
		chosen.comm = NULL;
	if (chosen.stack && !wanted(t, "stack", strlen("stack")))
		chosen.stack = NULL;
	return schedtrace_writer_rows(t->writer, &chosen, err);
}

static int array(void *self, const char *name, const char *type, const void *values, size_t n,
		 struct schedtrace_error *err)
{
	struct tarball *t = self;

	return schedtrace_writer_array(t->writer, name, type, values, n, err);
}

static int member(void *self, const char *name, const void *data, size_t n,
		  struct schedtrace_error *err)
{
	struct tarball *t = self;

	if ((t->derive && derive_makes_member(name)) ||
	    (has_ending(name, ".npz") && !wanted(t, name, strlen(name) - strlen(".npz"))))
		return 0;
	return schedtrace_writer_member(t->writer, name, data, n, err);
}

static int check_columns(const struct tarball *t, struct schedtrace_error *err)
{
	for (size_t i = 0; t->columns && t->columns[i]; i++)
		if (!t->found[i])
			return error_set(
				err, SCHEDTRACE_E_USAGE,
				"--columns: there is no column %s beside the required ones",
				t->columns[i]);
	return 0;
}

static int finish(void *self, struct schedtrace_error *err)
{
	struct tarball *t = self;
	struct whole_file file;
	int r = check_columns(t, err);

	if (r < 0)
		return r;
	r = writer_finish_open(steal_ptr(t->writer), &file, err);
	if (r < 0)
		return r;
	if (t->derive)
		r = derive_columns(&file, err);
	if (r == 0)
		r = whole_file_commit(&file, err);
	whole_file_close(&file);
	return r < 0 ? error_prefix(err, r, "%s", t->path) : 0;
}

const struct output_kind schedlog_output = {
	.format = {
		.name = "schedlog",
		.ending = ".tar",
		.keeps = "rows, names, tasks, losses, call stacks, what stands beside them; with "
			 "--all-events the other records too",
		.loses = "records that no row is made of, unless --all-events is given",
	},
	.open = open_tarball,
	.rows = rows,
	.array = array,
	.member = member,
	.finish = finish,
	.close = close_tarball,
};
