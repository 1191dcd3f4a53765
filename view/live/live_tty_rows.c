/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "view/live/live_tty_rows.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

const struct live_tty_column live_tty_columns[LIVE_TTY_VALUES] = {
	{ "%CPU", "on_cpu", 1, 6, 1, 0 },
	{ "%usr", "usr", 1, 6, 1, 3 },
	{ "%system", "system", 1, 7, 1, 4 },
	{ "%guest", "guest", 1, 6, 1, 14 },
	{ "%wait", "wait", 1, 6, 1, 2 },
	{ "CPU", "cpu", 1, 3, 0, 7 },
	{ "minflt/s", "minflt", 1, 8, 1, 9 },
	{ "majflt/s", "majflt", 1, 8, 1, 11 },
	{ "RSS MiB", "rss_bytes", 1 << 20, 7, 1, 5 },
	{ "cswch/s", "cswch", 1, 8, 1, 6 },
	{ "nvcswch/s", "nvcswch", 1, 9, 1, 8 },
	{ "p99 ms", "wakeup_p99_ns", 1e6, 8, 3, 10 },
	{ "migr/s", "migrations", 1, 6, 1, 12 },
	{ "thr", "threads", 1, 4, 0, 13 },
	{ "ppid", "ppid", 1, 7, 0, 15 },
	{ "process", "tgid", 1, 7, 0, 16 },
};

static double number(const struct schedtrace_table *table, size_t row, size_t column)
{
	union schedtrace_value v = schedtrace_table_value(table, row, column);

	if (schedtrace_table_info(table)->columns[column]->type == SCHEDTRACE_REAL)
		return v.f;
	return v.i == INT64_MIN ? NAN : (double)v.i;
}

static struct live_tty_row *find(struct live_tty_rows *rows, const struct live_tty_row *row)
{
	for (size_t i = 0; i < rows->n; i++)
		if (rows->list[i].pid == row->pid &&
		    (row->pid != INT64_MIN || !strcmp(rows->list[i].comm, row->comm)))
			return &rows->list[i];
	return NULL;
}

static struct live_tty_row row_of(const struct schedtrace_table *table, size_t i)
{
	const struct schedtrace_table_info *info = schedtrace_table_info(table);
	struct live_tty_row row = {
		.pid = schedtrace_table_ints(table, "pid")[i],
		.tgid = schedtrace_table_ints(table, "tgid")[i],
		.ppid = schedtrace_table_ints(table, "ppid")[i],
	};

	schedtrace_printable(schedtrace_table_texts(table, "comm")[i], row.comm, sizeof(row.comm));
	schedtrace_printable(schedtrace_table_texts(table, "user")[i], row.user, sizeof(row.user));
	for (size_t c = 0; c < LIVE_TTY_VALUES; c++)
		row.values[c] =
			number(table, i, schedtrace_column_index(info, live_tty_columns[c].name)) /
			live_tty_columns[c].unit;
	return row;
}

/* The same of one that did nothing. */
static void miss(struct live_tty_row *row)
{
	if (row->missed++ == 0)
		for (size_t c = 0; c < LIVE_TTY_VALUES; c++)
			row->values[c] = c == LIVE_TTY_ON_CPU ? 0 : NAN;
}

static void drop_old(struct live_tty_rows *rows)
{
	size_t kept = 0;

	for (size_t i = 0; i < rows->n; i++)
		if (rows->list[i].missed <= LIVE_TTY_GREYED)
			rows->list[kept++] = rows->list[i];
	rows->n = kept;
}

bool live_tty_rows_take(struct live_tty_rows *rows, const struct view *activity, bool held)
{
	for (size_t i = 0; i < rows->n; i++)
		miss(&rows->list[i]);
	memset(rows->sums, 0, sizeof(rows->sums));
	rows->n_tasks = activity->n_rows;
	for (size_t i = 0; i < rows->n_tasks; i++) {
		struct live_tty_row row = row_of(activity->table, activity->rows[i]);
		struct live_tty_row *place = find(rows, &row);

		for (size_t c = 0; c < LIVE_TTY_VALUES; c++)
			rows->sums[c] += row.values[c];
		if (!place && !array_room(rows->list, rows->n, rows->cap))
			return false;
		if (place) {
			row.tagged = place->tagged;
			row.depth = place->depth;
		} else {
			place = &rows->list[rows->n++];
		}
		*place = row;
	}
	if (!held)
		drop_old(rows);
	return true;
}

static int compare(const void *a, const void *b, void *user)
{
	const struct live_tty_rows *rows = user;
	const struct live_tty_row *x = a, *y = b;
	double p = x->values[rows->sort], q = y->values[rows->sort];

	/* What is unknown stands last. */
	if (isnan(p) || isnan(q))
		return isnan(p) != isnan(q) ? isnan(p) - isnan(q)
					    : (x->pid > y->pid) - (x->pid < y->pid);
	if (p != q)
		return (p < q) == rows->up ? -1 : 1;
	return (x->pid > y->pid) - (x->pid < y->pid);
}

/* ---- a tree -------------------------------------------------------------------------------- */

/* Whose child a row is: threads are those of the first of their process. */
static int64_t parent_of(const struct live_tty_row *row)
{
	return row->tgid != row->pid ? row->tgid : row->ppid;
}

static bool is_there(const struct live_tty_row *list, size_t n, int64_t pid)
{
	for (size_t i = 0; i < n && pid != INT64_MIN; i++)
		if (list[i].pid == pid)
			return true;
	return false;
}

struct tree {
	struct live_tty_row *from, *to;
	size_t n, done;
};

static void put_children(struct tree *tree, int64_t parent, int depth)
{
	for (size_t i = 0; i < tree->n; i++) {
		struct live_tty_row *row = &tree->from[i];

		if (row->depth >= 0 || row->pid == INT64_MIN || parent_of(row) != parent)
			continue;
		row->depth = depth;
		tree->to[tree->done++] = *row;
		put_children(tree, row->pid, depth < 20 ? depth + 1 : depth);
	}
}

/* Roots as they are sorted, and below each its children. */
static bool make_tree(struct live_tty_rows *rows)
{
	auto_free struct live_tty_row *copy = calloc(rows->n + 1, sizeof(*copy));
	struct tree tree = { copy, rows->list, rows->n, 0 };

	if (!copy)
		return false;
	if (rows->n)
		memcpy(copy, rows->list, rows->n * sizeof(*copy));
	for (size_t i = 0; i < rows->n; i++)
		copy[i].depth = -1;
	for (size_t i = 0; i < rows->n; i++) {
		if (copy[i].depth >= 0 || is_there(copy, rows->n, parent_of(&copy[i])))
			continue;
		copy[i].depth = 0;
		rows->list[tree.done++] = copy[i];
		if (copy[i].pid != INT64_MIN)
			put_children(&tree, copy[i].pid, 1);
	}
	/* What two names of a pid made go round. */
	for (size_t i = 0; i < rows->n; i++)
		if (copy[i].depth < 0) {
			copy[i].depth = 0;
			rows->list[tree.done++] = copy[i];
		}
	return true;
}

bool live_tty_rows_order(struct live_tty_rows *rows)
{
	if (rows->n)
		qsort_r(rows->list, rows->n, sizeof(*rows->list), compare, rows);
	for (size_t i = 0; i < rows->n; i++)
		rows->list[i].depth = 0;
	return !rows->tree || make_tree(rows);
}

void live_tty_rows_free(struct live_tty_rows *rows)
{
	free(rows->list);
}
