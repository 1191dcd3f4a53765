/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "input/input.h"

#include <stdlib.h>
#include <string.h>

#include <schedtrace/trace.h>

#include "base/error.h"
#include "input/input_kind.h"

struct input {
	const struct input_kind *kind;
	void *self;
};

/* The first that recognizes a file opens it. */
static const struct input_kind *const kinds[] = { &input_of_tracedat, &input_of_tarball };

int input_make(struct input **out, const struct input_kind *kind, void *self,
	       struct schedtrace_error *err)
{
	struct input *input = calloc(1, sizeof(*input));

	if (!input) {
		kind->close(self);
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory to open an input");
	}
	input->kind = kind;
	input->self = self;
	*out = input;
	return 0;
}

int input_open(struct input **out, const char *path, const struct input_options *options,
	       struct schedtrace_error *err)
{
	size_t i = 0;
	void *self;
	int r;

	while (!kinds[i]->recognizes(path))
		i++;
	r = kinds[i]->open(&self, path, options, err);
	return r < 0 ? r : input_make(out, kinds[i], self, err);
}

void input_close(struct input *input)
{
	if (!input)
		return;
	input->kind->close(input->self);
	free(input);
}

const struct schedtrace_context *input_context(const struct input *input)
{
	return input->kind->context(input->self);
}

bool input_knows_all_tasks(const struct input *input)
{
	return input->kind->tarball != NULL;
}

int input_next(struct input *input, const struct schedtrace_events **events,
	       struct schedtrace_error *err)
{
	static const struct schedtrace_events none;
	int r = input->kind->next(input->self, events, err);

	if (r != INPUT_ROWS)
		*events = &none;
	return r;
}

void input_position(const struct input *input, uint64_t *done, uint64_t *total)
{
	input->kind->position(input->self, done, total);
}

struct schedtrace *input_tarball(const struct input *input)
{
	return input->kind->tarball ? input->kind->tarball(input->self) : NULL;
}

int64_t input_rows(const struct input *input)
{
	const struct schedtrace *trace = input_tarball(input);

	return trace ? (int64_t)schedtrace_rows(trace) : INT64_MIN;
}

bool input_damaged(const struct input *input)
{
	return input->kind->damaged(input->self);
}

bool input_has_stacks(const struct input *input)
{
	return input->kind->has_stacks(input->self);
}

void input_others(const struct input *input, struct input_others *out)
{
	*out = (struct input_others){ 0 };
	if (input->kind->others)
		input->kind->others(input->self, out);
}

int input_members(struct input *input,
		  int (*member)(void *user, const char *name, const void *data, size_t n,
				struct schedtrace_error *err),
		  void *user, struct schedtrace_error *err)
{
	return input->kind->members(input->self, member, user, err);
}

struct wanted {
	const char *name;
	size_t max;
	char *data; /* NULL: not met */
	size_t n;
};

static int take_wanted(void *user, const char *name, const void *data, size_t n,
		       struct schedtrace_error *err)
{
	struct wanted *w = user;

	if (w->data || strcmp(name, w->name) != 0)
		return 0;
	if (n > w->max)
		return error_set(err, SCHEDTRACE_E_LIMIT, "%s has %zu bytes, more than %zu", name,
				 n, w->max);
	w->data = malloc(n + 1);
	if (!w->data)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for %s", name);
	memcpy(w->data, data, n);
	w->data[n] = '\0';
	w->n = n;
	return 0;
}

int input_member_read(struct input *input, const char *name, size_t max, char **data, size_t *n,
		      struct schedtrace_error *err)
{
	struct schedtrace *tarball = input_tarball(input);
	struct wanted w = { .name = name, .max = max };
	const struct schedtrace_events *rows;
	int r;

	if (tarball)
		return schedtrace_member_read(tarball, name, max, data, n, err);
	do {
		r = input_next(input, &rows, err);
	} while (r == INPUT_ROWS);
	if (r >= 0)
		r = input_members(input, take_wanted, &w, err);
	if (r < 0) {
		free(w.data);
		return r;
	}
	if (!w.data)
		return error_set(err, SCHEDTRACE_E_NOT_FOUND, "there is no member %s", name);
	*data = w.data;
	*n = w.n;
	return 0;
}

uint64_t input_read(const struct input *input, const char **what)
{
	return input->kind->read(input->self, what);
}
