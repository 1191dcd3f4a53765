/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One span of a lane with what explains it, and where a task ran in a part of the time. */
#include <stdlib.h>

#include "base/error.h"
#include "base/mem.h"
#include "view/page/answers.h"
#include "view/page/lane_arguments.h"
#include "view/page/page_state.h"

#define MOST_WOKEN     100 /* that are told of */
#define MOST_MEANWHILE 20
#define MOST_RUNS      2000

/* A span as it was found. */
struct found {
	uint32_t what, detail;
	int64_t begin, end;
};

/* The span at @time; false: the lane has none there. */
static bool find_at(const struct timeline_lane *lane, int64_t time, struct found *out)
{
	struct timeline_cursor cursor = timeline_lane_seek(lane, time);
	const struct timeline_span *span = timeline_lane_next(&cursor, &out->end);

	if (!span || span->begin > time)
		return false;
	out->what = span->what;
	out->detail = span->detail;
	out->begin = span->begin;
	return true;
}

static json_t *place(int64_t time, const struct timeline *t)
{
	return json_integer(time - t->begin);
}

static json_t *describe_span(const struct timeline *t, const struct found *span)
{
	return json_pack("{s:o, s:o, s:I, s:o}", "begin", place(span->begin, t), "end",
			 place(span->end, t), "what", (json_int_t)span->what, "detail",
			 span->detail == TIMELINE_UNKNOWN ? json_null()
							  : json_integer(span->detail));
}

static json_t *describe_at(const struct timeline *t, const struct timeline_lane *lane, int64_t time)
{
	struct found span;

	return find_at(lane, time, &span) ? describe_span(t, &span) : json_null();
}

/* The next span of a task on a CPU's lane, or of anything on another. */
static json_t *neighbour(const struct timeline *t, const struct timeline_lane *lane, bool tasks,
			 struct found span, bool after)
{
	do {
		if (!find_at(lane, after ? span.end : span.begin - 1, &span))
			return json_null();
	} while (tasks && span.what >= TIMELINE_FIRST_SPECIAL && span.what != TIMELINE_LASTING);
	return describe_span(t, &span);
}

/* Whom a task was woken by so that it waited from @begin on, after what it did @before. */
static json_t *waker_of(const struct timeline *t, const struct timeline_task *task, int64_t begin)
{
	struct found wake, before;
	int64_t since = begin;

	if (!find_at(&task->woken_by, begin, &wake))
		return json_null();
	/* It may have been begun while the task was still on its way to sleep. */
	for (int spans = 0; spans < 2 && find_at(&task->states, since - 1, &before); spans++)
		since = before.begin;
	if (wake.begin < since || wake.what == TIMELINE_UNKNOWN)
		return json_null();
	return json_pack("{s:o, s:o}", "task",
			 wake.what == TIMELINE_IDLE ? json_null() : json_integer(wake.what), "at",
			 place(wake.begin, t));
}

static json_t *woken_by(const struct timeline *t, const struct timeline_task *task,
			const struct found *span)
{
	struct timeline_cursor cursor = timeline_lane_seek(&task->woke, span->begin);
	const struct timeline_span *wake;
	json_t *all = json_array();
	int64_t end;

	while (json_array_size(all) < MOST_WOKEN && (wake = timeline_lane_next(&cursor, &end)) &&
	       wake->begin < span->end)
		if (wake->begin >= span->begin && wake->what < t->n_tasks)
			json_array_append_new(all, json_pack("{s:I, s:o}", "task",
							     (json_int_t)wake->what, "at",
							     place(wake->begin, t)));
	return all;
}

static int by_time(const void *a, const void *b)
{
	const struct timeline_share *s = a, *u = b;

	return (s->ns < u->ns) - (s->ns > u->ns);
}

/* Who ran on a CPU while a task waited for it. */
static json_t *meanwhile(const struct timeline *t, const struct found *wait)
{
	const struct timeline_window window = { wait->begin, wait->end, 1 };
	struct timeline_shares shares = { .n = 0 };
	json_t *all = json_array();

	if (wait->detail < t->n_cpus && t->cpus[wait->detail].named)
		timeline_lane_thin(&t->cpus[wait->detail].runs, &window, &shares);
	if (shares.n)
		qsort(shares.all, shares.n, sizeof(*shares.all), by_time);
	for (size_t i = 0; i < shares.n && i < MOST_MEANWHILE; i++)
		json_array_append_new(all, json_pack("{s:I, s:I}", "what",
						     (json_int_t)shares.all[i].what, "ns",
						     (json_int_t)shares.all[i].ns));
	timeline_shares_free(&shares);
	return all;
}

static bool is_wait(uint32_t what)
{
	what &= ~(uint32_t)TIMELINE_LASTS;
	return what >= TIMELINE_WOKEN && what <= TIMELINE_RUNNABLE;
}

