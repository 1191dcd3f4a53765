/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "analyze/plot/plot_tables.h"

#include <stdlib.h>
#include <string.h>

#include <schedtrace/analyses.h>

#include "analyze/plot/figures.h"
#include "analyze/plot/picture_file.h"
#include "analyze/reading.h"
#include "base/error.h"
#include "base/mem.h"
#include "cli/report_error.h"
#include "libschedtrace/analysis.h"
#include "plots/picture.h"

#define MOST_PICTURES 32

struct plot_task {
	const struct report_settings *settings;
	struct schedtrace_picture pictures[MOST_PICTURES];
	size_t n_pictures;
	struct reading first, second;
	struct selection selection;
	struct plot_figure figure;
	struct plot_source source;
};

/* The analysis that has a table or a log of that name. */
static const char *owner_of(const char *name, const struct schedtrace_table_info **info)
{
	const struct schedtrace_analysis_info *analysis;

	for (size_t i = 0; (analysis = schedtrace_analysis_at(i)); i++) {
		for (size_t t = 0; t < analysis->n_tables; t++)
			if (!strcmp(analysis->tables[t]->name, name)) {
				*info = analysis->tables[t];
				return analysis->name;
			}
		for (size_t l = 0; l < analysis->n_logs; l++)
			if (!strcmp(analysis->logs[l]->name, name)) {
				*info = analysis->logs[l];
				return analysis->name;
			}
	}
	return NULL;
}

static int add_picture(struct plot_task *task, const struct schedtrace_picture *picture,
		       struct schedtrace_error *err)
{
	if (task->n_pictures == MOST_PICTURES)
		return plot_no_room(err);
	task->pictures[task->n_pictures++] = *picture;
	return 0;
}

static int add_pictures(struct plot_task *task, const struct schedtrace_picture *const *pictures,
			struct schedtrace_error *err)
{
	int r = 0;

	for (size_t i = 0; pictures && pictures[i] && !r; i++)
		r = add_picture(task, pictures[i], err);
	return r;
}

/* The pictures of all tables in a list; one without its own gets bars. */
static int pictures_of_tables(struct plot_task *task, struct schedtrace_error *err)
{
	int r = 0;

	for (const char *list = task->settings->tables; *list && !r; list += *list == ',') {
		size_t n = strcspn(list, ",");
		auto_free char *word = strndup(list, n);
		const struct schedtrace_table_info *info = NULL;

		if (!word)
			return plot_no_memory(err);
		list += n;
		if (!owner_of(word, &info))
			return error_set(
				err, SCHEDTRACE_E_USAGE,
				"--table: no table %s; \"schedreport list\" names them all", word);
		r = info->pictures ? add_pictures(task, info->pictures, err)
				   : add_picture(task,
						 &(struct schedtrace_picture){
							 .from = info->name,
							 .kind = SCHEDTRACE_PICTURE_BARS,
							 .top = 20 },
						 err);
	}
	return r;
}

/* The pictures of a log, or else the first of its analysis. */
static int pictures_of_log(struct plot_task *task, struct schedtrace_error *err)
{
	const char *log = task->settings->log, *name = log, *dot = strchr(log, '.');
	const struct schedtrace_analysis_info *analysis = schedtrace_analysis_find(log);
	const struct schedtrace_table_info *info;
	const char *owner;

	if (analysis && analysis->n_logs == 1)
		name = analysis->logs[0]->name;
	else if (dot)
		name = dot + 1;
	owner = owner_of(name, &info);
	if (!owner)
		return error_set(err, SCHEDTRACE_E_USAGE,
				 "no log %s; \"schedreport list\" names them all", log);
	return info->pictures ? add_pictures(task, info->pictures, err)
			      : add_picture(task, *schedtrace_analysis_find(owner)->pictures, err);
}

