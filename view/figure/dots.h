/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From strips of counts to the colours of a picture. */
#ifndef VIEW_FIGURE_DOTS_H
#define VIEW_FIGURE_DOTS_H

#include <pthread.h>
#include <stdbool.h>

#include "view/figure/raster.h"

struct filled_pixel;

struct dots {
	const struct raster_window *window;
	int spread;	/* DOTS_SPREAD: by how few pixels have rows */
	uint32_t *dots; /* 0xffrrggbb, row after row from the highest */
	/* Pixels that have rows, as long as they may have to spread. */
	pthread_mutex_t lock;
	size_t n_filled, n, max;
	struct filled_pixel *filled;
	bool failed; /* no memory for them */
};

#define DOTS_SPREAD -1
void dots_begin(struct dots *out, const struct raster_window *window, int spread, uint32_t *dots);

/* Colours the pixels of a strip that have rows; a sink of strips_count(), for several threads. */
void dots_put(void *dots, const struct raster *strip);

/* Colours the empty pixels around those that have rows, if it is to be. */
int dots_finish(struct dots *dots, struct schedtrace_error *err);
void dots_free(struct dots *dots);

#endif
