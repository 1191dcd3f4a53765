/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Instruction files, read, planned and run on a few rows. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "view/figure/figure.h"

#define ROWS 6

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void draw(const struct drawn_figure *figure)
{
	const struct figure_choice choice = { .query = NULL };
	const struct raster_window window = { -1, 9, -1, 3, 5, 4 };
	uint32_t dots[5 * 4] = { 0 };
	struct figure_sums sums;
	struct schedtrace_error err;

	if (figure_sum(&sums, figure, &choice, &err) < 0 ||
	    figure_paint(figure, &choice, &window, FIGURE_SPREAD, dots, NULL, &err) < 0)
		abort();
	figure_sums_free(&sums);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const int64_t timestamp[ROWS] = { 100, 101, 101, 105, 107, 108 };
	static const int32_t pid[ROWS] = { 7, 8, 7, 0, -1, 8 }, cpu[ROWS] = { 0, 1, 0, 1, 0, 1 };
	static const int32_t event[ROWS] = { SCHEDTRACE_WAKEUP,	 SCHEDTRACE_BLOCK,
					     SCHEDTRACE_TICK,	 SCHEDTRACE_CTX_SWITCH,
					     SCHEDTRACE_RQ_SIZE, SCHEDTRACE_WAKEUP };
	static const int64_t arg0[ROWS] = { 0, 0, 1, 7, INT64_MIN, INT64_MAX };
	static const int64_t arg1[ROWS] = { 0, -1, 1000000, 0, 1, 0 };
	struct trace_columns columns = {
		.rows = { ROWS, timestamp, pid, event, cpu, arg0, arg1, NULL, NULL },
		.t0 = 100,
	};
	struct schedtrace_error err;
	struct drawn_figure figure;
	char *text = malloc(size + 1); /* exactly, so that reading beyond is seen */

	if (!text)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	if (figure_make(&figure, &columns, text, size, &err) == 0) {
		draw(&figure);
		figure_free(&figure);
	}
	trace_columns_close(&columns);
	free(text);
	return 0;
}