/* What a task did at @time: the wait that it is, or that came before it, and its causes. */
static json_t *describe_task(const struct timeline *t, uint32_t id, int64_t time)
{
	const struct timeline_task *task = &t->tasks[id];
	struct found span, wait;
	json_t *all, *waker = NULL, *others = NULL;
	bool waited;

	if (!find_at(&task->states, time, &span))
		return json_null();
	wait = span;
	waited = is_wait(span.what) ||
		 (find_at(&task->states, span.begin - 1, &wait) && is_wait(wait.what));
	if (waited) {
		others = meanwhile(t, &wait);
		if ((wait.what & ~(uint32_t)TIMELINE_LASTS) == TIMELINE_WOKEN)
			waker = waker_of(t, task, wait.begin);
	}
	all = json_pack("{s:I, s:o, s:o, s:o, s:o, s:o, s:o}", "task", (json_int_t)id, "span",
			describe_span(t, &span), "before",
			describe_at(t, &task->states, span.begin - 1), "after",
			describe_at(t, &task->states, span.end), "wait",
			waited ? describe_span(t, &wait) : json_null(), "meanwhile",
			others ? others : json_array(), "woke", woken_by(t, task, &span));
	if (all)
		json_object_set_new(all, "waker", waker ? waker : json_null());
	return all;
}

/* The task that a span is of; TIMELINE_UNKNOWN: none. */
static uint32_t task_of(const struct timeline *t, struct lane_name name, const struct found *span)
{
	uint32_t task = span->what == TIMELINE_LASTING ? span->detail : span->what;

	if (name.kind == 't')
		return name.number;
	return name.kind == 'c' && task < t->n_tasks ? task : TIMELINE_UNKNOWN;
}

static json_t *describe(const struct timeline *t, struct lane_name name, int64_t time)
{
	const struct timeline_lane *lane = lane_of(t, name);
	struct found span;
	uint32_t task;
	bool of_cpu = name.kind == 'c';

	if (!find_at(lane, time, &span))
		return json_null();
	task = task_of(t, name, &span);
	return json_pack("{s:o, s:o, s:o, s:o}", "span", describe_span(t, &span), "before",
			 neighbour(t, lane, of_cpu, span, false), "after",
			 neighbour(t, lane, of_cpu, span, true), "of_task",
			 task == TIMELINE_UNKNOWN ? json_null() : describe_task(t, task, time));
}

int lane_span_request(struct work *work, struct answer *answer, struct schedtrace_error *err)
{
	const char *text = request_arg(work->request, "lane");
	struct cached_recording *recording;
	struct lane_name name;
	int64_t time;
	int r = figure_cache_get_recording(work, true, &recording, err);

	if (r < 0)
		return r;
	text = text ? text : "";
	r = lane_name_read(&name, &text, &recording->timeline, err);
	if (r == 0 && (*text || name.kind == 'a'))
		r = error_set(err, SCHEDTRACE_E_USAGE, "lane: it is one lane, of a CPU or a task");
	if (r == 0)
		r = lane_time_read(work->request, "at", &recording->timeline, &time, err);
	if (r == 0)
		r = answer_json(answer, describe(&recording->timeline, name, time), err);
	figure_cache_release_recording(&work->page->figures, recording);
	return r;
}

/* ---- where a task ran ----------------------------------------------------------------- */

static json_t *describe_runs(const struct timeline *t, const struct timeline_task *task,
			     const struct timeline_window *window)
{
	struct timeline_cursor cursor = timeline_lane_seek(&task->states, window->begin);
	json_t *begins = json_array(), *ends = json_array(), *cpus = json_array();
	const struct timeline_span *span;
	bool whole = true;
	int64_t end;

	while ((span = timeline_lane_next(&cursor, &end)) && span->begin < window->end) {
		if (span->what != TIMELINE_RUNNING || span->detail == TIMELINE_UNKNOWN)
			continue;
		whole = json_array_size(begins) < MOST_RUNS;
		if (!whole)
			break;
		json_array_append_new(begins, place(span->begin, t));
		json_array_append_new(ends, place(end, t));
		json_array_append_new(cpus, json_integer(span->detail));
	}
	return json_pack("{s:b, s:o, s:o, s:o}", "whole", whole, "begin", begins, "end", ends,
			 "cpu", cpus);
}

int lane_runs_request(struct work *work, struct answer *answer, struct schedtrace_error *err)
{
	const char *text = request_arg(work->request, "lane");
	struct cached_recording *recording;
	const struct timeline *t;
	struct timeline_window window;
	struct lane_name name;
	int r = figure_cache_get_recording(work, true, &recording, err);

	if (r < 0)
		return r;
	t = &recording->timeline;
	text = text ? text : "";
	r = lane_name_read(&name, &text, t, err);
	if (r == 0 && (*text || name.kind != 't'))
		r = error_set(err, SCHEDTRACE_E_USAGE, "lane: it is the lane of one task");
	if (r == 0)
		r = lane_window_read(work->request, t, &window, err);
	if (r == 0)
		r = answer_json(answer, describe_runs(t, &t->tasks[name.number], &window), err);
	figure_cache_release_recording(&work->page->figures, recording);
	return r;
}
