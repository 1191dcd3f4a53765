/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "libschedtrace/tarball/deflate_block.h"

#include <string.h>

#include "libschedtrace/tarball/huffman.h"

#define END_OF_BLOCK	 256
#define FIRST_LENGTH	 257 /* symbol of the shortest matches; literals are below */
#define LENGTHS		 29
#define DISTANCES	 30
#define LENGTH_OF_LENGTH 19 /* symbols that tell lengths of codes */
#define MAX_STORED	 65535

/* Distances of 1 to 4 have a symbol each, then two symbols share each power of two. */
static unsigned distance_symbol(unsigned distance)
{
	unsigned d = distance - 1, power;

	if (d < 4)
		return d;
	power = 31 - (unsigned)__builtin_clz(d);
	return 2 * power + (d >> (power - 1) & 1);
}

static unsigned distance_extra(unsigned symbol)
{
	return symbol < 4 ? 0 : symbol / 2 - 1;
}

static unsigned distance_begin(unsigned symbol)
{
	return symbol < 4 ? symbol + 1 : ((2 + symbol % 2) << (symbol / 2 - 1)) + 1;
}

/* Lengths go the same way, eight with a symbol each and then four for each power of two; but the
 * longest has one of its own. */
static unsigned length_symbol(unsigned length)
{
	unsigned l = length - DEFLATE_MIN_MATCH, power;

	if (l < 8)
		return l;
	if (length == DEFLATE_MAX_MATCH)
		return LENGTHS - 1;
	power = 31 - (unsigned)__builtin_clz(l);
	return 4 * (power - 1) + (l >> (power - 2) & 3);
}

static unsigned length_extra(unsigned symbol)
{
	return symbol < 8 || symbol == LENGTHS - 1 ? 0 : symbol / 4 - 1;
}

static unsigned length_begin(unsigned symbol)
{
	if (symbol < 8)
		return symbol + DEFLATE_MIN_MATCH;
	if (symbol == LENGTHS - 1)
		return DEFLATE_MAX_MATCH;
	return ((4 + symbol % 4) << (symbol / 4 - 1)) + DEFLATE_MIN_MATCH;
}

/* Up to 57 bits after a drain. */
static inline void put(struct deflate_bits *b, uint64_t value, unsigned n)
{
	b->held |= value << b->n;
	b->n += n;
}

/* Needs 8 bytes of room, whatever it writes. */
static inline void drain(struct deflate_bits *b)
{
	memcpy(b->at, &b->held, sizeof(b->held));
	b->at += b->n / 8;
	b->held >>= b->n & ~7U;
	b->n &= 7;
}

static bool has_room(struct deflate_bits *b, uint64_t n_bits)
{
	if ((uint64_t)(b->end - b->at) < n_bits / 8 + 2 * sizeof(b->held))
		b->full = true;
	return !b->full;
}

struct codes {
	uint32_t literals[END_OF_BLOCK + 1 + LENGTHS], distances[DISTANCES]; /* how often */
	uint8_t lengths[END_OF_BLOCK + 1 + LENGTHS + DISTANCES];	     /* of both codes */
	/* Lengths that are told. */
	size_t n_literals, n_distances;

	/* The lengths as they are told: a symbol in the lowest five bits, then its extra bits. */
	uint16_t told[END_OF_BLOCK + 1 + LENGTHS + DISTANCES];
	size_t n_told;
	uint32_t tellers[LENGTH_OF_LENGTH];
	uint8_t teller_lengths[LENGTH_OF_LENGTH];
	size_t n_tellers;
};

static const uint8_t teller_order[LENGTH_OF_LENGTH] = { 16, 17, 18, 0, 8,  7, 9,  6, 10, 5,
							11, 4,	12, 3, 13, 2, 14, 1, 15 };
enum { REPEAT_LAST = 16, ZEROS = 17, MANY_ZEROS = 18 };

static void count_literals(uint32_t counts[4][256], const uint8_t *in, size_t n)
{
	size_t i = 0;

	/* Four counters of each byte: one alone would wait for itself where bytes repeat. */
	for (; i + 4 <= n; i += 4)
		for (int k = 0; k < 4; k++)
			counts[k][in[i + k]]++;
	for (; i < n; i++)
		counts[0][in[i]]++;
}

