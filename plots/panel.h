/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a figure shows: panels, one below the other, of values with units. Panels know nothing of
 * any analysis, and nothing of how they are drawn.
 */
#ifndef PLOTS_PANEL_H
#define PLOTS_PANEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <schedtrace/error.h>

#include "base/intern.h"

enum plot_kind {
	PLOT_BARS,   /* a horizontal bar, or some, for each label */
	PLOT_CURVES, /* y by x */
	PLOT_PIE,    /* parts of a whole, with labels */
	PLOT_HEAT,   /* a colour for each label and column */
	PLOT_LANES,  /* what happened when, in a lane for each label */
	PLOT_PIXELS, /* dots that who asks for the picture paints, by x and y */
};

enum plot_look {
	PLOT_LINE,	/* from point to point */
	PLOT_STEP,	/* a value holds from its x to the next one's */
	PLOT_STEP_BACK, /* a value holds from the x before to its own */
	PLOT_AREA,	/* as PLOT_STEP, filled, on top of the areas before */
	PLOT_POINTS,	/* dots */
};

/*
 * One colour, with its hatch or dashes. Of bars: a value for each label. Of curves: points, by
 * ascending x; an unknown y is NaN and breaks the curve. Of lanes and pies: only the name.
 */
struct plot_series {
	const char *name; /* valid UTF-8 without control characters, as are all texts here */
	enum plot_look look;
	size_t style; /* see plot_style() */
	uint32_t colour; /* of pixels, instead of a style: 0xrrggbb */
	size_t n;
	double *x, *y;
	double *low, *high; /* whiskers of bars, a band around a curve; NULL: none */
	/* What stands behind each bar instead of its value, or behind the share of a slice. */
	const char **texts;
};

/* Part of a lane: from @begin to @end in time, from @from to @to (0 to 1) of the lane's height. */
struct plot_stretch {
	uint32_t lane, series;
	double begin, end;
	float from, to;
};

/* What stands on a part of a lane, if there is room for it. */
struct plot_mark {
	uint32_t lane;
	double begin, end;
	const char *text;
};

struct plot_scale {
	const char *name, *unit; /* the unit is a column's */
	double min, max;	 /* NaN: of the values */
	bool log, whole;
};

struct plot_panel {
	enum plot_kind kind;
	const char *title;
	const char *note; /* under it; NULL: none */
	struct plot_scale x,
		y;    /* of bars, x is that of the values; of a heat map, y of the colours */
	bool stacked; /* bars: on top of each other, instead of beside */
	bool cut_middle; /* labels of bars that are too long keep their end */
	size_t n_labels;
	const char **labels; /* of bars, slices, lanes, and of the rows of a heat map */
	size_t n_series;
	struct plot_series *series;
	/* Of a heat map: NaN is unknown. Columns have labels, or are equal parts of the x scale. Of
	 * a pie: what stands above value, share and text of each slice. */
	const char **column_labels;
	size_t n_columns;
	double *cells;	    /* row after row */
	double left, right; /* of the plot within the panel, at least; see plot_write() */
	/* Of lanes: */
	size_t n_stretches;
	struct plot_stretch *stretches; /* from malloc(); those with the same series together */
	double least_width;		/* points: narrower ones are drawn as wide */
	size_t n_marks;
	struct plot_mark *marks; /* from malloc() */
	/* Of pixels, whose scales have both ends: called once the size of the plot is known. Sets
	 * dots to 0xffrrggbb, row after row from the highest; the others stay 0, nothing. */
	void (*paint)(void *user, uint32_t width, uint32_t height, uint32_t *dots);
	void *user;
};

#define PLOT_PANELS 8

struct plot_figure {
	struct arena memory;
	const char *title;    /* NULL: none */
	const char *lines[3]; /* what was recorded; NULL: none */
	size_t n_panels;
	struct plot_panel panels[PLOT_PANELS];
};

/* The next panel, with unknown scales; NULL when there are too many. */
struct plot_panel *plot_panel_add(struct plot_figure *figure, enum plot_kind kind);

void plot_figure_free(struct plot_figure *figure);

/* Memory that lives as long as the figure, zeroed; NULL without memory. */
void *plot_alloc(struct plot_figure *figure, size_t n, size_t size);

/* The text as printf() makes it, with what does not print escaped. NULL without memory. */
const char *plot_text(struct plot_figure *figure, const char *fmt, ...) SCHEDTRACE_PRINTF(2, 3);

/* Room for @n_series series of @n values (all NaN) in the panel. 0, or E_NOMEM. */
int plot_panel_series(struct plot_figure *figure, struct plot_panel *panel, size_t n_series,
		      size_t n, struct schedtrace_error *err);

/* Why a figure cannot be made. */
int plot_no_memory(struct schedtrace_error *err);
int plot_no_room(struct schedtrace_error *err);

#endif
