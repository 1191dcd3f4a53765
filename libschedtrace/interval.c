/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What happened between two snapshots: their tables' differences, by what the tables say of
 * themselves. A row is found again by hidden columns, which name lives by serial numbers, since
 * pids recur; rows of tasks that were let go since are found in the row that stands for them.
 *
 * What lasts at a snapshot is in no certain figure. It is taken for what it looks like at both
 * ends, so that it counts in the interval where it lasted; of the later end it stays apart.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "base/error.h"
#include "base/mem.h"
#include "libschedtrace/interval_rows.h"
#include "libschedtrace/let_go.h"
#include "libschedtrace/table.h"

enum treatment { LATER, SUBTRACT, MEAN, PART, MOST, LEAST, UNKNOWN };

/* What the earlier rows that are one later row say of a column together. */
struct sum {
	int64_t i; /* with what lasts */
	double product, weight;
	double f;
	bool seen;
};

/* A table at both moments. */
struct pair {
	const struct schedtrace_table_info *info;
	const struct schedtrace_table *before, *now;
	size_t n_columns; /* and hidden ones */
	size_t lasting, lasting_in, rest;
	int64_t passed;
	enum treatment *treatments;
	struct same_rows rows;
	size_t *first_earlier; /* by row of now */
	size_t *next_earlier;  /* by row of before */
	struct sum *sums;      /* by column: of the row that is being made */
	union schedtrace_value *values;
};

const struct schedtrace_table_interval table_left_out = { .change = SCHEDTRACE_CHANGE_UNKNOWN };
const struct schedtrace_table_interval table_of_now = { .change = SCHEDTRACE_CHANGE_LATER };

static int no_memory(struct schedtrace_error *err)
{
	return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for the tables of an interval");
}

static enum treatment treatment_of(const struct schedtrace_column_info *column)
{
	if (column->change != SCHEDTRACE_CHANGE_USUAL)
		return column->change == SCHEDTRACE_CHANGE_LATER ? LATER : UNKNOWN;
	if (column->part)
		return PART;
	switch (column->kind) {
	case SCHEDTRACE_KIND_TEXT:
	case SCHEDTRACE_KIND_ID:
	case SCHEDTRACE_KIND_ADDRESS:
	case SCHEDTRACE_KIND_STAMP:
		return LATER;
	default:
		break;
	}
	switch (column->merge) {
	case SCHEDTRACE_MERGE_NONE:
		return LATER;
	case SCHEDTRACE_MERGE_MAX:
		return MOST;
	case SCHEDTRACE_MERGE_MIN:
		return LEAST;
	case SCHEDTRACE_MERGE_MEAN:
		return column->weight && column->type == SCHEDTRACE_REAL ? MEAN : UNKNOWN;
	case SCHEDTRACE_MERGE_SUM:
		return column->type == SCHEDTRACE_INT ? SUBTRACT : UNKNOWN;
	default:
		return UNKNOWN;
	}
}

/* Whether it is among @names, which have commas between. */
static bool is_named(const char *names, const char *column)
{
	size_t n = strlen(column);

	for (const char *name = names; name; name = interval_next(name))
		if (strcspn(name, ",") == n && !memcmp(name, column, n))
			return true;
	return false;
}

static union schedtrace_value unknown_value(const struct schedtrace_column_info *column)
{
	union schedtrace_value v = { .i = UNKNOWN_INT };

	if (column->type == SCHEDTRACE_REAL)
		v.f = NAN;
	else if (column->type == SCHEDTRACE_TEXT)
		v.s = NULL;
	return v;
}

/* ---- figures ------------------------------------------------------------------------------- */

static int64_t plus(int64_t a, int64_t b)
{
	int64_t sum;

	return checked_add(a, b, &sum) ? sum : a < 0 ? INT64_MIN + 1 : INT64_MAX;
}

static int64_t minus(int64_t a, int64_t b)
{
	int64_t difference;

	return checked_sub(a, b, &difference) ? difference : a < 0 ? INT64_MIN + 1 : INT64_MAX;
}

