/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Requests in a file of SQLite, with a write-ahead log, so that readers and the one who writes do
 * not wait for each other.
 */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/mem.h"
#include "view/requests/request_names.h"
#include "view/requests/request_store.h"

#define BUSY_MS 5000
/* What a check of a large file may take after somebody was killed. */
#define CHECK_NS INT64_C(10000000000)
/* Pages in the log before they are brought into the file: twice a second is too often. */
#define LOG_PAGES	  "10000"
#define FORGOTTEN_AT_ONCE 20000

enum statement {
	BEGIN,
	COMMIT,
	ROLLBACK,
	TAKEN,
	OTHERS,
	SET_TAKEN,
	FIND_NAME,
	ADD_NAME,
	ADD_ROW,
	OLDEST,
	FORGET,
	N_STATEMENTS
};

static const char *const statements[N_STATEMENTS] = {
	[BEGIN] = "BEGIN IMMEDIATE",
	[COMMIT] = "COMMIT",
	[ROLLBACK] = "ROLLBACK",
	[TAKEN] = "SELECT rows_taken FROM request_sources WHERE name = ?",
	[OTHERS] = "SELECT COUNT(*) FROM request_sources WHERE recording = ? AND name <> ?",
	[SET_TAKEN] = "INSERT INTO request_sources (name, recording, rows_taken) VALUES (?, ?, ?)"
		      " ON CONFLICT (name) DO UPDATE SET rows_taken = excluded.rows_taken",
	[FIND_NAME] = "SELECT id FROM request_names WHERE name = ?",
	[ADD_NAME] = "INSERT INTO request_names (name) VALUES (?)",
	[ADD_ROW] = "INSERT INTO request_rows (at_us, zone_min, pid, tgid, name_id, call_id, size,"
		    " address, failure) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
	[OLDEST] = "SELECT (SELECT at_us FROM request_rows ORDER BY id LIMIT 1),"
		   " (SELECT at_us FROM request_rows ORDER BY id DESC LIMIT 1)",
	/* The last row stays: ids go on after it. */
	[FORGET] = "DELETE FROM request_rows WHERE id IN (SELECT id FROM request_rows"
		   " WHERE id < (SELECT MAX(id) FROM request_rows) AND at_us < ?"
		   " ORDER BY id LIMIT ?)",
};

static const char schema[] =
	"CREATE TABLE request_names (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);"
	"CREATE TABLE request_sources (name TEXT PRIMARY KEY, recording TEXT NOT NULL,"
	" rows_taken INTEGER NOT NULL) WITHOUT ROWID;"
	"CREATE TABLE request_rows (id INTEGER PRIMARY KEY, at_us INTEGER NOT NULL,"
	" zone_min INTEGER NOT NULL, pid INTEGER NOT NULL, tgid INTEGER,"
	" name_id INTEGER NOT NULL REFERENCES request_names (id), call_id INTEGER NOT NULL,"
	" size INTEGER, address INTEGER, failure TEXT);"
	"CREATE VIEW request_details AS SELECT request_rows.id AS id, at_us, zone_min, name_id,"
	" call_id,"
	" strftime('%Y-%m-%d %H:%M:%S', at_us / 1000000 + zone_min * 60, 'unixepoch') ||"
	" printf('.%06d%s%02d:%02d', at_us % 1000000, CASE WHEN zone_min < 0 THEN '-' ELSE '+' END,"
	" abs(zone_min) / 60, abs(zone_min) % 60) AS at,"
	" pid, tgid, name,"
	" CASE call_id WHEN 1 THEN 'mmap' WHEN 2 THEN 'munmap' WHEN 3 THEN 'mremap'"
	" WHEN 4 THEN 'brk' WHEN 5 THEN 'area' ELSE 'unknown' END AS call,"
	" size, address, COALESCE(failure, 'ok') AS result"
	" FROM request_rows LEFT JOIN request_names ON request_names.id = name_id;"
	"CREATE VIEW requests AS SELECT pid, tgid, name, call, size, address, at, result"
	" FROM request_details;"
	"CREATE VIEW requests_simple AS SELECT pid, name, call, size, at FROM request_details;"
	"PRAGMA user_version = 1";

static const char *const indexes[REQUEST_INDEXES] = {
	[REQUEST_BY_TIME] = "CREATE INDEX IF NOT EXISTS request_by_time ON request_rows (at_us)",
	[REQUEST_BY_PID] = ("CREATE INDEX IF NOT EXISTS request_by_pid ON request_rows (pid);"
			    "CREATE INDEX IF NOT EXISTS request_by_tgid ON request_rows (tgid)"),
	[REQUEST_BY_NAME] = "CREATE INDEX IF NOT EXISTS request_by_name ON request_rows (name_id)",
	[REQUEST_BY_SIZE] = "CREATE INDEX IF NOT EXISTS request_by_size ON request_rows (size)",
};

