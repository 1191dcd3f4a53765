/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How long waits are: a histogram by powers of two, and the distribution it comes from. */
#include <math.h>
#include <string.h>

#include "analyze/plot/figures.h"
#include "base/error.h"
#include "plots/axes.h"

/* The columns that count, and their names. */
static size_t counted_columns(const struct view *view, size_t columns[], size_t most)
{
	size_t n = 0;

	for (size_t i = 0; i < view->info->n_columns && n < most; i++)
		if (!strcmp(view->info->columns[i]->unit, "1"))
			columns[n++] = i;
	return n;
}

static double sum_of(const struct view *view, size_t column)
{
	double sum = 0;

	for (size_t i = 0; i < view->n_rows; i++)
		sum += fmax(0, plot_number(view, i, column));
	return sum;
}

/* Where a bucket begins on a log axis, which has no 0. */
static double begin_of(const struct view *view, size_t row)
{
	double from = plot_number(view, row, 0);

	return from > 0 ? from : plot_number(view, row, 1) / 2;
}

/* "wakeup: 62 waits, median 2 µs, 99 % up to 4.5 ms". */
static const char *name_of(struct plot_source *source, const char *kind, double count)
{
	const struct schedtrace_table *kinds =
		schedtrace_tables_find(source->tables, "latency_kinds");
	const char *const *names = kinds ? schedtrace_table_texts(kinds, "kind") : NULL;
	const char *const *placements = kinds ? schedtrace_table_texts(kinds, "placement") : NULL;
	const int64_t *p50 = kinds ? schedtrace_table_ints(kinds, "p50_ns") : NULL;
	const int64_t *p99 = kinds ? schedtrace_table_ints(kinds, "p99_ns") : NULL;
	char median[32], most[32], n[32];

	snprintf(n, sizeof(n), "%.0f", count);
	for (size_t i = 0; names && placements && p50 && p99 && i < schedtrace_table_rows(kinds);
	     i++) {
		if (strcmp(names[i], kind) || strcmp(placements[i], "all") || p50[i] == INT64_MIN ||
		    p99[i] == INT64_MIN)
			continue;
		axis_value((double)p50[i], "ns", median, sizeof(median));
		axis_value((double)p99[i], "ns", most, sizeof(most));
		return plot_text(source->figure, "%s: %s waits, median %s, 99 %% within %s", kind,
				 n, median, most);
	}
	return plot_text(source->figure, "%s: %s waits", kind, n);
}

static int fill(struct plot_source *source, const struct schedtrace_picture *picture,
		const struct view *view, bool distribution, struct schedtrace_error *err)
{
	struct plot_panel *panel = plot_panel_add(source->figure, PLOT_CURVES);
	size_t columns[8], n = counted_columns(view, columns, 8), used = 0;
	int r;

	if (!panel)
		return plot_no_room(err);
	panel->title = picture->title;
	panel->x.name = "length of the wait";
	panel->x.unit = "ns";
	panel->x.log = true;
	panel->y.name = "share of the waits";
	panel->y.unit = "%";
	if (distribution)
		panel->y.max = 100;
	/* An empty bucket before and one after close the curve. */
	r = plot_panel_series(source->figure, panel, n, view->n_rows + 1, err);
	for (size_t c = 0; c < n && !r; c++) {
		struct plot_series *series = &panel->series[used];
		double sum = sum_of(view, columns[c]), below = 0;

		if (!(sum > 0))
			continue;
		series->look = distribution ? PLOT_LINE : PLOT_STEP;
		series->style = used++;
		series->name =
			distribution ? view->info->columns[columns[c]]->name
				     : name_of(source, view->info->columns[columns[c]]->name, sum);
		if (!series->name)
			r = plot_no_memory(err);
		for (size_t i = 0; i < view->n_rows; i++) {
			double share = 100 * fmax(0, plot_number(view, i, columns[c])) / sum;

			series->x[i] = begin_of(view, i);
			series->y[i] = distribution ? below : share;
			below += share;
		}
		series->x[view->n_rows] = plot_number(view, view->n_rows - 1, 1);
		series->y[view->n_rows] = distribution ? below : 0;
	}
	panel->n_series = used;
	return r;
}

static int make(struct plot_source *source, const struct schedtrace_picture *picture,
		bool distribution, struct schedtrace_error *err)
{
	struct view view = { 0 };
	int r = plot_view(source, picture->from, &view, err);

	if (!r)
		r = fill(source, picture, &view, distribution, err);
	view_release(&view);
	return r;
}

int plot_make_histogram(struct plot_source *source, const struct schedtrace_picture *picture,
			struct schedtrace_error *err)
{
	return make(source, picture, false, err);
}

int plot_make_distribution(struct plot_source *source, const struct schedtrace_picture *picture,
			   struct schedtrace_error *err)
{
	return make(source, picture, true, err);
}