/* For how long what goes on has lasted that column @c will count. */
static int64_t lasting_in(const struct pair *p, const struct schedtrace_table *table, size_t row,
			  size_t c)
{
	int64_t in = p->lasting == SIZE_MAX ? -1 : table_cell(table, row, p->lasting_in).i;
	int64_t lasting = in < 0 ? UNKNOWN_INT : table_cell(table, row, p->lasting).i;

	return lasting != UNKNOWN_INT && in == (int64_t)c ? lasting : 0;
}

static int64_t all_lasting(const struct pair *p, const struct schedtrace_table *table, size_t row)
{
	int64_t in = p->lasting == SIZE_MAX ? -1 : table_cell(table, row, p->lasting_in).i;

	return in < 0 ? 0 : lasting_in(p, table, row, (size_t)in);
}

/* The figure with what lasts counted where it will be; UNKNOWN_INT stays. */
static int64_t settled(const struct pair *p, const struct schedtrace_table *table, size_t row,
		       size_t c)
{
	int64_t v = table_cell(table, row, c).i;

	if (v == UNKNOWN_INT || c == p->lasting)
		return v;
	if (c == p->rest)
		return minus(v, all_lasting(p, table, row));
	return plus(v, lasting_in(p, table, row, c));
}

/* How much a row's mean weighs: figures that add up, or that are means themselves. */
static double weight_of(const struct pair *p, const struct schedtrace_table *table, size_t row,
			size_t c)
{
	double sum = 0;

	for (const char *name = p->info->columns[c]->weight; name; name = interval_next(name)) {
		size_t w = interval_column(p->info, name);
		const struct schedtrace_column_info *column = p->info->columns[w];
		union schedtrace_value v = table_cell(table, row, w);

		if (column->type == SCHEDTRACE_INT)
			sum += v.i == UNKNOWN_INT ? 0 : (double)v.i;
		else if (!isnan(v.f) && column->weight)
			sum += v.f * weight_of(p, table, row, w);
	}
	return sum;
}

static bool is_unknown(const struct schedtrace_column_info *column, union schedtrace_value v)
{
	return column->type == SCHEDTRACE_REAL	? isnan(v.f)
	       : column->type == SCHEDTRACE_INT ? v.i == UNKNOWN_INT
						: !v.s;
}

static void add_earlier(struct pair *p, size_t row)
{
	for (size_t c = 0; c < p->info->n_columns; c++) {
		const struct schedtrace_column_info *column = p->info->columns[c];
		union schedtrace_value v = table_cell(p->before, row, c);
		bool least = p->treatments[c] == LEAST;
		struct sum *sum = &p->sums[c];

		if (is_unknown(column, v))
			continue;
		switch (p->treatments[c]) {
		case SUBTRACT:
			sum->i = plus(sum->i, settled(p, p->before, row, c));
			break;
		case MEAN:
			sum->weight += weight_of(p, p->before, row, c);
			sum->product += v.f * weight_of(p, p->before, row, c);
			break;
		case MOST:
		case LEAST:
			if (column->type == SCHEDTRACE_REAL)
				sum->f = !sum->seen || (least ? v.f < sum->f : v.f > sum->f)
						 ? v.f
						 : sum->f;
			else
				sum->i = !sum->seen || (least ? v.i < sum->i : v.i > sum->i)
						 ? v.i
						 : sum->i;
			break;
		default:
			break;
		}
		sum->seen = true;
	}
}

/* Of what lasts now, the part since the earlier snapshot. */
static int64_t lasting_since(const struct pair *p, size_t row, size_t earlier)
{
	int64_t lasting = all_lasting(p, p->now, row);

	if (earlier == NO_ROW || lasting <= p->passed ||
	    table_cell(p->now, row, p->lasting_in).i !=
		    table_cell(p->before, earlier, p->lasting_in).i)
		return lasting;
	return minus(lasting, all_lasting(p, p->before, earlier));
}

