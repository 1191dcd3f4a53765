/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Faults as they add up, CPU use and memory over time: of every sampled process, by the log of the
 * samples, and of all together. Points that fall into the same thousandth of the time become one,
 * with a band from the lowest to the highest.
 */
#include <math.h>
#include <string.h>

#include "libschedtrace/error.h"
#include "plot_axes.h"
#include "plot_figures.h"
#include "plot_style.h"

#define BINS 1000

struct bin {
	double x, y, low, high;
	bool used;
};

struct curve {
	double pid;
	struct bin bins[BINS];
};

struct curves {
	struct plot_source *source;
	size_t n;
	struct curve *curves;
};

static size_t column(const struct view *view, const char *name)
{
	return plot_column(view->info, name, strlen(name));
}

static struct plot_panel *new_panel(struct plot_source *source, const char *title, const char *name,
				    const char *unit)
{
	struct plot_panel *panel = plot_panel_add(source->figure, PLOT_CURVES);

	if (!panel)
		return NULL;
	panel->title = title;
	panel->y.name = name;
	panel->y.unit = unit;
	panel->y.min = 0;
	panel->y.whole = !strcmp(unit, "1");
	plot_time_scale(source, panel);
	return panel;
}

static int add_sample(struct log_reader *reader, size_t log, const union schedtrace_value *values,
		      struct schedtrace_error *err)
{
	const struct curves *curves = reader->state;
	const size_t *columns = reader->columns[log];
	const struct schedtrace_column_info *info = &reader->logs[log]->columns[columns[2]];
	union schedtrace_value value = values[columns[2]];
	double span = reader->panel->x.max - reader->panel->x.min;
	double x = (double)(values[columns[0]].i - curves->source->zero);
	double at = span > 0 ? (x - reader->panel->x.min) / span * BINS : 0;
	double y = info->type == SCHEDTRACE_INT ? (double)value.i : value.f;

	if (value_unknown(info, value))
		return 0;
	for (size_t i = 0; i < curves->n; i++) {
		struct bin *bin = &curves->curves[i].bins[(size_t)fmin(fmax(at, 0), BINS - 1)];

		if (curves->curves[i].pid != (double)values[columns[1]].i)
			continue;
		bin->low = bin->used ? fmin(bin->low, y) : y;
		bin->high = bin->used ? fmax(bin->high, y) : y;
		bin->x = x;
		bin->y = y;
		bin->used = true;
		break;
	}
	return 0;
}

static int finish_curves(struct log_reader *reader, struct schedtrace_error *err)
{
	const struct curves *curves = reader->state;
	struct plot_figure *figure = curves->source->figure;

	for (size_t i = 0; i < curves->n; i++) {
		struct plot_series *series = &reader->panel->series[i];
		bool band = false;

		series->low = plot_alloc(figure, BINS, sizeof(double));
		series->high = plot_alloc(figure, BINS, sizeof(double));
		if (!series->low || !series->high)
			return plot_no_memory(err);
		for (size_t b = 0; b < BINS; b++) {
			const struct bin *bin = &curves->curves[i].bins[b];

			if (!bin->used)
				continue;
			series->x[series->n] = bin->x;
			series->y[series->n] = bin->y;
			series->low[series->n] = bin->low;
			series->high[series->n] = bin->high;
			band |= bin->high > bin->low;
			series->n++;
		}
		if (!band)
			series->low = series->high = NULL;
	}
	return 0;
}

/* The curve of a column of faults_total as the last series. */
static void add_total(struct plot_source *source, const struct view *total, const char *name,
		      struct plot_panel *panel)
{
	size_t c = column(total, name), time = column(total, "time_ns");
	struct plot_series *series = &panel->series[panel->n_series - 1];
	/* Nothing has happened at the begin; a use is that of the interval that ends there. */
	bool use = !strcmp(name, "cpu_use");

	series->name = "all together";
	series->look = use ? PLOT_STEP : PLOT_LINE;
	series->style = STYLE_TOTAL;
	series->n = total->n_rows + !use;
	series->x[0] = panel->x.min;
	if (!use)
		series->y[0] = 0;
	for (size_t i = 0; i < total->n_rows; i++) {
		series->y[i + !use] = plot_number(total, i, c);
		if (i + 1 < series->n)
			series->x[i + 1] = plot_number(total, i, time) - (double)source->zero;
	}
}

