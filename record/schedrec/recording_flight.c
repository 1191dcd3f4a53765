/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The flight recorder: what is saved, and when. */
#include "record/schedrec/recording_state.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/escape.h"
#include "base/mem.h"
#include "cli/report_error.h"
#include "record/triggers/flight.h"

/* What was overwritten before the window is no loss of the file, so the counts are its own. */
static char **flight_stats(const struct flight_window *window)
{
	char **stats = calloc((size_t)window->n_parts, sizeof(*stats));

	for (int i = 0; stats && i < window->n_parts; i++)
		if (asprintf(&stats[i],
			     "entries: 0\noverrun: %" PRIu64 "\ncommit overrun: 0\n"
			     "dropped events: 0\nread events: %" PRIu64 "\n",
			     window->parts[i].lost, window->parts[i].events) < 0)
			stats[i] = NULL;
	return stats;
}

static int write_window(struct recording *r, struct flight_window *window)
{
	struct marker_begin begin = recording_marker_begin(r);
	auto_free char *cmdlines = NULL;
	struct task_list tasks = { 0 };
	char **stats;
	int result = flight_cut(window, &r->writer, r->settings->flight_ns, &r->err);

	if (result == 0)
		result = flight_put_begin(window, &r->writer, &begin, &r->err);
	if (result < 0)
		return result;
	if (proc_tasks_read(&tasks, false, NULL) == 0) {
		proc_tasks_free(&r->tasks);
		r->tasks = tasks;
	}
	cmdlines = proc_tasks_cmdlines(&r->tasks, r->tracefs);
	stats = flight_stats(window);
	if (stats && recording_mark_unread(r, stats))
		result = recording_save(r, cmdlines, stats);
	else
		result = error_set(&r->err, SCHEDTRACE_E_NOMEM, "out of memory");
	numbered_free_stats(&r->numbered, stats);
	return result;
}

static void tell_window(const struct recording *r, const struct flight_window *window,
			const char *why)
{
	double held = (double)(window->end_ns - window->begin_ns) / 1e9;
	char count[32];

	if (window->short_of)
		report(r->settings->program,
		       "%s: %s events of the last %.3f s, at %s: the buffers held no more of the "
		       "%.3f s asked for; a larger -b does",
		       r->output.path, format_count(count, window->events), held, why,
		       (double)r->settings->flight_ns / 1e9);
	else if (!r->settings->quiet)
		report(r->settings->program, "%s: %s events of the last %.3f s, at %s",
		       r->output.path, format_count(count, window->events), held, why);
}

static void reply_saved(json_t *reply, const char *path, const struct flight_window *window)
{
	auto_free char *file = escape_utf8(path);

	json_object_set_new(reply, "file", file ? json_string(file) : NULL);
	json_object_set_new(reply, "events", json_integer((json_int_t)window->events));
	json_object_set_new(reply, "held_ns", json_integer(window->end_ns - window->begin_ns));
}

/* Saves what the buffers hold; recording goes on. @reply may be NULL. */
int recording_save_flight(struct recording *r, const char *why, json_t *reply)
{
	struct workfile output = { .directory_fd = -1, .fd = -1 };
	struct tracedat_writer w = { .fd = -1 };
	int n = tracedat_parts(&r->writer);
	auto_free struct flight_part *parts = calloc((size_t)n, sizeof(*parts));
	struct flight_window window = { .after_ns = r->saved_ns, .parts = parts, .n_parts = n };
	int result;

	if (!parts)
		return error_set(&r->err, SCHEDTRACE_E_NOMEM, "out of memory");
	result = recording_cut(r, why, &output, &w);
	if (result < 0)
		return result;
	for (int i = 0; i < r->readers.n; i++) {
		const struct reader *item = &r->readers.items[i];
		struct cpu_stats *base = &r->numbered.base[item->part], now = *base;

		if (item->cut_stats)
			cpu_stats_parse(&now, item->cut_stats);
		parts[item->part].overwritten = now.overrun > base->overrun;
		*base = now;
	}
	result = write_window(r, &window);
	r->saved_ns = window.end_ns;
	if (result == 0) {
		tell_window(r, &window, why);
		if (reply)
			reply_saved(reply, r->output.path, &window);
	} else {
		workfile_drop(&r->output);
	}
	workfile_close(&r->output);
	tracedat_writer_free(&r->writer);
	recording_go_over(r, &output, &w);
	return result;
}

void recording_end_flight(struct recording *r)
{
	control_close(steal_ptr(r->control));
	sampling_finish(&r->sampling);
	instance_trace(&r->instance, false);
	atomic_store(&r->readers.hurry, true);
	readers_finish(&r->readers);
	r->reading = false;
	if (watch_close(steal_ptr(r->watch), &r->err) < 0)
		recording_tell_error(r);
	progress_end(&r->progress);
	workfile_drop(&r->output);
	if (!r->settings->quiet)
		report(r->settings->program, "saved %" PRIu64 " file%s in %.1f s",
		       r->numbered.n_done, r->numbered.n_done == 1 ? "" : "s",
		       (double)(now_ns() - r->begun_ns) / 1e9);
}

/* After a save by a rule the next one waits until there is a whole window again. */
void recording_obey_rules(struct recording *r)
{
	int64_t now = now_ns();

	if (r->workload.ended && !r->exit_judged) {
		rules_exit(&r->rules, workload_exit_status(&r->workload));
		r->exit_judged = true;
	}
	if (!*r->rules.fired || r->save_why)
		return;
	if (r->rule_saved_ns && now < r->rule_saved_ns + r->settings->flight_ns && !r->reason) {
		*r->rules.fired = '\0';
		return;
	}
	r->rule_saved_ns = now;
	r->save_why = r->rules.fired;
}
