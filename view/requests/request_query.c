/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "view/requests/request_query.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/jsonio.h"
#include "base/mem.h"
#include "base/pattern.h"
#include "libschedtrace/table.h"
#include "view/requests/request_store.h"

/* More places for values than any of the databases has are refused beforehand. */
#define MOST_VALUES 30000

static const struct schedtrace_column_info *const row_columns[] = {
	[REQUEST_AT] = COLUMN_TEXT("at", "when the call returned, wall time with its zone"),
	[REQUEST_PID] = COLUMN_ID("pid", "thread id of the caller"),
	[REQUEST_TGID] = COLUMN_ID("tgid", "its process id"),
	[REQUEST_NAME] = COLUMN_TEXT("name", "its name then"),
	[REQUEST_CALL] = COLUMN_TEXT("call", "mmap, munmap, mremap, brk or area"),
	[REQUEST_SIZE] = COLUMN_SIZE("size", "as asked; brk: change of the break"),
	[REQUEST_ADDRESS] = COLUMN_ADDRESS("address", "from here on; brk: the new break"),
	[REQUEST_RESULT] = COLUMN_TEXT("result", "ok, or the name of the error"),
	[REQUEST_ID] = COLUMN_ID("id", "in the order in which they were stored"),
};

const struct schedtrace_table_info request_rows_info = {
	.name = "requests",
	.about = "requests of memory from a database",
	.n_columns = REQUEST_ID,
	.n_hidden = 1,
	.columns = row_columns,
};

static const struct schedtrace_column_info *const sum_columns[] = {
	COLUMN_ID("tgid", "process id"),
	COLUMN_TEXT("name", "the name that its threads had"),
	COLUMN_COUNT("requests", "calls that succeeded"),
	COLUMN_COUNT("failed", "calls that failed"),
	COLUMN_SIZE("requested_bytes", "sum of the lengths of its mmaps"),
	COLUMN_SIZE("unmapped_bytes", "sum of the lengths of its munmaps"),
};

const struct schedtrace_table_info request_sums_info = {
	.name = "sums",
	.about = "what each process asked for",
	.n_columns = sizeof(sum_columns) / sizeof(*sum_columns),
	.columns = sum_columns,
};

/* ---- names ------------------------------------------------------------------------------- */

/* The numbers of the names that fit. */
struct fitting_names {
	const struct request_filter *filter;
	int64_t *ids;
	size_t n, max;
};

static const struct schedtrace_column_info *const name_columns[] = {
	COLUMN_ID("id", "number of a name"),
	COLUMN_TEXT("name", "as escape_utf8() writes it"),
};

static const struct schedtrace_table_info names_info = { .n_columns = 2, .columns = name_columns };

static bool fits(const struct request_filter *filter, const char *name)
{
	for (size_t i = 0; i < filter->n_names; i++)
		if (text_matches(name, filter->names[i]))
			return true;
	return false;
}

static int take_name(void *user, const union schedtrace_value *values, struct schedtrace_error *err)
{
	struct fitting_names *names = user;
	auto_free char *bytes = values[1].s ? jsonio_get_bytes(values[1].s) : NULL;

	if (!bytes || !fits(names->filter, bytes))
		return 0;
	if (!array_room(names->ids, names->n, names->max))
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for names");
	names->ids[names->n++] = values[0].i;
	return 0;
}

static int find_names(struct request_store *store, struct fitting_names *names,
		      struct schedtrace_error *err)
{
	const struct request_query query = { &names_info, "SELECT id, name FROM request_names",
					     NULL, 0 };
	int r = store->ops->read(store, &query, take_name, names, err);

	if (r == 0 && names->n > MOST_VALUES / 2)
		r = error_set(err, SCHEDTRACE_E_LIMIT, "--name: %zu names fit, more than %d",
			      names->n, MOST_VALUES / 2);
	return r;
}

/* ---- the text ---------------------------------------------------------------------------- */

struct query_text {
	FILE *f;
	char *text;
	size_t size;
	int64_t *values;
	size_t n, max;
	bool failed; /* memory ran out */
};

static void add_value(struct query_text *q, int64_t value)
{
	if (!array_room(q->values, q->n, q->max))
		q->failed = true;
	else
		q->values[q->n++] = value;
}

static void add_condition(struct query_text *q, const char *condition, int64_t value)
{
	fputs(condition, q->f);
	add_value(q, value);
}

/* "column IN (?, ?)"; of no values it is never true. */
static void add_list(struct query_text *q, const char *column_in, const int64_t *values, size_t n)
{
	fputs(column_in, q->f);
	for (size_t i = 0; i < n; i++)
		add_condition(q, i ? ", ?" : "?", values[i]);
	fputs(n ? ")" : "NULL)", q->f);
}

static void add_calls(struct query_text *q, const struct request_filter *filter)
{
	int64_t calls[REQUEST_CALLS];
	size_t n = 0;

	for (int64_t call = 1; call < REQUEST_CALLS; call++)
		if (filter->calls[call])
			calls[n++] = call;
	if (n)
		add_list(q, " AND call_id IN (", calls, n);
}

