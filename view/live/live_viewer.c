/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "view/live/live_viewer.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/error.h"
#include "view/live/live_activity.h"
#include "view/live/live_follow.h"
#include "view/live/live_frames.h"
#include "view/live/live_system.h"
#include "view/live/live_tty.h"

#define USUAL_INTERVAL_NS 2000000000
/* Tasks that ended are kept so long, in intervals: their rows are still to be seen. */
#define KEPT_INTERVALS 5
#define MOST_LOG_ROWS  100000 /* of an interval */

struct viewer {
	struct live_tables *tables;
	struct live_follow follow;
	struct schedtrace_sink sink;
	struct schedtrace_tables *before; /* as of the last interval's end */
	int64_t before_ns;		  /* INT64_MIN: not yet */
	int64_t intervals;
	struct live_activity activity;
	struct live_system system;
	pid_t recorder;
	struct schedtrace_tables
		*own;	      /* of the present interval: logs as they come, then the rest */
	int64_t left_out;     /* rows of logs, of which there were too many */
	int orders;	      /* to the recorder */
	int64_t restarted_ns; /* of live_order_restart() */
	struct live_tty *tty; /* NULL: all is printed */
};

static int64_t interval(const struct viewer *v)
{
	int64_t ns = v->tables->options->interval_ns;

	return v->tty ? live_tty_interval(v->tty) : ns ? ns : USUAL_INTERVAL_NS;
}

/* ---- tables that no snapshot has ----------------------------------------------------------- */

static int take_row(void *user, const struct schedtrace_table_info *log,
		    const union schedtrace_value *values, struct schedtrace_error *err)
{
	struct viewer *v = user;
	struct schedtrace_table *table;
	int32_t pid;
	int64_t ns;

	if (live_waits_read(log, values, &pid, &ns))
		live_waits_add(&v->activity.waits, pid, ns);
	for (size_t i = 0; i < schedtrace_tables_count(v->own); i++) {
		table = tables_at(v->own, i);
		if (schedtrace_table_info(table) != log)
			continue;
		if (schedtrace_table_rows(table) < MOST_LOG_ROWS)
			return table_row(table, values, err);
		v->left_out++;
	}
	return 0;
}

static bool is_log(const struct schedtrace_table_info *info)
{
	const struct schedtrace_analysis_info *analysis;

	for (size_t a = 0; (analysis = schedtrace_analysis_at(a)); a++)
		for (size_t i = 0; i < analysis->n_logs; i++)
			if (analysis->logs[i] == info)
				return true;
	return false;
}

/* Of another interval: logs without rows. */
static int begin_own(struct viewer *v, struct schedtrace_error *err)
{
	struct schedtrace_table *table;
	int r;

	schedtrace_tables_free(v->own);
	v->own = NULL;
	v->left_out = 0;
	r = tables_new(&v->own, err);
	for (size_t i = 0; i < v->tables->n && r == 0; i++)
		if (is_log(v->tables->infos[i]))
			r = tables_add(v->own, v->tables->infos[i], &table, err);
	return r;
}

static int add_system(struct viewer *v, struct schedtrace_error *err)
{
	union schedtrace_value values[LIVE_SYSTEM_COLUMNS];
	struct schedtrace_table *table;
	int r = tables_add(v->own, &live_system_info, &table, err);

	live_system_read(&v->system, v->recorder, values);
	return r < 0 ? r : table_row(table, values, err);
}

/* What /proc says at the end of an interval. */
static int add_own(struct viewer *v, const struct schedtrace_tables *tables, int64_t length_ns,
		   struct schedtrace_error *err)
{
	int r = 0;

	if (live_tables_have(v->tables, &live_activity_info))
		r = live_activity_add(&v->activity, tables, length_ns, v->own, err);
	if (r == 0 && live_tables_have(v->tables, &live_system_info))
		r = add_system(v, err);
	return r < 0 ? r : live_chosen_look(&v->tables->chosen, err);
}

/* ---- intervals ------------------------------------------------------------------------------ */

static int print(struct viewer *v, const struct schedtrace_tables *tables, int64_t begin_ns,
		 bool whole, struct schedtrace_error *err)
{
	const struct live_options *options = v->tables->options;
	const struct live_span span = { .begin_ns = begin_ns,
					.end_ns = v->follow.now_ns,
					.wall_ns = live_follow_wall_offset(&v->follow),
					.whole = whole };
	char sentence[128];
	int r = add_own(v, tables, span.end_ns - span.begin_ns, err);

	if (r == 0)
		r = live_tables_print(stdout, v->tables, tables, v->own, &span, err);
	if (r == 0 && v->left_out) {
		snprintf(sentence, sizeof(sentence),
			 "note: %" PRId64 " rows of logs are left out: more than %d in an interval",
			 v->left_out, MOST_LOG_ROWS);
		options->tell(options->tell_user, sentence);
	}
	return r < 0 ? r : begin_own(v, err);
}

/* Records that are missing so far. */
static void count_losses(const struct schedtrace_tables *now, struct live_tty_head *head)
{
	const struct schedtrace_table *losses = schedtrace_tables_find(now, "losses");

	for (size_t i = 0; losses && i < schedtrace_table_rows(losses); i++) {
		head->gaps += schedtrace_table_ints(losses, "gaps")[i];
		head->lost += schedtrace_table_ints(losses, "gap_records")[i];
	}
}

