/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/histogram.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"

#define SUB_BITS     4 /* 16 buckets an octave */
#define BUCKETS	     (1 << SUB_BITS)
#define LINEAR_BITS  8 /* octave 0 is [0, 256), octave k is [256 << k - 1, 256 << k) */
#define LINEAR_LIMIT (1 << LINEAR_BITS)

void histogram_free(struct histogram *h)
{
	free(h->buckets);
	*h = (struct histogram){ 0 };
}

static unsigned int bucket_of(int64_t ns)
{
	int bit;

	if (ns < LINEAR_LIMIT)
		return (unsigned int)(ns >> (LINEAR_BITS - SUB_BITS));
	bit = 63 - __builtin_clzll((unsigned long long)ns);
	return (unsigned int)(bit - LINEAR_BITS + 1) * BUCKETS +
	       (unsigned int)(ns >> (bit - SUB_BITS) & (BUCKETS - 1));
}

static int64_t bucket_width(unsigned int bucket)
{
	unsigned int octave = bucket / BUCKETS;

	return INT64_C(1) << (LINEAR_BITS - SUB_BITS + (octave ? octave - 1 : 0));
}

static int64_t bucket_begin(unsigned int bucket)
{
	unsigned int octave = bucket / BUCKETS;
	int64_t base = octave ? INT64_C(1) << (LINEAR_BITS + octave - 1) : 0;

	return base + bucket % BUCKETS * bucket_width(bucket);
}

/* Makes room for octaves [first, last]. */
static int cover(struct histogram *h, unsigned int first, unsigned int last)
{
	unsigned int n;
	uint64_t *grown;

	if (h->n) {
		first = first < h->first ? first : h->first;
		last = last >= (unsigned int)h->first + h->n ? last : h->first + h->n - 1u;
	}
	n = last - first + 1;
	if (n == h->n)
		return 0;
	grown = calloc(n, BUCKETS * sizeof(*grown));
	if (!grown)
		return -1;
	if (h->n)
		memcpy(grown + (h->first - first) * BUCKETS, h->buckets,
		       h->n * BUCKETS * sizeof(*grown));
	free(h->buckets);
	h->buckets = grown;
	h->first = (uint16_t)first;
	h->n = (uint16_t)n;
	return 0;
}

static void count(struct histogram *h, uint64_t n, int64_t min, int64_t max, int64_t sum)
{
	if (!h->count || min < h->min)
		h->min = min;
	if (!h->count || max > h->max)
		h->max = max;
	h->count += n;
	if (!checked_add(h->sum, sum, &h->sum))
		h->sum = INT64_MAX;
}

int histogram_add(struct histogram *h, int64_t ns)
{
	unsigned int bucket = bucket_of(ns < 0 ? 0 : ns), octave = bucket / BUCKETS;

	ns = ns < 0 ? 0 : ns;
	if (octave - h->first >= h->n && cover(h, octave, octave) < 0)
		return -1;
	h->buckets[bucket - h->first * BUCKETS]++;
	count(h, 1, ns, ns, ns);
	return 0;
}

int histogram_merge(struct histogram *to, const struct histogram *from)
{
	if (!from->count)
		return 0;
	if (cover(to, from->first, from->first + from->n - 1u) < 0)
		return -1;
	for (unsigned int i = 0; i < from->n * BUCKETS; i++)
		to->buckets[(from->first - to->first) * BUCKETS + i] += from->buckets[i];
	count(to, from->count, from->min, from->max, from->sum);
	return 0;
}

int64_t histogram_percentile(const struct histogram *h, double percent)
{
	uint64_t rank = (uint64_t)ceil(percent / 100 * (double)h->count), seen = 0;
	unsigned int bucket = h->first * BUCKETS;
	int64_t value;

	if (!h->count)
		return INT64_MIN;
	rank = rank < 1 ? 1 : rank > h->count ? h->count : rank;
	if (rank == h->count)
		return h->max;
	for (const uint64_t *n = h->buckets; (seen += *n) < rank; n++)
		bucket++;
	value = bucket_begin(bucket) + bucket_width(bucket) / 2;
	return value < h->min ? h->min : value > h->max ? h->max : value;
}

double histogram_mean(const struct histogram *h)
{
	return h->count ? (double)h->sum / (double)h->count : NAN;
}

uint64_t histogram_octave(const struct histogram *h, int64_t begin)
{
	unsigned int from = bucket_of(begin), end = bucket_of(begin ? begin + (begin - 1) : 15) + 1;
	uint64_t n = 0;

	for (unsigned int bucket = from; bucket < end; bucket++) {
		unsigned int octave = bucket / BUCKETS;

		if (octave - h->first < h->n)
			n += h->buckets[bucket - h->first * BUCKETS];
	}
	return n;
}
