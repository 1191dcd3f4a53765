/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Call stacks, each kept once, and the names of their addresses. */
#ifndef LIBSCHEDTRACE_KNOWN_STACKS_H
#define LIBSCHEDTRACE_KNOWN_STACKS_H

#include <schedtrace/context.h>

#include "base/intern.h"

#define STACKS_MAX_FRAMES 4096 /* of one stack */

struct stack_entry {
	uint64_t first; /* of its frames */
	uint32_t n, n_kernel;
	int32_t space;
};

struct stack_symbol {
	uint64_t address;
	int32_t space;
	int32_t name; /* number in names */
};

struct stacks {
	uint64_t seed;
	uint64_t *frames;
	size_t n_frames, frames_max;
	struct stack_entry *entries;
	size_t n, max;
	int32_t *slots; /* id + 1, 0 empty */
	size_t n_slots; /* a power of two, or 0 */

	struct intern names;
	struct stack_symbol *symbols; /* in the order in which they came */
	size_t n_symbols, symbols_max;
	int32_t *symbol_slots; /* index + 1, 0 empty */
	size_t n_symbol_slots;
};

void stacks_init(struct stacks *stacks);
void stacks_free(struct stacks *stacks);

/* The id of a stack, given now if it is new; -1 when memory or ids ran out. */
int32_t stacks_add(struct stacks *stacks, const uint64_t *frames, uint32_t n, uint32_t n_kernel,
		   int32_t space);

/* -1 when memory ran out. */
int stacks_set_symbol(struct stacks *stacks, int32_t space, uint64_t address, const char *name);
const char *stacks_symbol(const struct stacks *stacks, int32_t space, uint64_t address);

/* The tables of a context, for the members of a tarball. */
struct stacks *context_stacks(struct schedtrace_context *ctx);

/* @load is called with @user when a stack is first asked for; until then there are @n. */
void context_load_stacks_later(struct schedtrace_context *ctx, int32_t n,
			       int (*load)(void *user, struct stacks *into,
					   struct schedtrace_error *err),
			       void *user);

#endif
