/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Faults as they add up, CPU use and memory over time: of the largest processes, by a log, and of
 * all together. Points that fall into the same thousandth of the time become one, with a band from
 * the lowest to the highest.
 */
#include <math.h>
#include <string.h>

#include "analyze/plot/figures.h"
#include "base/error.h"
#include "plots/axes.h"
#include "plots/style.h"

#define BINS 1000

struct bin {
	double x, y, low, high;
	bool used;
};

struct curve {
	double pid;
	struct bin bins[BINS];
};

/* What is drawn: a column of a log that has time_ns and pid. */
struct curve_kind {
	const char *log, *column, *unit;
	const char *title, *y_name;
	enum plot_look look;
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

static struct plot_panel *new_panel(struct plot_source *source, const struct curve_kind *kind)
{
	struct plot_panel *panel = plot_panel_add(source->figure, PLOT_CURVES);

	if (!panel)
		return NULL;
	panel->title = kind->title;
	panel->y.name = kind->y_name;
	panel->y.unit = kind->unit;
	panel->y.min = 0;
	panel->y.whole = !strcmp(kind->unit, "1");
	plot_time_scale(source, panel);
	return panel;
}

static int add_sample(struct log_reader *reader, size_t log, const union schedtrace_value *values,
		      struct schedtrace_error *err)
{
	const struct curves *curves = reader->state;
	const size_t *columns = reader->columns[log];
	const struct schedtrace_column_info *info = reader->logs[log]->columns[columns[2]];
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
	bool bands = false;

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
		bands |= band;
	}
	if (bands)
		reader->panel->note = plot_text(
			figure, "%s%sPale: from the lowest to the highest value at one point",
			reader->panel->note ? reader->panel->note : "",
			reader->panel->note ? ". " : "");
	return bands && !reader->panel->note ? plot_no_memory(err) : 0;
}

/* The curve of a column of faults_total as the last series. */
static void add_total(struct plot_source *source, const struct view *total, const char *name,
		      struct plot_panel *panel)
{
	size_t c = column(total, name), time = column(total, "time_ns");
	struct plot_series *series = &panel->series[panel->n_series - 1];
	/* Nothing has happened at the begin; a use is that of the interval that ends there. */
	bool use = !strcmp(name, "cpu_use");

	series->name = "all processes";
	series->look = use ? PLOT_STEP_BACK : PLOT_LINE;
	series->style = STYLE_TOTAL;
	series->n = total->n_rows + !use;
	series->x[0] = panel->x.min;
	if (!use)
		series->y[0] = 0;
	for (size_t i = 0; i < total->n_rows; i++) {
		series->x[i + !use] = plot_number(total, i, time) - (double)source->zero;
		series->y[i + !use] = plot_number(total, i, c);
	}
}

/* Whether the log has the process of a row: all of a log of memory, else those sampled. */
static bool is_in_log(const struct view *view, size_t row)
{
	size_t from = column(view, "source");
	const char *what;

	if (from == SIZE_MAX)
		return plot_number(view, row, column(view, "rss_peak_bytes")) > 0;
	what = schedtrace_table_value(view->table, view->rows[row], from).s;
	return what && !strcmp(what, "samples");
}

static size_t count_in_log(const struct view *view)
{
	size_t n = 0;

	for (size_t i = 0; i < view->n_rows; i++)
		n += is_in_log(view, i);
	return n;
}

/* The first @n rows of @view that are in the log. */
static int choose(struct plot_source *source, const struct view *view, size_t n,
		  struct curves *curves, struct plot_panel *panel, const struct curve_kind *kind,
		  struct schedtrace_error *err)
{
	size_t pid = column(view, "pid");

	for (size_t i = 0; i < view->n_rows && curves->n < n; i++) {
		struct plot_series *series = &panel->series[curves->n];

		if (!is_in_log(view, i))
			continue;
		curves->curves[curves->n++].pid = plot_number(view, i, pid);
		series->n = 0;
		series->look = kind->look;
		series->name = plot_row_label(source, view, i, "comm,pid");
		if (!series->name)
			return plot_no_memory(err);
	}
	return 0;
}

