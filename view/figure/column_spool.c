/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "view/figure/column_spool.h"

#include "base/error.h"

int column_spool_begin(struct column_spool *out, struct cache_memory *memory, size_t rows,
		       size_t size, struct schedtrace_error *err)
{
	*out = (struct column_spool){ .size = size };
	if (cache_memory_reserve(memory, (rows + 1) * size, &out->piece) < 0)
		return error_set(err, SCHEDTRACE_E_NOMEM,
				 "no memory, nor room in the cache folder, for %zu rows", rows);
	return 0;
}

int column_spool_put(struct column_spool *spool, const void *values, size_t n,
		     struct schedtrace_error *err)
{
	if (cache_piece_write(&spool->piece, spool->n * spool->size, values, n * spool->size) < 0)
		return error_set(err, SCHEDTRACE_E_IO,
				 "the cache folder takes no more than %zu rows: "
				 "%m",
				 spool->n);
	spool->n += n;
	return 0;
}
