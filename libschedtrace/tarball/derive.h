/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Columns that SchedDisplay's instructions use and it cannot compute itself, added to a tarball:
 *
 * nxt_timestamp_of_same_evt_on_same_cpu: when the next row of the same event on the same CPU is
 * nxt_blk_wkp_of_same_pid: when the next BLOCK or WAKEUP row of the same pid is
 * prv_frq_on_same_cpu: arg1 of the latest TICK row of the CPU up to the row, NaN before the first
 *
 * Where there is no next row, a row has its own timestamp.
 */
#ifndef LIBSCHEDTRACE_TARBALL_DERIVE_H
#define LIBSCHEDTRACE_TARBALL_DERIVE_H

#include <stdbool.h>

#include "base/whole_file.h"

/* Whether a member of that name is one of them. */
bool derive_makes_member(const char *name);

/* Appends these columns to a tarball that writer_finish_open() made. */
int derive_columns(struct whole_file *out, struct schedtrace_error *err);

#endif
