/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "view/live/live_prometheus.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/escape.h"
#include "base/mem.h"

static bool is_label(const struct schedtrace_column_info *c)
{
	return c->kind == SCHEDTRACE_KIND_TEXT || c->kind == SCHEDTRACE_KIND_ID ||
	       c->kind == SCHEDTRACE_KIND_ADDRESS;
}

static bool is_counter(const struct schedtrace_column_info *c, bool whole)
{
	return whole && c->merge == SCHEDTRACE_MERGE_SUM && c->type == SCHEDTRACE_INT &&
	       (c->kind == SCHEDTRACE_KIND_COUNT || c->kind == SCHEDTRACE_KIND_DURATION);
}

/* What makes a base unit of the column's. */
static double factor(const struct schedtrace_column_info *c)
{
	if (!strcmp(c->unit, "ns"))
		return 1e-9;
	return !strcmp(c->unit, "%") ? 0.01 : 1;
}

/* "on_cpu_ns" is told in seconds. */
static void print_name(FILE *f, const struct schedtrace_table_info *info,
		       const struct schedtrace_column_info *c, bool whole)
{
	size_t n = strlen(c->name);
	bool ns = !strcmp(c->unit, "ns");

	if (ns && n > 3 && !strcmp(c->name + n - 3, "_ns"))
		n -= 3;
	fprintf(f, "schedtrace_%s_%.*s%s%s", info->name, (int)n, c->name, ns ? "_seconds" : "",
		is_counter(c, whole) ? "_total" : "");
}

static void print_quoted(FILE *f, const char *text)
{
	auto_free char *valid = escape_utf8(text);

	fputc('"', f);
	for (const char *c = valid ? valid : ""; *c; c++)
		if (*c == '"' || *c == '\\')
			fprintf(f, "\\%c", *c);
		else if (*c == '\n')
			fputs("\\n", f);
		else
			fputc(*c, f);
	fputc('"', f);
}

static void print_labels(FILE *f, const struct view *view, size_t row)
{
	const char *before = "{";

	for (size_t i = 0; i < view->info->n_columns; i++) {
		const struct schedtrace_column_info *c = view->info->columns[i];
		union schedtrace_value v = schedtrace_table_value(view->table, row, i);

		if (!is_label(c) || value_unknown(c, v))
			continue;
		fprintf(f, "%s%s=", before, c->name);
		before = ",";
		if (c->type == SCHEDTRACE_TEXT)
			print_quoted(f, v.s);
		else
			fprintf(f, "\"%" PRId64 "\"", v.i);
	}
	fputs(*before == ',' ? "} " : " ", f);
}

static void print_metric(FILE *f, const struct view *view, size_t column, bool whole)
{
	const struct schedtrace_column_info *c = view->info->columns[column];

	fputs("# HELP ", f);
	print_name(f, view->info, c, whole);
	fprintf(f, " %s\n# TYPE ", c->about);
	print_name(f, view->info, c, whole);
	fprintf(f, " %s\n", is_counter(c, whole) ? "counter" : "gauge");
	for (size_t i = 0; i < view->n_rows; i++) {
		union schedtrace_value v =
			schedtrace_table_value(view->table, view->rows[i], column);

		if (value_unknown(c, v))
			continue;
		print_name(f, view->info, c, whole);
		print_labels(f, view, view->rows[i]);
		fprintf(f, "%.17g\n", (c->type == SCHEDTRACE_INT ? (double)v.i : v.f) * factor(c));
	}
}

void live_prometheus_print(FILE *f, const struct view *views, size_t n, bool whole)
{
	for (size_t i = 0; i < n; i++)
		for (size_t c = 0; c < views[i].n_columns; c++) {
			const struct schedtrace_column_info *column =
				views[i].info->columns[views[i].columns[c]];

			if (!is_label(column) && column->kind != SCHEDTRACE_KIND_STAMP)
				print_metric(f, &views[i], views[i].columns[c], whole);
		}
}
