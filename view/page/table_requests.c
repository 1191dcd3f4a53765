/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which analyses there are, and a table of one. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/plot/plot_tables.h"
#include "analyze/print.h"
#include "analyze/reading.h"
#include "analyze/wanted.h"
#include "base/error.h"
#include "base/mem.h"
#include "view/page/answers.h"
#include "view/page/page_state.h"
#include "view/page/table_frame.h"

static json_t *describe_table(const struct schedtrace_table_info *info)
{
	return json_pack("{s:s, s:s, s:b, s:b}", "name", info->name, "about", info->about, "shown",
			 info->shown != SCHEDTRACE_SHOWN_NAMED, "curve", info->curve);
}

static json_t *describe_parameters(const char *analysis)
{
	const struct schedtrace_parameter_info *p;
	json_t *all = json_array();

	for (size_t i = 0; (p = schedtrace_parameter_at(i)); i++)
		if (p->analysis && !strcmp(p->analysis, analysis))
			json_array_append_new(
				all, json_pack("{s:s, s:s, s:s?, s:I, s:I}", "name", p->name,
					       "about", p->about, "usual", p->usual, "least",
					       (json_int_t)p->least, "most", (json_int_t)p->most));
	return all;
}

int analyses_request(struct work *work, struct answer *answer, struct schedtrace_error *err)
{
	const struct schedtrace_analysis_info *analysis;
	json_t *all = json_array();

	for (size_t i = 0; (analysis = schedtrace_analysis_at(i)); i++) {
		json_t *tables = json_array();

		for (size_t t = 0; t < analysis->n_tables; t++)
			json_array_append_new(tables, describe_table(analysis->tables[t]));
		json_array_append_new(all,
				      json_pack("{s:s, s:s, s:o, s:o}", "name", analysis->name,
						"summary", analysis->summary, "tables", tables,
						"parameters", describe_parameters(analysis->name)));
	}
	return answer_json(answer, all, err);
}

/* A request for a table, and what it takes to make it. */
struct table_request {
	struct work *work;
	struct recording_file file;
	const struct schedtrace_analysis_info *analysis;
	const struct schedtrace_table_info *info;
	struct selection selection;
	struct reading reading;
	struct view view;
	json_t *notes;
	char what[300];
};

static int find_table(struct table_request *t, struct schedtrace_error *err)
{
	const struct request *request = t->work->request;
	const char *analysis = request_arg(request, "analysis");
	const char *table = request_arg(request, "table");

	t->analysis = analysis ? schedtrace_analysis_find(analysis) : NULL;
	if (!t->analysis)
		return error_set(err, SCHEDTRACE_E_NOT_FOUND, "there is no analysis %s",
				 analysis ? analysis : "without a name");
	for (size_t i = 0; i < t->analysis->n_tables && !t->info; i++)
		if (!table || !strcmp(t->analysis->tables[i]->name, table))
			t->info = t->analysis->tables[i];
	if (!t->info)
		return error_set(err, SCHEDTRACE_E_NOT_FOUND, "%s has no table %s", analysis,
				 table);
	return 0;
}

/* Adds what an argument of the request says to a list; "" is as if it were not there. */
static int add_choice(struct table_request *t, const char *name, struct option_list *list,
		      struct schedtrace_error *err)
{
	const char *value = request_arg(t->work->request, name);

	if (!value || !*value)
		return 0;
	list->items = calloc(1, sizeof(*list->items));
	if (!list->items)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for a filter");
	list->items[list->n++] = value;
	return 0;
}

static int choose(struct table_request *t, struct schedtrace_error *err)
{
	struct filters *filters = &t->selection.filters;
	const char *condition = request_arg(t->work->request, "filter");
	int r = add_choice(t, "pid", &filters->pids, err);

	if (r == 0)
		r = add_choice(t, "comm", &filters->comms, err);
	if (r == 0)
		r = add_choice(t, "cpu", &filters->cpus, err);
	if (r == 0)
		r = add_choice(t, "set", &filters->set, err);
	if (condition && *condition)
		filters->condition = condition;
	filters->command = request_arg(t->work->request, "command") != NULL;
	if (r == 0)
		r = filters_prepare(filters, err);
	if (r == 0)
		r = filters_check(filters, t->info, err);
	return r;
}

static void take_note(void *user, const char *text)
{
	json_array_append_new(user, answer_text(text));
}

static int step(void *user, uint64_t done, uint64_t total, struct schedtrace_error *err)
{
	struct table_request *t = user;

	return work_step(t->work, t->what, done, total, err);
}

static void tell_unmatched(struct table_request *t)
{
	size_t at = 0;
	char *sentence;

	while ((sentence = filters_unmatched(&t->selection.filters, &at))) {
		json_array_append_new(t->notes, answer_text(sentence));
		free(sentence);
	}
}

static int read_rows(struct table_request *t, struct schedtrace_error *err)
{
	struct input_options input = t->work->page->options->input;
	const char *window = request_arg(t->work->request, "window");
	struct reading_options options = { .window = window && *window ? window : NULL,
					   .doing = "reading",
					   .quiet = true,
					   .step = step,
					   .user = t };
	int r;

	input.note = take_note;
	input.user = t->notes;
	snprintf(t->what, sizeof(t->what), "reading %s", t->file.name);
	r = reading_open(&t->reading, t->file.path, &input, &t->selection.filters, err);
	if (r == 0)
		r = schedtrace_engine_add(t->reading.engine, t->analysis->name, err);
	return r < 0 ? r : reading_run(&t->reading, &options, err);
}

