/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plots/canvas.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/escape.h"
#include "plots/style.h"

#define HATCH_STEP 3.6
#define KEY_WIDTH  15.0 /* of a legend's entry, without its text */
#define KEY_GAP	   10.0
#define KEY_HEIGHT 11.0
#define TICK	   3.0

static void choose_font(cairo_t *cr, double size)
{
	cairo_font_options_t *options = cairo_font_options_create();

	cairo_select_font_face(cr, "sans-serif", CAIRO_FONT_SLANT_NORMAL,
			       size >= TITLE_SIZE ? CAIRO_FONT_WEIGHT_BOLD
						  : CAIRO_FONT_WEIGHT_NORMAL);
	cairo_set_font_size(cr, size);
	/* Texts are as wide whatever they are drawn on, or only measured on. */
	cairo_font_options_set_hint_metrics(options, CAIRO_HINT_METRICS_OFF);
	cairo_set_font_options(cr, options);
	cairo_font_options_destroy(options);
}

double canvas_text_width(cairo_t *cr, double size, const char *text)
{
	cairo_text_extents_t extents;

	choose_font(cr, size);
	cairo_text_extents(cr, text, &extents);
	return extents.x_advance;
}

double canvas_text(cairo_t *cr, double x, double y, enum text_align align, double size,
		   const char *text)
{
	double width = canvas_text_width(cr, size, text);

	if (align == ALIGN_CENTER)
		x -= width / 2;
	else if (align == ALIGN_RIGHT)
		x -= width;
	cairo_move_to(cr, x, y);
	cairo_show_text(cr, text);
	cairo_new_path(cr);
	return width;
}

/* @text, cut so that it takes at most @width, in @cut. */
static void fit(cairo_t *cr, double size, double width, const char *text, char *cut, size_t n_cut)
{
	size_t columns = escape_width(text);
	int bytes = (int)strlen(text);

	snprintf(cut, n_cut, "%s", text);
	if ((size_t)bytes < n_cut && canvas_text_width(cr, size, cut) <= width)
		return;
	for (size_t low = 0, high = columns; low < high;) {
		size_t middle = low + (high - low + 1) / 2;

		bytes = (int)escape_fit(text, middle);
		if ((size_t)bytes + 4 < n_cut) {
			snprintf(cut, n_cut, "%.*s…", bytes, text);
			if (canvas_text_width(cr, size, cut) <= width) {
				low = middle;
				continue;
			}
		}
		high = middle - 1;
		columns = high;
	}
	snprintf(cut, n_cut, "%.*s…", (int)escape_fit(text, columns), text);
}

double canvas_text_fit(cairo_t *cr, double x, double y, enum text_align align, double size,
		       double width, const char *text)
{
	char cut[512];

	fit(cr, size, width, text, cut, sizeof(cut));
	return canvas_text(cr, x, y, align, size, cut);
}

/* The begin tells most: two thirds of what fits are it. */
double canvas_text_ends(cairo_t *cr, double x, double y, enum text_align align, double size,
			double width, const char *text)
{
	double whole = canvas_text_width(cr, size, text);
	size_t columns = escape_width(text), end = 0;
	char cut[512], ends[1024];

	if (whole <= width)
		return canvas_text(cr, x, y, align, size, text);
	fit(cr, size, width * 2 / 3, text, cut, sizeof(cut));
	/* Not to the last column, since those of the end may be wider than the mean. */
	columns = columns > 2 ? (size_t)((double)columns * (1 - width / 3 / whole)) + 2 : 0;
	end = escape_fit(text, columns);
	snprintf(ends, sizeof(ends), "%s%s", cut, text + end);
	return canvas_text_fit(cr, x, y, align, size, width, ends);
}

/* Bytes of the words that fit into a line; at least one word. */
static size_t words_that_fit(cairo_t *cr, double size, double width, const char *text)
{
	char line[512];
	size_t fit = 0;

	for (size_t end = 0; text[end]; end += text[end] == ' ') {
		end += strcspn(text + end, " ");
		if (end >= sizeof(line))
			break;
		snprintf(line, sizeof(line), "%.*s", (int)end, text);
		if (fit && canvas_text_width(cr, size, line) > width)
			break;
		fit = end;
	}
	return fit ? fit : strlen(text);
}

