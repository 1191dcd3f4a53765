/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Feeds any number of analyses in one pass over the rows. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "libschedtrace/analysis.h"
#include "libschedtrace/choice.h"
#include "libschedtrace/command_rows.h"
#include "libschedtrace/context.h"
#include "libschedtrace/let_go.h"
#include "libschedtrace/parameters.h"
#include "libschedtrace/replay/replay.h"
#include "libschedtrace/row_checks.h"

struct chosen {
	const struct analysis *analysis;
	void *self;
};

struct schedtrace_engine {
	const struct schedtrace_context *ctx;
	struct schedtrace_sink sink;
	struct command_rows command_rows; /* and what stands before it, where rows are dropped: */
	struct schedtrace_sink command_sink;
	const struct schedtrace_context *knows_command;
	int64_t window_begin, window_end;
	struct choice choice;
	struct parameters parameters;
	struct row_filter row_filter;
	struct let_go *let_go; /* the last link: see let_go.h */
	struct table_sizes sizes;
	struct replay *replay; /* NULL when no chosen analysis wants it */
	struct chosen *chosen;
	size_t n_chosen;
	bool started;
	int failed; /* the status of the failure after which the state is not to be trusted */
	uint64_t rows;
	int64_t last;
};

int schedtrace_engine_new(struct schedtrace_engine **out, const struct schedtrace_context *ctx,
			  struct schedtrace_error *err)
{
	struct schedtrace_engine *engine;

	if (out)
		*out = NULL;
	if (!out || !ctx)
		return error_set(err, SCHEDTRACE_E_USAGE, "an engine needs a context");
	engine = calloc(1, sizeof(*engine));
	if (!engine)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for an engine");
	engine->let_go = let_go_new();
	if (!engine->let_go) {
		free(engine);
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for an engine");
	}
	engine->ctx = ctx;
	engine->parameters = parameters_usual();
	engine->window_begin = INT64_MIN;
	engine->window_end = INT64_MAX;
	engine->last = -ROWS_MAX_TIME;
	*out = engine;
	return 0;
}

int engine_finish(struct schedtrace_engine *engine, struct schedtrace_error *err)
{
	int r = 0;

	if (engine->failed || !engine->started)
		return 0;
	for (size_t i = 0; i < engine->n_chosen && r >= 0; i++) {
		const struct chosen *chosen = &engine->chosen[i];

		if (chosen->analysis->finish)
			r = chosen->analysis->finish(chosen->self, err);
	}
	if (r < 0)
		engine->failed = r;
	return r;
}

void schedtrace_engine_free(struct schedtrace_engine *engine)
{
	struct schedtrace_error err;

	if (!engine)
		return;
	engine_finish(engine, &err);
	for (size_t i = 0; i < engine->n_chosen; i++) {
		if (engine->chosen[i].self)
			engine->chosen[i].analysis->destroy(engine->chosen[i].self);
	}
	replay_free(engine->replay);
	choice_free(&engine->choice);
	let_go_release(engine->let_go);
	free(engine->sizes.all);
	free(engine->chosen);
	free(engine);
}

static int check_not_started(const struct schedtrace_engine *engine, const char *what,
			     struct schedtrace_error *err)
{
	if (!engine)
		return error_set(err, SCHEDTRACE_E_USAGE, "no engine");
	if (engine->started)
		return error_set(err, SCHEDTRACE_E_USAGE, "%s must come before the first feed",
				 what);
	return 0;
}

static const struct analysis *find(const char *name, size_t n)
{
	for (size_t i = 0; analyses[i]; i++) {
		const char *known = analyses[i]->info.name;

		if (strlen(known) == n && !memcmp(known, name, n))
			return analyses[i];
	}
	return NULL;
}

static int add(struct schedtrace_engine *engine, const char *name, size_t n,
	       struct schedtrace_error *err)
{
	const struct analysis *analysis = find(name, n);
	struct chosen *grown;

