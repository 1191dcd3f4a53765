/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "analyze/compare/cells.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"

static int no_memory(struct schedtrace_error *err)
{
	return error_set(err, SCHEDTRACE_E_NOMEM, "no memory to compare tables");
}

static void add_measure(struct cells *cells, size_t column)
{
	struct cells_measure *m = &cells->measures[cells->n_measures];
	const char *weight = cells->info->columns[column]->weight;

	m->column = column;
	m->merge = cells->info->columns[column]->merge;
	if (m->merge == SCHEDTRACE_MERGE_NONE)
		return;
	for (size_t n; weight && *weight; weight += n + (weight[n] == '+')) {
		size_t c;

		n = strcspn(weight, "+");
		c = select_column(cells->info, weight, n);
		if (c != SIZE_MAX && m->n_weights < CELLS_MAX_WEIGHTS)
			m->weights[m->n_weights++] = c;
	}
	cells->n_measures++;
}

void cells_release(struct cells *cells)
{
	for (size_t i = 0; i < cells->n_rows; i++) {
		for (size_t k = 0; cells->rows[i].key && k < cells->n_keys; k++)
			if (cells->info->columns[cells->keys[k]]->type == SCHEDTRACE_TEXT)
				free((char *)cells->rows[i].key[k].s);
		free(cells->rows[i].key);
		free(cells->rows[i].values);
	}
	free(cells->rows);
	free(cells->keys);
	free(cells->measures);
	free(cells->read);
	intern_free(&cells->ids);
	memset(cells, 0, sizeof(*cells));
}

/* The key of a row as a text that no other key has: interned names end at a NUL. */
static char *key_bytes(const struct cells *cells, const union schedtrace_value *values, size_t *n)
{
	char *bytes = NULL;
	FILE *f = open_memstream(&bytes, n);

	for (size_t k = 0; f && k < cells->n_keys; k++) {
		union schedtrace_value v = values[cells->keys[k]];

		if (cells->info->columns[cells->keys[k]]->type != SCHEDTRACE_TEXT)
			fprintf(f, "%" PRIx64 ";", (uint64_t)v.i); /* a real's bits too */
		else if (v.s)
			fprintf(f, "%zu:%s", strlen(v.s), v.s);
		else
			fputc('-', f); /* no text: not even an empty one */
	}
	if (!f || fclose(f)) {
		free(bytes);
		return NULL;
	}
	return bytes;
}

/* The figure of a recording that has the table, but no such row. */
static double absent(const struct cells_measure *m)
{
	return m->merge == SCHEDTRACE_MERGE_SUM ? 0 : NAN;
}

static int new_row(struct cells *cells, const union schedtrace_value *values)
{
	struct cells_row *row;
	size_t n = cells->n_measures * cells->n_files;

	if (!array_room(cells->rows, cells->n_rows, cells->max_rows))
		return -1;
	row = &cells->rows[cells->n_rows++];
	row->key = calloc(cells->n_keys + 1, sizeof(*row->key));
	row->values = reallocarray(NULL, n + 1, sizeof(*row->values));
	if (!row->key || !row->values)
		return -1;
	for (size_t i = 0; i < n; i++)
		row->values[i] = cells->read[i % cells->n_files]
					 ? absent(&cells->measures[i / cells->n_files])
					 : NAN;
	for (size_t k = 0; k < cells->n_keys; k++) {
		union schedtrace_value v = values[cells->keys[k]];

		if (cells->info->columns[cells->keys[k]]->type == SCHEDTRACE_TEXT && v.s) {
			v.s = strdup(v.s);
			if (!v.s)
				return -1;
		}
		row->key[k] = v;
	}
	return 0;
}

/* The row of a key, made where it is new; negative without memory. */
static int64_t find_row(struct cells *cells, const union schedtrace_value *values)
{
	size_t n;
	auto_free char *bytes = key_bytes(cells, values, &n);
	int32_t id = bytes ? intern_add(&cells->ids, bytes, n) : -1;

	if (id >= 0 && (size_t)id == cells->n_rows && new_row(cells, values) < 0)
		return -1;
	return id;
}

int cells_init(struct cells *cells, const struct schedtrace_table_info *info, const char *key,
	       const char *measures, const char *only, size_t n_files, struct schedtrace_error *err)
{
	memset(cells, 0, sizeof(*cells));
	cells->info = info;
	cells->only = only && *only ? only : NULL;
	cells->n_files = n_files;
	intern_init(&cells->ids);
	cells->keys = calloc(info->n_columns + 1, sizeof(*cells->keys));
	cells->measures = calloc(info->n_columns + 1, sizeof(*cells->measures));
	cells->read = calloc(n_files + 1, sizeof(*cells->read));
	if (!cells->keys || !cells->measures || !cells->read)
		return no_memory(err);
	for (size_t n; *key; key += n + (key[n] == ',')) {
		size_t column;

		n = strcspn(key, ",");
		column = select_column(info, key, n);
		if (column != SIZE_MAX && cells->n_keys < info->n_columns)
			cells->keys[cells->n_keys++] = column;
	}
	for (size_t n; measures && *measures; measures += n + (measures[n] == ',')) {
		size_t column;

		n = strcspn(measures, ",");
		column = select_column(info, measures, n);
		if (column != SIZE_MAX && cells->n_measures < info->n_columns)
			add_measure(cells, column);
	}
	for (size_t i = 0; !measures && i < info->n_columns; i++)
		add_measure(cells, i);
	if (!cells->n_keys && find_row(cells, NULL) < 0)
		return no_memory(err);
	return 0;
}