/* What the rows of the table "faults" say: the processes to draw, largest first. */
static int choose(struct plot_source *source, const struct panel_spec *spec,
		  const struct view *faults, struct curves *curves, struct plot_panel *panel,
		  struct schedtrace_error *err)
{
	size_t top = source->selection->top > 0 ? (size_t)source->selection->top : spec->top;
	size_t from = column(faults, "source"), pid = column(faults, "pid");

	for (size_t i = 0; i < faults->n_rows && curves->n < top; i++) {
		const char *what = schedtrace_table_value(faults->table, faults->rows[i], from).s;

		if (!what || strcmp(what, "samples"))
			continue;
		curves->curves[curves->n].pid = plot_number(faults, i, pid);
		panel->series[curves->n].n = 0;
		panel->series[curves->n].name = plot_row_label(source, faults, i, "comm,pid");
		if (!panel->series[curves->n].name)
			return plot_no_memory(err);
		curves->n++;
	}
	return 0;
}

static size_t count_sampled(const struct view *faults)
{
	size_t n = 0, from = column(faults, "source");

	for (size_t i = 0; i < faults->n_rows; i++) {
		const char *what = schedtrace_table_value(faults->table, faults->rows[i], from).s;

		n += what && !strcmp(what, "samples");
	}
	return n;
}

/* Curves of one column of the samples, and their total where there is one of that name. */
static int add_curves(struct plot_source *source, const struct panel_spec *spec,
		      const struct view *faults, const struct view *total, const char *name,
		      const char *title, const char *y_name, const char *unit,
		      struct schedtrace_error *err)
{
	size_t top = source->selection->top > 0 ? (size_t)source->selection->top : spec->top;
	size_t sampled = count_sampled(faults), n = sampled < top ? sampled : top;
	struct plot_panel *panel = new_panel(source, title, y_name, unit);
	struct curves *curves = plot_alloc(source->figure, 1, sizeof(*curves));
	struct log_reader *reader;
	char columns[64];
	int r;

	if (!panel)
		return error_set(err, SCHEDTRACE_E_USAGE,
				 "--plot: too many panels for one picture");
	if (!curves)
		return plot_no_memory(err);
	curves->source = source;
	curves->curves = plot_alloc(source->figure, n, sizeof(*curves->curves));
	if (!curves->curves)
		return plot_no_memory(err);
	r = plot_panel_series(source->figure, panel, n + (total && n != 1),
			      BINS + (total ? total->n_rows + 1 : 0), err);
	if (!r)
		r = choose(source, spec, faults, curves, panel, err);
	if (r)
		return r;
	if (total && n != 1)
		add_total(source, total, name, panel);
	if (!n)
		return 0;
	if (sampled > n)
		panel->note =
			plot_text(source->figure, "%zu more processes are not drawn", sampled - n);
	snprintf(columns, sizeof(columns), "time_ns,pid,%s", name);
	reader = plot_reader(source, spec, panel, "faults_curve", columns);
	reader->state = curves;
	reader->row = add_sample;
	reader->finish = finish_curves;
	return 0;
}

static bool any(const struct view *view, const char *name)
{
	size_t c = column(view, name);

	for (size_t i = 0; i < view->n_rows; i++)
		if (plot_number(view, i, c) > 0)
			return true;
	return false;
}

int plot_make_faults(struct plot_source *source, const struct panel_spec *spec,
		     struct schedtrace_error *err)
{
	struct view faults = { 0 }, total = { 0 };
	int r = plot_view(source, "faults", &faults, err);

	if (!r)
		r = plot_view(source, "faults_total", &total, err);
	if (!r)
		r = add_curves(source, spec, &faults, &total, "minor", "Minor page faults so far",
			       "minor faults", "1", err);
	if (!r && any(&total, "major"))
		r = add_curves(source, spec, &faults, &total, "major", "Major page faults so far",
			       "major faults", "1", err);
	if (!r && any(&total, "cpu_use"))
		r = add_curves(source, spec, &faults, &total, "cpu_use", "CPU use",
			       "CPU use, of one CPU", "%", err);
	view_release(&faults);
	view_release(&total);
	return r;
}

int plot_make_resident(struct plot_source *source, const struct panel_spec *spec,
		       struct schedtrace_error *err)
{
	struct view faults = { 0 };
	int r = plot_view(source, "faults", &faults, err);

	if (!r && count_sampled(&faults))
		r = add_curves(source, spec, &faults, NULL, "rss_bytes", "Resident memory",
			       "resident", "bytes", err);
	view_release(&faults);
	return r;
}
