/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Rows in blocks that stay in the cache. Before a step that looks at all of them at once they are
 * written down, as the steps before it left them; so the columns are that later steps ask for.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/cache_memory.h"
#include "base/error.h"
#include "base/mem.h"
#include "view/figure/ordered.h"
#include "view/figure/plan.h"

#define BLOCK_ROWS ((size_t)1 << 16)

struct run {
	const struct plan *plan;
	const struct plan_terms *terms;
	const struct query *filter; /* of the terms, until all rows went through it */
	const struct plan_list *list;
	/* The columns that the blocks are taken of, and how many rows they have. */
	struct query_column *all;
	size_t n_all;
	/* What comes next: a column's values, where they do not stay as they are; so many rows. */
	struct column_spool *spools;
	size_t n_next;
	bool all_stay;
	size_t n, room; /* rows of the block that are left; most that there can be */
	struct query_column *slots;
	struct cache_memory *memory;
	void **owned; /* where a slot's values are, unless they are the recording's */
	bool *keep;
	uint32_t *rows;	    /* that are kept */
	const char **comms; /* of --query */
	struct schedtrace_error *err;
};

static int no_memory(const struct run *run)
{
	return error_set(run->err, SCHEDTRACE_E_NOMEM, "no memory for the steps of %zu rows",
			 run->room);
}

/* Room for a value of each row of the block. */
static void *own(struct run *run, size_t slot)
{
	if (!run->owned[slot])
		run->owned[slot] = cache_memory_take(run->memory, (run->room + 1) * 8);
	return run->owned[slot];
}

static int64_t whole(const struct query_column *column, size_t i)
{
	return column->ints ? column->ints[i] : column->small_ints[i];
}

static int evaluate(struct run *run, const struct value *value, void *out);

static int64_t combine_whole(enum value_op kind, int64_t a, int64_t b)
{
	uint64_t x = (uint64_t)a, y = (uint64_t)b;

	return (int64_t)(kind == VALUE_ADD ? x + y : x - y); /* as numpy's, they wrap */
}

static double combine_real(enum value_op kind, double a, double b)
{
	return kind == VALUE_ADD ? a + b : kind == VALUE_SUBTRACT ? a - b : a / b;
}

static void to_reals(void *values, size_t n)
{
	int64_t *ints = values;
	double *reals = values;

	for (size_t i = 0; i < n; i++)
		reals[i] = (double)ints[i];
}

/* From left to right, as whole numbers until the first fraction comes. */
static int combine(struct run *run, const struct value *value, void *out)
{
	auto_free void *right = reallocarray(NULL, run->n + 1, 8);
	bool real = value->operands[0].real;
	int64_t *ints = out, *right_ints = right;
	double *reals = out, *right_reals = right;
	int r;

	if (!right)
		return no_memory(run);
	r = evaluate(run, &value->operands[0], out);
	for (size_t o = 1; o < value->n_operands && r == 0; o++) {
		bool right_real = value->operands[o].real;
		bool become = value->kind == VALUE_DIVIDE || right_real || real;

		r = evaluate(run, &value->operands[o], right);
		if (r < 0)
			break;
		if (become && !real)
			to_reals(out, run->n);
		if (become && !right_real)
			to_reals(right, run->n);
		real = become;
		for (size_t i = 0; i < run->n; i++)
			if (real)
				reals[i] = combine_real(value->kind, reals[i], right_reals[i]);
			else
				ints[i] = combine_whole(value->kind, ints[i], right_ints[i]);
	}
	if (r == 0 && value->real && !real) /* a division of one */
		to_reals(out, run->n);
	return r;
}

/* The values of the block's rows, doubles if the value is real, else int64_t. */
static int evaluate(struct run *run, const struct value *value, void *out)
{
	size_t slot = value_is_of_all_rows(value->kind) ? value->result : value->slot;
	const struct query_column *column = value->column ? &run->slots[slot] : NULL;
	int64_t *ints = out;
	double *reals = out;

	switch (value->kind) {
	case VALUE_COLUMN:
	case VALUE_ROLLING:
	case VALUE_ARGSORT:
		for (size_t i = 0; i < run->n; i++)
			if (value->real)
				reals[i] = column->reals[i];
			else
				ints[i] = whole(column, i);
		return 0;
	case VALUE_INT:
		for (size_t i = 0; i < run->n; i++)
			ints[i] = value->i;
		return 0;
	case VALUE_REAL:
		for (size_t i = 0; i < run->n; i++)
			reals[i] = value->f;
		return 0;
	default:
		return combine(run, value, out);
	}
}

