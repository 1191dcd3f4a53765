/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which lanes a recording's timeline has, and what they did in a part of the time. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/mem.h"
#include "view/page/answers.h"
#include "view/page/lane_arguments.h"
#include "view/page/lane_frame.h"
#include "view/page/page_state.h"

#define MOST_LANES   512
#define MOST_ENTRIES (8 << 20) /* of one answer */

/* ---- which there are ------------------------------------------------------------------ */

static json_t *number(int64_t value, int64_t unknown)
{
	return value == unknown ? json_null() : json_integer(value);
}

static json_t *describe_cpus(const struct timeline *t)
{
	json_t *ids = json_array(), *queues = json_array();

	for (uint32_t cpu = 0; cpu < t->n_cpus; cpu++)
		if (t->cpus[cpu].named) {
			json_array_append_new(ids, json_integer(cpu));
			json_array_append_new(queues, json_boolean(t->cpus[cpu].queue.n > 0));
		}
	return json_pack("{s:o, s:o}", "cpu", ids, "queue", queues);
}

/* How long it ran in all; -1 without memory. */
static int64_t time_running(const struct timeline_task *task, struct timeline_shares *shares)
{
	const struct timeline_window whole = { INT64_MIN / 2, INT64_MAX / 2, 1 };
	int64_t ns = 0;

	shares->n = 0;
	if (timeline_lane_thin(&task->states, &whole, shares) < 0)
		return -1;
	for (size_t i = 0; i < shares->n; i++)
		if (shares->all[i].what == TIMELINE_RUNNING)
			ns = shares->all[i].ns;
	return ns;
}

/* A column each, as there may be many. */
static json_t *describe_tasks(const struct timeline *t)
{
	static const char *const names[] = { "pid", "tgid", "name", "begin", "end", "prio", "ran" };
	enum { N = sizeof(names) / sizeof(*names) };
	struct timeline_shares shares = { .n = 0 };
	json_t *all = json_object(), *columns[N];

	for (size_t c = 0; c < N; c++) {
		columns[c] = json_array();
		json_object_set_new(all, names[c], columns[c]);
	}
	for (uint32_t i = 0; i < t->n_tasks; i++) {
		const struct timeline_task *task = &t->tasks[i];
		json_t *values[N] = { json_integer(task->pid),
				      number(task->tgid, -1),
				      answer_text(task->name),
				      json_integer(task->begin - t->begin),
				      json_integer(task->end - t->begin),
				      number(task->prio, INT32_MIN),
				      json_integer(time_running(task, &shares)) };

		for (size_t c = 0; c < N; c++)
			json_array_append_new(columns[c], values[c]);
	}
	timeline_shares_free(&shares);
	return all;
}

static json_t *describe_states(void)
{
	json_t *all = json_array();

	for (int i = 0; i < TIMELINE_STATES; i++)
		json_array_append_new(all, json_string(timeline_state_name(i)));
	return all;
}

static json_t *describe_events(const struct timeline *t)
{
	json_t *all = json_array();
	const char *name;

	for (int32_t id = 0; (name = schedtrace_context_event_name(t->context, id)); id++)
		json_array_append_new(all, answer_text(name));
	return all;
}

int lanes_request(struct work *work, struct answer *answer, struct schedtrace_error *err)
{
	struct cached_recording *recording;
	const struct timeline *t;
	char begin[24];
	int r = figure_cache_get_recording(work, true, &recording, err);

	if (r < 0)
		return r;
	t = &recording->timeline;
	snprintf(begin, sizeof(begin), "%" PRId64, t->begin);
	r = answer_json(answer,
			json_pack("{s:s, s:I, s:I, s:b, s:I, s:I, s:I, s:I, s:o, s:o, s:o, s:o}",
				  "begin_ns", begin, "length_ns", (json_int_t)(t->end - t->begin),
				  "rows", (json_int_t)t->rows, "switches", t->switches, "lost",
				  (json_int_t)t->lost, "gaps", (json_int_t)t->gaps, "clock_steps",
				  (json_int_t)t->clock_steps, "missing_switches",
				  (json_int_t)t->missing_switches, "events", describe_events(t),
				  "states", describe_states(), "cpus", describe_cpus(t), "tasks",
				  describe_tasks(t)),
			err);
	figure_cache_release_recording(&work->page->figures, recording);
	return r;
}

/* ---- what they did -------------------------------------------------------------------- */

/* A request for shares. */
struct shares_request {
	struct work *work;
	const struct timeline *timeline;
	struct timeline_window window;
	struct timeline_shares shares;
	struct lane_entries entries;
	json_t *lanes;
};

static int no_memory(struct schedtrace_error *err)
{
	return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for lanes");
}

