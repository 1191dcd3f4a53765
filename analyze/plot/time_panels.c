/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Panels over time: how busy the CPUs were and by whom, and faults as they add up. */
#include <math.h>
#include <string.h>

#include "analyze/plot/figures.h"
#include "base/error.h"
#include "plots/style.h"

static size_t column(const struct view *view, const char *name)
{
	return plot_column(view->info, name, strlen(name));
}

static struct plot_panel *new_curves(struct plot_source *source, const char *title,
				     const char *y_name, const char *y_unit)
{
	struct plot_panel *panel = plot_panel_add(source->figure, PLOT_CURVES);

	if (!panel)
		return NULL;
	panel->title = title;
	panel->y.name = y_name;
	panel->y.unit = y_unit;
	panel->y.min = 0;
	plot_time_scale(source, panel);
	return panel;
}

struct utilization {
	struct view all, tasks, intervals;
	double cpus;
	size_t top;
};

/* The interval that begins at this stamp; intervals are in order. */
static size_t interval_at(const struct view *all, double begin)
{
	size_t low = 0, high = all->n_rows, c = column(all, "begin_ns");

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (plot_number(all, middle, c) < begin)
			low = middle + 1;
		else
			high = middle;
	}
	return low < all->n_rows && plot_number(all, low, c) == begin ? low : SIZE_MAX;
}

/* Adds each interval of a task to its area. */
static void add_intervals(const struct utilization *u, struct plot_panel *panel)
{
	size_t pid = column(&u->intervals, "pid"), begin = column(&u->intervals, "begin_ns");
	size_t comm = column(&u->intervals, "comm"), on_cpu = column(&u->intervals, "on_cpu_ns");
	size_t task_pid = column(&u->tasks, "pid"), task_comm = column(&u->tasks, "comm");

	for (size_t i = 0; i < u->intervals.n_rows; i++) {
		size_t at = interval_at(&u->all, plot_number(&u->intervals, i, begin)), t = 0;
		const char *name =
			schedtrace_table_value(u->intervals.table, u->intervals.rows[i], comm).s;

		for (; t < u->top; t++) {
			const char *task =
				schedtrace_table_value(u->tasks.table, u->tasks.rows[t], task_comm)
					.s;

			if (plot_number(&u->tasks, t, task_pid) ==
				    plot_number(&u->intervals, i, pid) &&
			    (name == task || (name && task && !strcmp(name, task))))
				break;
		}
		if (at != SIZE_MAX && t < u->top)
			panel->series[t].y[at] += plot_number(&u->intervals, i, on_cpu);
	}
}

/* Areas of the largest tasks, the others, and what is unknown, in shares of all CPUs. */
static int fill_utilization(struct plot_source *source, const struct schedtrace_picture *picture,
			    struct utilization *u, struct schedtrace_error *err)
{
	struct plot_panel *panel = new_curves(source, picture->title, "busy, of all CPUs", "%");
	size_t begin = column(&u->all, "begin_ns"), end = column(&u->all, "end_ns");
	size_t busy = column(&u->all, "busy_ns"), idle = column(&u->all, "idle_ns");
	size_t unknown = column(&u->all, "unknown_ns"), n = u->all.n_rows;
	int r;

	if (!panel)
		return plot_no_room(err);
	u->top = source->selection->top > 0 ? (size_t)source->selection->top : picture->top;
	if (u->top > u->tasks.n_rows)
		u->top = u->tasks.n_rows;
	panel->y.max = 100;
	r = plot_panel_series(source->figure, panel, u->top + 2, n, err);
	if (r)
		return r;
	for (size_t t = 0; t < u->top + 2; t++) {
		struct plot_series *series = &panel->series[t];

		series->look = PLOT_AREA;
		series->name = t < u->top    ? plot_row_label(source, &u->tasks, t, "comm,pid")
			       : t == u->top ? "other tasks"
					     : "unknown";
		if (!series->name)
			return plot_no_memory(err);
		series->style = t < u->top ? t : t == u->top ? STYLE_OTHERS : STYLE_UNKNOWN;
		for (size_t i = 0; i < n; i++)
			series->y[i] = 0;
	}
	add_intervals(u, panel);
	for (size_t i = 0; i < n; i++) {
		double whole = plot_number(&u->all, i, busy) + plot_number(&u->all, i, idle) +
			       plot_number(&u->all, i, unknown);
		double rest = plot_number(&u->all, i, busy);

		for (size_t t = 0; t < u->top; t++)
			rest -= panel->series[t].y[i];
		panel->series[u->top].y[i] = fmax(0, rest);
		panel->series[u->top + 1].y[i] = plot_number(&u->all, i, unknown);
		for (size_t t = 0; t < u->top + 2; t++) {
			panel->series[t].x[i] =
				plot_number(&u->all, i, begin) - (double)source->zero;
			panel->series[t].y[i] *= whole > 0 ? 100 / whole : 0;
		}
	}
	if (n)
		panel->x.max =
			fmin(panel->x.max, plot_number(&u->all, n - 1, end) - (double)source->zero);
	return 0;
}

int plot_make_utilization(struct plot_source *source, const struct schedtrace_picture *picture,
			  struct schedtrace_error *err)
{
	struct utilization u = { 0 };
	int r = plot_view(source, "utilization", &u.all, err);

	if (!r)
		r = plot_view(source, "utilization_tasks", &u.tasks, err);
	if (!r)
		r = plot_view(source, "utilization_intervals", &u.intervals, err);
	if (!r)
		r = fill_utilization(source, picture, &u, err);
	view_release(&u.all);
	view_release(&u.tasks);
	view_release(&u.intervals);
	return r;
}
