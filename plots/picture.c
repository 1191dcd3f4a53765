/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plots/picture.h"

#include <cairo-pdf.h>
#include <cairo-svg.h>
#include <fontconfig/fontconfig.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "plots/canvas.h"

#define POINTS_PER_MM  (72 / 25.4)
#define MARGIN	       10.0
#define PANEL_GAP      10.0

enum file_kind { FILE_PNG, FILE_SVG, FILE_PDF, FILE_UNKNOWN };

static enum file_kind kind_of(const char *path)
{
	static const char *const endings[] = { ".png", ".svg", ".pdf" };
	size_t n = strlen(path), i;

	for (i = 0; i < FILE_UNKNOWN; i++)
		if (n > 4 && !strcmp(path + n - 4, endings[i]))
			break;
	return (enum file_kind)i;
}

int plot_check(const char *option, const char *path, struct schedtrace_error *err)
{
	if (kind_of(path) == FILE_UNKNOWN)
		return error_set(err, SCHEDTRACE_E_USAGE,
				 "%s: %s does not end in .png, .svg or .pdf", option, path);
	return 0;
}

/* Failures are seen by who finishes the stream. */
static cairo_status_t write_bytes(void *file, const unsigned char *data, unsigned int n)
{
	return fwrite(data, 1, n, file) == n ? CAIRO_STATUS_SUCCESS : CAIRO_STATUS_WRITE_ERROR;
}

/* A size that was given in dots is that again. */
static int dots(double points)
{
	return (int)ceil(points * DOTS_PER_POINT - 1e-6);
}

static cairo_surface_t *new_surface(enum file_kind kind, FILE *f, double width, double height)
{
	cairo_surface_t *surface;

	if (kind == FILE_SVG)
		return cairo_svg_surface_create_for_stream(write_bytes, f, width, height);
	if (kind == FILE_PDF)
		return cairo_pdf_surface_create_for_stream(write_bytes, f, width, height);
	surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24, dots(width), dots(height));
	cairo_surface_set_device_scale(surface, DOTS_PER_POINT, DOTS_PER_POINT);
	return surface;
}

static double title_height(const struct plot_panel *panel)
{
	return panel->title && *panel->title ? TITLE_SIZE + 6 : 0;
}

static double note_height(cairo_t *cr, const struct plot_panel *panel, double width)
{
	return panel->note ? canvas_text_lines(cr, 0, 0, SMALL_SIZE, width, panel->note, false) + 1
			   : 0;
}

/* What a panel takes of the height, in points. */
struct need {
	double fixed; /* title, legend, axis, note */
	double body;  /* easy to read, */
	double least; /* or at least possible to read */
};

static struct need need_of(cairo_t *cr, const struct plot_panel *panel, double width)
{
	double n = (double)panel->n_labels, each = panel->stacked ? 0 : (double)panel->n_series;
	struct need need = { .fixed = title_height(panel) + note_height(cr, panel, width) };

	switch (panel->kind) {
	case PLOT_BARS:
		need.body = n * fmax(13, 9 * each);
		need.least = n * fmax(6, 3 * each);
		if (canvas_labels_above(cr, panel, width)) {
			need.body = n * 20;
			need.least = n * 14;
		}
		break;
	case PLOT_LANES:
		need.body = n * 15;
		need.least = n * 6;
		break;
	case PLOT_HEAT:
		need.body = fmax(n * 18, 40);
		need.least = fmax(n * 4, 30);
		break;
	case PLOT_PIE:
		if (!panel->n_series)
			return need;
		need.body = fmax(150, 13 * (double)(panel->n_series + 2));
		need.least = 7 * (double)(panel->n_series + 2);
		return need;
	default:
		need.body = 125;
		need.least = panel->kind == PLOT_PIXELS ? 20 : 50;
	}
	need.body = fmin(need.body, 2000);
	need.least = fmin(need.least, need.body);
	need.fixed += canvas_axis_height("name") +
		      canvas_legend(cr, panel, 0, 0, width - canvas_labels_width(cr, panel, width),
				    false);
	return need;
}

