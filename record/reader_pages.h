/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The two ways in which a reader takes pages out of its buffer. To a file alone they are spliced,
 * whole ones, without being looked at. Who wants them in memory gets what there is at every look,
 * pages that are not full as well; a file that is written beside has these joined to full ones.
 */
#ifndef RECORD_READER_PAGES_H
#define RECORD_READER_PAGES_H

#include <schedtrace/error.h>

struct reader;

/* What the reader needs for it, and lets go of. */
int reader_pages_new(struct reader *r, struct schedtrace_error *err);
void reader_pages_free(struct reader *r);

/* All that is to be taken at a look. 1 if there was anything, 0, or -errno. */
int reader_take(struct reader *r);

/* The same and the page that is not full, which ends the present file. 0 or more, or -errno. */
int reader_take_to_cut(struct reader *r);

/* All that is left, and what comes while it is taken if tracing was on a moment ago. 0 or -errno.
 */
int reader_take_rest(struct reader *r);

/* The present file is another one, without pages so far. */
void reader_begin_file(struct reader *r);

/* There will be no more, for whatever reason. */
void reader_pages_end(struct reader *r);

#endif
