/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Panels that tables are enough for. */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "analyze/plot/figures.h"
#include "base/error.h"
#include "base/mem.h"
#include "plots/axes.h"
#include "plots/style.h"

#define MOST_VALUES 12

/* One value of a row: a column, less others. */
struct value {
	size_t columns[3], n;
	const char *name;
};

static bool known_somewhere(const struct view *view, size_t column)
{
	for (size_t i = 0; i < view->n_rows; i++)
		if (!isnan(plot_number(view, i, column)))
			return true;
	return false;
}

static double value_of(const struct view *view, size_t row, const struct value *value)
{
	double v = plot_number(view, row, value->columns[0]);

	for (size_t i = 1; i < value->n; i++)
		v -= plot_number(view, row, value->columns[i]);
	return v;
}

/* "A", "A-B" or "A-B-C", with ":NAME" behind; false if the table has no such columns. */
static bool parse_one(struct plot_source *source, const struct view *view, const char *word,
		      size_t n, struct value *value)
{
	size_t end = strcspn(word, ":,|"), at = 0;

	*value = (struct value){ .n = 0 };
	while (at < end && at < n) {
		size_t part = strcspn(word + at, "-:,|");
		size_t column = plot_column(view->info, word + at, part);

		if (column == SIZE_MAX || value->n == 3)
			return false;
		value->columns[value->n++] = column;
		at += part + 1;
	}
	if (!value->n)
		return false;
	if (end < n)
		value->name = plot_text(source->figure, "%.*s", (int)(n - end - 1), word + end + 1);
	else
		value->name = plot_column_name(source->figure,
					       view->info->columns[value->columns[0]]->name);
	return true;
}

/* Of "A|B", the first that is known in some row, or B. */
static bool parse_value(struct plot_source *source, const struct view *view, const char *word,
			size_t n, struct value *value)
{
	for (;;) {
		size_t one = strcspn(word, "|,");

		if (one > n)
			one = n;
		if (!parse_one(source, view, word, one, value))
			return false;
		if (one == n || known_somewhere(view, value->columns[0]))
			return true;
		word += one + 1;
		n -= one + 1;
	}
}

/* A figure that a bar can show. */
static bool is_figure(const struct schedtrace_column_info *column)
{
	return column->type != SCHEDTRACE_TEXT && *column->unit && !column_is_stamp(column);
}

/* What the user chose with --columns, and this table has. */
static int chosen_values(struct plot_source *source, const struct view *view, struct value values[],
			 size_t *n, struct schedtrace_error *err)
{
	const char *list = source->selection->columns;

	for (; list && *list; list += *list == ',') {
		size_t word = strcspn(list, ",");
		const struct schedtrace_column_info *column;
		struct value value;

		if (parse_value(source, view, list, word, &value) &&
		    is_figure(column = view->info->columns[value.columns[0]])) {
			const struct schedtrace_column_info *first =
				view->info->columns[*n ? values[0].columns[0] : value.columns[0]];

			if (strcmp(first->unit, column->unit))
				return error_set(err, SCHEDTRACE_E_USAGE,
						 "--columns: %s is in %s and %s in %s; a picture "
						 "has bars of one unit",
						 first->name, first->unit, column->name,
						 column->unit);
			if (*n < MOST_VALUES)
				values[(*n)++] = value;
		}
		list += word;
	}
	return 0;
}

static int values_to_draw(struct plot_source *source, const struct schedtrace_picture *picture,
			  const struct view *view, struct value values[], size_t *n,
			  struct schedtrace_error *err)
{
	int r;

	*n = 0;
	r = chosen_values(source, view, values, n, err);
	if (r || *n)
		return r;
	for (const char *list = picture->values; list && *list; list += *list == ',') {
		size_t word = strcspn(list, ",");

		if (*n < MOST_VALUES && parse_value(source, view, list, word, &values[*n]))
			++*n;
		list += word;
	}
	for (size_t i = 0; !*n && i < view->info->n_columns; i++)
		if (is_figure(view->info->columns[i]) &&
		    (!view->n_rows || known_somewhere(view, i)))
			values[(*n)++] = (struct value){
				.columns = { i },
				.n = 1,
				.name = plot_column_name(source->figure,
							 view->info->columns[i]->name),
			};
	if (!*n)
		return error_set(err, SCHEDTRACE_E_USAGE, "table %s has no figures to draw",
				 view->info->name);
	return 0;
}

