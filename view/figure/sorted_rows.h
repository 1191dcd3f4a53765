/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The rows of a column by their values. Many rows are parted by sampled values, and each part,
 * which fits in a core's cache, is sorted by itself; meanwhile the parts lie in a file.
 */
#ifndef VIEW_FIGURE_SORTED_ROWS_H
#define VIEW_FIGURE_SORTED_ROWS_H

#include <stdatomic.h>
#include <stdbool.h>

#include "base/cache_memory.h"
#include "query/query.h"

#define SORTED_ROWS_AT_ONCE ((size_t)1 << 18) /* no more are sorted as one part */

/* Unsigned numbers that order as the values do; 0 and -0 are equal. */
uint64_t sorted_rows_key(const struct query_column *column, size_t i);
/* The value that has this key. */
double sorted_rows_value(const struct query_column *column, uint64_t key);

typedef int sorted_rows_sink(void *user, const uint32_t *rows, size_t n,
			     struct schedtrace_error *err);

/*
 * Sends @sink the rows that have a value, by value, equal ones in their own order; with @count they
 * are numbered without those that have none. At most UINT32_MAX rows. E_CANCELLED comes soon after
 * *@cancel becomes true; it may be NULL.
 */
int sorted_rows(const struct query_column *column, size_t n, bool count,
		struct cache_memory *memory, sorted_rows_sink *sink, void *user,
		const atomic_bool *cancel, struct schedtrace_error *err);

#endif