static int choose_pictures(struct plot_task *task, struct schedtrace_error *err)
{
	const struct report_settings *settings = task->settings;
	int r = 0;

	if (settings->log)
		return pictures_of_log(task, err);
	if (settings->tables)
		return pictures_of_tables(task, err);
	if (!settings->n_analyses)
		return add_pictures(task, schedtrace_analysis_at(0)->pictures, err);
	for (size_t a = 0; a < settings->n_analyses && !r; a++)
		r = add_pictures(task, schedtrace_analysis_find(settings->analyses[a])->pictures,
				 err);
	return r;
}

/* Whether the filters cannot choose what a panel draws, or which of the ranked it draws. */
static int check_picture(const struct plot_task *task, const struct schedtrace_picture *picture,
			 struct schedtrace_error *err)
{
	const struct filters *filters = &task->selection.filters;
	const struct schedtrace_table_info *info = NULL;
	int r = 0;

	if (owner_of(picture->from, &info))
		r = filters_check(filters, info, err);
	if (!r && picture->ranked && owner_of(plot_ranked(picture, filters), &info))
		r = filters_check(filters, info, err);
	return r;
}

/* Panels that cannot be chosen for are left out, unless they were named or are all there are. */
static int check_filters(struct plot_task *task, struct schedtrace_error *err)
{
	const struct report_settings *settings = task->settings;
	struct schedtrace_error why;
	size_t n = 0;

	for (size_t i = 0; i < task->n_pictures; i++)
		n += !check_picture(task, &task->pictures[i], NULL);
	for (size_t i = 0; i < task->n_pictures; i++)
		if (check_picture(task, &task->pictures[i], &why) && (!n || settings->tables))
			return error_set(err, SCHEDTRACE_E_USAGE, "--plot: %s", why.text);
	n = 0;
	for (size_t i = 0; i < task->n_pictures; i++) {
		const struct schedtrace_picture *picture = &task->pictures[i];

		if (!check_picture(task, picture, &why))
			task->pictures[n++] = *picture;
		else if (!settings->quiet)
			report("schedreport", "left out: %s: %s",
			       picture->title ? picture->title : picture->from, why.text);
	}
	task->n_pictures = n;
	return 0;
}

/* ---- reading -------------------------------------------------------------------------- */

static int run_pass(struct plot_task *task, struct reading *pass, const char *what,
		    struct schedtrace_error *err)
{
	const struct reading_options options = { .window = task->settings->window,
						 .doing = what,
						 .quiet = task->settings->quiet,
						 .step = task->settings->step,
						 .user = task->settings->user };

	return reading_run(pass, &options, err);
}

static int first_pass(struct plot_task *task, struct schedtrace_error *err)
{
	const struct report_settings *settings = task->settings;
	int r = reading_open(&task->first, settings->path, &settings->input,
			     &settings->selection.filters, err);

	for (size_t i = 0; i < task->n_pictures && !r; i++) {
		const struct schedtrace_picture *picture = &task->pictures[i];
		const struct schedtrace_table_info *info;

		r = schedtrace_engine_add(task->first.engine, owner_of(picture->from, &info), err);
		if (!r && picture->ranked)
			r = schedtrace_engine_add(
				task->first.engine,
				owner_of(plot_ranked(picture, &task->selection.filters), &info),
				err);
	}
	if (!r)
		r = schedtrace_engine_add(task->first.engine, "losses", err);
	return r ? r : run_pass(task, &task->first, "reading", err);
}

static int log_row(void *user, const struct schedtrace_table_info *log,
		   const union schedtrace_value *values, struct schedtrace_error *err)
{
	struct plot_task *task = user;
	int r = 0;

	for (size_t i = 0; i < task->source.n_readers && !r; i++) {
		struct log_reader *reader = &task->source.readers[i];

		for (size_t l = 0; l < sizeof(reader->logs) / sizeof(*reader->logs) && !r; l++)
			if (reader->logs[l] == log &&
			    (reader->unfiltered ||
			     filters_match(&task->selection.filters, log, values)))
				r = reader->row(reader, l, values, err);
	}
	return r;
}

/*
 * What lasts at the last row is not in the log of the states, but in a table of the same columns.
 * It is drawn as what it is: nothing says that it ended.
 */
