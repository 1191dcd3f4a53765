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

/* A file that was cut, and what of it is kept. */
struct saved {
	struct workfile output;
	struct tracedat_writer writer;
	struct flight_window window;
};

static int write_window(struct recording *r, struct saved *f)
{
	struct marker_begin begin = capture_marker_begin(r->capture);
	auto_free char *cmdlines = NULL;
	char **stats;
	int result = flight_cut(&f->window, &f->writer, r->settings->flight_ns, &r->err);

	if (result == 0)
		result = flight_put_begin(&f->window, &f->writer, &begin, &r->err);
	if (result < 0)
		return result;
	capture_look_at_tasks(r->capture);
	cmdlines = capture_cmdlines(r->capture);
	stats = flight_stats(&f->window);
	if (stats && capture_mark_unread(r->capture, stats))
		result = recording_save(r, &f->output, &f->writer, cmdlines, stats);
	else
		result = error_set(&r->err, SCHEDTRACE_E_NOMEM, "out of memory");
	numbered_free_stats(&r->numbered, stats);
	return result;
}

static void tell_window(const struct recording *r, const struct saved *f, const char *why)
{
	const struct flight_window *window = &f->window;
	double held = (double)(window->end_ns - window->begin_ns) / 1e9;
	char count[32];

	if (window->short_of)
		report(r->settings->program,
		       "%s: %s events of the last %.3f s, at %s: the buffers held no more of the "
		       "%.3f s asked for; a larger -b does",
		       f->output.path, format_count(count, window->events), held, why,
		       (double)r->settings->flight_ns / 1e9);
	else if (!r->settings->quiet)
		report(r->settings->program, "%s: %s events of the last %.3f s, at %s",
		       f->output.path, format_count(count, window->events), held, why);
}

static void reply_saved(json_t *reply, const char *path, const struct flight_window *window)
{
	auto_free char *file = escape_utf8(path);

	json_object_set_new(reply, "file", file ? json_string(file) : NULL);
	json_object_set_new(reply, "events", json_integer((json_int_t)window->events));
	json_object_set_new(reply, "held_ns", json_integer(window->end_ns - window->begin_ns));
}

/* What was overwritten before the file began is no loss of it. */
static void find_overwritten(struct recording *r, struct flight_part *parts)
{
	const struct readers *readers = capture_readers(r->capture);

	for (int i = 0; i < readers->n; i++) {
		const struct reader *item = &readers->items[i];
		struct cpu_stats *base = &r->numbered.base[item->part], now = *base;

		if (item->cut_stats)
			cpu_stats_parse(&now, item->cut_stats);
		parts[item->part].overwritten = now.overrun > base->overrun;
		*base = now;
	}
}

/* Saves what the buffers hold; recording goes on. @reply may be NULL. */
int recording_save_flight(struct recording *r, const char *why, json_t *reply)
{
	int n = tracedat_parts(capture_writer(r->capture));
	auto_free struct flight_part *parts = calloc((size_t)n, sizeof(*parts));
	struct saved f = { .output = { .directory_fd = -1, .fd = -1 },
			   .writer = { .fd = -1 },
			   .window = { .after_ns = r->saved_ns, .parts = parts, .n_parts = n } };
	int result;

	if (!parts)
		return error_set(&r->err, SCHEDTRACE_E_NOMEM, "out of memory");
	result = recording_cut(r, why, &f.output, &f.writer);
	if (result < 0)
		return result;
	find_overwritten(r, parts);
	result = write_window(r, &f);
	r->saved_ns = f.window.end_ns;
	if (result == 0) {
		tell_window(r, &f, why);
		if (reply)
			reply_saved(reply, f.output.path, &f.window);
	} else {
		workfile_drop(&f.output);
	}
	workfile_close(&f.output);
	tracedat_writer_free(&f.writer);
	return result;
}

void recording_end_flight(struct recording *r)
{
	control_close(steal_ptr(r->control));
	sampling_end(&r->sampling);
	capture_break_off(r->capture);
	if (watch_close(steal_ptr(r->watch), &r->err) < 0)
		recording_tell_error(r);
	progress_end(&r->progress);
	workfile_drop(&r->output);
	if (!r->settings->quiet)
		report(r->settings->program, "saved %" PRIu64 " file%s in %.1f s",
		       r->numbered.n_done, r->numbered.n_done == 1 ? "" : "s",
		       (double)(now_ns() - capture_begun_ns(r->capture)) / 1e9);
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
