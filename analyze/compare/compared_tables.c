/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "analyze/compare/compared_tables.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/compare/lines.h"
#include "analyze/compare/statistics.h"
#include "base/error.h"
#include "base/mem.h"
#include "libschedtrace/table.h"

static int no_memory(struct schedtrace_error *err)
{
	return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for the tables of a comparison");
}

int comparison_init(struct comparison *c, const struct groups *groups, size_t resamples,
		    uint64_t seed, struct schedtrace_error *err)
{
	*c = (struct comparison){ .groups = groups, .resamples = resamples, .seed = seed };
	return tables_new(&c->tables, err);
}

void comparison_release(struct comparison *c)
{
	schedtrace_tables_free(c->tables);
	arena_free(&c->shapes);
	memset(c, 0, sizeof(*c));
}

/* Rows in the order in which they are shown: first those that every group has. */
struct ranking {
	const struct cells *cells;
	const struct line *lines;
	size_t n_groups;
	bool by_value; /* else by key: numbers in their order, texts as they came */
};

static bool in_all(const struct ranking *ranking, size_t row)
{
	for (size_t g = 0; g < ranking->n_groups; g++)
		if (!isfinite(ranking->lines[row].values[g]))
			return false;
	return true;
}

static double largest(const struct ranking *ranking, size_t row)
{
	double largest = -INFINITY;

	for (size_t g = 0; g < ranking->n_groups; g++)
		largest = fmax(largest, ranking->lines[row].values[g]);
	return largest;
}

static int compare_rows(const void *a, const void *b, void *arg)
{
	const struct ranking *ranking = arg;
	const struct cells *cells = ranking->cells;
	size_t ra = *(const size_t *)a, rb = *(const size_t *)b;

	if (ranking->by_value) {
		bool ca = in_all(ranking, ra), cb = in_all(ranking, rb);
		double va = largest(ranking, ra), vb = largest(ranking, rb);

		if (ca != cb)
			return ca ? -1 : 1;
		if (va != vb)
			return va < vb ? 1 : -1;
	}
	for (size_t k = 0; k < cells->n_keys && !ranking->by_value; k++) {
		int64_t va = cells->rows[ra].key[k].i, vb = cells->rows[rb].key[k].i;

		if (cells->info->columns[cells->keys[k]]->type != SCHEDTRACE_INT)
			break;
		if (va != vb)
			return va < vb ? -1 : 1;
	}
	return (ra > rb) - (ra < rb);
}

/* Tasks and call stacks are many: the largest come first. */
static bool goes_by_value(const struct cells *cells)
{
	for (size_t k = 0; k < cells->n_keys; k++) {
		const char *name = cells->info->columns[cells->keys[k]]->name;

		if (!strcmp(name, "comm") || !strcmp(name, "frames"))
			return true;
	}
	return false;
}

static void order_rows(size_t *order, const struct cells *cells, const struct line *lines,
		       size_t n_groups)
{
	struct ranking ranking = { cells, lines, n_groups, goes_by_value(cells) };

	for (size_t i = 0; i < cells->n_rows; i++)
		order[i] = i;
	qsort_r(order, cells->n_rows, sizeof(*order), compare_rows, &ranking);
}

static void add_key_columns(struct shape *shape, const struct cells *cells)
{
	for (size_t k = 0; k < cells->n_keys; k++)
		shape_copy(shape, cells->info->columns[cells->keys[k]]);
}

static const char *measure_about(struct comparison *c, const struct cells *cells, size_t measure)
{
	static const char *const together[] = {
		[SCHEDTRACE_MERGE_SUM] = "their sum",
		[SCHEDTRACE_MERGE_MAX] = "the largest",
		[SCHEDTRACE_MERGE_MIN] = "the least",
		[SCHEDTRACE_MERGE_MEAN] = "their mean",
		[SCHEDTRACE_MERGE_ONE] = "known only where there is one",
	};
	const struct cells_measure *m = &cells->measures[measure];
	const char *about = cells->info->columns[m->column]->about;

	if (!cells->merged)
		return about;
	return shape_text(c, "%s; of several rows that are the same here: %s", about,
			  together[m->merge]);
}

/* Whether some recording has the figure. */
static bool is_known(const struct comparison *c, const struct line *line)
{
	for (size_t g = 0; g < c->groups->n; g++)
		if (line->n[g])
			return true;
	return false;
}

static int fill_measure(struct comparison *c, const struct cells *cells, const struct line *lines,
			const size_t *order, struct schedtrace_table *table, bool whole,
			struct schedtrace_error *err)
{
	size_t n_columns = schedtrace_table_info(table)->n_columns;
	auto_free union schedtrace_value *v = calloc(n_columns + 1, sizeof(*v));
	int r = v ? 0 : no_memory(err);

	for (size_t i = 0; i < cells->n_rows && !r; i++) {
		if (!is_known(c, &lines[order[i]]))
			continue;
		memcpy(v, cells->rows[order[i]].key, cells->n_keys * sizeof(*v));
		line_fill(v + cells->n_keys, c->groups, &lines[order[i]], whole);
		r = table_row(table, v, err);
	}
	return r;
}

