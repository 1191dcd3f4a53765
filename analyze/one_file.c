/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "one_file.h"

#include <string.h>

#include <schedtrace/analyses.h>

#include "cli/progress.h"
#include "libschedtrace/error.h"
#include "window.h"

static int set_window(const struct one_file *file, struct schedtrace_engine *engine,
		      const char *window, struct schedtrace_error *err)
{
	int64_t origin = summary_begin(&file->summary, infile_context(file->infile)), begin, end;
	int r = window_parse(window, origin, &begin, &end, err);

	return r ? r : schedtrace_engine_set_window(engine, begin, end, err);
}

static int feed(struct one_file *file, struct schedtrace_engine *engine,
		const struct report_settings *settings, struct schedtrace_error *err)
{
	const struct schedtrace_events *events;
	struct progress progress;
	int r;

	progress_begin(&progress, "reading", settings->quiet);
	while ((r = infile_next(file->infile, &events, err)) > 0) {
		uint64_t done, total;
		bool first = !file->summary.rows;

		summary_add(&file->summary, events);
		if (first && file->summary.rows && settings->window)
			r = set_window(file, engine, settings->window, err);
		if (r >= 0)
			r = schedtrace_engine_feed(engine, events, err);
		if (r < 0)
			break;
		infile_position(file->infile, &done, &total);
		progress_update(&progress, done, total, file->path);
	}
	progress_end(&progress);
	return r;
}

static bool saw(const struct summary *summary, const char *event)
{
	for (int id = 0; id < SCHEDTRACE_EVENT_COUNT; id++) {
		const struct schedtrace_event_info *info = schedtrace_event_info(id);

		if (info && !strcmp(info->name, event))
			return summary->seen[id];
	}
	return false;
}

static bool saw_any(const struct summary *summary, const char *const *events)
{
	for (; events && *events; events++)
		if (saw(summary, *events))
			return true;
	return false;
}

/* Analyses that need events which many recordings have, and others that make their figures. */
static const char *const memory_events[] = {
	"MMAP", "BRK", "RSS_ANON", "RSS_FILE", "PAGE_FAULT_USER", "PAGE_FAULT_KERNEL", NULL
};
static const char *const migration_events[] = { "MIGRATE", NULL };

/* Whether the recording holds what makes the figures of an analysis: else they would be 0. */
static bool has_events(const struct one_file *file, const struct schedtrace_analysis_info *analysis)
{
	const struct schedtrace_context *ctx = infile_context(file->infile);
	const char *enabled = schedtrace_context_info(ctx)->events;

	if (!strcmp(analysis->name, "memory"))
		return saw_any(&file->summary, memory_events);
	if (!strcmp(analysis->name, "stacks"))
		return schedtrace_context_stacks(ctx) > 0;
	/* Perhaps nothing was moved, though it would have been seen. */
	if (!strcmp(analysis->name, "migrations") && !saw_any(&file->summary, migration_events))
		return enabled && strstr(enabled, "sched_migrate_task");
	return !analysis->needs || !*analysis->needs || saw_any(&file->summary, analysis->needs);
}

static int check_events(const struct one_file *file, const char *name, struct schedtrace_error *err)
{
	if (has_events(file, schedtrace_analysis_find(name)))
		return 0;
	return error_set(
		err, SCHEDTRACE_E_NOT_FOUND,
		"%s: %s cannot be compared, since the events that it is made from were not "
		"recorded; \"schedrec list\" names the sets that have them",
		file->path, name);
}

static int run_analyses(struct one_file *file, struct schedtrace_engine *engine,
			const struct report_settings *settings, struct schedtrace_error *err)
{
	int r = schedtrace_engine_add(engine, "losses", err);

	for (size_t i = 0; i < settings->n_analyses && !r; i++)
		r = schedtrace_engine_add(engine, settings->analyses[i], err);
	if (!r)
		r = feed(file, engine, settings, err);
	for (size_t i = 0; i < settings->n_analyses && !r; i++)
		r = check_events(file, settings->analyses[i], err);
	return r ? r : schedtrace_engine_snapshot(engine, &file->tables, err);
}

int one_file_read(struct one_file *file, const char *path, const struct report_settings *settings,
		  struct schedtrace_error *err)
{
	struct schedtrace_engine *engine = NULL;
	int r;

	memset(file, 0, sizeof(*file));
	file->path = path;
	file->selection = settings->selection;
	r = infile_open(&file->infile, path, &settings->input, err);
	if (r || !settings->n_analyses)
		return r;
	r = schedtrace_engine_new(&engine, infile_context(file->infile), err);
	if (!r && settings->command)
		r = schedtrace_engine_set_command_only(engine, err);
	if (!r)
		r = run_analyses(file, engine, settings, err);
	schedtrace_engine_free(engine);
	if (r || !settings->command)
		return r;
	file->selection.command_of = infile_context(file->infile);
	if (!selection_knows_command(file->selection.command_of))
		r = error_set(err, SCHEDTRACE_E_USAGE,
			      "--command: %s does not know which command was recorded", path);
	return r;
}

void one_file_release(struct one_file *file)
{
	schedtrace_tables_free(file->tables);
	infile_close(file->infile);
	memset(file, 0, sizeof(*file));
}
