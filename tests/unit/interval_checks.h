/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Whether the tables of intervals add up to those of the whole, and are those of a window. Figures
 * are looked up by what makes rows the same, as schedtrace_tables_interval() does, but added up
 * here.
 */
#ifndef TESTS_UNIT_INTERVAL_CHECKS_H
#define TESTS_UNIT_INTERVAL_CHECKS_H

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <schedtrace/schedtrace.h>

#include "base/intern.h"
#include "libschedtrace/table.h"

#define CHECK_COLUMNS 48

/* Figures of one table, by row and column. */
struct figures_sum {
	struct intern rows;
	int64_t (*values)[CHECK_COLUMNS];
	size_t n, max;
};

static inline bool in_list(const char *names, const char *name)
{
	size_t n = strlen(name);

	for (const char *p = names; p; p = strchr(p, ',')) {
		p += *p == ',';
		if (strcspn(p, ",") == n && !memcmp(p, name, n))
			return true;
	}
	return false;
}

/* Whether a column is one that adds up, by the same words as the header. What lasts is checked
 * with those that count it; the preemptions of antagonists that make room for others are gone. */
static inline bool adds_up(const struct schedtrace_table_info *info, size_t c)
{
	const struct schedtrace_column_info *column = info->columns[c];

	if (in_list(info->key, column->name) || !strcmp(column->name, "preemptions") ||
	    (info->interval && in_list(info->interval->lasting, column->name)))
		return false;
	return column->type == SCHEDTRACE_INT && column->merge == SCHEDTRACE_MERGE_SUM &&
	       column->change == SCHEDTRACE_CHANGE_USUAL && !column->part &&
	       (column->kind == SCHEDTRACE_KIND_DURATION || column->kind == SCHEDTRACE_KIND_COUNT ||
		column->kind == SCHEDTRACE_KIND_SIZE || column->kind == SCHEDTRACE_KIND_AMOUNT);
}

/* Whether it is the upper bound of others. */
static inline bool is_bound(const struct schedtrace_table_info *info, size_t c)
{
	for (size_t k = 0; k < info->n_columns; k++)
		if (info->columns[k]->most && !info->columns[k]->adds &&
		    !strcmp(info->columns[k]->most, info->columns[c]->name))
			return true;
	return false;
}

/* "forgotten" comes with the first task that was let go. */
static inline bool has_interval(const struct schedtrace_table_info *info)
{
	if (!strcmp(info->name, "forgotten"))
		return false;
	return !info->interval || info->interval->change == SCHEDTRACE_CHANGE_USUAL;
}

static inline size_t column_named(const struct schedtrace_table_info *info, const char *name)
{
	return name ? table_column(info, name, strlen(name)) : SIZE_MAX;
}

/* What lasts, and which column will count it; -1 none. */
static inline int64_t lasts(const struct schedtrace_table *table, size_t row, int64_t *in)
{
	const struct schedtrace_table_info *info = schedtrace_table_info(table);
	size_t lasting = column_named(info, info->interval ? info->interval->lasting : NULL);

	*in = -1;
	if (lasting == SIZE_MAX)
		return 0;
	*in = table_cell(table, row, column_named(info, info->interval->lasting_in)).i;
	return *in < 0 ? 0 : table_cell(table, row, lasting).i;
}

/* The figure with what lasts where it will be counted. */
static inline int64_t settled_value(const struct schedtrace_table *table, size_t row, size_t c)
{
	const struct schedtrace_table_info *info = schedtrace_table_info(table);
	int64_t in, lasting = lasts(table, row, &in), v = table_cell(table, row, c).i;

	if (v == INT64_MIN)
		return 0;
	if (info->interval && c == column_named(info, info->interval->rest))
		return v - lasting;
	return in == (int64_t)c ? v + lasting : v;
}

static inline int64_t *figures_of_row(struct figures_sum *sum, const struct schedtrace_table *table,
				      size_t row, bool by_row)
{
	const struct schedtrace_table_info *info = schedtrace_table_info(table);
	const char *same =
		info->interval && info->interval->same ? info->interval->same : info->key;
	char *key;
	size_t size;
	FILE *f = open_memstream(&key, &size);
	int32_t k;

	/* Those that are forgotten there go on in the row of all others. */
	if (!strcmp(info->name, "antagonists"))
		same = "life";
	for (const char *name = by_row ? same : NULL; name; name = strchr(name, ',')) {
		size_t c;

		name += *name == ',';
		c = table_column(info, name, strcspn(name, ","));
		if (info->columns[c]->type == SCHEDTRACE_TEXT)
			fprintf(f, "%s|", table_cell(table, row, c).s);
		else
			fprintf(f, "%" PRId64 "|", table_cell(table, row, c).i);
	}
	fputc('.', f);
	fclose(f);
	k = intern_add(&sum->rows, key, size);
	free(key);
	if ((size_t)k == sum->n) {
		if (sum->n == sum->max) {
			sum->max = sum->max ? 2 * sum->max : 256;
			sum->values = realloc(sum->values, sum->max * sizeof(*sum->values));
		}
		memset(sum->values[sum->n++], 0, sizeof(*sum->values));
	}
	return sum->values[k];
}

