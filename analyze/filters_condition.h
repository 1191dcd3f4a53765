/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* --filter: a condition of query/query.h, read anew for the columns of every table that it
 * meets. */
#ifndef ANALYZE_FILTERS_CONDITION_H
#define ANALYZE_FILTERS_CONDITION_H

#include <stdbool.h>

#include <schedtrace/tables.h>

struct conditions;

/* @text is lent. NULL without memory. */
struct conditions *conditions_new(const char *text);
void conditions_free(struct conditions *conditions);

/* 0, or E_USAGE with a sentence: the table lacks a column, or the condition is none. */
int conditions_check(struct conditions *conditions, const struct schedtrace_table_info *info,
		     struct schedtrace_error *err);

/* Whether the row fulfils it; false where conditions_check() fails. */
bool conditions_match(struct conditions *conditions, const struct schedtrace_table_info *info,
		      const union schedtrace_value *values);

#endif