	if (!analysis) {
		char known[256] = "";
		size_t used = 0;

		for (size_t i = 0; analyses[i] && used < sizeof(known); i++)
			used += (size_t)snprintf(known + used, sizeof(known) - used, "%s%s",
						 i ? ", " : "", analyses[i]->info.name);
		return error_set(err, SCHEDTRACE_E_NOT_FOUND,
				 "no analysis is called \"%.*s\"; there are: %s",
				 n < 100 ? (int)n : 100, name, known);
	}
	for (size_t i = 0; i < engine->n_chosen; i++) {
		if (engine->chosen[i].analysis == analysis)
			return 0;
	}
	grown = reallocarray(engine->chosen, engine->n_chosen + 1, sizeof(*grown));
	if (!grown)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for analysis %s",
				 analysis->info.name);
	engine->chosen = grown;
	engine->chosen[engine->n_chosen++] = (struct chosen){ .analysis = analysis };
	return 0;
}

int schedtrace_engine_add(struct schedtrace_engine *engine, const char *name,
			  struct schedtrace_error *err)
{
	int r = check_not_started(engine, "choosing analyses", err);

	if (r < 0)
		return r;
	if (!name)
		return error_set(err, SCHEDTRACE_E_USAGE, "no analysis was named");
	return add(engine, name, strlen(name), err);
}

int schedtrace_engine_set_sink(struct schedtrace_engine *engine, const struct schedtrace_sink *sink,
			       struct schedtrace_error *err)
{
	int r = check_not_started(engine, "setting the sink", err);

	if (r < 0)
		return r;
	if (!sink || sink->size < sizeof(*sink) || !sink->row)
		return error_set(err, SCHEDTRACE_E_USAGE,
				 "a sink needs its size and a function that takes rows");
	engine->sink = *sink;
	return 0;
}

int schedtrace_engine_set_window(struct schedtrace_engine *engine, int64_t begin, int64_t end,
				 struct schedtrace_error *err)
{
	int r = check_not_started(engine, "setting the window", err);

	if (r < 0)
		return r;
	if (begin >= end)
		return error_set(err, SCHEDTRACE_E_USAGE, "the window ends before it begins");
	engine->window_begin = begin;
	engine->window_end = end;
	return 0;
}

int schedtrace_engine_set_parameter(struct schedtrace_engine *engine, const char *name,
				    const char *value, struct schedtrace_error *err)
{
	int r = check_not_started(engine, "setting a parameter", err);
	bool known;

	if (r < 0)
		return r;
	if (!name || !value)
		return error_set(err, SCHEDTRACE_E_USAGE, "a parameter needs a name and a value");
	r = parameters_set(&engine->parameters, name, value, &known, err);
	return known ? r : choice_set(&engine->choice, name, value, err);
}

const struct choice *engine_choice(const struct schedtrace_engine *engine)
{
	return &engine->choice;
}

void engine_filter_rows(struct schedtrace_engine *engine, const struct row_filter *filter)
{
	engine->row_filter = *filter;
}

void engine_know_command(struct schedtrace_engine *engine, const struct schedtrace_context *ctx)
{
	engine->knows_command = ctx;
}

/* Where logs go; NULL: they are not wanted. */
static const struct schedtrace_sink *sink_of(struct schedtrace_engine *engine)
{
	if (!engine->sink.row || !engine->choice.command)
		return engine->sink.row ? &engine->sink : NULL;
	engine->command_rows.sink = &engine->sink;
	engine->command_rows.choice = &engine->choice;
	engine->command_sink = (struct schedtrace_sink){ sizeof(engine->command_sink),
							 &engine->command_rows, command_rows_take };
	return &engine->command_sink;
}

static int follow_tasks(struct schedtrace_engine *engine, struct schedtrace_error *err)
{
	int r = replay_new(&engine->replay, engine->ctx, engine->window_begin, engine->window_end,
			   err);

	if (r < 0)
		return r;
	engine->command_rows.lives = replay_lives(engine->replay);
	engine->command_rows.lives->knows = engine->knows_command;
	return 0;
}

