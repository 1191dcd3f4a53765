/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "analyze/layout.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "analyze/time_of_day.h"
#include "base/error.h"
#include "base/escape.h"
#include "base/mem.h"

#define GAP	   2  /* blanks between columns */
#define TIME_WIDTH 26 /* of a local time of day in a log */
#define TEXT_LIMIT 40 /* columns of a text, unless its column was asked for */

/* The smaller, the longer the column stays. */
static size_t importance(const struct view *view, const struct column_layout *layout)
{
	const char *name = view->info->columns[layout->column]->name;
	size_t rank = 0, n = strlen(name);

	for (const char *list = view->info->first; list && *list; rank++) {
		size_t word = strcspn(list, ",");

		if (word == n && !strncmp(list, name, n))
			return rank;
		list += word + (list[word] == ',');
	}
	return rank + layout->column + (layout->zero ? view->info->n_columns : 0);
}

/* The largest magnitude of a unit in the rows to show: all its columns are scaled alike. */
struct extent {
	double max;
	bool whole_kib;
};

static struct extent extent_of(const struct view *view, const char *unit)
{
	struct extent extent = { 0, true };

	for (size_t i = 0; i < view->n_columns; i++) {
		const struct schedtrace_column_info *column = view->info->columns[view->columns[i]];

		if (strcmp(column->unit, unit) || column->type == SCHEDTRACE_TEXT ||
		    column_is_stamp(column))
			continue;
		for (size_t r = 0; r < view->n_rows; r++) {
			union schedtrace_value v = schedtrace_table_value(
				view->table, view->rows[r], view->columns[i]);
			double magnitude;

			if (value_unknown(column, v))
				continue;
			magnitude = fabs(column->type == SCHEDTRACE_INT ? (double)v.i : v.f);
			if (magnitude > extent.max)
				extent.max = magnitude;
			if (column->type == SCHEDTRACE_REAL || v.i % 1024)
				extent.whole_kib = false;
		}
	}
	return extent;
}

static void scale(struct column_layout *layout, double divisor, int decimals, const char *unit)
{
	layout->kind = COLUMN_SCALED;
	layout->divisor = divisor;
	layout->decimals = decimals;
	layout->unit = unit;
}

static void scale_ns(struct column_layout *layout, int micros, double max)
{
	if (micros) {
		scale(layout, 1e3, micros, "us");
		return;
	}
	if (max < 1e5)
		scale(layout, 1, 0, "ns");
	else if (max < 1e12)
		scale(layout, 1e6, 3, "ms");
	else
		scale(layout, 1e9, 3, "s");
}

static void scale_bytes(struct column_layout *layout, struct extent extent)
{
	if (extent.max < 65536 && !extent.whole_kib)
		scale(layout, 1, 0, "B");
	else if (extent.max < 256.0 * (1 << 20))
		scale(layout, 1 << 10, extent.whole_kib ? 0 : 1, "KiB");
	else
		scale(layout, 1 << 20, 1, "MiB");
}

static void choose_kind(struct column_layout *layout, const struct schedtrace_column_info *column,
			const struct text_options *options, const struct view *view,
			struct extent ns, struct extent bytes)
{
	layout->unit = strcmp(column->unit, "1") ? column->unit : "";
	if (column->type == SCHEDTRACE_TEXT) {
		layout->kind = COLUMN_TEXT;
		return;
	}
	layout->kind = column->type == SCHEDTRACE_INT ? COLUMN_PLAIN : COLUMN_REAL;
	layout->decimals = strcmp(column->unit, "%") ? 3 : 2;
	if (view_shows_time(view, column)) {
		layout->kind = COLUMN_TIME;
		layout->times = view->times;
		layout->decimals = options->exact ? 9 : 6;
		layout->unit = time_of_day_unit(view->times);
	}
	if (options->exact || layout->kind == COLUMN_TIME)
		return;
	if (column->kind == SCHEDTRACE_KIND_ADDRESS) {
		layout->kind = COLUMN_ADDRESS;
	} else if (column_is_stamp(column)) {
		if (options->begin_ns != INT64_MIN) {
			layout->kind = COLUMN_STAMP;
			layout->unit = "s";
		}
	} else if (!strcmp(column->unit, "ns")) {
		scale_ns(layout, view->info->micros, ns.max);
	} else if (!strcmp(column->unit, "bytes")) {
		scale_bytes(layout, bytes);
	}
}

