/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Shares of time as stretches of a panel's lane. A column that one series has is part of a longer
 * stretch; where it changes once, the two stand side by side; of more than that the series share
 * the height by the time that they had.
 */
#ifndef VIEW_TIMELINE_TIMELINE_STRIP_H
#define VIEW_TIMELINE_TIMELINE_STRIP_H

#include <stdbool.h>

#include "plots/panel.h"
#include "view/timeline/timeline_lane.h"

/* Stretches and marks of a panel as they are made; zeroes are none. */
struct timeline_strips {
	struct plot_stretch *all;
	size_t n, max;
	struct plot_mark *marks;
	size_t n_marks, marks_max;
	bool dense; /* some heights are shares */
};

/* Where on a panel a lane is drawn, and as what. */
struct timeline_strip {
	const struct timeline_window *window;
	int64_t zero;	 /* where the panel's times count from */
	uint32_t lane;	 /* of the panel */
	float from, to;	 /* of the lane's height */
	size_t n_series; /* of the panel */
	/* The series that a share counts for; n_series: none, it stays empty. */
	uint32_t (*series)(const void *user, uint32_t what);
	/* What stands on a long stretch of one thing, in the figure's memory; NULL: nothing.
	 * Without a function, nothing ever. */
	const char *(*text)(const void *user, uint32_t what, int64_t begin, int64_t end);
	const void *user;
};

/*
 * Adds what @shares say, which are those of one lane. @wasted: ns of each column that are taken
 * from @idle and given to @waste, two of the series; NULL: none. -1 when memory ran out.
 */
int timeline_strip_add(struct timeline_strips *out, const struct timeline_strip *strip,
		       const struct timeline_shares *shares, const int64_t *wasted, uint32_t idle,
		       uint32_t waste);

/* Gives the panel what was made, those of a series together. */
void timeline_strips_finish(struct timeline_strips *strips, struct plot_panel *panel);

void timeline_strips_free(struct timeline_strips *strips);

#endif
