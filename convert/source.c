/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "convert/source.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/mem.h"
#include "convert/facts.h"
#include "convert/left_out.h"
#include "convert/other_records.h"
#include "convert/stack_maker.h"

/* Records within which the recorder's markers are looked for before rows are made. */
#define AHEAD_FOR_BEGIN	   ((size_t)256 << 10)
#define AHEAD_FOR_TASKS	   ((size_t)4 << 20)
#define AHEAD_FOR_SNAPSHOT ((size_t)256 << 10) /* after the tasks */

struct source {
	struct tracedat *tracedat;
	struct schedtrace_context *ctx;
	struct row_maker *maker;
	struct facts facts;
	struct stack_maker stacks;
	struct left_out left_out;
	struct other_records *others; /* NULL: they are not wanted */
	bool has_stacks; /* and the rows a column of them */
	struct source_options options;
	struct rows *rows;
	struct schedtrace_events events;

	const struct record *records; /* the reader's latest, and how far they are converted */
	size_t n_records, next_record;
	bool ended, finished; /* all records read; and converted */

	bool is_tsc; /* stamps are cycles: ns = cycles * mult >> shift, + offset */
	uint32_t mult, shift;
	uint64_t offset;
};

/* Only clocks that count ns can fill a column of ns. */
static int check_clock(struct source *s, struct schedtrace_error *err)
{
	static const char *const in_ns[] = { "local", "global", "mono", "mono_raw",
					     "boot",  "tai",	"perf" };
	const char *clock = tracedat_clock(s->tracedat);

	if (!clock)
		return 0; /* written before clocks could be chosen: local */
	for (size_t i = 0; i < sizeof(in_ns) / sizeof(*in_ns); i++)
		if (strcmp(clock, in_ns[i]) == 0)
			return 0;
	if (strcmp(clock, "x86-tsc") == 0 || strcmp(clock, "tsc2nsec") == 0) {
		s->is_tsc = tracedat_tsc(s->tracedat, &s->mult, &s->shift, &s->offset);
		if (s->is_tsc && s->shift < 64)
			return 0;
		return error_set(err, SCHEDTRACE_E_UNSUPPORTED,
				 "its clock is %s, in cycles, and the file does not say how long a "
				 "cycle is (option TSC2NSEC): record with the clock mono",
				 clock);
	}
	return error_set(err, SCHEDTRACE_E_UNSUPPORTED,
			 "its clock is %s, which does not count nanoseconds: record with the clock "
			 "mono",
			 clock);
}

static int64_t tsc_to_ns(const struct source *s, int64_t cycles)
{
	unsigned __int128 ns = (unsigned __int128)(uint64_t)cycles * s->mult >> s->shift;

	return cycles == INT64_MIN ? cycles : (int64_t)((uint64_t)ns + s->offset);
}

/* A record whose stamps are ns: @r, or *converted. */
static const struct record *in_ns(const struct source *s, const struct record *r,
				  struct record *converted)
{
	if (!s->is_tsc)
		return r;
	*converted = *r;
	converted->timestamp = tsc_to_ns(s, r->timestamp);
	if (r->kind == RECORD_LOST)
		converted->lost_since = tsc_to_ns(s, r->lost_since);
	return converted;
}

/* Ticks a second, for whoever wants to turn the times back. */
static int note_tsc(struct source *s, struct schedtrace_error *err)
{
	struct schedtrace_info info = *schedtrace_context_info(s->ctx);

	if (!s->is_tsc || !s->mult)
		return 0;
	info.tsc_hz = (int64_t)(((unsigned __int128)1000000000 << s->shift) / s->mult);
	return schedtrace_context_set_info(s->ctx, &info, err);
}

/*
 * The recorder lists the tasks soon after tracing begins, while events come in already. The list is
 * looked for before any row is made, by a reader of its own, so that rows before it are right too
 * and the context is known when the first rows come. What is damaged shows when rows are made.
 */
