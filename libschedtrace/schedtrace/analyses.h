/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The analyses, and the engine that feeds any number of them in one pass. */
#ifndef SCHEDTRACE_ANALYSES_H
#define SCHEDTRACE_ANALYSES_H

#include <schedtrace/tables.h>
#include <schedtrace/trace.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * struct schedtrace_analysis_info - what an analysis answers
 * @name:     word for the command line
 * @summary:  one line
 * @needs:    names of the events it is computed from, NULL-terminated
 * @n_tables: number of @tables
 * @tables:   the summaries that a snapshot gives
 * @n_logs:   number of @logs
 * @logs:     logs that go to the sink row by row
 * @pictures: NULL-terminated, what together is a picture of what it answers; some are of logs that
 *            other analyses give. NULL: there are none
 */
struct schedtrace_analysis_info {
	const char *name;
	const char *summary;
	const char *const *needs;
	size_t n_tables;
	const struct schedtrace_table_info *const *tables;
	size_t n_logs;
	const struct schedtrace_table_info *const *logs;
	const struct schedtrace_picture *const *pictures;
};

/** schedtrace_analysis_at() - an analysis by index, NULL past the last. Since: 0.1 */
SCHEDTRACE_EXPORT const struct schedtrace_analysis_info *schedtrace_analysis_at(size_t index);

/** schedtrace_analysis_find() - an analysis by name, or NULL. Since: 0.1 */
SCHEDTRACE_EXPORT const struct schedtrace_analysis_info *schedtrace_analysis_find(const char *name);

/** enum schedtrace_parameter_kind - what a parameter is set to */
enum schedtrace_parameter_kind {
	SCHEDTRACE_PARAMETER_NUMBERS = 1, /* numbers with commas between */
	SCHEDTRACE_PARAMETER_PATTERN,	  /* a name or shell pattern */
	SCHEDTRACE_PARAMETER_YES_NO,
	SCHEDTRACE_PARAMETER_COUNT, /* a number from @least to @most */
};

/**
 * struct schedtrace_parameter_info - what schedtrace_engine_set_parameter() can set
 * @name:     as it is set
 * @kind:     of the value
 * @about:    one line: what it chooses
 * @usual:    its value unless it is set; NULL: nothing is chosen, all counts
 * @analysis: whose it is; NULL: of every analysis that has tables or logs with such choices
 * @least:    of a count
 * @most:     of a count
 */
struct schedtrace_parameter_info {
	const char *name;
	enum schedtrace_parameter_kind kind;
	const char *about;
	const char *usual;
	const char *analysis;
	int64_t least, most;
};

/** schedtrace_parameter_at() - a parameter by index, NULL past the last. Since: 0.1 */
SCHEDTRACE_EXPORT const struct schedtrace_parameter_info *schedtrace_parameter_at(size_t index);

struct schedtrace_engine;

/**
 * schedtrace_engine_new() - an engine without analyses
 * @out: the engine; the caller frees it
 * @ctx: context of the rows to come; must outlive the engine, and may grow between feeds
 * @err: explanation of a failure, or NULL
 *
 * Return: 0 or a negative enum schedtrace_status. Since: 0.1
 */
SCHEDTRACE_EXPORT int schedtrace_engine_new(struct schedtrace_engine **out,
					    const struct schedtrace_context *ctx,
					    struct schedtrace_error *err);

/**
 * schedtrace_engine_add() - choose an analysis, before the first feed
 * @engine: engine to change
 * @name:   name from schedtrace_analysis_at(); naming one twice does nothing
 * @err:    names the analyses there are
 *
 * Return: 0 or a negative enum schedtrace_status. Since: 0.1
 */
SCHEDTRACE_EXPORT int schedtrace_engine_add(struct schedtrace_engine *engine, const char *name,
					    struct schedtrace_error *err);

