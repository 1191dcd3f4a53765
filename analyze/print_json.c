/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "analyze/print.h"

#include <jansson.h>
#include <string.h>

#include "analyze/time_of_day.h"
#include "base/error.h"
#include "base/escape.h"
#include "base/mem.h"

static int no_memory(struct schedtrace_error *err)
{
	return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for JSON");
}

/* "<" occurs only within strings; escaped, the text may stand inside HTML. */
static int write_piece(const char *piece, size_t n, void *user)
{
	FILE *f = user;

	for (size_t i = 0; i < n; i++) {
		if (piece[i] == '<')
			fputs("\\u003c", f);
		else
			fputc(piece[i], f);
	}
	return 0;
}

/* Takes the reference. ASCII only, so that no reader stumbles on U+2028 or an encoding. */
static int write_json(FILE *f, json_t *json, struct schedtrace_error *err)
{
	int r = json ? json_dump_callback(json, write_piece, f, JSON_ENSURE_ASCII | JSON_ENCODE_ANY)
		     : -1;

	json_decref(json);
	return r ? no_memory(err) : 0;
}

static json_t *json_text(const char *bytes)
{
	auto_free char *text = escape_utf8(bytes);

	return text ? json_string(text) : NULL;
}

static json_t *json_time(const struct time_of_day *times, int64_t ns)
{
	auto_free char *text = time_of_day_text(times, ns, 9);

	return text ? json_string(text) : NULL;
}

static json_t *json_value(const struct view *view, const struct schedtrace_column_info *column,
			  union schedtrace_value value)
{
	if (value_unknown(column, value))
		return json_null();
	if (view_shows_time(view, column))
		return json_time(view->times, value.i);
	switch (column->type) {
	case SCHEDTRACE_INT:
		return json_integer(value.i);
	case SCHEDTRACE_REAL:
		return json_real(value.f);
	default:
		return json_text(value.s);
	}
}

int json_log_row(FILE *f, const struct view *view, const union schedtrace_value *values,
		 struct schedtrace_error *err)
{
	json_t *row = json_object();

	for (size_t i = 0; row && i < view->n_columns; i++) {
		size_t c = view->columns[i];
		const struct schedtrace_column_info *column = view->info->columns[c];

		auto_free char *name = view_column_name(view, column);

		if (!name || json_object_set_new(row, name, json_value(view, column, values[c]))) {
			json_decref(row);
			row = NULL;
		}
	}
	return write_json(f, row, err);
}

static int write_columns(FILE *f, const struct view *view, struct schedtrace_error *err)
{
	for (size_t i = 0; i < view->n_columns; i++) {
		const struct schedtrace_column_info *column =
			view->info->columns[view->columns[i]];
		auto_free char *name = view_column_name(view, column);
		int r;

		if (!name)
			return no_memory(err);
		fputs(i ? ",\n" : "\n", f);
		r = write_json(f,
			       json_pack("{s:s, s:s, s:s}", "name", name, "unit",
					 view_shows_time(view, column) ? "" : column->unit, "about",
					 column->about),
			       err);
		if (r)
			return r;
	}
	return 0;
}

static int write_rows(FILE *f, const struct view *view, struct schedtrace_error *err)
{
	size_t n_columns = view->info->n_columns;
	auto_free union schedtrace_value *values = calloc(n_columns + 1, sizeof(*values));

	if (!values)
		return no_memory(err);
	for (size_t i = 0; i < view->n_rows; i++) {
		int r;

		for (size_t c = 0; c < n_columns; c++)
			values[c] = schedtrace_table_value(view->table, view->rows[i], c);
		fputs(i ? ",\n" : "\n", f);
		r = json_log_row(f, view, values, err);
		if (r)
			return r;
	}
	return 0;
}

int json_tables(FILE *f, const struct view *views, size_t n, struct schedtrace_error *err)
{
	int r = 0;

	fputc('{', f);
	for (size_t t = 0; t < n && !r; t++) {
		fputs(t ? ",\n" : "", f);
		r = write_json(f, json_text(views[t].name), err);
		if (r)
			break;
		fputs(": {\"columns\": [", f);
		r = write_columns(f, &views[t], err);
		if (r)
			break;
		fputs("],\n\"rows\": [", f);
		r = write_rows(f, &views[t], err);
		fputs("]}", f);
	}
	fputs("}\n", f);
	return r;
}