/* Returns how many bytes of input there are. */
static size_t count(struct codes *c, const uint8_t *in, const struct deflate_sequence *sequences,
		    size_t n, size_t literals)
{
	uint32_t counts[4][256] = { 0 };
	const uint8_t *at = in;

	for (size_t i = 0; i < n; i++) {
		const struct deflate_sequence *s = &sequences[i];

		count_literals(counts, at, s->literals);
		c->literals[FIRST_LENGTH + length_symbol(s->length)]++;
		c->distances[distance_symbol(s->distance)]++;
		at += s->literals + s->length;
	}
	count_literals(counts, at, literals);
	for (int i = 0; i < 256; i++)
		c->literals[i] = counts[0][i] + counts[1][i] + counts[2][i] + counts[3][i];
	c->literals[END_OF_BLOCK] = 1;
	if (n == 0)
		c->distances[0] = 1; /* some readers want one code of them */
	return (size_t)(at - in) + literals;
}

static void tell(struct codes *c, unsigned symbol, size_t extra)
{
	c->told[c->n_told++] = (uint16_t)(symbol | extra << 5);
	c->tellers[symbol]++;
}

static void tell_zeros(struct codes *c, size_t n)
{
	while (n >= 11) {
		size_t part = n < 138 ? n : 138;

		tell(c, MANY_ZEROS, part - 11);
		n -= part;
	}
	if (n >= 3)
		tell(c, ZEROS, n - 3);
	else
		for (; n > 0; n--)
			tell(c, 0, 0);
}

static void tell_length(struct codes *c, unsigned length, size_t n)
{
	tell(c, length, 0);
	for (n--; n >= 3;) {
		size_t part = n < 6 ? n : 6;

		tell(c, REPEAT_LAST, part - 3);
		n -= part;
	}
	for (; n > 0; n--)
		tell(c, length, 0);
}

static unsigned teller_extra(unsigned symbol)
{
	return symbol == REPEAT_LAST ? 2 : symbol == ZEROS ? 3 : symbol == MANY_ZEROS ? 7 : 0;
}

static size_t without_zeros(const uint8_t *lengths, size_t n, size_t least)
{
	while (n > least && lengths[n - 1] == 0)
		n--;
	return n;
}

static void make_codes(struct codes *c)
{
	uint8_t distances[DISTANCES], ordered[LENGTH_OF_LENGTH];
	size_t n;

	huffman_lengths(c->literals, END_OF_BLOCK + 1 + LENGTHS, HUFFMAN_MAX_LENGTH, c->lengths);
	huffman_lengths(c->distances, DISTANCES, HUFFMAN_MAX_LENGTH, distances);
	c->n_literals = without_zeros(c->lengths, END_OF_BLOCK + 1 + LENGTHS, FIRST_LENGTH);
	c->n_distances = without_zeros(distances, DISTANCES, 1);
	memcpy(c->lengths + c->n_literals, distances, c->n_distances);
	for (size_t i = 0; i < c->n_literals + c->n_distances; i += n) {
		n = 1;
		while (i + n < c->n_literals + c->n_distances && c->lengths[i + n] == c->lengths[i])
			n++;
		if (c->lengths[i] == 0)
			tell_zeros(c, n);
		else
			tell_length(c, c->lengths[i], n);
	}
	huffman_lengths(c->tellers, LENGTH_OF_LENGTH, 7, c->teller_lengths);
	for (size_t i = 0; i < LENGTH_OF_LENGTH; i++)
		ordered[i] = c->teller_lengths[teller_order[i]];
	c->n_tellers = without_zeros(ordered, LENGTH_OF_LENGTH, 4);
}

static uint64_t size_in_bits(const struct codes *c)
{
	const uint8_t *distances = c->lengths + c->n_literals;
	uint64_t n = 3 + 5 + 5 + 4 + 3 * c->n_tellers;

	for (unsigned i = 0; i < LENGTH_OF_LENGTH; i++)
		n += c->tellers[i] * (uint64_t)(c->teller_lengths[i] + teller_extra(i));
	for (size_t i = 0; i < c->n_literals; i++)
		n += c->literals[i] * (uint64_t)c->lengths[i];
	for (size_t i = FIRST_LENGTH; i < c->n_literals; i++)
		n += c->literals[i] * (uint64_t)length_extra((unsigned)i - FIRST_LENGTH);
	for (unsigned i = 0; i < c->n_distances; i++)
		n += c->distances[i] * (uint64_t)(distances[i] + distance_extra(i));
	return n;
}

static void put_codes(struct deflate_bits *b, const struct codes *c)
{
	uint16_t codes[LENGTH_OF_LENGTH];

	put(b, 2 << 1, 3);
	put(b, c->n_literals - FIRST_LENGTH, 5);
	put(b, c->n_distances - 1, 5);
	put(b, c->n_tellers - 4, 4);
	for (size_t i = 0; i < c->n_tellers; i++) {
		drain(b);
		put(b, c->teller_lengths[teller_order[i]], 3);
	}
	huffman_codes(c->teller_lengths, LENGTH_OF_LENGTH, codes);
	for (size_t i = 0; i < c->n_told; i++) {
		unsigned symbol = c->told[i] & 31;

		drain(b);
		put(b, codes[symbol], c->teller_lengths[symbol]);
		put(b, c->told[i] >> 5, teller_extra(symbol));
	}
	drain(b);
}

