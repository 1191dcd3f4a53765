/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "convert/record_stream.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "convert/facts.h"
#include "convert/file_pieces.h"
#include "convert/left_out.h"
#include "convert/stack_maker.h"
#include "tracedat/stack_kind.h"

/* Records within which the recorder's markers are looked for before rows are made. */
#define AHEAD_FOR_BEGIN	   ((size_t)256 << 10)
#define AHEAD_FOR_TASKS	   ((size_t)4 << 20)
#define AHEAD_FOR_SNAPSHOT ((size_t)256 << 10) /* after the tasks */

struct record_stream {
	const struct tracedat_head *head;
	struct stream_options options;
	struct schedtrace_context *ctx;
	struct row_maker *maker;
	struct facts facts;
	struct file_pieces files;
	struct stack_maker stacks;
	struct left_out left_out;
	struct other_records *others; /* NULL: they are not wanted */
	bool has_stacks;	      /* and the rows a column of them */
	bool is_tsc;		      /* stamps are cycles */
	bool *is_stack;		      /* by index of the format */
	size_t seen_ahead, max_ahead;
	struct rows *rows;
	struct schedtrace_events events;
};

/* Only clocks that count ns can fill a column of ns. */
static int check_clock(struct record_stream *s, struct schedtrace_error *err)
{
	static const char *const in_ns[] = { "local", "global", "mono", "mono_raw",
					     "boot",  "tai",	"perf" };
	const char *clock = s->head->clock;

	if (!clock)
		return 0; /* written before clocks could be chosen: local */
	for (size_t i = 0; i < sizeof(in_ns) / sizeof(*in_ns); i++)
		if (strcmp(clock, in_ns[i]) == 0)
			return 0;
	if (strcmp(clock, "x86-tsc") == 0 || strcmp(clock, "tsc2nsec") == 0) {
		s->is_tsc = s->head->has_tsc;
		if (s->is_tsc && s->head->tsc.shift < 64)
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

static int64_t tsc_to_ns(const struct record_stream *s, int64_t cycles)
{
	unsigned __int128 ns =
		(unsigned __int128)(uint64_t)cycles * s->head->tsc.mult >> s->head->tsc.shift;

	return cycles == INT64_MIN ? cycles : (int64_t)((uint64_t)ns + s->head->tsc.offset);
}

/* A record whose stamps are ns: @r, or *converted. */
static const struct record *in_ns(const struct record_stream *s, const struct record *r,
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
static int note_tsc(struct record_stream *s, struct schedtrace_error *err)
{
	struct schedtrace_info info = *schedtrace_context_info(s->ctx);

	if (!s->is_tsc || !s->head->tsc.mult)
		return 0;
	info.tsc_hz = (int64_t)(((unsigned __int128)1000000000 << s->head->tsc.shift) /
				s->head->tsc.mult);
	return schedtrace_context_set_info(s->ctx, &info, err);
}

/* ---- the beginning --------------------------------------------------------------------- */

static int set_up(struct record_stream *s, struct schedtrace_error *err)
{
	const struct tracedat_head *head = s->head;
	int r = check_clock(s, err);

	if (r < 0)
		return r;
	s->rows = malloc(sizeof(*s->rows));
	s->is_stack = calloc(head->n_formats + 1, sizeof(*s->is_stack));
	if (!s->rows || !s->is_stack)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for rows");
	s->rows->n = 0;
	for (size_t i = 0; i < head->n_formats; i++)
		s->is_stack[i] = stack_kind_of(&head->formats[i]) != STACK_NONE;
	r = schedtrace_context_new(&s->ctx, err);
	if (r < 0)
		return r;
	r = row_maker_new(&s->maker, head->formats, head->n_formats, s->ctx, &s->options, err);
	if (r < 0)
		return r;
	r = facts_open(&s->facts, head, s->ctx, s->maker, &s->options, err);
	return r < 0 ? r : note_tsc(s, err);
}

int record_stream_new(struct record_stream **out, const struct tracedat_head *head,
		      const struct stream_options *options, struct schedtrace_error *err)
{
	struct record_stream *s = calloc(1, sizeof(*s));
	int r;

	if (!s)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory to convert records");
	s->head = head;
	s->options = *options;
	s->max_ahead = AHEAD_FOR_BEGIN;
	r = set_up(s, err);
	if (r < 0)
		record_stream_free(s);
	else
		*out = s;
	return r;
}

void record_stream_free(struct record_stream *s)
{
	if (!s)
		return;
	facts_close(&s->facts);
	file_pieces_free(&s->files);
	stack_maker_close(&s->stacks);
	left_out_close(&s->left_out);
	other_records_free(s->others);
	row_maker_free(s->maker);
	schedtrace_context_free(s->ctx);
	free(s->is_stack);
	free(s->rows);
	free(s);
}

bool record_stream_wants_ahead(const struct record_stream *s)
{
	return !facts_start_known(&s->facts) && s->seen_ahead < s->max_ahead;
}

int record_stream_ahead(struct record_stream *s, const struct record *r,
			struct schedtrace_error *err)
{
	bool begun = s->facts.begun, listed = s->facts.tasks_read;
	struct record converted;
	int status = 0;

	s->seen_ahead++;
	if (r->kind != RECORD_EVENT)
		return 0;
	if (r->format == s->facts.raw_data)
		status = facts_record(&s->facts, in_ns(s, r, &converted), err);
	else if (!listed)
		status = row_maker_ahead(s->maker, r, err);
	s->has_stacks |= s->is_stack[r->format];
	if (!begun && s->facts.begun)
		s->max_ahead = AHEAD_FOR_TASKS;
	if (!listed && s->facts.tasks_read)
		s->max_ahead = s->seen_ahead + AHEAD_FOR_SNAPSHOT;
	return status;
}

static int use_names(struct record_stream *s, bool ahead, struct schedtrace_error *err)
{
	if (!s->head->cmdlines)
		return 0;
	return tasks_use_names(row_maker_tasks(s->maker), s->head->cmdlines,
			       s->head->cmdlines_bytes, ahead, err);
}

/* Whether rows hold all of such a record that matters to anybody; those of stacks do, too. */
static bool is_kept_by_rows(const struct format *format)
{
	static const char *const names[] = {
		"sched_switch",
		"sched_waking",
		"sched_wakeup",
		"sched_wakeup_new",
		"sched_migrate_task",
		"sched_stat_runtime",
		"cpu_idle",
		"cpu_frequency",
		"kernel_stack",
		"user_stack",
		"raw_data", /* told apart by itself */
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (strcmp(format->name, names[i]) == 0)
			return true;
	return false;
}

static int open_others(struct record_stream *s, struct schedtrace_error *err)
{
	const struct tracedat_head *head = s->head;
	int r = other_records_new(&s->others, head->formats, head->n_formats, err);

	for (size_t i = 0; r == 0 && i < head->n_formats; i++)
		if (!row_maker_has_rows(s->maker, i) ||
		    (s->options.in_part && !is_kept_by_rows(&head->formats[i])))
			other_records_choose(s->others, i);
	return r;
}

int record_stream_begin(struct record_stream *s, struct schedtrace_error *err)
{
	int r = 0;

	s->has_stacks |= s->facts.stacks;
	if (s->has_stacks)
		r = stack_maker_open(&s->stacks, s->head, s->ctx, s->maker, &s->options, err);
	if (r < 0)
		return r;
	if (!row_maker_tells_names(s->maker))
		r = use_names(s, true, err);
	if (r < 0)
		return r;
	r = tasks_to_context(row_maker_tasks(s->maker), err);
	if (r < 0)
		return r;
	return s->options.others ? open_others(s, err) : 0;
}

/* ---- records to rows ------------------------------------------------------------------- */

bool record_stream_has_room(const struct record_stream *s, const struct record *next)
{
	if (s->others && other_records_full(s->others))
		return false;
	if (s->rows->n + ROWS_RECORD <= ROWS_MAX)
		return true;
	return s->has_stacks && s->stacks.pending &&
	       (!next || stack_maker_is_stack(&s->stacks, next));
}

static int make_rows(struct record_stream *s, const struct record *r, struct schedtrace_error *err)
{
	bool is_stack = r->kind == RECORD_EVENT && s->is_stack[r->format];
	size_t first = s->rows->n;
	int status;

	status = row_maker_record(s->maker, r, s->rows, err);
	if (s->has_stacks && !is_stack && status >= 0)
		status = stack_maker_record(&s->stacks, r, s->rows, first, err);
	return status;
}

static int take_mappings(struct record_stream *s, const struct record *r,
			 struct schedtrace_error *err)
{
	const char *data;
	size_t bytes;

	if (!s->has_stacks || !facts_payload(&s->facts, r, MARKER_MAPS, &data, &bytes))
		return 0;
	return stack_maker_mappings(&s->stacks, data, bytes, r->timestamp, err);
}

static int take_file(struct record_stream *s, const struct record *r, struct schedtrace_error *err)
{
	const char *data;
	size_t bytes;

	if (!facts_payload(&s->facts, r, MARKER_FILE, &data, &bytes))
		return 0;
	return file_pieces_add(&s->files, data, bytes, err);
}

int record_stream_record(struct record_stream *s, const struct record *r,
			 struct schedtrace_error *err)
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
	if (r->kind == RECORD_EVENT && s->is_stack[r->format] &&
	    !(s->has_stacks && stack_maker_stack(&s->stacks, r))) {
		left_out_stack(&s->left_out);
		other = s->others != NULL;
	}
	if (r->kind == RECORD_EVENT && r->format == s->facts.raw_data) {
		status = facts_record(&s->facts, r, err);
		if (status < 0)
			return status;
		facts_in_order(&s->facts, r);
		status = take_mappings(s, r, err);
		if (status >= 0)
			status = take_file(s, r, err);
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

int record_stream_take(struct record_stream *s, const struct schedtrace_events **events,
		       struct schedtrace_error *err)
{
	int r = s->has_stacks ? stack_maker_flush(&s->stacks, err) : 0;

	if (r < 0)
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

void record_stream_clear(struct record_stream *s)
{
	s->rows->n = 0;
	if (s->others)
		other_records_clear(s->others);
}

/* ---- the end --------------------------------------------------------------------------- */

/* What cannot be computed from this file, since its records are not in it. */
static void note_missing(const struct record_stream *s, uint64_t records)
{
	static const struct {
		const char *system, *name, *lacks;
	} events[] = {
		{ "sched", "sched_switch", "run times, waits, sleeps and run queues" },
		{ "sched", "sched_waking", "who woke a task, and latency from that moment" },
		{ "sched", "sched_wakeup", "waits after wakeup and run queues" },
	};

	if (records == 0) {
		note(&s->options.notes, "it holds no events: nothing can be computed from it");
		return;
	}
	for (size_t i = 0; i < sizeof(events) / sizeof(*events); i++)
		if (row_maker_count(s->maker, events[i].system, events[i].name) == 0)
			note(&s->options.notes, "it holds no %s records: %s cannot be computed",
			     events[i].name, events[i].lacks);
	if (!s->head->cmdlines || s->head->cmdlines_bytes == 0)
		note(&s->options.notes,
		     "it holds no list of task names: tasks that no record names "
		     "are nameless");
}

static void note_faults(const struct record_stream *s)
{
	struct row_maker_faults f;
	char unknown[64] = "";

	row_maker_faults(s->maker, &f);
	if (f.unknown_gaps > 0)
		snprintf(unknown, sizeof(unknown), " and an unknown number in %llu of them",
			 (unsigned long long)f.unknown_gaps);
	if (f.gaps > 0)
		note(&s->options.notes,
		     "records were lost in %llu places: %llu by count%s (LOST rows)",
		     (unsigned long long)f.gaps, (unsigned long long)f.lost, unknown);
	if (f.broken_chains > 0)
		note(&s->options.notes,
		     "%llu times a CPU ran a task without a record of the switch to it (RUNS rows)",
		     (unsigned long long)f.broken_chains);
}

static int finish(struct record_stream *s, uint64_t records, struct schedtrace_error *err)
{
	int r = facts_finish(&s->facts, err);

	if (r < 0)
		return r;
	if (s->has_stacks)
		r = stack_maker_finish(&s->stacks, err);
	if (r < 0)
		return r;
	r = use_names(s, false, err);
	if (r < 0)
		return r;
	r = file_pieces_finish(&s->files, &s->options.notes, err);
	if (r < 0)
		return r;
	note_missing(s, records);
	note_faults(s);
	left_out_note(&s->left_out, s->head->formats, s->head->n_formats, s->maker, &s->options);
	return tasks_to_context(row_maker_tasks(s->maker), err);
}

int record_stream_ends_early(struct record_stream *s, int32_t cpu, struct schedtrace_error *err)
{
	return row_maker_ends_early(s->maker, cpu, -1, err);
}

int record_stream_end(struct record_stream *s, uint64_t records, struct schedtrace_error *err)
{
	struct record rest;
	int r;

	if (!row_maker_unread(s->maker, &rest))
		return finish(s, records, err);
	r = make_rows(s, &rest, err);
	return r < 0 ? r : 1;
}

const struct schedtrace_context *record_stream_context(const struct record_stream *s)
{
	return s->ctx;
}

const struct other_records *record_stream_others(const struct record_stream *s)
{
	return s->others;
}

char *record_stream_snapshot(const struct record_stream *s)
{
	return facts_snapshot(&s->facts);
}

bool record_stream_file(const struct record_stream *s, size_t i, const char **name,
			const void **data, size_t *n)
{
	return file_pieces_get(&s->files, i, name, data, n);
}

bool record_stream_damaged(const struct record_stream *s)
{
	return row_maker_damaged(s->maker);
}

bool record_stream_has_stacks(const struct record_stream *s)
{
	return s->has_stacks;
}
