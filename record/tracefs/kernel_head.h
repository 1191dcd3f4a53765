/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the kernel says of itself, for the head of a trace.dat: formats of pages and events,
 * symbols. */
#ifndef RECORD_TRACEFS_KERNEL_HEAD_H
#define RECORD_TRACEFS_KERNEL_HEAD_H

#include <schedtrace/error.h>

#include "record/tracefs/event_sets.h"
#include "record/tracefs/instance.h"
#include "tracedat/tracedat_writer.h"

/* Makes a writer with all that its header needs of the instance. @second names a second buffer, or
 * is NULL. */
int kernel_head_read(struct tracedat_writer *w, const struct instance *in, const char *second,
		     const char *root, const struct event_list *events,
		     struct schedtrace_error *err);

#endif