/* What stands under a panel that does not show all rows. */
static const char *note_rest(struct plot_source *source, const struct view *view, size_t shown,
			     const struct value values[], size_t n_values, bool additive,
			     const char *unit)
{
	double sum = 0;
	char text[32];

	if (shown >= view->n_rows)
		return NULL;
	for (size_t i = shown; i < view->n_rows; i++)
		for (size_t v = 0; v < n_values; v++)
			sum += fmax(0, value_of(view, i, &values[v])); /* NaN adds nothing */
	axis_value(sum, unit, text, sizeof(text));
	if (!additive || (strcmp(unit, "ns") && strcmp(unit, "bytes") && strcmp(unit, "1")))
		return plot_text(source->figure, "%zu more rows are not shown",
				 view->n_rows - shown);
	return plot_text(source->figure, "%zu more rows are not shown; together they have %s",
			 view->n_rows - shown, text);
}

static size_t rows_to_draw(const struct plot_source *source,
			   const struct schedtrace_picture *picture, size_t n)
{
	size_t top = source->selection->top > 0 ? (size_t)source->selection->top : picture->top;

	if (!source->selection->top) /* all, within reason */
		top = 200;
	return n < top ? n : top;
}

/* Series without any bar only fill the legend; one is kept. */
static void leave_out_empty(struct plot_panel *panel)
{
	size_t kept = 0;

	for (size_t s = 0; s < panel->n_series; s++) {
		bool any = false;

		for (size_t i = 0; i < panel->series[s].n; i++)
			any |= panel->series[s].y[i] > 0;
		if (any || (!kept && s + 1 == panel->n_series))
			panel->series[kept++] = panel->series[s];
	}
	panel->n_series = kept;
}

/* The style that goes with the name of a series, or the next that none before it looks like. */
static size_t free_style(const struct plot_panel *panel, size_t s)
{
	size_t style = plot_style_of(panel->series[s].name, s);

	for (size_t before = 0, next = s + 1; before < s;) {
		bool same =
			plot_style(panel->series[before].style)->fill == plot_style(style)->fill;

		before = same ? 0 : before + 1;
		style = same ? next++ : style;
	}
	return style;
}

static int fill_bars(struct plot_source *source, const struct schedtrace_picture *picture,
		     const struct view *view, struct schedtrace_error *err)
{
	struct value values[MOST_VALUES];
	struct plot_panel *panel;
	const char *rest;
	size_t n_values, n;
	int r = values_to_draw(source, picture, view, values, &n_values, err);

	if (r)
		return r;
	panel = plot_panel_add(source->figure, PLOT_BARS);
	if (!panel)
		return plot_no_room(err);
	n = rows_to_draw(source, picture, view->n_rows);
	/* One of several columns alone is an example of what the table has, not all of it. */
	if (!picture->values && !source->selection->columns)
		n_values = 1;
	panel->title =
		picture->title ? picture->title : plot_title(source->figure, view->info->about);
	panel->stacked =
		picture->kind == SCHEDTRACE_PICTURE_STACKED_BARS && !source->selection->columns;
	panel->x.unit = view->info->columns[values[0].columns[0]]->unit;
	panel->x.whole = !strcmp(panel->x.unit, "1") &&
			 view->info->columns[values[0].columns[0]]->type == SCHEDTRACE_INT;
	panel->x.name = n_values == 1 ? values[0].name : plot_quantity(panel->x.unit);
	panel->cut_middle = picture->labels && strstr(picture->labels, "frames");
	panel->labels = plot_alloc(source->figure, n, sizeof(*panel->labels));
	if (!panel->labels)
		return plot_no_memory(err);
	r = plot_panel_series(source->figure, panel, n_values, n, err);
	if (r)
		return r;
	for (size_t v = 0; v < n_values; v++) {
		struct plot_series *series = &panel->series[v];

		if (!values[v].name)
			return plot_no_memory(err);
		series->name = values[v].name;
		series->style = free_style(panel, v);
		for (size_t i = 0; i < n; i++)
			series->y[i] = value_of(view, i, &values[v]);
	}
	for (; panel->n_labels < n; panel->n_labels++) {
		const char *label = plot_row_label(source, view, panel->n_labels, picture->labels);

		if (!label)
			return plot_no_memory(err);
		panel->labels[panel->n_labels] = label;
	}
	leave_out_empty(panel);
	if (panel->n_series == 1) /* which has no legend */
		panel->x.name = panel->series[0].name;
	rest = note_rest(source, view, n, values, n_values,
			 panel->stacked ||
				 (picture->values && n_values == 1 && !source->selection->columns),
			 panel->x.unit);
	panel->note = rest;
	if (panel->cut_middle && n)
		panel->note = plot_text(source->figure,
					"%s%sLabels leave out the scheduler's functions "
					"and the kernel's entry",
					rest ? rest : "", rest ? ". " : "");
	return 0;
}

int plot_make_bars(struct plot_source *source, const struct schedtrace_picture *picture,
		   struct schedtrace_error *err)
{
	struct view view = { 0 };
	int r = plot_view(source, picture->from, &view, err);

	if (!r)
		r = fill_bars(source, picture, &view, err);
	view_release(&view);
	return r;
}