static int choose_rows(struct table_request *t, struct schedtrace_error *err)
{
	const struct schedtrace_context *context = input_context(t->reading.infile);
	const struct schedtrace_table *table =
		schedtrace_tables_find(t->reading.tables, t->info->name);
	int r;

	if (t->selection.filters.command) {
		r = schedtrace_context_load_tasks(context, err);
		if (r < 0)
			return r;
		if (!filters_know_command(context))
			return error_set(err, SCHEDTRACE_E_USAGE,
					 "the recording does not know a command");
	}
	r = views_make(&t->view, &table, 1, &t->selection, false, err);
	if (r == 0)
		tell_unmatched(t);
	return r;
}

static int answer_frame(struct table_request *t, struct answer *answer,
			struct schedtrace_error *err)
{
	char *bytes;
	size_t n;
	int r = table_frame_make(&t->view, t->analysis->name, json_pack("{s:O}", "notes", t->notes),
				 &bytes, &n, err);

	if (r == 0)
		answer_bytes(answer, "application/octet-stream", bytes, n);
	return r;
}

static int answer_file(struct table_request *t, struct answer *answer, struct schedtrace_error *err)
{
	const char *format = request_arg(t->work->request, "format");
	bool csv = format && !strcmp(format, "csv");
	char *text = NULL, name[300];
	size_t n;
	FILE *f;
	int r;

	if (!csv && (!format || strcmp(format, "json") != 0))
		return error_set(err, SCHEDTRACE_E_USAGE, "format: it is csv or json");
	f = open_memstream(&text, &n);
	if (!f)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for a table");
	r = csv ? csv_tables(f, &t->view, 1, err) : json_tables(f, &t->view, 1, err);
	if (fclose(f) != 0 && r == 0)
		r = error_set(err, SCHEDTRACE_E_NOMEM, "no memory for a table");
	if (r < 0) {
		free(text);
		return r;
	}
	answer_bytes(answer, csv ? "text/csv; charset=utf-8" : "application/json", text, n);
	snprintf(name, sizeof(name), "%s-%s.%s", t->file.name, t->info->name, format);
	return answer_download(answer, name, err);
}

/* As schedreport --plot draws it, in a reading of its own. */
static int answer_picture(struct table_request *t, struct answer *answer,
			  struct schedtrace_error *err)
{
	static const char *const types[][2] = { { "svg", "image/svg+xml" },
						{ "png", "image/png" },
						{ "pdf", "application/pdf" } };
	const char *format = request_arg(t->work->request, "format");
	const char *window = request_arg(t->work->request, "window");
	char *picture = NULL, name[300];
	struct report_settings settings = { .path = t->file.path,
					    .input = t->work->page->options->input,
					    .selection = t->selection,
					    .tables = t->info->name,
					    .window = window && *window ? window : NULL,
					    .plot = name,
					    .quiet = true,
					    .step = step,
					    .user = t };
	bool damaged;
	size_t n, type = 0;
	int r;

	while (type < 3 && format && strcmp(types[type][0], format) != 0)
		type++;
	if (type == 3)
		return error_set(err, SCHEDTRACE_E_USAGE, "format: it is svg, png or pdf");
	settings.input.note = NULL;
	settings.selection.top = -1; /* as many rows as its kind of picture shows */
	snprintf(t->what, sizeof(t->what), "drawing %s of %s", t->info->name, t->file.name);
	snprintf(name, sizeof(name), "%.200s-%s.%s", t->file.name, t->info->name, types[type][0]);
	settings.plot_stream = open_memstream(&picture, &n);
	r = settings.plot_stream ? plot_run(&settings, &damaged, err)
				 : error_set(err, SCHEDTRACE_E_NOMEM, "no memory for a picture");
	if (settings.plot_stream && fclose(settings.plot_stream) != 0 && r == 0)
		r = error_set(err, SCHEDTRACE_E_NOMEM, "no memory for a picture");
	if (r < 0) {
		free(picture);
		return r;
	}
	answer_bytes(answer, types[type][1], picture, n);
	return answer_download(answer, name, err);
}

typedef int give_table(struct table_request *t, struct answer *answer,
		       struct schedtrace_error *err);

/* @reads: the table is made before it is given. */
static int make_table(struct work *work, struct answer *answer, bool reads, give_table *give,
		      struct schedtrace_error *err)
{
	struct table_request t = { .work = work };
	int r = find_table(&t, err);

	if (r < 0)
		return r;
	r = recording_list_find(&work->page->recordings, request_arg(work->request, "recording"),
				&t.file, err);
	if (r < 0)
		return r;
	t.notes = json_array();
	r = choose(&t, err);
	if (r == 0 && reads)
		r = read_rows(&t, err);
	if (r == 0 && reads)
		r = choose_rows(&t, err);
	if (r == 0)
		r = give(&t, answer, err);
	if (r < 0) {
		recording_file_error(&t.file, r, err);
		/* Sentences name the options of a command line: --filter, --window. */
		if (!strncmp(err->text, "--", 2))
			memmove(err->text, err->text + 2, strlen(err->text) - 1);
	}
	view_release(&t.view);
	reading_close(&t.reading);
	filters_release(&t.selection.filters);
	json_decref(t.notes);
	recording_file_close(&t.file);
	return r;
}

int table_request(struct work *work, struct answer *answer, struct schedtrace_error *err)
{
	return make_table(work, answer, true, answer_frame, err);
}

int table_file_request(struct work *work, struct answer *answer, struct schedtrace_error *err)
{
	return make_table(work, answer, true, answer_file, err);
}

int table_picture_request(struct work *work, struct answer *answer, struct schedtrace_error *err)
{
	return make_table(work, answer, false, answer_picture, err);
}
