/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * usage: figure-counts INSTRUCTIONS TRACE WIDTH HEIGHT [X0 X1 Y0 Y1]
 * Prints of each category "failed PATH: WHY", or "rows N SUM…", its outputs' sums in their order,
 * then with a window "COLUMN ROW COUNT" of each pixel that is not empty.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "view/figure/category_rows.h"

static const struct plan_terms all_rows = { .filter = NULL };

static int print_counts(const struct plan *plan, size_t c, const struct raster_window *window,
			struct schedtrace_error *err)
{
	struct raster raster;
	int r = raster_new(&raster, window, err);

	if (r == 0)
		r = category_rows_count(&raster, plan, c, &all_rows, err);
	if (r == 0)
		raster_finish(&raster);
	for (size_t i = 0; r == 0 && i < (size_t)window->width * window->height; i++)
		if (raster.counts[i])
			printf("%zu %zu %" PRIu32 "\n", i % window->width, i / window->width,
			       raster.counts[i]);
	raster_free(&raster);
	return r;
}

static int print_category(const struct plan *plan, size_t c, const struct raster_window *window,
			  struct schedtrace_error *err)
{
	const struct category *category = &plan->instructions->categories[c];
	struct category_rows rows;
	char text[64];
	int r;

	if (category->failed) {
		printf("failed %s: %s\n", category->failed_at, category->failed);
		return 0;
	}
	r = category_rows_sum(&rows, plan, c, &all_rows, err);
	if (r == 0) {
		printf("rows %zu", rows.n);
		for (size_t o = 0; o < plan->instructions->n_outputs; o++) {
			column_sum_print(&rows.sums[o], text);
			printf(" %s", text);
		}
		printf("\n");
	}
	category_rows_free(&rows);
	return r == 0 && window->x1 > window->x0 ? print_counts(plan, c, window, err) : r;
}

static int run(char **argv, const struct raster_window *window, struct schedtrace_error *err)
{
	const struct input_options options = { .default_ids = true };
	struct instructions in = { .n_categories = 0 };
	struct plan plan = { .categories = NULL };
	struct trace_columns columns;
	struct event_names events;
	int r = trace_columns_open(&columns, argv[2], &options, err);

	events = trace_columns_events(&columns);
	if (r == 0)
		r = instructions_read(&in, argv[1], &events, err);
	if (r == 0)
		r = plan_make(&plan, &in, &columns, err);
	for (size_t c = 0; c < in.n_categories && r == 0; c++)
		r = print_category(&plan, c, window, err);
	plan_free(&plan);
	trace_columns_close(&columns);
	instructions_free(&in);
	return r;
}

int main(int argc, char **argv)
{
	struct raster_window window = { 0 };
	struct schedtrace_error err;

	if (argc != 5 && argc != 9)
		return 2;
	window.width = (uint32_t)atoi(argv[3]);
	window.height = (uint32_t)atoi(argv[4]);
	if (argc == 9) {
		window.x0 = strtod(argv[5], NULL);
		window.x1 = strtod(argv[6], NULL);
		window.y0 = strtod(argv[7], NULL);
		window.y1 = strtod(argv[8], NULL);
	}
	if (run(argv, &window, &err) < 0) {
		fprintf(stderr, "figure-counts: %s\n", err.text);
		return 1;
	}
	return 0;
}
