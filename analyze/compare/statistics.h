/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Figures about repeated runs: few values, of no known distribution. All take values in order. */
#ifndef ANALYZE_COMPARE_STATISTICS_H
#define ANALYZE_COMPARE_STATISTICS_H

#include <stddef.h>
#include <stdint.h>

/*
 * Fewest values on each side for an interval. With fewer, an interval of medians that is said to
 * hold in 95 of 100 cases does not: where nothing differs, it excludes 0 in 3 % of cases with 5
 * values on each side, in 7 % with 4, 10 % with 3 and 33 % with 2 (by simulation; hardly
 * different for values that are normal, exponential or log-normal).
 */
#define STATISTICS_LEAST 5

/* Puts the values in order; there must be no NaN. */
void statistics_sort(double *values, size_t n);

/* The mean of the two in the middle where @n is even; NaN of none. */
double statistics_median(const double *values, size_t n);

/*
 * Vargha and Delaney's A: how probable it is that a value of @b is above one of @a, ties counted
 * as half. 0.5: no effect; 0 or 1: no overlap. NaN where a side has none. (Cliff's delta is
 * 2 A - 1.)
 */
double statistics_superiority(const double *a, size_t na, const double *b, size_t nb);

struct statistics_interval {
	double low, high;
};

/*
 * The 95 % percentile bootstrap interval of median(b) - median(a): both sides are drawn anew with
 * replacement, first @a then @b, @resamples times; the bounds are the nearest-rank 2.5th and
 * 97.5th percentiles of the differences. Draws are by SplitMix64 from @seed: an index below n is
 * the upper half of the 128-bit product of a draw and n, and indexes count in order of value. The
 * same input gives the same interval. -1 without memory. Neither side is empty.
 */
int statistics_bootstrap(struct statistics_interval *out, const double *a, size_t na,
			 const double *b, size_t nb, size_t resamples, uint64_t seed);

#endif