/* Leaves the rows of these numbers, in their order, in the slots asked for behind step @s. */
static int compact(struct run *run, size_t s, size_t n)
{
	const uint32_t *rows = run->rows;

	if (n == run->n)
		return 0;
	for (size_t slot = 0; slot < run->list->n_slots; slot++) {
		struct query_column *column = &run->slots[slot];
		void *out;

		if (run->list->slots[slot].last_use <= s + 1 ||
		    (!column->ints && !column->small_ints && !column->reals))
			continue;
		out = own(run, slot);
		if (!out)
			return no_memory(run);
		if (column->small_ints) {
			for (size_t i = 0; i < n; i++)
				((int32_t *)out)[i] = column->small_ints[rows[i]];
			column->small_ints = out;
		} else if (column->ints) {
			for (size_t i = 0; i < n; i++)
				((int64_t *)out)[i] = column->ints[rows[i]];
			column->ints = out;
		} else {
			for (size_t i = 0; i < n; i++)
				((double *)out)[i] = column->reals[rows[i]];
			column->reals = out;
		}
	}
	run->n = n;
	return 0;
}

static int compact_kept(struct run *run, size_t s)
{
	size_t n = 0;

	for (size_t i = 0; i < run->n; i++) {
		run->rows[n] = (uint32_t)i;
		n += run->keep[i];
	}
	return compact(run, s, n);
}

/*
 * Most conditions begin with "event == N": rows of other events, most of them, are left out before
 * the condition is evaluated. Slots that this step is the last to use are needed meanwhile.
 */
static int choose_event(struct run *run, size_t s, bool *done)
{
	const struct query *query = run->list->queries[s];
	size_t n = 0;

	for (size_t slot = 0; slot < run->plan->n_inputs; slot++) {
		const int32_t *values = run->slots[slot].small_ints;
		int64_t value;
		int needs = values ? query_needs(query, (int)slot, &value) : 0;

		if (!needs)
			continue;
		for (size_t i = 0; i < run->n; i++) {
			run->rows[n] = (uint32_t)i;
			n += values[i] == value;
		}
		*done = needs == 2;
		return compact(run, *done ? s : s - 1, n);
	}
	return 0;
}

static int apply_query(struct run *run, size_t s)
{
	bool done = false;
	int r = choose_event(run, s, &done);

	if (r < 0 || done)
		return r;
	r = query_rows(run->list->queries[s], run->slots, run->n, run->keep, run->err);
	return r < 0 ? r : compact_kept(run, s);
}

static int apply_set(struct run *run, size_t s)
{
	size_t slot = run->list->set[s];
	const struct value *value = &run->list->steps->steps[s].value;
	void *out = own(run, slot);
	int r;

	if (!out)
		return no_memory(run);
	r = evaluate(run, value, out);
	run->slots[slot] = value->real ? (struct query_column){ .reals = out }
				       : (struct query_column){ .ints = out };
	return r;
}

/* The condition of the command line, before all steps. */
static int apply_filter(struct run *run)
{
	const struct plan *plan = run->plan;
	auto_free struct query_column *slots = calloc(plan->n_inputs + 1, sizeof(*slots));
	int r;

	if (!slots)
		return no_memory(run);
	if (!run->comms)
		run->comms = cache_memory_take(run->memory, (run->room + 1) * sizeof(*run->comms));
	if (!run->comms)
		return no_memory(run);
	for (size_t c = 0; c < plan->n_inputs; c++) {
		slots[c] = run->slots[c];
		if (strcmp(plan->inputs[c].column->name, "comm") || !slots[c].small_ints)
			continue;
		for (size_t i = 0; i < run->n; i++)
			run->comms[i] = schedtrace_context_comm(plan->columns->context,
								slots[c].small_ints[i]);
		slots[c] = (struct query_column){ .texts = run->comms };
	}
	r = query_rows(run->filter, slots, run->n, run->keep, run->err);
	return r < 0 ? r : compact_kept(run, SIZE_MAX); /* before the first step */
}

