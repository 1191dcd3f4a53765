/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "libschedtrace/tarball/deflate_values.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define MAX_SEQUENCES 16384
/* A block ends after so many symbols: enough for its codes to pay, few enough for them to fit. */
#define BLOCK_SYMBOLS 40000
/* Longer repeats are several matches. */
#define MAX_REPEAT 65536

#define HASH_BITS                                                                                  \
	13 /* about as many as values that the window holds: then tables fit a near cache */

struct values {
	struct deflate_bits *bits;
	const uint8_t *end;
	const uint8_t *block;	/* begin of the block */
	const uint8_t *literal; /* behind the last sequence */
	size_t n, symbols;
	struct deflate_sequence sequences[MAX_SEQUENCES];

	/* By a hash of so many values: 1 more than where they were last, 0: nowhere yet. */
	uint32_t one[1 << HASH_BITS], some[1 << HASH_BITS], many[1 << HASH_BITS];
};

/* With short keys alone, the last place that begins like this one would hide those before it that
 * go on like this one, too. */
enum { SOME = 3, MANY = 8 };

static inline uint64_t load64(const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static inline uint32_t load32(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

/* Multiplication by 2^64 over the golden ratio brings every bit of a value to the upper ones. */
static inline uint64_t mix(uint64_t hash, uint64_t value)
{
	hash = (hash ^ value) * UINT64_C(0x9e3779b97f4a7c15);
	return hash ^ hash >> 29;
}

static inline uint32_t hash(const uint8_t *p, size_t bytes)
{
	uint64_t h = 0;

	for (; bytes >= 8; p += 8, bytes -= 8)
		h = mix(h, load64(p));
	if (bytes >= 4)
		h = mix(h, load32(p));
	return (uint32_t)((h * UINT64_C(0x9e3779b97f4a7c15)) >> (64 - HASH_BITS));
}

/* Bytes that two places have in common. */
static inline size_t in_common(const uint8_t *before, const uint8_t *at, size_t most)
{
	size_t n = 0;

	for (; n + 8 <= most; n += 8) {
		uint64_t differ = load64(before + n) ^ load64(at + n);

		if (differ)
			return n + (size_t)(__builtin_ctzll(differ) / 8);
	}
	while (n < most && before[n] == at[n])
		n++;
	return n;
}

static void end_block(struct values *v, const uint8_t *at)
{
	deflate_block(v->bits, v->block, v->sequences, v->n, (size_t)(at - v->literal));
	v->n = v->symbols = 0;
	v->block = v->literal = at;
}

/* Bytes before at that are no repeat, and a repeat of so many from so far before. */
static inline void add(struct values *v, const uint8_t *at, size_t length, size_t distance)
{
	v->symbols += (size_t)(at - v->literal) + 2;
	while (length > 0) {
		size_t part = length < DEFLATE_MAX_MATCH ? length : DEFLATE_MAX_MATCH;

		if (length > part && length - part < DEFLATE_MIN_MATCH)
			part = length - DEFLATE_MIN_MATCH;
		v->sequences[v->n++] =
			(struct deflate_sequence){ (uint32_t)(at - v->literal), (uint16_t)part,
						   (uint16_t)distance };
		at += part;
		v->literal = at;
		length -= part;
		if (v->n == MAX_SEQUENCES)
			end_block(v, at);
	}
}

struct repeat {
	size_t length, distance;
};

static inline void try(struct repeat *best, const uint8_t *at, size_t distance, size_t most,
		       size_t width)
{
	size_t length;

	if (distance > DEFLATE_WINDOW || distance == best->distance)
		return;
	length = in_common(at - distance, at, most) & ~(width - 1);
	if (length > best->length)
		*best = (struct repeat){ length, distance };
}

/* Where the values at this place were last, after which this is their place. */
static inline void note(struct values *v, const uint8_t *in, const uint8_t *at, size_t width,
			uint32_t last[3])
{
	uint32_t *places[3] = { &v->many[hash(at, MANY * width)], &v->some[hash(at, SOME * width)],
				&v->one[hash(at, width)] };

	for (int i = 0; i < 3; i++) {
		last[i] = *places[i];
		*places[i] = (uint32_t)(at - in) + 1;
	}
}

/* The longest of: what stands as far behind as the last repeat; many, some, or one of the values
 * from here where they were last. */
static inline struct repeat find(struct values *v, const uint8_t *in, const uint8_t *at,
				 size_t width, size_t distance)
{
	static const size_t enough[3] = { 2 * MANY, MANY, SOME }; /* not to try that */
	size_t most = (size_t)(v->end - at);
	struct repeat best = { 0 };
	uint32_t last[3];

	note(v, in, at, width, last);
	if (most > MAX_REPEAT)
		most = MAX_REPEAT;
	if (distance <= (size_t)(at - in))
		try(&best, at, distance, most, width);
	for (int i = 0; i < 3 && best.length < enough[i] * width; i++)
		if (last[i])
			try(&best, at, (size_t)(at - in) + 1 - last[i], most, width);
	return best;
}

/* The first and last places of a repeat; all of them would take longer than it is worth. */
enum { NOTED = 4 };

static inline void note_within(struct values *v, const uint8_t *in, const uint8_t *at,
			       size_t length, const uint8_t *last, size_t width)
{
	uint32_t unused[3];

	for (size_t i = width; i < length && at + i < last; i += width) {
		note(v, in, at + i, width, unused);
		if (i == (NOTED - 1) * width && length > 2 * NOTED * width)
			i = length - (NOTED + 1) * width;
	}
}

/* Of 64 bits the upper ones are often those of the value before: that is a repeat too. */
static inline size_t own_bytes(const uint8_t *at)
{
	uint64_t differ = load64(at) ^ load64(at - 8);

	return differ ? 8 - (size_t)(__builtin_clzll(differ) / 8) : 0;
}

static inline void repeats(struct values *v, const uint8_t *in, size_t width)
{
	size_t key = MANY * width, distance = width;
	const uint8_t *last = (size_t)(v->end - in) > key ? v->end - key : in, *at = in;

	while (at < last) {
		struct repeat r = find(v, in, at, width, distance);

		if (r.length > 0) {
			note_within(v, in, at, r.length, last, width);
			add(v, at, r.length, r.distance);
			distance = r.distance;
			at += r.length;
		} else {
			if (width == 8 && at > in) {
				size_t own = own_bytes(at);

				if (own <= 8 - DEFLATE_MIN_MATCH)
					add(v, at + own, 8 - own, 8);
			}
			at += width;
		}
		if (v->symbols + (size_t)(at - v->literal) > BLOCK_SYMBOLS)
			end_block(v, at);
	}
}

/* Nothing but what a value shares with the one before, the upper bytes or all of them. */
static void rising(struct values *v, const uint8_t *in)
{
	const uint8_t *from = NULL; /* where the repeat that goes on began */

	for (const uint8_t *at = in + 8; at < v->end; at += 8) {
		size_t own = own_bytes(at);

		if (own == 0) {
			if (!from)
				from = at;
			continue;
		}
		if (from)
			add(v, from, (size_t)(at - from), 8);
		from = own <= 8 - DEFLATE_MIN_MATCH ? at + own : NULL;
		if (v->symbols + (size_t)(at - v->literal) > BLOCK_SYMBOLS)
			end_block(v, at);
	}
	if (from)
		add(v, from, (size_t)(v->end - from), 8);
}

int deflate_values(struct deflate_bits *bits, enum deflate_data data, const uint8_t *in, size_t n)
{
	auto_free struct values *v = malloc(sizeof(*v));

	if (!v)
		return -1;
	v->bits = bits;
	v->end = in + n;
	v->block = v->literal = in;
	v->n = v->symbols = 0;
	memset(v->one, 0, sizeof(v->one));
	memset(v->some, 0, sizeof(v->some));
	memset(v->many, 0, sizeof(v->many));
	if (data == DEFLATE_RISING)
		rising(v, in);
	else if (data == DEFLATE_INT32)
		repeats(v, in, 4);
	else
		repeats(v, in, 8);
	if (v->block < v->end)
		end_block(v, v->end);
	return 0;
}
