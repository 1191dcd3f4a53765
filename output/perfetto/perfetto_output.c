/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A trace of Perfetto, https://perfetto.dev. */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "output/output_kind.h"
#include "output/perfetto/perfetto_facts.h"
#include "output/perfetto/records.h"
#include "output/perfetto/row_events.h"

struct perfetto {
	struct trace_file file;
	const struct schedtrace_context *ctx;
	struct row_events_options options;
	struct row_events *events; /* NULL: no rows came so far */
	struct records records;
	char *path;	  /* for messages */
	bool begun;	  /* what stands before the events is written */
	int64_t begin_ns; /* of the first row */
};

static void close_perfetto(void *self)
{
	struct perfetto *p = self;

	row_events_free(p->events);
	records_free(&p->records);
	trace_file_close(&p->file);
	free(p->path);
	free(p);
}

static int no_memory(struct schedtrace_error *err)
{
	return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for a Perfetto trace");
}

static int open_perfetto(void **self, const char *path, const struct schedtrace_context *ctx,
			 const struct output_options *options, struct schedtrace_error *err)
{
	const char *misfit = options->store	? "--store"
			     : options->derive	? "--derive"
			     : options->columns ? "--columns"
						: NULL;
	struct perfetto *p;
	int r;

	if (misfit)
		return error_set(err, SCHEDTRACE_E_USAGE, "%s is for a tarball, not for Perfetto",
				 misfit);
	p = calloc(1, sizeof(*p));
	if (!p)
		return no_memory(err);
	p->ctx = ctx;
	p->records = RECORDS_NONE;
	p->options = (struct row_events_options){ options->compact, options->close_gaps,
						  options->records, options->notes };
	p->path = strdup(path);
	r = trace_file_open(&p->file, path, options->like, err);
	if (r == 0 && !p->path)
		r = no_memory(err);
	if (r < 0)
		close_perfetto(p);
	else
		*self = p;
	return r;
}

static int begin(struct perfetto *p, int64_t begin_ns)
{
	p->begun = true;
	p->begin_ns = begin_ns;
	put_begin_facts(&p->file, p->ctx, begin_ns);
	return 0;
}

static int rows(void *self, const struct schedtrace_events *events, struct schedtrace_error *err)
{
	struct perfetto *p = self;
	int r = 0;

	if (!p->events)
		r = row_events_new(&p->events, &p->file, p->ctx, &p->options, err);
	if (r == 0 && events->n && !p->begun)
		r = begin(p, events->timestamp[0]);
	return r < 0 ? r : row_events_add(p->events, events, err);
}

static size_t size_of(const char *type)
{
	return (size_t)strtoul(type + 2, NULL, 10);
}

static int array(void *self, const char *name, const char *type, const void *values, size_t n,
		 struct schedtrace_error *err)
{
	struct perfetto *p = self;

	if (!records_is_array(name))
		return 0;
	return records_array(&p->records, &p->file, name, values, n * size_of(type), err);
}

static int member(void *self, const char *name, const void *data, size_t n,
		  struct schedtrace_error *err)
{
	struct perfetto *p = self;
	int r = 0;

	records_member(&p->records, &p->file, name, data, n, &r, err);
	return r;
}

static int finish(void *self, struct schedtrace_error *err)
{
	struct perfetto *p = self;
	int r = p->begun ? 0 : begin(p, 0);

	put_end_facts(&p->file, p->ctx, p->begin_ns);
	if (r == 0)
		r = records_put(&p->records, &p->file, err);
	if (r == 0)
		r = trace_file_write(&p->file, true, err);
	if (r == 0)
		r = whole_file_commit(&p->file.file, err);
	return r < 0 ? error_prefix(err, r, "%s", p->path) : 0;
}

const struct output_kind perfetto_output = {
	.format = {
		.name = "perfetto",
		.ending = ".pftrace",
		.keeps = "switches, wakings, wakeups, moves, idle and frequency of CPUs as the "
			 "kernel's events, of a trace.dat all other records too; tasks, losses, "
			 "run queues, memory and samples as tracks",
		.loses = "call stacks; fields that Perfetto's own events lack; of a tarball what "
			 "its rows do not keep, and memory without an owner",
		.wants_records = true,
	},
	.open = open_perfetto,
	.rows = rows,
	.array = array,
	.member = member,
	.finish = finish,
	.close = close_perfetto,
};
