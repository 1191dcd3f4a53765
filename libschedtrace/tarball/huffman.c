/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "libschedtrace/tarball/huffman.h"

#include <stdlib.h>

struct symbol {
	uint32_t frequency;
	uint16_t number;
};

static int by_frequency(const void *a, const void *b)
{
	const struct symbol *x = a, *y = b;

	if (x->frequency != y->frequency)
		return x->frequency < y->frequency ? -1 : 1;
	return x->number < y->number ? -1 : x->number > y->number;
}

static size_t sorted(const uint32_t *frequencies, size_t n, struct symbol *symbols)
{
	size_t used = 0;

	for (size_t i = 0; i < n; i++)
		if (frequencies[i])
			symbols[used++] = (struct symbol){ frequencies[i], (uint16_t)i };
	qsort(symbols, used, sizeof(*symbols), by_frequency);
	return used;
}

/*
 * Depths of the n leaves of a Huffman tree, of which there are two or more, the rarest first. Nodes
 * are made in the order of their weight, so the lightest that has no parent yet is the first of the
 * leaves or the first of the nodes.
 */
static void leaf_depths(const struct symbol *leaves, size_t n, unsigned *depths)
{
	uint64_t weights[HUFFMAN_MAX_SYMBOLS];
	uint16_t parent_of_leaf[HUFFMAN_MAX_SYMBOLS], parent_of_node[HUFFMAN_MAX_SYMBOLS];
	unsigned node_depths[HUFFMAN_MAX_SYMBOLS];
	size_t leaf = 0, node = 0;

	for (size_t made = 0; made < n - 1; made++) {
		weights[made] = 0;
		for (int child = 0; child < 2; child++) {
			if (leaf < n && (node == made || leaves[leaf].frequency <= weights[node])) {
				weights[made] += leaves[leaf].frequency;
				parent_of_leaf[leaf++] = (uint16_t)made;
			} else {
				weights[made] += weights[node];
				parent_of_node[node++] = (uint16_t)made;
			}
		}
	}
	node_depths[n - 2] = 0;
	for (size_t i = n - 2; i-- > 0;)
		node_depths[i] = node_depths[parent_of_node[i]] + 1;
	for (size_t i = 0; i < n; i++)
		depths[i] = node_depths[parent_of_leaf[i]] + 1;
}

/*
 * A code is complete when its symbols use up the room of 2^limit, of which one with so many bits
 * takes 2^(limit - bits). Cutting long codes takes too much room: rare symbols with shorter codes
 * give it back, and what is left over then shortens the most frequent that it is enough for.
 */
static void limit_depths(unsigned *depths, size_t n, unsigned limit)
{
	const uint32_t room = UINT32_C(1) << limit;
	uint32_t taken = 0;

	for (size_t i = 0; i < n; i++) {
		if (depths[i] > limit)
			depths[i] = limit;
		taken += room >> depths[i];
	}
	while (taken > room) {
		size_t i = 0;

		while (depths[i] == limit)
			i++;
		depths[i]++;
		taken -= room >> depths[i];
	}
	for (size_t i = n; i-- > 0;)
		while (depths[i] > 1 && taken + (room >> depths[i]) <= room) {
			taken += room >> depths[i];
			depths[i]--;
		}
}

void huffman_lengths(const uint32_t *frequencies, size_t n, unsigned limit, uint8_t *lengths)
{
	struct symbol symbols[HUFFMAN_MAX_SYMBOLS];
	unsigned depths[HUFFMAN_MAX_SYMBOLS] = { 1 };
	size_t used = sorted(frequencies, n, symbols);

	for (size_t i = 0; i < n; i++)
		lengths[i] = 0;
	if (used > 1) {
		leaf_depths(symbols, used, depths);
		limit_depths(depths, used, limit);
	}
	for (size_t i = 0; i < used; i++)
		lengths[symbols[i].number] = (uint8_t)depths[i];
}

static uint16_t reversed(unsigned code, unsigned bits)
{
	unsigned r = 0;

	for (; bits > 0; bits--, code >>= 1)
		r = r << 1 | (code & 1);
	return (uint16_t)r;
}

void huffman_codes(const uint8_t *lengths, size_t n, uint16_t *codes)
{
	unsigned count[HUFFMAN_MAX_LENGTH + 1] = { 0 }, next[HUFFMAN_MAX_LENGTH + 1] = { 0 };

	for (size_t i = 0; i < n; i++)
		if (lengths[i])
			count[lengths[i]]++;
	for (unsigned bits = 1; bits <= HUFFMAN_MAX_LENGTH; bits++)
		next[bits] = (next[bits - 1] + count[bits - 1]) << 1;
	for (size_t i = 0; i < n; i++)
		if (lengths[i])
			codes[i] = reversed(next[lengths[i]]++, lengths[i]);
}
