/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "view/figure/instructions.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/jsonio.h"
#include "base/mem.h"
#include "base/nearest.h"
#include "view/figure/colour.h"
#include "view/figure/template.h"

#define PATH_ROOM 400

struct parser {
	struct instructions *out;
	struct category *category; /* that is read; NULL: none yet */
	const struct event_names *events;
	struct schedtrace_error *err;
};

static int no_memory(struct schedtrace_error *err)
{
	return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for instructions");
}

static int SCHEDTRACE_PRINTF(3, 4) refuse(struct parser *p, const char *path, const char *fmt, ...)
{
	char what[400];
	va_list args;

	va_start(args, fmt);
	vsnprintf(what, sizeof(what), fmt, args);
	va_end(args);
	return error_set(p->err, SCHEDTRACE_E_FORMAT, "%s: %s", path, what);
}

/* The place of a part of @path; cut where it is very long. */
static void SCHEDTRACE_PRINTF(3, 4)
	below(char out[PATH_ROOM], const char *path, const char *fmt, ...)
{
	size_t n = strlen(path);
	va_list args;

	memmove(out, path, n + 1);
	va_start(args, fmt);
	vsnprintf(out + n, PATH_ROOM - n, fmt, args);
	va_end(args);
}

static void *take(struct parser *p, size_t n, size_t size)
{
	void *memory = arena_alloc(&p->out->memory, n * size + 1);

	return memory ? memset(memory, 0, n * size + 1) : NULL;
}

static const char *keep(struct parser *p, const char *text)
{
	char *copy = take(p, strlen(text) + 1, 1);

	return copy ? strcpy(copy, text) : NULL;
}

int instructions_fail(struct instructions *instructions, struct category *category,
		      const char *path, const char *why, struct schedtrace_error *err)
{
	struct parser p = { .out = instructions, .err = err };

	if (category->failed)
		return 0;
	category->failed = keep(&p, why);
	category->failed_at = keep(&p, path);
	return category->failed && category->failed_at ? 0 : no_memory(err);
}

static int fail_unknown_event(struct parser *p, const char *path, const char *name)
{
	const struct event_names *events = p->events;
	const char *near = events->nearest ? events->nearest(events->user, name) : NULL;
	char why[256];

	snprintf(why, sizeof(why), near ? "no event %s here; did you mean %s?" : "no event %s here",
		 name, near);
	if (!p->category)
		return refuse(p, path, "%s", why);
	return instructions_fail(p->out, p->category, path, why, p->err);
}

/* A text with its events' numbers. */
static int read_text(struct parser *p, const char *path, const json_t *value, const char *what,
		     const char **out)
{
	auto_free char *expanded = NULL;
	char unknown[64];
	const char *text;
	int r;

	if (!json_is_string(value))
		return refuse(p, path, "%s is a text", what);
	text = json_string_value(value);
	expanded = malloc(TEMPLATE_ROOM(text));
	if (!expanded)
		return no_memory(p->err);
	r = template_expand(text, p->events->id, p->events->user, expanded, unknown);
	if (r < 0)
		return refuse(p, path, "a $ is followed by no name of an event; $$ is a dollar");
	if (r > 0)
		r = fail_unknown_event(p, path, unknown);
	*out = keep(p, expanded);
	return r < 0 ? r : *out ? 0 : no_memory(p->err);
}

static int count_step(struct parser *p, const char *path)
{
	return ++p->out->n_steps > INSTRUCTIONS_MAX_STEPS
		       ? error_set(p->err, SCHEDTRACE_E_LIMIT, "%s: more than %d steps", path,
				   INSTRUCTIONS_MAX_STEPS)
		       : 0;
}

static const char *const operations[] = { "+", "-", "/", "rolling", "argsort" };
static const enum value_op operation_kinds[] = { VALUE_ADD, VALUE_SUBTRACT, VALUE_DIVIDE,
						 VALUE_ROLLING, VALUE_ARGSORT };

#define N_OPERATIONS (sizeof(operations) / sizeof(*operations))

/* The index of a word; the sentence that refuses it lists what there is. */
static int read_word(struct parser *p, const char *path, const json_t *value,
		     const char *const *words, size_t n, const char *what, size_t *out)
{
	const char *word, *near;
	char list[128] = "";

	for (size_t i = 0; i < n; i++)
		snprintf(list + strlen(list), sizeof(list) - strlen(list), "%s%s",
			 i == 0	      ? ""
			 : i + 1 == n ? " or "
				      : ", ",
			 words[i]);
	if (!json_is_string(value))
		return refuse(p, path, "%s is a text: %s", what, list);
	word = json_string_value(value);
	for (*out = 0; *out < n; ++*out)
		if (!strcmp(words[*out], word))
			return 0;
	near = nearest_word(word, words, n);
	return near && strlen(word) > 1
		       ? refuse(p, path, "no %s \"%.64s\"; did you mean \"%s\"?", what, word, near)
		       : refuse(p, path, "no %s \"%.64s\"; there are %s", what, word, list);
}

