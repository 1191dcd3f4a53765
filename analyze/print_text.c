/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "analyze/layout.h"

#include <string.h>

#include "analyze/wrap.h"
#include "base/error.h"
#include "base/escape.h"
#include "base/mem.h"

static void pad(FILE *f, size_t n)
{
	while (n--)
		fputc(' ', f);
}

/* Texts stand left, numbers right; nothing trails at the end of a line. */
static void print_cell(FILE *f, const char *text, size_t width, bool left, bool last)
{
	size_t w = escape_width(text);

	if (!left && w < width)
		pad(f, width - w);
	fputs(text, f);
	if (left && w < width && !last)
		pad(f, width - w);
	if (!last)
		pad(f, 2);
}

/* Two lines of the name, then the unit. */
static const char *heading_text(const struct column_layout *layout, int line)
{
	return line < 2 ? layout->heading[line] : layout->unit;
}

static void print_heading(FILE *f, const struct column_layout *layouts, size_t n)
{
	bool two_lines = false, units = false;

	for (size_t i = 0; i < n; i++) {
		two_lines |= layouts[i].heading[0][0] != '\0';
		units |= *layouts[i].unit != '\0';
	}
	for (int line = two_lines ? 0 : 1; line < (units ? 3 : 2); line++) {
		size_t end = 0; /* nothing trails */

		for (size_t i = 0; i < n; i++)
			if (*heading_text(&layouts[i], line))
				end = i + 1;
		for (size_t i = 0; i < end; i++)
			print_cell(f, heading_text(&layouts[i], line), layouts[i].width,
				   layouts[i].kind == COLUMN_TEXT, i + 1 == end);
		fputc('\n', f);
	}
}

static int print_row(FILE *f, const struct view *view, const struct column_layout *layouts,
		     size_t n, const union schedtrace_value *values,
		     const struct text_options *options, bool cut, struct schedtrace_error *err)
{
	for (size_t i = 0; i < n; i++) {
		const struct column_layout *layout = &layouts[i];
		auto_free char *cell = layout_cell(layout, view->info->columns[layout->column],
						   values[layout->column], options);
		auto_free char *shortened = NULL;

		if (!cell)
			return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for a cell");
		if (cut && layout->kind == COLUMN_TEXT && escape_width(cell) > layout->width) {
			if (asprintf(&shortened, "%.*s…", (int)escape_fit(cell, layout->width - 1),
				     cell) < 0)
				return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for a cell");
		}
		print_cell(f, shortened ? shortened : cell, layout->width,
			   layout->kind == COLUMN_TEXT, i + 1 == n);
	}
	fputc('\n', f);
	return 0;
}

/* "LABEL: a, b, c" in lines of @width; nothing without names. */
static void print_names(FILE *f, const char *label, const struct view *view,
			const struct column_layout *layouts, size_t n, size_t width)
{
	size_t at;

	if (!n)
		return;
	at = (size_t)fprintf(f, "  %s:", label);
	for (size_t i = 0; i < n; i++) {
		const char *name = view->info->columns[layouts[i].column]->name;

		if (width && at + strlen(name) + 2 > width)
			at = (size_t)fprintf(f, "\n   ") - 1;
		at += (size_t)fprintf(f, " %s%s", name, i + 1 < n ? "," : "");
	}
	fputc('\n', f);
}

static void print_title(FILE *f, const struct view *view, size_t width)
{
	auto_free char *title = NULL;

	if (asprintf(&title, "%s: %s", view->name, view->info->about) >= 0)
		wrap_text(f, title, 0, 2, width);
}

/* Index of the column of call stacks, which are shown below their rows; SIZE_MAX: none. */
static size_t frames_column(const struct view *view)
{
	for (size_t i = 0; i < view->n_columns && !view->columns_chosen; i++)
		if (!strcmp(view->info->columns[view->columns[i]]->name, "frames"))
			return i;
	return SIZE_MAX;
}

/* The functions of a stack, a line each. */
static int print_frames(FILE *f, const char *frames, int64_t depth, struct schedtrace_error *err)
{
	auto_free char *visible = escape_visible(frames ? frames : "(no stack was recorded)");
	int64_t n = 0, more = 0;

	if (!visible)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for a stack");
	for (const char *name = visible; name; n++) {
		const char *end = strchrnul(name, ';');

		if (depth && n >= depth)
			more++;
		else
			fprintf(f, "        %.*s\n", (int)(end - name), name);
		name = *end ? end + 1 : NULL;
	}
	if (more)
		fprintf(f, "        … %lld more\n", (long long)more);
	return 0;
}

static int print_table(FILE *f, const struct view *view, const struct text_options *options,
		       size_t frames, struct schedtrace_error *err)
{
	auto_free struct column_layout *layouts = calloc(view->n_columns + 1, sizeof(*layouts));
	auto_free union schedtrace_value *values =
		calloc(view->info->n_columns + 1, sizeof(*values));
	struct layout_left_out out;
	size_t n;
	int r;

	if (!layouts || !values)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for the columns of a table");
	print_title(f, view, options->width);
	if (!view->n_rows) {
		fputs("  (no rows)\n", f);
		return 0;
	}
	r = layout_table(layouts, view, options, err);
	if (r)
		return r;
	n = layout_fit(layouts, view, options->width, &out);
	print_heading(f, layouts, n);
	for (size_t i = 0; i < view->n_rows; i++) {
		for (size_t c = 0; c < view->info->n_columns; c++)
			values[c] = schedtrace_table_value(view->table, view->rows[i], c);
		r = print_row(f, view, layouts, n, values, options, true, err);
		if (!r && frames != SIZE_MAX)
			r = print_frames(f, values[frames].s, options->depth, err);
		if (r)
			return r;
	}
	if (view->n_rows < view->n_matching)
		fprintf(f, "  %zu of %zu rows%s; --top 0 shows all\n", view->n_rows,
			view->n_matching, view->spread ? ", evenly spread" : "");
	print_names(f, "too wide here, see --columns or --width 0", view, layouts + n, out.narrow,
		    options->width);
	n += out.narrow;
	print_names(f, "as the certain figure in all rows", view, layouts + n, out.redundant,
		    options->width);
	n += out.redundant;
	print_names(f, "unknown in all rows", view, layouts + n, out.unknown, options->width);
	return 0;
}

int text_table(FILE *f, const struct view *view, const struct text_options *options,
	       struct schedtrace_error *err)
{
	auto_free size_t *columns = calloc(view->n_columns + 1, sizeof(*columns));
	size_t at = frames_column(view), frames = SIZE_MAX;
	struct view shown = *view;

	if (!columns)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for the columns of a table");
	shown.columns = columns;
	shown.n_columns = 0;
	for (size_t i = 0; i < view->n_columns; i++) {
		if (i == at)
			frames = view->columns[i];
		else
			columns[shown.n_columns++] = view->columns[i];
	}
	return print_table(f, &shown, options, frames, err);
}

struct column_layout *text_log_layout(const struct view *view, const struct text_options *options)
{
	struct column_layout *layouts = calloc(view->n_columns + 1, sizeof(*layouts));

	if (layouts)
		layout_log(layouts, view, options);
	return layouts;
}

void text_log_heading(FILE *f, const struct view *view, const struct column_layout *layouts,
		      const struct text_options *options)
{
	print_title(f, view, options->width);
	print_heading(f, layouts, view->n_columns);
}

int text_log_row(FILE *f, const struct view *view, const struct column_layout *layouts,
		 const struct text_options *options, const union schedtrace_value *values,
		 struct schedtrace_error *err)
{
	return print_row(f, view, layouts, view->n_columns, values, options, false, err);
}
