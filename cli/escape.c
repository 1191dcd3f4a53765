/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "escape.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

/* Decodes one character: its length in bytes, or 0 where the bytes are no UTF-8 (RFC 3629). */
static size_t utf8_decode(const unsigned char *s, uint32_t *code)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t n;

	if (s[0] < 0x80) {
		*code = s[0];
		return 1;
	}
	if (s[0] >= 0xc2 && s[0] <= 0xdf)
		n = 2;
	else if ((s[0] & 0xf0) == 0xe0)
		n = 3;
	else if (s[0] >= 0xf0 && s[0] <= 0xf4)
		n = 4;
	else
		return 0;
	*code = s[0] & (0x7fu >> n);
	for (size_t i = 1; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80) /* the terminating NUL too */
			return 0;
		*code = *code << 6 | (s[i] & 0x3f);
	}
	if (*code < least[n] || *code > 0x10ffff || (*code >= 0xd800 && *code <= 0xdfff))
		return 0;
	return n;
}

static int code_width(uint32_t code)
{
	if (code < 0x80)
		return code >= 0x20 && code != 0x7f ? 1 : -1;
	return wcwidth((wchar_t)code);
}

static char *escape(const char *bytes, bool visible)
{
	const unsigned char *s = (const unsigned char *)bytes;
	char *out = malloc(strlen(bytes) * 4 + 1), *o = out;

	if (!out)
		return NULL;
	while (*s) {
		uint32_t code;
		size_t n = utf8_decode(s, &code);
		bool keep = n && *s != '\\' && (!visible || code_width(code) > 0);

		if (!n)
			n = 1;
		for (size_t i = 0; i < n; i++) {
			if (keep)
				*o++ = (char)s[i];
			else
				o += sprintf(o, "\\x%02x", s[i]);
		}
		s += n;
	}
	*o = '\0';
	return out;
}

char *escape_utf8(const char *bytes)
{
	return escape(bytes, false);
}

char *escape_visible(const char *bytes)
{
	return escape(bytes, true);
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
	const unsigned char *s = (const unsigned char *)visible;

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
	return (size_t)((const char *)s - visible);
}

size_t escape_width(const char *visible)
{
	const unsigned char *s = (const unsigned char *)visible;
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
