/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rows to the kernel's events as Perfetto knows them, and to tracks of our own. */
#ifndef OUTPUT_PERFETTO_ROW_EVENTS_H
#define OUTPUT_PERFETTO_ROW_EVENTS_H

#include <schedtrace/context.h>

#include "base/note.h"
#include "output/perfetto/trace_file.h"

struct row_events;

struct row_events_options {
	bool compact;	 /* switches as lists, refused where one is missing */
	bool close_gaps; /* a switch is added where one is missing */
	bool records;	 /* the records of what rows keep in part come, too */
	struct notes notes;
};

int row_events_new(struct row_events **out, struct trace_file *file,
		   const struct schedtrace_context *ctx, const struct row_events_options *options,
		   struct schedtrace_error *err);
void row_events_free(struct row_events *e);
int row_events_add(struct row_events *e, const struct schedtrace_events *rows,
		   struct schedtrace_error *err);

#endif