/* Curves of the processes of @view, and of @total unless that is NULL. */
static int add_curves(struct plot_source *source, const struct schedtrace_picture *picture,
		      const struct curve_kind *kind, const struct view *view,
		      const struct view *total, struct schedtrace_error *err)
{
	size_t top = source->selection->top > 0 ? (size_t)source->selection->top : picture->top;
	size_t all = count_in_log(view), n = all < top ? all : top;
	/* Of all, and not of those that were asked for. */
	bool with_total = total && n != 1 && !plot_tasks_chosen(source);
	struct plot_panel *panel;
	struct curves *curves = plot_alloc(source->figure, 1, sizeof(*curves));
	struct log_reader *reader;
	char columns[64];
	int r;

	if (!n && !with_total)
		return 0;
	panel = new_panel(source, kind);
	if (!panel)
		return plot_no_room(err);
	if (!curves)
		return plot_no_memory(err);
	curves->source = source;
	curves->curves = plot_alloc(source->figure, n, sizeof(*curves->curves));
	if (!curves->curves)
		return plot_no_memory(err);
	r = plot_panel_series(source->figure, panel, n + with_total,
			      BINS + (with_total ? total->n_rows + 1 : 0), err);
	if (!r)
		r = choose(source, view, n, curves, panel, kind, err);
	if (r)
		return r;
	if (with_total)
		add_total(source, total, kind->column, panel);
	if (!n)
		return 0;
	if (all > n)
		panel->note =
			plot_text(source->figure, "%zu more processes are not drawn", all - n);
	snprintf(columns, sizeof(columns), "time_ns,pid,%s", kind->column);
	reader = plot_reader(source, panel, kind->log, columns);
	reader->state = curves;
	reader->row = add_sample;
	reader->finish = finish_curves;
	return 0;
}

/* By --columns, or none are chosen. */
static bool is_chosen(const struct plot_source *source, const char *name)
{
	size_t word;

	for (const char *list = source->selection->columns; list; list += word + 1) {
		word = strcspn(list, ",");
		if (word == strlen(name) && !strncmp(list, name, word))
			return true;
		if (!list[word])
			return false;
	}
	return true;
}

static bool any(const struct view *view, const char *name)
{
	size_t c = column(view, name);

	for (size_t i = 0; i < view->n_rows; i++)
		if (plot_number(view, i, c) > 0)
			return true;
	return false;
}

int plot_make_faults(struct plot_source *source, const struct schedtrace_picture *picture,
		     struct schedtrace_error *err)
{
	static const struct curve_kind kinds[] = {
		{ "faults_curve", "minor", "1", "Minor page faults so far", "minor faults",
		  PLOT_LINE },
		{ "faults_curve", "major", "1", "Major page faults so far", "major faults",
		  PLOT_LINE },
		{ "faults_curve", "cpu_use", "%", "CPU use", "CPU use, of one CPU",
		  PLOT_STEP_BACK },
	};
	struct view faults = { 0 }, total = { 0 };
	bool of_all; /* draws all of them together, too */
	int r = plot_view(source, "faults", &faults, err);

	if (!r)
		r = plot_view(source, "faults_total", &total, err);
	of_all = !r && !filters_check(&source->selection->filters, total.info, NULL);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds) && !r; i++)
		if (is_chosen(source, kinds[i].column) && (!i || any(&total, kinds[i].column)))
			r = add_curves(source, picture, &kinds[i], &faults, of_all ? &total : NULL,
				       err);
	view_release(&faults);
	view_release(&total);
	return r;
}

/* By the kernel's own counts as they change; where those were not recorded, by samples. */
int plot_make_resident(struct plot_source *source, const struct schedtrace_picture *picture,
		       struct schedtrace_error *err)
{
	static const struct curve_kind changes = { "resident",	      "rss_bytes", "bytes",
						   "Resident memory", "resident",  PLOT_STEP };
	static const struct curve_kind samples = { "faults_curve",    "rss_bytes", "bytes",
						   "Resident memory", "resident",  PLOT_LINE };
	struct view memory = { 0 }, faults = { 0 };
	int r = plot_view(source, "memory", &memory, err);

	if (!r)
		r = plot_view(source, "faults", &faults, err);
	if (!r && count_in_log(&memory))
		r = add_curves(source, picture, &changes, &memory, NULL, err);
	else if (!r && count_in_log(&faults))
		r = add_curves(source, picture, &samples, &faults, NULL, err);
	view_release(&memory);
	view_release(&faults);
	return r;
}
