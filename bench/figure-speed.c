/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * usage: figure-speed INSTRUCTIONS TRACE
 * What a figure of 2400x1300 pixels takes, of which the recording and the rows stay opened:
 * opening, the first sums, the whole, a tenth of the time; wall and CPU ms, the fewest of five;
 * memory.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "base/mem.h"
#include "view/figure/figure.h"

#define WIDTH  2400
#define HEIGHT 1300
#define TIMES  5

struct moment {
	double wall, cpu;
};

static struct moment now(void)
{
	struct timespec wall, cpu;

	clock_gettime(CLOCK_MONOTONIC, &wall);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu);
	return (struct moment){ (double)wall.tv_sec * 1e3 + (double)wall.tv_nsec / 1e6,
				(double)cpu.tv_sec * 1e3 + (double)cpu.tv_nsec / 1e6 };
}

static struct moment since(struct moment begin)
{
	struct moment end = now();

	return (struct moment){ end.wall - begin.wall, end.cpu - begin.cpu };
}

static void print(const char *what, struct moment took)
{
	printf("%-8s %9.1f ms %9.1f ms of CPU\n", what, took.wall, took.cpu);
}

static int paint(const char *what, const struct drawn_figure *figure, struct raster_window window,
		 struct schedtrace_error *err)
{
	const struct figure_choice choice = { .query = NULL };
	auto_free uint32_t *dots = calloc((size_t)WIDTH * HEIGHT, sizeof(*dots));
	struct moment best = { 1e9, 1e9 };
	int r = dots ? 0 : -1;

	window.width = WIDTH;
	window.height = HEIGHT;
	for (int i = 0; i < TIMES && r == 0; i++) {
		struct moment begin = now(), took;

		r = figure_paint(figure, &choice, &window, FIGURE_SPREAD, dots, NULL, err);
		took = since(begin);
		best.wall = took.wall < best.wall ? took.wall : best.wall;
		best.cpu = took.cpu < best.cpu ? took.cpu : best.cpu;
	}
	print(what, best);
	return r;
}

static int measure(const struct drawn_figure *figure, struct schedtrace_error *err)
{
	struct moment begin = now();
	struct raster_window window;
	struct figure_sums sums;
	size_t rows = 0;
	int r = figure_sum(&sums, figure, &(struct figure_choice){ .query = NULL }, err);

	if (r < 0)
		return r;
	print("sums", since(begin));
	for (size_t c = 0; c < sums.n; c++)
		rows += sums.rows[c].n;
	window = figure_places(&sums);
	figure_sums_free(&sums);
	r = paint("whole", figure, window, err);
	window.x0 += (window.x1 - window.x0) * 0.45;
	window.x1 = window.x0 + (window.x1 - window.x0) / 5.5;
	if (r == 0)
		r = paint("tenth", figure, window, err);
	printf("%zu rows of %zu are drawn\n", rows, figure->columns->rows.n);
	return r;
}

static void print_memory(void)
{
	auto_fclose FILE *f = fopen("/proc/self/status", "r");
	char line[256];

	while (f && fgets(line, sizeof(line), f))
		if (!strncmp(line, "RssAnon", 7) || !strncmp(line, "RssFile", 7) ||
		    !strncmp(line, "RssShmem", 8))
			fputs(line, stdout);
}

int main(int argc, char **argv)
{
	const struct input_options options = { .default_ids = true };
	struct trace_columns columns;
	struct drawn_figure figure;
	struct schedtrace_error err;
	struct moment begin = now();
	int r;

	if (argc != 3)
		return 2;
	r = trace_columns_map(&columns, argv[2], &options, &err);
	if (r == 0)
		r = figure_read(&figure, &columns, argv[1], &err);
	if (r == 0) {
		print("open", since(begin));
		r = measure(&figure, &err);
		print_memory();
		figure_free(&figure);
	}
	trace_columns_close(&columns);
	if (r < 0)
		fprintf(stderr, "figure-speed: %s\n", err.text);
	return r < 0;
}