static int start(struct schedtrace_engine *engine, struct schedtrace_error *err)
{
	struct analysis_env env = {
		.ctx = engine->ctx,
		.sink = sink_of(engine),
		.window_begin = engine->window_begin,
		.window_end = engine->window_end,
		.choice = &engine->choice,
		.parameters = &engine->parameters,
		.row_filter = &engine->row_filter,
	};
	int r = schedtrace_context_load_tasks(engine->ctx, err);

	for (size_t i = 0; r >= 0 && i < engine->n_chosen; i++) {
		const struct analysis *analysis = engine->chosen[i].analysis;

		if (analysis->uses_replay && !engine->replay)
			r = follow_tasks(engine, err);
		if (r < 0)
			return r;
		env.replay = engine->replay;
		r = analysis->create(&engine->chosen[i].self, &env, err);
	}
	if (r < 0)
		return r;
	engine->started = true;
	return 0;
}

static int explain(const struct schedtrace_engine *engine, const struct schedtrace_events *ev,
		   size_t i, int64_t last, struct schedtrace_error *err)
{
	unsigned long long row = engine->rows + i;
	long long t = ev->timestamp[i];

	if (t <= -ROWS_MAX_TIME || t >= ROWS_MAX_TIME)
		return rows_no_time(t, row, err);
	if (t < last)
		return error_set(err, SCHEDTRACE_E_FORMAT,
				 "row %llu: timestamp %lld is before that of the row before, %lld",
				 row, t, (long long)last);
	if (ev->cpu[i] < 0 || ev->cpu[i] > CONTEXT_MAX_CPU)
		return error_set(err, SCHEDTRACE_E_FORMAT, "row %llu: no CPU is numbered %d", row,
				 ev->cpu[i]);
	return error_set(err, SCHEDTRACE_E_FORMAT, "row %llu: event id %d has no name", row,
			 ev->event[i]);
}

/* Every row, before anybody relies on it: in chunks without branches, then the slow way if any
 * row of a chunk looks unusual. */
static int check(const struct schedtrace_engine *engine, const struct schedtrace_events *ev,
		 struct schedtrace_error *err)
{
	int64_t last = engine->last;

	for (size_t begin = 0; begin < ev->n; begin += 4096) {
		size_t end = ev->n - begin < 4096 ? ev->n : begin + 4096;
		unsigned int odd =
			ev->timestamp[begin] < last || ev->timestamp[end - 1] >= ROWS_MAX_TIME;

		for (size_t i = begin; i < end; i++)
			odd |= ((uint32_t)ev->cpu[i] > CONTEXT_MAX_CPU) |
			       ((uint32_t)ev->event[i] >= SCHEDTRACE_EVENT_COUNT);
		for (size_t i = begin + 1; i < end; i++)
			odd |= ev->timestamp[i] < ev->timestamp[i - 1];
		for (size_t i = begin; odd && i < end; i++) {
			if (ev->timestamp[i] < (i ? ev->timestamp[i - 1] : last) ||
			    ev->timestamp[i] <= -ROWS_MAX_TIME ||
			    ev->timestamp[i] >= ROWS_MAX_TIME ||
			    (uint32_t)ev->cpu[i] > CONTEXT_MAX_CPU ||
			    !schedtrace_context_event_name(engine->ctx, ev->event[i]))
				return explain(engine, ev, i,
					       i ? ev->timestamp[i - 1] : engine->last, err);
		}
		last = ev->timestamp[end - 1];
	}
	return 0;
}

/* Rows a step: what the analyses read one after the other is then still in the cache. */
#define STEP 4096

static int feed_all(struct schedtrace_engine *engine, const struct schedtrace_events *ev,
		    struct schedtrace_error *err)
{
	for (size_t begin = 0; begin < ev->n; begin += STEP) {
		size_t end = ev->n - begin < STEP ? ev->n : begin + STEP;
		int r = engine->replay ? replay_feed(engine->replay, ev, begin, end, err) : 0;

		for (size_t i = 0; r >= 0 && i < engine->n_chosen; i++) {
			const struct chosen *chosen = &engine->chosen[i];

			if (chosen->analysis->feed)
				r = chosen->analysis->feed(chosen->self, ev, begin, end, err);
		}
		if (r < 0)
			return r;
	}
	return 0;
}

