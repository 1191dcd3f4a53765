/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Columns that are computed of the rows; docs/instructions.md has their names.
 *
 * nxt_KEY_of_same_evt_on_same_WHERE: the KEY of the next row of the same event with the same WHERE
 * nxt_KEY_of_(A|B)_on_same_WHERE: of the next row of either event, for rows of these; others have
 * their own
 * nxt_blk_wkp_of_same_pid: the time of the next BLOCK or WAKEUP row of the same pid
 * prv_frq_on_same_cpu: arg1 of the CPU's latest TICK row, NaN before the first
 * wakeup_latency: ns from a WAKEUP row to the CTX_SWITCH that brings its task to a CPU; NaN on
 * other rows and where there is none
 *
 * A row without a next one has its own value.
 */
#ifndef VIEW_FIGURE_COMPUTED_H
#define VIEW_FIGURE_COMPUTED_H

#include <stdbool.h>

#include <schedtrace/context.h>

#include "query/query.h"

/* The i-th name, NULL behind the last. */
const char *computed_name(size_t i);

/* Whether the i-th holds fractions, or no value in some rows. */
bool computed_is_real(size_t i);

/* Computes column @i of all rows into @out: int64_t a row, or double. */
int computed_fill(size_t i, const struct schedtrace_context *context,
		  const struct schedtrace_events *rows, void *out, struct schedtrace_error *err);

#endif