double canvas_text_lines(cairo_t *cr, double x, double y, double size, double width,
			 const char *text, bool draw)
{
	double height = 0;
	char line[512];

	for (size_t n; *text; text += n + strspn(text + n, " "), height += size + 3) {
		n = words_that_fit(cr, size, width, text);
		snprintf(line, sizeof(line), "%.*s", (int)n, text);
		if (draw)
			canvas_text_fit(cr, x, y + height, ALIGN_LEFT, size, width, line);
	}
	return height;
}

void canvas_text_up(cairo_t *cr, double x, double y_middle, double size, double height,
		    const char *text)
{
	cairo_save(cr);
	cairo_translate(cr, x, y_middle);
	cairo_rotate(cr, -M_PI / 2);
	canvas_text_fit(cr, 0, 0, ALIGN_CENTER, size, height, text);
	cairo_restore(cr);
}

void canvas_grey(cairo_t *cr, double level)
{
	cairo_set_source_rgb(cr, level, level, level);
}

static void set_colour(cairo_t *cr, uint32_t rgb, double alpha)
{
	cairo_set_source_rgba(cr, (rgb >> 16) / 255.0, (rgb >> 8 & 255) / 255.0,
			      (rgb & 255) / 255.0, alpha);
}

static double luminance(uint32_t rgb)
{
	return (0.3 * (rgb >> 16) + 0.59 * (rgb >> 8 & 255) + 0.11 * (rgb & 255)) / 255.0;
}

/* Lines over a box; their places do not depend on it, so that neighbours fit together. */
static void hatch_lines(cairo_t *cr, enum plot_hatch hatch, double x1, double y1, double x2,
			double y2)
{
	double h = y2 - y1;

	if (hatch == HATCH_FLAT)
		for (double y = ceil(y1 / HATCH_STEP) * HATCH_STEP; y < y2; y += HATCH_STEP) {
			cairo_move_to(cr, x1, y);
			cairo_line_to(cr, x2, y);
		}
	if (hatch == HATCH_UP || hatch == HATCH_CROSS)
		for (double x = floor((x1 + y1) / HATCH_STEP) * HATCH_STEP - y1; x < x2 + h;
		     x += HATCH_STEP) {
			cairo_move_to(cr, x, y1);
			cairo_line_to(cr, x - h, y2);
		}
	if (hatch == HATCH_DOWN || hatch == HATCH_CROSS)
		for (double x = floor((x1 - y2) / HATCH_STEP) * HATCH_STEP + y1; x < x2;
		     x += HATCH_STEP) {
			cairo_move_to(cr, x, y1);
			cairo_line_to(cr, x + h, y2);
		}
	if (hatch == HATCH_DOTS)
		for (double y = floor(y1 / HATCH_STEP) * HATCH_STEP; y < y2; y += HATCH_STEP) {
			double shift = fmod(y / HATCH_STEP, 2) ? HATCH_STEP / 2 : 0;

			for (double x = floor(x1 / HATCH_STEP) * HATCH_STEP + shift; x < x2;
			     x += HATCH_STEP) {
				cairo_move_to(cr, x, y);
				cairo_line_to(cr, x, y);
			}
		}
	cairo_set_line_cap(cr, hatch == HATCH_DOTS ? CAIRO_LINE_CAP_ROUND : CAIRO_LINE_CAP_BUTT);
	cairo_set_line_width(cr, hatch == HATCH_DOTS ? 1.2 : 0.6);
	cairo_set_dash(cr, NULL, 0, 0);
	cairo_stroke(cr);
}

void canvas_fill(cairo_t *cr, size_t index)
{
	const struct plot_style *style = plot_style(index);
	double x1, y1, x2, y2;

	set_colour(cr, style->fill, 1);
	if (style->hatch == HATCH_NONE) {
		cairo_fill(cr);
		return;
	}
	cairo_fill_extents(cr, &x1, &y1, &x2, &y2);
	cairo_fill_preserve(cr);
	cairo_save(cr);
	cairo_clip(cr);
	if (index == STYLE_UNKNOWN)
		set_colour(cr, style->line, 1);
	else
		canvas_grey(cr, luminance(style->fill) > 0.5 ? 0.15 : 1);
	hatch_lines(cr, style->hatch, x1, y1, x2, y2);
	cairo_restore(cr);
}