static int add_measure(struct comparison *c, const struct cells *cells, size_t measure,
		       struct line *lines, size_t *order, struct schedtrace_error *err)
{
	const struct schedtrace_column_info *column =
		cells->info->columns[cells->measures[measure].column];
	bool whole = column->type == SCHEDTRACE_INT;
	struct schedtrace_table *table;
	struct shape shape;
	int r;

	for (size_t i = 0; i < cells->n_rows; i++) {
		if (line_make(c, &lines[i], cells_values(cells, i, measure)))
			return no_memory(err);
		whole &= line_is_whole(c->groups, &lines[i]);
	}
	order_rows(order, cells, lines, c->groups->n);
	r = shape_begin(&shape, c, cells->n_keys + line_columns(c->groups), err);
	if (r)
		return r;
	add_key_columns(&shape, cells);
	line_add_columns(&shape, column->unit, whole);
	r = shape_table(&shape, shape_text(c, "%s.%s", cells->info->name, column->name),
			measure_about(c, cells, measure), cells->info, &table, err);
	return r ? r : fill_measure(c, cells, lines, order, table, whole, err);
}

int comparison_add_measure(struct comparison *c, const struct cells *cells, size_t measure,
			   struct schedtrace_error *err)
{
	struct line *lines = calloc(cells->n_rows + 1, sizeof(*lines));
	auto_free size_t *order = calloc(cells->n_rows + 1, sizeof(*order));
	int r = lines && order ? 0 : no_memory(err);

	if (!r)
		r = add_measure(c, cells, measure, lines, order, err);
	lines_free(lines, cells->n_rows);
	return r;
}

/* Sums of a group's recordings: what they counted together. */
static double group_sum(const struct group *group, const double *values)
{
	double sum = 0;

	for (size_t i = group->first; i < group->first + group->n; i++)
		sum += isfinite(values[i]) ? values[i] : 0;
	return sum;
}

static void add_histogram_columns(struct shape *shape, const struct groups *groups)
{
	struct comparison *c = shape->c;

	for (size_t g = 0; g < groups->n; g++)
		shape_add(shape, groups->groups[g].name, "1",
			  shape_text(c, "of all recordings of %s together", groups->groups[g].name),
			  SCHEDTRACE_INT);
	for (size_t g = 0; g < groups->n; g++) {
		const char *name = groups->groups[g].name;

		shape_add(shape, shape_text(c, "share_%s", name), "%",
			  shape_text(c, "part of all of %s", name), SCHEDTRACE_REAL);
		shape_add(shape, shape_text(c, "upto_%s", name), "%",
			  shape_text(c, "part of all of %s up to here", name), SCHEDTRACE_REAL);
	}
}

static int fill_histogram(const struct comparison *c, const struct cells *cells, size_t measure,
			  const size_t *order, struct schedtrace_table *table,
			  struct schedtrace_error *err)
{
	size_t n = c->groups->n, n_columns = schedtrace_table_info(table)->n_columns;
	auto_free union schedtrace_value *v = calloc(n_columns + 1, sizeof(*v));
	auto_free double *totals = calloc(n + 1, sizeof(*totals));
	auto_free double *seen = calloc(n + 1, sizeof(*seen));
	int r = v && totals && seen ? 0 : no_memory(err);

	for (size_t i = 0; i < cells->n_rows * n && !r; i++)
		totals[i % n] +=
			group_sum(&c->groups->groups[i % n], cells_values(cells, i / n, measure));
	for (size_t i = 0; i < cells->n_rows && !r; i++) {
		union schedtrace_value *counts = v + cells->n_keys, *shares = counts + n;

		memcpy(v, cells->rows[order[i]].key, cells->n_keys * sizeof(*v));
		for (size_t g = 0; g < n; g++) {
			double count = group_sum(&c->groups->groups[g],
						 cells_values(cells, order[i], measure));

			seen[g] += count;
			counts[g].i = (int64_t)count;
			shares[2 * g].f = 100 * count / totals[g];
			shares[2 * g + 1].f = 100 * seen[g] / totals[g];
		}
		r = table_row(table, v, err);
	}
	return r;
}

int comparison_add_histogram(struct comparison *c, const struct cells *cells, size_t measure,
			     struct schedtrace_error *err)
{
	const struct schedtrace_column_info *column =
		cells->info->columns[cells->measures[measure].column];
	auto_free size_t *order = calloc(cells->n_rows + 1, sizeof(*order));
	struct schedtrace_table *table;
	struct shape shape;
	int r = order ? 0 : no_memory(err);

	if (!r)
		r = shape_begin(&shape, c, cells->n_keys + 3 * c->groups->n, err);
	if (r)
		return r;
	order_rows(order, cells, NULL, c->groups->n);
	add_key_columns(&shape, cells);
	add_histogram_columns(&shape, c->groups);
	r = shape_table(&shape, shape_text(c, "%s.%s", cells->info->name, column->name),
			shape_text(c, "%s; %s", cells->info->about, column->about), cells->info,
			&table, err);
	return r ? r : fill_histogram(c, cells, measure, order, table, err);
}
