/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What an analysis is to the engine. One file in analyses/ defines one, one line in registry.c
 * lists it, and it appears everywhere.
 */
#ifndef LIBSCHEDTRACE_ANALYSIS_H
#define LIBSCHEDTRACE_ANALYSIS_H

#include <stdbool.h>

#include <schedtrace/analyses.h>

#include "libschedtrace/table.h"

struct choice;
struct parameters;
struct replay;

/* Which rows tables have that keep only the first of many: others make no room for them. */
struct row_filter {
	bool (*takes)(void *user, const struct schedtrace_table_info *info,
		      const union schedtrace_value *values); /* NULL: all */
	void *user;
};

static inline bool row_filter_takes(const struct row_filter *filter,
				    const struct schedtrace_table_info *info,
				    const union schedtrace_value *values)
{
	return !filter->takes || filter->takes(filter->user, info, values);
}

/* What an analysis is created with. Everything outlives it. */
struct analysis_env {
	const struct schedtrace_context *ctx;
	const struct schedtrace_sink *sink; /* NULL: logs are not wanted */
	struct replay *replay;		    /* see replay.h; NULL unless uses_replay */
	int64_t window_begin, window_end;   /* ns; count only what lies inside */
	struct choice *choice; /* what counts where tasks are put together: see choice.h */
	const struct parameters *parameters; /* see parameters.h */
	const struct row_filter *row_filter; /* of tables that are SCHEDTRACE_FIRST_ONLY */
};

struct analysis {
	struct schedtrace_analysis_info info;
	/* It listens to the replay, which create() subscribes to: who runs, waits and sleeps where,
	 * and rows together with the task that they are about. */
	bool uses_replay;
	int (*create)(void **self, const struct analysis_env *env, struct schedtrace_error *err);
	/* Rows [begin, end) of @ev in order, for an analysis that needs no tasks. May be NULL. */
	int (*feed)(void *self, const struct schedtrace_events *ev, size_t begin, size_t end,
		    struct schedtrace_error *err);
	int (*snapshot)(void *self, struct schedtrace_tables *out, struct schedtrace_error *err);
	/* No more rows come: gives the log the rows that waited for evidence. May be NULL. */
	int (*finish)(void *self, struct schedtrace_error *err);
	void (*destroy)(void *self);
};

/* Tells the analyses so. Otherwise they are told when the engine is freed, where a sink cannot
 * fail. */
int engine_finish(struct schedtrace_engine *engine, struct schedtrace_error *err);

/* What the parameters choose, and which of it there was. */
const struct choice *engine_choice(const struct schedtrace_engine *engine);

/* Before the first feed: @ctx, which must outlive the engine, knows of more tasks whether they are
 * the recorded command's, as one does that has read all of a recording. */
void engine_know_command(struct schedtrace_engine *engine, const struct schedtrace_context *ctx);

/* Before the first feed; it is copied. */
void engine_filter_rows(struct schedtrace_engine *engine, const struct row_filter *filter);

/* NULL-terminated, in the order of `schedreport list`. */
extern const struct analysis *const analyses[];

#endif
