/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "analyze/reading.h"

#include "base/error.h"
#include "cli/progress.h"
#include "input/window.h"
#include "libschedtrace/analysis.h"

int reading_open(struct reading *reading, const char *path, const struct input_options *input,
		 const struct filters *filters, struct schedtrace_error *err)
{
	int r;

	*reading = (struct reading){ .window_begin = INT64_MIN, .window_end = INT64_MAX };
	r = input_open(&reading->infile, path, input, err);
	if (!r)
		r = schedtrace_engine_new(&reading->engine, input_context(reading->infile), err);
	if (!r && filters)
		r = filters_tell(filters, reading->engine, err);
	reading->filters = filters;
	return r;
}

/* The window counts from the begin of the recording, which its first row may have to tell. */
static int begin(struct reading *reading, const struct reading_options *options,
		 struct schedtrace_error *err)
{
	int64_t origin = summary_begin(&reading->summary, input_context(reading->infile));
	int r = 0;

	if (options->window) {
		r = window_parse(options->window, origin, &reading->window_begin,
				 &reading->window_end, err);
		if (!r)
			r = schedtrace_engine_set_window(reading->engine, reading->window_begin,
							 reading->window_end, err);
	}
	if (!r && options->begun)
		r = options->begun(options->user, err);
	return r;
}

/* A window with nothing of the recording in it was meant otherwise. */
static int check_window(const struct reading *reading, const struct reading_options *options,
			struct schedtrace_error *err)
{
	const struct schedtrace_context *ctx = input_context(reading->infile);
	int64_t begin = summary_begin(&reading->summary, ctx);
	int64_t length = summary_time(&reading->summary, ctx);
	int r;

	if (!options->window || length == INT64_MIN)
		return 0;
	r = window_check(options->window, reading->window_begin, reading->window_end, begin, length,
			 err);
	return r < 0 && options->name ? error_prefix(err, r, "%s", options->name) : r;
}

static int feed(struct reading *reading, const struct reading_options *options,
		struct schedtrace_error *err)
{
	const struct schedtrace_events *events;
	struct progress progress;
	bool begun = false;
	int r;

	progress_begin(&progress, options->doing, options->quiet);
	while ((r = input_next(reading->infile, &events, err)) > 0) {
		uint64_t done, total;

		summary_add(&reading->summary, events);
		r = begun ? 0 : begin(reading, options, err);
		begun = true;
		if (!r)
			r = schedtrace_engine_feed(reading->engine, events, err);
		if (r)
			break;
		input_position(reading->infile, &done, &total);
		progress_update(&progress, done, total, options->name);
		r = options->step ? options->step(options->user, done, total, err) : 0;
		if (r)
			break;
	}
	progress_end(&progress);
	return r || begun ? r : begin(reading, options, err);
}

int reading_run(struct reading *reading, const struct reading_options *options,
		struct schedtrace_error *err)
{
	int r = feed(reading, options, err);

	if (!r)
		r = check_window(reading, options, err);
	if (!r)
		r = engine_finish(reading->engine, err);
	if (!r)
		r = schedtrace_engine_snapshot(reading->engine, &reading->tables, err);
	if (!r && reading->filters)
		filters_learn(reading->filters, reading->engine);
	return r;
}

void reading_close(struct reading *reading)
{
	schedtrace_tables_free(reading->tables);
	schedtrace_engine_free(reading->engine);
	input_close(reading->infile);
	*reading = (struct reading){ 0 };
}
