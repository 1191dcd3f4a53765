/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "view/timeline/timeline_draw.h"

#include <string.h>

#include "base/cpulist.h"
#include "base/error.h"
#include "input/window.h"
#include "plots/picture.h"
#include "view/timeline/timeline_panels.h"

#define USUAL_WIDTH 2400 /* pixels */

static int parse_size(const char *text, struct plot_size *size, struct schedtrace_error *err)
{
	*size = (struct plot_size){ .width = USUAL_WIDTH * PLOT_MM_PER_DOT, .in_dots = true };
	return text ? plot_parse_dots(text, size, err) : 0;
}

int timeline_draw_check(const struct timeline_options *options, struct schedtrace_error *err)
{
	struct plot_size size;
	int r = parse_size(options->size, &size, err);

	if (r == 0 && options->cpus && !cpulist_valid(options->cpus))
		r = error_set(err, SCHEDTRACE_E_USAGE,
			      "--cpus: %s is no list of CPUs such as 0,2-5", options->cpus);
	if (r == 0 && !options->out)
		r = error_set(err, SCHEDTRACE_E_USAGE,
			      "no file to draw to: name one with -o FILE.png, .svg or .pdf");
	return r < 0 ? r : plot_check("--output", options->out, err);
}

static int read_rows(struct timeline *timeline, struct input *infile, struct schedtrace_error *err)
{
	const struct schedtrace_events *rows;
	int r = timeline_new(timeline, input_context(infile), false, err);

	while (r == 0 && (r = input_next(infile, &rows, err)) > 0)
		r = timeline_feed(timeline, rows, err);
	return r < 0 ? r : timeline_finish(timeline, err);
}

static int cut(const struct timeline *t, const char *text, struct timeline_window *window,
	       struct schedtrace_error *err)
{
	int64_t begin = INT64_MIN, end = INT64_MAX;
	int r = text ? window_parse(text, t->begin, &begin, &end, err) : 0;

	if (r == 0 && text)
		r = window_check(text, begin, end, t->begin, t->end - t->begin, err);
	window->begin = begin > t->begin ? begin : t->begin;
	window->end = end < t->end ? end : t->end;
	if (window->begin >= window->end) /* one moment */
		window->end = window->begin + 1;
	return r;
}

/* What there is to say beforehand of a recording that shows little. */
static void tell_little(const struct timeline *t, const struct timeline_options *options)
{
	const char *sentence = NULL;

	if (t->begin == t->end)
		sentence = t->rows > 1 ? "all rows are of one moment: the timeline has no length"
			   : t->rows   ? "there is one row: the timeline has no length"
				       : "there are no rows: the timeline is empty";
	else if (!t->switches)
		sentence = "no switches were recorded: nobody knows who ran";
	if (sentence && options->input.note)
		options->input.note(options->input.user, sentence);
}

static int add_heading(struct plot_figure *figure, const struct timeline *t,
		       const struct timeline_options *options, struct schedtrace_error *err)
{
	const struct schedtrace_info *info = schedtrace_context_info(t->context);
	const char *title = options->title ? options->title : info->command;

	if (title && *title && !(figure->title = plot_text(figure, "%s", title)))
		return plot_no_memory(err);
	if (!info->release)
		return 0;
	figure->lines[0] = plot_text(figure, "Linux %s%s%s%s%s", info->release,
				     info->machine ? ", " : "", info->machine ? info->machine : "",
				     info->host ? ", " : "", info->host ? info->host : "");
	return figure->lines[0] ? 0 : plot_no_memory(err);
}

static int draw_lanes(FILE *f, const struct timeline *t, const struct timeline_options *options,
		      struct schedtrace_error *err)
{
	struct timeline_choice choice = { .cpus = options->cpus,
					  .tasks = options->tasks,
					  .n_tasks = options->n_tasks };
	struct plot_figure figure = { .n_panels = 0 };
	struct plot_size size;
	int r = parse_size(options->size, &size, err);

	if (r == 0)
		r = cut(t, options->window, &choice.window, err);
	if (r < 0)
		return r;
	tell_little(t, options);
	/* Narrower columns would blend with their neighbours. */
	choice.window.columns = (uint32_t)(size.width / PLOT_MM_PER_DOT / 2);
	r = add_heading(&figure, t, options, err);
	if (r == 0)
		r = timeline_panels(&figure, t, &choice, err);
	if (r == 0)
		r = plot_draw(options->out, f, &figure, &size, err);
	plot_figure_free(&figure);
	return r;
}

int timeline_draw(FILE *f, const struct timeline_options *options, bool *damaged,
		  struct schedtrace_error *err)
{
	struct timeline timeline = { .context = NULL };
	struct input *infile = NULL;
	int r = input_open(&infile, options->trace, &options->input, err);

	if (r == 0)
		r = read_rows(&timeline, infile, err);
	if (r < 0)
		r = error_prefix(err, r, "%s", options->trace);
	else
		r = draw_lanes(f, &timeline, options, err);
	*damaged = r == 0 && input_damaged(infile);
	timeline_free(&timeline);
	if (infile)
		input_close(infile);
	return r;
}
