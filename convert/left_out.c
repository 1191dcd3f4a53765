/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "left_out.h"

#include <inttypes.h>
#include <stdlib.h>

#include "libschedtrace/error.h"
#include "notes.h"

#define IDS	   (UINT16_MAX + 1)
#define IDS_TO_SAY 5

int left_out_unknown(struct left_out *l, const struct record *r, struct schedtrace_error *err)
{
	if (!l->unknown)
		l->unknown = calloc(IDS, sizeof(*l->unknown));
	if (!l->unknown)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for event ids");
	l->unknown[r->format]++;
	return 0;
}

void left_out_note(const struct left_out *l, const struct source_options *options)
{
	uint64_t more = 0;
	size_t ids = 0;

	for (size_t id = 0; l->unknown && id < IDS; id++) {
		if (l->unknown[id] == 0)
			continue;
		if (ids++ >= IDS_TO_SAY)
			more += l->unknown[id];
		else
			note(options,
			     "%" PRIu64 " records are left out: their event id is %zu, of which "
			     "the file has no format",
			     l->unknown[id], id);
	}
	if (more)
		note(options, "%" PRIu64 " records of %zu more such ids are left out", more,
		     ids - IDS_TO_SAY);
}

void left_out_close(struct left_out *l)
{
	free(l->unknown);
}
