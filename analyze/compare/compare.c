/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "analyze/compare/compare.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <schedtrace/analyses.h>

#include "analyze/compare/compared_tables.h"
#include "analyze/compare/compared_values.h"
#include "analyze/compare/legend.h"
#include "analyze/compare/recording_facts.h"
#include "analyze/compare/statistics.h"
#include "analyze/plot/compare_plot.h"
#include "analyze/wrap.h"
#include "base/error.h"
#include "base/mem.h"
#include "cli/report_error.h"
#include "cli/results.h"
#include "libschedtrace/table.h"

/* A table of an analysis over all recordings. */
struct compared {
	const struct schedtrace_table_info *info;
	const struct schedtrace_table_compare *how; /* NULL: not at all */
	struct cells rows;   /* row by row; without figures where they are not wanted */
	struct cells totals; /* as a whole, likewise */
	bool left_out;	     /* it has neither, since the filters cannot choose from it */
};

struct run {
	const struct report_settings *report;
	const struct compare_settings *compare;
	struct groups groups;
	struct compared *tables;
	size_t n_tables;
	struct schedtrace_table *recordings;
	struct values values;
	double *facts; /* by file: how long it was recorded, in ns; then the same for each value */
	struct comparison comparison;
	struct results results;
};

static int no_memory(struct schedtrace_error *err)
{
	return error_set(err, SCHEDTRACE_E_NOMEM, "no memory to compare recordings");
}

/* Whether a table of this name is to be shown; @usual: where nobody names tables. */
static bool is_wanted(const struct run *run, const char *name, bool usual)
{
	return run->report->tables ? select_names(run->report->tables, name) : usual;
}

/* Of the columns that --columns names, whether the table has one. */
static bool has_measure(const struct schedtrace_table_info *info, const char *list)
{
	for (size_t n; list && *list; list += n + (list[n] == ',')) {
		n = strcspn(list, ",");
		if (select_column(info, list, n) != SIZE_MAX)
			return true;
	}
	return !list;
}

static const char *key_of(const struct run *run, const struct schedtrace_table_compare *how)
{
	return run->compare->key ? run->compare->key : how->same;
}

static int add_table(struct run *run, const struct schedtrace_table_info *info,
		     struct schedtrace_error *err)
{
	const char *columns = run->report->selection.columns;
	const struct schedtrace_table_compare *how = info->compare;
	struct compared *table = &run->tables[run->n_tables++];
	bool by_rows, with_totals;
	int r;

	table->info = info;
	table->how = how;
	by_rows = how && how->same && is_wanted(run, info->name, how->usual) &&
		  has_measure(info, columns);
	with_totals = how && how->totals &&
		      (is_wanted(run, "totals", true) || is_wanted(run, "figures", true));
	if (by_rows || with_totals) {
		r = filters_check(&run->report->selection.filters, info, err);
		if (r && by_rows && run->report->tables)
			return r;
		table->left_out = r;
		by_rows &= !r;
		with_totals &= !r;
	}
	r = cells_init(&table->rows, info, by_rows ? key_of(run, how) : "",
		       !by_rows	 ? ""
		       : columns ? columns
				 : how->measures,
		       NULL, run->groups.n_files, err);
	if (!r)
		r = cells_init(&table->totals, info, "", with_totals ? columns : "",
			       with_totals ? how->totals : NULL, run->groups.n_files, err);
	if (!r && by_rows && run->compare->key && !table->rows.n_keys)
		r = error_set(err, SCHEDTRACE_E_USAGE, "--key: table %s has no column %s",
			      info->name, run->compare->key);
	return r;
}

/* An analysis may be named twice. */
static bool has_table(const struct run *run, const struct schedtrace_table_info *info)
{
	for (size_t t = 0; t < run->n_tables; t++)
		if (run->tables[t].info == info)
			return true;
	return false;
}

/* Something must be left to compare. */
static int check_left_out(const struct run *run, struct schedtrace_error *err)
{
	int r = 0;

	for (size_t t = 0; t < run->n_tables; t++) {
		const struct compared *table = &run->tables[t];

		if (table->rows.n_measures || table->totals.n_measures)
			return 0;
		if (table->left_out && !r)
			r = filters_check(&run->report->selection.filters, table->info, err);
	}
	return r;
}

