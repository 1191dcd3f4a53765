/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "compare.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "libschedtrace/error.h"
#include "libschedtrace/mem.h"
#include "figures.h"
#include "style.h"

#define MOST_ROWS   12
#define MOST_GROUPS 12
#define WHISKERS                                                                                   \
	"Whiskers: 95 % interval of the difference from the first group, at that group's value"

struct drawing {
	const struct groups *groups;
	struct plot_figure figure;
	size_t n_left_out;
};

/* "PREFIX" and the name of a group, as columns are called; SIZE_MAX: there is none. */
static size_t group_column(const struct view *view, const char *prefix, const struct group *group)
{
	size_t n = strlen(prefix);

	for (size_t i = 0; i < view->info->n_columns; i++) {
		const char *name = view->info->columns[i].name;
		size_t length = strlen(group->name);

		/* An underscore follows where another column had the name. */
		if (!strncmp(name, prefix, n) && !strncmp(name + n, group->name, length) &&
		    (!name[n + length] || !strcmp(name + n + length, "_")) &&
		    view->info->columns[i].type != SCHEDTRACE_TEXT)
			return i;
	}
	return SIZE_MAX;
}

static double cell(const struct view *view, size_t row, size_t column)
{
	return column == SIZE_MAX ? NAN : plot_number(view, row, column);
}

/* What a table or a column is called, and the begin of what it says that it is. */
static const char *title(struct drawing *d, const char *name, const char *about)
{
	const char *of_all = strstr(about, ": median of"); /* which the heading says */
	size_t n = strcspn(about, ";");

	if (of_all && (size_t)(of_all - about) < n)
		n = (size_t)(of_all - about);
	return plot_text(&d->figure, "%s: %.*s", name, (int)n, about);
}

static size_t n_drawn(const struct drawing *d)
{
	return d->groups->n < MOST_GROUPS ? d->groups->n : MOST_GROUPS;
}

static struct plot_panel *new_panel(struct drawing *d, enum plot_kind kind)
{
	struct plot_panel *panel = plot_panel_add(&d->figure, kind);

	if (!panel)
		d->n_left_out++;
	return panel;
}

/* The columns before the first group's, which say what a row is about. */
static const char *row_name(struct drawing *d, const struct view *view, size_t row)
{
	size_t first = group_column(view, "", &d->groups->groups[0]);
	char text[256] = "";

	for (size_t i = 0; i < first && i < view->info->n_columns; i++) {
		const struct schedtrace_column_info *column = &view->info->columns[i];
		union schedtrace_value v = schedtrace_table_value(view->table, view->rows[row], i);
		size_t used = strlen(text);

		if (column->type == SCHEDTRACE_TEXT && v.s)
			snprintf(text + used, sizeof(text) - used, "%s%s", used ? " " : "", v.s);
		else if (column->type == SCHEDTRACE_INT && v.i != INT64_MIN)
			snprintf(text + used, sizeof(text) - used, "%s%s %lld", used ? " " : "",
				 column->name, (long long)v.i);
	}
	return plot_text(&d->figure, "%s", *text ? text : view->info->name);
}

/* The bars of a group, and its interval: that of the difference, moved to the first group. */
static int fill_group(struct drawing *d, const struct view *view, size_t g,
		      struct plot_series *series, struct schedtrace_error *err)
{
	const struct group *group = &d->groups->groups[g];
	size_t first = group_column(view, "", &d->groups->groups[0]);
	size_t value = group_column(view, "", group), low = group_column(view, "low_", group);
	size_t high = group_column(view, "high_", group);

	series->name = plot_text(&d->figure, "%s (%zu)", group->name, group->n);
	series->low = plot_alloc(&d->figure, series->n, sizeof(double));
	series->high = plot_alloc(&d->figure, series->n, sizeof(double));
	if (!series->name || !series->low || !series->high)
		return plot_no_memory(err);
	for (size_t i = 0; i < series->n; i++) {
		series->y[i] = cell(view, i, value);
		series->low[i] = fmax(0, cell(view, i, first) + cell(view, i, low));
		series->high[i] = cell(view, i, first) + cell(view, i, high);
		if (isnan(series->high[i]))
			series->low[i] = NAN;
	}
	return 0;
}

static int draw_bars(struct drawing *d, const struct view *view, struct schedtrace_error *err)
{
	struct plot_panel *panel = new_panel(d, PLOT_BARS);
	size_t n = view->n_rows < MOST_ROWS ? view->n_rows : MOST_ROWS;
	size_t first = group_column(view, "", &d->groups->groups[0]);
	bool intervals = false;
	int r;

	if (!panel)
		return 0;
	panel->title = title(d, view->name, view->info->about);
	panel->x.unit = view->info->columns[first].unit;
	panel->x.name = plot_quantity(panel->x.unit);
	panel->labels = plot_alloc(&d->figure, n, sizeof(*panel->labels));
	if (!panel->labels || !panel->title)
		return plot_no_memory(err);
	r = plot_panel_series(&d->figure, panel, n_drawn(d), n, err);
	for (size_t g = 0; g < panel->n_series && !r; g++) {
		r = fill_group(d, view, g, &panel->series[g], err);
		for (size_t i = 0; i < n && !r; i++)
			intervals |= isfinite(panel->series[g].high[i]);
	}
	for (; panel->n_labels < n && !r; panel->n_labels++) {
		panel->labels[panel->n_labels] = row_name(d, view, panel->n_labels);
		if (!panel->labels[panel->n_labels])
			r = plot_no_memory(err);
	}
	if (n < view->n_rows)
		panel->note =
			plot_text(&d->figure, "%zu more rows are not shown%s%s", view->n_rows - n,
				  intervals ? ". " : "", intervals ? WHISKERS : "");
	else if (intervals)
		panel->note = WHISKERS;
	return r;
}

