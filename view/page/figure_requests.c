/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A figure's legend and axes, its pixels, the rows behind one of them, its sums, and it as a
 * file. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "plots/picture.h"
#include "view/figure/draw.h"
#include "view/figure/statistics_table.h"
#include "view/page/answers.h"
#include "view/page/page_state.h"
#include "view/page/pixel_rows.h"
#include "view/page/png.h"

#define MOST_SIDE   8192
#define MOST_NEAR   9
#define MOST_PIXELS ((uint64_t)32 << 20)

/* A figure as a request's arguments choose it. */
struct figure_view {
	struct work *work;
	struct cached_figure *cached;
	const struct drawn_figure *figure;
	struct figure_choice choice;
	bool *off;
};

static int parse_off(struct figure_view *v, const char *list, struct schedtrace_error *err)
{
	size_t n = v->figure->instructions.n_categories;

	v->off = calloc(n + 1, sizeof(*v->off));
	if (!v->off)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for a figure");
	v->choice.off = v->off;
	while (list && *list) {
		char *end;
		unsigned long c = strtoul(list, &end, 10);

		if (end == list || c >= n || (*end && *end != ','))
			return error_set(err, SCHEDTRACE_E_USAGE,
					 "off: %s is no list of categories from 0 to %zu", list,
					 n - 1);
		v->off[c] = true;
		list = *end ? end + 1 : end;
	}
	return 0;
}

static void figure_view_close(struct figure_view *v)
{
	free(v->off);
	figure_cache_release(&v->work->page->figures, v->cached);
}

static int figure_view_open(struct figure_view *v, struct work *work, struct schedtrace_error *err)
{
	const char *query = request_arg(work->request, "query");
	int r;

	*v = (struct figure_view){ .work = work };
	r = figure_cache_get(work, &v->cached, err);
	if (r < 0)
		return r;
	v->figure = &v->cached->figure;
	v->choice.query = query && *query ? query : NULL;
	v->choice.cancel = &work->request->cancelled;
	r = parse_off(v, request_arg(work->request, "off"), err);
	if (r == 0)
		r = work_step(work, "drawing", 0, 0, err);
	if (r < 0)
		figure_view_close(v);
	return r;
}

static int parse_real(const struct request *request, const char *name, double *out,
		      struct schedtrace_error *err)
{
	const char *text = request_arg(request, name);
	char *end;
	double value;

	if (!text || !*text)
		return error_set(err, SCHEDTRACE_E_USAGE, "%s is missing", name);
	value = strtod(text, &end);
	if (*end || !isfinite(value))
		return error_set(err, SCHEDTRACE_E_USAGE, "%s: %s is no number", name, text);
	*out = value;
	return 0;
}

static int parse_side(const struct request *request, const char *name, uint32_t most, uint32_t *out,
		      struct schedtrace_error *err)
{
	double value = 0;
	int r = parse_real(request, name, &value, err);

	if (r < 0)
		return r;
	if (!(value >= 0 && value <= most) || value != floor(value))
		return error_set(err, SCHEDTRACE_E_USAGE, "%s: it is a whole number up to %u", name,
				 most);
	*out = (uint32_t)value;
	return 0;
}

static int parse_places(const struct request *request, struct raster_window *out,
			struct schedtrace_error *err)
{
	int r = parse_real(request, "x0", &out->x0, err);

	if (r == 0)
		r = parse_real(request, "x1", &out->x1, err);
	if (r == 0)
		r = parse_real(request, "y0", &out->y0, err);
	if (r == 0)
		r = parse_real(request, "y1", &out->y1, err);
	if (r == 0 && !(out->x0 < out->x1 && out->y0 < out->y1))
		r = error_set(err, SCHEDTRACE_E_USAGE, "x0 is below x1, and y0 below y1");
	return r;
}

static int parse_window(const struct request *request, struct raster_window *out,
			struct schedtrace_error *err)
{
	int r = parse_places(request, out, err);

