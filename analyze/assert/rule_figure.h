/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The figure of a rule, with both its bounds, from the rows that the rule is about. */
#ifndef ANALYZE_ASSERT_RULE_FIGURE_H
#define ANALYZE_ASSERT_RULE_FIGURE_H

#include "analyze/assert/assert_rules.h"
#include "base/histogram.h"

enum { LO, HI };

/*
 * Each row has a least and a greatest value. Percentiles of a table's rows are kept exactly; of a
 * log's, which can be many, values are counted against the limit, so that the verdict is exact too,
 * and histograms tell the figure.
 */
struct assert_figure {
	const struct assert_rule *rule;
	uint64_t n;
	uint64_t unknown; /* of these, rows without a value */
	double sum[2], min[2], max[2];
	uint64_t below[2], at_most[2]; /* values that are less, or not more, than the limit */
	struct histogram values[2];    /* of a log; in thousandths where the column is real */
	double *kept[2];	       /* of a table */
	size_t room;
};

enum assert_verdict { ASSERT_HOLDS, ASSERT_FAILED, ASSERT_UNCERTAIN };

struct assert_result {
	enum assert_verdict verdict;
	double lo, hi;	 /* INFINITY: no bound; NAN both: no figure */
	uint64_t rows;	 /* that the figure is of */
	const char *why; /* of an uncertain one; static */
};

/* What the figures of a recording can lack. */
struct assert_doubts {
	double lost; /* records; INFINITY: nobody knows how many */
	bool missing_switches;
	bool clock_set_back;
	int64_t duration_ns;  /* recorded (of the window), 0 unknown */
	const bool *seen;     /* event ids with rows */
	const char *recorded; /* events that were recorded, NULL unknown */
};

/* Takes a row if the rule is about it. -1 without memory. */
int assert_figure_row(struct assert_figure *figure, size_t source,
		      const union schedtrace_value *values);

void assert_figure_judge(struct assert_figure *figure, const struct assert_doubts *doubts,
			 struct assert_result *out);

void assert_figure_free(struct assert_figure *figure);

#endif
