/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tracedat/tracedat.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "tracedat/container.h"
#include "tracedat/decode.h"
#include "tracedat/formats.h"
#include "tracedat/merge.h"
#include "tracedat/page_merge.h"
#include "tracedat/stack_kind.h"

struct tracedat {
	char *path;
	struct tracedat_options options;
	struct container container;
	const struct file_instance *instance;
	struct formats formats;
	struct tracedat_head head;
	const char **cpustats; /* of the head */
	bool borrowed;	       /* all that stands beside the records is another's */
	struct decoder decoder;
	struct merge merge;
	bool ended;
	bool *is_stack; /* by index of the format */
	uint64_t records;
	bool damaged;
};

/* How many events --salvage would give, to be told with the failure; -1 none or unknown. */
static int64_t count_whole(const struct tracedat *t)
{
	struct tracedat_options salvage = t->options;
	struct tracedat *again = NULL;
	const struct record *records;
	int64_t count = 0;
	size_t n, i;
	int r;

	salvage.salvage = true;
	salvage.notes.tell = NULL;
	r = t->merge.batch ? tracedat_read_again(t, &again, NULL)
		     : tracedat_open(&again, t->path, &salvage, NULL);
	while (r >= 0 && (r = tracedat_next(again, &records, &n, NULL)) > 0)
		for (i = 0; i < n; i++)
			count += records[i].kind == RECORD_EVENT;
	tracedat_close(again);
	return r < 0 ? -1 : count;
}

/* Says of a damaged file what could still be had of it. */
static int fail(const struct tracedat *t, int status, struct schedtrace_error *err)
{
	char text[SCHEDTRACE_ERROR_SIZE];
	int64_t whole;

	if (!err || t->options.salvage || status != SCHEDTRACE_E_FORMAT)
		return status;
	whole = count_whole(t);
	if (whole <= 0)
		return status;
	snprintf(text, sizeof(text), "%s", err->text);
	return error_set(err, status,
			 "%s; %" PRId64
			 " events before it or of other CPUs are whole: convert them with "
			 "--salvage",
			 text, whole);
}

static int make_head(struct tracedat *t, struct schedtrace_error *err)
{
	const struct file_instance *in = t->instance;
	int32_t n_cpus = 0;

	for (size_t i = 0; i < in->n_cpus; i++)
		if (in->cpus[i].cpu >= n_cpus)
			n_cpus = in->cpus[i].cpu + 1;
	t->cpustats = calloc((size_t)n_cpus + 1, sizeof(*t->cpustats));
	if (!t->cpustats)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for %d CPUs", n_cpus);
	for (size_t i = 0; i < in->n_cpus; i++)
		t->cpustats[in->cpus[i].cpu] = in->cpustat[i];
	t->head = (struct tracedat_head){
		.formats = t->formats.list,
		.n_formats = t->formats.n,
		.n_cpus = n_cpus,
		.cpustats = t->cpustats,
		.clock = in->clock,
		.uname = t->container.uname,
		.writer = t->container.writer,
		.cmdlines = t->container.cmdlines.bytes,
		.cmdlines_bytes = t->container.cmdlines.n,
		.kallsyms = t->container.kallsyms.bytes,
		.kallsyms_bytes = t->container.kallsyms.n,
		.page_size = t->container.layout.page_size,
		.has_tsc = t->container.has_tsc,
		.tsc = t->container.tsc,
	};
	return 0;
}

static int open_file(struct tracedat *t, struct schedtrace_error *err)
{
	int r;

	t->container.fd = -1;
	t->container.salvage = t->options.salvage;
	r = container_open(&t->container, t->path, err);
	if (r == 0)
		r = container_choose(&t->container, t->options.instance, &t->instance, err);
	if (r == 0)
		r = formats_parse(&t->formats, t->container.formats, t->container.n_formats,
				  &t->options.notes, err);
	return r < 0 ? r : make_head(t, err);
}

/* What was found when the file was opened. */
static void tell_remarks(struct tracedat *t)
{
	if (t->container.damage) {
		note(&t->options.notes, "%s", t->container.damage);
		t->damaged = true;
	}
	for (size_t i = 0; i < sizeof(t->container.remarks) / sizeof(*t->container.remarks); i++)
		if (t->container.remarks[i])
			note(&t->options.notes, "%s", t->container.remarks[i]);
}