/* What is written for a byte, a length with its extra bits, or a distance without them. */
struct code {
	uint32_t bits;
	uint8_t n;
};

struct code_table {
	struct code literals[END_OF_BLOCK + 1];
	struct code lengths[DEFLATE_MAX_MATCH + 1];
	struct code distances[DISTANCES];
};

static void make_table(struct code_table *t, const struct codes *c)
{
	uint16_t codes[END_OF_BLOCK + 1 + LENGTHS], distances[DISTANCES];

	huffman_codes(c->lengths, c->n_literals, codes);
	huffman_codes(c->lengths + c->n_literals, c->n_distances, distances);
	for (size_t i = 0; i <= END_OF_BLOCK; i++)
		if (c->lengths[i])
			t->literals[i] = (struct code){ codes[i], c->lengths[i] };
	for (unsigned length = DEFLATE_MIN_MATCH; length <= DEFLATE_MAX_MATCH; length++) {
		unsigned s = length_symbol(length), extra = length - length_begin(s);
		uint8_t n;

		if (FIRST_LENGTH + s >= c->n_literals || !c->lengths[FIRST_LENGTH + s])
			continue;
		n = c->lengths[FIRST_LENGTH + s];
		t->lengths[length] = (struct code){ codes[FIRST_LENGTH + s] | extra << n,
						    (uint8_t)(n + length_extra(s)) };
	}
	for (size_t i = 0; i < c->n_distances; i++)
		if (c->lengths[c->n_literals + i])
			t->distances[i] =
				(struct code){ distances[i], c->lengths[c->n_literals + i] };
}

static inline void put_code(struct deflate_bits *b, struct code code)
{
	put(b, code.bits, code.n);
}

/* Three codes are 45 bits at most. */
static inline void put_literals(struct deflate_bits *b, const struct code_table *t,
				const uint8_t *in, size_t n)
{
	size_t i = 0;

	for (; i + 3 <= n; i += 3) {
		put_code(b, t->literals[in[i]]);
		put_code(b, t->literals[in[i + 1]]);
		put_code(b, t->literals[in[i + 2]]);
		drain(b);
	}
	for (; i < n; i++)
		put_code(b, t->literals[in[i]]);
	drain(b);
}

static void put_all(struct deflate_bits *bits, const struct codes *c, const uint8_t *in,
		    const struct deflate_sequence *sequences, size_t n, size_t literals)
{
	struct deflate_bits b = *bits; /* in registers */
	struct code_table t;

	make_table(&t, c);
	put_codes(&b, c);
	for (size_t i = 0; i < n; i++) {
		struct deflate_sequence s = sequences[i];
		unsigned distance = distance_symbol(s.distance);

		put_literals(&b, &t, in, s.literals);
		put_code(&b, t.lengths[s.length]);
		put_code(&b, t.distances[distance]);
		put(&b, s.distance - distance_begin(distance), distance_extra(distance));
		drain(&b);
		in += s.literals + s.length;
	}
	put_literals(&b, &t, in, literals);
	put_code(&b, t.literals[END_OF_BLOCK]);
	drain(&b);
	*bits = b;
}

static void put_stored_header(struct deflate_bits *b, size_t n)
{
	put(b, 0, 3);
	b->n = (b->n + 7) & ~7U;
	drain(b);
	put(b, n | (uint64_t)(uint16_t)~n << 16, 32);
	drain(b);
}

static void store(struct deflate_bits *b, const uint8_t *in, size_t n)
{
	while (n > 0) {
		size_t part = n < MAX_STORED ? n : MAX_STORED;

		put_stored_header(b, part);
		memcpy(b->at, in, part);
		b->at += part;
		in += part;
		n -= part;
	}
}

static uint64_t stored_bits(size_t n)
{
	return 8 * (n + (n / MAX_STORED + 1) * 5);
}

void deflate_block(struct deflate_bits *bits, const uint8_t *in,
		   const struct deflate_sequence *sequences, size_t n, size_t literals)
{
	struct codes c = { 0 };
	size_t n_in = count(&c, in, sequences, n, literals);
	uint64_t coded, stored = stored_bits(n_in);

	make_codes(&c);
	coded = size_in_bits(&c);
	if (!has_room(bits, coded < stored ? coded : stored))
		return;
	if (coded < stored)
		put_all(bits, &c, in, sequences, n, literals);
	else
		store(bits, in, n_in);
}

void deflate_flush(struct deflate_bits *bits)
{
	if (has_room(bits, stored_bits(0)))
		put_stored_header(bits, 0);
}
