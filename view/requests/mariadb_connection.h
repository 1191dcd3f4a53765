/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The connection to a MariaDB and its statements, of which mariadb_store.c makes a store. */
#ifndef VIEW_REQUESTS_MARIADB_CONNECTION_H
#define VIEW_REQUESTS_MARIADB_CONNECTION_H

#include <mysql.h>

#include "view/requests/mariadb_address.h"
#include "view/requests/request_names.h"
#include "view/requests/request_store.h"

#define PLAIN_ROWS  500 /* in a statement, where arrays are not to be had */
#define ROW_COLUMNS 9

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

/* Connects where it is not, with everything that a writer needs there. */
int maria_connect_server(struct maria_server *s, struct schedtrace_error *err);

/* Closes the connection, if there is one, and all statements. */
void maria_disconnect(struct maria_server *s);

/* The result @r of a call; if it is a failure the connection is closed. */
int maria_end_of(struct maria_server *s, int r);

/* What the server says is wrong with @what, or with a statement. */
int maria_failed(const struct maria_server *s, const char *what, struct schedtrace_error *err);
int maria_failed_statement(const struct maria_server *s, MYSQL_STMT *statement,
			   struct schedtrace_error *err);

int maria_run(const struct maria_server *s, const char *sql, struct schedtrace_error *err);

/* A statement of ours, prepared when it is first needed; the second also runs it. */
int maria_prepare(struct maria_server *s, enum maria_statement which, MYSQL_STMT **out,
		  struct schedtrace_error *err);
int maria_execute(struct maria_server *s, enum maria_statement which, MYSQL_BIND *bind,
		  MYSQL_STMT **out, struct schedtrace_error *err);

/* Executes, and reads the first row's numbers: 1, or 0 without a row. Unknown is INT64_MIN. */
int maria_ask_numbers(struct maria_server *s, enum maria_statement which, MYSQL_BIND *bind,
		      int64_t *numbers, int n, struct schedtrace_error *err);

/* Values of statements, which lend what they are of. */
MYSQL_BIND maria_of_text(const char *text);
MYSQL_BIND maria_of_number(int64_t *number);

#endif
