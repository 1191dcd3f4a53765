/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The list of recordings, and what is known of one. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <schedtrace/analyses.h>

#include "analyze/summary.h"
#include "base/error.h"
#include "base/mem.h"
#include "input/input.h"
#include "view/page/answers.h"
#include "view/page/page_state.h"

static int no_memory(struct schedtrace_error *err)
{
	return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for what is known of a recording");
}

/* Those that a name and a size tell; the others are null until they are known. */
static json_t *describe(const struct recording_file *file, const char *facts)
{
	char id[24], modified[40];
	time_t seconds = file->version.modified_ns / 1000000000;
	struct tm tm;
	json_t *known = facts ? json_loads(facts, 0, NULL) : NULL, *all;

	snprintf(id, sizeof(id), "%zu", file->id + 1);
	gmtime_r(&seconds, &tm);
	strftime(modified, sizeof(modified), "%Y-%m-%dT%H:%M:%SZ", &tm);
	all = json_pack("{s:s, s:o, s:I, s:s}", "id", id, "name", answer_text(file->name), "bytes",
			(json_int_t)file->version.bytes, "modified", modified);
	if (all && known)
		json_object_update(all, known);
	json_decref(known);
	return all;
}

static json_t *number(int64_t value)
{
	return value == INT64_MIN ? json_null() : json_integer(value);
}

static int64_t lost_records(const struct schedtrace_context *context)
{
	size_t n;
	const struct schedtrace_cpu *cpus = schedtrace_context_cpus(context, &n);
	int64_t lost = n ? 0 : INT64_MIN;

	for (size_t i = 0; i < n && lost != INT64_MIN; i++)
		lost = cpus[i].lost < 0 ? INT64_MIN : lost + cpus[i].lost;
	return lost;
}

/* What a context says; @rows, @first and @last INT64_MIN where nobody knows. */
static json_t *facts_of(const struct schedtrace_context *context, const char *kind, int64_t rows,
			int64_t first, int64_t last)
{
	const struct schedtrace_info *info = schedtrace_context_info(context);
	int64_t begin = info->begin_ns != INT64_MIN ? info->begin_ns : first;
	int64_t end = info->end_ns != INT64_MIN ? info->end_ns : last;

	return json_pack(
		"{s:s, s:n, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "kind", kind, "error",
		"command", answer_text(info->command), "host", answer_text(info->host), "kernel",
		answer_text(info->release), "machine", answer_text(info->machine), "cpus",
		info->cpus ? json_integer(info->cpus) : json_null(), "length_ns",
		begin != INT64_MIN && end != INT64_MIN ? json_integer(end - begin) : json_null(),
		"rows", number(rows), "lost", number(lost_records(context)));
}

static const char *kind_of(const struct input *input)
{
	return input_tarball(input) ? "tarball" : "trace.dat";
}

static json_t *failed_facts(const struct schedtrace_error *err)
{
	return json_pack("{s:n, s:s, s:n, s:n, s:n, s:n, s:n, s:n, s:n, s:n}", "kind", "error",
			 err->text, "command", "host", "kernel", "machine", "cpus", "length_ns",
			 "rows", "lost");
}

/* What its head says: of a tarball all, of a trace.dat nothing that its rows must tell. */
static char *read_facts(const struct recording_file *file, const struct input_options *options)
{
	struct input_options quiet = *options;
	struct schedtrace_error err;
	struct input *input;
	json_t *facts;
	char *text;
	int r;

	quiet.note = NULL;
	r = input_open(&input, file->path, &quiet, &err);
	if (r < 0) {
		recording_file_error(file, r, &err);
		facts = failed_facts(&err);
	} else {
		facts = facts_of(input_context(input), kind_of(input), input_rows(input), INT64_MIN,
				 INT64_MIN);
		input_close(input);
	}
	text = facts ? json_dumps(facts, 0) : NULL;
	json_decref(facts);
	return text;
}

/* One that has gone is left out. */
static int add_to_list(struct work *work, const char *id, json_t *list,
		       struct schedtrace_error *err)
{
	struct recording_list *recordings = &work->page->recordings;
	struct recording_file file;
	auto_free char *facts = NULL;
	int r = recording_list_find(recordings, id, &file, err);

	if (r < 0)
		return 0;
	pthread_mutex_lock(&recordings->lock);
	if (recordings->list[file.id].facts)
		facts = strdup(recordings->list[file.id].facts);
	pthread_mutex_unlock(&recordings->lock);
	r = work_step(work, file.name, file.id, recordings->n, err);
	if (r == 0 && !facts) {
		char *found = read_facts(&file, &work->page->options->input);

		facts = found ? strdup(found) : NULL;
		recording_list_set_facts(recordings, &file, found);
	}
	if (r == 0)
		json_array_append_new(list, describe(&file, facts));
	recording_file_close(&file);
	return r;
}

int recordings_request(struct work *work, struct answer *answer, struct schedtrace_error *err)
{
	struct recording_list *recordings = &work->page->recordings;
	json_t *list = json_array();
	size_t n;
	int r = recording_list_refresh(recordings, &n, err);

	for (size_t i = 0; i < n && r == 0; i++) {
		char id[24];

		snprintf(id, sizeof(id), "%zu", i + 1);
		r = add_to_list(work, id, list, err);
	}
	if (r < 0) {
		json_decref(list);
		return r;
	}
	return answer_json(answer,
			   json_pack("{s:o, s:o, s:b}", "folder",
				     answer_text(recordings->folder_name), "recordings", list,
				     "live", work->page->options->live != NULL),
			   err);
}

