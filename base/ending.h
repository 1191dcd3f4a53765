/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BASE_ENDING_H
#define BASE_ENDING_H

#include <stdbool.h>
#include <string.h>

/* Whether @text ends in @ending, which may be all of it. */
static inline bool has_ending(const char *text, const char *ending)
{
	size_t n = strlen(text), m = strlen(ending);

	return n >= m && strcmp(text + n - m, ending) == 0;
}

#endif