struct sqlite_file {
	struct request_store store;
	sqlite3 *db;
	char *path;
	bool changes; /* may be changed */
	sqlite3_stmt *statements[N_STATEMENTS];
	struct request_names names;
};

static struct sqlite_file *file_of(struct request_store *store)
{
	return (struct sqlite_file *)store;
}

static int failed(const struct sqlite_file *file, struct schedtrace_error *err)
{
	int code = file->db ? sqlite3_errcode(file->db) : SQLITE_NOMEM;
	int status = code == SQLITE_NOMEM			       ? SCHEDTRACE_E_NOMEM
		     : code == SQLITE_CORRUPT || code == SQLITE_NOTADB ? SCHEDTRACE_E_FORMAT
								       : SCHEDTRACE_E_IO;

	return error_set(err, status, "%s: %s", file->path,
			 file->db ? sqlite3_errmsg(file->db) : "no memory");
}

static int run(const struct sqlite_file *file, const char *sql, struct schedtrace_error *err)
{
	return sqlite3_exec(file->db, sql, NULL, NULL, NULL) == SQLITE_OK ? 0 : failed(file, err);
}

/* ---- statements -------------------------------------------------------------------------- */

static sqlite3_stmt *begin_statement(struct sqlite_file *file, enum statement which)
{
	sqlite3_stmt **s = &file->statements[which];

	if (!*s && sqlite3_prepare_v3(file->db, statements[which], -1, SQLITE_PREPARE_PERSISTENT, s,
				      NULL) != SQLITE_OK)
		return NULL;
	return *s;
}

/* Steps once: 1 with a row, whose first columns are in @numbers, 0 without. */
static int finish_statement(struct sqlite_file *file, sqlite3_stmt *s, int64_t *numbers, int n,
			    struct schedtrace_error *err)
{
	int code = s ? sqlite3_step(s) : SQLITE_ERROR, r = code == SQLITE_ROW;

	if (code != SQLITE_ROW && code != SQLITE_DONE)
		r = failed(file, err);
	for (int i = 0; r == 1 && i < n; i++)
		numbers[i] = sqlite3_column_int64(s, i);
	if (s)
		sqlite3_reset(s);
	return r;
}

static int run_statement(struct sqlite_file *file, enum statement which,
			 struct schedtrace_error *err)
{
	return finish_statement(file, begin_statement(file, which), NULL, 0, err);
}

static void bind_text(sqlite3_stmt *s, int place, const char *text)
{
	if (s)
		sqlite3_bind_text(s, place, text, -1, SQLITE_STATIC);
}

static void bind_known(sqlite3_stmt *s, int place, int64_t value, int64_t unknown)
{
	if (value == unknown)
		sqlite3_bind_null(s, place);
	else
		sqlite3_bind_int64(s, place, value);
}

/* ---- opening ----------------------------------------------------------------------------- */

/* The folder may be reached by links, the file may not be one. */
static int find_file(struct sqlite_file *file, const char *path, struct schedtrace_error *err)
{
	auto_free char *for_folder = strdup(path), *for_name = strdup(path), *folder = NULL;

	if (!for_folder || !for_name)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for a path");
	folder = realpath(dirname(for_folder), NULL);
	if (!folder)
		return error_errno(err, SCHEDTRACE_E_IO, errno, "%s", path);
	if (asprintf(&file->path, "%s/%s", folder, basename(for_name)) < 0) {
		file->path = NULL;
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for a path");
	}
	return 0;
}

static int check_file(const struct sqlite_file *file, bool make, struct schedtrace_error *err)
{
	auto_close int fd =
		open(file->path,
		     O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | (make ? O_CREAT : 0), 0600);
	struct stat st;

	if (fd < 0 && errno == ELOOP)
		return error_set(err, SCHEDTRACE_E_IO, "%s is a link, which is not followed",
				 file->path);
	if (fd < 0 || fstat(fd, &st) < 0)
		return error_errno(err, SCHEDTRACE_E_IO, errno, "%s", file->path);
	return S_ISREG(st.st_mode)
		       ? 0
		       : error_set(err, SCHEDTRACE_E_IO, "%s is no regular file", file->path);
}

static int ask_number(const struct sqlite_file *file, const char *sql, int64_t *number,
		      struct schedtrace_error *err)
{
	sqlite3_stmt *s = NULL;
	int r = sqlite3_prepare_v2(file->db, sql, -1, &s, NULL) == SQLITE_OK &&
				sqlite3_step(s) == SQLITE_ROW
			? 0
			: failed(file, err);

