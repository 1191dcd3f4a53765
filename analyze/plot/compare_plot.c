/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "analyze/plot/compare_plot.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/plot/compare_drawing.h"
#include "analyze/plot/picture_file.h"
#include "base/error.h"
#include "base/mem.h"

#define CURVES 125.0 /* points: the height of a panel of curves */

/* The bars of a group, and its interval: that of the difference, moved to the first group. */
static int fill_group(struct drawing *d, const struct view *view, size_t g,
		      struct plot_series *series, struct schedtrace_error *err)
{
	const struct group *group = &d->groups->groups[g];
	size_t first = drawing_column(view, "", &d->groups->groups[0]);
	size_t value = drawing_column(view, "", group), low = drawing_column(view, "low_", group);
	size_t high = drawing_column(view, "high_", group);

	series->name = plot_text(&d->figure, "%s (%zu)", group->name, group->n);
	series->low = plot_alloc(&d->figure, series->n, sizeof(double));
	series->high = plot_alloc(&d->figure, series->n, sizeof(double));
	if (!series->name || !series->low || !series->high)
		return plot_no_memory(err);
	for (size_t i = 0; i < series->n; i++) {
		series->y[i] = drawing_cell(view, i, value);
		series->low[i] = fmax(0, drawing_cell(view, i, first) + drawing_cell(view, i, low));
		series->high[i] = drawing_cell(view, i, first) + drawing_cell(view, i, high);
		if (isnan(series->high[i]))
			series->low[i] = NAN;
	}
	return 0;
}

static int draw_bars(struct drawing *d, const struct view *view, struct schedtrace_error *err)
{
	size_t n = drawing_rows(d, view->n_rows);
	struct plot_panel *panel = drawing_panel(d, PLOT_BARS, drawing_bars_height(d, n));
	size_t first = drawing_column(view, "", &d->groups->groups[0]);
	bool intervals = false;
	int r;

	if (!panel)
		return 0;
	panel->title = drawing_title(d, view->info->name, view->info->about);
	panel->x.unit = view->info->columns[first]->unit;
	panel->x.name = plot_quantity(panel->x.unit);
	panel->labels = plot_alloc(&d->figure, n, sizeof(*panel->labels));
	if (!panel->labels || !panel->title)
		return plot_no_memory(err);
	r = plot_panel_series(&d->figure, panel, drawing_groups(d), n, err);
	for (size_t g = 0; g < panel->n_series && !r; g++) {
		r = fill_group(d, view, g, &panel->series[g], err);
		for (size_t i = 0; i < n && !r; i++)
			intervals |= isfinite(panel->series[g].high[i]);
	}
	for (; panel->n_labels < n && !r; panel->n_labels++) {
		panel->labels[panel->n_labels] = drawing_row_name(d, view, panel->n_labels);
		if (!panel->labels[panel->n_labels])
			r = plot_no_memory(err);
	}
	panel->note = drawing_note(d, view->n_rows - n, intervals ? WHISKERS : "");
	return r;
}

/* Shares of the counts by length, on one scale for all groups. */
static int draw_histogram(struct drawing *d, const struct view *view, size_t from, size_t below,
			  struct schedtrace_error *err)
{
	size_t n = view->n_rows;
	struct plot_panel *panel = n ? drawing_panel(d, PLOT_CURVES, CURVES) : NULL;
	int r;

	if (!panel)
		return 0;
	panel->title = drawing_title(d, view->info->name, view->info->about);
	if (!panel->title)
		return plot_no_memory(err);
	panel->x.name = "length";
	panel->x.unit = view->info->columns[from]->unit;
	panel->x.log = true;
	panel->y.name = "share";
	panel->y.unit = "%";
	r = plot_panel_series(&d->figure, panel, drawing_groups(d), n + 1, err);
	for (size_t g = 0; g < panel->n_series && !r; g++) {
		const struct group *group = &d->groups->groups[g];
		struct plot_series *series = &panel->series[g];
		size_t share = drawing_column(view, "share_", group);

		series->look = PLOT_STEP;
		series->name = plot_text(&d->figure, "%s (%zu)", group->name, group->n);
		if (!series->name)
			return plot_no_memory(err);
		for (size_t i = 0; i < n; i++) {
			double x = drawing_cell(view, i, from);

			series->x[i] = x > 0 ? x : drawing_cell(view, i, below) / 2;
			series->y[i] = drawing_cell(view, i, share);
		}
		series->x[n] = drawing_cell(view, n - 1, below);
		series->y[n] = 0;
	}
	return r;
}

