/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The word that somebody may have meant. */
#ifndef BASE_NEAREST_H
#define BASE_NEAREST_H

#include <stddef.h>

/* The candidate nearest to @word by edit distance, or NULL if none is near. */
const char *nearest_word(const char *word, const char *const *candidates, size_t n);

#endif