static void add_conditions(struct query_text *q, const struct request_filter *filter,
			   const struct fitting_names *names)
{
	fputs(" FROM request_details WHERE id > ?", q->f);
	add_value(q, filter->after_id);
	if (filter->before_id)
		add_condition(q, " AND id < ?", filter->before_id);
	if (filter->n_pids) {
		add_list(q, " AND (pid IN (", filter->pids, filter->n_pids);
		add_list(q, " OR tgid IN (", filter->pids, filter->n_pids);
		fputs(")", q->f);
	}
	if (filter->n_names)
		add_list(q, " AND name_id IN (", names->ids, names->n);
	add_calls(q, filter);
	if (filter->since_us)
		add_condition(q, " AND at_us >= ?", filter->since_us);
	if (filter->until_us)
		add_condition(q, " AND at_us < ?", filter->until_us);
	if (filter->min_size != INT64_MIN)
		add_condition(q, " AND size >= ?", filter->min_size);
	if (filter->max_size != INT64_MIN)
		add_condition(q, " AND size <= ?", filter->max_size);
}

#define ROW_COLUMNS "at, pid, tgid, name, `call`, size, address, result, id"

static void add_rows(struct query_text *q, const struct request_filter *filter,
		     const struct fitting_names *names)
{
	if (filter->last)
		fputs("SELECT " ROW_COLUMNS " FROM (", q->f);
	fputs("SELECT " ROW_COLUMNS, q->f);
	add_conditions(q, filter, names);
	if (filter->last)
		add_condition(q, " ORDER BY id DESC LIMIT ?) AS latest", filter->last);
	fputs(" ORDER BY id", q->f);
}

static void add_sums(struct query_text *q, const struct request_filter *filter,
		     const struct fitting_names *names)
{
	fputs("SELECT tgid, name, SUM(result = 'ok'), SUM(result <> 'ok'),"
	      " SUM(CASE WHEN `call` = 'mmap' AND result = 'ok' AND size > 0 THEN size ELSE 0 END)"
	      " AS requested,"
	      " SUM(CASE WHEN `call` = 'munmap' AND result = 'ok' THEN size ELSE 0 END)",
	      q->f);
	add_conditions(q, filter, names);
	fputs(" GROUP BY tgid, name_id, name ORDER BY requested DESC, tgid, name", q->f);
}

/* ---- what it gives ----------------------------------------------------------------------- */

struct named_rows {
	size_t name; /* column */
	size_t n;
	request_row_fn row;
	void *user;
};

/* Names become the bytes that they were. */
static int pass_row(void *user, const union schedtrace_value *values, struct schedtrace_error *err)
{
	const struct named_rows *rows = user;
	union schedtrace_value copy[REQUEST_COLUMNS];
	const char *name = values[rows->name].s;
	auto_free char *bytes = name ? jsonio_get_bytes(name) : NULL;

	if (name && !bytes)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for a name");
	memcpy(copy, values, rows->n * sizeof(*values));
	copy[rows->name].s = bytes;
	return rows->row(rows->user, copy, err);
}

static int make_indexes(struct request_store *store, const struct request_filter *filter,
			struct schedtrace_error *err)
{
	const bool wanted[REQUEST_INDEXES] = {
		[REQUEST_BY_TIME] = filter->since_us || filter->until_us,
		[REQUEST_BY_PID] = filter->n_pids > 0,
		[REQUEST_BY_NAME] = filter->n_names > 0,
		[REQUEST_BY_SIZE] = filter->min_size > 0,
	};
	int r = 0;

	for (int i = 0; r == 0 && i < REQUEST_INDEXES; i++)
		if (wanted[i])
			r = store->ops->index(store, (enum request_index)i, err);
	return r;
}

static int ask(struct request_store *store, const struct request_filter *filter,
	       void (*add_text)(struct query_text *, const struct request_filter *,
				const struct fitting_names *),
	       const struct schedtrace_table_info *info, struct named_rows *rows,
	       struct schedtrace_error *err)
{
	struct fitting_names names = { .filter = filter };
	struct query_text q = { .f = NULL };
	int r = make_indexes(store, filter, err);

	if (r == 0 && filter->n_names)
		r = find_names(store, &names, err);
	if (r == 0) {
		q.f = open_memstream(&q.text, &q.size);
		if (q.f)
			add_text(&q, filter, &names);
		if (!q.f || fclose(q.f) != 0 || q.failed)
			r = error_set(err, SCHEDTRACE_E_NOMEM, "no memory for a question");
	}
	if (r == 0)
		r = store->ops->read(store, &(struct request_query){ info, q.text, q.values, q.n },
				     pass_row, rows, err);
	free(q.text);
	free(q.values);
	free(names.ids);
	return r;
}

int request_store_rows(struct request_store *store, const struct request_filter *filter,
		       request_row_fn row, void *user, struct schedtrace_error *err)
{
	struct named_rows rows = { REQUEST_NAME, REQUEST_COLUMNS, row, user };

	return ask(store, filter, add_rows, &request_rows_info, &rows, err);
}

int request_store_sums(struct request_store *store, const struct request_filter *filter,
		       request_row_fn row, void *user, struct schedtrace_error *err)
{
	struct named_rows rows = { 1, request_sums_info.n_columns, row, user };

	return ask(store, filter, add_sums, &request_sums_info, &rows, err);
}
