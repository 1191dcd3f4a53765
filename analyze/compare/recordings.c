/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "analyze/compare/recordings.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <schedtrace/analyses.h>

#include "analyze/compare/cells.h"
#include "analyze/compare/compared_values.h"
#include "analyze/compare/one_file.h"
#include "analyze/compare/recording_facts.h"
#include "analyze/layout.h"
#include "base/error.h"
#include "base/escape.h"
#include "base/mem.h"
#include "cli/report_error.h"
#include "cli/results.h"

struct run {
	const struct report_settings *settings;
	struct values values;
	struct cells *totals; /* of one recording, by table */
	size_t n_totals;
	/* What a row has: facts, values, figures, facts. */
	struct schedtrace_column_info *columns;
	const struct schedtrace_column_info **lent; /* pointers to them */
	size_t n_columns;
	struct schedtrace_table_info info;
	struct arena names;
	struct view view;
	struct text_options text;
	struct column_layout *layouts;
	struct results results;
};

static int no_memory(struct schedtrace_error *err)
{
	return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for a table of recordings");
}

/* Figures that the filters cannot choose for are left out. */
static bool leave_out(const struct run *run, const struct schedtrace_table_info *info)
{
	struct schedtrace_error why;
	int r = filters_check(&run->settings->selection.filters, info, &why);

	if (r && !run->settings->quiet)
		report("schedreport", "left out: %s", why.text);
	return r;
}

/* The tables that have figures of a whole recording. */
static int choose_totals(struct run *run, struct schedtrace_error *err)
{
	const struct report_settings *settings = run->settings;
	size_t n = 0;

	for (size_t i = 0; i < settings->n_analyses; i++)
		n += schedtrace_analysis_find(settings->analyses[i])->n_tables;
	run->totals = calloc(n + 1, sizeof(*run->totals));
	if (!run->totals)
		return no_memory(err);
	for (size_t i = 0; i < settings->n_analyses; i++) {
		const struct schedtrace_analysis_info *analysis =
			schedtrace_analysis_find(settings->analyses[i]);

		for (size_t t = 0; t < analysis->n_tables; t++) {
			const struct schedtrace_table_info *info = analysis->tables[t];
			const char *only = info->compare ? info->compare->totals : NULL;
			int r;

			if (!only || leave_out(run, info))
				continue;
			r = cells_init(&run->totals[run->n_totals++], info, "", NULL, only, 1, err);
			if (r)
				return r;
		}
	}
	return 0;
}

/* Filters choose among what figures are made of. */
static int check_filters(const struct run *run, struct schedtrace_error *err)
{
	if (run->n_totals || !run->settings->selection.filters.state)
		return 0;
	return error_set(err, SCHEDTRACE_E_USAGE,
			 "recordings: there are no figures here of an ANALYSIS that --comm, "
			 "--command and --cpu could choose for");
}

static const char *figure_name(struct run *run, const char *table, const char *column)
{
	char *name = arena_alloc(&run->names, strlen(table) + strlen(column) + 2);

	if (name)
		sprintf(name, "%s.%s", table, column);
	return name;
}

/* Sums and extremes of integers are integers. */
static enum schedtrace_type figure_type(const struct cells *cells, size_t measure)
{
	const struct cells_measure *m = &cells->measures[measure];

	return m->merge == SCHEDTRACE_MERGE_MEAN ? SCHEDTRACE_REAL
						 : cells->info->columns[m->column]->type;
}