static int choose_tables(struct run *run, struct schedtrace_error *err)
{
	size_t n = 0;
	int r = 0;

	for (size_t i = 0; i < run->report->n_analyses; i++)
		n += schedtrace_analysis_find(run->report->analyses[i])->n_tables;
	run->tables = calloc(n + 1, sizeof(*run->tables));
	run->facts = calloc(run->groups.n_files * (run->values.n + 1), sizeof(*run->facts));
	if (!run->tables || !run->facts)
		return no_memory(err);
	for (size_t i = 0; i < run->report->n_analyses; i++) {
		const struct schedtrace_analysis_info *analysis =
			schedtrace_analysis_find(run->report->analyses[i]);

		for (size_t t = 0; t < analysis->n_tables && !r; t++)
			if (!has_table(run, analysis->tables[t]))
				r = add_table(run, analysis->tables[t], err);
	}
	return r ? r : check_left_out(run, err);
}

static int check_table_name(const struct run *run, const char *name, size_t n,
			    struct schedtrace_error *err)
{
	static const char *const own[] = { "recordings", "figures", "totals" };

	for (size_t i = 0; i < sizeof(own) / sizeof(*own); i++)
		if (!strncmp(name, own[i], n) && !own[i][n])
			return 0;
	for (size_t i = 0; i < run->n_tables; i++) {
		const struct compared *table = &run->tables[i];

		if (strncmp(name, table->info->name, n) || table->info->name[n])
			continue;
		if (table->how)
			return 0;
		return error_set(err, SCHEDTRACE_E_USAGE,
				 "--table: rows of %s mean nothing in another recording, so they "
				 "cannot be compared",
				 table->info->name);
	}
	return error_set(err, SCHEDTRACE_E_USAGE,
			 "--table: no table %.*s here; there are recordings, figures, totals, and "
			 "the tables that \"schedreport list\" names",
			 (int)n, name);
}

static int check_column_name(const struct run *run, const char *name, size_t n,
			     struct schedtrace_error *err)
{
	for (size_t i = 0; i < run->n_tables; i++) {
		const struct schedtrace_table_info *info = run->tables[i].info;
		size_t column = select_column(info, name, n);

		if (column != SIZE_MAX && info->columns[column]->merge != SCHEDTRACE_MERGE_NONE)
			return 0;
	}
	return error_set(err, SCHEDTRACE_E_USAGE,
			 "--columns: no figure %.*s here that could be compared; \"schedreport "
			 "list\" names them all",
			 (int)n, name);
}

/* Every name between the commas must be one that is there. */
static int check_names(const struct run *run, const char *list,
		       int (*check)(const struct run *run, const char *name, size_t n,
				    struct schedtrace_error *err),
		       struct schedtrace_error *err)
{
	int r = 0;

	for (size_t n; list && *list && !r; list += n + (list[n] == ',')) {
		n = strcspn(list, ",");
		r = check(run, list, n, err);
	}
	return r;
}

static double *facts_of(const struct run *run, size_t which)
{
	return run->facts + which * run->groups.n_files;
}

/* Facts and values: a row of the table of recordings. */
static int take_facts(struct run *run, size_t i, const char *group, const struct one_file *file,
		      char **texts, struct schedtrace_error *err)
{
	size_t n = run->values.n;
	auto_free union schedtrace_value *v = calloc(RECORDING_FACTS + n, sizeof(*v));
	union schedtrace_value facts[RECORDING_FACTS];
	struct recording_texts fact_texts;
	int64_t recorded;

	if (!v)
		return no_memory(err);
	recording_facts(facts, file, group, &fact_texts);
	recorded = facts[RECORDING_TIME].i;
	facts_of(run, 0)[i] = recorded == INT64_MIN ? NAN : (double)recorded;
	memcpy(v, facts, RECORDING_FIRST * sizeof(*v));
	for (size_t j = 0; j < n; j++) {
		union schedtrace_value *cell = &v[RECORDING_FIRST + j];
		int r = value_of_file(&run->values.all[j], file, cell, &texts[j],
				      run->report->quiet, err);

		if (r < 0)
			return r;
		facts_of(run, 1 + j)[i] = run->values.all[j].text ? NAN : cell->f;
		run->values.all[j].found |= r;
	}
	memcpy(v + RECORDING_FIRST + n, facts + RECORDING_FIRST,
	       (RECORDING_FACTS - RECORDING_FIRST) * sizeof(*v));
	return table_row(run->recordings, v, err);
}

