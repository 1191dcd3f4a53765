/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Texts of a trace are hostile bytes: task names may hold newlines, terminal escapes or anything
 * else but NUL. Whoever prints one passes it through here.
 */
#ifndef BASE_ESCAPE_H
#define BASE_ESCAPE_H

#include <stddef.h>
#include <stdio.h>

/*
 * The same text as valid UTF-8: bytes that are no UTF-8 and the backslash become \xNN, so that
 * different bytes always give different texts. Control characters stay. NULL without memory.
 */
char *escape_utf8(const char *bytes);

/*
 * As escape_utf8(), and characters that do not print in one or two columns (controls, direction
 * marks, zero-width ones) become \xNN too: safe for a terminal and always on one line. Needs a
 * UTF-8 LC_CTYPE to let characters beyond ASCII pass.
 */
char *escape_visible(const char *bytes);

/*
 * As escape_visible(), into four times the bytes and one more; backslashes stay. For sentences of
 * ours, which may quote names that are escaped already.
 */
void escape_sentence(char *out, const char *bytes);

/* Writes at most @n bytes of @visible as text or attribute of XML. */
void escape_xml(FILE *f, const char *visible, size_t n);

/* Columns that a result of escape_visible() takes on a terminal. */
size_t escape_width(const char *visible);

/* Bytes of the longest beginning of @visible that takes at most @width columns. */
size_t escape_fit(const char *visible, size_t width);

#endif