void canvas_fill_pale(cairo_t *cr, size_t index)
{
	set_colour(cr, plot_style(index)->line, 0.4);
	cairo_fill(cr);
}

void canvas_stroke(cairo_t *cr, size_t index, double width)
{
	const struct plot_style *style = plot_style(index);

	set_colour(cr, style->line, 1);
	cairo_set_line_width(cr, width);
	cairo_set_line_join(cr, CAIRO_LINE_JOIN_ROUND);
	cairo_set_line_cap(cr, CAIRO_LINE_CAP_BUTT);
	cairo_set_dash(cr, style->dashes, style->dashes[0] > 0 ? style->dashes[2] > 0 ? 4 : 2 : 0,
		       0);
	cairo_stroke(cr);
	cairo_set_dash(cr, NULL, 0, 0);
}

static void draw_key(cairo_t *cr, const struct plot_panel *panel, const struct plot_series *series,
		     double x, double y)
{
	if (panel->kind == PLOT_CURVES && series->look == PLOT_POINTS) {
		cairo_arc(cr, x + 5.5, y + 4, 2, 0, 2 * M_PI);
		canvas_fill(cr, series->style);
	} else if (panel->kind == PLOT_CURVES && series->look != PLOT_AREA) {
		cairo_move_to(cr, x - 3, y + 4);
		cairo_line_to(cr, x + 11, y + 4);
		canvas_stroke(cr, series->style, 1.4);
	} else {
		cairo_rectangle(cr, x, y, 11, 8);
		if (panel->kind == PLOT_PIXELS) {
			set_colour(cr, series->colour, 1);
			cairo_fill(cr);
		} else {
			canvas_fill(cr, series->style);
		}
		cairo_rectangle(cr, x, y, 11, 8);
		canvas_grey(cr, 0.4);
		cairo_set_line_width(cr, 0.4);
		cairo_stroke(cr);
	}
}

/* One series alone is what the title says, unless its look has a meaning, or it is one of many. */
static bool has_legend(const struct plot_panel *panel)
{
	size_t named = 0;
	bool special = panel->kind == PLOT_LANES || panel->kind == PLOT_PIXELS;

	for (size_t i = 0; i < panel->n_series; i++) {
		named += *panel->series[i].name != '\0';
		special |= panel->kind == PLOT_CURVES && *panel->series[i].name;
	}
	return named > 1 || (named && special);
}

double canvas_legend(cairo_t *cr, const struct plot_panel *panel, double x, double y, double width,
		     bool draw)
{
	double at = x, row = y;
	double limit = width - KEY_WIDTH;

	if (!has_legend(panel))
		return 0;
	for (size_t i = 0; i < panel->n_series; i++) {
		double w = fmin(canvas_text_width(cr, TEXT_SIZE, panel->series[i].name), limit) +
			   KEY_WIDTH;

		if (!*panel->series[i].name)
			continue;
		if (at > x && at + w > x + width) {
			at = x;
			row += KEY_HEIGHT;
		}
		if (draw) {
			draw_key(cr, panel, &panel->series[i], at, row + 1);
			canvas_grey(cr, 0);
			canvas_text_fit(cr, at + KEY_WIDTH, row + 8, ALIGN_LEFT, TEXT_SIZE, limit,
					panel->series[i].name);
		}
		at += w + KEY_GAP;
	}
	return row - y + KEY_HEIGHT + 3;
}

double canvas_axis_height(const char *name)
{
	return TICK + TEXT_SIZE + 3 + (*name ? TEXT_SIZE + 4 : 0);
}

double canvas_axis_width(cairo_t *cr, const struct axis *axis, const char *name)
{
	double widest = 0;

	for (size_t i = 0; i < axis->n_ticks; i++)
		widest = fmax(widest, canvas_text_width(cr, TEXT_SIZE, axis->labels[i]));
	return widest + TICK + 3 + (*name || *axis->unit ? TEXT_SIZE + 5 : 0);
}