static int take_tables(struct run *run, size_t i, const struct one_file *file,
		       struct schedtrace_error *err)
{
	int r = 0;

	for (size_t t = 0; t < run->n_tables && !r; t++) {
		struct compared *table = &run->tables[t];
		const struct schedtrace_table *from =
			schedtrace_tables_find(file->reading.tables, table->info->name);

		if (from && table->rows.n_measures)
			r = cells_add(&table->rows, from, i, &file->selection, err);
		if (!r && from && table->totals.n_measures)
			r = cells_add(&table->totals, from, i, &file->selection, err);
	}
	return r;
}

/* What a recording is known to lack, where no table of this run says it. */
static void note_losses(const struct run *run, const struct one_file *file)
{
	auto_free char *losses =
		summary_losses(input_context(file->reading.infile), file->reading.tables);

	if (losses && !run->report->quiet &&
	    (run->report->format != REPORT_TEXT || !is_wanted(run, "recordings", true)))
		report("schedreport", "%s: %s", file->path, losses);
}

static int take_file(struct run *run, size_t i, const char *group, bool *damaged,
		     struct schedtrace_error *err)
{
	char **texts = calloc(run->values.n + 1, sizeof(*texts));
	struct one_file file;
	int r = one_file_read(&file, run->groups.files[i], run->report, err);

	if (!r && !texts)
		r = no_memory(err);
	if (!r)
		r = take_facts(run, i, group, &file, texts, err);
	if (!r)
		r = take_tables(run, i, &file, err);
	if (!r)
		note_losses(run, &file);
	for (size_t j = 0; texts && j < run->values.n; j++)
		free(texts[j]);
	free(texts);
	*damaged |= file.reading.infile && input_damaged(file.reading.infile);
	one_file_release(&file);
	return r;
}

static int read_files(struct run *run, bool *damaged, struct schedtrace_error *err)
{
	int r = 0;

	for (size_t g = 0; g < run->groups.n && !r; g++) {
		const struct group *group = &run->groups.groups[g];

		for (size_t i = group->first; i < group->first + group->n && !r; i++)
			r = take_file(run, i, group->name, damaged, err);
	}
	return r ? r : values_check_found(&run->values, err);
}

/* Whether some recording has it. */
static bool is_known(const struct figure *figure, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (isfinite(figure->values[i]))
			return true;
	return false;
}

static int add_figures(struct run *run, struct schedtrace_error *err)
{
	size_t n = 1 + run->values.n;
	auto_free struct figure *figures = NULL;
	int r = 0;

	for (size_t t = 0; t < run->n_tables; t++)
		n += run->tables[t].totals.n_measures;
	figures = calloc(n, sizeof(*figures));
	if (!figures)
		return no_memory(err);
	n = 0;
	figures[n++] = (struct figure){ "recording",	recording_columns[RECORDING_TIME].name,
					"ns",		recording_columns[RECORDING_TIME].about,
					SCHEDTRACE_INT, facts_of(run, 0) };
	for (size_t j = 0; j < run->values.n; j++) {
		const struct schedtrace_column_info column = value_column(&run->values.all[j]);

		figures[n] = (struct figure){ "value",	    column.name,     column.unit,
					      column.about, SCHEDTRACE_REAL, facts_of(run, 1 + j) };
		n += is_known(&figures[n], run->groups.n_files);
	}
	for (size_t t = 0; t < run->n_tables; t++) {
		const struct cells *totals = &run->tables[t].totals;
		const char *called = run->tables[t].how ? run->tables[t].how->called : NULL;

		for (size_t m = 0; m < totals->n_measures; m++) {
			const struct schedtrace_column_info *column =
				totals->info->columns[totals->measures[m].column];

			figures[n] = (struct figure){ called ? called : totals->info->name,
						      column->name,
						      column->unit,
						      column->about,
						      column->type,
						      cells_values(totals, 0, m) };
			n += is_known(&figures[n], run->groups.n_files);
		}
	}
	if (is_wanted(run, "figures", run->report->format != REPORT_TEXT || run->groups.n > 2))
		r = comparison_add_figures(&run->comparison, figures, n, err);
	if (!r && is_wanted(run, "totals", true))
		r = comparison_add_totals(&run->comparison, figures, n, err);
	return r;
}

