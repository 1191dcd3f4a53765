/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "convert/schedconv/conversion.h"

#include <stdlib.h>
#include <string.h>

#include "base/ending.h"
#include "base/error.h"
#include "base/mem.h"
#include "cli/progress.h"
#include "cli/report_error.h"
#include "input/input.h"
#include "input/window.h"
#include "output/output.h"

struct conversion {
	const struct conversion_settings *settings;
	const char *program;
	struct progress progress;
	struct input *input;
	struct output *output;
	uint64_t rows; /* written */
	/* Of the input: */
	bool records; /* those that rows do not keep whole are copied, too */
	bool begun;
	int64_t first_ns, last_ns; /* stamps of the first row and the last, INT64_MIN none */
	int64_t window_begin, window_end;
	/* Bytes of records that came so far, and of those that lie outside the window. */
	int64_t others, others_outside;
};

static void print_note(void *user, const char *text)
{
	struct conversion *c = user;

	if (c->settings->quiet)
		return;
	progress_end(&c->progress);
	report(c->program, "note: %s", text);
}

/* ---- rows ------------------------------------------------------------------------------ */

/* Gives the columns their types where there are no rows. */
static int write_no_rows(struct conversion *c, struct schedtrace_error *err)
{
	static const int64_t none64[1];
	static const int32_t none[1];
	const struct schedtrace_events no_rows = {
		.timestamp = none64,
		.pid = none,
		.event = none,
		.cpu = none,
		.arg0 = none64,
		.arg1 = none64,
		.comm = none,
		.stack = input_has_stacks(c->input) ? none : NULL,
	};

	return output_rows(c->output, &no_rows, err);
}

/* The window counts from the begin of the recording, which its first row may have to tell. */
static int find_window(struct conversion *c, const struct schedtrace_events *events,
		       struct schedtrace_error *err)
{
	c->begun = true;
	c->first_ns = events && events->n ? events->timestamp[0] : INT64_MIN;
	if (!c->settings->window)
		return 0;
	return window_parse(c->settings->window,
			    window_origin(input_context(c->input), c->first_ns), &c->window_begin,
			    &c->window_end, err);
}

/* The first of n ascending times that is not below @least. */
static size_t first_from(const int64_t *times, size_t n, int64_t least)
{
	size_t low = 0;

	while (low < n) {
		size_t middle = low + (n - low) / 2;

		if (times[middle] < least)
			low = middle + 1;
		else
			n = middle;
	}
	return low;
}

/* The rows of @events that lie in the window. */
static struct schedtrace_events in_window(const struct conversion *c,
					  const struct schedtrace_events *events)
{
	size_t begin = first_from(events->timestamp, events->n, c->window_begin);
	size_t end = first_from(events->timestamp, events->n, c->window_end);

	return (struct schedtrace_events){
		.n = end - begin,
		.timestamp = events->timestamp + begin,
		.pid = events->pid + begin,
		.event = events->event + begin,
		.cpu = events->cpu + begin,
		.arg0 = events->arg0 + begin,
		.arg1 = events->arg1 + begin,
		.comm = events->comm ? events->comm + begin : NULL,
		.stack = events->stack ? events->stack + begin : NULL,
	};
}

static int write_rows(struct conversion *c, const struct schedtrace_events *events,
		      struct schedtrace_error *err)
{
	struct schedtrace_events rows = *events;
	int r = c->begun ? 0 : find_window(c, events, err);

	if (r < 0)
		return r;
	if (events->n)
		c->last_ns = events->timestamp[events->n - 1];
	if (c->settings->window)
		rows = in_window(c, events);
	c->rows += rows.n;
	return rows.n ? output_rows(c->output, &rows, err) : 0;
}

/* Of a batch what lies in the window; *ends are then where its records end among those written. */
static int cut_others(struct conversion *c, struct input_others *o, int64_t **ends,
		      struct schedtrace_error *err)
{
	size_t begin = first_from(o->timestamp, o->n, c->window_begin);
	size_t end = first_from(o->timestamp, o->n, c->window_end);
	int64_t first = begin ? o->end[begin - 1] : c->others;
	int64_t last = end ? o->end[end - 1] : c->others;

	c->others_outside += first - c->others;
	*ends = calloc(end - begin + 1, sizeof(**ends));
	if (!*ends)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for records");
	for (size_t i = begin; i < end; i++)
		(*ends)[i - begin] = o->end[i] - c->others_outside;
	c->others_outside += c->others + (int64_t)o->bytes - last;
	*o = (struct input_others){
		.n = end - begin,
		.bytes = (size_t)(last - first),
		.timestamp = o->timestamp + begin,
		.end = *ends,
		.event = o->event + begin,
		.cpu = o->cpu + begin,
		.pid = o->pid + begin,
		.data = o->data + (first - c->others),
	};
	return 0;
}

