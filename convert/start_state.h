/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the snapshot at the start (tracedat/markers.h) says of CPUs and tasks. */
#ifndef CONVERT_START_STATE_H
#define CONVERT_START_STATE_H

#include <jansson.h>

#include "convert/row_maker.h"

/* What is known of a CPU so far. */
struct schedtrace_cpu start_state_cpu(const struct schedtrace_context *ctx, int32_t id);

/*
 * Caches go to the CPUs of @ctx, policies and affinities to the lives of tasks at the start, which
 * were listed before. Their texts are those of @snapshot, which must live as long.
 */
int start_state_use(const json_t *snapshot, struct schedtrace_context *ctx, struct row_maker *maker,
		    int32_t n_cpus, struct schedtrace_error *err);

#endif