/**
 * schedtrace_engine_set_sink() - where logs go, before the first feed; without one they are not
 * made
 *
 * Return: 0 or a negative enum schedtrace_status. Since: 0.1
 */
SCHEDTRACE_EXPORT int schedtrace_engine_set_sink(struct schedtrace_engine *engine,
						 const struct schedtrace_sink *sink,
						 struct schedtrace_error *err);

/**
 * schedtrace_engine_set_window() - count only what happens in a part of the trace
 * @engine: engine to change, before the first feed
 * @begin:  ns on the trace clock; INT64_MIN: from the start
 * @end:    ns, not included; INT64_MAX: to the end
 * @err:    explanation of a failure, or NULL
 *
 * Rows before the window are still followed, so that the state at its begin is known; intervals
 * that cross an edge count with their part inside.
 *
 * Return: 0 or a negative enum schedtrace_status. Since: 0.1
 */
SCHEDTRACE_EXPORT int schedtrace_engine_set_window(struct schedtrace_engine *engine, int64_t begin,
						   int64_t end, struct schedtrace_error *err);

/**
 * schedtrace_engine_set_parameter() - tell the analyses what to count where they put tasks
 * together, and how much to keep
 * @engine: engine to change, before the first feed
 * @name:   one of schedtrace_parameter_at(). "pid" or "cpu": numbers with commas between;
 *          "comm": a name or shell pattern; "command":
 *          "yes" or "no", whether only tasks of the recorded command count. Values of one name add
 *          up: a task may be any of them, but must be one of each name that is given. The last
 *          value of any other name holds.
 * @value:  what it is set to
 * @err:    says what is wrong, or which parameters there are
 *
 * For tables whose choices have SCHEDTRACE_BEFORE_TASK or SCHEDTRACE_BEFORE_CPU, and logs that
 * have: sums over tasks or CPUs, and the longest or largest of all. A task is judged at each thing
 * that happens to it, by the name that it has then; a process at the snapshot, by that of its first
 * thread. Tables and logs with a row a task or CPU have all: their rows can be chosen afterwards,
 * but for "command": a pid does not tell which of its lives a row is about, so that of rows with
 * SCHEDTRACE_BY_TASK only the command's are made. Who belongs to it is command_tree of struct
 * schedtrace_task; children belong to it as their parent does.
 *
 * Return: 0 or a negative enum schedtrace_status. Since: 0.1
 */
SCHEDTRACE_EXPORT int schedtrace_engine_set_parameter(struct schedtrace_engine *engine,
						      const char *name, const char *value,
						      struct schedtrace_error *err);

/**
 * schedtrace_engine_feed() - show the next rows to every chosen analysis
 * @engine: engine to feed
 * @events: rows that follow those fed before; any number, the result does not depend on it
 * @err:    names the row of a fault, counted from the first row ever fed
 *
 * Checks that timestamps do not go back, ids have names and CPUs are below 65,535.
 *
 * Return: 0 or a negative enum schedtrace_status. Since: 0.1
 */
SCHEDTRACE_EXPORT int schedtrace_engine_feed(struct schedtrace_engine *engine,
					     const struct schedtrace_events *events,
					     struct schedtrace_error *err);

/**
 * schedtrace_engine_forget() - let go of tasks that ended, so that memory and snapshots are bounded
 * by those that go on
 * @engine:    engine that is fed; feeding may go on afterwards
 * @before_ns: on the trace clock: tasks that ended before are let go
 * @err:       explanation of a failure, or NULL
 *
 * From then on, in the tables that have a row a task or process, all that were let go of one name
 * (comm) are one row, whose pid is unknown: it says what the sum of their rows said. When there are
 * 4,096 names, a row without a name stands for all further ones. Largest and
 * smallest values are those of any of them, percentiles and means those of all that was counted of
 * them, shares of time those of their times together. The table "forgotten", which each snapshot
 * has from then on, tells how many lives such a row stands for. Tables without a row a task say
 * what they would say otherwise. Rows of tasks are no longer in the order in which the tasks came.
 *
 * Some stay although they ended: the first thread of a process as long as another one lives, and
 * those that ended after records began to be missing, as long as that lasts. Where another row
 * names one that was let go, as its waker or who ran meanwhile, its name stays and its pid may be
 * unknown. A row about a task that comes after it was let go counts for a row of its own, until the
 * next call; so let some seconds pass. Memory does not shrink, but is used again.
 *
 * Return: 0 or a negative enum schedtrace_status. Since: 0.1
 */