static int show_rows(struct viewer *v, const struct live_tty_head *head,
		     struct schedtrace_error *err)
{
	const struct schedtrace_table *activity =
		schedtrace_tables_find(v->own, live_activity_info.name);
	struct selection selection = { .top = 0 };
	struct view view = { 0 };
	int r = live_chosen_filters(&v->tables->chosen, &selection.filters, err);

	if (r == 0)
		r = views_make(&view, &activity, 1, &selection, false, err);
	if (r == 0)
		r = live_tty_take(v->tty, &view, head, err);
	view_release(&view);
	filters_release(&selection.filters);
	return r;
}

/* On a whole terminal: what happened between, of all until @now. */
static int show(struct viewer *v, const struct schedtrace_tables *between,
		const struct schedtrace_tables *now, struct schedtrace_error *err)
{
	int64_t wall = live_follow_wall_offset(&v->follow);
	struct live_tty_head head = {
		.wall_ns = wall == INT64_MIN ? INT64_MIN : v->follow.now_ns + wall,
		.length_ns = v->follow.now_ns - v->before_ns,
	};
	int r = add_own(v, between, head.length_ns, err);

	live_system_read(&v->system, v->recorder, head.system);
	count_losses(now, &head);
	if (r == 0)
		r = show_rows(v, &head, err);
	v->activity.processes = live_tty_processes(v->tty);
	return r < 0 ? r : begin_own(v, err);
}

static int print_interval(struct viewer *v, struct schedtrace_error *err)
{
	struct schedtrace_tables *now, *between;
	int r = schedtrace_engine_snapshot(v->follow.engine, &now, err);

	if (r < 0)
		return r;
	r = schedtrace_tables_interval(v->before, now, &between, err);
	if (r == 0) {
		r = v->tty ? show(v, between, now, err)
			   : print(v, between, v->before_ns, false, err);
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

/* A recording begins, from nothing. */
static int on_begin(void *user, struct schedtrace_error *err)
{
	union schedtrace_value values[LIVE_SYSTEM_COLUMNS];
	struct viewer *v = user;

	schedtrace_tables_free(v->before);
	v->before = NULL;
	v->before_ns = INT64_MIN;
	if (live_tables_have(v->tables, &live_activity_info)) {
		live_activity_begin(&v->activity);
		live_waits_begin(&v->activity.waits); /* all of them come */
	}
	if (v->tty || live_tables_have(v->tables, &live_system_info))
		live_system_read(&v->system, v->recorder, values);
	return begin_own(v, err);
}

static int on_round(void *user, struct schedtrace_error *err)
{
	struct viewer *v = user;
	const struct live_options *options = v->tables->options;
	int r;

	if (v->before_ns == INT64_MIN)
		v->before_ns = v->follow.begin_ns;
	r = live_chosen_look(&v->tables->chosen, err);
	if (r < 0 || v->follow.now_ns - v->before_ns < interval(v))
		return r;
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

/* One that shall be of all the time cannot begin anew. */
static int on_failure(void *user, const struct schedtrace_error *why, struct schedtrace_error *err)
{
	struct viewer *v = user;
	const struct live_options *options = v->tables->options;
	int r = options->once ? why->status
			      : live_order_restart(v->orders, &v->restarted_ns, why, err);

	if (r == 0)
		options->tell(options->tell_user, why->text);
	else
		*err = *why;
	return r;
}

/* ---- a terminal ------------------------------------------------------------------------------ */

static int on_wait(void *user, int fd, struct schedtrace_error *err)
{
	const struct viewer *v = user;

	return live_tty_wait(v->tty, fd, err);
}

static int on_told(void *user, const char *text, size_t n, struct schedtrace_error *err)
{
	const struct viewer *v = user;

	return live_tty_told(v->tty, text, n, err);
}

static int take_terminal(struct viewer *v, struct schedtrace_error *err)
{
	v->follow.listener.wait = on_wait;
	v->follow.listener.told = on_told;
	return live_tty_new(&v->tty, interval(v), v->activity.processes, v->orders, err);
}

int live_viewer_run(struct live_tables *tables, int fd, int orders, struct request_log *requests,
		    struct schedtrace_error *err)
{
	struct viewer v = {
		.tables = tables, .before_ns = INT64_MIN, .recorder = getppid(), .orders = orders
	};
	int r = 0;

	v.activity.processes = tables->options->processes;
	v.sink = (struct schedtrace_sink){ sizeof(v.sink), &v, take_row };
	v.follow = (struct live_follow){ .analyses = tables->analyses,
					 .n_analyses = tables->n_analyses,
					 .sink = &v.sink,
					 .requests = requests,
					 .listener = { .begun = on_begin,
						       .round = on_round,
						       .ended = on_end,
						       .failed = on_failure,
						       .user = &v } };
	if (tables->options->tty)
		r = take_terminal(&v, err);
	if (r == 0)
		r = live_follow_run(&v.follow, fd, err);
	live_tty_free(v.tty);
	schedtrace_tables_free(v.before);
	schedtrace_tables_free(v.own);
	live_activity_free(&v.activity);
	live_follow_close(&v.follow);
	return r;
}
