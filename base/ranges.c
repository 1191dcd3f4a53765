/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/ranges.h"

#include <stdlib.h>
#include <sys/random.h>

struct ranges_node {
	uint64_t begin, end;
	uint32_t left, right; /* a free node's left is the next free one */
	uint32_t priority;
};

void ranges_pool_init(struct ranges_pool *pool)
{
	*pool = (struct ranges_pool){ .n = 1 };
	if (getrandom(&pool->random, sizeof(pool->random), GRND_NONBLOCK) < 0)
		pool->random = (uintptr_t)pool;
	pool->random |= 1;
}

void ranges_pool_free(struct ranges_pool *pool)
{
	free(pool->nodes);
	pool->nodes = NULL;
}

/* So that at least @n nodes can be taken without failing. */
static int reserve(struct ranges_pool *pool, uint32_t n)
{
	struct ranges_node *grown;
	uint32_t max = pool->max ? pool->max : 128;

	while (max - pool->n < n) {
		if (max > UINT32_MAX / 2)
			return -1;
		max *= 2;
	}
	if (max == pool->max)
		return 0;
	grown = reallocarray(pool->nodes, max, sizeof(*grown));
	if (!grown)
		return -1;
	pool->nodes = grown;
	pool->max = max;
	return 0;
}

static uint32_t take(struct ranges_pool *pool, uint64_t begin, uint64_t end)
{
	uint32_t t = pool->free ? pool->free : pool->n++;

	if (t == pool->free)
		pool->free = pool->nodes[t].left;
	pool->random ^= pool->random << 13;
	pool->random ^= pool->random >> 7;
	pool->random ^= pool->random << 17;
	pool->nodes[t] = (struct ranges_node){ begin, end, 0, 0, (uint32_t)(pool->random >> 32) };
	return t;
}

/* Ranges that begin before @at go to the left. */
static void split(struct ranges_node *nodes, uint32_t t, uint64_t at, uint32_t *left,
		  uint32_t *right)
{
	while (t) {
		if (nodes[t].begin < at) {
			*left = t;
			left = &nodes[t].right;
			t = *left;
		} else {
			*right = t;
			right = &nodes[t].left;
			t = *right;
		}
	}
	*left = *right = 0;
}

static uint32_t join(struct ranges_node *nodes, uint32_t left, uint32_t right)
{
	uint32_t root, *link = &root;

	while (left && right) {
		if (nodes[left].priority > nodes[right].priority) {
			*link = left;
			link = &nodes[left].right;
			left = *link;
		} else {
			*link = right;
			link = &nodes[right].left;
			right = *link;
		}
	}
	*link = left ? left : right;
	return root;
}

static uint32_t last(const struct ranges_node *nodes, uint32_t t)
{
	while (t && nodes[t].right)
		t = nodes[t].right;
	return t;
}

/* Gives back all nodes of a tree; returns their bytes. Rotates left children up, so that no stack
 * is needed. */
static uint64_t give_back(struct ranges_pool *pool, uint32_t t)
{
	struct ranges_node *nodes = pool->nodes;
	uint64_t bytes = 0;

	while (t) {
		uint32_t next = nodes[t].left;

		if (next) {
			nodes[t].left = nodes[next].right;
			nodes[next].right = t;
		} else {
			next = nodes[t].right;
			bytes += nodes[t].end - nodes[t].begin;
			nodes[t].left = pool->free;
			pool->free = t;
		}
		t = next;
	}
	return bytes;
}

/* Takes [begin, end) out and leaves the rest as two trees, before and behind. */
static void cut(struct ranges_pool *pool, struct ranges *ranges, uint64_t begin, uint64_t end,
		uint32_t *before, uint32_t *behind)
{
	struct ranges_node *nodes = pool->nodes;
	uint32_t middle, t;
	uint64_t tail = end; /* where what reaches beyond end ends */

	split(nodes, ranges->root, begin, before, &middle);
	split(nodes, middle, end, &middle, behind);
	t = last(nodes, *before);
	if (t && nodes[t].end > begin) {
		ranges->bytes -= nodes[t].end - begin;
		if (nodes[t].end > tail)
			tail = nodes[t].end;
		nodes[t].end = begin;
	}
	t = last(nodes, middle);
	if (t && nodes[t].end > tail)
		tail = nodes[t].end;
	ranges->bytes -= give_back(pool, middle);
	if (tail > end) {
		*behind = join(nodes, take(pool, end, tail), *behind);
		ranges->bytes += tail - end;
	}
}

int ranges_remove(struct ranges_pool *pool, struct ranges *ranges, uint64_t begin, uint64_t end)
{
	uint32_t before, behind;

	if (begin >= end || !ranges->root)
		return 0;
	if (reserve(pool, 1) < 0)
		return -1;
	cut(pool, ranges, begin, end, &before, &behind);
	ranges->root = join(pool->nodes, before, behind);
	return 0;
}

int ranges_add(struct ranges_pool *pool, struct ranges *ranges, uint64_t begin, uint64_t end)
{
	uint32_t before, behind, t;

	if (begin >= end)
		return 0;
	if (reserve(pool, 2) < 0)
		return -1;
	cut(pool, ranges, begin, end, &before, &behind);
	ranges->bytes += end - begin;
	t = last(pool->nodes, before);
	if (t && pool->nodes[t].end == begin) /* neighbours become one: sets stay small */
		pool->nodes[t].end = end;
	else
		before = join(pool->nodes, before, take(pool, begin, end));
	ranges->root = join(pool->nodes, before, behind);
	return 0;
}

void ranges_clear(struct ranges_pool *pool, struct ranges *ranges)
{
	give_back(pool, ranges->root);
	*ranges = (struct ranges){ 0 };
}

/* Copies a subtree; its depth is that of a treap, about twice the logarithm. */
static uint32_t copy(struct ranges_pool *pool, uint32_t t)
{
	uint32_t child, made;

	if (!t)
		return 0;
	made = take(pool, pool->nodes[t].begin, pool->nodes[t].end);
	pool->nodes[made].priority = pool->nodes[t].priority;
	child = copy(pool, pool->nodes[t].left);
	pool->nodes[made].left = child;
	child = copy(pool, pool->nodes[t].right);
	pool->nodes[made].right = child;
	return made;
}

static uint32_t count(const struct ranges_node *nodes, uint32_t t)
{
	return t ? 1 + count(nodes, nodes[t].left) + count(nodes, nodes[t].right) : 0;
}

int ranges_copy(struct ranges_pool *pool, struct ranges *to, const struct ranges *from)
{
	if (reserve(pool, count(pool->nodes, from->root)) < 0)
		return -1;
	to->root = copy(pool, from->root);
	to->bytes = from->bytes;
	return 0;
}