static int read_value(struct parser *p, const char *path, const json_t *json, struct value *out);

static int read_operands(struct parser *p, const char *path, const json_t *json, struct value *out)
{
	char at[PATH_ROOM];
	int r = 0;

	out->n_operands = json_array_size(json) - 1;
	if (!out->n_operands)
		return refuse(p, path, "%s needs a value",
			      json_string_value(json_array_get(json, 0)));
	out->operands = take(p, out->n_operands, sizeof(*out->operands));
	if (!out->operands)
		return no_memory(p->err);
	for (size_t i = 0; i < out->n_operands && r == 0; i++) {
		below(at, path, "[%zu]", i + 1);
		r = read_value(p, at, json_array_get(json, i + 1), &out->operands[i]);
	}
	return r;
}

/* ["rolling", WINDOW, FUNCTION, COLUMN] */
static int read_rolling(struct parser *p, const char *path, const json_t *json, struct value *out)
{
	static const char *const functions[] = { "sum", "mean", "median" };
	const json_t *window = json_array_get(json, 1);
	char at[PATH_ROOM];
	size_t function = 0;
	int r;

	if (json_array_size(json) != 4)
		return refuse(p, path, "this is [\"rolling\", WINDOW, FUNCTION, COLUMN]");
	below(at, path, "[1]");
	if (!json_is_integer(window) || json_integer_value(window) < 1)
		return refuse(p, at, "the window is a whole number of rows, 1 or more");
	out->i = json_integer_value(window);
	below(at, path, "[2]");
	r = read_word(p, at, json_array_get(json, 2), functions, 3, "function", &function);
	if (r < 0)
		return r;
	out->rolling = (enum rolling_kind)function;
	below(at, path, "[3]");
	return read_text(p, at, json_array_get(json, 3), "a column's name", &out->column);
}

static int read_operation(struct parser *p, const char *path, const json_t *json, struct value *out)
{
	char at[PATH_ROOM];
	size_t which = 0;
	int r;

	below(at, path, "[0]");
	r = read_word(p, at, json_array_get(json, 0), operations, N_OPERATIONS, "operation",
		      &which);
	if (r < 0)
		return r;
	out->kind = operation_kinds[which];
	if (out->kind == VALUE_ROLLING)
		return read_rolling(p, path, json, out);
	if (out->kind != VALUE_ARGSORT)
		return read_operands(p, path, json, out);
	if (json_array_size(json) != 2)
		return refuse(p, path, "this is [\"argsort\", COLUMN]");
	below(at, path, "[1]");
	return read_text(p, at, json_array_get(json, 1), "a column's name", &out->column);
}

static int read_value(struct parser *p, const char *path, const json_t *json, struct value *out)
{
	int r = count_step(p, path);

	if (r < 0)
		return r;
	if (json_is_integer(json)) {
		out->kind = VALUE_INT;
		out->i = json_integer_value(json);
		return 0;
	}
	if (json_is_real(json)) {
		out->kind = VALUE_REAL;
		out->f = json_real_value(json);
		return 0;
	}
	if (json_is_string(json)) {
		out->kind = VALUE_COLUMN;
		return read_text(p, path, json, "a column's name", &out->column);
	}
	if (!json_is_array(json) || !json_array_size(json))
		return refuse(p, path,
			      "a value is a column's name, a number, or an operation such as "
			      "[\"+\", \"cpu\", 0.5]");
	return read_operation(p, path, json, out);
}

static int read_step(struct parser *p, const char *path, const json_t *json, struct step *out)
{
	static const char *const words[] = { "query", "=" };
	char at[PATH_ROOM];
	size_t which = 0;
	int r = count_step(p, path);

	if (r < 0)
		return r;
	out->path = keep(p, path);
	if (!out->path)
		return no_memory(p->err);
	if (!json_is_array(json) || !json_array_size(json))
		return refuse(p, path,
			      "a step is [\"query\", CONDITION] or [\"=\", COLUMN, VALUE]");
	below(at, path, "[0]");
	r = read_word(p, at, json_array_get(json, 0), words, 2, "step", &which);
	if (r < 0)
		return r;
	if (json_array_size(json) != 2 + which)
		return refuse(p, path, "this is %s",
			      which ? "[\"=\", COLUMN, VALUE]" : "[\"query\", CONDITION]");
	below(at, path, "[1]");
	if (!which)
		return read_text(p, at, json_array_get(json, 1), "a condition", &out->query);
	r = read_text(p, at, json_array_get(json, 1), "a column's name", &out->name);
	below(at, path, "[2]");
	return r < 0 ? r : read_value(p, at, json_array_get(json, 2), &out->value);
}

