/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Requests in a MariaDB. Whatever fails, the connection is closed, by which the server forgets what
 * was not committed; the next call connects anew and prepares its statements again.
 */
#include "view/requests/mariadb_connection.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"

#define CONNECT_S   5
#define ANSWER_S    10
#define AUTHORITIES "/etc/ssl/certs/ca-certificates.crt"

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

/* ---- the connection -------------------------------------------------------------------------- */

int maria_failed(const struct maria_server *s, const char *what, struct schedtrace_error *err)
{
	return error_set(err, SCHEDTRACE_E_IO, "MariaDB of %s@%s: %s", s->address.user,
			 s->address.socket ? s->address.socket : s->address.host,
			 what && *what ? what : "no memory");
}

int maria_failed_statement(const struct maria_server *s, MYSQL_STMT *statement,
			   struct schedtrace_error *err)
{
	return maria_failed(s, statement ? mysql_stmt_error(statement) : mysql_error(s->db), err);
}

void maria_disconnect(struct maria_server *s)
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

int maria_end_of(struct maria_server *s, int r)
{
	if (r < 0)
		maria_disconnect(s);
	return r;
}

int maria_run(const struct maria_server *s, const char *sql, struct schedtrace_error *err)
{
	return mysql_query(s->db, sql) == 0 ? 0 : maria_failed(s, mysql_error(s->db), err);
}

static int run_all(const struct maria_server *s, const char *const *sql, size_t n,
		   struct schedtrace_error *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++)
		r = maria_run(s, sql[i], err);
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
		return maria_failed(s, mysql_error(s->db), err);
	row = mysql_fetch_row(result);
	mysql_free_result(result);
	if (!row)
		return 0;
	if (mysql_query(s->db, "SELECT MAX(version) FROM request_store") != 0 ||
	    !(result = mysql_store_result(s->db)))
		return maria_failed(s, mysql_error(s->db), err);
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

int maria_connect_server(struct maria_server *s, struct schedtrace_error *err)
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
		r = maria_failed(s, mysql_error(s->db), err);
		return maria_end_of(s, r);
	}
	s->takes_arrays = !a->plain && server_takes_arrays(s->db);
	r = run_all(s, session, sizeof(session) / sizeof(*session), err);
	if (r == 0)
		r = make_schema(s, err);
	return maria_end_of(s, r);
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

int maria_prepare(struct maria_server *s, enum maria_statement which, MYSQL_STMT **out,
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
	return mysql_stmt_prepare(*out, text, strlen(text)) == 0
		       ? 0
		       : maria_failed_statement(s, *out, err);
}

MYSQL_BIND maria_of_text(const char *text)
{
	return (MYSQL_BIND){ .buffer_type = MYSQL_TYPE_STRING,
			     .buffer = (char *)text,
			     .buffer_length = strlen(text) };
}

MYSQL_BIND maria_of_number(int64_t *number)
{
	return (MYSQL_BIND){ .buffer_type = MYSQL_TYPE_LONGLONG, .buffer = number };
}

int maria_execute(struct maria_server *s, enum maria_statement which, MYSQL_BIND *bind,
		  MYSQL_STMT **out, struct schedtrace_error *err)
{
	int r = maria_prepare(s, which, out, err);

	if (r < 0)
		return r;
	if ((bind && mysql_stmt_bind_param(*out, bind)) || mysql_stmt_execute(*out))
		return maria_failed_statement(s, *out, err);
	return 0;
}

int maria_ask_numbers(struct maria_server *s, enum maria_statement which, MYSQL_BIND *bind,
		      int64_t *numbers, int n, struct schedtrace_error *err)
{
	MYSQL_BIND results[2];
	my_bool null[2] = { 0, 0 };
	MYSQL_STMT *statement;
	int r = maria_execute(s, which, bind, &statement, err);

	if (r < 0)
		return r;
	for (int i = 0; i < n; i++) {
		results[i] = maria_of_number(&numbers[i]);
		results[i].is_null = &null[i];
	}
	if (mysql_stmt_bind_result(statement, results))
		return maria_failed_statement(s, statement, err);
	r = mysql_stmt_fetch(statement);
	if (r == 1)
		r = maria_failed_statement(s, statement, err);
	else
		r = r == MYSQL_NO_DATA ? 0 : 1;
	for (int i = 0; i < n; i++)
		if (null[i])
			numbers[i] = INT64_MIN;
	mysql_stmt_free_result(statement);
	return r;
}
