/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Migrations: from which CPU to which, and how many over time. */
#include <math.h>
#include <string.h>

#include "analyze/plot/figures.h"
#include "base/error.h"
#include "plots/axes.h"
#include "plots/style.h"

#define MOST_CPUS 256
#define PARTS	  100

/* The ids of both columns together, in order. */
static size_t collect_cpus(const struct view *view, double cpus[MOST_CPUS])
{
	size_t n = 0;

	for (size_t i = 0; i < view->n_rows; i++)
		for (size_t c = 0; c < 2; c++) {
			double cpu = plot_number(view, i, c);
			size_t at = 0;

			while (at < n && cpus[at] < cpu)
				at++;
			if (isnan(cpu) || (at < n && cpus[at] == cpu) || n == MOST_CPUS)
				continue;
			memmove(&cpus[at + 1], &cpus[at], (n - at) * sizeof(*cpus));
			cpus[at] = cpu;
			n++;
		}
	return n;
}

static size_t find_cpu(const double *cpus, size_t n, double cpu)
{
	size_t i = 0;

	while (i < n && cpus[i] != cpu)
		i++;
	return i;
}

static int fill_matrix(struct plot_source *source, const struct schedtrace_picture *picture,
		       const struct view *view, struct schedtrace_error *err)
{
	struct plot_panel *panel = plot_panel_add(source->figure, PLOT_HEAT);
	size_t migrations = plot_column(view->info, "migrations", 10), n;
	double *cpus = plot_alloc(source->figure, MOST_CPUS, sizeof(*cpus));

	if (!panel)
		return plot_no_room(err);
	if (!cpus)
		return plot_no_memory(err);
	n = collect_cpus(view, cpus);
	panel->title = picture->title;
	panel->x.name = "to";
	panel->y.name = "migrations";
	panel->y.unit = "1";
	panel->y.whole = true;
	panel->labels = plot_alloc(source->figure, n, sizeof(*panel->labels));
	panel->column_labels = plot_alloc(source->figure, n, sizeof(*panel->column_labels));
	panel->cells = plot_alloc(source->figure, n * n, sizeof(*panel->cells));
	if (!panel->labels || !panel->column_labels || !panel->cells)
		return plot_no_memory(err);
	panel->n_labels = panel->n_columns = n;
	for (size_t i = 0; i < n; i++) {
		panel->labels[i] = plot_text(source->figure, "from CPU %.0f", cpus[i]);
		panel->column_labels[i] =
			plot_text(source->figure, n > 16 ? "%.0f" : "CPU %.0f", cpus[i]);
		if (!panel->labels[i] || !panel->column_labels[i])
			return plot_no_memory(err);
	}
	for (size_t i = 0; i < view->n_rows; i++) {
		size_t from = find_cpu(cpus, n, plot_number(view, i, 0));
		size_t to = find_cpu(cpus, n, plot_number(view, i, 1));

		if (from < n && to < n)
			panel->cells[from * n + to] = plot_number(view, i, migrations);
	}
	return 0;
}

int plot_make_migration_matrix(struct plot_source *source, const struct schedtrace_picture *picture,
			       struct schedtrace_error *err)
{
	struct view view = { 0 };
	int r = plot_view(source, "migration_matrix", &view, err);

	if (!r && view.n_rows)
		r = fill_matrix(source, picture, &view, err);
	view_release(&view);
	return r;
}

static const char *const causes[] = { "wake", "fork", "balance" };
static const char *const cause_names[] = { "at a wakeup", "at a fork",
					   "for balance, or at an exec" };

#define N_CAUSES (sizeof(causes) / sizeof(*causes))

/* time, cause */
static int add_move(struct log_reader *reader, size_t log, const union schedtrace_value *values,
		    struct schedtrace_error *err)
{
	const struct plot_source *source = reader->state;
	const size_t *c = reader->columns[log];
	double span = (double)source->end - (double)source->begin;
	double part = ((double)values[c[0]].i - (double)source->begin) / span * PARTS;
	size_t cause = 0;

	while (cause < N_CAUSES && strcmp(causes[cause], values[c[1]].s))
		cause++;
	if (cause < N_CAUSES)
		reader->panel->series[cause].y[(size_t)fmin(fmax(part, 0), PARTS - 1)]++;
	return 0;
}

static int finish_moves(struct log_reader *reader, struct schedtrace_error *err)
{
	return 0;
}

int plot_make_migration_rate(struct plot_source *source, const struct schedtrace_picture *picture,
			     struct schedtrace_error *err)
{
	struct plot_panel *panel = plot_panel_add(source->figure, PLOT_CURVES);
	double width = ((double)source->end - (double)source->begin) / PARTS;
	struct log_reader *reader;
	char text[32];
	int r;

	if (!panel)
		return plot_no_room(err);
	axis_value(width, "ns", text, sizeof(text));
	panel->title = plot_text(source->figure, "%s, in each %s", picture->title, text);
	if (!panel->title)
		return plot_no_memory(err);
	plot_time_scale(source, panel);
	panel->y.name = "migrations";
	panel->y.unit = "1";
	panel->y.whole = true;
	panel->y.min = 0;
	r = plot_panel_series(source->figure, panel, N_CAUSES, PARTS, err);
	for (size_t i = 0; i < N_CAUSES && !r; i++) {
		panel->series[i].name = cause_names[i];
		panel->series[i].style = plot_style_of(causes[i], i);
		panel->series[i].look = PLOT_AREA;
		for (size_t k = 0; k < PARTS; k++) {
			panel->series[i].x[k] =
				(double)(source->begin - source->zero) + width * (double)k;
			panel->series[i].y[k] = 0;
		}
	}
	if (r)
		return r;
	reader = plot_reader(source, panel, "migration_log", "time_ns,cause");
	reader->state = source;
	reader->row = add_move;
	reader->finish = finish_moves;
	return 0;
}
