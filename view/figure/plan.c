/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "view/figure/plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/nearest.h"

/* The columns that a step sees: a name means the slot that was last set to it. */
struct scope {
	struct plan_list *list;
	bool text_comm;	   /* "comm" is the task's name, not its number */
	char missing[128]; /* a name that is not there was asked for */
};

static int no_memory(struct schedtrace_error *err)
{
	return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for a plan");
}

/* SIZE_MAX: there is none. */
static size_t find_slot(const struct plan_list *list, const char *name, size_t n)
{
	for (size_t i = list->n_slots; i-- > 0;)
		if (strlen(list->slots[i].name) == n && !memcmp(list->slots[i].name, name, n))
			return i;
	return SIZE_MAX;
}

static int find_column(void *user, const char *name, size_t n, enum query_type *type)
{
	struct scope *scope = user;
	size_t slot = find_slot(scope->list, name, n);

	if (slot == SIZE_MAX) {
		snprintf(scope->missing, sizeof(scope->missing), "%.*s", (int)(n < 100 ? n : 100),
			 name);
		return -1;
	}
	*type = scope->list->slots[slot].type;
	if (scope->text_comm && !strcmp(scope->list->slots[slot].name, "comm"))
		*type = QUERY_TEXT;
	return (int)slot;
}

static const char *nearest_column(void *user, const char *name)
{
	const struct plan_list *list = ((struct scope *)user)->list;
	auto_free const char **names = calloc(list->n_slots + 1, sizeof(*names));
	const char *near = NULL;
	size_t n = 0;

	for (size_t i = 0; names && i < list->n_slots; i++)
		if (*list->slots[i].name) /* hidden ones have none */
			names[n++] = list->slots[i].name;
	if (names)
		near = nearest_word(name, names, n);
	return near;
}

static int fail_column(struct plan *plan, struct category *category, struct scope *scope,
		       const char *path, const char *name, struct schedtrace_error *err)
{
	const char *near = nearest_column(scope, name);
	bool known = false;
	char why[400];

	for (size_t i = 0; !known && trace_columns_name(i); i++)
		known = !strcmp(trace_columns_name(i), name);
	for (size_t i = 0; i < plan->instructions->n_inputs; i++)
		if (!strcmp(plan->instructions->inputs[i], name)) {
			near = known ? NULL : trace_columns_nearest(name);
			snprintf(why, sizeof(why), "the recording has no column %.100s%s%s%s", name,
				 near ? "; did you mean " : "", near ? near : "", near ? "?" : "");
			return instructions_fail(plan->instructions, category, path, why, err);
		}
	if (known)
		snprintf(why, sizeof(why), "column %s is not among those of \"input\"", name);
	else if (near)
		snprintf(why, sizeof(why), "no column %.100s here; did you mean %s?", name, near);
	else
		snprintf(why, sizeof(why), "no column %.100s here", name);
	return instructions_fail(plan->instructions, category, path, why, err);
}

/* Resolves the names of a value: 0, or 1 where one is not there, which is left in the scope. */
static int resolve(struct value *value, struct scope *scope, size_t step, struct plan_slot *about)
{
	struct plan_list *list = scope->list;

	if (value->column) {
		value->slot = find_slot(list, value->column, strlen(value->column));
		if (value->slot == SIZE_MAX) {
			snprintf(scope->missing, sizeof(scope->missing), "%.100s", value->column);
			return 1;
		}
		list->slots[value->slot].last_use = step + 1;
		about->ns = value->kind != VALUE_ARGSORT && list->slots[value->slot].ns;
		about->about =
			value->kind == VALUE_ARGSORT ? "order" : list->slots[value->slot].about;
		value->real = value->kind == VALUE_ROLLING ||
			      (value->kind == VALUE_COLUMN &&
			       list->slots[value->slot].type == QUERY_REAL);
		if (value_is_of_all_rows(value->kind)) {
			value->result = list->n_slots++;
			list->slots[value->result] =
				(struct plan_slot){ .name = "",
						    .type = value->real ? QUERY_REAL : QUERY_INT,
						    .last_use = step + 1 };
		}
		return 0;
	}
	value->real = value->kind == VALUE_REAL || value->kind == VALUE_DIVIDE;
	for (size_t i = 0; i < value->n_operands; i++) {
		struct plan_slot of = { .name = NULL };

		if (resolve(&value->operands[i], scope, step, &of))
			return 1;
		value->real |= value->operands[i].real;
		about->about = about->about ? about->about : of.about;
		if (value->kind == VALUE_DIVIDE && i)
			about->ns &= !of.ns; /* a time by a time is a share */
		else
			about->ns |= of.ns;
	}
	return 0;
}

