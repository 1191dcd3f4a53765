/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An opened tarball: where its columns are. */
#ifndef LIBSCHEDTRACE_TARBALL_ARCHIVE_H
#define LIBSCHEDTRACE_TARBALL_ARCHIVE_H

#include "libschedtrace/tarball/column.h"

/* Where a member lies in the file. */
struct member_place {
	bool present;
	uint64_t offset, size;
};

/* The members that are read when they are asked for: call stacks, and tasks. */
enum later_member {
	LATER_STACK_OFFSETS,
	LATER_STACK_FRAMES,
	LATER_STACK_KERNEL,
	LATER_STACK_SPACES,
	LATER_STACK_SYMBOLS,
	LATER_STACK_MEMBERS,
	LATER_TASKS = LATER_STACK_MEMBERS,
	LATER_MEMBERS
};

struct archive {
	struct byte_input in;
	char *path; /* for messages */
	unsigned int threads;
	uint64_t max_bytes;
	struct column columns[COLUMN_COUNT];
	struct id_map events, comms;
	uint64_t block_rows; /* rows that are read at a time */
	uint64_t least_rows; /* and a multiple of which they begin at: whole blocks */
	struct member_place later[LATER_MEMBERS];
	struct json_t *crcs; /* of members that are no zips, by name; NULL: not known */
	const uint8_t *map;  /* the whole file, once mapped */
};

/* Opens a tarball from an input, which is taken over; makes its context. */
int archive_open(struct archive **out, struct byte_input *in, const char *path,
		 const struct schedtrace_open_options *options, struct schedtrace_context **ctx,
		 uint64_t *rows, struct schedtrace_error *err);
void archive_close(struct archive *archive);

/* Compares the checksum of a member's bytes with what the tarball says of it, if it does. */
int archive_check_crc(const struct archive *archive, const char *name, uint32_t crc,
		      struct schedtrace_error *err);

#endif
