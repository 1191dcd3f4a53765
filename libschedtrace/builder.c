/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdlib.h>

#include "base/error.h"
#include "libschedtrace/context.h"
#include "libschedtrace/trace.h"

struct schedtrace_builder {
	struct schedtrace_context *ctx;
	size_t n, max;
	int64_t *timestamp, *arg0, *arg1;
	int32_t *pid, *event, *cpu, *comm;
};

int schedtrace_builder_new(struct schedtrace_builder **out, struct schedtrace_error *err)
{
	struct schedtrace_builder *b;
	int r;

	if (!out)
		return error_set(err, SCHEDTRACE_E_USAGE, "no place for the builder");
	*out = NULL;
	b = calloc(1, sizeof(*b));
	if (!b)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for a builder");
	r = schedtrace_context_new(&b->ctx, err);
	if (r < 0) {
		free(b);
		return r;
	}
	*out = b;
	return 0;
}

struct schedtrace_context *schedtrace_builder_context(struct schedtrace_builder *builder)
{
	return builder ? builder->ctx : NULL;
}

static void *grown(void *column, size_t max, size_t width, bool *ok)
{
	void *p = reallocarray(column, max, width);

	if (!p)
		*ok = false;
	return p ? p : column;
}

static int grow_columns(struct schedtrace_builder *b)
{
	size_t max = b->max ? b->max * 2 : 256;
	bool ok = true;

	b->timestamp = grown(b->timestamp, max, 8, &ok);
	b->arg0 = grown(b->arg0, max, 8, &ok);
	b->arg1 = grown(b->arg1, max, 8, &ok);
	b->pid = grown(b->pid, max, 4, &ok);
	b->event = grown(b->event, max, 4, &ok);
	b->cpu = grown(b->cpu, max, 4, &ok);
	b->comm = grown(b->comm, max, 4, &ok);
	if (ok)
		b->max = max;
	return ok ? 0 : -1;
}

int schedtrace_builder_add(struct schedtrace_builder *b, int64_t timestamp, int32_t cpu,
			   int32_t pid, int32_t event, int64_t arg0, int64_t arg1, int32_t comm,
			   struct schedtrace_error *err)
{
	if (!b)
		return error_set(err, SCHEDTRACE_E_USAGE, "no builder");
	if (b->n > 0 && timestamp < b->timestamp[b->n - 1])
		return error_set(err, SCHEDTRACE_E_USAGE, "row %zu: timestamp %lld after %lld",
				 b->n, (long long)timestamp, (long long)b->timestamp[b->n - 1]);
	if (cpu < 0 || cpu > CONTEXT_MAX_CPU)
		return error_set(err, SCHEDTRACE_E_USAGE,
				 "row %zu: CPU id %d is not within 0 to %d", b->n, cpu,
				 CONTEXT_MAX_CPU);
	if (!schedtrace_context_event_name(b->ctx, event))
		return error_set(err, SCHEDTRACE_E_USAGE, "row %zu: event id %d has no name", b->n,
				 event);
	if (comm < 0 || comm > schedtrace_context_comms(b->ctx))
		return error_set(err, SCHEDTRACE_E_USAGE, "row %zu: name id %d was never given",
				 b->n, comm);
	if (b->n == b->max && grow_columns(b) < 0)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for %zu rows", b->n + 1);
	b->timestamp[b->n] = timestamp;
	b->cpu[b->n] = cpu;
	b->pid[b->n] = pid;
	b->event[b->n] = event;
	b->arg0[b->n] = arg0;
	b->arg1[b->n] = arg1;
	b->comm[b->n] = comm;
	b->n++;
	return 0;
}

int schedtrace_builder_finish(struct schedtrace_builder *b, struct schedtrace **out,
			      struct schedtrace_error *err)
{
	struct schedtrace *trace;
	int r;

	if (out)
		*out = NULL;
	if (!b || !out) {
		schedtrace_builder_free(b);
		return error_set(err, SCHEDTRACE_E_USAGE, "no builder, or no place for its trace");
	}
	/* So that columns without rows are no NULL either. */
	if (b->n == 0 && grow_columns(b) < 0)
		r = error_set(err, SCHEDTRACE_E_NOMEM, "no memory for a trace");
	else
		r = trace_new(&trace, b->ctx, err);
	if (r < 0) {
		schedtrace_builder_free(b);
		return r;
	}
	trace->rows = b->n;
	trace->loaded = true;
	trace->all = (struct schedtrace_events){
		.n = b->n,
		.timestamp = b->timestamp,
		.pid = b->pid,
		.event = b->event,
		.cpu = b->cpu,
		.arg0 = b->arg0,
		.arg1 = b->arg1,
		.comm = b->comm,
	};
	for (enum column_id c = 0; c < COLUMN_COUNT; c++)
		trace->owned[c] = (void *)events_column(&trace->all, c);
	free(b);
	*out = trace;
	return 0;
}

void schedtrace_builder_free(struct schedtrace_builder *b)
{
	if (!b)
		return;
	schedtrace_context_free(b->ctx);
	free(b->timestamp);
	free(b->arg0);
	free(b->arg1);
	free(b->pid);
	free(b->event);
	free(b->cpu);
	free(b->comm);
	free(b);
}
