/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How many records there are in pages of the ring buffer that a file holds. */
#ifndef RECORD_WORKFILE_PAGE_RECORDS_H
#define RECORD_WORKFILE_PAGE_RECORDS_H

#include <stdint.h>

#include <schedtrace/error.h>

#include "tracedat/tracedat_writer.h"

/* Of the whole part @part of @w, read back from the file. */
int page_records_count(const struct tracedat_writer *w, int part, uint64_t *out,
		       struct schedtrace_error *err);

#endif
