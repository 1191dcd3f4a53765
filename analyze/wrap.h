/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef ANALYZE_WRAP_H
#define ANALYZE_WRAP_H

#include <stdio.h>

/*
 * Prints the words of @text and a newline, in lines of @width (0: no limit) whose continuations are
 * indented by @indent; the first line goes on at column @at. @text must be fit for a terminal.
 */
void wrap_text(FILE *f, const char *text, size_t at, size_t indent, size_t width);

#endif
