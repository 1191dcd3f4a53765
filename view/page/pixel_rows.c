/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "view/page/pixel_rows.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "view/figure/ordered.h"
#include "view/figure/raster_hit.h"
#include "view/page/answers.h"

#define MOST_ROWS 100

struct search {
	const struct drawn_figure *figure;
	const struct raster_window *window;
	uint32_t column, row;
	int64_t near; /* how far rows may be that are told of */
	struct row_places places;
	size_t category;
	json_int_t total;
	json_t *rows;
};

static json_t *cell(const struct query_column *column, size_t i)
{
	double value;

	if (column->texts)
		return answer_text(column->texts[i]);
	if (column->ints)
		return json_integer(column->ints[i]);
	if (column->small_ints)
		return json_integer(column->small_ints[i]);
	value = ordered_real(column, i);
	return isfinite(value) ? json_real(value) : json_null();
}

static void add_row(struct search *s, const struct query_column *outputs, size_t i)
{
	const struct instructions *in = &s->figure->instructions;
	json_t *row = json_array();

	json_array_append_new(row, answer_text(in->categories[s->category].label));
	for (size_t o = 0; o < in->n_outputs; o++)
		json_array_append_new(row, cell(&outputs[o], i));
	json_array_append_new(s->rows, row);
}

/* Whether all of a row is beside the pixels that are looked at, told cheaply. */
static bool is_far(const struct search *s, const double *at)
{
	const struct raster_window *w = s->window;
	double column = (w->x1 - w->x0) / w->width, row = (w->y1 - w->y0) / w->height;
	double beside = (double)s->near + 2;

	return fmax(at[0], at[2]) < w->x0 + (s->column - beside) * column ||
	       fmin(at[0], at[2]) > w->x0 + (s->column + beside) * column ||
	       fmax(at[1], at[3]) < w->y0 + (s->row - beside) * row ||
	       fmin(at[1], at[3]) > w->y0 + (s->row + beside) * row;
}

static bool hits_ring(const struct search *s, const double *at, int64_t by)
{
	for (int64_t row = s->row - by; row <= s->row + by; row++) {
		bool edge = row == s->row - by || row == s->row + by;

		for (int64_t column = s->column - by; column <= s->column + by;
		     column += edge || !by ? 1 : 2 * by)
			if (row >= 0 && row < s->window->height && column >= 0 &&
			    column < s->window->width &&
			    raster_hit(s->window, at[0], at[1], at[2], at[3], (uint32_t)column,
				       (uint32_t)row))
				return true;
	}
	return false;
}

/* Nearer ones than those so far take their place. */
static void consider(struct search *s, const struct query_column *outputs, size_t i,
		     const double *at)
{
	int64_t by = 0;

	if (is_far(s, at))
		return;
	while (by <= s->near && !hits_ring(s, at, by))
		by++;
	if (by > s->near)
		return;
	if (by < s->near) {
		s->near = by;
		s->total = 0;
		json_array_clear(s->rows);
	}
	if (s->total++ < MOST_ROWS)
		add_row(s, outputs, i);
}

static int search_block(void *user, const struct plan_list *list,
			const struct query_column *outputs, size_t n, struct schedtrace_error *err)
{
	struct search *s = user;

	for (size_t i = 0; i < n; i++) {
		const double at[] = { ordered_real(&outputs[s->places.x0], i),
				      ordered_real(&outputs[s->places.y0], i),
				      ordered_real(&outputs[s->places.x1], i),
				      ordered_real(&outputs[s->places.y1], i) };

		consider(s, outputs, i, at);
	}
	return 0;
}

static json_t *names(const struct instructions *in)
{
	json_t *all = json_array();

	json_array_append_new(all, json_string("category"));
	for (size_t o = 0; o < in->n_outputs; o++)
		json_array_append_new(all, answer_text(in->outputs[o]));
	return all;
}

int pixel_rows(const struct drawn_figure *figure, const struct figure_choice *choice,
	       const struct raster_window *window, uint32_t column, uint32_t row, uint32_t near,
	       json_t **out, struct schedtrace_error *err)
{
	const struct instructions *in = &figure->instructions;
	struct search s = {
		.figure = figure, .window = window, .column = column, .row = row, .near = near
	};
	struct query *filter = NULL;
	struct plan_terms terms = { .cancel = choice->cancel };
	int r = choice->query ? plan_filter(&figure->plan, choice->query, &filter, err) : 0;

	if (r < 0)
		return r;
	terms.filter = filter;
	s.places = row_places_of(in);
	s.rows = json_array();
	for (s.category = 0; s.category < in->n_categories && r == 0; s.category++)
		if (!in->categories[s.category].failed && !(choice->off && choice->off[s.category]))
			r = plan_run(&figure->plan, s.category, &terms, search_block, &s, err);
	query_free(filter);
	if (r < 0)
		json_decref(s.rows);
	else
		*out = json_pack("{s:I, s:o, s:o}", "total", s.total, "columns", names(in), "rows",
				 s.rows);
	return r;
}
