/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A tarball, or a trace.dat where the converter was built: rows in time order and their context. */
#ifndef ANALYZE_INPUT_H
#define ANALYZE_INPUT_H

#include <stdbool.h>

#include <schedtrace/trace.h>

struct input;

struct input_options {
	const char *instance; /* of a trace.dat; NULL: the only one with events */
	bool salvage;	      /* of a damaged trace.dat: what is whole */
	bool default_ids;     /* of a tarball without event names: SchedLog's own ids */
	bool validate;	      /* of a tarball: check everything before the first row */
	void (*note)(void *user, const char *text);
};

int input_open(struct input **out, const char *path, const struct input_options *options,
	       struct schedtrace_error *err);
void input_close(struct input *input);

/* Complete after the last row; before it, a trace.dat may still add to it. */
const struct schedtrace_context *input_context(const struct input *input);

/* 1 with rows that live until the next call, 0 at the end, negative on failure. */
int input_next(struct input *input, const struct schedtrace_events **events,
	       struct schedtrace_error *err);

/* For progress: rows of a tarball or bytes of a trace.dat. */
void input_position(const struct input *input, uint64_t *done, uint64_t *total);

/* After the end: whether --salvage left something out. */
bool input_damaged(const struct input *input);

#endif