/* ---- against the number of a group ---------------------------------------------------- */

static bool all_numbered(const struct groups *groups)
{
	for (size_t g = 0; g < groups->n; g++) {
		int64_t number = group_number(&groups->groups[g]);

		if (number == INT64_MIN)
			return false;
		/* Two of one number are two curves, and not one. */
		for (size_t before = 0; before < g; before++)
			if (group_number(&groups->groups[before]) == number)
				return false;
	}
	return groups->n > 2;
}

struct place {
	double x, y;
};

static int by_x(const void *a, const void *b)
{
	double xa = ((const struct place *)a)->x, xb = ((const struct place *)b)->x;

	return (xa > xb) - (xa < xb);
}

/* What the numbers count: "copies" where groups are called copies-1, copies-5 and so on. */
static const char *numbered_what(struct drawing *d)
{
	const char *first = d->groups->groups[0].name;
	size_t n = strcspn(first, "0123456789");

	for (size_t g = 1; g < d->groups->n; g++)
		if (strcspn(d->groups->groups[g].name, "0123456789") != n ||
		    strncmp(d->groups->groups[g].name, first, n))
			n = 0;
	while (n && strchr("-_.=", first[n - 1]))
		n--;
	return n ? plot_text(&d->figure, "%.*s", (int)n, first) : "number in the name of the group";
}

/* A curve through @n places, and a dot at each. */
static int draw_places(struct drawing *d, struct place *places, size_t n, const char *name,
		       const struct schedtrace_column_info *info, struct schedtrace_error *err)
{
	struct plot_panel *panel;
	int r;

	if (n < 2)
		return 0;
	panel = drawing_panel(d, PLOT_CURVES, CURVES);
	if (!panel)
		return 0;
	qsort(places, n, sizeof(*places), by_x);
	panel->title = drawing_title(d, name, info->about);
	panel->x.name = numbered_what(d);
	panel->x.whole = true;
	panel->x.unit = "1";
	panel->y.name = plot_quantity(info->unit);
	panel->y.unit = info->unit;
	panel->y.min = 0;
	if (!panel->title || !panel->x.name)
		return plot_no_memory(err);
	r = plot_panel_series(&d->figure, panel, 2, n, err);
	for (size_t i = 0; i < n && !r; i++)
		for (size_t s = 0; s < 2; s++) {
			panel->series[s].x[i] = places[i].x;
			panel->series[s].y[i] = places[i].y;
		}
	if (!r) {
		panel->series[1].look = PLOT_POINTS;
		panel->series[1].style = panel->series[0].style;
	}
	return r;
}

/* A column of the table "figures", which has a row for each group. */
static int draw_by_number(struct drawing *d, const struct view *view, size_t column,
			  struct schedtrace_error *err)
{
	const struct schedtrace_column_info *info = view->info->columns[column];
	size_t number = plot_column(view->info, "number", 6), n = 0;
	auto_free struct place *places = calloc(view->n_rows + 1, sizeof(*places));

	if (!places)
		return plot_no_memory(err);
	for (size_t i = 0; i < view->n_rows; i++) {
		places[n] = (struct place){ drawing_cell(view, i, number),
					    drawing_cell(view, i, column) };
		n += isfinite(places[n].x) && isfinite(places[n].y);
	}
	return draw_places(d, places, n, info->name, info, err);
}

/* The only row of a table, which has a column for each group. */
static int draw_row_by_number(struct drawing *d, const struct view *view,
			      struct schedtrace_error *err)
{
	size_t first = drawing_column(view, "", &d->groups->groups[0]), n = 0;
	struct schedtrace_column_info info = *view->info->columns[first];
	auto_free struct place *places = calloc(d->groups->n + 1, sizeof(*places));

	if (!places)
		return plot_no_memory(err);
	info.about = view->info->about;
	for (size_t g = 0; g < d->groups->n; g++) {
		const struct group *group = &d->groups->groups[g];

		places[n] =
			(struct place){ (double)group_number(group),
					drawing_cell(view, 0, drawing_column(view, "", group)) };
		n += isfinite(places[n].y);
	}
	return draw_places(d, places, n, view->info->name, &info, err);
}

