/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Instructions with the columns that they name: what is unknown is found before anything runs, and
 * rows go through the steps in blocks.
 */
#ifndef VIEW_FIGURE_PLAN_H
#define VIEW_FIGURE_PLAN_H

#include <stdatomic.h>

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
};

/* Does such a value look at all rows at once? */
static inline bool value_is_of_all_rows(enum value_op kind)
{
	return kind == VALUE_ROLLING || kind == VALUE_ARGSORT;
}

struct plan_category {
	size_t n_lists;
	struct plan_list *lists;
};

/* A column that steps begin with. */
struct plan_input {
	const struct trace_column *column;
	bool hidden; /* no instruction asked for it, but a filter may */
};

struct plan {
	struct instructions *instructions;
	struct trace_columns *columns;
	size_t n_inputs;
	struct plan_input *inputs;
	struct plan_category *categories;
};

/* What a run over the rows heeds; of each it may have none. */
struct plan_terms {
	const struct query *filter; /* a condition on the rows, before all steps */
	const atomic_bool *cancel;  /* when it becomes true, the run ends with E_CANCELLED */
};

/*
 * Categories that name a column that is not there fail; an expression that cannot be read refuses
 * the file. On failure nothing is to be freed.
 */
int plan_make(struct plan *out, struct instructions *instructions, struct trace_columns *columns,
	      struct schedtrace_error *err);

void plan_free(struct plan *plan);

/* A condition on the recording's columns, with the tasks' names as "comm". */
int plan_filter(const struct plan *plan, const char *text, struct query **out,
		struct schedtrace_error *err);

/* Rows that came through: the values of each output column, by the order of the outputs. */
typedef int plan_sink(void *user, const struct plan_list *list, const struct query_column *outputs,
		      size_t n, struct schedtrace_error *err);

/* Sends the rows of a category that has not failed to @sink, in their order. */
int plan_run(const struct plan *plan, size_t category, const struct plan_terms *terms,
	     plan_sink *sink, void *user, struct schedtrace_error *err);

#endif
