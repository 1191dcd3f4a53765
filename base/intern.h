/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Strings kept once, numbered from 0 in the order in which they first came. */
#ifndef BASE_INTERN_H
#define BASE_INTERN_H

#include <stddef.h>
#include <stdint.h>

/* Memory that is released all at once; what it holds never moves. Zeroes are an empty one. */
struct arena {
	struct arena_chunk *chunk;
	size_t used;
};

/* NULL when memory ran out. Aligned for int64_t. */
void *arena_alloc(struct arena *arena, size_t n);
void arena_free(struct arena *arena);

struct intern {
	uint64_t seed;
	struct arena arena;
	const char **names;
	int32_t n, names_max;
	int32_t *slots; /* number + 1, 0 empty */
	size_t n_slots; /* a power of two, or 0 */
};

void intern_init(struct intern *intern);
void intern_free(struct intern *intern);

/* The number of the @n bytes at @name (without a NUL), -1 when there is none. */
int32_t intern_find(const struct intern *intern, const char *name, size_t n);

/* The same, numbered now if new; -1 when memory or numbers ran out. */
int32_t intern_add(struct intern *intern, const char *name, size_t n);

#endif