static int read_ahead(struct source *s, const char *path, struct schedtrace_error *err)
{
	struct tracedat_options options = s->options.file;
	const struct record *records;
	struct tracedat *t;
	size_t n, seen = 0, ahead = AHEAD_FOR_BEGIN;
	bool begun = false, listed = false;
	int r;
	auto_free bool *is_stack = NULL;
	const struct format *formats = tracedat_formats(s->tracedat, &n);

	is_stack = calloc(n + 1, sizeof(*is_stack));
	if (!is_stack)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for a source");
	for (size_t i = 0; i < n; i++)
		is_stack[i] = stack_kind_of(&formats[i]) != STACK_NONE;
	options.notes.tell = NULL;
	options.salvage = true;
	r = tracedat_open(&t, path, &options, err);
	if (r < 0)
		return r;
	while (r >= 0 && !facts_start_known(&s->facts) && seen < ahead) {
		if (tracedat_next(t, &records, &n, NULL) <= 0)
			break;
		for (size_t i = 0; r >= 0 && i < n && !facts_start_known(&s->facts); i++) {
			if (records[i].kind != RECORD_EVENT)
				continue;
			if (records[i].format == s->facts.raw_data) {
				struct record converted;

				r = facts_record(&s->facts, in_ns(s, &records[i], &converted), err);
			} else if (!s->facts.tasks_read) {
				r = row_maker_ahead(s->maker, &records[i], err);
			}
			s->has_stacks |= is_stack[records[i].format];
		}
		seen += n;
		if (!begun && s->facts.begun)
			ahead = AHEAD_FOR_TASKS;
		begun = s->facts.begun;
		if (!listed && s->facts.tasks_read)
			ahead = seen + AHEAD_FOR_SNAPSHOT;
		listed = s->facts.tasks_read;
	}
	tracedat_close(t);
	s->has_stacks |= s->facts.stacks;
	return r < 0 ? r : 0;
}

static int use_names(struct source *s, bool ahead, struct schedtrace_error *err)
{
	size_t bytes;
	const char *list = tracedat_cmdlines(s->tracedat, &bytes);

	return list ? tasks_use_names(row_maker_tasks(s->maker), list, bytes, ahead, err) : 0;
}

static int open_others(struct source *s, struct schedtrace_error *err)
{
	size_t n;
	const struct format *formats = tracedat_formats(s->tracedat, &n);
	int r = other_records_new(&s->others, formats, n, err);

	for (size_t i = 0; r == 0 && i < n; i++)
		if (!row_maker_has_rows(s->maker, i))
			other_records_choose(s->others, i);
	return r;
}

int source_open(struct source **out, const char *path, const struct source_options *options,
		struct schedtrace_error *err)
{
	static const struct source_options none;
	struct schedtrace_error own;
	struct source *s = calloc(1, sizeof(*s));
	const struct format *formats;
	size_t n;
	int r;

	err = err ? err : &own;
	if (!s)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for a source");
	s->options = options ? *options : none;
	s->rows = malloc(sizeof(*s->rows));
	if (!s->rows) {
		r = error_set(err, SCHEDTRACE_E_NOMEM, "no memory for rows");
		goto fail;
	}
	r = tracedat_open(&s->tracedat, path, &s->options.file, err);
	if (r < 0)
		goto fail;
	r = check_clock(s, err);
	if (r < 0)
		goto fail;
	r = schedtrace_context_new(&s->ctx, err);
	if (r < 0)
		goto fail;
	formats = tracedat_formats(s->tracedat, &n);
	r = row_maker_new(&s->maker, formats, n, s->ctx, &s->options, err);
	if (r < 0)
		goto fail;
	r = facts_open(&s->facts, s->tracedat, s->ctx, s->maker, &s->options, err);
	if (r < 0)
		goto fail;
	r = note_tsc(s, err);
	if (r < 0)
		goto fail;
	r = read_ahead(s, path, err);
	if (r < 0)
		goto fail;
	r = s->has_stacks
		    ? stack_maker_open(&s->stacks, s->tracedat, s->ctx, s->maker, &s->options, err)
		    : 0;
	if (r < 0)
		goto fail;
	if (s->is_tsc && s->mult) {
		struct schedtrace_info info = *schedtrace_context_info(s->ctx);

		info.tsc_hz = (int64_t)(((unsigned __int128)1000000000 << s->shift) / s->mult);
		r = schedtrace_context_set_info(s->ctx, &info, err);
		if (r < 0)
			goto fail;
	}
	if (!row_maker_tells_names(s->maker))
		r = use_names(s, true, err);
	if (r < 0)
		goto fail;
	r = tasks_to_context(row_maker_tasks(s->maker), err);
	if (r < 0)
		goto fail;
	if (s->options.others)
		r = open_others(s, err);
	if (r < 0)
		goto fail;
	*out = s;
	return 0;
fail:
	source_close(s);
	return r;
}