static union schedtrace_value extreme(const struct pair *p, size_t row, size_t c)
{
	const struct schedtrace_column_info *column = p->info->columns[c];
	union schedtrace_value v = table_cell(p->now, row, c);
	const struct sum *sum = &p->sums[c];
	bool least = p->treatments[c] == LEAST, is_new;

	if (!sum->seen || is_unknown(column, v))
		return v;
	if (column->type == SCHEDTRACE_REAL)
		is_new = least ? v.f < sum->f : v.f > sum->f;
	else
		is_new = least ? v.i < sum->i : v.i > sum->i;
	return is_new ? v : unknown_value(column);
}

static union schedtrace_value mean(const struct pair *p, size_t row, size_t c)
{
	double weight = weight_of(p, p->now, row, c), of = table_cell(p->now, row, c).f;
	double more = weight - p->sums[c].weight;
	double product = isnan(of) ? 0 : of * weight;

	return (union schedtrace_value){ .f = more > 0 ? (product - p->sums[c].product) / more
						       : NAN };
}

/* Its share in what the columns of its weight say of the interval. */
static union schedtrace_value share(const struct pair *p, size_t c)
{
	const struct schedtrace_column_info *column = p->info->columns[c];
	int64_t part = p->values[interval_column(p->info, column->part)].i, whole = 0;

	for (const char *name = column->weight; name; name = interval_next(name)) {
		int64_t v = p->values[interval_column(p->info, name)].i;

		whole = plus(whole, v == UNKNOWN_INT ? 0 : v);
	}
	return (union schedtrace_value){ .f = part != UNKNOWN_INT && whole > 0
						      ? 100.0 * (double)part / (double)whole
						      : NAN };
}

/* The most that the columns whose bound @c is can be together: what is doubtful now and was not
 * before. Where less is doubtful than before, nobody knows how much of it is new: all may be. */
static void set_bound(struct pair *p, size_t row, size_t c)
{
	int64_t most = table_cell(p->now, row, c).i, before = p->sums[c].i;
	int64_t sum = 0, sum_before = 0, doubt, doubt_before;
	bool bounds = false;

	for (size_t k = 0; k < p->info->n_columns; k++) {
		const struct schedtrace_column_info *owner = p->info->columns[k];

		if (!owner->most || owner->adds || strcmp(owner->most, p->info->columns[c]->name))
			continue;
		bounds = true;
		if (table_cell(p->now, row, k).i == UNKNOWN_INT)
			continue;
		sum = plus(sum, settled(p, p->now, row, k));
		sum_before = plus(sum_before, p->sums[k].i);
	}
	if (!bounds || most == UNKNOWN_INT)
		return;
	doubt = minus(most, sum);
	doubt_before = minus(before, sum_before);
	if (doubt < doubt_before)
		p->values[c].i = plus(minus(sum, sum_before), doubt > 0 ? doubt : 0);
}

static void fill(struct pair *p, size_t row)
{
	const struct schedtrace_table_info *info = p->info;
	size_t earlier = p->first_earlier[row];
	int64_t lasting = lasting_since(p, row, earlier);

	for (size_t c = 0; c < p->n_columns; c++) {
		union schedtrace_value v = table_cell(p->now, row, c);

		if (c < info->n_columns && p->treatments[c] == SUBTRACT && v.i != UNKNOWN_INT) {
			v.i = minus(settled(p, p->now, row, c), p->sums[c].i);
			if (lasting_in(p, p->now, row, c))
				v.i = minus(v.i, lasting);
			if (c == p->rest)
				v.i = plus(v.i, lasting);
		} else if (c < info->n_columns && p->treatments[c] == MEAN) {
			v = mean(p, row, c);
		} else if (c < info->n_columns &&
			   (p->treatments[c] == MOST || p->treatments[c] == LEAST)) {
			v = extreme(p, row, c);
		} else if (c < info->n_columns && p->treatments[c] == UNKNOWN) {
			v = unknown_value(info->columns[c]);
		}
		if (c == p->lasting)
			v.i = lasting;
		p->values[c] = v;
	}
	for (size_t c = 0; c < info->n_columns; c++) {
		size_t of = interval_column(info, info->columns[c]->of);

		set_bound(p, row, c);
		if (p->treatments[c] == PART)
			p->values[c] = share(p, c);
		if (of != SIZE_MAX && is_unknown(info->columns[of], p->values[of]))
			p->values[c] = unknown_value(info->columns[c]);
	}
}