static int check_sound(const struct schedtrace_engine *engine, struct schedtrace_error *err)
{
	if (engine->failed)
		return error_set(err, engine->failed, "the engine failed before and cannot go on");
	return 0;
}

int schedtrace_engine_feed(struct schedtrace_engine *engine, const struct schedtrace_events *events,
			   struct schedtrace_error *err)
{
	int r;

	if (!engine || !events)
		return error_set(err, SCHEDTRACE_E_USAGE, "no engine, or no rows to feed");
	r = check_sound(engine, err);
	if (r < 0 || !events->n)
		return r;
	r = check(engine, events, err);
	if (r < 0)
		return r;
	if (!engine->started)
		r = start(engine, err);
	if (r >= 0)
		r = feed_all(engine, events, err);
	if (r < 0) {
		engine->failed = r;
		return r;
	}
	engine->rows += events->n;
	engine->last = events->timestamp[events->n - 1];
	return 0;
}

/* In a list with commas between; NULL after the last. */
static const char *next_name(const char *name)
{
	const char *comma = strchr(name, ',');

	return comma ? comma + 1 : NULL;
}

/* Whether @name is among @names, which have commas between; NULL names all. */
static bool is_named(const char *names, const char *name)
{
	size_t n = strlen(name);

	for (const char *p = names; p; p = next_name(p))
		if (strcspn(p, ",") == n && !memcmp(p, name, n))
			return true;
	return !names;
}

static int check_chosen(const struct schedtrace_engine *engine, const char *names,
			struct schedtrace_error *err)
{
	for (const char *p = names; p; p = next_name(p)) {
		size_t n = strcspn(p, ","), i = 0;
		const struct analysis *analysis = find(p, n);

		while (i < engine->n_chosen && engine->chosen[i].analysis != analysis)
			i++;
		if (i == engine->n_chosen)
			return error_set(err, SCHEDTRACE_E_NOT_FOUND,
					 "the engine was not told to feed an analysis \"%.*s\"",
					 n < 100 ? (int)n : 100, p);
	}
	return 0;
}

/* Tells the tables of which moment they are. */
static int set_moment(struct schedtrace_engine *engine, struct schedtrace_tables *tables,
		      struct schedtrace_error *err)
{
	struct let_go *place = let_go_mark(&engine->let_go);

	if (!place)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for tables");
	tables_set_moment(tables, place,
			  engine->last < engine->window_end ? engine->last : engine->window_end);
	return 0;
}

static int snapshot(struct schedtrace_engine *engine, const char *names,
		    struct schedtrace_tables **out, struct schedtrace_error *err)
{
	struct schedtrace_tables *tables;
	int r = check_sound(engine, err);

	if (r >= 0)
		r = check_chosen(engine, names, err);
	if (r < 0)
		return r;
	if (!engine->started) {
		r = start(engine, err);
		if (r < 0) {
			engine->failed = r;
			return r;
		}
	}
	r = tables_new(&tables, err);
	if (r >= 0) {
		tables_expect(tables, &engine->sizes);
		r = set_moment(engine, tables, err);
	}
	for (size_t i = 0; r >= 0 && i < engine->n_chosen; i++) {
		const struct chosen *chosen = &engine->chosen[i];

		if (is_named(names, chosen->analysis->info.name))
			r = chosen->analysis->snapshot(chosen->self, tables, err);
	}
	if (r >= 0 && engine->replay)
		r = replay_forgotten(engine->replay, tables, err);
	if (r >= 0 && engine->replay && engine->choice.command)
		r = command_rows_keep(tables, &engine->choice, replay_lives(engine->replay), err);
	if (r >= 0 && tables_sizes(tables, &engine->sizes) < 0)
		r = error_set(err, SCHEDTRACE_E_NOMEM, "no memory for tables");
	if (r < 0) {
		schedtrace_tables_free(tables);
		return r;
	}
	*out = tables;
	return 0;
}

