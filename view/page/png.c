/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "view/page/png.h"

#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <zlib.h>

#include "config.h"

#if HAVE_ISAL
#include <isa-l.h>
#endif

#include "base/error.h"
#include "base/mem.h"

#define CHUNK_FRAME 12 /* length, type and checksum around a chunk's bytes */
#define RGBA	    6

static int no_memory(struct schedtrace_error *err)
{
	return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for a picture");
}

/* Each row begins with its filter, which is none. */
static unsigned char *rows_of(const uint32_t *dots, uint32_t width, uint32_t height)
{
	unsigned char *rows = malloc((4 * (size_t)width + 1) * height), *at = rows;

	for (uint32_t y = 0; rows && y < height; y++) {
		*at++ = 0;
		for (uint32_t x = 0; x < width; x++) {
			uint32_t dot = *dots++;

			*at++ = (unsigned char)(dot >> 16);
			*at++ = (unsigned char)(dot >> 8);
			*at++ = (unsigned char)dot;
			*at++ = (unsigned char)(dot >> 24);
		}
	}
	return rows;
}

/* As zlib's format; false: it did not work. */
static bool pack(unsigned char *rows, size_t n, unsigned char *out, size_t *n_out)
{
#if HAVE_ISAL
	struct isal_zstream stream;
	auto_free unsigned char *level = malloc(ISAL_DEF_LVL1_DEFAULT);

	if (!level || n > UINT32_MAX || *n_out > UINT32_MAX)
		return false;
	isal_deflate_stateless_init(&stream);
	stream.next_in = rows;
	stream.avail_in = (uint32_t)n;
	stream.next_out = out;
	stream.avail_out = (uint32_t)*n_out;
	stream.gzip_flag = IGZIP_ZLIB;
	stream.level = 1;
	stream.level_buf = level;
	stream.level_buf_size = ISAL_DEF_LVL1_DEFAULT;
	stream.end_of_stream = 1;
	if (isal_deflate_stateless(&stream) != COMP_OK)
		return false;
	*n_out = stream.total_out;
	return true;
#else
	uLongf size = *n_out;

	if (compress2(out, &size, rows, n, 1) != Z_OK)
		return false;
	*n_out = size;
	return true;
#endif
}

static unsigned char *put_number(unsigned char *at, size_t value)
{
	uint32_t number = htonl((uint32_t)value);

	memcpy(at, &number, 4);
	return at + 4;
}

/* Around @n bytes that stand behind the chunk's head already, or are none. */
static unsigned char *frame(unsigned char *at, const char *type, size_t n)
{
	put_number(at, n);
	memcpy(at + 4, type, 4);
	return put_number(at + 8 + n, crc32(crc32(0, NULL, 0), at + 4, (uInt)n + 4));
}

int png_make(const uint32_t *dots, uint32_t width, uint32_t height, char **out, size_t *n,
	     struct schedtrace_error *err)
{
	static const unsigned char signature[] = { 0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n' };
	static const unsigned char kind[] = { 8, RGBA, 0, 0, 0 };
	size_t n_rows = (4 * (size_t)width + 1) * height;
	size_t n_packed = n_rows + n_rows / 1000 + 65536;
	auto_free unsigned char *rows = rows_of(dots, width, height);
	unsigned char *png = malloc(sizeof(signature) + 3 * CHUNK_FRAME + 13 + n_packed), *at = png;

	if (!rows || !png) {
		free(png);
		return no_memory(err);
	}
	memcpy(at, signature, sizeof(signature));
	at += sizeof(signature);
	memcpy(put_number(put_number(at + 8, width), height), kind, sizeof(kind));
	at = frame(at, "IHDR", 13);
	if (!pack(rows, n_rows, at + 8, &n_packed)) {
		free(png);
		return no_memory(err);
	}
	at = frame(at, "IDAT", n_packed);
	at = frame(at, "IEND", 0);
	*out = (char *)png;
	*n = (size_t)(at - png);
	return 0;
}
