/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Requests in a MariaDB. Whatever fails, the connection is closed, by which the server forgets what
 * was not committed; the next call connects anew and prepares its statements again.
 */
#include <mysql.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "view/requests/mariadb_address.h"
#include "view/requests/request_names.h"
#include "view/requests/request_store.h"

#define CONNECT_S     5
#define ANSWER_S      10
#define PLAIN_ROWS    500 /* in a statement, where arrays are not to be had */
#define ROW_COLUMNS   9
#define LONGEST_VALUE 1100 /* bytes of a text */
#define AUTHORITIES   "/etc/ssl/certs/ca-certificates.crt"

enum maria_statement {
	TAKEN,
	OTHERS,
	SET_TAKEN,
	FIND_NAME,
	ADD_NAME,
	ADD_ROW,
	ADD_ROWS, /* PLAIN_ROWS of them; its text is made */
	OLDEST,
	SIZE,
	FORGET,
	N_STATEMENTS
};

#define INSERT_ROWS                                                                                \
	"INSERT INTO request_rows (at_us, zone_min, pid, tgid, name_id, call_id, size, address,"   \
	" failure) VALUES "
#define ONE_ROW "(?, ?, ?, ?, ?, ?, ?, ?, ?)"

static const char *const statements[N_STATEMENTS] = {
	[TAKEN] = "SELECT rows_taken FROM request_sources WHERE name = ? FOR UPDATE",
	[OTHERS] = "SELECT COUNT(*) FROM request_sources WHERE recording = ? AND name <> ?",
	[SET_TAKEN] = ("INSERT INTO request_sources (name, recording, rows_taken) VALUES (?, ?, ?)"
		       " ON DUPLICATE KEY UPDATE rows_taken = VALUES(rows_taken)"),
	[FIND_NAME] = "SELECT id FROM request_names WHERE name = ?",
	[ADD_NAME] = "INSERT IGNORE INTO request_names (name) VALUES (?)",
	[ADD_ROW] = INSERT_ROWS ONE_ROW,
	[OLDEST] = ("SELECT (SELECT at_us FROM request_rows ORDER BY id LIMIT 1),"
		    " (SELECT at_us FROM request_rows ORDER BY id DESC LIMIT 1)"),
	/* What the server knows of a row's size and of their number is of the same moment. */
	[SIZE] = ("SELECT CAST(LEAST((data_length + index_length) / GREATEST(table_rows, 1), 200)"
		  " * (SELECT MAX(id) - MIN(id) + 1 FROM request_rows) AS SIGNED)"
		  " FROM information_schema.tables"
		  " WHERE table_schema = DATABASE() AND table_name = 'request_rows'"),
	[FORGET] = ("DELETE FROM request_rows WHERE id <"
		    " (SELECT last FROM (SELECT MAX(id) AS last FROM request_rows) AS newest)"
		    " AND at_us < ? ORDER BY id LIMIT 20000"),
};

static const char *const session[] = {
	"SET SESSION sql_mode = 'STRICT_ALL_TABLES'",
	"SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED",
};

static const char *const schema[] = {
	"CREATE TABLE IF NOT EXISTS request_store (version INT PRIMARY KEY) ENGINE = InnoDB",
	"CREATE TABLE IF NOT EXISTS request_names (id BIGINT AUTO_INCREMENT PRIMARY KEY,"
	" name VARBINARY(1020) NOT NULL UNIQUE) ENGINE = InnoDB",
	"CREATE TABLE IF NOT EXISTS request_sources (name VARBINARY(64) PRIMARY KEY,"
	" recording VARBINARY(64) NOT NULL, rows_taken BIGINT NOT NULL) ENGINE = InnoDB",
	"CREATE TABLE IF NOT EXISTS request_rows (id BIGINT AUTO_INCREMENT PRIMARY KEY,"
	" at_us BIGINT NOT NULL, zone_min SMALLINT NOT NULL, pid INT NOT NULL, tgid INT,"
	" name_id BIGINT NOT NULL, call_id TINYINT NOT NULL, size BIGINT,"
	" address BIGINT UNSIGNED, failure VARBINARY(64)) ENGINE = InnoDB",
	"CREATE OR REPLACE VIEW request_details AS SELECT request_rows.id AS id, at_us, zone_min,"
	" name_id, call_id,"
	" CONCAT(DATE_FORMAT(DATE_ADD('1970-01-01', INTERVAL at_us + zone_min * 60000000"
	" MICROSECOND), '%Y-%m-%d %H:%i:%s.%f'), IF(zone_min < 0, '-', '+'),"
	" LPAD(ABS(zone_min) DIV 60, 2, '0'), ':', LPAD(ABS(zone_min) % 60, 2, '0')) AS at,"
	" pid, tgid, CONVERT(name USING utf8mb4) AS name,"
	" CASE call_id WHEN 1 THEN 'mmap' WHEN 2 THEN 'munmap' WHEN 3 THEN 'mremap'"
	" WHEN 4 THEN 'brk' WHEN 5 THEN 'area' ELSE 'unknown' END AS `call`,"
	" size, address, COALESCE(CONVERT(failure USING utf8mb4), 'ok') AS result"
	" FROM request_rows LEFT JOIN request_names ON request_names.id = name_id",
	"CREATE OR REPLACE VIEW requests AS SELECT pid, tgid, name, `call`, size, address, at,"
	" result FROM request_details",
	"CREATE OR REPLACE VIEW requests_simple AS SELECT pid, name, `call`, size, at"
	" FROM request_details",
	"INSERT IGNORE INTO request_store VALUES (1)",
};

