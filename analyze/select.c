/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "analyze/select.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <schedtrace/analyses.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/nearest.h"

/* Rows of a ranked table that text shows when nobody says how many. */
#define USUAL_TOP 20

static bool known_somewhere(const struct view *view, size_t column)
{
	for (size_t i = 0; i < view->n_rows; i++)
		if (!value_unknown(view->info->columns[column],
				   schedtrace_table_value(view->table, view->rows[i], column)))
			return true;
	return false;
}

bool value_unknown(const struct schedtrace_column_info *column, union schedtrace_value value)
{
	switch (column->type) {
	case SCHEDTRACE_INT:
		return value.i == INT64_MIN;
	case SCHEDTRACE_REAL:
		return !isfinite(value.f);
	default:
		return !value.s;
	}
}

size_t select_column(const struct schedtrace_table_info *info, const char *word, size_t n)
{
	static const char *const units[] = { "", "_ns", "_bytes" };

	for (size_t u = 0; u < sizeof(units) / sizeof(*units); u++)
		for (size_t i = 0; i < info->n_columns; i++) {
			const char *name = info->columns[i]->name;

			if (!strncmp(name, word, n) && !strcmp(name + n, units[u]))
				return i;
		}
	return SIZE_MAX;
}

bool name_ends_with(const char *name, const char *end)
{
	size_t n = strlen(name), m = strlen(end);

	return n >= m && !strcmp(name + n - m, end);
}

bool column_is_stamp(const struct schedtrace_column_info *column)
{
	return column->kind == SCHEDTRACE_KIND_STAMP;
}

bool view_shows_time(const struct view *view, const struct schedtrace_column_info *column)
{
	return view->times && column_is_stamp(column);
}

char *view_column_name(const struct view *view, const struct schedtrace_column_info *column)
{
	size_t n = strlen(column->name);

	return view_shows_time(view, column) ? strndup(column->name, n - strlen("_ns"))
					     : strdup(column->name);
}

/* Calls for each word between commas until one call gives something else than 0. */
static int for_each_word(const char *list, int (*call)(void *user, const char *word, size_t n),
			 void *user)
{
	for (;;) {
		size_t n = strcspn(list, ",");
		int r = n ? call(user, list, n) : 0;

		if (r || !list[n])
			return r;
		list += n + 1;
	}
}

static int choose_word(void *user, const char *word, size_t n)
{
	struct view *view = user;
	size_t c = select_column(view->info, word, n);

	if (c == SIZE_MAX)
		return 0;
	for (size_t i = 0; i < view->n_columns; i++)
		if (view->columns[i] == c)
			return 0;
	view->columns[view->n_columns++] = c;
	return 0;
}

static int choose_columns(struct view *view, const char *list, struct schedtrace_error *err)
{
	view->columns = calloc(view->info->n_columns + 1, sizeof(*view->columns));
	if (!view->columns)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for the columns of a table");
	if (list)
		for_each_word(list, choose_word, view);
	view->columns_chosen = view->n_columns > 0;
	if (!view->n_columns)
		for (size_t i = 0; i < view->info->n_columns; i++)
			view->columns[view->n_columns++] = i;
	return 0;
}

struct word_check {
	const struct schedtrace_table_info *const *infos;
	size_t n;
	const char *option;
	struct schedtrace_error *err;
};