/* Of each column: how long tasks ran on all CPUs, how long these idled, and the rest. */
static int add_up_cpus(struct shares_request *q, int64_t (*sums)[3])
{
	for (uint32_t cpu = 0; cpu < q->timeline->n_cpus; cpu++) {
		if (!q->timeline->cpus[cpu].named)
			continue;
		q->shares.n = 0;
		if (timeline_lane_thin(&q->timeline->cpus[cpu].runs, &q->window, &q->shares) < 0)
			return -1;
		for (size_t i = 0; i < q->shares.n; i++) {
			const struct timeline_share *s = &q->shares.all[i];
			int kind = s->what < TIMELINE_FIRST_SPECIAL ? 0
				   : s->what == TIMELINE_IDLE	    ? 1
								    : 2;

			sums[s->column][kind] += s->ns;
		}
	}
	return 0;
}

static int thin_all_cpus(struct shares_request *q)
{
	static const uint32_t kinds[] = { 0, TIMELINE_IDLE, TIMELINE_UNKNOWN };
	int64_t(*sums)[3] = calloc(q->window.columns, sizeof(*sums));
	int r = sums ? add_up_cpus(q, sums) : -1;

	q->shares.n = 0;
	for (uint32_t column = 0; column < q->window.columns && r == 0; column++)
		for (int kind = 0; kind < 3 && r == 0; kind++) {
			if (!sums[column][kind])
				continue;
			if (!array_room(q->shares.all, q->shares.n, q->shares.max))
				r = -1;
			else
				q->shares.all[q->shares.n++] =
					(struct timeline_share){ column, kinds[kind], 1,
								 sums[column][kind] };
		}
	free(sums);
	return r;
}

static int thin(struct shares_request *q, struct lane_name name, struct schedtrace_error *err)
{
	size_t first = q->entries.n;
	char text[24];
	int r;

	q->shares.n = 0;
	r = name.kind == 'a'
		    ? thin_all_cpus(q)
		    : timeline_lane_thin(lane_of(q->timeline, name), &q->window, &q->shares);
	if (r == 0)
		r = lane_entries_add(&q->entries, &q->window, &q->shares);
	if (r < 0)
		return no_memory(err);
	if (q->entries.n > MOST_ENTRIES)
		return error_set(err, SCHEDTRACE_E_LIMIT,
				 "the lanes say too much for one answer: ask for fewer at once");
	snprintf(text, sizeof(text), name.kind == 'a' ? "a" : "%c%u", name.kind, name.number);
	json_array_append_new(q->lanes, json_pack("[s, I, I]", text, (json_int_t)first,
						  (json_int_t)(q->entries.n - first)));
	return 0;
}

static int thin_lanes(struct shares_request *q, const char *list, struct schedtrace_error *err)
{
	struct lane_name name;
	size_t n = 0;
	int r = 0;

	while (r == 0 && *list) {
		r = lane_name_read(&name, &list, q->timeline, err);
		if (r == 0 && ++n > MOST_LANES)
			r = error_set(err, SCHEDTRACE_E_USAGE, "lanes: at most %d at once",
				      MOST_LANES);
		if (r == 0)
			r = thin(q, name, err);
		if (r == 0)
			r = work_step(q->work, "lanes", n, 0, err);
	}
	return r;
}

static int read_columns(const struct request *request, uint32_t *out, struct schedtrace_error *err)
{
	const char *text = request_arg(request, "columns");
	char *end;
	unsigned long n = text ? strtoul(text, &end, 10) : 0;

	if (!n || *end || n > LANE_FRAME_MOST_COLUMNS)
		return error_set(err, SCHEDTRACE_E_USAGE, "columns: it is a number from 1 to %d",
				 LANE_FRAME_MOST_COLUMNS);
	*out = (uint32_t)n;
	return 0;
}

static int answer_shares(struct shares_request *q, struct answer *answer,
			 struct schedtrace_error *err)
{
	const char *list = request_arg(q->work->request, "lanes");
	char *bytes;
	size_t n;
	int r = lane_window_read(q->work->request, q->timeline, &q->window, err);

	if (r == 0)
		r = read_columns(q->work->request, &q->window.columns, err);
	if (r == 0)
		r = thin_lanes(q, list ? list : "", err);
	if (r == 0)
		r = lane_frame_make(
			&q->entries,
			json_pack("{s:O, s:I}", "lanes", q->lanes, "n", (json_int_t)q->entries.n),
			&bytes, &n, err);
	if (r == 0)
		answer_bytes(answer, "application/octet-stream", bytes, n);
	return r;
}

int lane_shares_request(struct work *work, struct answer *answer, struct schedtrace_error *err)
{
	struct shares_request q = { .work = work };
	struct cached_recording *recording;
	int r = figure_cache_get_recording(work, true, &recording, err);

	if (r < 0)
		return r;
	q.timeline = &recording->timeline;
	q.lanes = json_array();
	r = answer_shares(&q, answer, err);
	json_decref(q.lanes);
	lane_entries_free(&q.entries);
	timeline_shares_free(&q.shares);
	figure_cache_release_recording(&work->page->figures, recording);
	return r;
}
