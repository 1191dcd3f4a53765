/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Figures of whole recordings: by unit with a row a figure, and with a row a group. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/compare/lines.h"
#include "base/error.h"
#include "base/mem.h"
#include "libschedtrace/table.h"

static int no_memory(struct schedtrace_error *err)
{
	return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for the tables of a comparison");
}

int comparison_add_recordings(struct comparison *c, const struct schedtrace_column_info *columns,
			      size_t n, struct schedtrace_table **out, struct schedtrace_error *err)
{
	struct shape shape;
	int r = shape_begin(&shape, c, n, err);

	if (r)
		return r;
	for (size_t i = 0; i < n; i++)
		shape_copy(&shape, &columns[i]);
	return shape_table(&shape, "recordings", "what was recorded, and what is missing", NULL,
			   out, err);
}

/* Whether two figures stand in one table: those of one unit do, counts apart from means of them. */
static bool same_kind(const struct figure *a, const struct figure *b)
{
	return !strcmp(a->unit, b->unit) && (strcmp(a->unit, "1") || a->type == b->type);
}

/* What the table of such figures is called. */
static const char *kind_name(const struct figure *figure)
{
	static const char *const words[][2] = {
		{ "ns", "time" },
		{ "bytes", "bytes" },
		{ "%", "percent" },
	};
	const char *unit = figure->unit;

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (!strcmp(words[i][0], unit))
			return words[i][1];
	if (!strcmp(unit, "1"))
		return figure->type == SCHEDTRACE_INT ? "counts" : "numbers";
	return *unit ? unit : "numbers";
}

static int make_lines(const struct comparison *c, const struct figure *figures, size_t n,
		      const struct figure *kind, struct line *lines, bool *whole)
{
	*whole = true;
	for (size_t i = 0; i < n; i++) {
		if (!same_kind(&figures[i], kind))
			continue;
		if (line_make(c, &lines[i], figures[i].values))
			return -1;
		*whole &= figures[i].type == SCHEDTRACE_INT && line_is_whole(c->groups, &lines[i]);
	}
	return 0;
}

static int fill_totals(const struct comparison *c, const struct figure *figures, size_t n,
		       const struct line *lines, bool whole, struct schedtrace_table *table,
		       struct schedtrace_error *err)
{
	size_t n_columns = schedtrace_table_info(table)->n_columns;
	auto_free union schedtrace_value *v = calloc(n_columns + 1, sizeof(*v));
	int r = v ? 0 : no_memory(err);

	for (size_t i = 0; i < n && !r; i++) {
		if (!lines[i].values)
			continue;
		v[0].s = figures[i].table;
		v[1].s = figures[i].name;
		line_fill(v + 2, c->groups, &lines[i], whole);
		r = table_row(table, v, err);
	}
	return r;
}

static int add_kind(struct comparison *c, const struct figure *figures, size_t n,
		    const struct figure *kind, struct schedtrace_error *err)
{
	struct line *lines = calloc(n + 1, sizeof(*lines));
	struct schedtrace_table *table;
	struct shape shape;
	bool whole = true;
	int r = 0;

	if (!lines || make_lines(c, figures, n, kind, lines, &whole))
		r = no_memory(err);
	if (!r)
		r = shape_begin(&shape, c, 2 + line_columns(c->groups), err);
	if (!r) {
		shape_add(&shape, "table", "", "where the figure is from", SCHEDTRACE_TEXT);
		shape_add(&shape, "figure", "", "the figure; \"schedreport list\" explains it",
			  SCHEDTRACE_TEXT);
		line_add_columns(&shape, kind->unit, whole);
		r = shape_table(&shape, shape_text(c, "totals_%s", kind_name(kind)),
				"figures of whole recordings", NULL, &table, err);
	}
	if (!r)
		r = fill_totals(c, figures, n, lines, whole, table, err);
	lines_free(lines, n);
	return r;
}

int comparison_add_totals(struct comparison *c, const struct figure *figures, size_t n,
			  struct schedtrace_error *err)
{
	int r = 0;

	for (size_t i = 0; i < n && !r; i++) {
		size_t first = 0;

		while (!same_kind(&figures[first], &figures[i]))
			first++;
		if (first == i)
			r = add_kind(c, figures, n, &figures[i], err);
	}
	return r;
}

static void add_figure_column(struct shape *shape, const struct figure *figure, bool whole)
{
	struct comparison *c = shape->c;

	shape_add(shape, shape_text(c, "%s.%s", figure->table, figure->name), figure->unit,
		  shape_text(c, "%s: median of the recordings", figure->about),
		  whole ? SCHEDTRACE_INT : SCHEDTRACE_REAL);
}

static int fill_figures(const struct comparison *c, size_t n, const struct line *lines,
			const bool *whole, struct schedtrace_table *table,
			struct schedtrace_error *err)
{
	auto_free union schedtrace_value *v = calloc(n + 3, sizeof(*v));
	int r = v ? 0 : no_memory(err);

	for (size_t g = 0; g < c->groups->n && !r; g++) {
		v[0].s = c->groups->groups[g].name;
		v[1].i = group_number(&c->groups->groups[g]);
		v[2].i = (int64_t)c->groups->groups[g].n;
		for (size_t i = 0; i < n; i++) {
			double value = lines[i].values[g];

			if (!whole[i])
				v[3 + i].f = value;
			else
				v[3 + i].i = isfinite(value) ? (int64_t)value : INT64_MIN;
		}
		r = table_row(table, v, err);
	}
	return r;
}

int comparison_add_figures(struct comparison *c, const struct figure *figures, size_t n,
			   struct schedtrace_error *err)
{
	struct line *lines = calloc(n + 1, sizeof(*lines));
	auto_free bool *whole = calloc(n + 1, sizeof(*whole));
	struct schedtrace_table *table;
	struct shape shape;
	int r = lines && whole ? shape_begin(&shape, c, n + 3, err) : no_memory(err);

	if (!r) {
		shape_add(&shape, "group", "", "the group, or the recording", SCHEDTRACE_TEXT);
		shape_add(&shape, "number", "1", "the only number in that name", SCHEDTRACE_INT);
		shape_add(&shape, "recordings", "1", "of the group", SCHEDTRACE_INT);
	}
	for (size_t i = 0; i < n && !r; i++) {
		if (line_make(c, &lines[i], figures[i].values))
			r = no_memory(err);
		if (r)
			break;
		whole[i] = figures[i].type == SCHEDTRACE_INT && line_is_whole(c->groups, &lines[i]);
		add_figure_column(&shape, &figures[i], whole[i]);
	}
	if (!r)
		r = shape_table(&shape, "figures", "figures of whole recordings; a row a group",
				NULL, &table, err);
	if (!r)
		r = fill_figures(c, n, lines, whole, table, err);
	lines_free(lines, n);
	return r;
}