/* Whether some recording has the figure in some row. */
static bool measure_is_known(const struct cells *cells, size_t measure)
{
	for (size_t row = 0; row < cells->n_rows; row++)
		for (size_t i = 0; i < cells->n_files; i++)
			if (isfinite(cells_values(cells, row, measure)[i]))
				return true;
	return false;
}

static int make_tables(struct run *run, struct schedtrace_error *err)
{
	int r = add_figures(run, err);

	for (size_t t = 0; t < run->n_tables && !r; t++) {
		const struct compared *table = &run->tables[t];

		for (size_t m = 0; m < table->rows.n_measures && !r; m++) {
			/* Of figures that nobody asked for, those that say something. */
			if (!run->report->selection.columns && !measure_is_known(&table->rows, m))
				continue;
			r = table->how->histogram ? comparison_add_histogram(&run->comparison,
									     &table->rows, m, err)
						  : comparison_add_measure(&run->comparison,
									   &table->rows, m, err);
		}
	}
	return r;
}

/* Says which tables are missing: in text above the others, else beside the output. */
static void tell_left_out(FILE *f, const struct run *run)
{
	const struct report_settings *settings = run->report;
	struct schedtrace_error why;

	for (size_t t = 0; t < run->n_tables; t++) {
		if (!run->tables[t].left_out)
			continue;
		filters_check(&settings->selection.filters, run->tables[t].info, &why);
		if (settings->format == REPORT_TEXT)
			fprintf(f, "left out: %s\n", why.text);
		else if (!settings->quiet)
			report("schedreport", "left out: %s", why.text);
	}
}

static char *make_legend(const struct run *run)
{
	char *legend = NULL;
	size_t size;
	FILE *f = open_memstream(&legend, &size);

	if (!f)
		return NULL;
	legend_write(f, &run->groups, run->compare);
	tell_left_out(f, run);
	if (!fclose(f))
		return legend;
	free(legend);
	return NULL;
}

/*
 * In text, leaves the numbers of recordings out where each group's figures are all of as many as
 * the legend says.
 */
static void drop_full_counts(const struct run *run, struct view *view)
{
	const struct groups *groups = &run->groups;
	size_t n = view->info->n_columns, first = n - groups->n;
	const struct schedtrace_column_info *const *columns = view->info->columns;

	if (n <= groups->n || strncmp(columns[first]->name, "n_", 2) ||
	    strcmp(columns[first]->name + 2, groups->groups[0].name))
		return;
	for (size_t g = 0; g < groups->n; g++)
		for (size_t r = 0; r < view->n_rows; r++)
			if (schedtrace_table_value(view->table, view->rows[r], first + g).i !=
			    (int64_t)groups->groups[g].n)
				return;
	view->n_columns = first;
}

static int print_views(struct run *run, struct view *views, size_t n, char *legend,
		       struct schedtrace_error *err)
{
	const struct report_settings *report = run->report;
	const struct text_options text = { .width = report->width,
					   .exact = report->exact,
					   .begin_ns = INT64_MIN,
					   .depth = report->depth };
	FILE *f = run->results.f;
	char *rest;
	int r = 0;