/* @by_row: or all rows together. */
static inline void figures_add(struct figures_sum *sum, const struct schedtrace_table *table,
			       bool by_row)
{
	const struct schedtrace_table_info *info = schedtrace_table_info(table);

	for (size_t row = 0; row < schedtrace_table_rows(table); row++) {
		int64_t *values = figures_of_row(sum, table, row, by_row);

		for (size_t c = 0; c < info->n_columns; c++)
			if (adds_up(info, c))
				values[c] += settled_value(table, row, c);
	}
}

static inline void figures_free(struct figures_sum *sum)
{
	intern_free(&sum->rows);
	free(sum->values);
}

/* The sums of intervals, a table each, as they come. */
struct interval_sums {
	struct figures_sum tables[64];
	bool by_row;
};

static inline void interval_sums_add(struct interval_sums *sums,
				     const struct schedtrace_tables *whole,
				     const struct schedtrace_tables *interval)
{
	for (size_t i = 0; i < schedtrace_tables_count(whole); i++) {
		const struct schedtrace_table *table = schedtrace_tables_find(
			interval, schedtrace_table_info(schedtrace_tables_at(whole, i))->name);

		if (table && has_interval(schedtrace_table_info(table)))
			figures_add(&sums->tables[i], table, sums->by_row);
	}
}

/* The sums are those of the whole's tables; each difference is told. Ends @sums. */
static inline int interval_sums_check(struct interval_sums *sums,
				      const struct schedtrace_tables *whole, FILE *tell)
{
	int wrong = 0;

	for (size_t i = 0; i < schedtrace_tables_count(whole); i++) {
		const struct schedtrace_table *table = schedtrace_tables_at(whole, i);
		const struct schedtrace_table_info *info = schedtrace_table_info(table);
		struct figures_sum all = { .n = 0 }, *sum = &sums->tables[i];

		for (size_t row = 0; has_interval(info) && row < schedtrace_table_rows(table);
		     row++)
			figures_of_row(sum, table, row, sums->by_row);
		if (has_interval(info))
			figures_add(&all, table, sums->by_row);
		for (size_t k = 0; k < sum->n; k++) {
			int32_t other = intern_find(&all.rows, sum->rows.names[k],
						    strlen(sum->rows.names[k]));

			for (size_t c = 0; c < info->n_columns; c++) {
				int64_t is = sum->values[k][c];
				int64_t must = other < 0 ? 0 : all.values[other][c];

				/* Bounds may be wider. */
				if (is_bound(info, c) ? is >= must : is == must)
					continue;
				fprintf(tell,
					"# %s, row %s, %s: intervals have %" PRId64
					", the whole %" PRId64 "\n",
					info->name, sum->rows.names[k], info->columns[c]->name, is,
					must);
				wrong++;
			}
		}
		figures_free(&all);
		figures_free(sum);
	}
	return wrong;
}

/* What the columns of a bound have together is at most that. */
static inline int bounds_check(const struct schedtrace_table *table, FILE *tell)
{
	const struct schedtrace_table_info *info = schedtrace_table_info(table);
	int wrong = 0;

	for (size_t row = 0; row < schedtrace_table_rows(table); row++) {
		for (size_t c = 0; c < info->n_columns; c++) {
			int64_t most = table_cell(table, row, c).i, sum = 0;

			if (!is_bound(info, c) || most == INT64_MIN)
				continue;
			for (size_t k = 0; k < info->n_columns; k++) {
				const struct schedtrace_column_info *column = info->columns[k];
				int64_t v = table_cell(table, row, k).i;

				if (column->most && !column->adds && v != INT64_MIN &&
				    !strcmp(column->most, info->columns[c]->name))
					sum += v;
			}
			if (sum <= most)
				continue;
			fprintf(tell, "# %s, row %zu: %" PRId64 " is above %s, %" PRId64 "\n",
				info->name, row, sum, info->columns[c]->name, most);
			wrong++;
		}
	}
	return wrong;
}

/*
 * The rows of an interval have the figures of the same rows of a window: durations, or counts and
 * sizes. A row that the interval leaves out has changed nothing.
 */
static inline int window_check(const struct schedtrace_table *interval,
			       const struct schedtrace_table *window, bool durations, FILE *tell)
{
	const struct schedtrace_table_info *info = schedtrace_table_info(window);
	struct figures_sum a = { .n = 0 }, b = { .n = 0 };
	int wrong = 0;

	figures_add(&a, interval, true);
	figures_add(&b, window, true);
	for (size_t row = 0; row < schedtrace_table_rows(interval); row++)
		figures_of_row(&b, interval, row, true);
	for (size_t k = 0; k < b.n; k++) {
		int32_t other = intern_find(&a.rows, b.rows.names[k], strlen(b.rows.names[k]));

		for (size_t c = 0; c < info->n_columns; c++) {
			bool is_duration = info->columns[c]->kind == SCHEDTRACE_KIND_DURATION &&
					   strcmp(info->columns[c]->name, "charged_ns");
			int64_t is = other < 0 ? 0 : a.values[other][c], must = b.values[k][c];

			/* Of two runs in the window, the first of which may lie before it. */
			if (!strcmp(info->columns[c]->name, "cpu_changes"))
				continue;
			if (is_duration != durations || is_bound(info, c) || is == must)
				continue;
			fprintf(tell,
				"# %s, row %s, %s: the interval has %" PRId64
				", the window %" PRId64 "\n",
				info->name, b.rows.names[k], info->columns[c]->name, is, must);
			wrong++;
		}
	}
	figures_free(&a);
	figures_free(&b);
	return wrong;
}

#endif
