/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Brings requests into a database from a thread of its own, so that whoever has them never waits:
 * in transactions of REQUEST_BATCH_ROWS, or of what has come in 250 ms. While the database is away
 * they wait in memory, then in a file; what has no room there either is dropped and counted.
 */
#ifndef VIEW_REQUESTS_REQUEST_WRITER_H
#define VIEW_REQUESTS_REQUEST_WRITER_H

#include "base/note.h"
#include "view/requests/request_spill.h"
#include "view/requests/request_store.h"

struct request_writer;

struct request_writer_options {
	struct request_store *store;  /* taken over */
	struct request_spill *spill;  /* NULL: nothing waits in a file; taken over */
	struct request_source source; /* lent */
	struct request_retention keep;
	int64_t patience_ns; /* at the end, for a database that is away */
	struct notes notes;  /* called from the thread, too */
};

struct request_counts {
	uint64_t rows;	  /* that were given */
	uint64_t stored;  /* of them */
	uint64_t dropped; /* of them */
	uint64_t spilled; /* that had to wait in the file */
	uint64_t deleted; /* old rows, since no more are kept */
	bool away;	  /* the last attempt to store some failed */
};

/* Takes over the store and the spill even if it fails. */
int request_writer_new(struct request_writer **out, const struct request_writer_options *options,
		       struct schedtrace_error *err);

/* Never waits for the database or for a disk; see request_batch_add(). */
void request_writer_add(struct request_writer *writer, const struct request_row *row,
			const char *name, const char *failure);

void request_writer_counts(struct request_writer *writer, struct request_counts *out);

/*
 * Waits until all is stored, or for as long as the options say while the database is away. A
 * failure where something is not: it says how much and why. request_writer_free() is still to be
 * called.
 */
int request_writer_finish(struct request_writer *writer, struct schedtrace_error *err);

/* What is not stored yet is dropped. */
void request_writer_free(struct request_writer *writer);

#endif
