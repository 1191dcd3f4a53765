/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include <stddef.h>
#include <stdint.h>

/*
 * Bytes of the character that a text begins with, and its number in *code unless that is NULL; 0
 * where the bytes are no UTF-8 (RFC 3629): stray, cut, overlong, a surrogate, above U+10FFFF.
 */
size_t utf8_decode(const char *text, uint32_t *code);

#endif
