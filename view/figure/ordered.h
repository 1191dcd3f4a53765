/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What looks at all rows of a column at once: order, and windows that move over it. */
#ifndef VIEW_FIGURE_ORDERED_H
#define VIEW_FIGURE_ORDERED_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include <schedtrace/error.h>

#include "query/query.h"
#include "view/figure/column_spool.h"
#include "view/figure/instructions.h"

/* Value @i of a column of numbers. */
double ordered_real(const struct query_column *column, size_t i);
/* Those from @begin on. */
void ordered_reals(const struct query_column *column, size_t begin, size_t n, double *out);

/*
 * Both functions put a value for each row into a column of 8 bytes a value, take what memory they
 * need from @memory, for at most UINT32_MAX rows, and end with E_CANCELLED soon after @cancel, if
 * it is not NULL, becomes true.
 */

/*
 * The rows in the order of their values, equal ones in their own order, as int64_t; rows without a
 * value get -1 in their own place and are left out of the count of the others, as Series.argsort()
 * of pandas does.
 */
int ordered_argsort(const struct query_column *column, size_t n, struct cache_memory *memory,
		    struct column_spool *out, const atomic_bool *cancel,
		    struct schedtrace_error *err);

/*
 * Of each row and the @window - 1 before it, as double; NaN where there are fewer, or where one of
 * them is NaN or infinite. Sums and means of whole numbers are exact before they become fractions.
 */
int ordered_rolling(const struct query_column *column, size_t n, int64_t window,
		    enum rolling_kind kind, struct cache_memory *memory, struct column_spool *out,
		    const atomic_bool *cancel, struct schedtrace_error *err);

#endif
