/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef WRITER_H
#define WRITER_H

#include <schedtrace/writer.h>

/* Rows between full flushes, before the first row; for tests with few rows. */
void writer_set_block_rows(struct schedtrace_writer *writer, size_t rows);

#endif
