/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the page's views are made of, and the messages that they get. */
#ifndef VIEW_LIVE_LIVE_VIEWS_H
#define VIEW_LIVE_LIVE_VIEWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>
#include <schedtrace/tables.h>

#define LIVE_VIEW_TABLES 4

struct live_view_table {
	const char *name;
	bool whole;	     /* as of now, since the recording began; else of the interval */
	const char *columns; /* with commas between; NULL: all */
	int64_t top;	     /* rows, in the usual order; 0: all */
};

struct live_view {
	const char *name;
	const char *analyses; /* with commas between: whose snapshots are needed */
	struct live_view_table tables[LIVE_VIEW_TABLES];
};

/* NULL past the last; by its name, NULL: there is none. */
const struct live_view *live_view_at(size_t i);
const struct live_view *live_view_find(const char *name);

/* All analyses of all views, with commas between. */
#define LIVE_VIEW_ANALYSES "tasks,cpus,latency,migrations,memory,faults,stacks,runqueue,losses"

/*
 * A message: "STL1", the length of a JSON text (uint32_t), the text, and a frame (table_frame.h) a
 * table; each begins at a multiple of eight. The text is @head with "frames" added, of each where
 * it begins after the text, and how long it is. Takes over @head. @between and @whole: of the
 * interval, and of the time since the recording began; NULL where no table of the view needs it;
 * @own: of the interval, from /proc. Of a table of which not all rows are there, "totals" in its
 * frame has the sums of all.
 */
int live_view_message(const struct live_view *view, const struct schedtrace_tables *between,
		      const struct schedtrace_tables *whole, const struct schedtrace_tables *own,
		      json_t *head, char **bytes, size_t *n, struct schedtrace_error *err);

#endif