	if (r == 0)
		*number = sqlite3_column_int64(s, 0);
	sqlite3_finalize(s);
	return r;
}

static int took_too_long(void *until_ns)
{
	return now_ns() > *(const int64_t *)until_ns;
}

/* A log that is left shows that somebody was killed who wrote, or still writes. */
static int check_what_was_left(const struct sqlite_file *file, struct schedtrace_error *err)
{
	auto_free char *log = NULL;
	int64_t until_ns = now_ns() + CHECK_NS;
	sqlite3_stmt *s = NULL;
	struct stat st;
	int code, r = 0;

	if (asprintf(&log, "%s-wal", file->path) < 0) {
		log = NULL;
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for a path");
	}
	if (lstat(log, &st) < 0 || st.st_size == 0)
		return 0;
	sqlite3_progress_handler(file->db, 10000, took_too_long, &until_ns);
	code = sqlite3_prepare_v2(file->db, "PRAGMA quick_check(1)", -1, &s, NULL);
	if (code == SQLITE_OK)
		code = sqlite3_step(s);
	if (code == SQLITE_ROW && strcmp((const char *)sqlite3_column_text(s, 0), "ok") != 0)
		r = error_set(err, SCHEDTRACE_E_FORMAT, "%s is damaged: %s; move it away",
			      file->path, sqlite3_column_text(s, 0));
	else if (code != SQLITE_ROW && code != SQLITE_INTERRUPT)
		r = failed(file, err);
	sqlite3_finalize(s);
	sqlite3_progress_handler(file->db, 0, NULL, NULL);
	return r;
}

/* 0: it is empty. */
static int find_version(const struct sqlite_file *file, int64_t *version,
			struct schedtrace_error *err)
{
	int64_t others = 0;
	int r = ask_number(file, "PRAGMA user_version", version, err);

	if (r == 0 && *version == 0)
		r = ask_number(file, "SELECT COUNT(*) FROM sqlite_schema", &others, err);
	if (r == 0 && others)
		return error_set(err, SCHEDTRACE_E_UNSUPPORTED,
				 "%s is a database of something else", file->path);
	if (r == 0 && *version > REQUEST_STORE_VERSION)
		return error_set(err, SCHEDTRACE_E_UNSUPPORTED,
				 "%s: version %lld, and this schedview knows %d", file->path,
				 (long long)*version, REQUEST_STORE_VERSION);
	return r;
}

/* Within a transaction, so that of two who begin at once one finds it made. */
static int make_schema(struct sqlite_file *file, struct schedtrace_error *err)
{
	int64_t version = 0;
	int r = run_statement(file, BEGIN, err);

	if (r < 0)
		return r;
	r = find_version(file, &version, err);
	if (r == 0 && version == 0)
		r = run(file, schema, err);
	if (r == 0)
		return run_statement(file, COMMIT, err);
	run_statement(file, ROLLBACK, NULL);
	return r;
}

static int begin_writing(struct sqlite_file *file, struct schedtrace_error *err)
{
	int r = check_what_was_left(file, err);

	if (r == 0)
		r = run(file,
			"PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;"
			"PRAGMA wal_autocheckpoint = " LOG_PAGES ";"
			"PRAGMA journal_size_limit = 0; PRAGMA temp_store = MEMORY",
			err);
	return r < 0 ? r : make_schema(file, err);
}

static int open_database(struct sqlite_file *file, enum request_access access,
			 struct schedtrace_error *err)
{
	const int flags = SQLITE_OPEN_NOFOLLOW | SQLITE_OPEN_NOMUTEX;
	int64_t version = 0;
	int r = check_file(file, access == REQUEST_WRITE, err);

	if (r < 0)
		return r;
	if (sqlite3_open_v2(file->path, &file->db, flags | SQLITE_OPEN_READWRITE, NULL) !=
	    SQLITE_OK)
		return failed(file, err);
	sqlite3_busy_timeout(file->db, BUSY_MS);
	file->changes = sqlite3_db_readonly(file->db, "main") == 0;
	r = find_version(file, &version, err);
	if (r == 0 && access == REQUEST_READ && version == 0)
		r = error_set(err, SCHEDTRACE_E_FORMAT, "%s holds no requests", file->path);
	return r < 0 || access == REQUEST_READ ? r : begin_writing(file, err);
}

