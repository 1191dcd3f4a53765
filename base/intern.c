/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/intern.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

/* Chunks double up to that: many arenas stay small. */
#define CHUNK_BYTES 65536
#define FIRST_BYTES 4096

struct arena_chunk {
	struct arena_chunk *next;
	size_t size;
	int64_t data[];
};

void *arena_alloc(struct arena *arena, size_t n)
{
	struct arena_chunk *c = arena->chunk;
	size_t need = (n + 7) & ~(size_t)7;
	void *memory;

	if (need < n)
		return NULL;
	if (!c || need > c->size - arena->used) {
		size_t size = !c ? FIRST_BYTES : c->size < CHUNK_BYTES ? 2 * c->size : CHUNK_BYTES;

		size = need > size ? need : size;
		if (size + sizeof(*c) < size)
			return NULL;
		c = malloc(sizeof(*c) + size);
		if (!c)
			return NULL;
		c->next = arena->chunk;
		c->size = size;
		arena->chunk = c;
		arena->used = 0;
	}
	memory = (char *)c->data + arena->used;
	arena->used += need;
	return memory;
}

void arena_free(struct arena *arena)
{
	while (arena->chunk) {
		struct arena_chunk *next = arena->chunk->next;

		free(arena->chunk);
		arena->chunk = next;
	}
	arena->used = 0;
}

/* The names come from a recorded system: without a secret seed they could be made to collide. */
void intern_init(struct intern *intern)
{
	memset(intern, 0, sizeof(*intern));
	if (getrandom(&intern->seed, sizeof(intern->seed), GRND_NONBLOCK) < 0)
		intern->seed = (uintptr_t)intern;
}

void intern_free(struct intern *intern)
{
	free(intern->names);
	free(intern->slots);
	arena_free(&intern->arena);
	memset(intern, 0, sizeof(*intern));
}

static uint64_t mix(uint64_t a, uint64_t b)
{
	unsigned __int128 product = (unsigned __int128)a * b;

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static uint64_t hash(uint64_t seed, const char *name, size_t n)
{
	uint64_t h = seed ^ n;

	for (; n > 0; name += 8, n -= n < 8 ? n : 8) {
		uint64_t word = 0;

		memcpy(&word, name, n < 8 ? n : 8);
		h = mix(h ^ word ^ 0x9e3779b97f4a7c15, seed | 0xbf58476d1ce4e5b9);
		if (n < 8)
			break;
	}
	return h ^ h >> 32;
}

/* Where the name is, or the empty slot where it belongs. */
static size_t find_slot(const struct intern *intern, const char *name, size_t n)
{
	size_t mask = intern->n_slots - 1;
	size_t slot = (size_t)hash(intern->seed, name, n) & mask;

	while (intern->slots[slot]) {
		const char *other = intern->names[intern->slots[slot] - 1];

		if (strncmp(other, name, n) == 0 && other[n] == '\0')
			break;
		slot = (slot + 1) & mask;
	}
	return slot;
}

int32_t intern_find(const struct intern *intern, const char *name, size_t n)
{
	return intern->n_slots ? intern->slots[find_slot(intern, name, n)] - 1 : -1;
}

static int grow_slots(struct intern *intern)
{
	size_t n_slots = intern->n_slots ? intern->n_slots * 2 : 64;
	int32_t *slots = calloc(n_slots, sizeof(*slots));

	if (!slots)
		return -1;
	free(intern->slots);
	intern->slots = slots;
	intern->n_slots = n_slots;
	for (int32_t i = 0; i < intern->n; i++)
		slots[find_slot(intern, intern->names[i], strlen(intern->names[i]))] = i + 1;
	return 0;
}

int32_t intern_add(struct intern *intern, const char *name, size_t n)
{
	char *copy;
	size_t slot;

	if ((size_t)intern->n >= intern->n_slots / 2 && grow_slots(intern) < 0)
		return -1;
	slot = find_slot(intern, name, n);
	if (intern->slots[slot])
		return intern->slots[slot] - 1;
	if (intern->n == intern->names_max) {
		int32_t max = intern->names_max ? intern->names_max * 2 : 32;
		const char **names;

		if (intern->names_max > INT32_MAX / 4)
			return -1;
		names = reallocarray(intern->names, (size_t)max, sizeof(*names));
		if (!names)
			return -1;
		intern->names = names;
		intern->names_max = max;
	}
	copy = arena_alloc(&intern->arena, n + 1);
	if (!copy)
		return -1;
	memcpy(copy, name, n);
	copy[n] = '\0';
	intern->names[intern->n] = copy;
	intern->slots[slot] = ++intern->n;
	return intern->n - 1;
}
