/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Sets of addresses, such as what a process has mapped: disjoint ranges that are added, removed
 * and copied. A treap a set, with the nodes of all sets in one pool.
 */
#ifndef BASE_RANGES_H
#define BASE_RANGES_H

#include <stdint.h>

struct ranges_node;

struct ranges_pool {
	struct ranges_node *nodes; /* number 0 is no node */
	uint32_t n, max, free;
	uint64_t random;
};

/* Zeroes are an empty set. */
struct ranges {
	uint32_t root;
	uint64_t bytes;
};

void ranges_pool_init(struct ranges_pool *pool);
void ranges_pool_free(struct ranges_pool *pool);

/* [begin, end); an empty one does nothing. -1 when memory ran out; the set is then unchanged. */
int ranges_add(struct ranges_pool *pool, struct ranges *ranges, uint64_t begin, uint64_t end);
int ranges_remove(struct ranges_pool *pool, struct ranges *ranges, uint64_t begin, uint64_t end);

void ranges_clear(struct ranges_pool *pool, struct ranges *ranges);

/* Makes @to, which must be empty, the same as @from. */
int ranges_copy(struct ranges_pool *pool, struct ranges *to, const struct ranges *from);

#endif
