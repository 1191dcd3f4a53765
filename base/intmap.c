/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/intmap.h"

#include <stdlib.h>
#include <sys/random.h>

static int allocate(struct intmap *map, size_t n_slots)
{
	map->slots = reallocarray(NULL, n_slots, sizeof(*map->slots));
	if (!map->slots)
		return -1;
	for (size_t i = 0; i < n_slots; i++)
		map->slots[i] = (struct intmap_slot){ .value = INTMAP_NONE };
	map->mask = n_slots - 1;
	return 0;
}

int intmap_init(struct intmap *map)
{
	*map = (struct intmap){ 0 };
	if (getrandom(&map->seed, sizeof(map->seed), GRND_NONBLOCK) != (ssize_t)sizeof(map->seed))
		map->seed = (uintptr_t)map;
	return allocate(map, 64);
}

void intmap_free(struct intmap *map)
{
	free(map->slots);
	map->slots = NULL;
}

static void put(struct intmap *map, uint64_t key, uint32_t value)
{
	size_t i = intmap_hash(map, key) & map->mask;

	while (map->slots[i].value != INTMAP_NONE && map->slots[i].key != key)
		i = (i + 1) & map->mask;
	if (map->slots[i].value == INTMAP_NONE)
		map->n++;
	map->slots[i] = (struct intmap_slot){ key, value };
}

int intmap_set(struct intmap *map, uint64_t key, uint32_t value)
{
	if (2 * map->n > map->mask) {
		struct intmap old = *map;

		if (allocate(map, 2 * (old.mask + 1)) < 0) {
			*map = old;
			return -1;
		}
		map->n = 0;
		for (size_t i = 0; i <= old.mask; i++) {
			if (old.slots[i].value != INTMAP_NONE)
				put(map, old.slots[i].key, old.slots[i].value);
		}
		free(old.slots);
	}
	put(map, key, value);
	return 0;
}

void intmap_remove(struct intmap *map, uint64_t key)
{
	size_t hole = intmap_hash(map, key) & map->mask;

	while (map->slots[hole].value != INTMAP_NONE && map->slots[hole].key != key)
		hole = (hole + 1) & map->mask;
	if (map->slots[hole].value == INTMAP_NONE)
		return;
	/* What a look for a later key passes over the hole moves into it. */
	for (size_t i = (hole + 1) & map->mask; map->slots[i].value != INTMAP_NONE;
	     i = (i + 1) & map->mask) {
		size_t home = intmap_hash(map, map->slots[i].key) & map->mask;

		if (((i - home) & map->mask) < ((i - hole) & map->mask))
			continue;
		map->slots[hole] = map->slots[i];
		hole = i;
	}
	map->slots[hole] = (struct intmap_slot){ .value = INTMAP_NONE };
	map->n--;
}

void intmap_clear(struct intmap *map)
{
	for (size_t i = 0; i <= map->mask; i++)
		map->slots[i] = (struct intmap_slot){ .value = INTMAP_NONE };
	map->n = 0;
}
