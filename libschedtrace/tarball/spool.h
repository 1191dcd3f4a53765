/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One column on its way to a tarball: blocks of rows, deflated by several threads, in a file
 * without a name until all are there, or stored at their place in the tarball to be. */
#ifndef LIBSCHEDTRACE_TARBALL_SPOOL_H
#define LIBSCHEDTRACE_TARBALL_SPOOL_H

#include "base/pool.h"
#include "libschedtrace/row_checks.h"

struct spool {
	enum column_id column;
	bool store;
	int fd;
	uint64_t base; /* of the column in the file */

	/* Guarded by the pool's lock; final when the last job is done. */
	struct pool *pool;
	uint64_t next; /* number of the block to be appended next */
	uint64_t packed, raw;
	uint32_t crc;
	int64_t last_timestamp;
	uint64_t *offsets; /* where blocks begin */
	size_t n_offsets, max_offsets;
	int status;
	struct schedtrace_error err;
};

struct spool_job {
	struct pool_job job;
	struct spool *spool;
	uint64_t number; /* of the block */
	uint64_t first_row;
	const void *data;
	size_t n; /* rows */
	struct row_limits limits;
};

void spool_init(struct spool *spool, enum column_id column, struct pool *pool, bool store);
void spool_free(struct spool *spool);

/* Checks, deflates and appends a block. Blocks must be submitted in order. */
void spool_submit(struct spool_job *job);

#endif