static int add_open_states(struct plot_task *task, struct log_reader *reader,
			   struct schedtrace_error *err)
{
	const struct schedtrace_table *open =
		schedtrace_tables_find(task->second.tables, "states_open");
	const struct schedtrace_table_info *log = reader->logs[0];
	auto_free union schedtrace_value *values = calloc(log->n_columns, sizeof(*values));
	int r = values ? 0 : plot_no_memory(err);

	for (size_t row = 0; open && row < schedtrace_table_rows(open) && !r; row++) {
		for (size_t c = 0; c < log->n_columns; c++) {
			const char *name = log->columns[c]->name;

			values[c] = schedtrace_table_value(
				open, row,
				plot_column(schedtrace_table_info(open), name, strlen(name)));
			if (!strcmp(name, "certain"))
				values[c].i = 1;
		}
		if (reader->unfiltered || filters_match(&task->selection.filters, log, values))
			r = reader->row(reader, 0, values, err);
	}
	return r;
}

/* The rows of logs that the panels want. */
static int second_pass(struct plot_task *task, struct schedtrace_error *err)
{
	const struct schedtrace_sink sink = { sizeof(sink), task, log_row };
	const struct report_settings *settings = task->settings;
	struct input_options input = settings->input;
	struct plot_source *source = &task->source;
	int r;

	input.note = NULL; /* all that was said before holds */
	input.validate = false;
	r = reading_open(&task->second, settings->path, &input, &settings->selection.filters, err);

	if (!r)
		engine_know_command(task->second.engine, input_context(task->first.infile));
	for (size_t i = 0; i < source->n_readers && !r; i++)
		for (size_t l = 0; l < 2 && source->readers[i].logs[l] && !r; l++) {
			const struct schedtrace_table_info *info;

			r = schedtrace_engine_add(task->second.engine,
						  owner_of(source->readers[i].logs[l]->name, &info),
						  err);
		}
	if (!r)
		r = schedtrace_engine_set_sink(task->second.engine, &sink, err);
	if (!r)
		r = run_pass(task, &task->second, "drawing", err);
	for (size_t i = 0; i < source->n_readers && !r; i++)
		if (!strcmp(source->readers[i].logs[0]->name, "states_log"))
			r = add_open_states(task, &source->readers[i], err);
	for (size_t i = 0; i < source->n_readers && !r; i++)
		r = source->readers[i].finish(&source->readers[i], err);
	return r;
}

/* ---- the picture ---------------------------------------------------------------------- */

static void put_list(FILE *f, const char *what, const struct option_list *list, bool *any)
{
	for (size_t i = 0; i < list->n; i++) {
		fprintf(f, "%s%s", i ? "," : *any ? ", " : "", i ? "" : what);
		fputs(list->items[i], f);
		*any = true;
	}
}

/* What of the recording is drawn, unless that is all. */
static const char *what_is_chosen(struct plot_task *task)
{
	const struct filters *sel = &task->selection.filters;
	auto_free char *text = NULL;
	bool any = false;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	if (!f)
		return NULL;
	if (sel->command) {
		fputs("tasks of the command", f);
		any = true;
	}
	put_list(f, "tasks called ", &sel->comms, &any);
	put_list(f, "tasks with pid ", &sel->pids, &any);
	put_list(f, "CPU ", &sel->cpus, &any);
	if (task->settings->window)
		fprintf(f, "%sthe window %s", any ? ", " : "", task->settings->window);
	if (fclose(f) || !*text)
		return NULL;
	return plot_text(&task->figure, "only %s", text);
}

