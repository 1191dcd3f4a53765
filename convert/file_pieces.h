/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Files that the recorder kept beside the events (MARKER_FILE), put together from their pieces. */
#ifndef CONVERT_FILE_PIECES_H
#define CONVERT_FILE_PIECES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <schedtrace/error.h>

#include "base/note.h"

struct file_piece;
struct pieced_file;

/* Of all zeroes, there are none. */
struct file_pieces {
	struct pieced_file *files;
	size_t n_files, cap_files;
	struct file_piece *pieces;
	size_t n_pieces, cap_pieces;
	char *bytes;
	size_t n_bytes, cap_bytes;
	uint64_t left_out; /* bytes beyond FILES_MAX */
};

/* A marker's payload. One that is damaged is none; what its name may not be is refused in
 * file_pieces_finish(). */
int file_pieces_add(struct file_pieces *f, const char *payload, size_t bytes,
		    struct schedtrace_error *err);

/* After the last: notes what is missing, and whose names are none. */
int file_pieces_finish(struct file_pieces *f, const struct notes *notes,
		       struct schedtrace_error *err);

/* The i-th file then: false if there is none. */
bool file_pieces_get(const struct file_pieces *f, size_t i, const char **name, const void **data,
		     size_t *n);

void file_pieces_free(struct file_pieces *f);

#endif
