/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The zip layer of numpy's .npz: one array among its entries, and the records of a zip to write. */
#ifndef LIBSCHEDTRACE_TARBALL_NPZ_H
#define LIBSCHEDTRACE_TARBALL_NPZ_H

#include <stdbool.h>

#include "base/byte_input.h"

struct npz_entry {
	uint64_t data;	       /* offset of its bytes in the input */
	uint64_t packed, size; /* bytes there, and bytes of the .npy */
	uint32_t crc;	       /* of the .npy */
	bool deflated;	       /* else stored */
};

/* Finds NAME.npy in the zip that fills [begin, begin + size) of the input. */
int npz_find(struct npz_entry *out, const struct byte_input *in, uint64_t begin, uint64_t size,
	     const char *name, struct schedtrace_error *err);

/*
 * An entry to write. A zip is: for each entry its local header and its bytes; then a central
 * header for each; then the end. Records of an entry of 4 GiB or more, or lying behind so many
 * bytes, get zip64 fields by themselves.
 */
struct npz_out {
	const char *name; /* of the array, shorter than 64 bytes */
	uint64_t packed, size;
	uint32_t crc;
	bool deflated;
	uint64_t offset;  /* of the local header in the zip */
	uint16_t padding; /* zeros to follow the local header of a stored one, at most 65,000 */
};

#define NPZ_RECORD_ROOM 256

/* Writes a local header and returns its length, NPZ_STORED_HEADER if the entry is stored, so that
 * data behind it is aligned as the header is. */
#define NPZ_STORED_HEADER 128
size_t npz_local_header(uint8_t record[NPZ_RECORD_ROOM], const struct npz_out *entry);
size_t npz_central_header(uint8_t record[NPZ_RECORD_ROOM], const struct npz_out *entry);
/* A comment of that many bytes (at most 65,535) is to follow the end. */
size_t npz_end(uint8_t record[NPZ_RECORD_ROOM], uint64_t entries, uint64_t central_offset,
	       uint64_t central_size, size_t comment);

#endif