static bool is_same(const struct pair *p, size_t row, size_t earlier)
{
	for (size_t c = 0; c < p->n_columns; c++) {
		union schedtrace_value a = table_cell(p->now, row, c);
		union schedtrace_value b = table_cell(p->before, earlier, c);

		if (p->info->columns[c]->type == SCHEDTRACE_TEXT
			    ? !a.s != !b.s || (a.s && strcmp(a.s, b.s))
			    : a.i != b.i)
			return false;
	}
	return true;
}

static int add_row(struct pair *p, size_t row, struct schedtrace_table *out,
		   struct schedtrace_error *err)
{
	size_t earlier = p->first_earlier[row];

	if (earlier != NO_ROW && p->next_earlier[earlier] == NO_ROW && is_same(p, row, earlier))
		return 0;
	memset(p->sums, 0, p->n_columns * sizeof(*p->sums));
	for (; earlier != NO_ROW; earlier = p->next_earlier[earlier])
		add_earlier(p, earlier);
	fill(p, row);
	return table_row(out, p->values, err);
}

/* An earlier row that no row of now continues: what it had counted is taken back. */
static int take_back(struct pair *p, size_t earlier, struct schedtrace_table *out,
		     struct schedtrace_error *err)
{
	bool any = false;

	for (size_t c = 0; c < p->n_columns; c++) {
		union schedtrace_value v = table_cell(p->before, earlier, c);

		if (c < p->info->n_columns && p->treatments[c] == SUBTRACT && v.i != UNKNOWN_INT) {
			v.i = c == p->lasting ? 0 : -settled(p, p->before, earlier, c);
			any |= v.i != 0;
		} else if (c < p->info->n_columns && p->treatments[c] != LATER) {
			v = unknown_value(p->info->columns[c]);
		}
		p->values[c] = v;
	}
	return any ? table_row(out, p->values, err) : 0;
}

static int find_earlier(struct pair *p, struct schedtrace_table *out, struct schedtrace_error *err)
{
	size_t n = schedtrace_table_rows(p->before), rows = schedtrace_table_rows(p->now), row;
	int r = 0;

	p->first_earlier = reallocarray(NULL, rows + 1, sizeof(*p->first_earlier));
	p->next_earlier = reallocarray(NULL, n + 1, sizeof(*p->next_earlier));
	if (!p->first_earlier || !p->next_earlier || same_rows_number(&p->rows, p->now) < 0)
		return no_memory(err);
	for (size_t k = 0; k < rows; k++)
		p->first_earlier[k] = NO_ROW;
	for (size_t earlier = 0; r >= 0 && earlier < n; earlier++) {
		p->next_earlier[earlier] = NO_ROW;
		if (same_rows_find(&p->rows, p->before, earlier, &row) < 0)
			return no_memory(err);
		if (row == NO_ROW) {
			r = take_back(p, earlier, out, err);
			continue;
		}
		p->next_earlier[earlier] = p->first_earlier[row];
		p->first_earlier[row] = earlier;
	}
	return r;
}

static void pair_free(struct pair *p)
{
	same_rows_free(&p->rows);
	free(p->treatments);
	free(p->first_earlier);
	free(p->next_earlier);
	free(p->sums);
	free(p->values);
}

