/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Deflate in both directions and CRC-32. Inflating and the CRC are ISA-L's where it was found, else
 * zlib's. */
#ifndef LIBSCHEDTRACE_TARBALL_DEFLATE_H
#define LIBSCHEDTRACE_TARBALL_DEFLATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <schedtrace/error.h>

/* Most bytes of one segment, before and after deflating. */
#define DEFLATE_MAX_SEGMENT ((size_t)1 << 30)

/* What ends a deflate stream whose segments all ended with a full flush: an empty last block. */
#define DEFLATE_END	 "\x03\x00"
#define DEFLATE_END_SIZE 2

/* What is deflated: little-endian values. */
enum deflate_data {
	DEFLATE_INT32, /* few, or coming in patterns */
	DEFLATE_INT64, /* likewise */
	DEFLATE_MIXED, /* 64 bits each, of several kinds by turns: by ISA-L where it was found */
	DEFLATE_RISING, /* 64 bits each, near the value before: stamps */
};

/* Room that n bytes need at worst. */
size_t deflate_bound(size_t n);

/* Deflates n bytes into a segment that refers to nothing before it and ends with a full flush:
 * segments one after the other, then DEFLATE_END, are one stream. */
int deflate_segment(enum deflate_data data, const void *in, size_t n, void *out, size_t size,
		    size_t *written, struct schedtrace_error *err);

/* The same without deflating, for the few bytes at the begin: n is at most 65,535. */
#define DEFLATE_STORED_HEADER 5
void deflate_stored_header(uint8_t header[DEFLATE_STORED_HEADER], uint16_t n);

uint32_t deflate_crc(uint32_t crc, const void *data, size_t n);

/* CRC of a text followed by another one of n bytes. */
uint32_t deflate_crc_combine(uint32_t first, uint32_t second, uint64_t n);

struct inflater;

int inflater_new(struct inflater **out, struct schedtrace_error *err);
void inflater_free(struct inflater *inflater);

/* Forgets everything: the next input begins a stream, or a segment of one. */
void inflater_reset(struct inflater *inflater);

/* Inflates from *in into *out, moving both on, until either is used up or the stream ends. */
int inflater_run(struct inflater *inflater, const uint8_t **in, size_t *n_in, uint8_t **out,
		 size_t *n_out, bool *ended, struct schedtrace_error *err);

#endif
