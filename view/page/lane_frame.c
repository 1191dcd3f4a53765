/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "view/page/lane_frame.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"

static int room_for_one(struct lane_entries *e)
{
	size_t max = e->max ? 2 * e->max : 4096;
	double *ns;
	uint32_t *what;
	uint16_t *column, *columns;

	if (e->n < e->max)
		return 0;
	ns = reallocarray(e->ns, max, sizeof(*ns));
	e->ns = ns ? ns : e->ns;
	what = reallocarray(e->what, max, sizeof(*what));
	e->what = what ? what : e->what;
	column = reallocarray(e->column, max, sizeof(*column));
	e->column = column ? column : e->column;
	columns = reallocarray(e->columns, max, sizeof(*columns));
	e->columns = columns ? columns : e->columns;
	if (!ns || !what || !column || !columns)
		return -1;
	e->max = max;
	return 0;
}

int lane_entries_add(struct lane_entries *e, const struct timeline_window *window,
		     const struct timeline_shares *shares)
{
	size_t first = e->n;
	bool whole_before = false;

	for (size_t i = 0; i < shares->n; i++) {
		const struct timeline_share *share = &shares->all[i];
		size_t last = e->n - 1;
		bool whole = share->ns == timeline_column(window, share->column + 1) -
						  timeline_column(window, share->column);

		if (whole && whole_before && e->n > first && e->what[last] == share->what &&
		    e->column[last] + e->columns[last] == (int64_t)share->column) {
			e->columns[last]++;
			e->ns[last] += (double)share->ns;
			continue;
		}
		if (room_for_one(e) < 0)
			return -1;
		e->ns[e->n] = (double)share->ns;
		e->what[e->n] = share->what;
		e->column[e->n] = (uint16_t)share->column;
		e->columns[e->n++] = 1;
		whole_before = whole;
	}
	return 0;
}

void lane_entries_free(struct lane_entries *e)
{
	free(e->ns);
	free(e->what);
	free(e->column);
	free(e->columns);
	*e = (struct lane_entries){ .n = 0 };
}

static char *put(char *at, const void *values, size_t bytes)
{
	if (bytes)
		memcpy(at, values, bytes);
	return at + bytes;
}

int lane_frame_make(const struct lane_entries *e, json_t *head, char **bytes, size_t *n,
		    struct schedtrace_error *err)
{
	auto_free char *text = head ? json_dumps(head, JSON_ENSURE_ASCII | JSON_COMPACT) : NULL;
	size_t written = text ? strlen(text) : 0;
	uint32_t length = (uint32_t)((written + 7) / 8 * 8);
	char *at;

	json_decref(head);
	*n = 8 + length + e->n * (sizeof(*e->ns) + sizeof(*e->what) + 2 * sizeof(*e->column));
	*bytes = text ? malloc(*n) : NULL;
	if (!*bytes)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for lanes");
	at = put(*bytes, "STL1", 4);
	at = put(at, &length, sizeof(length));
	memset(at, ' ', length);
	put(at, text, written);
	at = put(at + length, e->ns, e->n * sizeof(*e->ns));
	at = put(at, e->what, e->n * sizeof(*e->what));
	at = put(at, e->column, e->n * sizeof(*e->column));
	put(at, e->columns, e->n * sizeof(*e->columns));
	return 0;
}
