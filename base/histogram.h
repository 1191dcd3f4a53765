/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Log-linear histograms of times: 16 buckets an octave from 256 ns on, 16 ns wide below. Count,
 * sum, least and greatest are exact; a percentile is at most 1/32 of its value (or 8 ns, below
 * 256 ns) off. Two histograms merge without further error. Only octaves between the least and the
 * greatest value take memory.
 */
#ifndef BASE_HISTOGRAM_H
#define BASE_HISTOGRAM_H

#include <stdint.h>

/* All zero is an empty one. */
struct histogram {
	uint64_t count;
	int64_t min, max; /* of a count above 0 */
	int64_t sum;	  /* INT64_MAX when larger */
	uint64_t *buckets;
	uint16_t first, n; /* octaves that buckets cover, 16 buckets each */
};

void histogram_free(struct histogram *histogram);

/* Both return -1 when memory ran out; then nothing is changed. Negative times count as 0. */
int histogram_add(struct histogram *histogram, int64_t ns);
int histogram_merge(struct histogram *to, const struct histogram *from);

/* The nearest-rank percentile, 0 < percent <= 100; INT64_MIN when empty. */
int64_t histogram_percentile(const struct histogram *histogram, double percent);

/* NaN when empty. */
double histogram_mean(const struct histogram *histogram);

/* How many values in [begin, 2 * begin), exactly; begin is a power of two from 16 on, or 0 for
 * those in [0, 16). */
uint64_t histogram_octave(const struct histogram *histogram, int64_t begin);

#endif
