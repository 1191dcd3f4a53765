/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Instruction files, read, planned and run on a few rows. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "view/figure/category_rows.h"

#define ROWS 6

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct plan_terms all_rows = { .filter = NULL };

static int draw(const struct plan *plan, size_t category, struct schedtrace_error *err)
{
	const struct raster_window window = { -1, 9, -1, 3, 5, 4 };
	struct raster raster;
	int r = raster_new(&raster, &window, err);

	if (r == 0)
		r = category_rows_count(&raster, plan, category, &all_rows, err);
	raster_finish(&raster);
	raster_free(&raster);
	return r;
}

static void run(struct instructions *in, struct trace_columns *columns)
{
	struct category_rows rows;
	struct schedtrace_error err;
	struct plan plan;

	if (plan_make(&plan, in, columns, &err) < 0)
		return;
	for (size_t c = 0; c < in->n_categories; c++) {
		if (in->categories[c].failed)
			continue;
		if (category_rows_sum(&rows, &plan, c, &all_rows, &err) < 0 ||
		    draw(&plan, c, &err) < 0)
			abort();
		category_rows_free(&rows);
	}
	plan_free(&plan);
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
	const struct event_names events = trace_columns_events(&columns);
	struct schedtrace_error err;
	struct instructions in;
	char *text = malloc(size + 1); /* exactly, so that reading beyond is seen */

	if (!text)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	if (instructions_parse(&in, text, size, &events, &err) == 0) {
		run(&in, &columns);
		trace_columns_close(&columns);
		instructions_free(&in);
	}
	free(text);
	return 0;
}