static double heading_height(const struct plot_figure *figure)
{
	double height = figure->title ? TITLE_SIZE + 7 : 0;

	for (size_t i = 0; i < sizeof(figure->lines) / sizeof(*figure->lines); i++)
		height += figure->lines[i] ? SMALL_SIZE + 3 : 0;
	return height + 6;
}

/* Of a page @width wide. */
static struct need needs_of_page(const struct plot_figure *figure, double width)
{
	cairo_surface_t *surface = cairo_image_surface_create(CAIRO_FORMAT_A8, 1, 1);
	cairo_t *cr = cairo_create(surface);
	struct need page = { .fixed = 2 * MARGIN + heading_height(figure) };

	for (size_t i = 0; i < figure->n_panels; i++) {
		struct need need = need_of(cr, &figure->panels[i], width - 2 * MARGIN);

		page.fixed += need.fixed + (i ? PANEL_GAP : 0);
		page.body += need.body;
		page.least += need.least;
	}
	cairo_destroy(cr);
	cairo_surface_destroy(surface);
	return page;
}

static bool is_aligned(const struct plot_panel *panel)
{
	return panel->kind != PLOT_BARS && panel->kind != PLOT_PIE && !panel->column_labels;
}

static struct need aligned_needs(struct plot_figure *figure, double width)
{
	cairo_surface_t *surface = cairo_image_surface_create(CAIRO_FORMAT_A8, 1, 1);
	cairo_t *cr = cairo_create(surface);
	double left = 0, right = 0;

	for (size_t i = 0; i < figure->n_panels; i++) {
		const struct plot_panel *panel = &figure->panels[i];

		if (!is_aligned(panel))
			continue;
		left = fmax(left, panel->kind == PLOT_CURVES
					  ? plot_curves_left(cr, panel)
					  : canvas_labels_width(cr, panel, width - 2 * MARGIN));
		right = fmax(right, panel->kind == PLOT_HEAT ? PLOT_HEAT_RIGHT : PLOT_RIGHT);
	}
	for (size_t i = 0; i < figure->n_panels; i++)
		if (is_aligned(&figure->panels[i])) {
			figure->panels[i].left = left;
			figure->panels[i].right = right;
		}
	cairo_destroy(cr);
	cairo_surface_destroy(surface);
	return needs_of_page(figure, width);
}

static void draw_panel(cairo_t *cr, const struct plot_panel *panel, struct box box)
{
	static void (*const draw[])(cairo_t *, const struct plot_panel *, struct box) = {
		[PLOT_BARS] = plot_draw_bars,	[PLOT_CURVES] = plot_draw_curves,
		[PLOT_PIE] = plot_draw_pie,	[PLOT_HEAT] = plot_draw_heat,
		[PLOT_LANES] = plot_draw_lanes, [PLOT_PIXELS] = plot_draw_pixels,
	};
	double note = note_height(cr, panel, box.w);

	canvas_grey(cr, 0);
	if (title_height(panel) > 0)
		canvas_text_fit(cr, box.x, box.y + TITLE_SIZE, ALIGN_LEFT, TITLE_SIZE, box.w,
				panel->title);
	if (panel->note) {
		canvas_grey(cr, 0.3);
		canvas_text_lines(cr, box.x, box.y + box.h - note + SMALL_SIZE + 3, SMALL_SIZE,
				  box.w, panel->note, true);
	}
	box.y += title_height(panel);
	box.h -= title_height(panel) + note;
	draw[panel->kind](cr, panel, box);
}

