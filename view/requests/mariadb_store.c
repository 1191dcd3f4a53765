/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Requests in a MariaDB, as operations of a store. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "view/requests/mariadb_connection.h"

#define LONGEST_VALUE 1100 /* bytes of a text */

static const char *const indexes[REQUEST_INDEXES][2] = {
	[REQUEST_BY_TIME] = { "CREATE INDEX IF NOT EXISTS request_by_time ON request_rows "
			      "(at_us)" },
	[REQUEST_BY_PID] = { "CREATE INDEX IF NOT EXISTS request_by_pid ON request_rows (pid)",
			     "CREATE INDEX IF NOT EXISTS request_by_tgid ON request_rows (tgid)" },
	[REQUEST_BY_NAME] = { "CREATE INDEX IF NOT EXISTS request_by_name ON request_rows "
			      "(name_id)" },
	[REQUEST_BY_SIZE] = { "CREATE INDEX IF NOT EXISTS request_by_size ON request_rows (size)" },
};

static struct maria_server *server_of(struct request_store *store)
{
	return (struct maria_server *)store;
}

/* ---- opening --------------------------------------------------------------------------------- */

static void close_server(struct request_store *store)
{
	struct maria_server *s = server_of(store);

	maria_disconnect(s);
	request_names_free(&s->names);
	mariadb_address_free(&s->address);
	free(s->columns);
	free(s);
}

static int open_server(struct request_store **out, const char *address, const char *home,
		       enum request_access access, struct schedtrace_error *err)
{
	struct maria_server *s = calloc(1, sizeof(*s));
	int r;

	if (!s)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for a database");
	s->store.ops = &mariadb_store;
	s->writes = access == REQUEST_WRITE;
	request_names_init(&s->names);
	r = mariadb_address_parse(&s->address, address, err);
	if (r == 0)
		r = mariadb_address_find_password(&s->address, home, err);
	if (r < 0)
		close_server(&s->store);
	else
		*out = &s->store;
	return r;
}

static int reach(struct request_store *store, struct schedtrace_error *err)
{
	return maria_connect_server(server_of(store), err);
}

/* ---- adding ---------------------------------------------------------------------------------- */

static int taken_rows(struct maria_server *s, const struct request_source *source, uint64_t *rows,
		      struct schedtrace_error *err)
{
	MYSQL_BIND bind[] = { maria_of_text(source->name) };
	int64_t number = 0;
	int r = maria_ask_numbers(s, TAKEN, bind, &number, 1, err);

	*rows = (uint64_t)number;
	return r < 0 ? r : 0;
}

static int taken(struct request_store *store, const struct request_source *source, uint64_t *rows,
		 int64_t *others, struct schedtrace_error *err)
{
	MYSQL_BIND bind[] = { maria_of_text(source->recording), maria_of_text(source->name) };
	struct maria_server *s = server_of(store);
	int r = maria_connect_server(s, err);

	if (r == 0)
		r = taken_rows(s, source, rows, err);
	if (r == 0)
		r = maria_ask_numbers(s, OTHERS, bind, others, 1, err);
	return r < 0 ? maria_end_of(s, r) : 0;
}

static int look_up(void *user, const char *name, int64_t *id, struct schedtrace_error *err)
{
	MYSQL_BIND bind[] = { maria_of_text(name) };
	struct maria_server *s = user;
	MYSQL_STMT *statement;
	int r = maria_ask_numbers(s, FIND_NAME, bind, id, 1, err);

	if (r != 0)
		return r < 0 ? r : 0;
	r = maria_execute(s, ADD_NAME, bind, &statement, err);
	if (r == 0)
		r = maria_ask_numbers(s, FIND_NAME, bind, id, 1, err);
	if (r == 0)
		r = maria_failed(s, "a name that was added is not there", err);
	return r < 0 ? r : 0;
}

static void set_number(struct maria_columns *c, int column, uint32_t i, int64_t value,
		       int64_t unknown)
{
	c->numbers[column][i] = value;
	c->unknown[column][i] = value == unknown ? STMT_INDICATOR_NULL : STMT_INDICATOR_NONE;
}

static void set_row(struct maria_columns *c, uint32_t i, const struct request_row *row,
		    int64_t name, const char *failure)
{
	const int64_t known[] = { row->at_us, row->zone_min, row->pid };

	for (int column = 0; column < 3; column++)
		set_number(c, column, i, known[column], INT64_MIN);
	set_number(c, 3, i, row->tgid, -1);
	set_number(c, 4, i, name, INT64_MIN);
	set_number(c, 5, i, row->call, INT64_MIN);
	set_number(c, 6, i, row->size, INT64_MIN);
	set_number(c, 7, i, row->address, INT64_MIN);
	c->failures[i] = failure ? failure : "";
	c->lengths[i] = strlen(c->failures[i]);
	c->unknown[ROW_COLUMNS - 1][i] = failure ? STMT_INDICATOR_NONE : STMT_INDICATOR_NULL;
}