void source_close(struct source *s)
{
	if (!s)
		return;
	facts_close(&s->facts);
	if (s->has_stacks)
		stack_maker_close(&s->stacks);
	left_out_close(&s->left_out);
	other_records_free(s->others);
	row_maker_free(s->maker);
	schedtrace_context_free(s->ctx);
	tracedat_close(s->tracedat);
	free(s->rows);
	free(s);
}

const struct schedtrace_context *source_context(const struct source *s)
{
	return s->ctx;
}

/* What cannot be computed from this file, since its records are not in it. */
static void note_missing(const struct source *s, uint64_t records)
{
	static const struct {
		const char *system, *name, *lacks;
	} events[] = {
		{ "sched", "sched_switch", "run times, waits, sleeps and run queues" },
		{ "sched", "sched_waking", "who woke a task, and latency from that moment" },
		{ "sched", "sched_wakeup", "waits after wakeup and run queues" },
	};
	size_t bytes;

	if (records == 0) {
		note(&s->options.file.notes, "it holds no events: nothing can be computed from it");
		return;
	}
	for (size_t i = 0; i < sizeof(events) / sizeof(*events); i++)
		if (row_maker_count(s->maker, events[i].system, events[i].name) == 0)
			note(&s->options.file.notes,
			     "it holds no %s records: %s cannot be computed", events[i].name,
			     events[i].lacks);
	if (!tracedat_cmdlines(s->tracedat, &bytes) || bytes == 0)
		note(&s->options.file.notes,
		     "it holds no list of task names: tasks that no record names "
		     "are nameless");
}

static void note_faults(const struct source *s)
{
	struct row_maker_faults f;
	char unknown[64] = "";

	row_maker_faults(s->maker, &f);
	if (f.unknown_gaps > 0)
		snprintf(unknown, sizeof(unknown), " and an unknown number in %llu of them",
			 (unsigned long long)f.unknown_gaps);
	if (f.gaps > 0)
		note(&s->options.file.notes,
		     "records were lost in %llu places: %llu by count%s (LOST rows)",
		     (unsigned long long)f.gaps, (unsigned long long)f.lost, unknown);
	if (f.broken_chains > 0)
		note(&s->options.file.notes,
		     "%llu times a CPU ran a task without a record of the switch to it (RUNS rows)",
		     (unsigned long long)f.broken_chains);
}

static int finish(struct source *s, struct schedtrace_error *err)
{
	uint64_t done, total, records;
	const struct format *formats;
	size_t n_formats;
	int r = facts_finish(&s->facts, err);

	if (r < 0)
		return r;
	tracedat_position(s->tracedat, &done, &total, &records);
	if (s->has_stacks)
		r = stack_maker_finish(&s->stacks, err);
	if (r < 0)
		return r;
	r = use_names(s, false, err);
	if (r < 0)
		return r;
	note_missing(s, records);
	note_faults(s);
	formats = tracedat_formats(s->tracedat, &n_formats);
	left_out_note(&s->left_out, formats, n_formats, s->maker, &s->options);
	return tasks_to_context(row_maker_tasks(s->maker), err);
}

static int make_rows(struct source *s, const struct record *r, struct schedtrace_error *err)
{
	size_t first = s->rows->n;
	int status;

	bool is_stack = s->has_stacks && stack_maker_is_stack(&s->stacks, r);

	if (is_stack)
		stack_maker_stack(&s->stacks, r);
	status = row_maker_record(s->maker, r, s->rows, err);
	if (s->has_stacks && !is_stack && status >= 0)
		status = stack_maker_record(&s->stacks, r, s->rows, first, err);
	return status;
}

static int take_mappings(struct source *s, const struct record *r, struct schedtrace_error *err)
{
	const char *data;
	size_t bytes;

	if (!s->has_stacks || !facts_mappings(&s->facts, r, &data, &bytes))
		return 0;
	return stack_maker_mappings(&s->stacks, data, bytes, r->timestamp, err);
}

