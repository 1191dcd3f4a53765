/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The two codecs of trace.dat version 7. */
#include "tracedat/container.h"

#include <string.h>
#include <zlib.h>

#include "base/error.h"
#include "config.h"

#if HAVE_ZSTD
#include <zstd.h>
#endif

int codec_by_name(const char *name, enum codec *out, struct schedtrace_error *err)
{
	if (!strcmp(name, "none") || !*name)
		*out = CODEC_NONE;
	else if (!strcmp(name, "zlib"))
		*out = CODEC_ZLIB;
	else if (!strcmp(name, "zstd"))
		*out = CODEC_ZSTD;
	else
		return error_set(err, SCHEDTRACE_E_UNSUPPORTED,
				 "compressed with \"%s\"; we read zlib and zstd", name);
	if (*out == CODEC_ZSTD && !HAVE_ZSTD)
		return error_set(err, SCHEDTRACE_E_UNSUPPORTED,
				 "compressed with zstd, which this build leaves out");
	return 0;
}

void codec_free(void *context)
{
#if HAVE_ZSTD
	ZSTD_freeDCtx(context);
#endif
}

int codec_decompress(enum codec codec, void **context, const uint8_t *in, size_t in_size,
		     uint8_t *out, size_t out_size, struct schedtrace_error *err)
{
	if (codec == CODEC_ZLIB) {
		uLongf n = out_size;
		int r = uncompress(out, &n, in, in_size);

		if (r != Z_OK)
			return error_set(err, SCHEDTRACE_E_FORMAT, "zlib: %s", zError(r));
		if (n != out_size)
			return error_set(err, SCHEDTRACE_E_FORMAT,
					 "zlib: %lu bytes come out, %zu are claimed", n, out_size);
		return 0;
	}
#if HAVE_ZSTD
	if (codec == CODEC_ZSTD) {
		size_t n;

		if (!*context)
			*context = ZSTD_createDCtx();
		if (!*context)
			return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for zstd");
		n = ZSTD_decompressDCtx(*context, out, out_size, in, in_size);
		if (ZSTD_isError(n))
			return error_set(err, SCHEDTRACE_E_FORMAT, "zstd: %s",
					 ZSTD_getErrorName(n));
		if (n != out_size)
			return error_set(err, SCHEDTRACE_E_FORMAT,
					 "zstd: %zu bytes come out, %zu are claimed", n, out_size);
		return 0;
	}
#endif
	return error_set(err, SCHEDTRACE_E_FORMAT, "marked as compressed in a file without codec");
}