static int add_arrays(struct maria_server *s, uint32_t n, struct schedtrace_error *err)
{
	struct maria_columns *c = s->columns;
	MYSQL_BIND bind[ROW_COLUMNS];
	unsigned int rows = n;
	MYSQL_STMT *statement;
	int r = maria_prepare(s, ADD_ROW, &statement, err);

	if (r < 0)
		return r;
	for (int i = 0; i < ROW_COLUMNS - 1; i++)
		bind[i] = maria_of_number(c->numbers[i]);
	bind[ROW_COLUMNS - 2].is_unsigned = 1;
	bind[ROW_COLUMNS - 1] = (MYSQL_BIND){ .buffer_type = MYSQL_TYPE_STRING,
					      .buffer = c->failures,
					      .length = c->lengths };
	for (int i = 0; i < ROW_COLUMNS; i++)
		bind[i].u.indicator = c->unknown[i];
	if (mysql_stmt_attr_set(statement, STMT_ATTR_ARRAY_SIZE, &rows) ||
	    mysql_stmt_bind_param(statement, bind) || mysql_stmt_execute(statement))
		return maria_failed_statement(s, statement, err);
	return 0;
}

static void bind_row(struct maria_columns *c, uint32_t row, MYSQL_BIND *bind)
{
	for (int i = 0; i < ROW_COLUMNS; i++) {
		if (c->unknown[i][row] == STMT_INDICATOR_NULL)
			bind[i] = (MYSQL_BIND){ .buffer_type = MYSQL_TYPE_NULL };
		else if (i < ROW_COLUMNS - 1)
			bind[i] = maria_of_number(&c->numbers[i][row]);
		else
			bind[i] = maria_of_text(c->failures[row]);
	}
	bind[ROW_COLUMNS - 2].is_unsigned = 1;
}

static int add_plain(struct maria_server *s, uint32_t n, struct schedtrace_error *err)
{
	auto_free MYSQL_BIND *bind = calloc(PLAIN_ROWS * ROW_COLUMNS, sizeof(*bind));
	MYSQL_STMT *statement;
	int r = 0;

	if (!bind)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for rows");
	for (uint32_t first = 0, rows; r == 0 && first < n; first += rows) {
		rows = n - first >= PLAIN_ROWS ? PLAIN_ROWS : 1;
		for (uint32_t i = 0; i < rows; i++)
			bind_row(s->columns, first + i, &bind[i * ROW_COLUMNS]);
		r = maria_execute(s, rows == 1 ? ADD_ROW : ADD_ROWS, bind, &statement, err);
	}
	return r;
}

static int add_rows(struct maria_server *s, const struct request_batch *batch, uint32_t first,
		    struct schedtrace_error *err)
{
	auto_free int64_t *names = calloc((size_t)batch->texts.n, sizeof(*names));
	int r;

	if (!s->columns)
		s->columns = malloc(sizeof(*s->columns));
	if (!names || !s->columns)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for rows");
	r = request_names_find(&s->names, batch, first, names, look_up, s, err);
	if (r < 0)
		return r;
	for (uint32_t i = first; i < batch->n; i++) {
		const struct request_row *row = &batch->rows[i];

		set_row(s->columns, i - first, row, names[row->name],
			request_batch_text(batch, row->failure));
	}
	return s->takes_arrays ? add_arrays(s, batch->n - first, err)
			       : add_plain(s, batch->n - first, err);
}

static int add_new(struct maria_server *s, const struct request_source *source,
		   const struct request_batch *batch, struct schedtrace_error *err)
{
	int64_t end = (int64_t)(batch->first + batch->n);
	MYSQL_BIND bind[] = { maria_of_text(source->name), maria_of_text(source->recording),
			      maria_of_number(&end) };
	uint64_t before = 0, first;
	MYSQL_STMT *statement;
	int r = taken_rows(s, source, &before, err);

	first = before > batch->first ? before - batch->first : 0;
	if (r < 0 || first >= batch->n)
		return r;
	r = add_rows(s, batch, (uint32_t)first, err);
	return r < 0 ? r : maria_execute(s, SET_TAKEN, bind, &statement, err);
}

static int add(struct request_store *store, const struct request_source *source,
	       const struct request_batch *batch, struct schedtrace_error *err)
{
	struct maria_server *s = server_of(store);
	int r = maria_connect_server(s, err);

	if (r == 0)
		r = maria_run(s, "START TRANSACTION", err);
	if (r == 0)
		r = add_new(s, source, batch, err);
	if (r == 0)
		r = maria_run(s, "COMMIT", err);
	return maria_end_of(s, r);
}

/* ---- reading --------------------------------------------------------------------------------- */

struct maria_row {
	union schedtrace_value values[REQUEST_COLUMNS];
	char texts[REQUEST_COLUMNS][LONGEST_VALUE];
	unsigned long lengths[REQUEST_COLUMNS];
	my_bool null[REQUEST_COLUMNS];
	MYSQL_BIND bind[REQUEST_COLUMNS];
};