/* Figures that the thrashing of more and more copies is seen by come first, and alone. */
static int draw_figures(struct drawing *d, const struct view *view, bool chosen,
			struct schedtrace_error *err)
{
	static const char *const best[] = { "utilization.busy", "completion.completion_ns",
					    "faults_sum.utilization", "faults_sum.elapsed_ns" };
	size_t first = plot_column(view->info, "recordings", 10) + 1, drawn = 0;
	int r = 0;

	for (size_t i = 0; i < sizeof(best) / sizeof(*best) && !chosen && !r; i++) {
		size_t column = plot_column(view->info, best[i], strlen(best[i]));

		if (column == SIZE_MAX)
			continue;
		r = draw_by_number(d, view, column, err);
		drawn++;
	}
	for (size_t c = first; c < view->info->n_columns && !drawn && !r; c++)
		if (*view->info->columns[c]->unit)
			r = draw_by_number(d, view, c, err);
	return r;
}

/* ---- all of it ------------------------------------------------------------------------ */

static int draw_view(struct drawing *d, const struct report_settings *report,
		     const struct view *view, struct schedtrace_error *err)
{
	size_t from = plot_column(view->info, "from_ns", 7);
	size_t below = plot_column(view->info, "below_ns", 8);

	if (!strcmp(view->info->name, "recordings") || !view->n_rows || drawing_is_totals(view))
		return 0;
	if (!strcmp(view->info->name, "figures"))
		return all_numbered(d->groups)
			       ? draw_figures(d, view, report->selection.columns, err)
			       : 0;
	if (from != SIZE_MAX && below != SIZE_MAX)
		return draw_histogram(d, view, from, below, err);
	if (drawing_column(view, "", &d->groups->groups[0]) == SIZE_MAX)
		return 0;
	if (view->n_rows == 1 && all_numbered(d->groups))
		return draw_row_by_number(d, view, err);
	return draw_bars(d, view, err);
}

static int draw_views(struct drawing *d, const struct report_settings *report,
		      const struct view *views, size_t n, struct schedtrace_error *err)
{
	bool by_number = all_numbered(d->groups) && !report->tables, any = false;
	int r = 0;

	for (size_t i = 0; i < n; i++)
		any |= !strcmp(views[i].info->name, "figures");
	if (!by_number || !any)
		r = drawing_totals(d, views, n, err);
	for (size_t i = 0; i < n && !r; i++)
		if (!by_number || !any || !strcmp(views[i].info->name, "figures"))
			r = draw_view(d, report, &views[i], err);
	if (!r && !d->figure.n_panels)
		return error_set(err, SCHEDTRACE_E_USAGE,
				 "--plot: these tables have nothing to draw; see --table");
	return r;
}

static int write_heading(struct drawing *d, const char *titled, const char *lines,
			 struct schedtrace_error *err)
{
	auto_free char *copy = strdup(lines);
	char *rest, *line;
	size_t n = 0;

	if (!copy)
		return plot_no_memory(err);
	d->figure.title =
		plot_text(&d->figure, "%zu groups of recordings side by side", d->groups->n);
	if (titled)
		d->figure.title = *titled ? plot_text(&d->figure, "%s", titled) : NULL;
	for (line = strtok_r(copy, "\n", &rest); line && n < 2; line = strtok_r(NULL, "\n", &rest))
		d->figure.lines[n++] = /* to the first semicolon: further words are about text */
			plot_text(&d->figure, "%.*s", (int)strcspn(line, ";"), line);
	if (d->n_left_out)
		d->figure.lines[n] = plot_text(
			&d->figure, "%zu more tables are not drawn; see --table", d->n_left_out);
	return 0;
}

int plot_comparison(const struct report_settings *report, const struct groups *groups,
		    const struct view *views, size_t n, const char *lines,
		    struct schedtrace_error *err)
{
	struct drawing d = { .groups = groups,
			     .top = report->selection.top,
			     .chosen = report->tables || report->plot_size.height > 0 };
	int r = plot_check("--plot", report->plot, err);

	if (!r)
		r = draw_views(&d, report, views, n, err);
	if (!r)
		r = write_heading(&d, report->title, lines, err);
	if (!r)
		r = picture_file_write(report->plot, &d.figure, &report->plot_size, err);
	plot_figure_free(&d.figure);
	return r;
}
