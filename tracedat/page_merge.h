/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Pages of every CPU's ring buffer, as they come from a recording that runs, into records in time
 * order. Its clock must never be set back: mono, mono_raw, boot.
 */
#ifndef TRACEDAT_PAGE_MERGE_H
#define TRACEDAT_PAGE_MERGE_H

#include "tracedat/formats.h"
#include "tracedat/record.h"

struct page_merge;

int page_merge_new(struct page_merge **out, const struct page_layout *layout,
		   const struct formats *formats, int n_cpus, struct schedtrace_error *err);
void page_merge_free(struct page_merge *m);

/* The next pages of CPU @part: @bytes, a multiple of the layout's page size, which are copied.
 * Those of a second buffer are of parts from the number of CPUs on. */
int page_merge_add(struct page_merge *m, int part, const void *pages, size_t bytes,
		   struct schedtrace_error *err);

/*
 * All records before @until that were not given yet: the caller knows that every CPU has been read
 * up to there. They live until the next call. Equal stamps: by CPU, then the buffer's order; call
 * stacks come right behind the record that they belong to.
 */
int page_merge_next(struct page_merge *m, int64_t until, const struct record **records, size_t *n,
		    struct schedtrace_error *err);

#endif