	if (r == 0)
		r = parse_side(request, "width", MOST_SIDE, &out->width, err);
	if (r == 0)
		r = parse_side(request, "height", MOST_SIDE, &out->height, err);
	if (r == 0 &&
	    (!out->width || !out->height || (uint64_t)out->width * out->height > MOST_PIXELS))
		r = error_set(err, SCHEDTRACE_E_USAGE,
			      "width and height: at least one pixel, and at most %" PRIu64
			      " million together",
			      MOST_PIXELS >> 20);
	return r;
}

static json_t *describe_axis(const char *name, bool is_time, double begin, double end)
{
	return json_pack("{s:o, s:b, s:f, s:f, s:b}", "name", answer_text(name), "time", is_time,
			 "begin", begin, "end", end, "integer",
			 !strcmp(name, "cpu") || !strcmp(name, "pid"));
}

static json_t *describe(const struct figure_view *v, const struct figure_sums *sums)
{
	const struct instructions *in = &v->figure->instructions;
	const struct trace_columns *columns = v->figure->columns;
	const struct schedtrace_info *info = schedtrace_context_info(columns->context);
	struct raster_window all = figure_places(sums);
	json_t *categories = json_array();
	json_int_t rows = 0;

	for (size_t c = 0; c < in->n_categories; c++) {
		char colour[8];

		snprintf(colour, sizeof(colour), "#%06" PRIx32, in->categories[c].colour);
		rows += (json_int_t)sums->rows[c].n;
		json_array_append_new(categories,
				      json_pack("{s:o, s:s, s:I, s:o}", "label",
						answer_text(in->categories[c].label), "color",
						colour, "rows", (json_int_t)sums->rows[c].n,
						"failed", answer_text(in->categories[c].failed)));
	}
	return json_pack(
		"{s:o, s:o, s:o, s:b, s:o, s:I, s:I}", "title", answer_text(info->command), "x",
		describe_axis(figure_x_is_time(sums) ? "time since the first row"
						     : figure_x_about(sums),
			      figure_x_is_time(sums), all.x0, all.x1),
		"y", describe_axis(figure_y_about(sums), figure_y_is_time(sums), all.y0, all.y1),
		"lines", in->lines, "categories", categories, "rows", rows, "coarse",
		(json_int_t)(columns->stretch ? columns->rows.n / columns->stretch : 0));
}

int figure_request(struct work *work, struct answer *answer, struct schedtrace_error *err)
{
	struct figure_view v;
	struct figure_sums sums;
	int r = figure_view_open(&v, work, err);

	if (r < 0)
		return r;
	r = figure_sum(&sums, v.figure, &v.choice, err);
	if (r == 0) {
		/* Elsewhere places depend on how many rows there are. */
		if (v.figure->columns->stretch && !figure_x_is_time(&sums))
			r = error_set(err, SCHEDTRACE_E_NOT_FOUND,
				      "a first look is of figures along time");
		else
			r = answer_json(answer, describe(&v, &sums), err);
		figure_sums_free(&sums);
	}
	figure_view_close(&v);
	return r;
}

static int paint(const struct figure_view *v, const struct raster_window *window,
		 struct answer *answer, struct schedtrace_error *err)
{
	auto_free uint32_t *dots = calloc((size_t)window->width * window->height, sizeof(*dots));
	char *png;
	size_t n;
	int r = dots ? figure_paint(v->figure, &v->choice, window, FIGURE_SPREAD, dots, NULL, err)
		     : error_set(err, SCHEDTRACE_E_NOMEM, "no memory for a picture");

	if (r == 0)
		r = png_make(dots, window->width, window->height, &png, &n, err);
	if (r == 0)
		answer_bytes(answer, "image/png", png, n);
	return r;
}

int figure_pixels_request(struct work *work, struct answer *answer, struct schedtrace_error *err)
{
	struct raster_window window;
	struct figure_view v;
	int r = parse_window(work->request, &window, err);

	if (r == 0)
		r = figure_view_open(&v, work, err);
	if (r < 0)
		return r;
	r = paint(&v, &window, answer, err);
	figure_view_close(&v);
	return r;
}

