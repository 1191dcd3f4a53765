/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef LIBSCHEDTRACE_TARBALL_WRITER_H
#define LIBSCHEDTRACE_TARBALL_WRITER_H

#include <schedtrace/writer.h>

struct whole_file;

/* Rows between full flushes, before the first row; for tests with few rows. */
void writer_set_block_rows(struct schedtrace_writer *writer, size_t rows);

/* Whether a member of that name is made from rows and context, so that nobody else may add one. */
bool writer_makes_member(const char *name);

/* As schedtrace_writer_finish(), but leaves the whole file open for the caller, who may append
 * members, commits and closes it. */
int writer_finish_open(struct schedtrace_writer *writer, struct whole_file *out,
		       struct schedtrace_error *err);

#endif
