/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a format must be able to do; output.c lists those that there are. */
#ifndef OUTPUT_OUTPUT_KIND_H
#define OUTPUT_OUTPUT_KIND_H

#include "output/output.h"

/* As the functions of output.h. */
struct output_kind {
	struct output_format format;
	int (*open)(void **self, const char *path, const struct schedtrace_context *ctx,
		    const struct output_options *options, struct schedtrace_error *err);
	int (*rows)(void *self, const struct schedtrace_events *events,
		    struct schedtrace_error *err);
	int (*array)(void *self, const char *name, const char *type, const void *values, size_t n,
		     struct schedtrace_error *err);
	int (*member)(void *self, const char *name, const void *data, size_t n,
		      struct schedtrace_error *err);
	int (*finish)(void *self, struct schedtrace_error *err);
	void (*close)(void *self);
};

extern const struct output_kind perfetto_output;
extern const struct output_kind schedlog_output;

#endif