/* Each array grows by a batch. */
static int write_others(struct conversion *c, struct schedtrace_error *err)
{
	struct output *out = c->output;
	auto_free int64_t *ends = NULL;
	struct input_others o;
	int64_t bytes;
	int r = 0;

	if (!c->records)
		return 0;
	input_others(c->input, &o);
	bytes = (int64_t)o.bytes;
	if (c->settings->window && o.n)
		r = cut_others(c, &o, &ends, err);
	c->others += bytes;
	if (r == 0)
		r = output_array(out, "other_timestamp.npy", "<i8", o.timestamp, o.n, err);
	if (r == 0)
		r = output_array(out, "other_event.npy", "<i4", o.event, o.n, err);
	if (r == 0)
		r = output_array(out, "other_cpu.npy", "<i4", o.cpu, o.n, err);
	if (r == 0)
		r = output_array(out, "other_pid.npy", "<i4", o.pid, o.n, err);
	if (r == 0)
		r = output_array(out, "other_offsets.npy", "<i8", o.end, o.n, err);
	return r < 0 ? r : output_array(out, "other_data.npy", "|u1", o.data, o.bytes, err);
}

/* The first record's bytes begin at 0, each other's where those before it end. */
static int begin_others(struct conversion *c, struct schedtrace_error *err)
{
	static const int64_t begin;
	int r;

	if (!c->records)
		return 0;
	r = output_array(c->output, "other_offsets.npy", "<i8", &begin, 1, err);
	return r < 0 ? r : write_others(c, err);
}

static int check_window(const struct conversion *c, struct schedtrace_error *err)
{
	const struct schedtrace_context *ctx = input_context(c->input);
	int64_t origin = window_origin(ctx, c->first_ns),
		end = schedtrace_context_info(ctx)->end_ns;

	if (c->last_ns > end)
		end = c->last_ns;
	if (!c->settings->window || origin == INT64_MIN || end < origin)
		return 0;
	return window_check(c->settings->window, c->window_begin, c->window_end, origin,
			    end - origin, err);
}

static int copy_rows(struct conversion *c, struct schedtrace_error *err)
{
	const struct schedtrace_events *events;
	int r = write_no_rows(c, err);

	if (r == 0)
		r = begin_others(c, err);
	if (r < 0)
		return r;
	while ((r = input_next(c->input, &events, err)) > 0) {
		uint64_t done, total;

		r = write_rows(c, events, err);
		if (r == 0)
			r = write_others(c, err);
		if (r < 0)
			return r;
		if (!c->progress.enabled)
			continue;
		input_position(c->input, &done, &total);
		progress_update(&c->progress, done, total, NULL);
	}
	if (r == 0 && !c->begun)
		r = find_window(c, NULL, err);
	return r < 0 ? r : check_window(c, err);
}

/* ---- what stands beside them ----------------------------------------------------------- */

static int copy_member(void *user, const char *name, const void *data, size_t n,
		       struct schedtrace_error *err)
{
	struct conversion *c = user;

	/* A value a row, or in time: they would no longer fit. */
	if (c->settings->window && (has_ending(name, ".npz") || has_ending(name, ".npy"))) {
		note(&(struct notes){ print_note, c },
		     "%s is left out: it would not fit the rows of the window", name);
		return 0;
	}
	return output_member(c->output, name, data, n, err);
}

/* ---- all together ---------------------------------------------------------------------- */

static int open_both(struct conversion *c, const char *input, const char *output,
		     struct schedtrace_error *err)
{
	const struct conversion_settings *s = c->settings;
	const struct output_format *format;
	struct input_options options = {
		.instance = s->instance,
		.salvage = s->salvage,
		.default_ids = s->default_ids,
		.others = s->all_events,
		.max_memory = (uint64_t)s->max_memory,
		.note = print_note,
		.user = c,
	};
	struct output_options output_options = {
		.format = s->format,
		.like = input,
		.store = s->store,
		.derive = s->derive,
		.columns = s->columns,
		.compact = s->compact,
		.close_gaps = s->close_gaps,
		.notes = { print_note, c },
	};
	int r = output_choose(&format, output, s->format, err);

	if (r < 0)
		return r;
	options.in_part = format->wants_records;
	r = input_open(&c->input, input, &options, err);
	if (r < 0)
		return r;
	output_options.records = options.in_part && !input_tarball(c->input);
	c->records = s->all_events || output_options.records;
	return output_open(&c->output, output, input_context(c->input), &output_options, err);
}

static int convert(struct conversion *c, const char *input, const char *output,
		   struct schedtrace_error *err)
{
	int r = open_both(c, input, output, err);

	if (r < 0)
		return r;
	r = copy_rows(c, err);
	if (r < 0)
		return r;
	r = input_members(c->input, copy_member, c, err);
	return r < 0 ? r : output_finish(c->output, err);
}

int conversion_run(const struct conversion_settings *settings, const char *input,
		   const char *output, const char *program, struct conversion_result *result,
		   struct schedtrace_error *err)
{
	struct conversion c = { .settings = settings,
				.program = program,
				.first_ns = INT64_MIN,
				.last_ns = INT64_MIN };
	int r;

	progress_begin(&c.progress, "converting", settings->quiet);
	r = convert(&c, input, output, err);
	progress_end(&c.progress);
	if (r == 0) {
		result->rows = c.rows;
		result->read = input_read(c.input, &result->what);
		result->damaged = input_damaged(c.input);
	}
	output_free(c.output);
	input_close(c.input);
	return r;
}
