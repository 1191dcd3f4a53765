/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Huffman codes as deflate wants them (RFC 1951, 3.2.2): of bounded lengths, from which the codes
 * follow. */
#ifndef LIBSCHEDTRACE_TARBALL_HUFFMAN_H
#define LIBSCHEDTRACE_TARBALL_HUFFMAN_H

#include <stddef.h>
#include <stdint.h>

#define HUFFMAN_MAX_SYMBOLS 286
#define HUFFMAN_MAX_LENGTH  15

/*
 * Lengths in bits of the codes of n symbols that occur so often; 0: never. None is longer than
 * limit, for which 2^limit must be at least n. A symbol that is the only one gets one bit.
 */
void huffman_lengths(const uint32_t *frequencies, size_t n, unsigned limit, uint8_t *lengths);

/* The codes of such lengths, the bit that is written first being the lowest. */
void huffman_codes(const uint8_t *lengths, size_t n, uint16_t *codes);

#endif