	if (report->format == REPORT_CSV)
		return csv_tables(f, views, n, err);
	if (report->format == REPORT_JSON)
		return json_tables(f, views, n, err);
	for (char *line = strtok_r(legend, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
		wrap_text(f, line, 0, 2, report->width);
	if (report->window)
		fprintf(f, "counted in the window %s of each only\n", report->window);
	for (size_t i = 0; i < n && !r; i++) {
		drop_full_counts(run, &views[i]);
		fputc('\n', f);
		r = text_table(f, &views[i], &text, err);
	}
	return r;
}

static int show(struct run *run, struct schedtrace_error *err)
{
	const struct schedtrace_tables *all = run->comparison.tables;
	size_t n_all = schedtrace_tables_count(all), n = 0;
	auto_free const struct schedtrace_table **tables = calloc(n_all + 1, sizeof(*tables));
	auto_free struct view *views = calloc(n_all + 1, sizeof(*views));
	auto_free char *legend = make_legend(run);
	/* Tasks were chosen when the files were read. */
	const struct selection selection = { .sort = run->report->selection.sort,
					     .top = run->report->selection.top };
	int r;

	if (!tables || !views || !legend)
		return no_memory(err);
	for (size_t i = 0; i < n_all; i++) {
		const struct schedtrace_table *table = schedtrace_tables_at(all, i);

		if (table != run->recordings || is_wanted(run, "recordings", true))
			tables[n++] = table;
	}
	r = views_make(views, tables, n, &selection, run->report->format == REPORT_TEXT, err);
	if (!r)
		r = run->report->plot
			    ? plot_comparison(run->report, &run->groups, views, n, legend, err)
			    : print_views(run, views, n, legend, err);
	for (size_t i = 0; i < n; i++)
		view_release(&views[i]);
	return r;
}

static int add_recordings(struct run *run, struct schedtrace_error *err)
{
	size_t n = 0;
	auto_free struct schedtrace_column_info *columns =
		calloc(RECORDING_FACTS + run->values.n, sizeof(*columns));

	if (!columns)
		return no_memory(err);
	for (size_t i = 0; i < RECORDING_FACTS; i++) {
		for (size_t j = 0; i == RECORDING_FIRST && j < run->values.n; j++)
			columns[n++] = value_column(&run->values.all[j]);
		columns[n++] = recording_columns[i];
	}
	return comparison_add_recordings(&run->comparison, columns, n, &run->recordings, err);
}

static int run_all(struct run *run, char *const *paths, size_t n_paths, bool *damaged,
		   struct schedtrace_error *err)
{
	const struct compare_settings *compare = run->compare;
	int r = groups_make(&run->groups, &compare->groups, compare->group_by, paths, n_paths,
			    &run->report->input, err);

	if (!r)
		r = report_check_outputs(run->report, NULL, (const char *const *)run->groups.files,
					 run->groups.n_files, err);
	if (!r && !run->groups.n)
		r = error_set(err, SCHEDTRACE_E_USAGE,
			      "compare: no FILE; name the recordings after the analyses, or with "
			      "--group");
	if (!r && run->groups.n == 1)
		r = error_set(err, SCHEDTRACE_E_USAGE,
			      "compare: all recordings are in one group (%s); there is nothing to "
			      "compare it with",
			      run->groups.groups[0].name);
	if (!r)
		r = comparison_init(&run->comparison, &run->groups, (size_t)compare->resamples,
				    (uint64_t)compare->seed, err);
	if (!r)
		r = values_parse(&run->values, &compare->values, err);
	if (!r)
		r = add_recordings(run, err);
	if (!r)
		r = choose_tables(run, err);
	if (!r)
		r = check_names(run, run->report->tables, check_table_name, err);
	if (!r)
		r = check_names(run, run->report->selection.columns, check_column_name, err);
	if (!r)
		r = results_open(&run->results, run->report->out, err);
	if (!r)
		r = read_files(run, damaged, err);
	if (!r)
		r = make_tables(run, err);
	if (!r)
		r = show(run, err);
	return r ? r : results_finish(&run->results, err);
}

int compare_run(const struct report_settings *report, const struct compare_settings *compare,
		char *const *paths, size_t n_paths, bool *damaged, struct schedtrace_error *err)
{
	struct run run = { .report = report, .compare = compare };
	int r = run_all(&run, paths, n_paths, damaged, err);

	for (size_t t = 0; t < run.n_tables; t++) {
		cells_release(&run.tables[t].rows);
		cells_release(&run.tables[t].totals);
	}
	free(run.tables);
	free(run.facts);
	values_release(&run.values);
	comparison_release(&run.comparison);
	results_close(&run.results);
	groups_release(&run.groups);
	return r;
}
