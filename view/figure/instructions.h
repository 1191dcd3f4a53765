/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Instruction files: what a figure shows, as SchedDisplay reads it. docs/instructions.md is the
 * language for users. Reading one checks its form, its types and its limits; whether the columns
 * that it names are there, a plan finds out.
 */
#ifndef VIEW_FIGURE_INSTRUCTIONS_H
#define VIEW_FIGURE_INSTRUCTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <schedtrace/error.h>

#include "base/intern.h"

/* Limits of a file; what is beyond is refused. */
#define INSTRUCTIONS_MAX_BYTES	    (1 << 20)
#define INSTRUCTIONS_MAX_CATEGORIES 1000
#define INSTRUCTIONS_MAX_COLUMNS    200	  /* of input, and of output */
#define INSTRUCTIONS_MAX_STEPS	    10000 /* of all lists together, values within values too */

enum value_op {
	VALUE_COLUMN,
	VALUE_INT,
	VALUE_REAL,
	VALUE_ADD, /* operands from left to right, and so on */
	VALUE_SUBTRACT,
	VALUE_DIVIDE,
	VALUE_ROLLING,
	VALUE_ARGSORT,
};

enum rolling_kind { ROLLING_SUM, ROLLING_MEAN, ROLLING_MEDIAN };

struct value {
	enum value_op kind;
	const char *column; /* of VALUE_COLUMN, VALUE_ROLLING and VALUE_ARGSORT */
	int64_t i;	    /* VALUE_INT; of VALUE_ROLLING: rows of the window, at least 1 */
	double f;	    /* VALUE_REAL */
	enum rolling_kind rolling;
	size_t n_operands;
	struct value *operands;
	/* What a plan finds out: */
	size_t slot;   /* of the column */
	size_t result; /* of VALUE_ROLLING and VALUE_ARGSORT: the slot that it is put into */
	bool real;     /* whether the result is fractions */
};

/* ["query", EXPR] or ["=", NAME, VALUE]. */
struct step {
	const char *path;  /* where it stands: "$.c[0].concatenate[0][1]" */
	const char *query; /* NULL: it sets a column */
	const char *name;
	struct value value;
};

struct step_list {
	size_t n;
	struct step *steps;
};

struct category {
	const char *label;
	uint32_t colour; /* 0xrrggbb */
	bool hide_hovertool;
	size_t n_lists;
	struct step_list *lists;
	/* Why it cannot be drawn, though the others can; NULL: nothing is known against it. */
	const char *failed, *failed_at;
};

struct instructions {
	struct arena memory;
	size_t n_inputs, n_outputs, n_categories;
	const char **inputs, **outputs;
	struct category *categories;
	size_t n_steps;
	bool lines; /* x0, y0, x1 and y1 are put out; else x and y are */
};

/* The events that $NAME may stand for. */
struct event_names {
	int32_t (*id)(void *user, const char *name);	      /* -1: there is no such event */
	const char *(*nearest)(void *user, const char *name); /* or NULL; may be NULL itself */
	void *user;
};

/*
 * Reads a file's text. On failure @err says what is wrong at which place in it, and nothing is to
 * be freed. A category that names an unknown event has failed.
 */
int instructions_parse(struct instructions *out, const char *text, size_t n,
		       const struct event_names *events, struct schedtrace_error *err);

/* The same from a file, whose name is put before the sentence. */
int instructions_read(struct instructions *out, const char *path, const struct event_names *events,
		      struct schedtrace_error *err);

void instructions_free(struct instructions *instructions);

/* Notes that a category failed at a step, unless it has before. Negative: no memory. */
int instructions_fail(struct instructions *instructions, struct category *category,
		      const char *path, const char *why, struct schedtrace_error *err);

#endif