/* The name without its unit when that stands below; on two lines where values are narrower. */
static void choose_heading(struct column_layout *layout,
			   const struct schedtrace_column_info *column, size_t value_width,
			   bool split)
{
	size_t n = strlen(column->name), best = 0, best_width;
	char name[sizeof(layout->heading[0])];

	if (layout->kind == COLUMN_SCALED || layout->kind == COLUMN_STAMP ||
	    layout->kind == COLUMN_TIME) {
		if (name_ends_with(column->name, "_ns"))
			n -= 3;
		else if (name_ends_with(column->name, "_bytes"))
			n -= 6;
	}
	if (n >= sizeof(name))
		n = sizeof(name) - 1;
	memcpy(name, column->name, n);
	name[n] = '\0';
	best_width = n;
	for (size_t i = 1; split && n > value_width && i + 1 < n; i++) {
		size_t right = n - i - 1, wider = i > right ? i : right;

		if (name[i] == '_' && (wider < best_width || (best && wider == best_width))) {
			best = i;
			best_width = wider;
		}
	}
	layout->heading[0][0] = '\0';
	if (best) {
		memcpy(layout->heading[0], name, best);
		layout->heading[0][best] = '\0';
		strcpy(layout->heading[1], name + best + 1);
	} else {
		strcpy(layout->heading[1], name);
	}
	layout->width = value_width > best_width ? value_width : best_width;
	if (escape_width(layout->unit) > layout->width)
		layout->width = escape_width(layout->unit);
}

char *layout_cell(const struct column_layout *layout, const struct schedtrace_column_info *column,
		  union schedtrace_value value, const struct text_options *options)
{
	double number;
	char *text;

	if (value_unknown(column, value))
		return strdup("-");
	number = column->type == SCHEDTRACE_INT ? (double)value.i : value.f;
	switch (layout->kind) {
	case COLUMN_TEXT:
		return escape_visible(value.s);
	case COLUMN_REAL:
		return asprintf(&text, "%.*f", layout->decimals, number) < 0 ? NULL : text;
	case COLUMN_SCALED:
		if (layout->divisor != 1 || column->type == SCHEDTRACE_REAL)
			return asprintf(&text, "%.*f", layout->decimals, number / layout->divisor) <
					       0
				       ? NULL
				       : text;
		break;
	case COLUMN_STAMP:
		return asprintf(&text, "%.6f",
				((double)value.i - (double)options->begin_ns) / 1e9) < 0
			       ? NULL
			       : text;
	case COLUMN_TIME:
		return time_of_day_text(layout->times, value.i, layout->decimals);
	case COLUMN_ADDRESS:
		return asprintf(&text, "%#" PRIx64, (uint64_t)value.i) < 0 ? NULL : text;
	default:
		break;
	}
	return asprintf(&text, "%" PRId64, value.i) < 0 ? NULL : text;
}

/* An upper bound that equals the certain figure, the only one that it bounds, in every row. */
static bool is_redundant(const struct view *view, size_t column)
{
	const struct schedtrace_table_info *info = view->info;
	const char *name = info->columns[column]->name;
	size_t certain = SIZE_MAX;

	for (size_t c = 0; c < info->n_columns; c++) {
		const struct schedtrace_column_info *other = info->columns[c];

		if (!other->most || other->adds || strcmp(other->most, name))
			continue;
		if (certain != SIZE_MAX)
			return false;
		certain = c;
	}
	if (certain == SIZE_MAX)
		return false;
	for (size_t r = 0; r < view->n_rows; r++)
		if (schedtrace_table_value(view->table, view->rows[r], column).i !=
		    schedtrace_table_value(view->table, view->rows[r], certain).i)
			return false;
	return true;
}

static bool is_zero(const struct view *view, size_t column)
{
	const struct schedtrace_column_info *info = view->info->columns[column];

	if (!*info->unit || info->type == SCHEDTRACE_TEXT)
		return false;
	for (size_t r = 0; r < view->n_rows; r++) {
		union schedtrace_value v =
			schedtrace_table_value(view->table, view->rows[r], column);

		if (info->type == SCHEDTRACE_INT ? v.i != 0 : v.f != 0)
			return false;
	}
	return true;
}

/* Whether one decimal shows all values of a column, as of medians of whole numbers. */
static bool needs_one_decimal(const struct view *view, size_t column)
{
	for (size_t r = 0; r < view->n_rows; r++) {
		double v = schedtrace_table_value(view->table, view->rows[r], column).f;

		if (isfinite(v) && 10 * v != rint(10 * v))
			return false;
	}
	return true;
}

