/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "view/live/live_viewer.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/error.h"
#include "view/live/live_follow.h"

#define USUAL_INTERVAL_NS 2000000000
/* Tasks that ended are kept so long, in intervals: their rows are still to be seen. */
#define KEPT_INTERVALS 5

struct viewer {
	const struct live_tables *tables;
	struct live_follow follow;
	struct schedtrace_tables *before; /* as of the last interval's end */
	int64_t before_ns;		  /* INT64_MIN: not yet */
	int64_t intervals;
};

static int64_t interval(const struct viewer *v)
{
	int64_t ns = v->tables->options->interval_ns;

	return ns ? ns : USUAL_INTERVAL_NS;
}

static int print(struct viewer *v, const struct schedtrace_tables *tables, int64_t begin_ns,
		 bool whole, struct schedtrace_error *err)
{
	const struct live_span span = { .begin_ns = begin_ns,
					.end_ns = v->follow.now_ns,
					.wall_ns = live_follow_wall_offset(&v->follow),
					.whole = whole };

	return live_tables_print(stdout, v->tables, tables, &span, err);
}

static int print_interval(struct viewer *v, struct schedtrace_error *err)
{
	struct schedtrace_tables *now, *between;
	int r = schedtrace_engine_snapshot(v->follow.engine, &now, err);

	if (r < 0)
		return r;
	r = schedtrace_tables_interval(v->before, now, &between, err);
	if (r == 0) {
		r = print(v, between, v->before_ns, false, err);
		schedtrace_tables_free(between);
	}
	schedtrace_tables_free(v->before);
	v->before = now;
	v->before_ns = v->follow.now_ns;
	v->intervals++;
	v->follow.done = v->tables->options->count && v->intervals >= v->tables->options->count;
	return r < 0 ? r
		     : schedtrace_engine_forget(v->follow.engine,
						v->follow.now_ns - KEPT_INTERVALS * interval(v),
						err);
}

static int print_whole(struct viewer *v, struct schedtrace_error *err)
{
	struct schedtrace_tables *tables;
	int r = schedtrace_engine_snapshot(v->follow.engine, &tables, err);

	if (r < 0)
		return r;
	r = print(v, tables, v->follow.begin_ns, true, err);
	schedtrace_tables_free(tables);
	v->follow.done = true;
	return r;
}

static int on_round(void *user, struct schedtrace_error *err)
{
	struct viewer *v = user;
	const struct live_options *options = v->tables->options;

	if (v->before_ns == INT64_MIN)
		v->before_ns = v->follow.begin_ns;
	if (v->follow.now_ns - v->before_ns < interval(v))
		return 0;
	if (!options->once)
		return print_interval(v, err);
	return options->command ? 0 : print_whole(v, err);
}

static int on_end(void *user, struct schedtrace_error *err)
{
	struct viewer *v = user;

	if (v->follow.begin_ns == INT64_MIN)
		return 0;
	if (v->before_ns == INT64_MIN)
		v->before_ns = v->follow.begin_ns;
	return v->tables->options->once ? print_whole(v, err) : print_interval(v, err);
}

int live_viewer_run(const struct live_tables *tables, int fd, struct request_log *requests,
		    struct schedtrace_error *err)
{
	struct viewer v = { .tables = tables,
			    .follow = { .analyses = tables->analyses,
					.n_analyses = tables->n_analyses,
					.requests = requests,
					.listener = { .round = on_round, .ended = on_end } },
			    .before_ns = INT64_MIN };
	int r;

	v.follow.listener.user = &v;
	r = live_follow_run(&v.follow, fd, err);
	schedtrace_tables_free(v.before);
	live_follow_close(&v.follow);
	return r;
}