int figure_rows_request(struct work *work, struct answer *answer, struct schedtrace_error *err)
{
	struct raster_window window;
	struct figure_view v;
	uint32_t column, row, near = 0;
	json_t *rows;
	int r = parse_window(work->request, &window, err);

	if (r == 0)
		r = parse_side(work->request, "px", window.width - 1, &column, err);
	if (r == 0)
		r = parse_side(work->request, "py", window.height - 1, &row, err);
	if (r == 0 && request_arg(work->request, "near"))
		r = parse_side(work->request, "near", MOST_NEAR, &near, err);
	if (r == 0)
		r = figure_view_open(&v, work, err);
	if (r < 0)
		return r;
	r = pixel_rows(v.figure, &v.choice, &window, column, window.height - 1 - row, near, &rows,
		       err);
	if (r == 0)
		r = answer_json(answer, rows, err);
	figure_view_close(&v);
	return r;
}

int statistics_request(struct work *work, struct answer *answer, struct schedtrace_error *err)
{
	struct figure_view v;
	struct figure_sums sums;
	char *text = NULL;
	size_t n;
	FILE *f;
	int r = figure_view_open(&v, work, err);

	if (r < 0)
		return r;
	r = figure_sum(&sums, v.figure, &v.choice, err);
	if (r == 0) {
		f = open_memstream(&text, &n);
		if (f)
			statistics_print(f, &v.figure->instructions, &sums, FORMAT_JSON);
		if (!f || fclose(f) != 0)
			r = error_set(err, SCHEDTRACE_E_NOMEM, "no memory for sums");
		else
			answer_bytes(answer, "application/json", text, n);
		figure_sums_free(&sums);
	}
	figure_view_close(&v);
	return r;
}

static int draw(const struct figure_view *v, const struct draw_options *options,
		struct answer *answer, const char *type, struct schedtrace_error *err)
{
	struct figure_sums sums;
	char *bytes = NULL;
	size_t n;
	FILE *f;
	int r = figure_sum(&sums, v->figure, &v->choice, err);

	if (r < 0)
		return r;
	f = open_memstream(&bytes, &n);
	r = f ? draw_figure(f, v->figure, &v->choice, &sums, options, err)
	      : error_set(err, SCHEDTRACE_E_NOMEM, "no memory for a picture");
	if (f && fclose(f) != 0 && r == 0)
		r = error_set(err, SCHEDTRACE_E_NOMEM, "no memory for a picture");
	figure_sums_free(&sums);
	if (r < 0)
		free(bytes);
	else
		answer_bytes(answer, type, bytes, n);
	return r;
}

int figure_file_request(struct work *work, struct answer *answer, struct schedtrace_error *err)
{
	static const char *const types[][2] = { { "png", "image/png" },
						{ "svg", "image/svg+xml" },
						{ "pdf", "application/pdf" } };
	const struct request *request = work->request;
	const char *format = request_arg(request, "format");
	struct raster_window places;
	struct draw_options options = { .places = NULL };
	struct figure_view v;
	char name[400], size[40];
	size_t i = 0;
	int r = 0;

	while (i < 3 && (!format || strcmp(types[i][0], format) != 0))
		i++;
	if (i == 3)
		return error_set(err, SCHEDTRACE_E_USAGE, "format: it is png, svg or pdf");
	if (request_arg(request, "x0")) {
		r = parse_places(request, &places, err);
		options.places = &places;
	}
	if (r == 0 && request_arg(request, "width")) {
		snprintf(size, sizeof(size), "%.20sx%.8s", request_arg(request, "width"),
			 request_arg(request, "height") ? request_arg(request, "height") : "");
		options.size = size;
	}
	if (r == 0)
		r = figure_view_open(&v, work, err);
	if (r < 0)
		return r;
	snprintf(name, sizeof(name), "%s-%s.%s", v.cached->recording->file.name,
		 request_arg(request, "instructions"), format);
	options.out = name;
	r = draw(&v, &options, answer, types[i][1], err);
	if (r == 0)
		r = answer_download(answer, name, err);
	figure_view_close(&v);
	return r;
}
