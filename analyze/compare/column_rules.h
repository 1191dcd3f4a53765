/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What makes rows of two recordings the same row, and what becomes of figures where several rows
 * of a recording are the same. A new table needs no entry: then its rows are matched by comm, by cpu
 * or by its first text, and figures are treated as their names and units say.
 */
#ifndef ANALYZE_COMPARE_COLUMN_RULES_H
#define ANALYZE_COMPARE_COLUMN_RULES_H

#include <stdbool.h>

#include <schedtrace/tables.h>

/* The figure of several rows together. */
enum column_merge {
	MERGE_NONE, /* not a figure, or one that says nothing in another recording */
	MERGE_SUM,
	MERGE_MAX,
	MERGE_MIN,
	MERGE_MEAN, /* weighted */
	MERGE_ONE,  /* unknown: known only where there is one row */
};

struct table_rule {
	const char *table;
	const char *key;      /* columns with commas between; "": its rows are not compared singly;
			       * NULL: they mean nothing in another recording */
	const char *measures; /* columns that are compared where nobody names some; NULL: all */
	/* Rows for the figures of a whole recording: "": all, "COLUMN=TEXT,…": those with these
	 * texts; NULL: there are none. */
	const char *totals;
	bool usual;	    /* compared row by row where nobody names tables */
	bool histogram;	    /* counts of a group are added up, and shown as shares too */
	const char *called; /* what figures of a whole recording are from; NULL: the table */
};

struct table_rule table_rule_of(const struct schedtrace_table_info *info);

/*
 * How values of a column merge; sets *weight to names with + between of the columns whose sum is
 * the weight of a row in a mean, NULL: all the same.
 */
enum column_merge merge_of(const struct schedtrace_table_info *info, size_t column,
			   const char **weight);

#endif