static bool is_output(const struct instructions *in, const char *name)
{
	for (size_t i = 0; i < in->n_outputs; i++)
		if (!strcmp(in->outputs[i], name))
			return true;
	return false;
}

static int plan_set(const struct instructions *in, struct plan_list *list, struct scope *scope,
		    size_t s)
{
	struct step *step = &list->steps->steps[s];
	struct plan_slot slot = { .name = step->name };

	if (resolve(&step->value, scope, s, &slot))
		return 1;
	/* What was computed under a name of its own is about that. */
	if (step->value.kind != VALUE_COLUMN && slot.about && !is_output(in, step->name))
		slot.about = step->name;
	slot.type = step->value.real ? QUERY_REAL : QUERY_INT;
	list->set[s] = list->n_slots;
	list->slots[list->n_slots++] = slot;
	return 0;
}

/* 1: it names a column that is not there. */
static int plan_query(struct plan_list *list, struct scope *scope, size_t s,
		      struct schedtrace_error *err)
{
	const struct query_names names = { find_column, nearest_column, NULL, scope };
	const struct step *step = &list->steps->steps[s];
	int r = query_compile(&list->queries[s], step->query, &names, err);

	if (r == SCHEDTRACE_E_USAGE && *scope->missing)
		return 1;
	if (r == SCHEDTRACE_E_USAGE)
		err->status = r = SCHEDTRACE_E_FORMAT;
	if (r < 0)
		return error_prefix(err, r, "%s", step->path);
	for (size_t i = 0; i < list->n_slots; i++)
		if (query_uses(list->queries[s], (int)i))
			list->slots[i].last_use = s + 1;
	return 0;
}

static int plan_outputs(struct plan *plan, struct category *category, struct plan_list *list,
			struct scope *scope, struct schedtrace_error *err)
{
	const struct instructions *in = plan->instructions;
	char path[64];
	size_t c = list->n_slots++;

	list->slots[c] = (struct plan_slot){ .name = "c", .type = QUERY_INT, .last_use = SIZE_MAX };
	for (size_t i = 0; i < in->n_outputs; i++) {
		size_t slot = find_slot(list, in->outputs[i], strlen(in->outputs[i]));

		snprintf(path, sizeof(path), "$.output[%zu]", i);
		if (slot == SIZE_MAX)
			return fail_column(plan, category, scope, path, in->outputs[i], err);
		list->outputs[i] = slot;
		list->slots[slot].last_use = SIZE_MAX;
	}
	return 0;
}

/* How many slots a value needs beside that of its step. */
static size_t count_results(const struct value *value)
{
	size_t n = value_is_of_all_rows(value->kind);

	for (size_t i = 0; i < value->n_operands; i++)
		n += count_results(&value->operands[i]);
	return n;
}

static int make_list(struct plan *plan, struct category *category, struct step_list *steps,
		     struct plan_list *list, struct schedtrace_error *err)
{
	struct scope scope = { .list = list };
	size_t results = 0;
	int r = 0;

	for (size_t s = 0; s < steps->n; s++)
		results += count_results(&steps->steps[s].value);
	list->steps = steps;
	list->queries = calloc(steps->n + 1, sizeof(*list->queries));
	list->set = calloc(steps->n + 1, sizeof(*list->set));
	list->slots = calloc(plan->n_inputs + steps->n + results + 1, sizeof(*list->slots));
	list->outputs = calloc(plan->instructions->n_outputs + 1, sizeof(*list->outputs));
	if (!list->queries || !list->set || !list->slots || !list->outputs)
		return no_memory(err);
	for (; list->n_slots < plan->n_inputs; list->n_slots++) {
		const struct plan_input *input = &plan->inputs[list->n_slots];
		const struct trace_column *column = input->column;

		list->slots[list->n_slots] =
			(struct plan_slot){ input->hidden ? "" : column->name, column->type,
					    column->ns, column->name, 0 };
	}
	for (size_t s = 0; s < steps->n; s++) {
		r = steps->steps[s].query ? plan_query(list, &scope, s, err)
					  : plan_set(plan->instructions, list, &scope, s);
		if (r > 0)
			return fail_column(plan, category, &scope, steps->steps[s].path,
					   scope.missing, err);
		if (r < 0)
			return r;
	}
	return plan_outputs(plan, category, list, &scope, err);
}

