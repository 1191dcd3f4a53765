/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "convert/left_out.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"

#define IDS	     (UINT16_MAX + 1)
#define IDS_TO_SAY   5
#define NAMES_TO_SAY 5

int left_out_unknown(struct left_out *l, const struct record *r, struct schedtrace_error *err)
{
	if (!l->unknown)
		l->unknown = calloc(IDS, sizeof(*l->unknown));
	if (!l->unknown)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for event ids");
	l->unknown[r->format]++;
	return 0;
}

static const char *what_became(const struct stream_options *options)
{
	return options->others ? "kept without rows" : "left out";
}

static void note_unknown(const struct left_out *l, const struct stream_options *options)
{
	uint64_t more = 0;
	size_t ids = 0;

	for (size_t id = 0; l->unknown && id < IDS; id++) {
		if (l->unknown[id] == 0)
			continue;
		if (ids++ >= IDS_TO_SAY)
			more += l->unknown[id];
		else
			note(&options->notes,
			     "%" PRIu64 " records are %s: their event id is %zu, of which the file "
			     "has no format",
			     l->unknown[id], what_became(options), id);
	}
	if (more)
		note(&options->notes, "%" PRIu64 " records of %zu more such ids are %s", more,
		     ids - IDS_TO_SAY, what_became(options));
}

struct named {
	const struct format *format;
	uint64_t n;
};

static int most_first(const void *a, const void *b)
{
	const struct named *x = a, *y = b;

	if (x->n != y->n)
		return x->n < y->n ? 1 : -1;
	return strcmp(x->format->name, y->format->name);
}

/* Events that have no rows are as many as the kernel's system calls: the most frequent are
 * named. */
static void note_rowless(struct named *list, size_t n, const struct stream_options *options)
{
	char names[512] = "", more[64] = "";
	uint64_t sum = 0;
	size_t at = 0;

	if (n == 0)
		return;
	qsort(list, n, sizeof(*list), most_first);
	for (size_t i = 0; i < n; i++) {
		sum += list[i].n;
		if (i < NAMES_TO_SAY && at < sizeof(names))
			at += (size_t)snprintf(names + at, sizeof(names) - at,
					       "%s%" PRIu64 " of %s:%s", i ? ", " : "", list[i].n,
					       list[i].format->system, list[i].format->name);
	}
	if (n > NAMES_TO_SAY)
		snprintf(more, sizeof(more), " and of %zu more events", n - NAMES_TO_SAY);
	note(&options->notes, "%" PRIu64 " records of events that have no rows are %s: %s%s%s", sum,
	     what_became(options), names, more,
	     options->others ? "" : "; schedconv --all-events keeps them");
}

void left_out_note(const struct left_out *l, const struct format *formats, size_t n_formats,
		   const struct row_maker *maker, const struct stream_options *options)
{
	auto_free struct named *rowless = calloc(n_formats + 1, sizeof(*rowless));
	size_t n_rowless = 0;

	for (size_t i = 0; i < n_formats; i++) {
		const char *why;
		uint64_t n = row_maker_left_out(maker, i, &why);

		if (n && why)
			note(&options->notes, "%" PRIu64 " records of %s:%s are %s: %s", n,
			     formats[i].system, formats[i].name, what_became(options), why);
		else if (n && rowless)
			rowless[n_rowless++] = (struct named){ &formats[i], n };
	}
	if (rowless && l->raw)
		rowless[n_rowless++] = (struct named){ l->raw_format, l->raw };
	if (rowless)
		note_rowless(rowless, n_rowless, options);
	if (l->stacks)
		note(&options->notes,
		     "%" PRIu64 " call stacks are %s: they do not belong to a sched_switch",
		     l->stacks, what_became(options));
	note_unknown(l, options);
}

void left_out_close(struct left_out *l)
{
	free(l->unknown);
}