/* Fails unless some table has the column. */
static int check_word(void *user, const char *word, size_t n)
{
	struct word_check *check = user;
	auto_free const char **names = NULL;
	auto_free char *copy = NULL;
	size_t n_names = 0;
	const char *near;

	for (size_t i = 0; i < check->n; i++) {
		if (select_column(check->infos[i], word, n) != SIZE_MAX)
			return 0;
		n_names += check->infos[i]->n_columns;
	}
	names = calloc(n_names + 1, sizeof(*names));
	copy = strndup(word, n);
	if (!names || !copy)
		return error_set(check->err, SCHEDTRACE_E_NOMEM, "no memory for column names");
	n_names = 0;
	for (size_t i = 0; i < check->n; i++)
		for (size_t c = 0; c < check->infos[i]->n_columns; c++)
			names[n_names++] = check->infos[i]->columns[c]->name;
	near = nearest_word(copy, names, n_names);
	if (near)
		return error_set(check->err, SCHEDTRACE_E_USAGE,
				 "%s: no column %s here; did you mean %s?", check->option, copy,
				 near);
	return error_set(check->err, SCHEDTRACE_E_USAGE,
			 "%s: no column %s here; \"schedreport list\" names them all",
			 check->option, copy);
}

static int check_columns(const struct selection *sel,
			 const struct schedtrace_table_info *const *infos, size_t n,
			 struct schedtrace_error *err)
{
	struct word_check check = { infos, n, "--columns", err };
	int r = 0;

	if (sel->columns && n)
		r = for_each_word(sel->columns, check_word, &check);
	check.option = "--sort";
	if (!r && sel->sort && n) {
		const char *word = sel->sort + (*sel->sort == '-');

		r = check_word(&check, word, strlen(word));
	}
	return r;
}

struct order {
	const struct schedtrace_table *table;
	size_t column;
	bool descending;
};

static int compare_rows(const void *a, const void *b, void *arg)
{
	const struct order *order = arg;
	const struct schedtrace_column_info *info =
		schedtrace_table_info(order->table)->columns[order->column];
	size_t ra = *(const size_t *)a, rb = *(const size_t *)b;
	union schedtrace_value va = schedtrace_table_value(order->table, ra, order->column);
	union schedtrace_value vb = schedtrace_table_value(order->table, rb, order->column);
	bool ua = value_unknown(info, va), ub = value_unknown(info, vb);
	int r = 0;

	if (ua || ub) {
		if (ua != ub)
			return ua ? 1 : -1; /* the unknown come last either way */
	} else if (info->type == SCHEDTRACE_INT) {
		r = (va.i > vb.i) - (va.i < vb.i);
	} else if (info->type == SCHEDTRACE_REAL) {
		r = (va.f > vb.f) - (va.f < vb.f);
	} else {
		r = strcmp(va.s, vb.s);
	}
	if (order->descending)
		r = -r;
	return r ? r : (ra > rb) - (ra < rb);
}

/* "COLUMN" or "-COLUMN", of @n bytes; false when the table has no such column. */
static bool parse_order(struct order *order, const struct view *view, const char *sort, size_t n)
{
	order->table = view->table;
	order->descending = *sort == '-';
	order->column = select_column(view->info, sort + order->descending, n - order->descending);
	return order->column != SIZE_MAX;
}

/* By the first column of the usual order that is known in some row. */
static bool usual_order(struct order *order, const struct view *view)
{
	for (const char *list = view->info->order; list && *list; list += *list == ',') {
		size_t n = strcspn(list, ",");

		if (parse_order(order, view, list, n) && known_somewhere(view, order->column))
			return true;
		list += n;
	}
	return false;
}

static void sort_rows(struct view *view, const char *sort)
{
	struct order order;

	if ((sort && parse_order(&order, view, sort, strlen(sort))) || usual_order(&order, view))
		qsort_r(view->rows, view->n_rows, sizeof(*view->rows), compare_rows, &order);
}

/* Of a curve, USUAL_TOP rows from the first to the last. */
static void spread_rows(struct view *view)
{
	for (size_t i = 0; i < USUAL_TOP; i++)
		view->rows[i] = view->rows[i * (view->n_rows - 1) / (USUAL_TOP - 1)];
	view->n_rows = USUAL_TOP;
	view->spread = true;
}

static int choose_rows(struct view *view, const struct selection *sel, bool limit_rows,
		       struct schedtrace_error *err)
{
	const struct schedtrace_table_info *info = view->info;
	size_t n = schedtrace_table_rows(view->table);
	auto_free union schedtrace_value *values = calloc(info->n_columns + 1, sizeof(*values));