static double draw_heading(cairo_t *cr, const struct plot_figure *figure, double width)
{
	double y = MARGIN;

	canvas_grey(cr, 0);
	if (figure->title) {
		canvas_text_fit(cr, MARGIN, y + TITLE_SIZE, ALIGN_LEFT, TITLE_SIZE + 1, width,
				figure->title);
		y += TITLE_SIZE + 7;
	}
	canvas_grey(cr, 0.3);
	for (size_t i = 0; i < sizeof(figure->lines) / sizeof(*figure->lines); i++) {
		if (!figure->lines[i])
			continue;
		y += SMALL_SIZE + 3;
		canvas_text_fit(cr, MARGIN, y - 3, ALIGN_LEFT, SMALL_SIZE, width, figure->lines[i]);
	}
	return y + 6;
}

/* Panels share what height there is in the proportions that they want. */
static void draw_figure(cairo_t *cr, const struct plot_figure *figure, double width, double height)
{
	struct need page = needs_of_page(figure, width);
	double ratio = page.body > 0 ? (height - page.fixed) / page.body : 1, y;

	cairo_set_source_rgb(cr, 1, 1, 1);
	cairo_paint(cr);
	y = draw_heading(cr, figure, width - 2 * MARGIN);
	for (size_t i = 0; i < figure->n_panels; i++) {
		const struct plot_panel *panel = &figure->panels[i];
		struct need need = need_of(cr, panel, width - 2 * MARGIN);
		double h = need.fixed + need.body * ratio;

		draw_panel(cr, panel, (struct box){ MARGIN, y, width - 2 * MARGIN, h });
		y += h + PANEL_GAP;
	}
}

/* 0 or an error of cairo's own; what could not be written is left to who finishes the stream. */
static int draw_file(enum file_kind kind, FILE *f, const struct plot_figure *figure, double width,
		     double height, struct schedtrace_error *err)
{
	cairo_surface_t *surface = new_surface(kind, f, width, height);
	cairo_t *cr = cairo_create(surface);
	cairo_status_t status;

	draw_figure(cr, figure, width, height);
	status = cairo_status(cr);
	cairo_destroy(cr);
	if (status == CAIRO_STATUS_SUCCESS && kind == FILE_PNG)
		status = cairo_surface_write_to_png_stream(surface, write_bytes, f);
	cairo_surface_finish(surface);
	if (status == CAIRO_STATUS_SUCCESS)
		status = cairo_surface_status(surface);
	cairo_surface_destroy(surface);
	if (status == CAIRO_STATUS_NO_MEMORY)
		return plot_no_memory(err);
	if (status != CAIRO_STATUS_SUCCESS && status != CAIRO_STATUS_WRITE_ERROR)
		return error_set(err, SCHEDTRACE_E_IO, "cairo: %s", cairo_status_to_string(status));
	return 0;
}

static int draw(const char *path, FILE *f, struct plot_figure *figure, const struct plot_size *size,
		struct schedtrace_error *err)
{
	double width = (size->width > 0 ? size->width : PLOT_USUAL_WIDTH) * POINTS_PER_MM;
	struct need page = aligned_needs(figure, width);
	double height = size->height > 0 ? size->height * POINTS_PER_MM : page.fixed + page.body;
	int r;

	if (height < page.fixed + page.least && size->in_dots)
		return error_set(err, SCHEDTRACE_E_USAGE,
				 "--size: this picture needs a height of %d pixels at this width",
				 dots(page.fixed + page.least));
	if (height < page.fixed + page.least)
		return error_set(
			err, SCHEDTRACE_E_USAGE,
			"--plot-size: this picture needs a height of %.0f mm at this width, "
			"and not %.0f",
			ceil((page.fixed + page.least) / POINTS_PER_MM), size->height);
	r = draw_file(kind_of(path), f, figure, width, height, err);
	return r < 0 ? error_prefix(err, r, "%s", path) : 0;
}

int plot_draw(const char *path, FILE *f, struct plot_figure *figure, const struct plot_size *size,
	      struct schedtrace_error *err)
{
	int r = plot_check("picture", path, err);

	if (r == 0)
		r = draw(path, f, figure, size, err);
	/* One picture a run: without their caches, checkers of memory see only our own leaks. */
	cairo_debug_reset_static_data();
	FcFini();
	return r;
}
