/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Values that stand in members of a recording: what a benchmark printed, an energy, a setting. */
#ifndef ANALYZE_COMPARE_COMPARED_VALUES_H
#define ANALYZE_COMPARE_COMPARED_VALUES_H

#include <regex.h>
#include <stdbool.h>

#include "analyze/compare/one_file.h"
#include "cli/options.h"
#include "input/input.h"

enum value_kind {
	VALUE_NUMBER,  /* the first number of the member */
	VALUE_POINTER, /* a JSON pointer (RFC 6901) */
	VALUE_REGEX,   /* the pair of parentheses in the first line that matches */
};

struct value_spec {
	char *name, *unit, *member, *pattern;
	bool text; /* unit [text]: a text instead of a number */
	enum value_kind kind;
	regex_t regex;
	bool compiled;
	bool found; /* in some recording; for the caller */
};

struct values {
	struct value_spec *all;
	size_t n;
};

/*
 * From "NAME[UNIT]=MEMBER:PATTERN": a pattern that begins with a slash is a JSON pointer, another
 * one an extended regular expression with one pair of parentheses; without one it is the first
 * number. [UNIT] may be missing.
 */
int values_parse(struct values *values, const struct option_list *list,
		 struct schedtrace_error *err);
void values_release(struct values *values);

/*
 * Finds a value: sets *text (to be freed) for a text, else *number. 1: found. 0: it is not there,
 * and *why says so in one sentence. Negative: it cannot be read. The
 * rows of a trace.dat that are not read yet are gone then.
 */
int value_read(const struct value_spec *spec, struct input *recording, double *number, char **text,
	       struct schedtrace_error *why);

/* The column of a table that holds the value. */
struct schedtrace_column_info value_column(const struct value_spec *spec);

/*
 * As value_read() of an open recording, into a cell of that column; *text owns its text. Where the
 * value is not there the cell is unknown, and unless @quiet the reason is reported.
 */
int value_of_file(const struct value_spec *spec, const struct one_file *file,
		  union schedtrace_value *cell, char **text, bool quiet,
		  struct schedtrace_error *err);

/* Fails, naming it, where a value was found in no recording. */
int values_check_found(const struct values *values, struct schedtrace_error *err);

#endif