/* Shares of the counts by length, on one scale for all groups. */
static int draw_histogram(struct drawing *d, const struct view *view, size_t from, size_t below,
			  struct schedtrace_error *err)
{
	struct plot_panel *panel = new_panel(d, PLOT_CURVES);
	size_t n = view->n_rows;
	int r;

	if (!panel || !n)
		return 0;
	panel->title = title(d, view->name, view->info->about);
	if (!panel->title)
		return plot_no_memory(err);
	panel->x.name = "length";
	panel->x.unit = view->info->columns[from].unit;
	panel->x.log = true;
	panel->y.name = "share";
	panel->y.unit = "%";
	r = plot_panel_series(&d->figure, panel, n_drawn(d), n + 1, err);
	for (size_t g = 0; g < panel->n_series && !r; g++) {
		const struct group *group = &d->groups->groups[g];
		struct plot_series *series = &panel->series[g];
		size_t share = group_column(view, "share_", group);

		series->look = PLOT_STEP;
		series->name = plot_text(&d->figure, "%s (%zu)", group->name, group->n);
		if (!series->name)
			return plot_no_memory(err);
		for (size_t i = 0; i < n; i++) {
			double x = cell(view, i, from);

			series->x[i] = x > 0 ? x : cell(view, i, below) / 2;
			series->y[i] = cell(view, i, share);
		}
		series->x[n] = cell(view, n - 1, below);
		series->y[n] = 0;
	}
	return r;
}

/* ---- against the number of a group ---------------------------------------------------- */

static bool all_numbered(const struct groups *groups)
{
	for (size_t g = 0; g < groups->n; g++)
		if (group_number(&groups->groups[g]) == INT64_MIN)
			return false;
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
	panel = new_panel(d, PLOT_CURVES);
	if (!panel)
		return 0;
	qsort(places, n, sizeof(*places), by_x);
	panel->title = title(d, name, info->about);
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
	const struct schedtrace_column_info *info = &view->info->columns[column];
	size_t number = plot_column(view->info, "number", 6), n = 0;
	auto_free struct place *places = calloc(view->n_rows + 1, sizeof(*places));

	if (!places)
		return plot_no_memory(err);
	for (size_t i = 0; i < view->n_rows; i++) {
		places[n] = (struct place){ cell(view, i, number), cell(view, i, column) };
		n += isfinite(places[n].x) && isfinite(places[n].y);
	}
	return draw_places(d, places, n, info->name, info, err);
}

/* The only row of a table, which has a column for each group. */
static int draw_row_by_number(struct drawing *d, const struct view *view,
			      struct schedtrace_error *err)
{
	size_t first = group_column(view, "", &d->groups->groups[0]), n = 0;
	struct schedtrace_column_info info = view->info->columns[first];
	auto_free struct place *places = calloc(d->groups->n + 1, sizeof(*places));

	if (!places)
		return plot_no_memory(err);
	info.about = view->info->about;
	for (size_t g = 0; g < d->groups->n; g++) {
		const struct group *group = &d->groups->groups[g];

		places[n] = (struct place){ (double)group_number(group),
					    cell(view, 0, group_column(view, "", group)) };
		n += isfinite(places[n].y);
	}
	return draw_places(d, places, n, view->name, &info, err);
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
		if (*view->info->columns[c].unit)
			r = draw_by_number(d, view, c, err);
	return r;
}

/* ---- all of it ------------------------------------------------------------------------ */

static int draw_view(struct drawing *d, const struct report_settings *report,
		     const struct view *view, struct schedtrace_error *err)
{
	size_t from = plot_column(view->info, "from_ns", 7);
	size_t below = plot_column(view->info, "below_ns", 8);

	if (!strcmp(view->info->name, "recordings") || !view->n_rows)
		return 0;
	if (!strcmp(view->info->name, "figures"))
		return draw_figures(d, view, report->selection.columns, err);
	if (from != SIZE_MAX && below != SIZE_MAX)
		return draw_histogram(d, view, from, below, err);
	if (group_column(view, "", &d->groups->groups[0]) == SIZE_MAX)
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
	for (size_t i = 0; i < n && !r; i++)
		if (!by_number || !any || !strcmp(views[i].info->name, "figures"))
			r = draw_view(d, report, &views[i], err);
	if (!r && !d->figure.n_panels)
		return error_set(err, SCHEDTRACE_E_USAGE,
				 "--plot: these tables have nothing to draw; see --table");
	return r;
}

static int write_heading(struct drawing *d, const char *lines, struct schedtrace_error *err)
{
	auto_free char *copy = strdup(lines);
	char *rest, *line;
	size_t n = 0;

	if (!copy)
		return plot_no_memory(err);
	d->figure.title =
		plot_text(&d->figure, "%zu groups of recordings side by side", d->groups->n);
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
	struct drawing d = { .groups = groups };
	int r = plot_check(report->plot, err);

	if (!r)
		r = draw_views(&d, report, views, n, err);
	if (!r)
		r = write_heading(&d, lines, err);
	if (!r)
		r = plot_write(report->plot, &d.figure, &report->plot_size, err);
	plot_figure_free(&d.figure);
	return r;
}