/* Rows with an empty value are dropped. */
static int drop_empty(struct run *run)
{
	const struct plan_list *list = run->list;
	size_t n_outputs = run->plan->instructions->n_outputs;

	for (size_t i = 0; i < run->n; i++)
		run->keep[i] = true;
	for (size_t o = 0; o < n_outputs; o++) {
		const double *reals = run->slots[list->outputs[o]].reals;

		for (size_t i = 0; reals && i < run->n; i++)
			run->keep[i] &= !isnan(reals[i]);
	}
	return compact_kept(run, SIZE_MAX - 2);
}

static int put_out(struct run *run, size_t category, plan_sink *sink, void *user)
{
	const struct plan_list *list = run->list;
	size_t n_outputs = run->plan->instructions->n_outputs, c = list->n_slots - 1;
	auto_free struct query_column *outputs = calloc(n_outputs + 1, sizeof(*outputs));
	int64_t *number = own(run, c);
	int r;

	if (!outputs || !number)
		return no_memory(run);
	for (size_t i = 0; i < run->n; i++)
		number[i] = (int64_t)category;
	run->slots[c] = (struct query_column){ .ints = number };
	r = drop_empty(run);
	for (size_t o = 0; o < n_outputs; o++)
		outputs[o] = run->slots[list->outputs[o]];
	return r < 0 ? r : sink(user, list, outputs, run->n, run->err);
}

static void begin_block(struct run *run, size_t begin)
{
	for (size_t slot = 0; slot < run->list->n_slots; slot++) {
		const struct query_column *from = &run->all[slot];

		run->slots[slot] = (struct query_column){
			.ints = from->ints ? from->ints + begin : NULL,
			.small_ints = from->small_ints ? from->small_ints + begin : NULL,
			.reals = from->reals ? from->reals + begin : NULL,
		};
	}
}

static const void *values_of(const struct query_column *column)
{
	return column->ints    ? (const void *)column->ints
	       : column->reals ? (const void *)column->reals
			       : (const void *)column->small_ints;
}

/* Writes down what the steps from @next on ask for of a block. */
static int spool_block(struct run *run, size_t next)
{
	int r = 0;

	run->n_next += run->n;
	for (size_t slot = 0; slot < run->list->n_slots && r == 0; slot++) {
		const struct query_column *column = &run->slots[slot];
		struct column_spool *spool = &run->spools[slot];

		if (run->list->slots[slot].last_use <= next || !values_of(column) ||
		    (run->all_stay && values_of(&run->all[slot])))
			continue;
		if (!spool->size)
			r = column_spool_begin(spool, run->memory, run->n_all,
					       column->small_ints ? 4 : 8, run->err);
		if (r == 0)
			r = column_spool_put(spool, values_of(column), run->n, run->err);
	}
	return r;
}

/* All rows through the steps from @first to before @next, and to where they are wanted. */
static int run_blocks(struct run *run, size_t first, size_t next, size_t category, plan_sink *sink,
		      void *user)
{
	const struct plan_list *list = run->list;
	int r = 0;

	for (size_t begin = 0; begin < run->n_all && r == 0; begin += run->room) {
		run->n = run->n_all - begin < run->room ? run->n_all - begin : run->room;
		begin_block(run, begin);
		if (run->terms->cancel && atomic_load(run->terms->cancel))
			return error_set(run->err, SCHEDTRACE_E_CANCELLED, "cancelled");
		if (run->filter)
			r = apply_filter(run);
		for (size_t s = first; s < next && r == 0; s++)
			r = list->queries[s] ? apply_query(run, s) : apply_set(run, s);
		if (r == 0)
			r = next < list->steps->n ? spool_block(run, next)
						  : put_out(run, category, sink, user);
	}
	return r;
}

/* What was written down is what there is. */
static void take_spools(struct run *run)
{
	for (size_t slot = 0; slot < run->list->n_slots; slot++) {
		struct column_spool *spool = &run->spools[slot];
		struct query_column *column = &run->all[slot];
		const void *bytes = spool->piece.bytes;

		if (!run->all_stay)
			*column = (struct query_column){ .ints = NULL };
		if (!spool->size)
			continue;
		if (run->list->slots[slot].type == QUERY_REAL)
			column->reals = bytes;
		else if (spool->size == 4)
			column->small_ints = bytes;
		else
			column->ints = bytes;
		spool->size = 0;
	}
	run->n_all = run->n_next;
}

