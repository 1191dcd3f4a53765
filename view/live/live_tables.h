/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which tables live shows, what must be recorded for them, and how they are printed. */
#ifndef VIEW_LIVE_LIVE_TABLES_H
#define VIEW_LIVE_LIVE_TABLES_H

#include <stdio.h>

#include <schedtrace/analyses.h>

#include "view/live/live.h"
#include "view/live/live_chosen.h"

#define LIVE_MOST_TABLES 32

struct live_tables {
	const struct live_options *options;
	size_t n, n_analyses;
	const struct schedtrace_table_info *infos[LIVE_MOST_TABLES];
	const char *analyses[LIVE_MOST_TABLES + 1]; /* each once */
	bool stores_requests;
	struct live_chosen chosen;
};

/* Fails if one is named that there is not. */
int live_tables_choose(struct live_tables *out, const struct live_options *options,
		       struct schedtrace_error *err);
void live_tables_release(struct live_tables *tables);

/* Whether one of them is @info. */
bool live_tables_have(const struct live_tables *tables, const struct schedtrace_table_info *info);

/* The sets of events that they need, NULL-terminated; there is room for LIVE_MOST_ITEMS. */
#define LIVE_MOST_ITEMS 4
void live_tables_items(const struct live_tables *tables, const char *items[LIVE_MOST_ITEMS]);

/*
 * One interval, or the whole. @begin_ns and @end_ns are on the trace clock, and @wall_ns is what to
 * add for wall time, INT64_MIN: unknown.
 */
struct live_span {
	int64_t begin_ns, end_ns, wall_ns;
	bool whole; /* figures count from the start */
};
/* @values: of analyses; @own: "activity", "system", and logs. */
int live_tables_print(FILE *f, const struct live_tables *tables,
		      const struct schedtrace_tables *values, const struct schedtrace_tables *own,
		      const struct live_span *span, struct schedtrace_error *err);

#endif
