/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "analyze/report.h"

#include <stdlib.h>
#include <string.h>

#include <schedtrace/analyses.h>

#include "analyze/analysis_list.h"
#include "analyze/flame.h"
#include "analyze/reading.h"
#include "analyze/time_of_day.h"
#include "analyze/wanted.h"
#include "analyze/wrap.h"
#include "base/error.h"
#include "base/mem.h"
#include "cli/outputs.h"
#include "cli/report_error.h"
#include "cli/results.h"
#include "libschedtrace/analysis.h"
#include "libschedtrace/replay/recorded.h"

struct run {
	const struct report_settings *settings;
	struct reading reading;
	struct results results;
	struct text_options text;
	struct reading known; /* of a trace.dat whose command's tasks a log is about */
	struct time_of_day times;
	struct selection selection; /* that of the settings, and the context where that matters */
	/* Of a log: */
	const struct schedtrace_table_info *log;
	struct view log_view;
	struct column_layout *log_layout;
	bool log_begun;
	long long log_rows; /* that were printed */
};

/* Matches LOG, ANALYSIS.LOG, and ANALYSIS where that has one log only. */
static bool log_has_name(const struct schedtrace_analysis_info *analysis,
			 const struct schedtrace_table_info *log, const char *name)
{
	size_t n = strlen(analysis->name);

	if (!strncmp(analysis->name, name, n) && (name[n] == '.' || !name[n]))
		return name[n] ? !strcmp(log->name, name + n + 1) : analysis->n_logs == 1;
	return !strcmp(log->name, name);
}

/* The log that was asked for, within the named analyses where some are named. */
static int find_log(struct run *run, const char **analysis_name, struct schedtrace_error *err)
{
	const struct report_settings *settings = run->settings;
	const struct schedtrace_analysis_info *analysis;
	char all[512] = "";

	for (size_t i = 0; (analysis = schedtrace_analysis_at(i)); i++) {
		if (settings->n_analyses && !wanted_by_name(settings, analysis->name))
			continue;
		for (size_t l = 0; l < analysis->n_logs; l++) {
			snprintf(all + strlen(all), sizeof(all) - strlen(all), "%s%s.%s",
				 *all ? ", " : "", analysis->name, analysis->logs[l]->name);
			if (!log_has_name(analysis, analysis->logs[l], settings->log))
				continue;
			if (run->log)
				return error_set(err, SCHEDTRACE_E_USAGE,
						 "--log %s: both %s and %s have one; say "
						 "%s.%s",
						 settings->log, *analysis_name, analysis->name,
						 analysis->name, settings->log);
			run->log = analysis->logs[l];
			*analysis_name = analysis->name;
		}
	}
	if (!run->log)
		return error_set(err, SCHEDTRACE_E_USAGE, "no log %s; there are %s", settings->log,
				 *all ? all : "none");
	return 0;
}

static int log_row(void *user, const struct schedtrace_table_info *log,
		   const union schedtrace_value *values, struct schedtrace_error *err)
{
	struct run *run = user;
	FILE *f = run->results.f;
	int r;

	if (log != run->log || !filters_match(&run->selection.filters, log, values))
		return 0;
	if (run->selection.top > 0 && run->log_rows++ >= run->selection.top)
		return 0;
	switch (run->settings->format) {
	case REPORT_TEXT:
		r = text_log_row(f, &run->log_view, run->log_layout, &run->text, values, err);
		break;
	case REPORT_CSV:
		r = csv_row(f, &run->log_view, values, err);
		break;
	default:
		r = json_log_row(f, &run->log_view, values, err);
		fputc('\n', f);
	}
	if (!r && ferror(f)) /* nobody reads any more, or the disk is full: stop here */
		r = results_finish(&run->results, err);
	return r;
}

static int begin_log(struct run *run, struct schedtrace_error *err)
{
	FILE *f = run->results.f;

	if (run->settings->format == REPORT_TEXT) {
		run->log_layout = text_log_layout(&run->log_view, &run->text);
		if (!run->log_layout)
			return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for a log");
		text_log_heading(f, &run->log_view, run->log_layout, &run->text);
	} else if (run->settings->format == REPORT_CSV) {
		csv_heading(f, &run->log_view);
	}
	run->log_begun = true;
	return 0;
}

