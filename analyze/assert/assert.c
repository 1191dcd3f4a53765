/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "analyze/assert/assert.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "analyze/reading.h"
#include "base/error.h"
#include "base/mem.h"
#include "cli/report_error.h"
#include "cli/results.h"

/* One file. */
struct run {
	const struct assert_settings *settings;
	const struct assert_rules *rules;
	struct reading reading;
	struct assert_figure *figures;
};

static int log_row(void *user, const struct schedtrace_table_info *log,
		   const union schedtrace_value *values, struct schedtrace_error *err)
{
	struct run *run = user;

	for (size_t i = 0; i < run->rules->n; i++) {
		const struct assert_rule *rule = &run->rules->list[i];

		for (size_t s = 0; s < rule->n_sources; s++)
			if (rule->sources[s].table == log &&
			    assert_figure_row(&run->figures[i], s, values) < 0)
				return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for a rule");
	}
	return 0;
}

static const struct schedtrace_table *table_of(const struct run *run,
					       const struct schedtrace_table_info *info)
{
	for (size_t i = 0; i < schedtrace_tables_count(run->reading.tables); i++)
		if (schedtrace_table_info(schedtrace_tables_at(run->reading.tables, i)) == info)
			return schedtrace_tables_at(run->reading.tables, i);
	return NULL;
}

static int feed_table(struct run *run, size_t i, size_t s, struct schedtrace_error *err)
{
	const struct schedtrace_table_info *info = run->rules->list[i].sources[s].table;
	const struct schedtrace_table *table = table_of(run, info);
	auto_free union schedtrace_value *values = calloc(info->n_columns + 1, sizeof(*values));

	if (!values)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for a rule");
	for (size_t row = 0; table && row < schedtrace_table_rows(table); row++) {
		for (size_t c = 0; c < info->n_columns; c++)
			values[c] = schedtrace_table_value(table, row, c);
		if (assert_figure_row(&run->figures[i], s, values) < 0)
			return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for a rule");
	}
	return 0;
}

/* Only what the rules are about, and the losses. */
static int choose(struct run *run, struct schedtrace_error *err)
{
	const struct schedtrace_sink sink = { sizeof(sink), run, log_row };
	int r = schedtrace_engine_add(run->reading.engine, "losses", err);
	bool logs = false;

	for (size_t i = 0; i < run->rules->n; i++) {
		const struct assert_rule *rule = &run->rules->list[i];

		run->figures[i].rule = rule;
		for (size_t s = 0; s < rule->n_sources && !r; s++) {
			r = schedtrace_engine_add(run->reading.engine,
						  rule->sources[s].analysis->name, err);
			logs |= rule->sources[s].is_log;
		}
	}
	return r || !logs ? r : schedtrace_engine_set_sink(run->reading.engine, &sink, err);
}

/* Records lost on all CPUs; gaps tell of more where the recorder's count is not known. */
static double lost_records(const struct schedtrace_table *losses)
{
	const int64_t *lost = schedtrace_table_ints(losses, "lost");
	const int64_t *in_gaps = schedtrace_table_ints(losses, "gap_records");
	const int64_t *uncounted = schedtrace_table_ints(losses, "gaps_uncounted");
	double sum = 0;

	for (size_t i = 0; i < schedtrace_table_rows(losses); i++) {
		if (uncounted[i] > 0 && lost[i] < 0)
			return INFINITY;
		sum += (double)(lost[i] > in_gaps[i] ? lost[i] : in_gaps[i]);
		/* Of a gap without a count, at least one. */
		if (uncounted[i] > 0 && lost[i] <= in_gaps[i])
			return INFINITY;
	}
	return sum;
}

static bool misses_switches(const struct schedtrace_table *losses)
{
	const int64_t *broken = schedtrace_table_ints(losses, "broken_chains");
	const int64_t *missed = schedtrace_table_ints(losses, "missed_runs");

	for (size_t i = 0; i < schedtrace_table_rows(losses); i++)
		if (broken[i] > 0 || missed[i] > 0)
			return true;
	return false;
}

static int judge(struct run *run, struct assert_file *file, struct schedtrace_error *err)
{
	const struct schedtrace_context *ctx = input_context(run->reading.infile);
	const struct schedtrace_info *info = schedtrace_context_info(ctx);
	const struct schedtrace_table *losses =
		schedtrace_tables_find(run->reading.tables, "losses");
	auto_free char *missing = summary_losses(ctx, run->reading.tables);
	int64_t from = summary_begin(&run->reading.summary, ctx), to;
	int64_t recorded = summary_time(&run->reading.summary, ctx);
	struct assert_doubts doubts = {
		.lost = lost_records(losses),
		.missing_switches = misses_switches(losses),
		.clock_set_back = summary_count_missing(losses).clock_steps > 0,
		.seen = run->reading.summary.seen,
		.recorded = info->events,
	};

	if (missing && !run->settings->quiet)
		report("schedreport", "%s: %s", file->path, missing);
	to = recorded < 0 ? from : from + recorded;
	from = from > run->reading.window_begin ? from : run->reading.window_begin;
	to = to < run->reading.window_end ? to : run->reading.window_end;
	if (from < to)
		doubts.duration_ns = to - from;
	if (info->host) {
		file->host = strdup(info->host);
		if (!file->host)
			return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for a rule");
	}
	for (size_t i = 0; i < run->rules->n; i++) {
		for (size_t s = 0; s < run->rules->list[i].n_sources; s++) {
			int r = 0;

			if (!run->rules->list[i].sources[s].is_log)
				r = feed_table(run, i, s, err);
			if (r)
				return r;
		}
		assert_figure_judge(&run->figures[i], &doubts, &file->results[i]);
	}
	return 0;
}

