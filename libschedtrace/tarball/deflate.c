/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "libschedtrace/tarball/deflate.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#if HAVE_ISAL
#include <isa-l/crc.h>
#include <isa-l/igzip_lib.h>
#endif

#include "base/error.h"
#include "base/mem.h"
#include "libschedtrace/tarball/deflate_values.h"

size_t deflate_bound(size_t n)
{
	return n + n / 1000 + 1024;
}

static int too_small(size_t n, size_t size, struct schedtrace_error *err)
{
	return error_set(err, SCHEDTRACE_E_LIMIT, "%zu bytes deflate to more than %zu", n, size);
}

static int deflate_own(enum deflate_data data, const void *in, size_t n, void *out, size_t size,
		       size_t *written, struct schedtrace_error *err)
{
	struct deflate_bits bits = { .at = out, .end = (uint8_t *)out + size };

	if (deflate_values(&bits, data, in, n) < 0)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory to deflate");
	deflate_flush(&bits);
	*written = (size_t)(bits.at - (uint8_t *)out);
	return bits.full ? too_small(n, size, err) : 0;
}

#if HAVE_ISAL
/* isal_deflate_stateless() with this much is as small as with more, and quickest. */
#define LEVEL_BUFFER ISAL_DEF_LVL1_EXTRA_LARGE

static int deflate_isal(const void *in, size_t n, void *out, size_t size, size_t *written,
			struct schedtrace_error *err)
{
	static const uint8_t empty_block[] = { 0x00, 0x00, 0x00, 0xff, 0xff };
	auto_free struct isal_zstream *z = calloc(1, sizeof(*z));
	auto_free uint8_t *buffer = calloc(1, LEVEL_BUFFER);

	if (!z || !buffer)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory to deflate");
	isal_deflate_stateless_init(z);
	z->level = 1;
	z->level_buf = buffer;
	z->level_buf_size = LEVEL_BUFFER;
	z->next_in = (uint8_t *)in;
	z->avail_in = (uint32_t)n;
	z->next_out = out;
	z->avail_out = (uint32_t)size;
	z->flush = FULL_FLUSH;
	if (isal_deflate_stateless(z) != COMP_OK || z->avail_in ||
	    z->avail_out < sizeof(empty_block))
		return too_small(n, size, err);
	*written = z->total_out;
	/* Data that it stores has no flush behind it, being whole bytes already. */
	if (z->total_out < 4 || memcmp(z->next_out - 4, empty_block + 1, 4) != 0) {
		memcpy(z->next_out, empty_block, sizeof(empty_block));
		*written += sizeof(empty_block);
	}
	return 0;
}
#endif

int deflate_segment(enum deflate_data data, const void *in, size_t n, void *out, size_t size,
		    size_t *written, struct schedtrace_error *err)
{
	if (n > DEFLATE_MAX_SEGMENT || size > 2 * DEFLATE_MAX_SEGMENT)
		return error_set(err, SCHEDTRACE_E_LIMIT, "%zu bytes in one segment", n);
#if HAVE_ISAL
	if (data == DEFLATE_MIXED)
		return deflate_isal(in, n, out, size, written, err);
#endif
	return deflate_own(data, in, n, out, size, written, err);
}

void deflate_stored_header(uint8_t header[DEFLATE_STORED_HEADER], uint16_t n)
{
	header[0] = 0;
	header[1] = n & 0xff;
	header[2] = n >> 8;
	header[3] = (uint8_t)~header[1];
	header[4] = (uint8_t)~header[2];
}

uint32_t deflate_crc(uint32_t crc, const void *data, size_t n)
{
#if HAVE_ISAL
	return crc32_gzip_refl(crc, data, n);
#else
	return (uint32_t)crc32_z(crc, data, n);
#endif
}

uint32_t deflate_crc_combine(uint32_t first, uint32_t second, uint64_t n)
{
	return (uint32_t)crc32_combine(first, second, (z_off_t)n);
}

struct inflater {
#if HAVE_ISAL
	struct inflate_state state;
#else
	z_stream z;
#endif
};

/* Both libraries count in 32 bits. */
static uint32_t at_most_1g(size_t n)
{
	return n < DEFLATE_MAX_SEGMENT ? (uint32_t)n : (uint32_t)DEFLATE_MAX_SEGMENT;
}

int inflater_new(struct inflater **out, struct schedtrace_error *err)
{
	struct inflater *inflater = malloc(sizeof(*inflater));

	if (!inflater)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory to inflate");
#if HAVE_ISAL
	isal_inflate_init(&inflater->state);
#else
	memset(&inflater->z, 0, sizeof(inflater->z));
	if (inflateInit2(&inflater->z, -MAX_WBITS) != Z_OK) {
		free(inflater);
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory to inflate");
	}
#endif
	*out = inflater;
	return 0;
}

void inflater_free(struct inflater *inflater)
{
#if !HAVE_ISAL
	if (inflater)
		inflateEnd(&inflater->z);
#endif
	free(inflater);
}

void inflater_reset(struct inflater *inflater)
{
#if HAVE_ISAL
	isal_inflate_reset(&inflater->state);
#else
	inflateReset(&inflater->z);
#endif
}

#if HAVE_ISAL
int inflater_run(struct inflater *inflater, const uint8_t **in, size_t *n_in, uint8_t **out,
		 size_t *n_out, bool *ended, struct schedtrace_error *err)
{
	struct inflate_state *s = &inflater->state;
	uint32_t avail_in = at_most_1g(*n_in), avail_out = at_most_1g(*n_out);
	int r;

	s->next_in = (uint8_t *)*in;
	s->avail_in = avail_in;
	s->next_out = *out;
	s->avail_out = avail_out;
	r = isal_inflate(s);
	*in += avail_in - s->avail_in;
	*n_in -= avail_in - s->avail_in;
	*out += avail_out - s->avail_out;
	*n_out -= avail_out - s->avail_out;
	*ended = s->block_state == ISAL_BLOCK_FINISH;
	if (r < 0)
		return error_set(err, SCHEDTRACE_E_FORMAT, "damaged deflate data");
	return 0;
}
#else
int inflater_run(struct inflater *inflater, const uint8_t **in, size_t *n_in, uint8_t **out,
		 size_t *n_out, bool *ended, struct schedtrace_error *err)
{
	z_stream *z = &inflater->z;
	uint32_t avail_in = at_most_1g(*n_in), avail_out = at_most_1g(*n_out);
	int r;

	z->next_in = (void *)*in;
	z->avail_in = avail_in;
	z->next_out = *out;
	z->avail_out = avail_out;
	r = inflate(z, Z_NO_FLUSH);
	*in += avail_in - z->avail_in;
	*n_in -= avail_in - z->avail_in;
	*out += avail_out - z->avail_out;
	*n_out -= avail_out - z->avail_out;
	*ended = r == Z_STREAM_END;
	if (r == Z_MEM_ERROR)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory to inflate");
	if (r != Z_OK && r != Z_STREAM_END && r != Z_BUF_ERROR)
		return error_set(err, SCHEDTRACE_E_FORMAT, "damaged deflate data");
	return 0;
}
#endif