static void bind_values(struct maria_row *row, const struct schedtrace_table_info *info, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (info->columns[i]->type == SCHEDTRACE_TEXT)
			row->bind[i] = (MYSQL_BIND){ .buffer_type = MYSQL_TYPE_STRING,
						     .buffer = row->texts[i],
						     .buffer_length = LONGEST_VALUE - 1,
						     .length = &row->lengths[i] };
		else
			row->bind[i] = maria_of_number(&row->values[i].i);
		row->bind[i].is_null = &row->null[i];
	}
}

static void finish_values(struct maria_row *row, const struct schedtrace_table_info *info, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		unsigned long length = row->lengths[i];

		if (info->columns[i]->type != SCHEDTRACE_TEXT) {
			if (row->null[i])
				row->values[i].i = INT64_MIN;
			continue;
		}
		row->texts[i][length < LONGEST_VALUE ? length : LONGEST_VALUE - 1] = '\0';
		row->values[i].s = row->null[i] ? NULL : row->texts[i];
	}
}

static int fetch_all(struct maria_server *s, MYSQL_STMT *statement,
		     const struct request_query *query, request_row_fn take, void *user,
		     struct schedtrace_error *err)
{
	size_t n = query->info->n_columns + query->info->n_hidden;
	auto_free struct maria_row *row = calloc(1, sizeof(*row));
	int code, r = 0;

	if (!row)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for rows");
	bind_values(row, query->info, n);
	if (mysql_stmt_bind_result(statement, row->bind))
		return maria_failed_statement(s, statement, err);
	/* Addresses above 2^63 count as cut. */
	while (r == 0 && (code = mysql_stmt_fetch(statement)) != MYSQL_NO_DATA) {
		if (code != 0 && code != MYSQL_DATA_TRUNCATED)
			return maria_failed_statement(s, statement, err);
		finish_values(row, query->info, n);
		r = take(user, row->values, err);
	}
	return r;
}

static int read_rows(struct request_store *store, const struct request_query *query,
		     request_row_fn row, void *user, struct schedtrace_error *err)
{
	struct maria_server *s = server_of(store);
	auto_free MYSQL_BIND *bind = calloc(query->n_values + 1, sizeof(*bind));
	MYSQL_STMT *statement = NULL;
	int r = bind ? maria_connect_server(s, err)
		     : error_set(err, SCHEDTRACE_E_NOMEM, "no memory for a question");

	if (r < 0)
		return r;
	for (size_t i = 0; i < query->n_values; i++)
		bind[i] = maria_of_number((int64_t *)&query->values[i]);
	statement = mysql_stmt_init(s->db);
	if (!statement)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for a question");
	if (mysql_stmt_prepare(statement, query->sql, strlen(query->sql)) ||
	    (query->n_values && mysql_stmt_bind_param(statement, bind)) ||
	    mysql_stmt_execute(statement))
		r = maria_failed_statement(s, statement, err);
	else
		r = fetch_all(s, statement, query, row, user, err);
	mysql_stmt_close(statement);
	return maria_end_of(s, r);
}

/* Whoever may only read does without. */
static int make_index(struct request_store *store, enum request_index which,
		      struct schedtrace_error *err)
{
	struct maria_server *s = server_of(store);
	int r = maria_connect_server(s, err);

	for (int i = 0; r == 0 && i < 2 && indexes[which][i]; i++)
		maria_run(s, indexes[which][i], NULL);
	return r;
}

/* ---- forgetting ------------------------------------------------------------------------------ */

static int find_due(struct maria_server *s, const struct request_retention *keep,
		    int64_t *before_us, struct schedtrace_error *err)
{
	int64_t size = 0, ends[2] = { INT64_MIN, INT64_MIN };
	int r = keep->size_bytes ? maria_ask_numbers(s, SIZE, NULL, &size, 1, err) : 0;

	*before_us = INT64_MAX;
	if (r < 0 || (keep->size_bytes && size > keep->size_bytes))
		return r < 0 ? r : 1;
	if (!keep->age_us)
		return 0;
	r = maria_ask_numbers(s, OLDEST, NULL, ends, 2, err);
	if (r < 0 || ends[1] == INT64_MIN)
		return r < 0 ? r : 0;
	*before_us = ends[1] - keep->age_us;
	return ends[0] < *before_us;
}

static int forget(struct request_store *store, const struct request_retention *keep,
		  uint64_t *deleted, struct schedtrace_error *err)
{
	struct maria_server *s = server_of(store);
	int64_t before_us;
	MYSQL_BIND bind[] = { maria_of_number(&before_us) };
	MYSQL_STMT *statement;
	int r = maria_connect_server(s, err);

	if (r == 0)
		r = find_due(s, keep, &before_us, err);
	if (r <= 0)
		return maria_end_of(s, r);
	r = maria_execute(s, FORGET, bind, &statement, err);
	if (r < 0)
		return maria_end_of(s, r);
	*deleted += mysql_stmt_affected_rows(statement);
	return mysql_stmt_affected_rows(statement) > 0;
}

const struct request_store_ops mariadb_store = {
	.open = open_server,
	.reach = reach,
	.taken = taken,
	.add = add,
	.read = read_rows,
	.index = make_index,
	.forget = forget,
	.close = close_server,
};
