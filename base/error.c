/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"

/* What it writes is UTF-8 without control characters, whatever the bytes. */
static void escape(char *out, size_t size, const char *text)
{
	size_t n = 0;

	while (*text && n + 5 <= size) {
		uint32_t code;
		size_t bytes = utf8_decode(text, &code);
		bool control = bytes && (code < 0x20 || (code >= 0x7f && code < 0xa0));

		if (bytes && !control) {
			memcpy(out + n, text, bytes);
			n += bytes;
			text += bytes;
			continue;
		}
		n += (size_t)snprintf(out + n, size - n, "\\x%02x", (unsigned char)*text++);
	}
	out[n] = '\0';
}

SCHEDTRACE_PRINTF(3, 0)
static void set_text(struct schedtrace_error *err, int status, const char *fmt, va_list args,
		     const char *suffix)
{
	char raw[SCHEDTRACE_ERROR_SIZE];
	int n;

	if (!err)
		return;
	n = vsnprintf(raw, sizeof(raw), fmt, args);
	if (n < 0)
		raw[0] = '\0';
	if (suffix && n >= 0 && (size_t)n < sizeof(raw))
		snprintf(raw + n, sizeof(raw) - (size_t)n, ": %s", suffix);
	err->status = status;
	escape(err->text, sizeof(err->text), raw);
}

int error_set(struct schedtrace_error *err, int status, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	set_text(err, status, fmt, args, NULL);
	va_end(args);
	return status;
}

int error_errno(struct schedtrace_error *err, int status, int errnum, const char *fmt, ...)
{
	char buf[128];
	va_list args;

	if (errnum == ENOMEM)
		status = SCHEDTRACE_E_NOMEM;
	va_start(args, fmt);
	set_text(err, status, fmt, args, strerror_r(errnum, buf, sizeof(buf)));
	va_end(args);
	return status;
}

int error_prefix(struct schedtrace_error *err, int status, const char *fmt, ...)
{
	char old[SCHEDTRACE_ERROR_SIZE];
	va_list args;

	if (!err)
		return status;
	memcpy(old, err->text, sizeof(old));
	va_start(args, fmt);
	set_text(err, status, fmt, args, old);
	va_end(args);
	return status;
}

const char *schedtrace_status_name(int status)
{
	switch (status) {
	case SCHEDTRACE_OK:
		return "ok";
	case SCHEDTRACE_E_USAGE:
		return "usage";
	case SCHEDTRACE_E_NOMEM:
		return "nomem";
	case SCHEDTRACE_E_IO:
		return "io";
	case SCHEDTRACE_E_FORMAT:
		return "format";
	case SCHEDTRACE_E_LIMIT:
		return "limit";
	case SCHEDTRACE_E_UNSUPPORTED:
		return "unsupported";
	case SCHEDTRACE_E_NOT_FOUND:
		return "not found";
	case SCHEDTRACE_E_CANCELLED:
		return "cancelled";
	default:
		return "unknown";
	}
}