/* Only at its end does a trace.dat tell which tasks are the command's: it is read twice for a
 * log. */
static int learn_tasks(struct run *run, struct schedtrace_error *err)
{
	const struct report_settings *settings = run->settings;
	const struct reading_options reading = { .doing = "looking for the command's tasks",
						 .quiet = settings->quiet };
	struct input_options input = settings->input;
	int r;

	if (!settings->selection.filters.command || !settings->log ||
	    input_knows_all_tasks(run->reading.infile))
		return 0;
	input.note = NULL; /* they come again */
	r = reading_open(&run->known, settings->path, &input, NULL, err);
	if (!r)
		r = reading_run(&run->known, &reading, err);
	if (!r)
		engine_know_command(run->reading.engine, input_context(run->known.infile));
	return r;
}

static int check_command(struct run *run, struct schedtrace_error *err)
{
	const struct schedtrace_context *ctx =
		input_context(run->known.infile ? run->known.infile : run->reading.infile);
	int r;

	if (!run->selection.filters.command)
		return 0;
	r = schedtrace_context_load_tasks(ctx, err);
	if (r < 0)
		return r;
	if (!filters_know_command(ctx))
		return error_set(err, SCHEDTRACE_E_USAGE,
				 "--command: the recording does not know a command");
	return 0;
}

static int choose_log(struct run *run, struct schedtrace_error *err)
{
	const struct schedtrace_sink sink = { sizeof(sink), run, log_row };
	const char *analysis = NULL;
	int r = find_log(run, &analysis, err);

	if (!r)
		r = filters_check(&run->selection.filters, run->log, err);
	if (!r)
		r = view_of_log(&run->log_view, run->log, &run->selection, err);
	if (!r && run->settings->clock)
		run->log_view.times = &run->times;
	if (!r)
		r = schedtrace_engine_add(run->reading.engine, analysis, err);
	return r ? r : schedtrace_engine_set_sink(run->reading.engine, &sink, err);
}

static bool wants_flames(const struct report_settings *settings)
{
	return settings->folded || settings->flame;
}

/* Flames are made of this table. */
#define FLAMES "stack_comms"

static int check_flames(const struct report_settings *settings, struct schedtrace_error *err)
{
	const struct schedtrace_analysis_info *stacks = schedtrace_analysis_find("stacks");
	int r = 0;

	for (size_t t = 0; t < stacks->n_tables && !r; t++)
		if (!strcmp(stacks->tables[t]->name, FLAMES))
			r = filters_check(&settings->selection.filters, stacks->tables[t], err);
	return r;
}

static int choose_analyses(struct run *run, struct schedtrace_error *err)
{
	const struct report_settings *settings = run->settings;
	int r;

	if (wants_flames(settings)) {
		r = check_flames(settings, err);
		return r ? r : schedtrace_engine_add(run->reading.engine, "stacks", err);
	}
	r = wanted_check_filters(settings, err);

	for (size_t i = 0; i < settings->n_analyses && !r; i++)
		r = schedtrace_engine_add(run->reading.engine, settings->analyses[i], err);
	if (settings->n_analyses)
		return r;
	for (size_t i = 0; wanted_default(i) && !r; i++)
		if (schedtrace_analysis_find(wanted_default(i)))
			r = schedtrace_engine_add(run->reading.engine, wanted_default(i), err);
	return r;
}

/* What can be chosen only once the begin of the trace is known. */
static int begun(void *user, struct schedtrace_error *err)
{
	struct run *run = user;
	const struct schedtrace_context *ctx = input_context(run->reading.infile);
	int r;

	run->text.begin_ns = summary_begin(&run->reading.summary, ctx);
	if (run->settings->clock) {
		r = time_of_day_begin(&run->times, schedtrace_context_info(ctx), err);
		if (r)
			return r;
	}
	if (!run->log)
		return 0;
	r = check_command(run, err);
	return r ? r : begin_log(run, err);
}

/* Of the tables that are shown where nobody names an analysis. */
static bool has_something_to_say(const struct run *run, const struct schedtrace_table *table)
{
	const struct schedtrace_table_info *info = schedtrace_table_info(table);

	if (run->settings->tables || run->settings->n_analyses)
		return true;
	if (info->shown_with && !run->reading.summary.seen[event_by_name(info->shown_with)])
		return false;
	if (info->shown == SCHEDTRACE_SHOWN_IF_MISSING)
		return summary_anything_missing(table);
	return info->shown != SCHEDTRACE_SHOWN_WITH_ROWS || schedtrace_table_rows(table) > 0;
}

