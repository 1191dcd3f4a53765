/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How names are asked for: the same in filters, in rules and in assertions. */
#ifndef BASE_PATTERN_H
#define BASE_PATTERN_H

#include <stdbool.h>

/*
 * Whether a text from a trace is this one, as it is or as it is printed (see escape_visible()), or
 * fits the shell pattern.
 */
bool text_matches(const char *text, const char *pattern);

#endif