static void close_file(struct request_store *store)
{
	struct sqlite_file *file = file_of(store);

	for (int i = 0; i < N_STATEMENTS; i++)
		sqlite3_finalize(file->statements[i]);
	/* Whoever has given up the right to remove the log leaves an empty one. */
	if (file->db && file->changes)
		sqlite3_wal_checkpoint_v2(file->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
	sqlite3_close(file->db);
	request_names_free(&file->names);
	free(file->path);
	free(file);
}

static int open_file(struct request_store **out, const char *address, const char *home,
		     enum request_access access, struct schedtrace_error *err)
{
	struct sqlite_file *file = calloc(1, sizeof(*file));
	int r;

	if (!file)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for a database");
	file->store.ops = &sqlite_store;
	request_names_init(&file->names);
	r = *address ? find_file(file, address, err)
		     : error_set(err, SCHEDTRACE_E_USAGE, "--db sqlite: names no file");
	if (r == 0)
		r = open_database(file, access, err);
	if (r < 0)
		close_file(&file->store);
	else
		*out = &file->store;
	return r;
}

/* ---- adding ------------------------------------------------------------------------------ */

static int taken_rows(struct sqlite_file *file, const struct request_source *source, uint64_t *rows,
		      struct schedtrace_error *err)
{
	sqlite3_stmt *s = begin_statement(file, TAKEN);
	int64_t number = 0;
	int r;

	bind_text(s, 1, source->name);
	r = finish_statement(file, s, &number, 1, err);
	*rows = (uint64_t)number;
	return r < 0 ? r : 0;
}

static int taken(struct request_store *store, const struct request_source *source, uint64_t *rows,
		 int64_t *others, struct schedtrace_error *err)
{
	struct sqlite_file *file = file_of(store);
	int r = taken_rows(file, source, rows, err);
	sqlite3_stmt *s = begin_statement(file, OTHERS);

	if (r < 0)
		return r;
	bind_text(s, 1, source->recording);
	bind_text(s, 2, source->name);
	r = finish_statement(file, s, others, 1, err);
	return r < 0 ? r : 0;
}

static int set_taken(struct sqlite_file *file, const struct request_source *source, uint64_t rows,
		     struct schedtrace_error *err)
{
	sqlite3_stmt *s = begin_statement(file, SET_TAKEN);

	bind_text(s, 1, source->name);
	bind_text(s, 2, source->recording);
	if (s)
		sqlite3_bind_int64(s, 3, (int64_t)rows);
	return finish_statement(file, s, NULL, 0, err);
}

static int look_up(void *user, const char *name, int64_t *id, struct schedtrace_error *err)
{
	struct sqlite_file *file = user;
	sqlite3_stmt *s = begin_statement(file, FIND_NAME);
	int r;

	bind_text(s, 1, name);
	r = finish_statement(file, s, id, 1, err);
	if (r != 0)
		return r < 0 ? r : 0;
	s = begin_statement(file, ADD_NAME);
	bind_text(s, 1, name);
	r = finish_statement(file, s, NULL, 0, err);
	*id = sqlite3_last_insert_rowid(file->db);
	return r;
}

static int add_row(struct sqlite_file *file, sqlite3_stmt *s, const struct request_row *row,
		   int64_t name, const char *failure, struct schedtrace_error *err)
{
	sqlite3_bind_int64(s, 1, row->at_us);
	sqlite3_bind_int64(s, 2, row->zone_min);
	sqlite3_bind_int64(s, 3, row->pid);
	bind_known(s, 4, row->tgid, -1);
	sqlite3_bind_int64(s, 5, name);
	sqlite3_bind_int64(s, 6, row->call);
	bind_known(s, 7, row->size, INT64_MIN);
	bind_known(s, 8, row->address, INT64_MIN);
	bind_text(s, 9, failure); /* NULL is NULL */
	return finish_statement(file, s, NULL, 0, err);
}

static int add_rows(struct sqlite_file *file, const struct request_batch *batch, uint32_t first,
		    struct schedtrace_error *err)
{
	auto_free int64_t *names = calloc((size_t)batch->texts.n, sizeof(*names));
	sqlite3_stmt *s = begin_statement(file, ADD_ROW);
	int r;

	if (!names)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for names");
	if (!s)
		return failed(file, err);
	r = request_names_find(&file->names, batch, first, names, look_up, file, err);
	for (uint32_t i = first; r == 0 && i < batch->n; i++) {
		const struct request_row *row = &batch->rows[i];

		r = add_row(file, s, row, names[row->name], request_batch_text(batch, row->failure),
			    err);
	}
	return r;
}

static int add_new(struct sqlite_file *file, const struct request_source *source,
		   const struct request_batch *batch, struct schedtrace_error *err)
{
	uint64_t before = 0, first;
	int r = taken_rows(file, source, &before, err);

	first = before > batch->first ? before - batch->first : 0;
	if (r < 0 || first >= batch->n)
		return r;
	r = add_rows(file, batch, (uint32_t)first, err);
	return r < 0 ? r : set_taken(file, source, batch->first + batch->n, err);
}

static int add(struct request_store *store, const struct request_source *source,
	       const struct request_batch *batch, struct schedtrace_error *err)
{
	struct sqlite_file *file = file_of(store);
	int r = run_statement(file, BEGIN, err);

	if (r < 0)
		return r;
	r = add_new(file, source, batch, err);
	if (r == 0)
		r = run_statement(file, COMMIT, err);
	if (r < 0) {
		run_statement(file, ROLLBACK, NULL);
		request_names_forget(&file->names);
	}
	return r;
}

/* ---- reading ----------------------------------------------------------------------------- */

static union schedtrace_value value_of(sqlite3_stmt *s, int column,
				       const struct schedtrace_column_info *info)
{
	if (info->type == SCHEDTRACE_TEXT)
		return (union schedtrace_value){ .s = (const char *)sqlite3_column_text(s,
											column) };
	return (union schedtrace_value){ .i = sqlite3_column_type(s, column) == SQLITE_NULL
						      ? INT64_MIN
						      : sqlite3_column_int64(s, column) };
}

static int read_rows(struct request_store *store, const struct request_query *query,
		     request_row_fn row, void *user, struct schedtrace_error *err)
{
	const struct schedtrace_table_info *info = query->info;
	struct sqlite_file *file = file_of(store);
	union schedtrace_value values[REQUEST_COLUMNS];
	int code, r = 0, columns = (int)(info->n_columns + info->n_hidden);
	sqlite3_stmt *s = NULL;

	if (sqlite3_prepare_v2(file->db, query->sql, -1, &s, NULL) != SQLITE_OK)
		return failed(file, err);
	for (size_t i = 0; i < query->n_values; i++)
		sqlite3_bind_int64(s, (int)i + 1, query->values[i]);
	while (r == 0 && (code = sqlite3_step(s)) != SQLITE_DONE) {
		if (code != SQLITE_ROW) {
			r = failed(file, err);
			break;
		}
		for (int i = 0; i < columns; i++)
			values[i] = value_of(s, i, info->columns[i]);
		r = row(user, values, err);
	}
	sqlite3_finalize(s);
	return r;
}

static int make_index(struct request_store *store, enum request_index which,
		      struct schedtrace_error *err)
{
	struct sqlite_file *file = file_of(store);

	return file->changes ? run(file, indexes[which], err) : 0;
}

/* ---- forgetting -------------------------------------------------------------------------- */

static int too_large(const struct sqlite_file *file, int64_t most, bool *is,
		     struct schedtrace_error *err)
{
	int64_t pages = 0, free_pages = 0, page_size = 0;
	int r = ask_number(file, "PRAGMA page_count", &pages, err);

	if (r == 0)
		r = ask_number(file, "PRAGMA freelist_count", &free_pages, err);
	if (r == 0)
		r = ask_number(file, "PRAGMA page_size", &page_size, err);
	*is = r == 0 && (pages - free_pages) * page_size > most;
	return r;
}

static int forget(struct request_store *store, const struct request_retention *keep,
		  uint64_t *deleted, struct schedtrace_error *err)
{
	struct sqlite_file *file = file_of(store);
	int64_t ends[2] = { 0 }, before_us = INT64_MAX;
	bool due = false;
	sqlite3_stmt *s;
	int r = keep->size_bytes ? too_large(file, keep->size_bytes, &due, err) : 0;

	if (r == 0 && !due && keep->age_us) {
		r = finish_statement(file, begin_statement(file, OLDEST), ends, 2, err);
		before_us = ends[1] - keep->age_us;
		due = r == 1 && ends[0] < before_us;
	}
	if (r < 0 || !due)
		return r < 0 ? r : 0;
	s = begin_statement(file, FORGET);
	if (s) {
		sqlite3_bind_int64(s, 1, before_us);
		sqlite3_bind_int64(s, 2, FORGOTTEN_AT_ONCE);
	}
	r = finish_statement(file, s, NULL, 0, err);
	if (r < 0)
		return r;
	*deleted += (uint64_t)sqlite3_changes(file->db);
	return sqlite3_changes(file->db) > 0;
}

const struct request_store_ops sqlite_store = {
	.open = open_file,
	.taken = taken,
	.add = add,
	.read = read_rows,
	.index = make_index,
	.forget = forget,
	.close = close_file,
};