static int judge_file(struct run *run, struct assert_file *file, struct schedtrace_error *err)
{
	const struct reading_options reading = { .window = run->settings->window,
						 .doing = "reading",
						 .quiet = run->settings->quiet };
	int r;

	run->figures = calloc(run->rules->n, sizeof(*run->figures));
	file->results = calloc(run->rules->n, sizeof(*file->results));
	if (!run->figures || !file->results)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for rules");
	r = reading_open(&run->reading, file->path, &run->settings->input, NULL, err);
	if (!r)
		r = choose(run, err);
	if (!r)
		r = reading_run(&run->reading, &reading, err);
	return r ? r : judge(run, file, err);
}

static int run_file(const struct assert_settings *settings, struct assert_report *outcome,
		    struct assert_file *file, bool *damaged, struct schedtrace_error *err)
{
	struct run run = { .settings = settings, .rules = &outcome->rules };
	struct timespec begin, end;
	int r;

	clock_gettime(CLOCK_MONOTONIC, &begin);
	r = judge_file(&run, file, err);
	clock_gettime(CLOCK_MONOTONIC, &end);
	file->seconds =
		(double)(end.tv_sec - begin.tv_sec) + (double)(end.tv_nsec - begin.tv_nsec) / 1e9;
	for (size_t i = 0; i < outcome->rules.n && !r; i++)
		outcome->counts[file->results[i].verdict]++;
	*damaged |= run.reading.infile && input_damaged(run.reading.infile);
	for (size_t i = 0; run.figures && i < outcome->rules.n; i++)
		assert_figure_free(&run.figures[i]);
	free(run.figures);
	reading_close(&run.reading);
	return r;
}

/* JUnit's readers are told of files that cannot be read; whatever else fails leaves no report. */
static int note_unreadable(struct assert_file *file, int status, const struct schedtrace_error *why,
			   struct schedtrace_error *err)
{
	if (status == SCHEDTRACE_E_USAGE || status == SCHEDTRACE_E_NOMEM)
		return status;
	file->error = strdup(why->text);
	return file->error ? 0 : error_set(err, SCHEDTRACE_E_NOMEM, "no memory for a report");
}

/* After a file that could not be read, for JUnit's report alone: the others are judged too. */
static int report_unreadable(const struct assert_settings *settings, struct assert_report *outcome,
			     size_t i, int status, bool *damaged, struct schedtrace_error *err)
{
	struct schedtrace_error later = *err;
	int r = note_unreadable(&outcome->files[i], status, err, &later);

	for (i++; i < outcome->n_files && !r; i++) {
		struct assert_file *file = &outcome->files[i];

		r = run_file(settings, outcome, file, damaged, &later);
		if (r)
			r = note_unreadable(file, r, &later, &later);
	}
	if (!r)
		r = assert_junit(settings->junit, outcome, &later);
	if (r)
		*err = later;
	return r ? r : status;
}

static int run_files(const struct assert_settings *settings, struct assert_report *outcome,
		     bool *damaged, struct schedtrace_error *err)
{
	struct results results = { 0 };
	int r = results_open(&results, settings->out, err);

	for (size_t i = 0; i < outcome->n_files; i++)
		outcome->files[i].path = settings->files[i];
	for (size_t i = 0; i < outcome->n_files && !r; i++) {
		r = run_file(settings, outcome, &outcome->files[i], damaged, err);
		if (!r && settings->format == REPORT_TEXT)
			assert_print_file(results.f, outcome, &outcome->files[i]);
		if (r && settings->junit)
			r = report_unreadable(settings, outcome, i, r, damaged, err);
	}
	if (!r && settings->format == REPORT_TEXT)
		assert_print_sum(results.f, outcome);
	else if (!r)
		r = assert_print_json(results.f, outcome, err);
	if (!r && settings->junit)
		r = assert_junit(settings->junit, outcome, err);
	if (!r)
		r = results_finish(&results, err);
	results_close(&results);
	return r;
}

int assert_run(const struct assert_settings *settings, bool *failed, bool *damaged,
	       struct schedtrace_error *err)
{
	struct assert_report outcome = { .n_files = settings->n_files,
					 .lenient = settings->lenient };
	int r = assert_rules_read(&outcome.rules, settings->rules, err);

	*failed = *damaged = false;
	if (!r) {
		outcome.files = calloc(outcome.n_files, sizeof(*outcome.files));
		r = outcome.files ? run_files(settings, &outcome, damaged, err)
				  : error_set(err, SCHEDTRACE_E_NOMEM, "no memory for files");
	}
	if (!r)
		*failed = outcome.counts[ASSERT_FAILED] ||
			  (outcome.counts[ASSERT_UNCERTAIN] && !outcome.lenient);
	for (size_t i = 0; outcome.files && i < outcome.n_files; i++) {
		free(outcome.files[i].results);
		free(outcome.files[i].host);
		free(outcome.files[i].error);
	}
	free(outcome.files);
	assert_rules_free(&outcome.rules);
	return r;
}
