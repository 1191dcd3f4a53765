/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The inside of a writer, for the files named writer*.c: rows go into spools while they come
 * (writer.c), members of others wait (writer_extras.c), and at the end all is put into the tarball
 * (writer_finish.c).
 */
#ifndef LIBSCHEDTRACE_TARBALL_WRITER_STATE_H
#define LIBSCHEDTRACE_TARBALL_WRITER_STATE_H

#include <time.h>

#include "base/whole_file.h"
#include "libschedtrace/tarball/spool.h"
#include "libschedtrace/tarball/writer.h"

#define WRITER_MAGIC 0x7363686564777274 /* "schedwrt" */
#define BLOCK_ROWS   262144
#define BLOCKS	     3 /* one is filled while others are deflated */

/* Stored columns go straight to their places, so far apart that they cannot meet, and the holes
 * between them are cut out at the end: nothing is written twice. */
#define PLACE(column) ((uint64_t)(column) << 40)
#define PLACE_HEADERS (TAR_BLOCK + NPZ_STORED_HEADER + NPY_HEADER_ROOM) /* before the rows */
#define START_ROOM    (2 * OUTPUT_COLLAPSE_ALIGNMENT) /* for names of events, before the first */

/* Rows on their way from the caller to the spools. */
struct row_block {
	size_t n;
	void *columns[COLUMN_COUNT];
	bool busy;
	struct spool_job jobs[COLUMN_COUNT];
};

struct extra_member {
	char *name;
	void *data;
	size_t n;
	uint32_t crc;		   /* of an array, of its values until it is written */
	struct extra_array *array; /* NULL: it is bytes */
	struct extra_member *next;
};

/* A caller's array. Its values are in a spool until the header can be written. */
struct extra_array {
	int fd;
	char type[4];
	uint64_t n, bytes;
};

struct schedtrace_writer {
	uint64_t magic;
	char *path;
	const struct schedtrace_context *ctx;
	struct whole_file out;
	bool store, begun;
	bool in_place;	      /* columns are at their PLACE() in the output, not in spools */
	uint64_t first_place; /* of the first column's tar header then */
	struct pool *pool;
	size_t block_rows;
	uint64_t rows, blocks_done;
	bool has[COLUMN_COUNT];
	struct spool spools[COLUMN_COUNT];
	struct row_block blocks[BLOCKS];
	struct row_block *block; /* being filled */
	struct extra_member *extras, **last_extra;
	time_t now;
};

static inline bool is_writer(const struct schedtrace_writer *w)
{
	return w && w->magic == WRITER_MAGIC;
}

/* All members that others gave it. */
void writer_free_extras(struct schedtrace_writer *w);

/* Puts the names of events first, then the columns, then everything else. */
int writer_put_all(struct schedtrace_writer *w, struct schedtrace_error *err);

#endif
