/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Instructions with the columns that they name: what is unknown is found before anything runs, and
 * rows go through the steps in blocks.
 */
#ifndef VIEW_FIGURE_PLAN_H
#define VIEW_FIGURE_PLAN_H

#include "query/query.h"
#include "view/figure/instructions.h"
#include "view/figure/trace_columns.h"

/* What a column of a plan is: one of the recording, or one that a step sets. */
struct plan_slot {
	const char *name;
	enum query_type type;
	bool ns;
	const char *about; /* the column of the recording that it was made of; NULL: none alone */
	size_t last_use;   /* the step after which nobody asks for it; 0: nobody does */
};

struct plan_list {
	const struct step_list *steps;
	struct query **queries; /* of each step; NULL: it sets a column */
	size_t *set;		/* the slot that each other step sets */
	size_t n_slots;
	struct plan_slot *slots; /* those of the recording come first */
	size_t *outputs;	 /* the slot of each output */
	bool whole;		 /* a step looks at all rows at once */
};

struct plan_category {
	size_t n_lists;
	struct plan_list *lists;
};

struct plan {
	struct instructions *instructions;
	const struct trace_columns *columns;
	struct plan_category *categories;
	struct query *filter; /* of the command line, for all; NULL: none */
};

/*
 * Categories that name a column that is not there fail; an expression that cannot be read refuses
 * the file. @filter is another condition on the recording's columns, with the tasks' names as
 * "comm"; NULL: none. On failure nothing is to be freed.
 */
int plan_make(struct plan *out, struct instructions *instructions,
	      const struct trace_columns *columns, const char *filter,
	      struct schedtrace_error *err);

void plan_free(struct plan *plan);

/* Rows that came through: the values of each output column, by the order of the outputs. */
typedef int plan_sink(void *user, const struct plan_list *list, const struct query_column *outputs,
		      size_t n, struct schedtrace_error *err);

/* Sends the rows of a category that has not failed to @sink, in their order. */
int plan_run(const struct plan *plan, size_t category, plan_sink *sink, void *user,
	     struct schedtrace_error *err);

#endif