int plan_filter(const struct plan *plan, const char *text, struct query **out,
		struct schedtrace_error *err)
{
	auto_free struct plan_slot *slots = calloc(plan->n_inputs + 1, sizeof(*slots));
	struct plan_list list = { .n_slots = plan->n_inputs, .slots = slots };
	struct scope scope = { .list = &list, .text_comm = true };
	const struct query_names names = { find_column, nearest_column, NULL, &scope };

	if (!slots)
		return no_memory(err);
	for (size_t i = 0; i < plan->n_inputs; i++)
		slots[i] = (struct plan_slot){ .name = plan->inputs[i].column->name,
					       .type = plan->inputs[i].column->type };
	return query_compile(out, text, &names, err);
}

static bool is_input(const struct plan *plan, const char *name)
{
	for (size_t i = 0; i < plan->n_inputs; i++)
		if (!strcmp(plan->inputs[i].column->name, name))
			return true;
	return false;
}

/* Those that are there of the instructions' columns, and all that are read. */
static int make_inputs(struct plan *plan, struct schedtrace_error *err)
{
	const struct instructions *in = plan->instructions;
	size_t n = in->n_inputs + TRACE_COLUMNS_READ;
	int r = 0;

	plan->inputs = calloc(n, sizeof(*plan->inputs));
	if (!plan->inputs)
		return no_memory(err);
	for (size_t i = 0; i < n && r == 0; i++) {
		bool hidden = i >= in->n_inputs;
		const char *name = hidden ? trace_columns_name(i - in->n_inputs) : in->inputs[i];
		struct plan_input *input = &plan->inputs[plan->n_inputs];

		if (hidden && is_input(plan, name))
			continue;
		r = trace_columns_get(plan->columns, name, &input->column, err);
		input->hidden = hidden;
		plan->n_inputs += input->column != NULL;
	}
	return r;
}

static int make_category(struct plan *plan, size_t c, struct schedtrace_error *err)
{
	struct category *category = &plan->instructions->categories[c];
	struct plan_category *out = &plan->categories[c];
	int r = 0;

	out->n_lists = category->n_lists;
	out->lists = calloc(out->n_lists, sizeof(*out->lists));
	if (!out->lists)
		return no_memory(err);
	for (size_t l = 0; l < out->n_lists && r == 0 && !category->failed; l++)
		r = make_list(plan, category, &category->lists[l], &out->lists[l], err);
	return r;
}

int plan_make(struct plan *out, struct instructions *instructions, struct trace_columns *columns,
	      struct schedtrace_error *err)
{
	int r;

	*out = (struct plan){ .instructions = instructions, .columns = columns };
	out->categories = calloc(instructions->n_categories + 1, sizeof(*out->categories));
	r = out->categories ? make_inputs(out, err) : no_memory(err);
	for (size_t c = 0; c < instructions->n_categories && r == 0; c++)
		r = make_category(out, c, err);
	if (r < 0)
		plan_free(out);
	return r;
}

void plan_free(struct plan *plan)
{
	for (size_t c = 0; plan->categories && c < plan->instructions->n_categories; c++) {
		struct plan_category *category = &plan->categories[c];

		for (size_t l = 0; category->lists && l < category->n_lists; l++) {
			struct plan_list *list = &category->lists[l];

			for (size_t s = 0; list->queries && s < list->steps->n; s++)
				query_free(list->queries[s]);
			free(list->queries);
			free(list->set);
			free(list->slots);
			free(list->outputs);
		}
		free(category->lists);
	}
	free(plan->categories);
	free(plan->inputs);
	*plan = (struct plan){ .categories = NULL };
}
