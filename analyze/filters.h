/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which rows are about what was asked for: --pid, --comm, --command, --cpu and --filter. */
#ifndef ANALYZE_FILTERS_H
#define ANALYZE_FILTERS_H

#include <stdbool.h>
#include <stddef.h>

#include <schedtrace/analyses.h>
#include <schedtrace/context.h>
#include <schedtrace/tables.h>

#include "cli/options.h"

struct filters_state;

/* As the command line gives them. A row passes if each of those given lets it pass. */
struct filters {
	struct option_list pids;  /* numbers with commas between */
	struct option_list comms; /* names or shell patterns */
	struct option_list cpus;  /* numbers with commas between */
	struct option_list set;	  /* NAME=VALUE: parameters of analyses, no filters */
	const char *condition;	  /* query/query.h; NULL: none */
	bool command;		  /* tasks of the recorded command */
	struct filters_state *state; /* by filters_prepare(), shared by copies; NULL: no filter */
};

/* Reads the numbers. Until then every row passes. */
int filters_prepare(struct filters *filters, struct schedtrace_error *err);
void filters_release(struct filters *filters);

/* Tells the engine, for the tables of which rows cannot be chosen afterwards; and learns from it
 * what it found of what was asked for. */
int filters_tell(const struct filters *filters, struct schedtrace_engine *engine,
		 struct schedtrace_error *err);
void filters_learn(const struct filters *filters, const struct schedtrace_engine *engine);

/* Whether they let this row of @info pass, a table or log that filters_check() allows. */
bool filters_match(const struct filters *filters, const struct schedtrace_table_info *info,
		   const union schedtrace_value *values);

/*
 * 0, or E_USAGE with a sentence that names a filter by which rows of this table or log cannot be
 * chosen any more, and where of the same analysis they can.
 */
int filters_check(const struct filters *filters, const struct schedtrace_table_info *info,
		  struct schedtrace_error *err);

/*
 * The next sentence about what matched none of the rows seen so far, with the names nearest to it;
 * NULL after the last. Begin with *at 0.
 */
char *filters_unmatched(const struct filters *filters, size_t *at);

/* Whether the context knows the recorded command, so that its tasks can be told from others. */
bool filters_know_command(const struct schedtrace_context *ctx);

#endif
