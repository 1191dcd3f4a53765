/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "analyze/print.h"

#include <inttypes.h>
#include <string.h>

#include "analyze/time_of_day.h"
#include "base/error.h"
#include "base/escape.h"
#include "base/mem.h"

/* Texts come escaped, so there is never a line break to quote. */
static int print_text(FILE *f, const char *bytes, struct schedtrace_error *err)
{
	auto_free char *text = escape_visible(bytes);
	bool formula, quoted;

	if (!text)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for a cell");
	formula = *text && strchr("=+-@", *text);
	quoted = strpbrk(text, ",\"") != NULL;
	if (quoted)
		fputc('"', f);
	if (formula)
		fputc('\'', f);
	for (const char *c = text; *c; c++) {
		if (*c == '"')
			fputc('"', f);
		fputc(*c, f);
	}
	if (quoted)
		fputc('"', f);
	return 0;
}

static int print_time(FILE *f, const struct time_of_day *times, int64_t ns,
		      struct schedtrace_error *err)
{
	auto_free char *text = time_of_day_text(times, ns, 9);

	if (!text)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for a cell");
	fputs(text, f);
	return 0;
}

void csv_heading(FILE *f, const struct view *view)
{
	for (size_t i = 0; i < view->n_columns; i++) {
		const struct schedtrace_column_info *column =
			view->info->columns[view->columns[i]];
		auto_free char *name = view_column_name(view, column);

		fprintf(f, "%s%s", i ? "," : "", name ? name : column->name);
	}
	fputc('\n', f);
}

int csv_row(FILE *f, const struct view *view, const union schedtrace_value *values,
	    struct schedtrace_error *err)
{
	for (size_t i = 0; i < view->n_columns; i++) {
		const struct schedtrace_column_info *column =
			view->info->columns[view->columns[i]];
		union schedtrace_value value = values[view->columns[i]];
		int r = 0;

		if (i)
			fputc(',', f);
		if (value_unknown(column, value))
			continue;
		if (view_shows_time(view, column))
			r = print_time(f, view->times, value.i, err);
		else if (column->type == SCHEDTRACE_INT)
			fprintf(f, "%" PRId64, value.i);
		else if (column->type == SCHEDTRACE_REAL)
			fprintf(f, "%.17g", value.f);
		else
			r = print_text(f, value.s, err);
		if (r)
			return r;
	}
	fputc('\n', f);
	return 0;
}

int csv_tables(FILE *f, const struct view *views, size_t n, struct schedtrace_error *err)
{
	for (size_t t = 0; t < n; t++) {
		const struct view *view = &views[t];
		size_t n_columns = view->info->n_columns;
		auto_free union schedtrace_value *values = calloc(n_columns + 1, sizeof(*values));

		if (!values)
			return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for a row");
		if (n > 1)
			fprintf(f, "%s%s\n", t ? "\n" : "", view->name);
		csv_heading(f, view);
		for (size_t i = 0; i < view->n_rows; i++) {
			int r;

			for (size_t c = 0; c < n_columns; c++)
				values[c] = schedtrace_table_value(view->table, view->rows[i], c);
			r = csv_row(f, view, values, err);
			if (r)
				return r;
		}
	}
	return 0;
}
