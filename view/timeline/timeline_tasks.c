/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Lanes of tasks: what each did. */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/nearest.h"
#include "base/pattern.h"
#include "plots/style.h"
#include "view/timeline/timeline_panel.h"
#include "view/timeline/timeline_strip.h"

/* Behind the states. */
enum { OF_LASTING = TIMELINE_STATES, OF_NOBODY_KNOWS, N_STATE_SERIES };

/* The panel of tasks as it is made. */
struct task_panel {
	struct plot_figure *figure;
	const struct timeline *timeline;
	const struct timeline_choice *choice;
	struct plot_panel *panel;
	const struct timeline_task *task; /* whose lane is made */
	struct timeline_shares shares;
	struct timeline_strips strips;
};

struct ranked_task {
	uint32_t task;
	int64_t ns;
};

static int by_running(const void *a, const void *b)
{
	const struct ranked_task *s = a, *t = b;

	if (s->ns != t->ns)
		return s->ns > t->ns ? -1 : 1;
	return s->task < t->task ? -1 : 1;
}

static bool is_wanted(const struct timeline_task *task, const char *wanted)
{
	char *end;
	long pid = *wanted >= '0' && *wanted <= '9' ? strtol(wanted, &end, 10) : -1;

	if (pid >= 0 && !*end && pid == task->pid)
		return true;
	return *task->name && text_matches(task->name, wanted);
}

static int no_task(const struct timeline *t, const char *wanted, struct schedtrace_error *err)
{
	auto_free const char **names = calloc(t->n_tasks + 1, sizeof(*names));
	const char *near;

	for (uint32_t i = 0; names && i < t->n_tasks; i++)
		names[i] = t->tasks[i].name;
	near = names ? nearest_word(wanted, names, t->n_tasks) : NULL;
	return near && *near ? error_set(err, SCHEDTRACE_E_USAGE,
					 "--task: no task %s in the recording; did you mean %s?",
					 wanted, near)
			     : error_set(err, SCHEDTRACE_E_USAGE,
					 "--task: no task %s in the recording", wanted);
}

/* Marks those that are wanted; each word must want one. */
static int want_tasks(const struct timeline *t, const struct timeline_choice *choice, bool *wanted,
		      struct schedtrace_error *err)
{
	for (size_t k = 0; k < choice->n_tasks; k++) {
		bool found = false;

		for (uint32_t i = 0; i < t->n_tasks; i++)
			if (is_wanted(&t->tasks[i], choice->tasks[k]))
				wanted[i] = found = true;
		if (!found)
			return no_task(t, choice->tasks[k], err);
	}
	return 0;
}

static bool is_there(const struct timeline_task *task, const struct timeline_window *window)
{
	return task->begin < window->end && task->end > window->begin;
}

/* The wanted ones that are there in the window, those first that ran longest in it. */
static int rank_tasks(struct task_panel *p, struct ranked_task *ranked, uint32_t *n,
		      struct schedtrace_error *err)
{
	const struct timeline *t = p->timeline;
	auto_free bool *wanted = calloc(t->n_tasks + 1, sizeof(*wanted));
	struct timeline_window whole = p->choice->window;
	int r = wanted ? want_tasks(t, p->choice, wanted, err) : plot_no_memory(err);

	whole.columns = 1;

	for (uint32_t i = 0; i < t->n_tasks && r == 0; i++) {
		if (!wanted[i] || !is_there(&t->tasks[i], &whole))
			continue;
		ranked[*n] = (struct ranked_task){ .task = i };
		p->shares.n = 0;
		if (timeline_lane_thin(&t->tasks[i].states, &whole, &p->shares) < 0)
			r = plot_no_memory(err);
		for (size_t k = 0; k < p->shares.n; k++)
			ranked[*n].ns +=
				p->shares.all[k].what == TIMELINE_RUNNING ? p->shares.all[k].ns : 0;
		++*n;
	}
	if (r == 0)
		qsort(ranked, *n, sizeof(*ranked), by_running);
	return r;
}

static uint32_t series_of_state(const void *user, uint32_t what)
{
	if (what == TIMELINE_UNKNOWN)
		return OF_NOBODY_KNOWS;
	return what >= TIMELINE_LASTS ? OF_LASTING : what;
}

