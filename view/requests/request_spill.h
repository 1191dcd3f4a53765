/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Batches that wait in a file without a name while the database is away, first in, first out. One
 * thread appends and another one takes.
 */
#ifndef VIEW_REQUESTS_REQUEST_SPILL_H
#define VIEW_REQUESTS_REQUEST_SPILL_H

#include <pthread.h>

#include "view/requests/request_batch.h"

struct request_spill;

/* In @folder, and never larger than @most_bytes. */
int request_spill_new(struct request_spill **out, const char *folder, uint64_t most_bytes,
		      struct schedtrace_error *err);
void request_spill_free(struct request_spill *spill);

/* -1 where there is no room, or the disk is full: nothing has changed then. */
int request_spill_append(struct request_spill *spill, const struct request_batch *batch);

/* The oldest, which stays until request_spill_drop(); NULL without memory, or if it cannot be
 * read. There must be one. */
struct request_batch *request_spill_first(struct request_spill *spill);
void request_spill_drop(struct request_spill *spill);

/* How many batches it holds. */
uint64_t request_spill_batches(struct request_spill *spill);

#endif
