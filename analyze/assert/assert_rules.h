/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Rules about a recording, as text and as what they mean:
 *
 *	rule     = figure compare limit
 *	figure   = measure ["(" filters ")"] | function "(" what {"," filter} ")"
 *	what     = measure | TABLE "." COLUMN | TABLE       (the last: count only)
 *	filter   = COLUMN ("=" | "!=") value
 *	limit    = number [unit] ["/s"]
 *
 * One a line, or with ";" between; "#" begins a comment. docs/assert.md explains them.
 */
#ifndef ANALYZE_ASSERT_ASSERT_RULES_H
#define ANALYZE_ASSERT_ASSERT_RULES_H

#include <stdbool.h>
#include <stddef.h>

#include <schedtrace/analyses.h>

#include "base/quantity.h"

enum assert_function {
	ASSERT_SUM,
	ASSERT_MIN,
	ASSERT_MAX,
	ASSERT_MEAN,
	ASSERT_PERCENTILE,
	ASSERT_COUNT,
};

/* A column of a table or of a log. */
struct assert_source {
	const struct schedtrace_analysis_info *analysis;
	const struct schedtrace_table_info *table;
	bool is_log;
	size_t column; /* SIZE_MAX: rows are counted */
};

struct assert_filter {
	size_t column[2]; /* by source */
	bool equal;
	char *value;
	int64_t number; /* of a column of integers */
};

struct assert_rule {
	char *text; /* as it was written */
	size_t line;
	enum assert_function function;
	double percent; /* of a percentile */
	struct assert_source sources[2];
	size_t n_sources;
	struct assert_filter *filters;
	size_t n_filters;
	const char *unit; /* of the column; "1" for a count */
	bool per_second;  /* the figure is divided by the recorded time */
	bool of_time;	  /* the figure is a sum of times, in percent of the recorded time */
	enum compare compare;
	double limit; /* in the base of @unit, "/s" or "%" */
};

struct assert_rules {
	struct assert_rule *list;
	size_t n;
};

/*
 * The rules in @size bytes at @text, which end with a NUL beyond. Faults are named as
 * NAME:LINE:COLUMN. *out is to be freed after a failure too.
 */
int assert_rules_parse(struct assert_rules *out, const char *name, const char *text, size_t size,
		       struct schedtrace_error *err);

/* @rules is the name of a file, or the text of rules: then it holds a comparison. */
int assert_rules_read(struct assert_rules *out, const char *rules, struct schedtrace_error *err);

void assert_rules_free(struct assert_rules *rules);

/* What parsing looks up; see names.c. */
struct assert_measure {
	const char *name;
	int function;		/* what is usually asked for; -1: must be said */
	const char *columns[2]; /* TABLE.COLUMN */
	const char *filter, *value;
};

const struct assert_measure *assert_measure_find(const char *name);

/* Finds "TABLE" or "TABLE.COLUMN". */
bool assert_source_find(struct assert_source *out, const char *name);

/* Whether values of the column can be less than 0. */
bool assert_below_zero(const struct assert_source *source);

/* Says what is wrong with a name that neither of the two found, and what is near. */
int assert_name_unknown(const char *name, const char *where, struct schedtrace_error *err);

#endif