/* What was recorded, as it stands above a report in text. */
static int write_heading(struct plot_task *task, struct schedtrace_error *err)
{
	const struct schedtrace_context *ctx = input_context(task->first.infile);
	struct plot_figure *figure = &task->figure;
	auto_free char *text = NULL;
	char *line, *rest;
	size_t size, n = 0;
	FILE *f = open_memstream(&text, &size);

	if (!f)
		return plot_no_memory(err);
	summary_print(f, &task->first.summary, ctx, task->first.tables, 0);
	if (fclose(f))
		return plot_no_memory(err);
	line = strtok_r(text, "\n", &rest);
	if (line && schedtrace_context_info(ctx)->command) {
		figure->title = plot_text(figure, "%s", line);
		line = strtok_r(NULL, "\n", &rest);
	}
	if (task->settings->title)
		figure->title = *task->settings->title
					? plot_text(figure, "%s", task->settings->title)
					: NULL;
	for (; line && n < 3; line = strtok_r(NULL, "\n", &rest))
		figure->lines[n++] = plot_text(figure, "%s", line);
	if (n < 3)
		figure->lines[n++] = what_is_chosen(task);
	return 0;
}

/* The time that the picture is about. */
static void set_range(struct plot_task *task)
{
	const struct schedtrace_context *ctx = input_context(task->first.infile);
	const struct summary *summary = &task->first.summary;
	struct plot_source *source = &task->source;
	int64_t begin = summary_begin(summary, ctx), end = schedtrace_context_info(ctx)->end_ns;

	if (summary->rows && (end == INT64_MIN || summary->last_ns > end))
		end = summary->last_ns;
	if (begin == INT64_MIN)
		begin = 0;
	source->zero = begin;
	source->begin = task->first.window_begin > begin ? task->first.window_begin : begin;
	source->end = task->first.window_end < end ? task->first.window_end : end;
	if (source->end <= source->begin)
		source->end = source->begin + 1;
}

/* About one a point of the page's width. */
static size_t parts_of(double width_mm)
{
	return (size_t)((width_mm > 0 ? width_mm : PLOT_USUAL_WIDTH) * 2.6);
}

static int make_panels(struct plot_task *task, struct schedtrace_error *err)
{
	struct plot_source *source = &task->source;
	int r = 0;

	source->figure = &task->figure;
	source->tables = task->first.tables;
	source->selection = &task->selection;
	source->memory_and_swap = (double)schedtrace_context_info(input_context(task->first.infile))
					  ->memory_and_swap_bytes;
	source->parts = parts_of(task->settings->plot_size.width);
	set_range(task);
	for (size_t i = 0; i < task->n_pictures && !r; i++)
		r = plot_maker(task->pictures[i].kind)(source, &task->pictures[i], err);
	if (!r && !task->figure.n_panels)
		r = error_set(err, SCHEDTRACE_E_USAGE,
			      "--plot: the recording has nothing to draw of this");
	return r;
}

static int check_command(const struct plot_task *task, struct schedtrace_error *err)
{
	if (!task->selection.filters.command ||
	    filters_know_command(input_context(task->first.infile)))
		return 0;
	return error_set(err, SCHEDTRACE_E_USAGE,
			 "--command: the recording does not know a command");
}

static int draw(struct plot_task *task, struct schedtrace_error *err)
{
	const struct report_settings *settings = task->settings;
	int r = plot_check("--plot", settings->plot, err);

	if (!r)
		r = choose_pictures(task, err);
	if (!r)
		r = check_filters(task, err);
	if (!r)
		r = first_pass(task, err);
	if (!r)
		r = check_command(task, err);
	if (!r)
		r = make_panels(task, err);
	if (!r && task->source.n_readers)
		r = second_pass(task, err);
	if (!r)
		r = write_heading(task, err);
	if (r < 0)
		return r;
	return settings->plot_stream ? plot_draw(settings->plot, settings->plot_stream,
						 &task->figure, &settings->plot_size, err)
				     : picture_file_write(settings->plot, &task->figure,
							  &settings->plot_size, err);
}

int plot_run(const struct report_settings *settings, bool *damaged, struct schedtrace_error *err)
{
	auto_free struct plot_task *task = calloc(1, sizeof(*task));
	int r;

	if (!task)
		return plot_no_memory(err);
	task->settings = settings;
	task->selection = settings->selection;
	r = draw(task, err);
	*damaged = task->first.infile && input_damaged(task->first.infile);
	plot_figure_free(&task->figure);
	reading_close(&task->second);
	reading_close(&task->first);
	return r;
}
