/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "record/workfile/page_records.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "tracedat/page_cursor.h"

int page_records_count(const struct tracedat_writer *w, int part, uint64_t *out,
		       struct schedtrace_error *err)
{
	const struct page_layout layout = page_layout_here(w->page_size);
	const struct tracedat_part *p = &w->parts[part];
	auto_free uint8_t *page = malloc(w->page_size);

	*out = 0;
	if (!page)
		return error_set(err, SCHEDTRACE_E_NOMEM, "out of memory");
	for (uint64_t at = 0; at < p->size; at += w->page_size) {
		ssize_t n = pread(w->fd, page, w->page_size, (off_t)(p->offset + at));

		if (n != (ssize_t)w->page_size)
			return error_errno(err, SCHEDTRACE_E_IO, n < 0 ? errno : EIO,
					   "reading back what was recorded");
		*out += page_count(page, &layout);
	}
	return 0;
}