/* What a pass over the rows tells. */
struct pass {
	int64_t first, last, rows;
	uint64_t *events;
	int32_t n_events;
	json_t *notes;
};

static void take_note(void *user, const char *text)
{
	json_array_append_new(user, answer_text(text));
}

static int count_rows(struct work *work, const struct recording_file *file, struct input *input,
		      struct schedtrace_engine *engine, struct pass *pass,
		      struct schedtrace_error *err)
{
	const struct schedtrace_events *rows;
	uint64_t done, total;
	char what[300];
	int r;

	snprintf(what, sizeof(what), "reading %s", file->name);
	while ((r = input_next(input, &rows, err)) > 0) {
		if (rows->n && !pass->rows)
			pass->first = rows->timestamp[0];
		if (rows->n)
			pass->last = rows->timestamp[rows->n - 1];
		pass->rows += (int64_t)rows->n;
		for (size_t i = 0; i < rows->n; i++)
			if (rows->event[i] >= 0 && rows->event[i] < pass->n_events)
				pass->events[rows->event[i]]++;
		input_position(input, &done, &total);
		r = schedtrace_engine_feed(engine, rows, err);
		if (r == 0)
			r = work_step(work, what, done, total, err);
		if (r < 0)
			return r;
	}
	return r;
}

/* A sentence on what is missing, as schedreport has it. */
static int note_losses(struct input *input, struct schedtrace_engine *engine, struct pass *pass,
		       struct schedtrace_error *err)
{
	struct schedtrace_tables *tables;
	char *sentence;
	int r = schedtrace_engine_snapshot(engine, &tables, err);

	if (r < 0)
		return r;
	sentence = summary_losses(input_context(input), tables);
	if (sentence)
		take_note(pass->notes, sentence);
	free(sentence);
	schedtrace_tables_free(tables);
	return 0;
}

/* All rows, once: how many of which event, and what is missing. */
static int pass_over(struct work *work, const struct recording_file *file, struct input *input,
		     struct pass *pass, struct schedtrace_error *err)
{
	struct schedtrace_engine *engine = NULL;
	int r = schedtrace_engine_new(&engine, input_context(input), err);

	if (r == 0)
		r = schedtrace_engine_add(engine, "losses", err);
	if (r == 0)
		r = count_rows(work, file, input, engine, pass, err);
	if (r == 0)
		r = note_losses(input, engine, pass, err);
	schedtrace_engine_free(engine);
	return r;
}

static json_t *variables_of(const struct schedtrace_context *context, const struct pass *pass)
{
	json_t *list = json_array();
	const char *name;

	for (int32_t id = 0; (name = schedtrace_context_event_name(context, id)); id++)
		json_array_append_new(
			list,
			json_pack("{s:o, s:i, s:I}", "name", answer_text(name), "id", id, "rows",
				  (json_int_t)(id < pass->n_events ? pass->events[id] : 0)));
	return list;
}

/* What a query can name. */
static json_t *columns(void)
{
	json_t *list = json_array();

	for (size_t i = 0; trace_columns_name(i); i++)
		json_array_append_new(list, json_string(trace_columns_name(i)));
	json_array_append_new(list, json_string("comm"));
	return list;
}

static int describe_whole(struct work *work, const struct recording_file *file, struct input *input,
			  struct pass *pass, struct answer *answer, struct schedtrace_error *err)
{
	json_t *facts, *all;
	char origin[24] = "";

	facts = facts_of(input_context(input), kind_of(input), pass->rows, pass->first, pass->last);
	recording_list_set_facts(&work->page->recordings, file,
				 facts ? json_dumps(facts, 0) : NULL);
	all = describe(file, NULL);
	if (all && facts)
		json_object_update(all, facts);
	json_decref(facts);
	if (pass->rows)
		snprintf(origin, sizeof(origin), "%" PRId64, pass->first);
	json_object_set_new(all, "origin_ns", pass->rows ? json_string(origin) : json_null());
	json_object_set_new(all, "variables", variables_of(input_context(input), pass));
	json_object_set(all, "notes", pass->notes);
	json_object_set_new(all, "columns", columns());
	return answer_json(answer, all, err);
}

static int read_whole(struct work *work, const struct recording_file *file, struct pass *pass,
		      struct answer *answer, struct schedtrace_error *err)
{
	struct input_options options = work->page->options->input;
	struct input *input;
	int r;

	options.note = take_note;
	options.user = pass->notes;
	r = input_open(&input, file->path, &options, err);
	if (r < 0)
		return r;
	while (schedtrace_context_event_name(input_context(input), pass->n_events))
		pass->n_events++;
	pass->events = calloc((size_t)pass->n_events + 1, sizeof(*pass->events));
	r = pass->events ? pass_over(work, file, input, pass, err) : no_memory(err);
	if (r == 0)
		r = describe_whole(work, file, input, pass, answer, err);
	input_close(input);
	return r;
}

int recording_request(struct work *work, struct answer *answer, struct schedtrace_error *err)
{
	struct pass pass = { .first = INT64_MIN, .last = INT64_MIN };
	struct recording_file file;
	int r = recording_list_find(&work->page->recordings,
				    request_arg(work->request, "recording"), &file, err);

	if (r < 0)
		return r;
	pass.notes = json_array();
	r = read_whole(work, &file, &pass, answer, err);
	if (r < 0)
		recording_file_error(&file, r, err);
	json_decref(pass.notes);
	free(pass.events);
	recording_file_close(&file);
	return r;
}