/* The rows with the most of a value, in their order, and the sum of the others. */
struct largest {
	size_t rows[64];
	size_t n;
	double others;
	size_t n_others;
};

static void find_largest(const struct view *view, const struct value *value, size_t top,
			 struct largest *largest)
{
	double values[64];

	*largest = (struct largest){ .n = 0 };
	if (top > 64)
		top = 64;
	for (size_t i = 0; i < view->n_rows; i++) {
		double v = value_of(view, i, value);
		size_t at = largest->n;

		if (!(v > 0))
			continue;
		if (largest->n == top && (!top || values[top - 1] >= v)) {
			largest->others += v;
			largest->n_others++;
			continue;
		}
		if (largest->n == top) {
			largest->others += values[--at];
			largest->n_others++;
		} else {
			largest->n++;
		}
		for (; at && values[at - 1] < v; at--) {
			values[at] = values[at - 1];
			largest->rows[at] = largest->rows[at - 1];
		}
		values[at] = v;
		largest->rows[at] = i;
	}
}

/* What the processes hold, beside what they requested. */
struct held {
	size_t column;
	double of; /* the machine's memory and swap; not above 0: unknown */
};

static const char *held_share(struct plot_source *source, const struct held *held, double bytes)
{
	if (isnan(bytes) || !(held->of > 0))
		return "unknown";
	return plot_text(source->figure, "%.*f %%", bytes > 0.1 * held->of ? 1 : 2,
			 100 * bytes / held->of);
}

/* Slices by @requested, with what is held by them at the end. */
static int fill_pie(struct plot_source *source, const struct schedtrace_picture *picture,
		    const struct view *view, const struct value *requested, const struct held *held,
		    struct schedtrace_error *err)
{
	static const char *heads[] = { "requested", "share", "held ÷ (memory + swap)" };
	struct plot_panel *panel = plot_panel_add(source->figure, PLOT_PIE);
	double others = 0, all = 0;
	struct largest largest;
	size_t n;
	int r;

	if (!panel)
		return plot_no_room(err);
	find_largest(view, requested,
		     source->selection->top > 0 ? (size_t)source->selection->top : picture->top,
		     &largest);
	n = largest.n + (largest.n_others > 0);
	for (size_t i = 0; i < view->n_rows; i++)
		all += fmax(0, plot_number(view, i, held->column)); /* NaN adds nothing */
	others = all;
	panel->title = "Memory that each process requested: the lengths of its mmap calls";
	panel->y.unit = "bytes";
	panel->column_labels = heads;
	panel->n_columns = 3;
	if (!n)
		panel->note = "No process requested memory";
	r = plot_panel_series(source->figure, panel, n, 1, err);
	for (size_t i = 0; i < n && !r; i++) {
		struct plot_series *series = &panel->series[i];
		double holds = others;

		series->texts = plot_alloc(source->figure, 1, sizeof(*series->texts));
		if (i < largest.n) {
			holds = plot_number(view, largest.rows[i], held->column);
			others -= fmax(0, holds);
			series->name = plot_row_label(source, view, largest.rows[i], "comm,pid");
			series->y[0] = value_of(view, largest.rows[i], requested);
		} else {
			series->name = plot_text(source->figure, "others (%zu)", largest.n_others);
			series->y[0] = largest.others;
			series->style = STYLE_OTHERS;
		}
		if (!series->name || !series->texts)
			return plot_no_memory(err);
		series->texts[0] = held_share(source, held, holds);
	}
	return r;
}

/* What was resident cannot be added up: peaks are at different times. */
static int bars_of_resident(struct plot_source *source, const struct schedtrace_picture *picture,
			    const struct view *view, struct schedtrace_error *err)
{
	const struct schedtrace_picture bars = { .from = "memory",
						 .title = "Most resident at once, of each process",
						 .labels = "comm,pid",
						 .values = "rss_peak_bytes",
						 .top = picture->top };

	return fill_bars(source, &bars, view, err);
}

int plot_make_requested(struct plot_source *source, const struct schedtrace_picture *picture,
			struct schedtrace_error *err)
{
	struct view view = { 0 };
	int r = plot_view(source, "memory", &view, err);

	if (!r) {
		const struct value requested = { { plot_column(view.info, "requested_bytes", 15) },
						 1,
						 "" };
		const struct held held = { plot_column(view.info, "net_floor_bytes", 15),
					   source->memory_and_swap };

		if (source->selection->columns)
			r = fill_bars(source, &(struct schedtrace_picture){ .top = 20 }, &view,
				      err);
		else if (known_somewhere(&view, requested.columns[0]))
			r = fill_pie(source, picture, &view, &requested, &held, err);
		else if (known_somewhere(&view, plot_column(view.info, "rss_peak_bytes", 14)))
			r = bars_of_resident(source, picture, &view, err);
	}
	view_release(&view);
	return r;
}
