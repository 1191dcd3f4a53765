/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Files that belong to a recording: what the command printed, and those of --add. */
#ifndef RECORD_SCHEDREC_KEPT_FILES_H
#define RECORD_SCHEDREC_KEPT_FILES_H

#include <schedtrace/error.h>

#include "record/marker_writer.h"
#include "record/workfile/identity.h"
#include "record/workload/kept_output.h"

#define KEPT_STDOUT "stdout.txt"
#define KEPT_STDERR "stderr.txt"

/* Bytes that are kept of a file. */
#define KEPT_MOST (16u << 20)

/* Whether files of these paths can stand beside each other, and beside the output if that is
 * kept too. */
int kept_files_check(const char *const *paths, size_t n, bool output, struct schedtrace_error *err);

/* Reads the beginning of @path, opened with the rights of @id. What it gives is freed by
 * kept_file_free(). */
int kept_file_read(struct kept_file *file, const char *path, const struct identity *id,
		   struct schedtrace_error *err);
void kept_file_free(struct kept_file *file);

#endif
