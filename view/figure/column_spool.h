/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A column that is written from its first row to its last, and read where it lies afterwards. */
#ifndef VIEW_FIGURE_COLUMN_SPOOL_H
#define VIEW_FIGURE_COLUMN_SPOOL_H

#include "base/cache_memory.h"
#include "query/query.h"

#define COLUMN_SPOOL_ROWS ((size_t)1 << 14) /* that are best put at once */

struct column_spool {
	struct cache_piece piece;
	size_t size; /* of a value */
	size_t n;    /* that were put */
};

/* For up to @rows values of @size bytes. */
int column_spool_begin(struct column_spool *out, struct cache_memory *memory, size_t rows,
		       size_t size, struct schedtrace_error *err);

int column_spool_put(struct column_spool *spool, const void *values, size_t n,
		     struct schedtrace_error *err);

#endif