static void rule(cairo_t *cr, double x1, double y1, double x2, double y2, double grey, double width)
{
	canvas_grey(cr, grey);
	cairo_set_line_width(cr, width);
	cairo_set_line_cap(cr, CAIRO_LINE_CAP_BUTT);
	cairo_move_to(cr, x1, y1);
	cairo_line_to(cr, x2, y2);
	cairo_stroke(cr);
}

void canvas_axis_below(cairo_t *cr, const struct axis *axis, const char *name, struct box plot,
		       bool grid)
{
	double bottom = plot.y + plot.h, free_from = -INFINITY;
	char title[256];

	for (size_t i = 0; i < axis->n_ticks; i++) {
		double x = plot.x + plot.w * axis_at(axis, axis->ticks[i]);
		double half = canvas_text_width(cr, TEXT_SIZE, axis->labels[i]) / 2;

		if (grid)
			rule(cr, x, plot.y, x, bottom, 0.88, 0.4);
		rule(cr, x, bottom, x, bottom + TICK, 0.2, 0.6);
		if (x - half < free_from)
			continue;
		canvas_grey(cr, 0);
		canvas_text(cr, x, bottom + TICK + TEXT_SIZE, ALIGN_CENTER, TEXT_SIZE,
			    axis->labels[i]);
		free_from = x + half + 4;
	}
	rule(cr, plot.x, bottom, plot.x + plot.w, bottom, 0.2, 0.6);
	axis_title(axis, name, title, sizeof(title));
	canvas_grey(cr, 0);
	canvas_text_fit(cr, plot.x + plot.w / 2, bottom + TICK + 2 * TEXT_SIZE + 4, ALIGN_CENTER,
			TEXT_SIZE, plot.w, title);
}

void canvas_axis_left(cairo_t *cr, const struct axis *axis, const char *name, struct box plot)
{
	double free_below = INFINITY;
	char title[256];

	for (size_t i = 0; i < axis->n_ticks; i++) {
		double y = plot.y + plot.h * (1 - axis_at(axis, axis->ticks[i]));

		rule(cr, plot.x, y, plot.x + plot.w, y, 0.88, 0.4);
		rule(cr, plot.x - TICK, y, plot.x, y, 0.2, 0.6);
		if (y + TEXT_SIZE / 2 > free_below)
			continue;
		canvas_grey(cr, 0);
		canvas_text(cr, plot.x - TICK - 2, y + TEXT_SIZE * 0.36, ALIGN_RIGHT, TEXT_SIZE,
			    axis->labels[i]);
		free_below = y - TEXT_SIZE / 2 - 1;
	}
	rule(cr, plot.x, plot.y, plot.x, plot.y + plot.h, 0.2, 0.6);
	axis_title(axis, name, title, sizeof(title));
	canvas_grey(cr, 0);
	canvas_text_up(cr, plot.x - canvas_axis_width(cr, axis, name) + TEXT_SIZE,
		       plot.y + plot.h / 2, TEXT_SIZE, plot.h, title);
}

static double widest_label(cairo_t *cr, const struct plot_panel *panel)
{
	double widest = 0;

	for (size_t i = 0; i < panel->n_labels; i++)
		widest = fmax(widest, canvas_text_width(cr, TEXT_SIZE, panel->labels[i]));
	return widest;
}

bool canvas_labels_above(cairo_t *cr, const struct plot_panel *panel, double width)
{
	return panel->kind == PLOT_BARS && widest_label(cr, panel) > width * 0.6;
}

double canvas_labels_width(cairo_t *cr, const struct plot_panel *panel, double width)
{
	double most = width * (panel->kind == PLOT_BARS ? 0.45 : 0.3);

	if (panel->left > 0)
		return panel->left;
	if (panel->kind == PLOT_CURVES)
		return 40; /* for the legend; ticks need less or more */
	if (canvas_labels_above(cr, panel, width))
		return 4;
	return fmin(widest_label(cr, panel), most) + 9;
}
