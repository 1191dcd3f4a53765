/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a kind of input is: something that gives rows in time order, and their context. */
#ifndef INPUT_INPUT_KIND_H
#define INPUT_INPUT_KIND_H

#include "input/input.h"

struct input_kind {
	bool (*recognizes)(const char *path);
	/* Fills *self, which close() releases; nothing is to be released after a failure. */
	int (*open)(void **self, const char *path, const struct input_options *options,
		    struct schedtrace_error *err);
	/* As input_next(); where there is nothing yet, *events is an empty batch. */
	int (*next)(void *self, const struct schedtrace_events **events,
		    struct schedtrace_error *err);
	const struct schedtrace_context *(*context)(const void *self);
	void (*position)(const void *self, uint64_t *done, uint64_t *total);
	uint64_t (*read)(const void *self, const char **what);
	bool (*damaged)(const void *self);
	bool (*has_stacks)(const void *self);
	void (*others)(const void *self, struct input_others *out); /* NULL: a kind without */
	/* As input_members(). */
	int (*members)(void *self,
		       int (*member)(void *user, const char *name, const void *data, size_t n,
				     struct schedtrace_error *err),
		       void *user, struct schedtrace_error *err);
	struct schedtrace *(*tarball)(const void *self); /* NULL: a kind that is none */
	void (*close)(void *self);
};

/* An input of @kind, which has been opened; @self is its from then on, and released if that
 * fails. */
int input_make(struct input **out, const struct input_kind *kind, void *self,
	       struct schedtrace_error *err);

extern const struct input_kind input_of_tarball, input_of_tracedat;

#endif
