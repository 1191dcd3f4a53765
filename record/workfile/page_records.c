/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "record/workfile/page_records.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include <kbuffer.h>

#include "base/error.h"
#include "base/mem.h"

static uint64_t count_page(struct kbuffer *k, void *page)
{
	unsigned long long ts;
	uint64_t n = 0;

	if (kbuffer_load_subbuffer(k, page) != 0)
		return 0;
	for (void *e = kbuffer_read_event(k, &ts); e; e = kbuffer_next_event(k, &ts))
		n++;
	return n;
}

int page_records_count(const struct tracedat_writer *w, int part, uint64_t *out,
		       struct schedtrace_error *err)
{
	const struct tracedat_part *p = &w->parts[part];
	struct kbuffer *k = kbuffer_alloc(KBUFFER_LSIZE_8, KBUFFER_ENDIAN_LITTLE);
	auto_free void *page = malloc(w->page_size);
	int r = k && page ? 0 : error_set(err, SCHEDTRACE_E_NOMEM, "out of memory");

	*out = 0;
	for (uint64_t at = 0; r == 0 && at < p->size; at += w->page_size) {
		ssize_t n = pread(w->fd, page, w->page_size, (off_t)(p->offset + at));

		if (n != (ssize_t)w->page_size)
			r = error_errno(err, SCHEDTRACE_E_IO, n < 0 ? errno : EIO,
					"reading back what was recorded");
		else
			*out += count_page(k, page);
	}
	kbuffer_free(k);
	return r;
}
