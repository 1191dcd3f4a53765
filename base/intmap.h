/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Numbers by number, such as task lives by pid: open addressing, usually one cache line a look. */
#ifndef BASE_INTMAP_H
#define BASE_INTMAP_H

#include <stddef.h>
#include <stdint.h>

#define INTMAP_NONE UINT32_MAX

struct intmap_slot {
	uint64_t key;
	uint32_t value; /* INTMAP_NONE: the slot is empty */
};

struct intmap {
	struct intmap_slot *slots;
	size_t mask, n;
	uint64_t seed; /* keys come from a file: nobody shall choose ones that collide */
};

int intmap_init(struct intmap *map); /* -1 when memory ran out */
void intmap_free(struct intmap *map);

/* Sets a key that may be there already; -1 when memory ran out. */
int intmap_set(struct intmap *map, uint64_t key, uint32_t value);

/* Takes a key out, if it is there. */
void intmap_remove(struct intmap *map, uint64_t key);

/* Takes all out; the room stays. */
void intmap_clear(struct intmap *map);

static inline size_t intmap_hash(const struct intmap *map, uint64_t key)
{
	uint64_t h = (key ^ map->seed) * UINT64_C(0x9e3779b97f4a7c15);

	h ^= h >> 32;
	h *= UINT64_C(0xd6e8feb86659fd93);
	return (size_t)(h ^ h >> 32);
}

static inline uint32_t intmap_get(const struct intmap *map, uint64_t key)
{
	size_t i = intmap_hash(map, key) & map->mask;

	while (map->slots[i].key != key && map->slots[i].value != INTMAP_NONE)
		i = (i + 1) & map->mask;
	return map->slots[i].value;
}

#endif