static int begin_reading(struct tracedat *t, struct schedtrace_error *err)
{
	int r = decoder_open(&t->decoder, &t->container, t->instance, &t->formats, &t->options,
			     err);

	if (r < 0)
		return r;
	t->is_stack = calloc(t->formats.n + 1, sizeof(*t->is_stack));
	if (!t->is_stack)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for a batch of records");
	for (size_t i = 0; i < t->formats.n; i++)
		t->is_stack[i] = stack_kind_of(&t->formats.list[i]) != STACK_NONE;
	return merge_open(&t->merge, &t->decoder, t->is_stack, err);
}

int tracedat_open(struct tracedat **out, const char *path, const struct tracedat_options *options,
		  struct schedtrace_error *err)
{
	struct tracedat *t = calloc(1, sizeof(*t));
	int r;

	if (!t)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory to open %s", path);
	if (options)
		t->options = *options;
	t->path = strdup(path);
	r = t->path ? open_file(t, err)
		    : error_set(err, SCHEDTRACE_E_NOMEM, "no memory to open %s", path);
	if (r == 0)
		r = begin_reading(t, err);
	if (r < 0) {
		r = fail(t, r, err);
		tracedat_close(t);
		return r;
	}
	tell_remarks(t);
	*out = t;
	return 0;
}

int tracedat_read_again(const struct tracedat *t, struct tracedat **out,
			struct schedtrace_error *err)
{
	struct tracedat *again = calloc(1, sizeof(*again));
	int r;

	if (!again)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory to read %s again", t->path);
	again->borrowed = true;
	again->path = t->path;
	again->options = t->options;
	again->options.salvage = true;
	again->options.notes.tell = NULL;
	again->container = t->container;
	again->container.salvage = true;
	again->instance = t->instance;
	again->formats = t->formats;
	again->head = t->head;
	r = begin_reading(again, err);
	if (r < 0)
		tracedat_close(again);
	else
		*out = again;
	return r;
}

void tracedat_close(struct tracedat *t)
{
	if (!t)
		return;
	decoder_close(&t->decoder);
	merge_close(&t->merge);
	free(t->is_stack);
	if (!t->borrowed) {
		formats_free(&t->formats);
		container_close(&t->container);
		free(t->cpustats);
		free(t->path);
	}
	free(t);
}

/* What was noticed on the way, once. */
static void end(struct tracedat *t)
{
	struct decoder *d = &t->decoder;

	t->ended = true;
	if (t->merge.steps)
		note(&t->options.notes,
		     "the clock was set back %" PRIu64 " times, by up to %" PRId64
		     " ns: later times go on as if it had not been, and what lasted over it is "
		     "doubtful (LOST rows of 0 records)",
		     t->merge.steps, t->merge.longest_step);
	if (d->empty)
		note(&t->options.notes,
		     "%" PRIu64
		     " pages are all zero, as if they were never written: their records are lost",
		     d->empty);
	if (d->damaged)
		note(&t->options.notes,
		     "%" PRIu64 " pieces of the file are damaged and were left out", d->damaged);
}

int tracedat_next(struct tracedat *t, const struct record **records, size_t *n,
		  struct schedtrace_error *err)
{
	struct schedtrace_error own;
	int r = 0;

	err = err ? err : &own;
	r = merge_next(&t->merge, records, n, err);
	if (r < 0)
		return fail(t, r, err);
	t->records += *n;
	if (!r && !t->ended)
		end(t);
	return r;
}

const struct tracedat_head *tracedat_head(const struct tracedat *t)
{
	return &t->head;
}

int tracedat_page_merge(const struct tracedat *t, struct page_merge **out,
			struct schedtrace_error *err)
{
	return page_merge_new(out, &t->container.layout, &t->formats, t->head.n_cpus, err);
}

void tracedat_position(const struct tracedat *t, uint64_t *done, uint64_t *total, uint64_t *records)
{
	*done = t->decoder.done;
	*total = t->decoder.total;
	*records = t->records;
}

bool tracedat_damaged(const struct tracedat *t)
{
	return t->damaged || t->decoder.damaged > 0;
}

bool tracedat_ends_early(const struct tracedat *t, int32_t cpu)
{
	for (size_t i = 0; i < t->decoder.n_streams; i++)
		if (t->decoder.streams[i].cpu == cpu && t->decoder.streams[i].gap)
			return true;
	return false;
}