int schedtrace_engine_forget(struct schedtrace_engine *engine, int64_t before_ns,
			     struct schedtrace_error *err)
{
	int r;

	if (!engine)
		return error_set(err, SCHEDTRACE_E_USAGE, "no engine");
	r = check_sound(engine, err);
	if (r < 0 || !engine->replay)
		return r;
	r = replay_forget(engine->replay, &engine->choice, before_ns, engine->let_go, err);
	if (r < 0)
		engine->failed = r;
	return r;
}

int schedtrace_engine_snapshot(struct schedtrace_engine *engine, struct schedtrace_tables **out,
			       struct schedtrace_error *err)
{
	if (out)
		*out = NULL;
	if (!engine || !out)
		return error_set(err, SCHEDTRACE_E_USAGE, "no engine, or no place for its tables");
	return snapshot(engine, NULL, out, err);
}

int schedtrace_engine_snapshot_of(struct schedtrace_engine *engine, const char *names,
				  struct schedtrace_tables **out, struct schedtrace_error *err)
{
	if (out)
		*out = NULL;
	if (!engine || !names || !out)
		return error_set(err, SCHEDTRACE_E_USAGE,
				 "no engine, no names of analyses, or no place for their tables");
	return snapshot(engine, names, out, err);
}

int schedtrace_engine_run(struct schedtrace_engine *engine, struct schedtrace *trace,
			  struct schedtrace_error *err)
{
	struct schedtrace_reader *reader = NULL;
	const struct schedtrace_events *rows;
	int r;

	if (!engine || !trace)
		return error_set(err, SCHEDTRACE_E_USAGE, "no engine, or no trace to run it on");
	r = schedtrace_reader_new(&reader, trace, 0, UINT64_MAX, err);
	while (r >= 0) {
		r = schedtrace_reader_next(reader, &rows, err);
		if (r <= 0)
			break;
		r = schedtrace_engine_feed(engine, rows, err);
	}
	schedtrace_reader_free(reader);
	return r;
}

static int add_all(struct schedtrace_engine *engine, const char *names,
		   struct schedtrace_error *err)
{
	int r = 0;

	for (const char *p = names; p && r >= 0; p = next_name(p))
		r = add(engine, p, strcspn(p, ","), err);
	return r;
}

int schedtrace_analyze(struct schedtrace *trace, const char *names, struct schedtrace_tables **out,
		       struct schedtrace_error *err)
{
	struct schedtrace_engine *engine = NULL;
	int r;

	if (out)
		*out = NULL;
	if (!trace || !names || !out)
		return error_set(err, SCHEDTRACE_E_USAGE,
				 "no trace, no names of analyses, or no place for their tables");
	r = schedtrace_engine_new(&engine, schedtrace_context(trace), err);
	if (r < 0)
		return r;
	r = add_all(engine, names, err);
	if (r >= 0)
		r = schedtrace_engine_run(engine, trace, err);
	if (r >= 0)
		r = schedtrace_engine_snapshot(engine, out, err);
	schedtrace_engine_free(engine);
	return r;
}

int schedtrace_follow(struct schedtrace *trace, const char *names,
		      const struct schedtrace_sink *sink, struct schedtrace_error *err)
{
	struct schedtrace_engine *engine = NULL;
	int r;

	if (!trace || !names || !sink)
		return error_set(err, SCHEDTRACE_E_USAGE,
				 "no trace, no names of analyses, or no sink for their logs");
	r = schedtrace_engine_new(&engine, schedtrace_context(trace), err);
	if (r >= 0)
		r = add_all(engine, names, err);
	if (r >= 0)
		r = schedtrace_engine_set_sink(engine, sink, err);
	if (r >= 0)
		r = schedtrace_engine_run(engine, trace, err);
	if (r >= 0)
		r = engine_finish(engine, err);
	schedtrace_engine_free(engine);
	return r;
}