static const char *const indexes[REQUEST_INDEXES][2] = {
	[REQUEST_BY_TIME] = { "CREATE INDEX IF NOT EXISTS request_by_time ON request_rows "
			      "(at_us)" },
	[REQUEST_BY_PID] = { "CREATE INDEX IF NOT EXISTS request_by_pid ON request_rows (pid)",
			     "CREATE INDEX IF NOT EXISTS request_by_tgid ON request_rows (tgid)" },
	[REQUEST_BY_NAME] = { "CREATE INDEX IF NOT EXISTS request_by_name ON request_rows "
			      "(name_id)" },
	[REQUEST_BY_SIZE] = { "CREATE INDEX IF NOT EXISTS request_by_size ON request_rows (size)" },
};

/* The rows of a batch by columns, as the library wants them. */
struct maria_columns {
	int64_t numbers[ROW_COLUMNS - 1][REQUEST_BATCH_ROWS];
	char unknown[ROW_COLUMNS][REQUEST_BATCH_ROWS]; /* enum indicator_type */
	const char *failures[REQUEST_BATCH_ROWS];
	unsigned long lengths[REQUEST_BATCH_ROWS];
};

struct maria_server {
	struct request_store store;
	struct mariadb_address address;
	bool writes;
	MYSQL *db; /* NULL: not connected */
	MYSQL_STMT *statements[N_STATEMENTS];
	bool takes_arrays;
	struct request_names names;
	struct maria_columns *columns; /* once there is a batch */
};

static struct maria_server *server_of(struct request_store *store)
{
	return (struct maria_server *)store;
}

/* ---- the connection -------------------------------------------------------------------------- */

static int failed(const struct maria_server *s, const char *what, struct schedtrace_error *err)
{
	return error_set(err, SCHEDTRACE_E_IO, "MariaDB of %s@%s: %s", s->address.user,
			 s->address.socket ? s->address.socket : s->address.host,
			 what && *what ? what : "no memory");
}

static int failed_statement(const struct maria_server *s, MYSQL_STMT *statement,
			    struct schedtrace_error *err)
{
	return failed(s, statement ? mysql_stmt_error(statement) : mysql_error(s->db), err);
}

static void disconnect(struct maria_server *s)
{
	for (int i = 0; i < N_STATEMENTS; i++) {
		if (s->statements[i])
			mysql_stmt_close(s->statements[i]);
		s->statements[i] = NULL;
	}
	if (s->db)
		mysql_close(s->db);
	s->db = NULL;
	request_names_forget(&s->names);
}

/* A result below 0 closes the connection. */
static int end_of(struct maria_server *s, int r)
{
	if (r < 0)
		disconnect(s);
	return r;
}

static int run(const struct maria_server *s, const char *sql, struct schedtrace_error *err)
{
	return mysql_query(s->db, sql) == 0 ? 0 : failed(s, mysql_error(s->db), err);
}

static int run_all(const struct maria_server *s, const char *const *sql, size_t n,
		   struct schedtrace_error *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++)
		r = run(s, sql[i], err);
	return r;
}