static int make_columns(struct run *run, struct schedtrace_error *err)
{
	size_t n = RECORDING_FACTS + run->values.n;
	struct schedtrace_column_info *c;

	for (size_t t = 0; t < run->n_totals; t++)
		n += run->totals[t].n_measures;
	c = run->columns = calloc(n, sizeof(*c));
	if (!c)
		return no_memory(err);
	/* Nothing is grouped here. */
	for (size_t i = RECORDING_GROUP + 1; i < RECORDING_FIRST; i++)
		*c++ = recording_columns[i];
	for (size_t i = 0; i < run->values.n; i++)
		*c++ = value_column(&run->values.all[i]);
	for (size_t t = 0; t < run->n_totals; t++) {
		const struct cells *totals = &run->totals[t];
		const char *called = totals->info->compare->called;

		for (size_t m = 0; m < totals->n_measures; m++) {
			*c = *totals->info->columns[totals->measures[m].column];
			c->name = figure_name(run, called ? called : totals->info->name, c->name);
			c->type = figure_type(totals, m);
			if (!c++->name)
				return no_memory(err);
		}
	}
	for (size_t i = RECORDING_FIRST; i < RECORDING_FACTS; i++)
		*c++ = recording_columns[i];
	run->n_columns = (size_t)(c - run->columns);
	run->lent = calloc(run->n_columns, sizeof(*run->lent));
	if (!run->lent)
		return no_memory(err);
	for (size_t i = 0; i < run->n_columns; i++)
		run->lent[i] = &run->columns[i];
	run->info = (struct schedtrace_table_info){
		.name = "recordings",
		.about = "recordings, and what they and their members say",
		.n_columns = run->n_columns,
		.columns = run->lent
	};
	return 0;
}

/* Places for texts, since rows are not known when the heading is printed. */
static int make_layouts(struct run *run, char *const *paths, size_t n_paths,
			struct schedtrace_error *err)
{
	size_t longest = 0;

	for (size_t i = 0; i < n_paths; i++) {
		auto_free char *visible = escape_visible(paths[i]);
		size_t width = visible ? escape_width(visible) : 0;

		longest = width > longest ? width : longest;
	}
	run->layouts = text_log_layout(&run->view, &run->text);
	if (!run->layouts)
		return no_memory(err);
	for (size_t i = 0; i < run->view.n_columns; i++) {
		struct column_layout *layout = &run->layouts[i];
		const char *name = run->columns[layout->column].name;
		size_t width = layout->width;

		if (!strcmp(name, recording_columns[RECORDING_FILE].name))
			width = longest;
		else if (!strcmp(name, recording_columns[RECORDING_BEGAN].name))
			width = strlen("2000-01-01T00:00:00Z");
		else if (!strcmp(name, recording_columns[RECORDING_RELEASE].name))
			width = 18;
		layout->width = width > layout->width ? width : layout->width;
	}
	return 0;
}

static int print_heading(struct run *run, char *const *paths, size_t n_paths,
			 struct schedtrace_error *err)
{
	FILE *f = run->results.f;
	int r = 0;

	if (run->settings->format == REPORT_CSV)
		csv_heading(f, &run->view);
	if (run->settings->format != REPORT_TEXT)
		return 0;
	r = make_layouts(run, paths, n_paths, err);
	if (!r)
		text_log_heading(f, &run->view, run->layouts, &run->text);
	return r;
}

static int print_row(struct run *run, const union schedtrace_value *v, struct schedtrace_error *err)
{
	FILE *f = run->results.f;
	int r;

	switch (run->settings->format) {
	case REPORT_TEXT:
		r = text_log_row(f, &run->view, run->layouts, &run->text, v, err);
		break;
	case REPORT_CSV:
		r = csv_row(f, &run->view, v, err);
		break;
	default:
		r = json_log_row(f, &run->view, v, err);
		fputc('\n', f);
	}
	if (!r && fflush(f)) /* nobody reads any more, or the disk is full: stop here */
		r = results_finish(&run->results, err);
	return r;
}

