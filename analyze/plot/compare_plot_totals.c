/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Figures of whole recordings, each beside what it is in the first group. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/plot/compare_drawing.h"
#include "base/error.h"
#include "base/mem.h"
#include "plots/axes.h"

#define MOST_SHARE 500.0 /* % of the first group; longer bars are cut */

/* One of them: a row of one of the tables with the names totals_UNIT. */
struct total {
	const struct view *view;
	size_t row;
};

/* What can be told as a share of the first group's: known there, and not 0. */
static size_t find_totals(const struct drawing *d, const struct view *views, size_t n_views,
			  struct total *totals)
{
	size_t n = 0;

	for (size_t v = 0; v < n_views; v++) {
		size_t first = drawing_column(&views[v], "", &d->groups->groups[0]);

		for (size_t i = 0; drawing_is_totals(&views[v]) && i < views[v].n_rows; i++)
			if (drawing_cell(&views[v], i, first) > 0)
				totals[n++] = (struct total){ &views[v], i };
	}
	return n;
}

static const char *table_of(const struct total *total)
{
	const struct view *view = total->view;

	return schedtrace_table_value(view->table, view->rows[total->row], 0).s;
}

/* The first @each of every table. */
static size_t first_of_tables(struct total *out, const struct total *totals, size_t n, size_t each)
{
	size_t kept = 0;

	for (size_t i = 0; i < n; i++) {
		size_t before = 0;

		for (size_t k = 0; k < i; k++)
			before += !strcmp(table_of(&totals[k]), table_of(&totals[i]));
		if (before >= each)
			continue;
		if (out)
			out[kept] = totals[i];
		kept++;
	}
	return kept;
}

/* Keeps @most of them or fewer, of each table as many. */
static size_t choose_totals(struct total *totals, size_t n, size_t most)
{
	size_t each = 1;

	while (each < n && first_of_tables(NULL, totals, n, each + 1) <= most)
		each++;
	n = first_of_tables(totals, totals, n, each);
	return n < most ? n : most;
}

static int fill_share(struct drawing *d, const struct total *total, size_t g, size_t i,
		      struct plot_series *series, struct schedtrace_error *err)
{
	const struct group *groups = d->groups->groups;
	size_t first = drawing_column(total->view, "", &groups[0]);
	double whole = drawing_cell(total->view, total->row, first);
	double value =
		drawing_cell(total->view, total->row, drawing_column(total->view, "", &groups[g]));
	double low = drawing_cell(total->view, total->row,
				  drawing_column(total->view, "low_", &groups[g]));
	double high = drawing_cell(total->view, total->row,
				   drawing_column(total->view, "high_", &groups[g]));
	char text[32];

	axis_value(value, total->view->info->columns[first]->unit, text, sizeof(text));
	series->y[i] = fmin(MOST_SHARE, 100 * value / whole);
	series->texts[i] = plot_text(&d->figure, "%s%s", text,
				     100 * value / whole > MOST_SHARE ? " (cut)" : "");
	series->low[i] = series->high[i] = NAN;
	if (isfinite(low) && isfinite(high)) {
		series->low[i] = fmin(MOST_SHARE, fmax(0, 100 * (whole + low) / whole));
		series->high[i] = fmin(MOST_SHARE, fmax(0, 100 * (whole + high) / whole));
	}
	if (isnan(value))
		series->y[i] = NAN; /* fmin() prefers a number */
	return series->texts[i] ? 0 : plot_no_memory(err);
}

static int fill_totals(struct drawing *d, const struct total *totals, size_t n,
		       struct plot_panel *panel, bool *intervals, struct schedtrace_error *err)
{
	int r = plot_panel_series(&d->figure, panel, drawing_groups(d), n, err);

	for (size_t g = 0; g < panel->n_series && !r; g++) {
		struct plot_series *series = &panel->series[g];

		series->name = plot_text(&d->figure, "%s (%zu)", d->groups->groups[g].name,
					 d->groups->groups[g].n);
		series->low = plot_alloc(&d->figure, n, sizeof(double));
		series->high = plot_alloc(&d->figure, n, sizeof(double));
		series->texts = plot_alloc(&d->figure, n, sizeof(*series->texts));
		if (!series->name || !series->low || !series->high || !series->texts)
			return plot_no_memory(err);
		for (size_t i = 0; i < n && !r; i++) {
			r = fill_share(d, &totals[i], g, i, series, err);
			*intervals |= isfinite(series->high[i]);
		}
	}
	return r;
}

int drawing_totals(struct drawing *d, const struct view *views, size_t n_views,
		   struct schedtrace_error *err)
{
	size_t all = 0, n;
	auto_free struct total *totals = NULL;
	struct plot_panel *panel;
	bool intervals = false;
	int r;

	for (size_t v = 0; v < n_views; v++)
		all += drawing_is_totals(&views[v]) ? views[v].n_rows : 0;
	totals = calloc(all + 1, sizeof(*totals));
	if (!totals)
		return plot_no_memory(err);
	n = find_totals(d, views, n_views, totals);
	n = choose_totals(totals, n, drawing_rows(d, n));
	panel = n ? drawing_panel(d, PLOT_BARS, drawing_bars_height(d, n)) : NULL;
	if (!panel)
		return 0;
	panel->title = "Figures of whole recordings, beside those of the first group";
	panel->x.unit = "%";
	panel->x.name = plot_text(&d->figure, "of %s", d->groups->groups[0].name);
	panel->labels = plot_alloc(&d->figure, n, sizeof(*panel->labels));
	if (!panel->labels || !panel->x.name)
		return plot_no_memory(err);
	r = fill_totals(d, totals, n, panel, &intervals, err);
	for (; panel->n_labels < n && !r; panel->n_labels++) {
		const struct total *total = &totals[panel->n_labels];

		panel->labels[panel->n_labels] = drawing_row_name(d, total->view, total->row);
		if (!panel->labels[panel->n_labels])
			r = plot_no_memory(err);
	}
	panel->note = drawing_note(d, all - n, intervals ? WHISKERS : "");
	return r;
}
