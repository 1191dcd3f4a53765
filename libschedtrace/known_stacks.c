/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "libschedtrace/known_stacks.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

void stacks_init(struct stacks *s)
{
	memset(s, 0, sizeof(*s));
	intern_init(&s->names);
	/* Addresses come from a file: nobody shall choose ones that collide. */
	if (getrandom(&s->seed, sizeof(s->seed), GRND_NONBLOCK) < 0)
		s->seed = (uintptr_t)s;
}

void stacks_free(struct stacks *s)
{
	free(s->frames);
	free(s->entries);
	free(s->slots);
	free(s->symbols);
	free(s->symbol_slots);
	intern_free(&s->names);
}

static uint64_t mix(uint64_t h, uint64_t word)
{
	unsigned __int128 product =
		(unsigned __int128)(h ^ word ^ 0x9e3779b97f4a7c15) * (h | 0xbf58476d1ce4e5b9);

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static uint64_t hash_stack(const struct stacks *s, const uint64_t *frames, uint32_t n,
			   uint32_t n_kernel, int32_t space)
{
	uint64_t h = mix(s->seed, (uint64_t)n << 32 | n_kernel);

	h = mix(h, (uint32_t)space);
	for (uint32_t i = 0; i < n; i++)
		h = mix(h, frames[i]);
	return h ^ h >> 32;
}

/* Where the stack is, or the empty slot where it belongs. */
static size_t find_slot(const struct stacks *s, const uint64_t *frames, uint32_t n,
			uint32_t n_kernel, int32_t space)
{
	size_t mask = s->n_slots - 1;
	size_t slot = (size_t)hash_stack(s, frames, n, n_kernel, space) & mask;

	for (; s->slots[slot]; slot = (slot + 1) & mask) {
		const struct stack_entry *e = &s->entries[s->slots[slot] - 1];

		if (e->n == n && e->n_kernel == n_kernel && e->space == space &&
		    (n == 0 || memcmp(s->frames + e->first, frames, n * sizeof(*frames)) == 0))
			break;
	}
	return slot;
}

static int grow_slots(struct stacks *s)
{
	size_t n_slots = s->n_slots ? s->n_slots * 2 : 256;
	int32_t *slots = calloc(n_slots, sizeof(*slots));

	if (!slots)
		return -1;
	free(s->slots);
	s->slots = slots;
	s->n_slots = n_slots;
	for (size_t i = 0; i < s->n; i++) {
		const struct stack_entry *e = &s->entries[i];

		slots[find_slot(s, s->frames + e->first, e->n, e->n_kernel, e->space)] =
			(int32_t)i + 1;
	}
	return 0;
}

/* Room for @more frames and one stack. */
static int make_room(struct stacks *s, uint32_t more)
{
	if (s->n >= s->n_slots / 2 && grow_slots(s) < 0)
		return -1;
	if (s->n == s->max) {
		size_t max = s->max ? s->max * 2 : 128;
		struct stack_entry *entries = reallocarray(s->entries, max, sizeof(*entries));

		if (!entries)
			return -1;
		s->entries = entries;
		s->max = max;
	}
	if (s->frames_max - s->n_frames < more) {
		size_t max = s->frames_max * 2 + more + 1024;
		uint64_t *frames = reallocarray(s->frames, max, sizeof(*frames));

		if (!frames)
			return -1;
		s->frames = frames;
		s->frames_max = max;
	}
	return 0;
}

int32_t stacks_add(struct stacks *s, const uint64_t *frames, uint32_t n, uint32_t n_kernel,
		   int32_t space)
{
	size_t slot;

	if (s->n >= INT32_MAX / 2 || make_room(s, n) < 0)
		return -1;
	slot = find_slot(s, frames, n, n_kernel, space);
	if (s->slots[slot])
		return s->slots[slot] - 1;
	if (n)
		memcpy(s->frames + s->n_frames, frames, n * sizeof(*frames));
	s->entries[s->n] = (struct stack_entry){ s->n_frames, n, n_kernel, space };
	s->n_frames += n;
	s->slots[slot] = (int32_t)++s->n;
	return (int32_t)s->n - 1;
}

static size_t find_symbol(const struct stacks *s, int32_t space, uint64_t address)
{
	size_t mask = s->n_symbol_slots - 1;
	uint64_t h = mix(mix(s->seed, address), (uint32_t)space);
	size_t slot = (size_t)(h ^ h >> 32) & mask;

	for (; s->symbol_slots[slot]; slot = (slot + 1) & mask) {
		const struct stack_symbol *symbol = &s->symbols[s->symbol_slots[slot] - 1];

		if (symbol->address == address && symbol->space == space)
			break;
	}
	return slot;
}

static int grow_symbols(struct stacks *s)
{
	size_t n_slots = s->n_symbol_slots ? s->n_symbol_slots * 2 : 256;
	struct stack_symbol *symbols = reallocarray(s->symbols, n_slots / 2, sizeof(*symbols));
	int32_t *slots;

	if (!symbols)
		return -1;
	s->symbols = symbols;
	s->symbols_max = n_slots / 2;
	slots = calloc(n_slots, sizeof(*slots));
	if (!slots)
		return -1;
	free(s->symbol_slots);
	s->symbol_slots = slots;
	s->n_symbol_slots = n_slots;
	for (size_t i = 0; i < s->n_symbols; i++)
		slots[find_symbol(s, symbols[i].space, symbols[i].address)] = (int32_t)i + 1;
	return 0;
}

int stacks_set_symbol(struct stacks *s, int32_t space, uint64_t address, const char *name)
{
	int32_t number = intern_add(&s->names, name, strlen(name));
	size_t slot;

	if (number < 0 || s->n_symbols >= INT32_MAX / 2 ||
	    (s->n_symbols >= s->n_symbol_slots / 2 && grow_symbols(s) < 0))
		return -1;
	slot = find_symbol(s, space, address);
	if (!s->symbol_slots[slot])
		s->symbol_slots[slot] = (int32_t)++s->n_symbols;
	s->symbols[s->symbol_slots[slot] - 1] = (struct stack_symbol){ address, space, number };
	return 0;
}

const char *stacks_symbol(const struct stacks *s, int32_t space, uint64_t address)
{
	int32_t index = s->n_symbol_slots ? s->symbol_slots[find_symbol(s, space, address)] : 0;

	return index ? s->names.names[s->symbols[index - 1].name] : NULL;
}