/* Says which tables are missing: in text at their place, else beside the output. */
static void tell_left_out(const struct run *run)
{
	const struct report_settings *settings = run->settings;
	const struct schedtrace_table_info *info;
	struct schedtrace_error why;

	for (size_t at = 0; (info = wanted_next(settings, &at));) {
		if (!wanted_check(settings, info, &why) ||
		    !has_something_to_say(run,
					  schedtrace_tables_find(run->reading.tables, info->name)))
			continue;
		if (settings->format == REPORT_TEXT) {
			fputs("left out:", run->results.f);
			wrap_text(run->results.f, why.text, strlen("left out:"), 2,
				  run->text.width);
		} else if (!settings->quiet) {
			report("schedreport", "left out: %s", why.text);
		}
	}
}

static int check_tables(const struct run *run, const struct schedtrace_table *const *tables,
			size_t n, struct schedtrace_error *err)
{
	const char *list = run->settings->tables;

	for (size_t word; list && *list; list += word + (list[word] == ',')) {
		size_t i;

		word = strcspn(list, ",");
		for (i = 0; i < n; i++) {
			const char *name = schedtrace_table_info(tables[i])->name;

			if (!strncmp(name, list, word) && !name[word])
				break;
		}
		if (i == n)
			return error_set(err, SCHEDTRACE_E_USAGE,
					 "--table: no table %.*s here; \"schedreport list\" names "
					 "them all",
					 (int)word, list);
	}
	return 0;
}

static int print_tables(struct run *run, const struct view *views, size_t n,
			struct schedtrace_error *err)
{
	FILE *f = run->results.f;
	int r = 0;

	if (run->settings->format != REPORT_TEXT)
		tell_left_out(run);
	if (run->settings->format == REPORT_CSV)
		return csv_tables(f, views, n, err);
	if (run->settings->format == REPORT_JSON)
		return json_tables(f, views, n, err);
	summary_print(f, &run->reading.summary, input_context(run->reading.infile),
		      run->reading.tables, run->text.width);
	if (run->settings->window)
		fprintf(f, "counted in the window %s only\n", run->settings->window);
	tell_left_out(run);
	for (size_t i = 0; i < n && !r; i++) {
		fputc('\n', f);
		r = text_table(f, &views[i], &run->text, err);
	}
	return r;
}

static int show_tables(struct run *run, struct schedtrace_error *err)
{
	size_t n_tables = schedtrace_tables_count(run->reading.tables), n = 0;
	auto_free const struct schedtrace_table **tables = calloc(n_tables + 1, sizeof(*tables));
	auto_free struct view *views = calloc(n_tables + 1, sizeof(*views));
	int r;

	if (!tables || !views)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for %zu tables", n_tables);
	for (size_t i = 0; i < n_tables; i++)
		tables[i] = schedtrace_tables_at(run->reading.tables, i);
	r = check_tables(run, tables, n_tables, err);
	if (r)
		return r;
	for (size_t i = 0; i < n_tables; i++) {
		const struct schedtrace_table_info *info = schedtrace_table_info(tables[i]);

		if (wanted_table(run->settings, info) && has_something_to_say(run, tables[i]) &&
		    !wanted_check(run->settings, info, NULL))
			tables[n++] = tables[i];
	}
	r = views_make(views, tables, n, &run->selection, run->settings->format == REPORT_TEXT,
		       err);
	for (size_t i = 0; i < n && run->settings->clock; i++)
		views[i].times = &run->times;
	if (!r)
		r = print_tables(run, views, n, err);
	for (size_t i = 0; i < n; i++)
		view_release(&views[i]);
	return r;
}

/* All rows that the filters let pass; --top and --sort are for tables. */
static int show_flames(struct run *run, struct schedtrace_error *err)
{
	const struct report_settings *settings = run->settings;
	const struct schedtrace_table *table = schedtrace_tables_find(run->reading.tables, FLAMES);
	const struct flame_heading heading = {
		settings->title,
		schedtrace_context_info(input_context(run->reading.infile))->command,
	};
	struct selection selection = run->selection;
	struct view view;
	int r;

	selection.columns = selection.sort = NULL;
	selection.top = 0;
	r = views_make(&view, &table, 1, &selection, false, err);
	if (!r && settings->folded)
		r = flame_fold(run->results.f, &view, settings->by_switches, err);
	if (!r && settings->flame)
		r = flame_draw(settings->flame, &view, settings->by_switches, &heading, err);
	view_release(&view);
	return r;
}

