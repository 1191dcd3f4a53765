/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whatever values are deflated, zlib and our own inflater give them back. */
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "libschedtrace/tarball/deflate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(int is_true)
{
	if (!is_true)
		__builtin_trap();
}

static void inflate_ours(const uint8_t *packed, size_t n_packed, const uint8_t *expect, size_t n)
{
	uint8_t *back = malloc(n + 1), *out = back;
	struct schedtrace_error err;
	struct inflater *inflater;
	size_t left = n + 1;
	bool ended = false;

	must(back && inflater_new(&inflater, &err) == 0);
	while (!ended && n_packed > 0)
		must(inflater_run(inflater, &packed, &n_packed, &out, &left, &ended, &err) == 0);
	must(left == 1 && memcmp(back, expect, n) == 0);
	inflater_free(inflater);
	free(back);
}

static void inflate_zlib(uint8_t *packed, size_t n_packed, const uint8_t *expect, size_t n)
{
	uint8_t *back = malloc(n + 1);
	z_stream z = { .next_in = packed, .avail_in = (uInt)n_packed };

	must(back && inflateInit2(&z, -MAX_WBITS) == Z_OK);
	z.next_out = back;
	z.avail_out = (uInt)n + 1;
	must(inflate(&z, Z_FINISH) == Z_STREAM_END);
	must(z.total_out == n && z.avail_in == 0 && memcmp(back, expect, n) == 0);
	inflateEnd(&z);
	free(back);
}

/* The first byte says what the others are, and how often they come. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct schedtrace_error err;
	size_t n, times, n_packed;
	uint8_t *in, *packed;

	if (size < 1)
		return 0;
	n = (size - 1) & ~(size_t)7;
	times = 1 + (size_t)(data[0] >> 2) % 32;
	in = malloc(n * times + 1);
	packed = malloc(deflate_bound(n * times));
	must(in && packed);
	for (size_t i = 0; i < times; i++)
		memcpy(in + i * n, data + 1, n);
	n *= times;
	must(deflate_segment((enum deflate_data)(data[0] % 4), in, n, packed,
			     deflate_bound(n) - DEFLATE_END_SIZE, &n_packed, &err) == 0);
	memcpy(packed + n_packed, DEFLATE_END, DEFLATE_END_SIZE);
	n_packed += DEFLATE_END_SIZE;
	inflate_zlib(packed, n_packed, in, n);
	inflate_ours(packed, n_packed, in, n);
	free(in);
	free(packed);
	return 0;
}
