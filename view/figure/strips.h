/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Pictures in strips of columns, which threads count one after the other. */
#ifndef VIEW_FIGURE_STRIPS_H
#define VIEW_FIGURE_STRIPS_H

#include <stdatomic.h>

#include "view/figure/kept_rows.h"

/* One of the things that are drawn upon each other. */
struct strip_layer {
	const struct kept_rows *rows;
	struct mix unit;  /* what each of them adds to a pixel; n is 0: nothing */
	uint64_t counted; /* set: how many pixels they count, together */
};

/*
 * Gives @sink each strip when it is complete, in any order and from several threads at once. When
 * *@cancel becomes true, E_CANCELLED comes soon; it may be NULL.
 */
int strips_count(struct strip_layer *layers, size_t n, const struct raster_window *window,
		 const atomic_bool *cancel, void (*sink)(void *user, const struct raster *strip),
		 void *user, struct schedtrace_error *err);

#endif