/* 0: there is none yet. */
static int find_version(const struct maria_server *s, int *version, struct schedtrace_error *err)
{
	MYSQL_RES *result;
	MYSQL_ROW row;

	*version = 0;
	if (mysql_query(s->db, "SHOW TABLES LIKE 'request_store'") != 0 ||
	    !(result = mysql_store_result(s->db)))
		return failed(s, mysql_error(s->db), err);
	row = mysql_fetch_row(result);
	mysql_free_result(result);
	if (!row)
		return 0;
	if (mysql_query(s->db, "SELECT MAX(version) FROM request_store") != 0 ||
	    !(result = mysql_store_result(s->db)))
		return failed(s, mysql_error(s->db), err);
	row = mysql_fetch_row(result);
	if (row && row[0])
		*version = atoi(row[0]);
	mysql_free_result(result);
	return 0;
}

static int make_schema(const struct maria_server *s, struct schedtrace_error *err)
{
	int version, r = find_version(s, &version, err);

	if (r < 0)
		return r;
	if (version > REQUEST_STORE_VERSION)
		return error_set(err, SCHEDTRACE_E_UNSUPPORTED,
				 "the database %s: version %d, and this schedview knows %d",
				 s->address.database, version, REQUEST_STORE_VERSION);
	if (version)
		return 0;
	if (!s->writes)
		return error_set(err, SCHEDTRACE_E_FORMAT, "the database %s holds no requests",
				 s->address.database);
	return run_all(s, schema, sizeof(schema) / sizeof(*schema), err);
}

static void set_options(const struct maria_server *s)
{
	const unsigned int connect_s = CONNECT_S, answer_s = ANSWER_S, no = 0;
	const char *authorities = s->address.authorities;
	const my_bool yes = 1, off = 0;

	mysql_options(s->db, MYSQL_OPT_CONNECT_TIMEOUT, &connect_s);
	/* A question of somebody who reads may take the server long. */
	if (s->writes)
		mysql_options(s->db, MYSQL_OPT_READ_TIMEOUT, &answer_s);
	mysql_options(s->db, MYSQL_OPT_WRITE_TIMEOUT, &answer_s);
	mysql_options(s->db, MYSQL_OPT_RECONNECT, &off);
	mysql_options(s->db, MYSQL_OPT_LOCAL_INFILE, &no);
	mysql_options(s->db, MYSQL_SET_CHARSET_NAME, "utf8mb4");
	if (mariadb_address_is_local(&s->address))
		return;
	mysql_options(s->db, MYSQL_OPT_SSL_ENFORCE, &yes);
	mysql_options(s->db, MYSQL_OPT_SSL_VERIFY_SERVER_CERT, &yes);
	mysql_options(s->db, MYSQL_OPT_SSL_CA, authorities ? authorities : AUTHORITIES);
}

static bool server_takes_arrays(MYSQL *db)
{
	unsigned long more = 0;

	return mariadb_get_infov(db, MARIADB_CONNECTION_EXTENDED_SERVER_CAPABILITIES, &more) == 0 &&
	       more & (unsigned long)(MARIADB_CLIENT_STMT_BULK_OPERATIONS >> 32);
}

static int connect_server(struct maria_server *s, struct schedtrace_error *err)
{
	const struct mariadb_address *a = &s->address;
	int r;

	if (s->db)
		return 0;
	s->db = mysql_init(NULL);
	if (!s->db)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for a connection");
	set_options(s);
	if (!mysql_real_connect(s->db, *a->host ? a->host : NULL, a->user, a->password, a->database,
				a->port, a->socket, 0)) {
		r = failed(s, mysql_error(s->db), err);
		return end_of(s, r);
	}
	s->takes_arrays = !a->plain && server_takes_arrays(s->db);
	r = run_all(s, session, sizeof(session) / sizeof(*session), err);
	if (r == 0)
		r = make_schema(s, err);
	return end_of(s, r);
}

/* ---- statements ------------------------------------------------------------------------------ */

static char *text_of_rows(int rows)
{
	size_t size = strlen(INSERT_ROWS) + (size_t)rows * strlen(ONE_ROW ", ") + 1;
	char *text = malloc(size), *to = text;

	if (!text)
		return NULL;
	to = stpcpy(to, INSERT_ROWS ONE_ROW);
	while (--rows)
		to = stpcpy(to, ", " ONE_ROW);
	return text;
}

static int prepare(struct maria_server *s, enum maria_statement which, MYSQL_STMT **out,
		   struct schedtrace_error *err)
{
	MYSQL_STMT **statement = &s->statements[which];
	auto_free char *made = NULL;
	const char *text = statements[which];