static double number(const struct schedtrace_column_info *column, union schedtrace_value v)
{
	if (value_unknown(column, v))
		return NAN;
	return column->type == SCHEDTRACE_INT ? (double)v.i : v.f;
}

/* What rows of one recording add up to, before it is known that there are no more. */
struct part {
	size_t n;
	double value, weight;
};

static double weight_of(const struct cells *cells, const struct cells_measure *m,
			const union schedtrace_value *values)
{
	double weight = 0;

	for (size_t i = 0; i < m->n_weights; i++)
		weight += number(cells->info->columns[m->weights[i]], values[m->weights[i]]);
	return m->n_weights ? weight : 1;
}

static void add_value(const struct cells *cells, const struct cells_measure *m, struct part *part,
		      const union schedtrace_value *values)
{
	double value = number(cells->info->columns[m->column], values[m->column]);
	double weight = 1;

	switch (m->merge) {
	case SCHEDTRACE_MERGE_MAX: /* of those known */
		part->value = part->n ? fmax(part->value, value) : value;
		break;
	case SCHEDTRACE_MERGE_MIN:
		part->value = part->n ? fmin(part->value, value) : value;
		break;
	case SCHEDTRACE_MERGE_MEAN: /* of those known */
		weight = weight_of(cells, m, values);
		if (!isfinite(value) || !isfinite(weight))
			value = weight = 0;
		part->value += value * weight;
		break;
	case SCHEDTRACE_MERGE_ONE:
		part->value = part->n ? NAN : value;
		break;
	default: /* without a part there is no sum */
		part->value += value;
	}
	part->weight += weight;
	part->n++;
}

static bool is_wanted(const struct cells *cells, const union schedtrace_value *values)
{
	for (const char *only = cells->only; only && *only; only += *only == ',') {
		size_t name = strcspn(only, "="), n = strcspn(only, ","), text = n - name - 1;
		size_t column = select_column(cells->info, only, name);

		if (column == SIZE_MAX || !values[column].s ||
		    strncmp(values[column].s, only + name + 1, text) || values[column].s[text])
			return false;
		only += n;
	}
	return true;
}

static int add_rows(struct cells *cells, const struct schedtrace_table *table,
		    const struct selection *sel, struct part **parts, size_t *n_parts)
{
	size_t n_columns = cells->info->n_columns, m = cells->n_measures;
	auto_free union schedtrace_value *values = calloc(n_columns + 1, sizeof(*values));

	if (!values)
		return -1;
	for (size_t i = 0; i < schedtrace_table_rows(table); i++) {
		int64_t row;

		for (size_t c = 0; c < n_columns; c++)
			values[c] = schedtrace_table_value(table, i, c);
		if (!filters_match(&sel->filters, cells->info, values) || !is_wanted(cells, values))
			continue;
		row = find_row(cells, values);
		if (row < 0)
			return -1;
		if (cells->n_rows > *n_parts) {
			size_t max = 2 * cells->n_rows + 16;
			struct part *grown = reallocarray(*parts, max * (m + 1), sizeof(*grown));

			if (!grown)
				return -1;
			memset(grown + *n_parts * m, 0, (max - *n_parts) * m * sizeof(*grown));
			*parts = grown;
			*n_parts = max;
		}
		for (size_t j = 0; j < m; j++)
			add_value(cells, &cells->measures[j], *parts + (size_t)row * m + j, values);
	}
	return 0;
}

int cells_add(struct cells *cells, const struct schedtrace_table *table, size_t file,
	      const struct selection *sel, struct schedtrace_error *err)
{
	auto_free struct part *parts = NULL;
	size_t n_parts = 0, m = cells->n_measures;
	int r = add_rows(cells, table, sel, &parts, &n_parts);

	if (r < 0)
		return no_memory(err);
	for (size_t row = 0; row < cells->n_rows; row++) {
		for (size_t j = 0; j < m; j++) {
			const struct part none = { 0 };
			const struct part *part = row < n_parts ? &parts[row * m + j] : &none;
			double value = part->n ? part->value : absent(&cells->measures[j]);

			cells->merged |= part->n > 1;
			if (part->n && cells->measures[j].merge == SCHEDTRACE_MERGE_MEAN)
				value = part->weight > 0 ? value / part->weight : NAN;
			cells->rows[row].values[j * cells->n_files + file] = value;
		}
	}
	cells->read[file] = true;
	return 0;
}

const double *cells_values(const struct cells *cells, size_t row, size_t measure)
{
	return cells->rows[row].values + measure * cells->n_files;
}
