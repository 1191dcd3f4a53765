/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/escape.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "base/utf8.h"

static int code_width(uint32_t code)
{
	if (code < 0x80)
		return code >= 0x20 && code != 0x7f ? 1 : -1;
	return wcwidth((wchar_t)code);
}

/* Writes at most four bytes for each of @bytes, and a NUL. */
static void escape(char *o, const char *bytes, bool visible, bool backslash)
{
	while (*bytes) {
		uint32_t code;
		size_t n = utf8_decode(bytes, &code);
		bool keep =
			n && (*bytes != '\\' || !backslash) && (!visible || code_width(code) > 0);

		if (!n)
			n = 1;
		for (size_t i = 0; i < n; i++) {
			if (keep)
				*o++ = bytes[i];
			else
				o += sprintf(o, "\\x%02x", (unsigned char)bytes[i]);
		}
		bytes += n;
	}
	*o = '\0';
}

static char *escape_copy(const char *bytes, bool visible)
{
	char *out = malloc(strlen(bytes) * 4 + 1);

	if (out)
		escape(out, bytes, visible, true);
	return out;
}

char *escape_utf8(const char *bytes)
{
	return escape_copy(bytes, false);
}

char *escape_visible(const char *bytes)
{
	return escape_copy(bytes, true);
}

void escape_sentence(char *out, const char *bytes)
{
	escape(out, bytes, true, false);
}

void escape_xml(FILE *f, const char *visible, size_t n)
{
	for (; n && *visible; visible++, n--) {
		switch (*visible) {
		case '<':
			fputs("&lt;", f);
			break;
		case '>':
			fputs("&gt;", f);
			break;
		case '&':
			fputs("&amp;", f);
			break;
		case '"':
			fputs("&quot;", f);
			break;
		default:
			fputc(*visible, f);
		}
	}
}

size_t escape_fit(const char *visible, size_t width)
{
	const char *s = visible;

	while (*s) {
		uint32_t code;
		size_t n = utf8_decode(s, &code);
		int w = n ? code_width(code) : 1;

		if (!n)
			n = 1;
		if (w < 0)
			w = 0;
		if ((size_t)w > width)
			break;
		width -= (size_t)w;
		s += n;
	}
	return (size_t)(s - visible);
}

size_t escape_width(const char *visible)
{
	const char *s = visible;
	size_t width = 0;

	while (*s) {
		uint32_t code;
		size_t n = utf8_decode(s, &code);
		int w = n ? code_width(code) : 1;

		width += w > 0 ? (size_t)w : 0;
		s += n ? n : 1;
	}
	return width;
}