static int fill_figures(struct run *run, const struct one_file *file, union schedtrace_value **v,
			struct schedtrace_error *err)
{
	for (size_t t = 0; t < run->n_totals; t++) {
		struct cells *totals = &run->totals[t];
		const struct schedtrace_table *table =
			schedtrace_tables_find(file->reading.tables, totals->info->name);
		int r = table ? cells_add(totals, table, 0, &file->selection, err) : 0;

		if (r)
			return r;
		for (size_t m = 0; m < totals->n_measures; m++) {
			double value = *cells_values(totals, 0, m);

			if (figure_type(totals, m) == SCHEDTRACE_REAL)
				(*v)++->f = value;
			else
				(*v)++->i = isfinite(value) ? (int64_t)value : INT64_MIN;
		}
	}
	return 0;
}

static int fill_row(struct run *run, const struct one_file *file, union schedtrace_value *v,
		    char **texts, struct schedtrace_error *err)
{
	const size_t before = RECORDING_FIRST - RECORDING_GROUP - 1; /* columns of facts */
	union schedtrace_value facts[RECORDING_FACTS];
	struct recording_texts fact_texts;
	int r;

	/* They may read what is left of the file, and so the facts of its end. */
	for (size_t i = 0; i < run->values.n; i++) {
		r = value_of_file(&run->values.all[i], file, &v[before + i], &texts[i],
				  run->settings->quiet, err);
		if (r < 0)
			return r;
		run->values.all[i].found |= r;
	}
	recording_facts(facts, file, NULL, &fact_texts);
	memcpy(v, &facts[RECORDING_GROUP + 1], before * sizeof(*v));
	v += before + run->values.n;
	r = fill_figures(run, file, &v, err);
	for (size_t i = RECORDING_FIRST; i < RECORDING_FACTS && !r; i++)
		*v++ = facts[i];
	return r ? r : print_row(run, v - run->n_columns, err);
}

/* With analyses its rows are read; else only what it says of itself. */
static int take_file(struct run *run, const char *path, bool *damaged, struct schedtrace_error *err)
{
	auto_free union schedtrace_value *v = calloc(run->n_columns + 1, sizeof(*v));
	char **texts = calloc(run->values.n + 1, sizeof(*texts));
	struct one_file file;
	int r = one_file_read(&file, path, run->settings, err);

	if (!r && (!v || !texts))
		r = no_memory(err);
	if (!r)
		r = fill_row(run, &file, v, texts, err);
	*damaged |= file.reading.infile && input_damaged(file.reading.infile);
	for (size_t i = 0; texts && i < run->values.n; i++)
		free(texts[i]);
	free(texts);
	one_file_release(&file);
	return r;
}

static int run_all(struct run *run, char *const *paths, size_t n_paths, bool *damaged,
		   struct schedtrace_error *err)
{
	int r = choose_totals(run, err);

	if (!r)
		r = check_filters(run, err);
	if (!r)
		r = make_columns(run, err);
	if (!r)
		r = view_of_log(&run->view, &run->info, &run->settings->selection, err);
	if (!r)
		r = results_open(&run->results, run->settings->out, err);
	if (!r)
		r = print_heading(run, paths, n_paths, err);
	for (size_t i = 0; i < n_paths && !r; i++)
		r = take_file(run, paths[i], damaged, err);
	if (!r)
		r = results_finish(&run->results, err);
	return r ? r : values_check_found(&run->values, err);
}

int recordings_run(const struct report_settings *settings, const struct option_list *values,
		   char *const *paths, size_t n_paths, bool *damaged, struct schedtrace_error *err)
{
	struct run run = { .settings = settings };
	int r = values_parse(&run.values, values, err);

	run.text = (struct text_options){ .width = settings->width,
					  .exact = settings->exact,
					  .begin_ns = INT64_MIN };
	if (!r)
		r = run_all(&run, paths, n_paths, damaged, err);
	view_release(&run.view);
	free(run.layouts);
	results_close(&run.results);
	for (size_t t = 0; t < run.n_totals; t++)
		cells_release(&run.totals[t]);
	free(run.totals);
	free(run.lent);
	free(run.columns);
	arena_free(&run.names);
	values_release(&run.values);
	return r;
}
