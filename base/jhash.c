/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* After the published algorithm: burtleburtle.net/bob/c/lookup3.c, in the public domain. */
#include "base/jhash.h"

struct state {
	uint32_t a, b, c;
};

static inline uint32_t turn(uint32_t x, int bits)
{
	return x << bits | x >> (32 - bits);
}

static inline void mix(struct state *s)
{
	s->a = (s->a - s->c) ^ turn(s->c, 4);
	s->c += s->b;
	s->b = (s->b - s->a) ^ turn(s->a, 6);
	s->a += s->c;
	s->c = (s->c - s->b) ^ turn(s->b, 8);
	s->b += s->a;
	s->a = (s->a - s->c) ^ turn(s->c, 16);
	s->c += s->b;
	s->b = (s->b - s->a) ^ turn(s->a, 19);
	s->a += s->c;
	s->c = (s->c - s->b) ^ turn(s->b, 4);
	s->b += s->a;
}

static inline void end(struct state *s)
{
	s->c = (s->c ^ s->b) - turn(s->b, 14);
	s->a = (s->a ^ s->c) - turn(s->c, 11);
	s->b = (s->b ^ s->a) - turn(s->a, 25);
	s->c = (s->c ^ s->b) - turn(s->b, 16);
	s->a = (s->a ^ s->c) - turn(s->c, 4);
	s->b = (s->b ^ s->a) - turn(s->a, 14);
	s->c = (s->c ^ s->b) - turn(s->b, 24);
}

static inline void begin(struct state *s, size_t n, uint32_t initval)
{
	s->a = s->b = s->c = 0xdeadbeef + ((uint32_t)n << 2) + initval;
}

/* @word(i) is the word of that index. */
#define HASH(s, n, word)                                                                           \
	do {                                                                                       \
		size_t i_ = 0;                                                                     \
                                                                                                   \
		for (; (n)-i_ > 3; i_ += 3) {                                                      \
			(s)->a += word(i_);                                                        \
			(s)->b += word(i_ + 1);                                                    \
			(s)->c += word(i_ + 2);                                                    \
			mix(s);                                                                    \
		}                                                                                  \
		if ((n)-i_ > 2)                                                                    \
			(s)->c += word(i_ + 2);                                                    \
		if ((n)-i_ > 1)                                                                    \
			(s)->b += word(i_ + 1);                                                    \
		if ((n) > i_) {                                                                    \
			(s)->a += word(i_);                                                        \
			end(s);                                                                    \
		}                                                                                  \
	} while (0)

uint32_t jhash_words(const uint32_t *words, size_t n, uint32_t initval)
{
	struct state s;

#define WORD(i) words[i]
	begin(&s, n, initval);
	HASH(&s, n, WORD);
#undef WORD
	return s.c;
}

uint32_t jhash_addresses(const uint64_t *addresses, size_t n, uint32_t initval)
{
	struct state s;

#define WORD(i) ((uint32_t)(addresses[(i) / 2] >> 32 * ((i) % 2)))
	begin(&s, 2 * n, initval);
	HASH(&s, 2 * n, WORD);
#undef WORD
	return s.c;
}
