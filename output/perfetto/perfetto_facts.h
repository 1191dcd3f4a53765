/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What stands around the events: clocks, the machine, what was lost, tasks. */
#ifndef OUTPUT_PERFETTO_PERFETTO_FACTS_H
#define OUTPUT_PERFETTO_PERFETTO_FACTS_H

#include <schedtrace/context.h>

#include "output/perfetto/trace_file.h"

/* Before the events. @begin_ns: of the first row, where the recording does not tell its begin. */
void put_begin_facts(struct trace_file *f, const struct schedtrace_context *ctx, int64_t begin_ns);

/* After them, when the context is complete. */
void put_end_facts(struct trace_file *f, const struct schedtrace_context *ctx, int64_t begin_ns);

#endif