static int read_lists(struct parser *p, const char *path, const json_t *json, struct category *out)
{
	char list[PATH_ROOM], at[PATH_ROOM];

	if (!json_is_array(json) || !json_array_size(json))
		return refuse(p, path, "this is a list of lists of steps, at least one");
	out->n_lists = json_array_size(json);
	out->lists = take(p, out->n_lists, sizeof(*out->lists));
	if (!out->lists)
		return no_memory(p->err);
	for (size_t l = 0; l < out->n_lists; l++) {
		const json_t *steps = json_array_get(json, l);
		struct step_list *to = &out->lists[l];
		int r = 0;

		below(list, path, "[%zu]", l);
		r = count_step(p, list);
		if (r == 0 && !json_is_array(steps))
			r = refuse(p, list, "this is a list of steps");
		if (r < 0)
			return r;
		to->n = json_array_size(steps);
		to->steps = take(p, to->n, sizeof(*to->steps));
		if (!to->steps)
			return no_memory(p->err);
		for (size_t s = 0; s < to->n && r == 0; s++) {
			below(at, list, "[%zu]", s);
			r = read_step(p, at, json_array_get(steps, s), &to->steps[s]);
		}
		if (r < 0)
			return r;
	}
	return 0;
}

/* Keys that are not known are refused. */
static int check_keys(struct parser *p, const char *path, json_t *json, const char *const *keys,
		      size_t n)
{
	const char *key;
	json_t *value;

	json_object_foreach(json, key, value)
	{
		const char *near = nearest_word(key, keys, n);
		size_t i = 0;

		while (i < n && strcmp(keys[i], key))
			i++;
		if (i < n)
			continue;
		return near ? refuse(p, path, "no key \"%.64s\" here; did you mean \"%s\"?", key,
				     near)
			    : refuse(p, path, "no key \"%.64s\" here", key);
	}
	return 0;
}

static int read_colour(struct parser *p, const char *path, const json_t *json, uint32_t *out)
{
	const char *near;

	if (!json_is_string(json))
		return refuse(p, path, "a colour is a text such as \"#e41a1c\" or \"orange\"");
	if (colour_parse(json_string_value(json), out))
		return 0;
	near = colour_nearest(json_string_value(json));
	return near ? refuse(p, path, "no colour \"%.64s\"; did you mean \"%s\"?",
			     json_string_value(json), near)
		    : refuse(p, path, "no colour \"%.64s\"; it is \"#rrggbb\" or a name as in CSS",
			     json_string_value(json));
}

static int read_category(struct parser *p, const char *path, json_t *json, struct category *out)
{
	/* SchedDisplay adds the number of rows as "len" to what it has drawn. */
	static const char *const keys[] = { "label", "color", "concatenate", "hide_hovertool",
					    "len" };
	const json_t *hide;
	char at[PATH_ROOM];
	int r;

	if (!json_is_object(json))
		return refuse(p, path, "a category is an object with label, color and concatenate");
	r = check_keys(p, path, json, keys, sizeof(keys) / sizeof(*keys));
	for (size_t i = 0; i < 3 && r == 0; i++)
		if (!json_object_get(json, keys[i]))
			r = refuse(p, path, "\"%s\" is missing", keys[i]);
	if (r < 0)
		return r;
	p->category = out;
	below(at, path, ".label");
	r = read_text(p, at, json_object_get(json, "label"), "a label", &out->label);
	below(at, path, ".color");
	if (r == 0)
		r = read_colour(p, at, json_object_get(json, "color"), &out->colour);
	below(at, path, ".hide_hovertool");
	hide = json_object_get(json, "hide_hovertool");
	if (r == 0 && hide && !json_is_boolean(hide))
		r = refuse(p, at, "this is true or false");
	out->hide_hovertool = json_is_true(hide);
	below(at, path, ".concatenate");
	if (r == 0)
		r = read_lists(p, at, json_object_get(json, "concatenate"), out);
	p->category = NULL;
	return r;
}

