/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "analyze/compare/legend.h"

#include "analyze/compare/statistics.h"

/* "12 recordings: medians of old (6) and new (6); ..." */
static void print_groups(FILE *f, const struct groups *groups)
{
	fprintf(f, "%zu recordings: medians of ", groups->n_files);
	for (size_t g = 0; g < groups->n; g++)
		fprintf(f, "%s%s (%zu)",
			g && g + 1 == groups->n ? " and "
			: g			? ", "
						: "",
			groups->groups[g].name, groups->groups[g].n);
	fprintf(f, "; diff and change are against %s.\n", groups->groups[0].name);
}

void legend_write(FILE *f, const struct groups *groups, const struct compare_settings *compare)
{
	size_t least = SIZE_MAX, most = 0;

	for (size_t g = 0; g < groups->n; g++) {
		least = groups->groups[g].n < least ? groups->groups[g].n : least;
		most = groups->groups[g].n > most ? groups->groups[g].n : most;
	}
	if (most < 2)
		fprintf(f,
			"%zu recordings; diff and change are against %s.\n"
			"One of each: what repeated runs would show by chance is not known.\n",
			groups->n_files, groups->groups[0].name);
	else
		print_groups(f, groups);
	if (most >= STATISTICS_LEAST)
		fprintf(f,
			"low and high: the 95 %% bootstrap interval of diff (%lld resamples, seed "
			"%lld); where nothing differs, up to 1 interval in 20 still excludes 0.\n",
			(long long)compare->resamples, (long long)compare->seed);
	if (most > 1 && least < STATISTICS_LEAST)
		fprintf(f, "An interval needs %d recordings on both sides.\n", STATISTICS_LEAST);
}