	*out = *statement;
	if (*out)
		return 0;
	if (!text)
		text = made = text_of_rows(PLAIN_ROWS);
	*statement = text ? mysql_stmt_init(s->db) : NULL;
	if (!*statement)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for a statement");
	*out = *statement;
	return mysql_stmt_prepare(*out, text, strlen(text)) == 0 ? 0
								 : failed_statement(s, *out, err);
}

static MYSQL_BIND of_text(const char *text)
{
	return (MYSQL_BIND){ .buffer_type = MYSQL_TYPE_STRING,
			     .buffer = (char *)text,
			     .buffer_length = strlen(text) };
}

static MYSQL_BIND of_number(int64_t *number)
{
	return (MYSQL_BIND){ .buffer_type = MYSQL_TYPE_LONGLONG, .buffer = number };
}

static int execute(struct maria_server *s, enum maria_statement which, MYSQL_BIND *bind,
		   MYSQL_STMT **out, struct schedtrace_error *err)
{
	int r = prepare(s, which, out, err);

	if (r < 0)
		return r;
	if ((bind && mysql_stmt_bind_param(*out, bind)) || mysql_stmt_execute(*out))
		return failed_statement(s, *out, err);
	return 0;
}

/* Executes, and reads the first row's numbers: 1, or 0 without a row. Unknown is INT64_MIN. */
static int ask_numbers(struct maria_server *s, enum maria_statement which, MYSQL_BIND *bind,
		       int64_t *numbers, int n, struct schedtrace_error *err)
{
	MYSQL_BIND results[2];
	my_bool null[2] = { 0, 0 };
	MYSQL_STMT *statement;
	int r = execute(s, which, bind, &statement, err);

	if (r < 0)
		return r;
	for (int i = 0; i < n; i++) {
		results[i] = of_number(&numbers[i]);
		results[i].is_null = &null[i];
	}
	if (mysql_stmt_bind_result(statement, results))
		return failed_statement(s, statement, err);
	r = mysql_stmt_fetch(statement);
	if (r == 1)
		r = failed_statement(s, statement, err);
	else
		r = r == MYSQL_NO_DATA ? 0 : 1;
	for (int i = 0; i < n; i++)
		if (null[i])
			numbers[i] = INT64_MIN;
	mysql_stmt_free_result(statement);
	return r;
}

/* ---- opening --------------------------------------------------------------------------------- */

static void close_server(struct request_store *store)
{
	struct maria_server *s = server_of(store);

	disconnect(s);
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
	return connect_server(server_of(store), err);
}

/* ---- adding ---------------------------------------------------------------------------------- */

static int taken_rows(struct maria_server *s, const struct request_source *source, uint64_t *rows,
		      struct schedtrace_error *err)
{
	MYSQL_BIND bind[] = { of_text(source->name) };
	int64_t number = 0;
	int r = ask_numbers(s, TAKEN, bind, &number, 1, err);

	*rows = (uint64_t)number;
	return r < 0 ? r : 0;
}

static int taken(struct request_store *store, const struct request_source *source, uint64_t *rows,
		 int64_t *others, struct schedtrace_error *err)
{
	MYSQL_BIND bind[] = { of_text(source->recording), of_text(source->name) };
	struct maria_server *s = server_of(store);
	int r = connect_server(s, err);

	if (r == 0)
		r = taken_rows(s, source, rows, err);
	if (r == 0)
		r = ask_numbers(s, OTHERS, bind, others, 1, err);
	return r < 0 ? end_of(s, r) : 0;
}

static int look_up(void *user, const char *name, int64_t *id, struct schedtrace_error *err)
{
	MYSQL_BIND bind[] = { of_text(name) };
	struct maria_server *s = user;
	MYSQL_STMT *statement;
	int r = ask_numbers(s, FIND_NAME, bind, id, 1, err);

	if (r != 0)
		return r < 0 ? r : 0;
	r = execute(s, ADD_NAME, bind, &statement, err);
	if (r == 0)
		r = ask_numbers(s, FIND_NAME, bind, id, 1, err);
	if (r == 0)
		r = failed(s, "a name that was added is not there", err);
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
	int r = prepare(s, ADD_ROW, &statement, err);

	if (r < 0)
		return r;
	for (int i = 0; i < ROW_COLUMNS - 1; i++)
		bind[i] = of_number(c->numbers[i]);
	bind[ROW_COLUMNS - 2].is_unsigned = 1;
	bind[ROW_COLUMNS - 1] = (MYSQL_BIND){ .buffer_type = MYSQL_TYPE_STRING,
					      .buffer = c->failures,
					      .length = c->lengths };
	for (int i = 0; i < ROW_COLUMNS; i++)
		bind[i].u.indicator = c->unknown[i];
	if (mysql_stmt_attr_set(statement, STMT_ATTR_ARRAY_SIZE, &rows) ||
	    mysql_stmt_bind_param(statement, bind) || mysql_stmt_execute(statement))
		return failed_statement(s, statement, err);
	return 0;
}

