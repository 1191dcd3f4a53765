/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The header of numpy's .npy: magic, version, and a Python dict as text. */
#ifndef LIBSCHEDTRACE_TARBALL_NPY_H
#define LIBSCHEDTRACE_TARBALL_NPY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <schedtrace/error.h>

#define NPY_MAX_HEADER 65536 /* bytes of header that are read, magic included */

struct npy_header {
	char kind;	    /* i signed, u unsigned, others as numpy's array interface names them */
	bool big_endian;    /* of more than one byte */
	unsigned int width; /* bytes of a value */
	uint64_t count;	    /* values of the one dimension */
	uint64_t data;	    /* where they begin */
	char descr[24];	    /* for messages */
};

/* How many bytes of the file npy_parse() needs, from its first 12; at most NPY_MAX_HEADER. */
int npy_header_size(const uint8_t *data, size_t n, size_t *size, struct schedtrace_error *err);

/* Parses the header in the first n bytes. Whatever is no one-dimensional array of numbers of 1
 * to 8 bytes is refused by name; nothing is ever unpickled. */
int npy_parse(struct npy_header *out, const uint8_t *data, size_t n, struct schedtrace_error *err);

/* Writes a header for count values of type descr whose length is a multiple of 64; returns it. */
#define NPY_HEADER_ROOM 128
size_t npy_write(uint8_t header[NPY_HEADER_ROOM], const char *descr, uint64_t count);

#endif