SCHEDTRACE_EXPORT int schedtrace_engine_forget(struct schedtrace_engine *engine, int64_t before_ns,
					       struct schedtrace_error *err);

/**
 * schedtrace_engine_run() - feed all rows of a trace, in one pass that keeps none of them
 * @engine: engine to feed
 * @trace:  trace that the engine's context came from
 * @err:    explanation of a failure, or NULL
 *
 * Return: 0 or a negative enum schedtrace_status, also one of the sink's. Since: 0.1
 */
SCHEDTRACE_EXPORT int schedtrace_engine_run(struct schedtrace_engine *engine,
					    struct schedtrace *trace, struct schedtrace_error *err);

/**
 * schedtrace_engine_snapshot() - the tables of all chosen analyses, as of the last row fed
 * @engine: engine to ask; feeding may go on afterwards
 * @out:    the tables; the caller frees them, before or after the engine
 * @err:    explanation of a failure, or NULL
 *
 * Return: 0 or a negative enum schedtrace_status. Since: 0.1
 */
SCHEDTRACE_EXPORT int schedtrace_engine_snapshot(struct schedtrace_engine *engine,
						 struct schedtrace_tables **out,
						 struct schedtrace_error *err);

/**
 * schedtrace_engine_snapshot_of() - the tables of some of the chosen analyses
 * @engine: engine to ask; feeding may go on afterwards
 * @names:  names of chosen analyses with commas between, such as "tasks,cpus"
 * @out:    their tables, in the order in which the analyses were chosen; the caller frees them
 * @err:    explanation of a failure, or NULL
 *
 * Takes no more time than these analyses need.
 *
 * Return: 0 or a negative enum schedtrace_status. Since: 0.1
 */
SCHEDTRACE_EXPORT int schedtrace_engine_snapshot_of(struct schedtrace_engine *engine,
						    const char *names,
						    struct schedtrace_tables **out,
						    struct schedtrace_error *err);

/** schedtrace_engine_free() - release an engine; NULL does nothing. Since: 0.1 */
SCHEDTRACE_EXPORT void schedtrace_engine_free(struct schedtrace_engine *engine);

/**
 * schedtrace_analyze() - run analyses over a whole trace: the short way
 * @trace: trace to read
 * @names: names of analyses with commas between, such as "tasks,migrations,memory"
 * @out:   their tables; the caller frees them
 * @err:   explanation of a failure, or NULL
 *
 * Return: 0 or a negative enum schedtrace_status. Since: 0.1
 */
SCHEDTRACE_EXPORT int schedtrace_analyze(struct schedtrace *trace, const char *names,
					 struct schedtrace_tables **out,
					 struct schedtrace_error *err);

/**
 * schedtrace_follow() - give the logs of analyses over a whole trace to a sink: the short way
 * @trace: trace to read
 * @names: names of analyses with commas between, such as "migrations,memory"
 * @sink:  takes every row of all their logs
 * @err:   explanation of a failure, or NULL
 *
 * Return: 0 or a negative enum schedtrace_status, also one of the sink's. Since: 0.1
 */
SCHEDTRACE_EXPORT int schedtrace_follow(struct schedtrace *trace, const char *names,
					const struct schedtrace_sink *sink,
					struct schedtrace_error *err);

#ifdef __cplusplus
}
#endif
#endif
