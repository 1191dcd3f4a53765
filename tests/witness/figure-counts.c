/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * usage: figure-counts INSTRUCTIONS TRACE WIDTH HEIGHT [X0 X1 Y0 Y1]
 * Prints of each category "failed PATH: WHY", or "rows N SUM…", its outputs' sums in their order,
 * then with a window "COLUMN ROW COUNT" of each pixel that is not empty.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "view/figure/figure.h"

static int print_counts(const struct drawn_figure *figure, size_t c,
			const struct raster_window *window, struct schedtrace_error *err)
{
	size_t n = (size_t)window->width * window->height;
	auto_free uint64_t *counts = calloc(n, sizeof(*counts));
	int r = figure_count(figure, c, window, counts, err);

	for (size_t i = 0; r == 0 && i < n; i++)
		if (counts[i])
			printf("%zu %zu %" PRIu64 "\n", i % window->width, i / window->width,
			       counts[i]);
	return r;
}

static int print_category(const struct drawn_figure *figure, const struct category_rows *rows,
			  size_t c, const struct raster_window *window,
			  struct schedtrace_error *err)
{
	const struct category *category = &figure->instructions.categories[c];
	char text[64];

	if (category->failed) {
		printf("failed %s: %s\n", category->failed_at, category->failed);
		return 0;
	}
	printf("rows %zu", rows->n);
	for (size_t o = 0; o < figure->instructions.n_outputs; o++) {
		snprintf(text, sizeof(text), "0");
		if (rows->n)
			column_sum_print(&rows->sums[o], text);
		printf(" %s", text);
	}
	printf("\n");
	return window->x1 > window->x0 ? print_counts(figure, c, window, err) : 0;
}

static int print(const struct drawn_figure *figure, const struct raster_window *window,
		 struct schedtrace_error *err)
{
	struct figure_sums sums;
	int r = figure_sum(&sums, figure, &(struct figure_choice){ .query = NULL }, err);

	if (r < 0)
		return r;
	for (size_t c = 0; c < sums.n && r == 0; c++)
		r = print_category(figure, &sums.rows[c], c, window, err);
	figure_sums_free(&sums);
	return r;
}

static int run(char **argv, const struct raster_window *window, struct schedtrace_error *err)
{
	const struct input_options options = { .default_ids = true };
	struct trace_columns columns;
	struct drawn_figure figure;
	int r = trace_columns_open(&columns, argv[2], &options, NULL, err);

	if (r == 0)
		r = figure_read(&figure, &columns, argv[1], err);
	if (r == 0) {
		r = print(&figure, window, err);
		figure_free(&figure);
	}
	trace_columns_close(&columns);
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
