/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Arrays by number of life or CPU, which grow when a larger number comes. */
#ifndef BASE_GROWN_H
#define BASE_GROWN_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct grown {
	void *items;
	uint32_t n;
};

/* Slow path of grown_at(): at least @i + 1 items of @size bytes, new ones all zero. */
static inline int grown_extend(struct grown *array, uint32_t i, size_t size)
{
	uint32_t n = i < UINT32_MAX / 2 ? i + i / 2 + 16 : UINT32_MAX;
	char *items = reallocarray(array->items, n, size);

	if (!items)
		return -1;
	memset(items + array->n * size, 0, (n - array->n) * size);
	array->items = items;
	array->n = n;
	return 0;
}

/* Item @i of @type, NULL when memory ran out. Valid until the next call. */
#define grown_at(array, i, type)                                                                   \
	((uint32_t)(i) < (array)->n || grown_extend((array), (uint32_t)(i), sizeof(type)) >= 0     \
		 ? &((type *)(array)->items)[(uint32_t)(i)]                                        \
		 : NULL)

/* The same without growing: NULL when there is none. */
#define grown_get(array, i, type)                                                                  \
	((uint32_t)(i) < (array)->n ? &((type *)(array)->items)[(uint32_t)(i)] : NULL)

#endif