static void bind_row(struct maria_columns *c, uint32_t row, MYSQL_BIND *bind)
{
	for (int i = 0; i < ROW_COLUMNS; i++) {
		if (c->unknown[i][row] == STMT_INDICATOR_NULL)
			bind[i] = (MYSQL_BIND){ .buffer_type = MYSQL_TYPE_NULL };
		else if (i < ROW_COLUMNS - 1)
			bind[i] = of_number(&c->numbers[i][row]);
		else
			bind[i] = of_text(c->failures[row]);
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
		r = execute(s, rows == 1 ? ADD_ROW : ADD_ROWS, bind, &statement, err);
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
	MYSQL_BIND bind[] = { of_text(source->name), of_text(source->recording), of_number(&end) };
	uint64_t before = 0, first;
	MYSQL_STMT *statement;
	int r = taken_rows(s, source, &before, err);

	first = before > batch->first ? before - batch->first : 0;
	if (r < 0 || first >= batch->n)
		return r;
	r = add_rows(s, batch, (uint32_t)first, err);
	return r < 0 ? r : execute(s, SET_TAKEN, bind, &statement, err);
}

static int add(struct request_store *store, const struct request_source *source,
	       const struct request_batch *batch, struct schedtrace_error *err)
{
	struct maria_server *s = server_of(store);
	int r = connect_server(s, err);

	if (r == 0)
		r = run(s, "START TRANSACTION", err);
	if (r == 0)
		r = add_new(s, source, batch, err);
	if (r == 0)
		r = run(s, "COMMIT", err);
	return end_of(s, r);
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
			row->bind[i] = of_number(&row->values[i].i);
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
		return failed_statement(s, statement, err);
	/* Addresses above 2^63 count as cut. */
	while (r == 0 && (code = mysql_stmt_fetch(statement)) != MYSQL_NO_DATA) {
		if (code != 0 && code != MYSQL_DATA_TRUNCATED)
			return failed_statement(s, statement, err);
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
	int r = bind ? connect_server(s, err)
		     : error_set(err, SCHEDTRACE_E_NOMEM, "no memory for a question");

	if (r < 0)
		return r;
	for (size_t i = 0; i < query->n_values; i++)
		bind[i] = of_number((int64_t *)&query->values[i]);
	statement = mysql_stmt_init(s->db);
	if (!statement)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for a question");
	if (mysql_stmt_prepare(statement, query->sql, strlen(query->sql)) ||
	    (query->n_values && mysql_stmt_bind_param(statement, bind)) ||
	    mysql_stmt_execute(statement))
		r = failed_statement(s, statement, err);
	else
		r = fetch_all(s, statement, query, row, user, err);
	mysql_stmt_close(statement);
	return end_of(s, r);
}

/* Whoever may only read does without. */
static int make_index(struct request_store *store, enum request_index which,
		      struct schedtrace_error *err)
{
	struct maria_server *s = server_of(store);
	int r = connect_server(s, err);

	for (int i = 0; r == 0 && i < 2 && indexes[which][i]; i++)
		run(s, indexes[which][i], NULL);
	return r;
}

/* ---- forgetting ------------------------------------------------------------------------------ */

static int find_due(struct maria_server *s, const struct request_retention *keep,
		    int64_t *before_us, struct schedtrace_error *err)
{
	int64_t size = 0, ends[2] = { INT64_MIN, INT64_MIN };
	int r = keep->size_bytes ? ask_numbers(s, SIZE, NULL, &size, 1, err) : 0;

	*before_us = INT64_MAX;
	if (r < 0 || (keep->size_bytes && size > keep->size_bytes))
		return r < 0 ? r : 1;
	if (!keep->age_us)
		return 0;
	r = ask_numbers(s, OLDEST, NULL, ends, 2, err);
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
	MYSQL_BIND bind[] = { of_number(&before_us) };
	MYSQL_STMT *statement;
	int r = connect_server(s, err);

	if (r == 0)
		r = find_due(s, keep, &before_us, err);
	if (r <= 0)
		return end_of(s, r);
	r = execute(s, FORGET, bind, &statement, err);
	if (r < 0)
		return end_of(s, r);
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
