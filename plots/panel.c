/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plots/panel.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "base/error.h"
#include "base/escape.h"
#include "base/mem.h"

struct plot_panel *plot_panel_add(struct plot_figure *figure, enum plot_kind kind)
{
	struct plot_panel *panel;

	if (figure->n_panels == PLOT_PANELS)
		return NULL;
	panel = &figure->panels[figure->n_panels++];
	*panel = (struct plot_panel){
		.kind = kind,
		.title = "",
		.x = { "", "", NAN, NAN, false, false },
		.y = { "", "", NAN, NAN, false, false },
	};
	return panel;
}

void plot_figure_free(struct plot_figure *figure)
{
	for (size_t i = 0; i < figure->n_panels; i++) {
		free(figure->panels[i].stretches);
		free(figure->panels[i].marks);
	}
	arena_free(&figure->memory);
	memset(figure, 0, sizeof(*figure));
}

void *plot_alloc(struct plot_figure *figure, size_t n, size_t size)
{
	size_t bytes;
	void *p;

	if (!checked_mul(n, size, &bytes) || bytes > SIZE_MAX / 2)
		return NULL;
	p = arena_alloc(&figure->memory, bytes ? bytes : 1);
	return p ? memset(p, 0, bytes) : NULL;
}

const char *plot_text(struct plot_figure *figure, const char *fmt, ...)
{
	auto_free char *text = NULL, *visible = NULL;
	va_list args;
	size_t n;
	char *copy;
	int r;

	va_start(args, fmt);
	r = vasprintf(&text, fmt, args);
	va_end(args);
	if (r < 0) {
		text = NULL;
		return NULL;
	}
	visible = escape_visible(text);
	if (!visible)
		return NULL;
	n = strlen(visible) + 1;
	copy = plot_alloc(figure, n, 1);
	return copy ? memcpy(copy, visible, n) : NULL;
}

int plot_panel_series(struct plot_figure *figure, struct plot_panel *panel, size_t n_series,
		      size_t n, struct schedtrace_error *err)
{
	panel->series = plot_alloc(figure, n_series, sizeof(*panel->series));
	if (!panel->series)
		return plot_no_memory(err);
	for (size_t i = 0; i < n_series; i++) {
		struct plot_series *series = &panel->series[i];

		*series = (struct plot_series){ .name = "", .style = i, .n = n };
		series->x = plot_alloc(figure, n, sizeof(double));
		series->y = plot_alloc(figure, n, sizeof(double));
		if (!series->x || !series->y)
			return plot_no_memory(err);
		for (size_t k = 0; k < n; k++)
			series->x[k] = series->y[k] = NAN;
	}
	panel->n_series = n_series;
	return 0;
}

int plot_no_memory(struct schedtrace_error *err)
{
	return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for a picture");
}

int plot_no_room(struct schedtrace_error *err)
{
	return error_set(err, SCHEDTRACE_E_USAGE,
			 "--plot: a picture has at most %d panels; name fewer analyses or tables",
			 PLOT_PANELS);
}