	view->rows = calloc(n + 1, sizeof(*view->rows));
	if (!view->rows || !values)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for %zu rows of a table", n);
	for (size_t r = 0; r < n; r++) {
		for (size_t c = 0; c < info->n_columns; c++)
			values[c] = schedtrace_table_value(view->table, r, c);
		if (filters_match(&sel->filters, info, values))
			view->rows[view->n_rows++] = r;
	}
	view->n_matching = view->n_rows;
	sort_rows(view, sel->sort);
	if (sel->top > 0 && view->n_rows > (uint64_t)sel->top)
		view->n_rows = (size_t)sel->top;
	else if (sel->top < 0 && limit_rows && info->order && view->n_rows > USUAL_TOP)
		view->n_rows = USUAL_TOP;
	else if (sel->top < 0 && limit_rows && !sel->sort && view->n_rows > USUAL_TOP &&
		 info->curve)
		spread_rows(view);
	return 0;
}

bool select_names(const char *list, const char *name)
{
	for (size_t n; *list; list += n + (list[n] == ',')) {
		n = strcspn(list, ",");
		if (!strncmp(name, list, n) && !name[n])
			return true;
	}
	return false;
}

const char *analysis_of_table(const struct schedtrace_table_info *info)
{
	const struct schedtrace_analysis_info *analysis;

	for (size_t i = 0; (analysis = schedtrace_analysis_at(i)); i++)
		for (size_t t = 0; t < analysis->n_tables; t++)
			if (analysis->tables[t] == info)
				return analysis->name;
	return NULL;
}

static char *shown_name(const struct schedtrace_table_info *info,
			const struct schedtrace_table_info *const *infos, size_t n)
{
	const char *analysis = analysis_of_table(info);
	size_t same = 0;
	char *name;

	for (size_t i = 0; i < n; i++)
		same += !strcmp(infos[i]->name, info->name);
	if (same < 2 || !analysis)
		return strdup(info->name);
	return asprintf(&name, "%s.%s", analysis, info->name) < 0 ? NULL : name;
}

int views_make(struct view *views, const struct schedtrace_table *const *tables, size_t n,
	       const struct selection *sel, bool limit_rows, struct schedtrace_error *err)
{
	auto_free const struct schedtrace_table_info **infos = calloc(n + 1, sizeof(*infos));
	int r;

	memset(views, 0, n * sizeof(*views));
	if (!infos)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for %zu tables", n);
	for (size_t i = 0; i < n; i++)
		infos[i] = schedtrace_table_info(tables[i]);
	r = check_columns(sel, infos, n, err);
	for (size_t i = 0; i < n && !r; i++) {
		views[i].table = tables[i];
		views[i].info = infos[i];
		views[i].name = shown_name(infos[i], infos, n);
		if (!views[i].name)
			r = error_set(err, SCHEDTRACE_E_NOMEM, "no memory for a table's name");
		if (!r)
			r = choose_columns(&views[i], sel->columns, err);
		if (!r)
			r = choose_rows(&views[i], sel, limit_rows, err);
	}
	return r;
}

int view_of_log(struct view *view, const struct schedtrace_table_info *log,
		const struct selection *sel, struct schedtrace_error *err)
{
	int r;

	memset(view, 0, sizeof(*view));
	view->info = log;
	if (sel->sort)
		return error_set(err, SCHEDTRACE_E_USAGE,
				 "--sort: the rows of a log come in the order of time");
	r = check_columns(sel, &log, 1, err);
	if (r)
		return r;
	view->name = strdup(log->name);
	if (!view->name)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for a log's name");
	return choose_columns(view, sel->columns, err);
}

void view_release(struct view *view)
{
	free(view->name);
	free(view->columns);
	free(view->rows);
	memset(view, 0, sizeof(*view));
}
