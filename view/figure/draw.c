/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "view/figure/draw.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "input/window.h"
#include "plots/picture.h"

#define USUAL_SIZE "2400x1300"

static int parse_spread(const char *text, int *out, struct schedtrace_error *err)
{
	*out = FIGURE_SPREAD;
	if (!text)
		return 0;
	*out = *text - '0';
	return *out >= 0 && *out <= 9 && !text[1]
		       ? 0
		       : error_set(err, SCHEDTRACE_E_USAGE,
				   "--spread: %s is no number of pixels from 0 to 9", text);
}

int draw_check(const struct draw_options *options, struct schedtrace_error *err)
{
	struct plot_size size;
	int spread, r = plot_parse_dots(options->size ? options->size : USUAL_SIZE, &size, err);

	if (r == 0)
		r = parse_spread(options->spread, &spread, err);
	if (r == 0 && !options->out)
		r = error_set(err, SCHEDTRACE_E_USAGE,
			      "no file to draw to: name one with -o FILE.png, .svg or .pdf");
	return r < 0 ? r : plot_check("--output", options->out, err);
}

/* Painted when the size is known. */
struct painting {
	const struct drawn_figure *figure;
	const struct figure_choice *choice;
	const struct figure_sums *sums;
	struct raster_window window;
	int spread, status;
	struct schedtrace_error err;
};

static void paint(void *user, uint32_t width, uint32_t height, uint32_t *dots)
{
	struct painting *p = user;

	p->window.width = width;
	p->window.height = height;
	p->status = figure_paint(p->figure, p->choice, &p->window, p->spread, dots, NULL, &p->err);
}

/* Since the first row, as the figure's times are. */
static int cut(struct painting *p, const char *text, struct schedtrace_error *err)
{
	struct raster_window *window = &p->window;
	int64_t t0 = p->figure->columns->t0, begin, end;
	int r = window_parse(text, t0, &begin, &end, err);

	if (r < 0)
		return r;
	if (!figure_x_is_time(p->sums))
		return error_set(err, SCHEDTRACE_E_USAGE,
				 "--window: there is no time along the x axis of this figure");
	if ((begin != INT64_MIN && (double)(begin - t0) > window->x1) ||
	    (end != INT64_MAX && (double)(end - t0) < window->x0))
		return error_set(err, SCHEDTRACE_E_USAGE,
				 "--window: %s is none of the figure's time, which is %.6f:%.6f",
				 text, window->x0 / 1e9, window->x1 / 1e9);
	if (begin != INT64_MIN)
		window->x0 = (double)(begin - t0);
	if (end != INT64_MAX)
		window->x1 = (double)(end - t0);
	if (window->x0 == window->x1) /* an edge of the figure's */
		window->x1 += 1;
	return 0;
}

static int fill_legend(const struct painting *p, struct plot_figure *plot, struct plot_panel *panel,
		       struct schedtrace_error *err)
{
	const struct instructions *in = &p->figure->instructions;

	panel->series = plot_alloc(plot, in->n_categories, sizeof(*panel->series));
	if (!panel->series)
		return plot_no_memory(err);
	for (size_t c = 0; c < in->n_categories; c++) {
		struct plot_series *series = &panel->series[panel->n_series];

		if (!p->sums->rows[c].n)
			continue;
		series->name =
			plot_text(plot, "%s (%zu)", in->categories[c].label, p->sums->rows[c].n);
		series->colour = in->categories[c].colour;
		panel->n_series++;
		if (!series->name)
			return plot_no_memory(err);
	}
	return 0;
}

static const char *name_of_x(const struct figure_sums *sums)
{
	const char *about = figure_x_about(sums);

	return figure_x_is_time(sums) && (!*about || strstr(about, "timestamp"))
		       ? "time since the first row"
		       : about;
}

static bool has_rows(const struct figure_sums *sums)
{
	for (size_t c = 0; c < sums->n; c++)
		if (sums->rows[c].n)
			return true;
	return false;
}

static int fill_panel(struct painting *p, struct plot_figure *plot, struct schedtrace_error *err)
{
	const struct instructions *in = &p->figure->instructions;
	struct plot_panel *panel = plot_panel_add(plot, PLOT_PIXELS);
	const struct raster_window *window = &p->window;
	const char *y = figure_y_about(p->sums);
	size_t failed = 0;

	panel->x = (struct plot_scale){ plot_text(plot, "%s", name_of_x(p->sums)),
					figure_x_is_time(p->sums) ? "ns" : "1",
					window->x0,
					window->x1,
					false,
					false };
	panel->y = (struct plot_scale){ plot_text(plot, "%s", y),
					figure_y_is_time(p->sums) ? "ns" : "",
					window->y0,
					window->y1,
					false,
					!strcmp(y, "cpu") || !strcmp(y, "pid") };
	panel->paint = paint;
	panel->user = p;
	for (size_t c = 0; c < in->n_categories; c++)
		failed += in->categories[c].failed != NULL;
	if (failed)
		panel->note = plot_text(plot, "not drawn: %zu of %zu categories", failed,
					in->n_categories);
	else if (!has_rows(p->sums))
		panel->note = plot_text(plot, "no rows");
	if (!panel->x.name || !panel->y.name || ((failed || !has_rows(p->sums)) && !panel->note))
		return plot_no_memory(err);
	return fill_legend(p, plot, panel, err);
}

static int paint_plot(FILE *f, struct plot_figure *plot, const struct draw_options *options,
		      const struct plot_size *size, struct painting *painting,
		      struct schedtrace_error *err)
{
	int r = plot_draw(options->out, f, plot, size, err);

	if (r == 0 && painting->status < 0) {
		r = painting->status;
		*err = painting->err;
	}
	return r;
}

int draw_figure(FILE *f, const struct drawn_figure *figure, const struct figure_choice *choice,
		const struct figure_sums *sums, const struct draw_options *options,
		struct schedtrace_error *err)
{
	const struct schedtrace_info *info = schedtrace_context_info(figure->columns->context);
	struct painting painting = { figure, choice, sums, figure_places(sums), 0, 0, { 0 } };
	struct plot_figure plot = { .n_panels = 0 };
	const char *title = options->title ? options->title : info->command;
	struct plot_size size;
	int r = plot_parse_dots(options->size ? options->size : USUAL_SIZE, &size, err);

	if (r == 0)
		r = parse_spread(options->spread, &painting.spread, err);
	if (r == 0 && options->window)
		r = cut(&painting, options->window, err);
	if (r < 0)
		return r;
	if (options->places)
		painting.window = *options->places;
	if (title && *title) {
		plot.title = plot_text(&plot, "%s", title);
		r = plot.title ? 0 : plot_no_memory(err);
	}
	if (r == 0)
		r = fill_panel(&painting, &plot, err);
	if (r == 0)
		r = paint_plot(f, &plot, options, &size, &painting, err);
	plot_figure_free(&plot);
	return r;
}
