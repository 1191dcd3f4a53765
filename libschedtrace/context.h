/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef LIBSCHEDTRACE_CONTEXT_H
#define LIBSCHEDTRACE_CONTEXT_H

#include <stdbool.h>

#include <schedtrace/context.h>

#include "base/cpulist.h"

#define CONTEXT_MAX_CPU CPULIST_MAX_CPU

/* The strings of struct schedtrace_info: name in meta.json, place in the struct. */
struct info_string {
	const char *name;
	size_t offset;
};
#define CONTEXT_INFO_STRINGS 9
extern const struct info_string context_info_strings[CONTEXT_INFO_STRINGS];

/* As schedtrace_context_event_name() the other way round: -1 for a name that is not known. */
int32_t context_event_id(const struct schedtrace_context *ctx, const char *name, size_t n);

/* True for what schedtrace_context_add_event() takes as a name. */
int context_event_name_ok(const char *name, size_t n);

/* The first that asks for tasks calls @load, which adds them. */
void context_load_tasks_later(struct schedtrace_context *ctx,
			      int (*load)(void *user, struct schedtrace_context *ctx,
					  struct schedtrace_error *err),
			      void *user);

#endif
