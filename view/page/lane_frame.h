/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Shares of lanes as bytes that a script reads without parsing: "STL1", the length of a JSON text
 * (uint32_t), the text, and four columns with a value each share: ns (double), what (uint32_t), the
 * first column of the window and how many (uint16_t). Everything is little-endian, and begins at a
 * multiple of eight but for the last two.
 */
#ifndef VIEW_PAGE_LANE_FRAME_H
#define VIEW_PAGE_LANE_FRAME_H

#include <jansson.h>

#include <schedtrace/error.h>

#include "view/timeline/timeline_lane.h"

#define LANE_FRAME_MOST_COLUMNS 8192

/* Columns that one thing has as a whole are one entry. */
struct lane_entries {
	double *ns;
	uint32_t *what;
	uint16_t *column, *columns;
	size_t n, max;
};

/* Adds the shares of one lane. -1 when memory ran out. */
int lane_entries_add(struct lane_entries *entries, const struct timeline_window *window,
		     const struct timeline_shares *shares);

void lane_entries_free(struct lane_entries *entries);

/* @head: an object, taken over. The bytes are to be freed. */
int lane_frame_make(const struct lane_entries *entries, json_t *head, char **bytes, size_t *n,
		    struct schedtrace_error *err);

#endif