/* The values within a step's that look at all rows. */
static int order_rows(struct run *run, const struct value *value)
{
	const atomic_bool *cancel = run->terms->cancel;
	const struct query_column *column = &run->all[value->slot];
	struct query_column *result = &run->all[value->result];
	struct column_spool out;
	int r = 0;

	for (size_t o = 0; o < value->n_operands && r == 0; o++)
		r = order_rows(run, &value->operands[o]);
	if (r < 0 || !value_is_of_all_rows(value->kind))
		return r;
	r = column_spool_begin(&out, run->memory, run->n_all, 8, run->err);
	if (r == 0 && value->kind == VALUE_ARGSORT)
		r = ordered_argsort(column, run->n_all, run->memory, &out, cancel, run->err);
	else if (r == 0)
		r = ordered_rolling(column, run->n_all, value->i, value->rolling, run->memory, &out,
				    cancel, run->err);
	if (value->real)
		result->reals = out.piece.bytes;
	else
		result->ints = out.piece.bytes;
	return r;
}

static bool is_of_all_rows(const struct value *value)
{
	bool is = value_is_of_all_rows(value->kind);

	for (size_t o = 0; o < value->n_operands && !is; o++)
		is = is_of_all_rows(&value->operands[o]);
	return is;
}

/* From one step that looks at all rows to the next, of which the last has none behind it. */
static int run_steps(struct run *run, size_t category, plan_sink *sink, void *user)
{
	const struct step_list *steps = run->list->steps;
	size_t first = 0, next = 0;
	int r = 0;

	while (r == 0) {
		run->all_stay = !run->filter;
		run->n_next = 0;
		while (next < steps->n && !is_of_all_rows(&steps->steps[next].value))
			run->all_stay &= !run->list->queries[next++];
		r = run_blocks(run, first, next, category, sink, user);
		if (r < 0 || next == steps->n)
			break;
		run->filter = NULL;
		take_spools(run);
		r = order_rows(run, &steps->steps[next].value);
		first = next++;
	}
	return r;
}

static int run_list(const struct plan *plan, const struct plan_list *list, size_t category,
		    const struct plan_terms *terms, plan_sink *sink, void *user,
		    struct schedtrace_error *err)
{
	size_t rows = plan->columns->rows.n;
	size_t room = rows < BLOCK_ROWS ? rows : BLOCK_ROWS;
	auto_free struct query_column *all = calloc(list->n_slots + 1, sizeof(*all));
	auto_free struct query_column *slots = calloc(list->n_slots + 1, sizeof(*slots));
	auto_free struct column_spool *spools = calloc(list->n_slots + 1, sizeof(*spools));
	auto_free void **owned = calloc(list->n_slots + 1, sizeof(*owned));
	struct run run = { .plan = plan,
			   .terms = terms,
			   .filter = terms->filter,
			   .list = list,
			   .all = all,
			   .n_all = rows,
			   .spools = spools,
			   .room = room,
			   .slots = slots,
			   .owned = owned,
			   .err = err };
	int r = cache_memory_new(&run.memory, err);

	if (r < 0)
		return r;
	run.keep = cache_memory_take(run.memory, (room + 1) * sizeof(*run.keep));
	run.rows = cache_memory_take(run.memory, (room + 1) * sizeof(*run.rows));
	for (size_t c = 0; all && c < plan->n_inputs; c++)
		all[c] = plan->inputs[c].column->values;
	if (!all || !slots || !spools || !owned || !run.keep || !run.rows)
		r = no_memory(&run);
	else
		r = run_steps(&run, category, sink, user);
	cache_memory_free(run.memory);
	return r;
}

int plan_run(const struct plan *plan, size_t category, const struct plan_terms *terms,
	     plan_sink *sink, void *user, struct schedtrace_error *err)
{
	const struct plan_category *from = &plan->categories[category];
	int r = 0;

	for (size_t l = 0; l < from->n_lists && r == 0; l++)
		r = run_list(plan, &from->lists[l], category, terms, sink, user, err);
	return r;
}