static int subtract(struct pair *p, struct schedtrace_table *out, struct schedtrace_error *err)
{
	const struct schedtrace_table_interval *interval = p->info->interval;
	int r = 0;

	p->lasting = interval_column(p->info, interval ? interval->lasting : NULL);
	p->lasting_in = interval_column(p->info, interval ? interval->lasting_in : NULL);
	p->rest = interval_column(p->info, interval ? interval->rest : NULL);
	p->treatments = reallocarray(NULL, p->n_columns, sizeof(*p->treatments));
	p->sums = reallocarray(NULL, p->n_columns, sizeof(*p->sums));
	p->values = reallocarray(NULL, p->n_columns, sizeof(*p->values));
	if (!p->treatments || !p->sums || !p->values)
		return no_memory(err);
	for (size_t c = 0; c < p->n_columns; c++)
		p->treatments[c] = is_named(p->info->key, p->info->columns[c]->name)
					   ? LATER
					   : treatment_of(p->info->columns[c]);
	r = find_earlier(p, out, err);
	for (size_t row = 0; r >= 0 && row < schedtrace_table_rows(p->now); row++)
		r = add_row(p, row, out, err);
	return r;
}

static int copy(const struct schedtrace_table *table, struct schedtrace_table *out,
		struct schedtrace_error *err)
{
	const struct schedtrace_table_info *info = schedtrace_table_info(table);
	size_t n = info->n_columns + info->n_hidden;
	auto_free union schedtrace_value *values = reallocarray(NULL, n, sizeof(*values));
	int r = 0;

	if (!values)
		return no_memory(err);
	for (size_t row = 0; r >= 0 && row < schedtrace_table_rows(table); row++) {
		for (size_t c = 0; c < n; c++)
			values[c] = table_cell(table, row, c);
		r = table_row(out, values, err);
	}
	return r;
}

/* ---- all tables ---------------------------------------------------------------------------- */

static int add_table(struct schedtrace_tables *out, const struct schedtrace_tables *before,
		     const struct schedtrace_table *now, int64_t passed, const struct gone *gone,
		     struct schedtrace_error *err)
{
	const struct schedtrace_table_info *info = schedtrace_table_info(now);
	enum schedtrace_change change =
		info->interval ? info->interval->change : SCHEDTRACE_CHANGE_USUAL;
	const struct schedtrace_table *earlier = schedtrace_tables_find(before, info->name);
	struct pair p = { .info = info,
			  .before = earlier,
			  .now = now,
			  .n_columns = info->n_columns + info->n_hidden,
			  .passed = passed };
	struct schedtrace_table *table;
	int r;

	if (change == SCHEDTRACE_CHANGE_UNKNOWN || (before && !earlier))
		return 0;
	r = tables_add(out, info, &table, err);
	if (r < 0)
		return r;
	if (change == SCHEDTRACE_CHANGE_LATER || !before)
		return copy(now, table, err);
	same_rows_init(&p.rows, info, gone);
	r = subtract(&p, table, err);
	pair_free(&p);
	return r;
}

/* Whether the snapshots are of one engine, in this order. */
static bool follows(const struct schedtrace_tables *before, const struct schedtrace_tables *now)
{
	const struct let_go *link = tables_place(before), *last = tables_place(now);

	while (link && link != last)
		link = link->next;
	return link && last && tables_now(before) <= tables_now(now);
}

int schedtrace_tables_interval(const struct schedtrace_tables *before,
			       const struct schedtrace_tables *now, struct schedtrace_tables **out,
			       struct schedtrace_error *err)
{
	struct gone gone = { .into = NULL };
	struct schedtrace_tables *tables;
	int64_t passed = INT64_MAX;
	int r;

	if (out)
		*out = NULL;
	if (!now || !out)
		return error_set(err, SCHEDTRACE_E_USAGE,
				 "no snapshot, or no place for the tables of an interval");
	if (before && !follows(before, now))
		return error_set(err, SCHEDTRACE_E_USAGE,
				 "an interval lies between two snapshots of one engine, the "
				 "earlier first");
	if (before) {
		passed = minus(tables_now(now), tables_now(before));
		if (gone_collect(&gone, tables_place(before), tables_place(now)) < 0)
			return no_memory(err);
	}
	r = tables_new(&tables, err);
	for (size_t i = 0; r >= 0 && i < schedtrace_tables_count(now); i++)
		r = add_table(tables, before, schedtrace_tables_at(now, i), passed, &gone, err);
	gone_free(&gone);
	if (r < 0) {
		schedtrace_tables_free(tables);
		return r;
	}
	*out = tables;
	return 0;
}
