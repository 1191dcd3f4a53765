/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The second half of deflating (RFC 1951): literals and matches that others found, as blocks. */
#ifndef LIBSCHEDTRACE_TARBALL_DEFLATE_BLOCK_H
#define LIBSCHEDTRACE_TARBALL_DEFLATE_BLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DEFLATE_MIN_MATCH 3
#define DEFLATE_MAX_MATCH 258
#define DEFLATE_WINDOW	  32768

/* So many bytes as they are, then a match: length bytes that stand distance bytes before. */
struct deflate_sequence {
	uint32_t literals;
	uint16_t length, distance;
};

/* Bits on their way to memory. */
struct deflate_bits {
	uint64_t held;
	unsigned n; /* bits of held, below 8 between two calls */
	uint8_t *at, *end;
	bool full; /* the room did not suffice; nothing is written any more */
};

/*
 * Writes a block, which is not the last of its stream, of the bytes that the sequences make and
 * of literals after them, all from in. It has codes of its own, or is stored if that is shorter.
 */
void deflate_block(struct deflate_bits *bits, const uint8_t *in,
		   const struct deflate_sequence *sequences, size_t n, size_t literals);

/* A full flush: an empty block that ends with a whole byte. */
void deflate_flush(struct deflate_bits *bits);

#endif