/* The CPU of a stretch on one. */
static const char *cpu_of_state(const void *user, uint32_t what, int64_t begin, int64_t end)
{
	const struct task_panel *p = user;
	struct timeline_cursor cursor = timeline_lane_seek(&p->task->states, begin);
	const struct timeline_span *span;
	int64_t until;

	if (what != TIMELINE_RUNNING)
		return NULL;
	span = timeline_lane_next(&cursor, &until);
	return span && until >= end && span->detail != TIMELINE_UNKNOWN
		       ? plot_text(p->figure, "CPU %u", span->detail)
		       : NULL;
}

static int add_task(struct task_panel *p, size_t lane, uint32_t task)
{
	struct timeline_strip strip = { .window = &p->choice->window,
					.zero = p->timeline->begin,
					.lane = (uint32_t)lane,
					.to = 1,
					.n_series = N_STATE_SERIES,
					.series = series_of_state,
					.text = cpu_of_state,
					.user = p };

	p->task = &p->timeline->tasks[task];
	p->shares.n = 0;
	if (timeline_lane_thin(&p->task->states, strip.window, &p->shares) < 0)
		return -1;
	return timeline_strip_add(&p->strips, &strip, &p->shares, NULL, 0, 0);
}

static void name_states(struct plot_panel *panel)
{
	static const char *const behind[] = { "in the state that it ends in", "unknown" };

	for (uint32_t i = 0; i < N_STATE_SERIES; i++) {
		const char *name = i < TIMELINE_STATES ? timeline_state_name((enum timeline_state)i)
						       : behind[i - TIMELINE_STATES];

		panel->series[i].style = plot_style_of(name, i);
		if (timeline_is_drawn(panel, i))
			panel->series[i].name = name;
	}
}

static int fill_tasks(struct task_panel *p, struct schedtrace_error *err)
{
	const struct timeline *t = p->timeline;
	auto_free struct ranked_task *ranked = calloc(t->n_tasks + 1, sizeof(*ranked));
	struct plot_panel *panel = p->panel;
	uint32_t n = 0;
	int r = ranked ? rank_tasks(p, ranked, &n, err) : plot_no_memory(err);

	if (r == 0)
		r = plot_panel_series(p->figure, panel, N_STATE_SERIES, 0, err);
	panel->labels = plot_alloc(p->figure, TIMELINE_MOST_LANES, sizeof(*panel->labels));
	if (r == 0 && !panel->labels)
		r = plot_no_memory(err);
	for (uint32_t i = 0; i < TIMELINE_MOST_LANES && r == 0 && i < n; i++) {
		const struct timeline_task *task = &t->tasks[ranked[i].task];

		panel->labels[i] = plot_text(p->figure, "%s %d", task->name, task->pid);
		if (!panel->labels[i] || add_task(p, i, ranked[i].task) < 0)
			r = plot_no_memory(err);
		panel->n_labels++;
	}
	if (r < 0)
		return r;
	timeline_strips_finish(&p->strips, panel);
	name_states(panel);
	if (!n)
		r = timeline_note(p->figure, panel, "None of the tasks was there in this time",
				  err);
	if (r == 0 && n > TIMELINE_MOST_LANES)
		r = timeline_note(p->figure, panel,
				  plot_text(p->figure, "%u more tasks are not drawn; see --task",
					    n - TIMELINE_MOST_LANES),
				  err);
	return r < 0 ? r : timeline_note_dense(p->figure, panel, p->strips.dense, err);
}

int timeline_add_tasks(struct plot_figure *figure, const struct timeline *t,
		       const struct timeline_choice *choice, struct schedtrace_error *err)
{
	struct task_panel p = { .figure = figure, .timeline = t, .choice = choice };
	int r;

	p.panel = plot_panel_add(figure, PLOT_LANES);
	p.panel->title = "What each task did";
	timeline_set_time(t, choice, p.panel);
	r = fill_tasks(&p, err);
	timeline_shares_free(&p.shares);
	timeline_strips_free(&p.strips);
	return r;
}
