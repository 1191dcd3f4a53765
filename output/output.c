/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "output/output.h"

#include <stdlib.h>
#include <string.h>

#include "base/ending.h"
#include "base/error.h"
#include "base/nearest.h"
#include "output/output_kind.h"

/* The first is what files are that end otherwise. */
static const struct output_kind *const kinds[] = { &schedlog_output, &perfetto_output };

#define N_KINDS (sizeof(kinds) / sizeof(*kinds))

struct output {
	const struct output_kind *kind;
	void *self;
};

const struct output_format *output_format(size_t i)
{
	return i < N_KINDS ? &kinds[i]->format : NULL;
}

static int choose(const struct output_kind **out, const char *path, const char *format,
		  struct schedtrace_error *err)
{
	const char *names[N_KINDS], *near;

	for (size_t i = 0; i < N_KINDS; i++) {
		const struct output_format *f = &kinds[i]->format;

		names[i] = f->name;
		if (format ? strcmp(format, f->name) == 0 : has_ending(path, f->ending)) {
			*out = kinds[i];
			return 0;
		}
	}
	*out = kinds[0];
	if (!format)
		return 0;
	near = nearest_word(format, names, N_KINDS);
	return error_set(err, SCHEDTRACE_E_USAGE,
			 "--to %s: no such format%s%s; schedconv --list-outputs names them", format,
			 near ? ", did you mean " : "", near ? near : "");
}

int output_choose(const struct output_format **out, const char *path, const char *format,
		  struct schedtrace_error *err)
{
	const struct output_kind *kind;
	int r = choose(&kind, path, format, err);

	*out = &kind->format;
	return r;
}

int output_open(struct output **out, const char *path, const struct schedtrace_context *ctx,
		const struct output_options *options, struct schedtrace_error *err)
{
	struct output *o = calloc(1, sizeof(*o));
	int r;

	if (!o)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for an output");
	r = choose(&o->kind, path, options->format, err);
	if (r == 0)
		r = o->kind->open(&o->self, path, ctx, options, err);
	if (r < 0)
		free(o);
	else
		*out = o;
	return r;
}

int output_rows(struct output *out, const struct schedtrace_events *events,
		struct schedtrace_error *err)
{
	return out->kind->rows(out->self, events, err);
}

int output_array(struct output *out, const char *name, const char *type, const void *values,
		 size_t n, struct schedtrace_error *err)
{
	return out->kind->array(out->self, name, type, values, n, err);
}

int output_member(struct output *out, const char *name, const void *data, size_t n,
		  struct schedtrace_error *err)
{
	return out->kind->member(out->self, name, data, n, err);
}

int output_finish(struct output *out, struct schedtrace_error *err)
{
	return out->kind->finish(out->self, err);
}

void output_free(struct output *out)
{
	if (!out)
		return;
	out->kind->close(out->self);
	free(out);
}
