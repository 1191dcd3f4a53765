/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "analyze/compare/one_file.h"

#include <string.h>

#include <schedtrace/analyses.h>

#include "base/error.h"
#include "libschedtrace/replay/recorded.h"

static bool has_event(const struct one_file *file, const char *event)
{
	const char *recorded = schedtrace_context_info(input_context(file->reading.infile))->events;
	int id = event_by_name(event);

	return id >= 0 && event_recorded(file->reading.summary.seen, recorded, id);
}

static bool has_any(const struct one_file *file, const char *const *events)
{
	for (; events && *events; events++)
		if (has_event(file, *events))
			return true;
	return false;
}

/* Analyses that need events which many recordings have, and others that make their figures. */
static const char *const memory_events[] = {
	"MMAP", "BRK", "RSS_ANON", "RSS_FILE", "PAGE_FAULT_USER", "PAGE_FAULT_KERNEL", NULL
};

/* Whether the recording holds what makes the figures of an analysis: else they would be 0. */
static bool has_events(const struct one_file *file, const struct schedtrace_analysis_info *analysis)
{
	const struct schedtrace_context *ctx = input_context(file->reading.infile);

	if (!strcmp(analysis->name, "memory"))
		return has_any(file, memory_events);
	if (!strcmp(analysis->name, "stacks"))
		return schedtrace_context_stacks(ctx) > 0;
	if (!strcmp(analysis->name, "migrations"))
		return has_event(file, "MIGRATE");
	return !analysis->needs || !*analysis->needs || has_any(file, analysis->needs);
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

static int run_analyses(struct one_file *file, const struct report_settings *settings,
			struct schedtrace_error *err)
{
	const struct reading_options options = { .window = settings->window,
						 .doing = "reading",
						 .name = file->path,
						 .quiet = settings->quiet };
	int r = schedtrace_engine_add(file->reading.engine, "losses", err);

	for (size_t i = 0; i < settings->n_analyses && !r; i++)
		r = schedtrace_engine_add(file->reading.engine, settings->analyses[i], err);
	if (!r)
		r = reading_run(&file->reading, &options, err);
	for (size_t i = 0; i < settings->n_analyses && !r; i++)
		r = check_events(file, settings->analyses[i], err);
	return r;
}

int one_file_read(struct one_file *file, const char *path, const struct report_settings *settings,
		  struct schedtrace_error *err)
{
	int r;

	memset(file, 0, sizeof(*file));
	file->path = path;
	file->selection = settings->selection;
	r = reading_open(&file->reading, path, &settings->input, &settings->selection.filters, err);
	if (r || !settings->n_analyses)
		return r;
	r = run_analyses(file, settings, err);
	if (r || !settings->selection.filters.command)
		return r;
	if (!filters_know_command(input_context(file->reading.infile)))
		r = error_set(err, SCHEDTRACE_E_USAGE,
			      "--command: %s does not know which command was recorded", path);
	return r;
}

void one_file_release(struct one_file *file)
{
	reading_close(&file->reading);
	memset(file, 0, sizeof(*file));
}
