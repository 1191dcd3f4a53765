/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One column of an opened tarball: from the bytes of its member to values in memory. */
#ifndef LIBSCHEDTRACE_TARBALL_COLUMN_H
#define LIBSCHEDTRACE_TARBALL_COLUMN_H

#include <stdbool.h>

#include "base/byte_input.h"
#include "base/pool.h"
#include "libschedtrace/row_checks.h"
#include "libschedtrace/tarball/deflate.h"
#include "libschedtrace/tarball/members.h"
#include "libschedtrace/tarball/npy.h"
#include "libschedtrace/tarball/npz.h"

struct column {
	bool present;
	enum column_id id;
	struct npz_entry entry;
	struct npy_header npy;
	uint32_t header_crc; /* of the npy header */
	/* Where blocks of deflated data begin, and where the last one ends; NULL: not known. */
	uint64_t *offsets;
	size_t n_blocks;
	uint64_t block_rows;
	const struct id_map *map; /* ids to translate, NULL: none */
	struct row_limits limits;
};

/* Reads and checks the headers; the number of values is npy.count. */
int column_open(struct column *column, enum column_id id, const struct byte_input *in,
		uint64_t begin, uint64_t size, struct schedtrace_error *err);
void column_close(struct column *column);

/* The values as they are in the file are those of struct schedtrace_events. */
bool column_is_native(const struct column *column);

/* Takes the offsets of blocks over if they can be right; -1 if they cannot. */
int column_set_offsets(struct column *column, uint64_t *offsets, size_t n, uint64_t block_rows);

/*
 * A pass over a column, a range of rows after the other. Where blocks are known or nothing is
 * deflated each range is found by itself; else ranges wait for each other.
 */
struct column_pass {
	const struct column *column;
	const struct byte_input *in;
	struct pool *pool;

	struct inflater *inflater; /* of a column that is one stream */
	uint8_t *buffer;
	const uint8_t *at; /* in the buffer: what is not inflated yet */
	size_t left;
	uint64_t packed_at; /* bytes read of the member so far */
	bool ended;

	uint64_t next; /* number of the range whose turn it is; guarded by the pool's lock */
	int status;    /* likewise: why the pass cannot go on */
};

void column_pass_init(struct column_pass *pass, const struct column *column,
		      const struct byte_input *in, struct pool *pool);
void column_pass_free(struct column_pass *pass);

struct column_job {
	struct pool_job job;
	struct column_pass *pass;
	uint64_t number; /* of the range: 0, 1 ... */
	uint64_t row;	 /* first */
	size_t n;	 /* rows; whole blocks of a column whose blocks are known */
	void *out;	 /* room for n values */
	uint32_t crc;	 /* of the bytes in the file */
	int status;
	struct schedtrace_error err;
};

void column_submit(struct column_job *job);

#endif
