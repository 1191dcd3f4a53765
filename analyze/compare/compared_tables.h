/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The results of a comparison as ordinary tables, whose columns are known only when it is made:
 * a column for each group, and for each but the first how it differs from the first.
 */
#ifndef ANALYZE_COMPARE_COMPARED_TABLES_H
#define ANALYZE_COMPARE_COMPARED_TABLES_H

#include "analyze/compare/cells.h"
#include "analyze/compare/groups.h"

struct comparison {
	const struct groups *groups;
	size_t resamples;
	uint64_t seed;
	struct arena shapes; /* names and columns of the tables */
	struct schedtrace_tables *tables;
};

int comparison_init(struct comparison *c, const struct groups *groups, size_t resamples,
		    uint64_t seed, struct schedtrace_error *err);
void comparison_release(struct comparison *c);

/* recordings: a row each; @columns are copied, their texts live as long as the comparison. */
int comparison_add_recordings(struct comparison *c, const struct schedtrace_column_info *columns,
			      size_t n, struct schedtrace_table **out,
			      struct schedtrace_error *err);

/* TABLE.MEASURE: a row for each key, of one measure. */
int comparison_add_measure(struct comparison *c, const struct cells *cells, size_t measure,
			   struct schedtrace_error *err);

/*
 * The same of a histogram: the counts of a group's recordings are added up, since they have the
 * same bins, and its shares stand beside them.
 */
int comparison_add_histogram(struct comparison *c, const struct cells *cells, size_t measure,
			     struct schedtrace_error *err);

/* A figure of whole recordings. */
struct figure {
	const char *table, *name, *unit, *about; /* these live as long as the comparison */
	enum schedtrace_type type;
	const double *values; /* one a file */
};

/* totals_time, totals_counts and so on, by unit: a row for each figure. */
int comparison_add_totals(struct comparison *c, const struct figure *figures, size_t n,
			  struct schedtrace_error *err);

/* figures: a row for each group, a column for each figure. */
int comparison_add_figures(struct comparison *c, const struct figure *figures, size_t n,
			   struct schedtrace_error *err);

#endif
