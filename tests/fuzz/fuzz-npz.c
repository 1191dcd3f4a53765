/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A whole column: zip, npy header, and all values. */
#include <stdlib.h>

#include "libschedtrace/tarball/column.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct byte_input in = { .memory = data ? data : (const uint8_t *)"",
				 .fd = -1,
				 .size = size };
	struct column column = { 0 };
	struct schedtrace_error err;
	struct column_pass pass;
	struct column_job job;
	struct pool *pool;

	if (column_open(&column, COLUMN_ARG0, &in, 0, size, &err) < 0)
		return 0;
	if (pool_new(&pool, POOL_NO_THREADS, &err) < 0)
		return 0;
	column_pass_init(&pass, &column, &in, pool);
	job = (struct column_job){ .pass = &pass, .n = (size_t)column.npy.count };
	job.out = malloc(job.n * 8 + 1);
	if (job.out) {
		column_submit(&job);
		pool_wait(pool, &job.job);
	}
	free(job.out);
	column_pass_free(&pass);
	pool_free(pool);
	column_close(&column);
	return 0;
}