static int convert_record(struct source *s, const struct record *r, struct schedtrace_error *err)
{
	struct record converted;
	bool other;
	int status;

	r = in_ns(s, r, &converted);
	other = s->others && other_records_are(s->others, r);
	if (r->kind == RECORD_UNKNOWN) {
		status = left_out_unknown(&s->left_out, r, err);
		if (status < 0)
			return status;
	}
	if (r->kind == RECORD_EVENT && r->format == s->facts.raw_data) {
		status = facts_record(&s->facts, r, err);
		if (status < 0)
			return status;
		facts_in_order(&s->facts, r);
		status = take_mappings(s, r, err);
		if (status < 0)
			return status;
		if (!facts_is_marker(&s->facts, r)) {
			left_out_raw(&s->left_out, &s->facts.formats[r->format]);
			other = s->others != NULL;
		}
	}
	if (other) {
		status = other_records_add(s->others, r, err);
		if (status < 0)
			return status;
	}
	return make_rows(s, r, err);
}

/* CPUs whose last records could not be read lack them up to the end of the recording. */
static int tell_ends(struct source *s, struct schedtrace_error *err)
{
	int r = 0;

	for (int32_t cpu = 0; r == 0 && cpu < tracedat_cpus(s->tracedat); cpu++)
		if (tracedat_ends_early(s->tracedat, cpu))
			r = row_maker_ends_early(s->maker, cpu, -1, err);
	return r;
}

/* A row whose stack may still come is not given away. */
static bool has_room(const struct source *s)
{
	if (s->others && other_records_full(s->others))
		return false;
	if (s->rows->n + ROWS_RECORD <= ROWS_MAX)
		return true;
	return s->has_stacks && s->stacks.pending &&
	       (s->next_record == s->n_records ||
		stack_maker_is_stack(&s->stacks, &s->records[s->next_record]));
}

int source_next(struct source *s, const struct schedtrace_events **events,
		struct schedtrace_error *err)
{
	struct schedtrace_error own;
	struct record rest;
	int r;

	err = err ? err : &own;
	s->rows->n = 0;
	if (s->others)
		other_records_clear(s->others);
	while (!s->finished && has_room(s)) {
		if (s->next_record < s->n_records) {
			r = convert_record(s, &s->records[s->next_record++], err);
		} else if (!s->ended) {
			r = tracedat_next(s->tracedat, &s->records, &s->n_records, err);
			s->ended = r == 0;
			s->next_record = 0;
			s->n_records = r > 0 ? s->n_records : 0;
			if (s->ended)
				r = tell_ends(s, err);
		} else if (row_maker_unread(s->maker, &rest)) {
			r = make_rows(s, &rest, err);
		} else {
			s->finished = true;
			r = finish(s, err);
		}
		if (r < 0)
			return r;
	}
	if (s->has_stacks && (r = stack_maker_flush(&s->stacks, err)) < 0)
		return r;
	if (s->rows->n == 0 && !(s->others && s->others->n))
		return 0;
	s->events = (struct schedtrace_events){
		.n = s->rows->n,
		.timestamp = s->rows->timestamp,
		.pid = s->rows->pid,
		.event = s->rows->event,
		.cpu = s->rows->cpu,
		.arg0 = s->rows->arg0,
		.arg1 = s->rows->arg1,
		.comm = s->rows->comm,
		.stack = s->has_stacks ? s->stacks.column : NULL,
	};
	*events = &s->events;
	return 1;
}

void source_others(const struct source *s, struct source_others *out)
{
	const struct other_records *o = s->others;

	*out = (struct source_others){ 0 };
	if (o)
		*out = (struct source_others){
			.n = o->n,
			.bytes = o->bytes,
			.timestamp = o->timestamp,
			.end = o->end,
			.event = o->event,
			.cpu = o->cpu,
			.pid = o->pid,
			.data = o->data,
		};
}

char *source_other_events(const struct source *s)
{
	return s->others ? other_records_events(s->others) : NULL;
}

char *source_snapshot(const struct source *s)
{
	return facts_snapshot(&s->facts);
}

void source_position(const struct source *s, uint64_t *done, uint64_t *total, uint64_t *records)
{
	tracedat_position(s->tracedat, done, total, records);
}

bool source_damaged(const struct source *s)
{
	return tracedat_damaged(s->tracedat) || row_maker_damaged(s->maker);
}

bool source_has_stacks(const struct source *s)
{
	return s->has_stacks;
}
