/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "analyze/plot/figures.h"

panel_maker *plot_maker(enum schedtrace_picture_kind kind)
{
	static panel_maker *const makers[] = {
		[SCHEDTRACE_PICTURE_BARS] = plot_make_bars,
		[SCHEDTRACE_PICTURE_STACKED_BARS] = plot_make_bars,
		[SCHEDTRACE_PICTURE_REQUESTED] = plot_make_requested,
		[SCHEDTRACE_PICTURE_HISTOGRAM] = plot_make_histogram,
		[SCHEDTRACE_PICTURE_DISTRIBUTION] = plot_make_distribution,
		[SCHEDTRACE_PICTURE_UTILIZATION] = plot_make_utilization,
		[SCHEDTRACE_PICTURE_FAULTS] = plot_make_faults,
		[SCHEDTRACE_PICTURE_RESIDENT] = plot_make_resident,
		[SCHEDTRACE_PICTURE_WHO_RAN] = plot_make_who_ran,
		[SCHEDTRACE_PICTURE_STATES] = plot_make_states,
		[SCHEDTRACE_PICTURE_GAPS] = plot_make_gaps,
		[SCHEDTRACE_PICTURE_BUSY_MAP] = plot_make_busy_map,
		[SCHEDTRACE_PICTURE_LENGTH_MAP] = plot_make_length_map,
		[SCHEDTRACE_PICTURE_LENGTHS] = plot_make_lengths,
		[SCHEDTRACE_PICTURE_MIGRATION_MATRIX] = plot_make_migration_matrix,
		[SCHEDTRACE_PICTURE_MIGRATION_RATE] = plot_make_migration_rate,
	};

	return kind < sizeof(makers) / sizeof(*makers) && makers[kind] ? makers[kind]
								       : plot_make_bars;
}

const char *plot_ranked(const struct schedtrace_picture *picture, const struct filters *filters)
{
	return filters->cpus.n && picture->ranked_on_cpus ? picture->ranked_on_cpus
							  : picture->ranked;
}