static int read_columns(struct parser *p, const char *key, const json_t *json, const char ***out,
			size_t *n)
{
	char path[PATH_ROOM];
	int r = 0;

	snprintf(path, sizeof(path), "$.%s", key);
	if (!json_is_array(json) || !json_array_size(json))
		return refuse(p, path, "this is a list of columns' names, at least one");
	*n = json_array_size(json);
	if (*n > INSTRUCTIONS_MAX_COLUMNS)
		return error_set(p->err, SCHEDTRACE_E_LIMIT, "%s: more than %d columns", path,
				 INSTRUCTIONS_MAX_COLUMNS);
	*out = take(p, *n, sizeof(**out));
	if (!*out)
		return no_memory(p->err);
	for (size_t i = 0; i < *n && r == 0; i++) {
		snprintf(path, sizeof(path), "$.%s[%zu]", key, i);
		r = read_text(p, path, json_array_get(json, i), "a column's name", &(*out)[i]);
		for (size_t k = 0; k < i && r == 0; k++)
			if (!strcmp((*out)[k], (*out)[i]))
				r = refuse(p, path, "%s stands in the list twice", (*out)[i]);
	}
	return r;
}

static bool puts_out(const struct instructions *in, const char *name)
{
	for (size_t i = 0; i < in->n_outputs; i++)
		if (!strcmp(in->outputs[i], name))
			return true;
	return false;
}

static int read_categories(struct parser *p, const json_t *json)
{
	struct instructions *out = p->out;
	char path[PATH_ROOM];
	int r = 0;

	if (!json_is_array(json) || !json_array_size(json))
		return refuse(p, "$.c", "this is a list of categories, at least one");
	out->n_categories = json_array_size(json);
	if (out->n_categories > INSTRUCTIONS_MAX_CATEGORIES)
		return error_set(p->err, SCHEDTRACE_E_LIMIT, "$.c: %zu categories, more than %d",
				 out->n_categories, INSTRUCTIONS_MAX_CATEGORIES);
	out->categories = take(p, out->n_categories, sizeof(*out->categories));
	if (!out->categories)
		return no_memory(p->err);
	for (size_t i = 0; i < out->n_categories && r == 0; i++) {
		snprintf(path, sizeof(path), "$.c[%zu]", i);
		r = read_category(p, path, json_array_get(json, i), &out->categories[i]);
	}
	return r;
}

static int read_file(struct parser *p, json_t *json)
{
	static const char *const keys[] = { "input", "output", "c" };
	struct instructions *out = p->out;
	int r;

	if (!json_is_object(json))
		return refuse(p, "$", "instructions are an object with input, output and c");
	r = check_keys(p, "$", json, keys, 3);
	for (size_t i = 0; i < 3 && r == 0; i++)
		if (!json_object_get(json, keys[i]))
			r = refuse(p, "$", "\"%s\" is missing", keys[i]);
	if (r == 0)
		r = read_columns(p, "input", json_object_get(json, "input"), &out->inputs,
				 &out->n_inputs);
	if (r == 0)
		r = read_columns(p, "output", json_object_get(json, "output"), &out->outputs,
				 &out->n_outputs);
	if (r < 0)
		return r;
	out->lines = puts_out(out, "x0") && puts_out(out, "y0") && puts_out(out, "x1") &&
		     puts_out(out, "y1");
	if (!out->lines && !(puts_out(out, "x") && puts_out(out, "y")))
		return refuse(p, "$.output",
			      "lines need x0, y0, x1 and y1 here, and points x and y");
	return read_categories(p, json_object_get(json, "c"));
}

int instructions_parse(struct instructions *out, const char *text, size_t n,
		       const struct event_names *events, struct schedtrace_error *err)
{
	struct parser parser = { .out = out, .events = events, .err = err };
	json_t *json = NULL;
	int r;

	*out = (struct instructions){ 0 };
	if (n > INSTRUCTIONS_MAX_BYTES)
		return error_set(err, SCHEDTRACE_E_LIMIT,
				 "no file of instructions: longer than "
				 "1 MiB");
	r = jsonio_parse(&json, text, n, err);
	if (r == 0)
		r = read_file(&parser, json);
	json_decref(json);
	if (r < 0)
		instructions_free(out);
	return r;
}

int instructions_read(struct instructions *out, const char *path, const struct event_names *events,
		      struct schedtrace_error *err)
{
	auto_free char *text = malloc(INSTRUCTIONS_MAX_BYTES + 1);
	auto_fclose FILE *f = fopen(path, "re");
	size_t n;
	int r;

	if (!f)
		return error_errno(err, errno == ENOENT ? SCHEDTRACE_E_USAGE : SCHEDTRACE_E_IO,
				   errno, "%s", path);
	if (!text)
		return no_memory(err);
	n = fread(text, 1, INSTRUCTIONS_MAX_BYTES + 1, f);
	if (ferror(f))
		return error_errno(err, SCHEDTRACE_E_IO, errno, "%s", path);
	r = instructions_parse(out, text, n, events, err);
	return r < 0 ? error_prefix(err, r, "%s", path) : 0;
}

void instructions_free(struct instructions *instructions)
{
	arena_free(&instructions->memory);
	*instructions = (struct instructions){ 0 };
}
