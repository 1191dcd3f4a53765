/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How far a column can be trusted in a recording that lacks something. */
#ifndef ANALYZE_ASSERT_BOUNDS_H
#define ANALYZE_ASSERT_BOUNDS_H

#include "analyze/assert/rule_figure.h"

enum assert_doubt {
	ASSERT_SURE,
	ASSERT_COUNTS_RECORDS, /* too low by at most the records that were lost */
	ASSERT_AT_LEAST,       /* it may be anything more */
	ASSERT_UNBOUNDED,      /* it says nothing */
};

/* The column of the most that a value can be, where its table has one. */
struct assert_most {
	size_t column; /* SIZE_MAX: none */
	bool added;    /* to the value */
};

struct assert_most assert_most_of(const struct assert_source *source);

enum assert_doubt assert_doubt_of(const struct assert_rule *rule,
				  const struct assert_doubts *doubts);

/* How many rows can be missing for records that were lost. */
double assert_missing_rows(const struct assert_rule *rule, const struct assert_doubts *doubts);

/* What was not recorded and the rule needs, as a static sentence; NULL: nothing. */
const char *assert_lacks(const struct assert_rule *rule, const bool *seen, const char *recorded);

#endif
