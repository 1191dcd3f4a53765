/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Conditions on rows of columns, as pandas' DataFrame.query() reads them: the "query" of figures
 * and every filter of ours. docs/queries.md is the grammar for users.
 *
 *	comm == 'cc1' and 1000 <= wait_ns < 5e6 | cpu in [0, 2]
 *
 * What pandas takes gives pandas' rows, but for these: comparing a text with a number is refused;
 * a whole number divided by 0 (// and %) is unknown; only the two sides of a division become
 * fractions, not all numbers that stand somewhere in it. NAME =~ 'cc*' is ours: a shell pattern.
 */
#ifndef QUERY_QUERY_H
#define QUERY_QUERY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <schedtrace/error.h>

enum query_type {
	QUERY_BOOL,
	QUERY_INT,
	QUERY_REAL,
	QUERY_TEXT,
};

/* Limits of one expression; what is beyond is refused. */
#define QUERY_MAX_TEXT	(1 << 20)
#define QUERY_MAX_DEPTH 64 /* of parentheses, and of arithmetic in a row */
#define QUERY_MAX_NODES 10000

/* The columns that an expression may name. */
struct query_names {
	/* The number of the column @name, of @n bytes, and its type, a number's or a text's; -1:
	 * there is none. */
	int (*find)(void *user, const char *name, size_t n, enum query_type *type);
	/* The name nearest to one that is not there, for a message, or NULL; may be NULL itself. */
	const char *(*nearest)(void *user, const char *name);
	/* Whether a text fits the pattern of =~, of which the query keeps a copy; NULL:
	 * fnmatch(). */
	bool (*matches)(const char *text, const char *pattern);
	void *user;
};

/* The values of a column in the rows to look at, lent. Unknown values compare as NaN does. */
struct query_column {
	const int64_t *ints;	   /* QUERY_INT; or NULL and: */
	const int32_t *small_ints; /* QUERY_INT */
	const double *reals;	   /* QUERY_REAL: NaN is unknown */
	const char *const *texts;  /* QUERY_TEXT: NULL is unknown */
	bool min_is_unknown;	   /* of ints: INT64_MIN is no value */
};

struct query;

/*
 * Reads and checks an expression: its form, its names, its types. On failure *out is NULL and @err
 * says what is wrong at which column of the text (E_USAGE) or that memory ran out.
 */
int query_compile(struct query **out, const char *text, const struct query_names *names,
		  struct schedtrace_error *err);

void query_free(struct query *query);

/* Does the expression name column @column? Others need no values. */
bool query_uses(const struct query *query, int column);

/*
 * Does no row fulfil the expression unless column @column, of whole numbers, has @value in it?
 * 1: so it is, and it must fulfil more; 2: that is all; 0: nothing of the kind is known.
 */
int query_needs(const struct query *query, int column, int64_t *value);

/*
 * keep[i] says whether row i of @n fulfils the expression. @columns are by number; those that it
 * does not name may be empty. The query is not changed, so threads may share it.
 */
int query_rows(const struct query *query, const struct query_column *columns, size_t n, bool *keep,
	       struct schedtrace_error *err);

#endif
