/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "analyze/compare/statistics.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

static int compare_doubles(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

void statistics_sort(double *values, size_t n)
{
	qsort(values, n, sizeof(*values), compare_doubles);
}

double statistics_median(const double *values, size_t n)
{
	if (!n)
		return NAN;
	return n % 2 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

double statistics_superiority(const double *a, size_t na, const double *b, size_t nb)
{
	size_t below = 0, upto = 0; /* values of @a below that of @b, and not above it */
	double sum = 0;

	if (!na || !nb)
		return NAN;
	for (size_t i = 0; i < nb; i++) {
		while (below < na && a[below] < b[i])
			below++;
		while (upto < na && a[upto] <= b[i])
			upto++;
		sum += ((double)below + (double)upto) / 2;
	}
	return sum / ((double)na * (double)nb);
}

/* SplitMix64: Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014. */
static uint64_t draw(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

/* The value at place @k, from 0, of a resample that takes value i @counts[i] times. */
static double nth(const double *values, const size_t *counts, size_t k)
{
	size_t i = 0;

	for (; k >= counts[i]; i++)
		k -= counts[i];
	return values[i];
}

static double resampled_median(const double *values, size_t n, size_t *counts, uint64_t *state)
{
	memset(counts, 0, n * sizeof(*counts));
	for (size_t i = 0; i < n; i++)
		counts[(size_t)((unsigned __int128)draw(state) * n >> 64)]++;
	if (n % 2)
		return nth(values, counts, n / 2);
	return (nth(values, counts, n / 2 - 1) + nth(values, counts, n / 2)) / 2;
}

int statistics_bootstrap(struct statistics_interval *out, const double *a, size_t na,
			 const double *b, size_t nb, size_t resamples, uint64_t seed)
{
	auto_free double *differences = reallocarray(NULL, resamples, sizeof(*differences));
	auto_free size_t *counts = reallocarray(NULL, na > nb ? na : nb, sizeof(*counts));
	size_t low = (size_t)ceil(0.025 * (double)resamples);
	size_t high = (size_t)ceil(0.975 * (double)resamples);

	if (!differences || !counts)
		return -1;
	for (size_t i = 0; i < resamples; i++) {
		double before = resampled_median(a, na, counts, &seed);

		differences[i] = resampled_median(b, nb, counts, &seed) - before;
	}
	statistics_sort(differences, resamples);
	out->low = differences[low ? low - 1 : 0];
	out->high = differences[high ? high - 1 : 0];
	return 0;
}
