/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A database of requests of memory, as operations: SQLite or MariaDB.
 *
 * request_rows holds the rows, request_names the names of tasks, and request_sources how many rows
 * of each source, a run of live or a recording, have been taken: that changes in the transaction
 * that adds rows, so that each is there once, whatever fails. For people there are the views
 * requests and requests_simple.
 */
#ifndef VIEW_REQUESTS_REQUEST_STORE_H
#define VIEW_REQUESTS_REQUEST_STORE_H

#include "base/note.h"
#include "view/requests/request_batch.h"
#include "view/requests/request_query.h"

#define REQUEST_STORE_VERSION 1

struct request_store {
	const struct request_store_ops *ops;
};

/* Where rows come from. Both texts are at most 64 printable bytes. */
struct request_source {
	const char *name;      /* one name, one source */
	const char *recording; /* which it is of; several sources may be of one */
};

enum request_access {
	REQUEST_READ,
	REQUEST_WRITE, /* makes what is missing */
};

/* How much is kept: 0 each for all. */
struct request_retention {
	int64_t age_us; /* before the latest row */
	int64_t size_bytes;
};

struct request_store_ops {
	/* @address is what follows the scheme. A database that is away is opened too. */
	int (*open)(struct request_store **out, const char *address, const char *home,
		    enum request_access access, struct schedtrace_error *err);
	/* Whether it is there now; all below find out by themselves. NULL: once it is opened. */
	int (*reach)(struct request_store *store, struct schedtrace_error *err);
	/* How many rows of a source there are, *others: sources of the same recording. */
	int (*taken)(struct request_store *store, const struct request_source *source,
		     uint64_t *rows, int64_t *others, struct schedtrace_error *err);
	/*
	 * In one transaction; rows that have been taken are left out. After a failure nothing is
	 * added, or, where the connection broke, nobody knows; the same batch may be given again.
	 */
	int (*add)(struct request_store *store, const struct request_source *source,
		   const struct request_batch *batch, struct schedtrace_error *err);
	/* Calls @row for each row until it fails; its values are as query->info says. */
	int (*read)(struct request_store *store, const struct request_query *query,
		    request_row_fn row, void *user, struct schedtrace_error *err);
	/* Makes an index unless it is there, or the database is not to be changed. */
	int (*index)(struct request_store *store, enum request_index index,
		     struct schedtrace_error *err);
	/* Deletes the oldest rows, some at a time: 1 if there are more to delete. */
	int (*forget)(struct request_store *store, const struct request_retention *keep,
		      uint64_t *deleted, struct schedtrace_error *err);
	void (*close)(struct request_store *store);
};

/*
 * "sqlite:PATH" or "mariadb://USER@HOST/DATABASE"; one that is no address is SCHEDTRACE_E_USAGE.
 * @home: of the user whose password is asked for, or NULL.
 */
int request_store_open(struct request_store **out, const char *url, const char *home,
		       enum request_access access, struct schedtrace_error *err);
int request_store_reach(struct request_store *store, struct schedtrace_error *err);
void request_store_close(struct request_store *store); /* NULL does nothing */

/*
 * "sqlite:" and requests.db in the user's folder of states, whose home is @home, to be freed; made
 * if @make. @own: XDG_STATE_HOME is the user's, too.
 */
int request_store_usual(char **url, const char *home, bool own, bool make,
			struct schedtrace_error *err);

extern const struct request_store_ops mariadb_store, sqlite_store;

#endif
