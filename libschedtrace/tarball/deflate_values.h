/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Deflate for columns of integers: repeats are looked for from value to value, not from byte to
 * byte, which is several times as fast as what deflates any bytes, and finds longer ones. */
#ifndef LIBSCHEDTRACE_TARBALL_DEFLATE_VALUES_H
#define LIBSCHEDTRACE_TARBALL_DEFLATE_VALUES_H

#include "libschedtrace/tarball/deflate.h"
#include "libschedtrace/tarball/deflate_block.h"

/*
 * Writes n bytes of such values, of which they must be a multiple, as blocks that refer to nothing
 * before them. Returns -1 if there is no memory for its tables; whether the room sufficed is in
 * bits.
 */
int deflate_values(struct deflate_bits *bits, enum deflate_data data, const uint8_t *in, size_t n);

#endif