static void note_drift(const struct run *run)
{
	int64_t drift =
		time_of_day_drift(schedtrace_context_info(input_context(run->reading.infile)));

	if (run->settings->clock && (drift > 1000000 || drift < -1000000))
		report("schedreport",
		       "%s: the wall clock was set by %.3f s while it was recorded; times of day "
		       "are "
		       "as if it had not been",
		       run->settings->path, (double)drift / 1e9);
}

static void note_what_is_missing(const struct run *run)
{
	auto_free char *losses =
		summary_losses(input_context(run->reading.infile), run->reading.tables);

	/* Text has it in its heading. */
	if (losses && (run->settings->log || run->settings->format != REPORT_TEXT))
		report("schedreport", "%s: %s", run->settings->path, losses);
	if (!run->reading.summary.seen[SCHEDTRACE_CTX_SWITCH])
		report("schedreport",
		       "%s: there are no CTX_SWITCH rows, so nothing is known of who ran",
		       run->settings->path);
	else if (schedtrace_context_stacks(input_context(run->reading.infile)) == 0 &&
		 (wants_flames(run->settings) || wanted_by_name(run->settings, "stacks")))
		report("schedreport",
		       "%s: there are no call stacks: record them with schedrec -e sched,stacks",
		       run->settings->path);
	else if (!run->reading.summary.seen[SCHEDTRACE_WAKEUP] &&
		 !run->reading.summary.seen[SCHEDTRACE_WAKEUP_NEW])
		report("schedreport",
		       "%s: there are no WAKEUP rows, so waits after a wakeup are not seen",
		       run->settings->path);
}

static int run_all(struct run *run, struct schedtrace_error *err)
{
	const struct report_settings *settings = run->settings;
	const struct reading_options reading = { .window = settings->window,
						 .doing = "reading",
						 .quiet = settings->quiet,
						 .begun = begun,
						 .user = run };
	int r = 0;

	if (settings->clock)
		r = time_of_day_parse(&run->times, settings->clock, err);
	if (!r)
		r = reading_open(&run->reading, settings->path, &settings->input,
				 &settings->selection.filters, err);
	if (!r)
		r = learn_tasks(run, err);
	if (!r)
		r = settings->log ? choose_log(run, err) : choose_analyses(run, err);
	if (!r)
		r = schedtrace_engine_add(run->reading.engine, "losses", err);
	if (!r)
		r = results_open(&run->results, settings->out, err);
	if (!r)
		r = reading_run(&run->reading, &reading, err);
	if (!r && !settings->log)
		r = check_command(run, err);
	if (!r && wants_flames(settings))
		r = show_flames(run, err);
	else if (!r && !settings->log)
		r = show_tables(run, err);
	if (!r)
		r = results_finish(&run->results, err);
	if (!r && !settings->quiet) {
		note_what_is_missing(run);
		note_drift(run);
	}
	return r;
}

int report_check_outputs(const struct report_settings *settings, const char *junit,
			 const char *const *inputs, size_t n_inputs, struct schedtrace_error *err)
{
	const struct program_output outputs[] = {
		{ "--output", settings->out },
		{ "--flame", settings->flame },
		{ "--plot", settings->plot },
		{ "--junit", junit },
	};

	return outputs_check(outputs, sizeof(outputs) / sizeof(*outputs), inputs, n_inputs, err);
}

int report_run(const struct report_settings *settings, bool *damaged, struct schedtrace_error *err)
{
	struct run run = { .settings = settings };
	int r;

	run.selection = settings->selection;
	run.text = (struct text_options){ .width = settings->width,
					  .exact = settings->exact,
					  .depth = settings->depth };
	r = run_all(&run, err);
	*damaged = run.reading.infile && input_damaged(run.reading.infile);
	view_release(&run.log_view);
	free(run.log_layout);
	results_close(&run.results);
	reading_close(&run.known);
	reading_close(&run.reading);
	return r;
}