int layout_table(struct column_layout *layouts, const struct view *view,
		 const struct text_options *options, struct schedtrace_error *err)
{
	struct extent ns = extent_of(view, "ns"), bytes = extent_of(view, "bytes");

	for (size_t i = 0; i < view->n_columns; i++) {
		struct column_layout *layout = &layouts[i];
		const struct schedtrace_column_info *column = view->info->columns[view->columns[i]];
		size_t width = 1;

		memset(layout, 0, sizeof(*layout));
		layout->column = view->columns[i];
		choose_kind(layout, column, options, view, ns, bytes);
		if (layout->kind == COLUMN_REAL && !strcmp(column->unit, "1") &&
		    needs_one_decimal(view, layout->column))
			layout->decimals = 1;
		for (size_t r = 0; r < view->n_rows; r++) {
			union schedtrace_value v =
				schedtrace_table_value(view->table, view->rows[r], layout->column);
			auto_free char *cell = layout_cell(layout, column, v, options);
			size_t w;

			if (!cell)
				return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for a cell");
			layout->known |= !value_unknown(column, v);
			w = escape_width(cell);
			if (w > width)
				width = w;
		}
		layout->redundant = is_redundant(view, layout->column);
		layout->zero = is_zero(view, layout->column);
		if (width > TEXT_LIMIT && layout->kind == COLUMN_TEXT && options->width &&
		    !view->columns_chosen)
			width = TEXT_LIMIT;
		choose_heading(layout, column, width, !options->exact);
	}
	return 0;
}

void layout_log(struct column_layout *layouts, const struct view *view,
		const struct text_options *options)
{
	/* Durations in ms and sizes in bytes: what comes is not known yet. */
	const struct extent ns = { 1e9, false }, bytes = { 0, false };

	for (size_t i = 0; i < view->n_columns; i++) {
		struct column_layout *layout = &layouts[i];
		const struct schedtrace_column_info *column = view->info->columns[view->columns[i]];
		size_t width = 7;

		memset(layout, 0, sizeof(*layout));
		layout->column = view->columns[i];
		layout->known = true;
		choose_kind(layout, column, options, view, ns, bytes);
		if (layout->kind == COLUMN_ADDRESS)
			width = 14;
		else if (layout->kind == COLUMN_TIME)
			width = TIME_WIDTH + (options->exact ? 3 : 0);
		else if (layout->kind == COLUMN_TEXT)
			width = strcmp(column->name, "comm") ? 8 : 16;
		else if (!strcmp(column->unit, "ns") && layout->kind == COLUMN_PLAIN)
			width = 16;
		else if (layout->kind == COLUMN_STAMP || !strcmp(column->unit, "bytes"))
			width = 12;
		else if (!strcmp(column->unit, "ns"))
			width = 10;
		choose_heading(layout, column, width, !options->exact);
	}
}

static size_t total_width(const struct column_layout *layouts, size_t n)
{
	size_t sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += layouts[i].width + (i ? GAP : 0);
	return sum;
}

/* Moves one layout to index @to; those between move up. */
static void move_layout(struct column_layout *layouts, size_t from, size_t to)
{
	struct column_layout moved = layouts[from];

	memmove(layouts + from, layouts + from + 1, (to - from) * sizeof(*layouts));
	layouts[to] = moved;
}

size_t layout_fit(struct column_layout *layouts, const struct view *view, size_t width,
		  struct layout_left_out *out)
{
	size_t n = view->n_columns;

	memset(out, 0, sizeof(*out));
	if (view->columns_chosen)
		return n;
	for (size_t i = n; i-- > 0;) {
		if (!layouts[i].known) {
			move_layout(layouts, i, --n);
			out->unknown++;
		}
	}
	for (size_t i = n; i-- > 0;) {
		if (layouts[i].redundant) {
			move_layout(layouts, i, --n);
			out->redundant++;
		}
	}
	while (width && n > 1 && total_width(layouts, n) > width) {
		size_t worst = 0, worst_rank = 0;

		for (size_t i = 0; i < n; i++) {
			size_t rank = importance(view, &layouts[i]);

			if (rank >= worst_rank) {
				worst = i;
				worst_rank = rank;
			}
		}
		move_layout(layouts, worst, --n);
		out->narrow++;
	}
	return n;
}
