/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "convert/facts.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "convert/facts_parts.h"
#include "convert/start_state.h"
#include "tracedat/markers.h"

#define MARKER_TEXT_MAX (16u << 20)

static void free_json(json_t **json)
{
	json_decref(*json);
}

#define auto_json __attribute__((cleanup(free_json)))

int facts_open(struct facts *facts, const struct tracedat_head *head,
	       struct schedtrace_context *ctx, struct row_maker *maker,
	       const struct stream_options *options, struct schedtrace_error *err)
{
	*facts = (struct facts){
		.ctx = ctx,
		.maker = maker,
		.options = options,
		.raw_data = -1,
		.formats = head->formats,
		.n_formats = head->n_formats,
		.n_cpus = head->n_cpus,
	};
	return facts_of_head(facts, head, err);
}

void facts_close(struct facts *facts)
{
	for (size_t i = 0; i < sizeof(facts->text) / sizeof(facts->text[0]); i++)
		free(facts->text[i].bytes);
	free(facts->snapshot[0]);
	free(facts->snapshot[1]);
	json_decref(facts->at_start);
	free(facts->unread);
}

static int keep_snapshot(struct facts *facts, json_t **json, bool end, struct schedtrace_error *err)
{
	facts->snapshot[end] = json_dumps(*json, JSON_COMPACT);
	if (!facts->snapshot[end])
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for a marker");
	if (end)
		return 0;
	facts->at_start = *json;
	*json = NULL;
	return start_state_use(facts->at_start, facts->ctx, facts->maker, facts->n_cpus, err);
}

static int text_marker(struct facts *facts, const struct marker_header *h, const char *payload,
		       const struct record *r, struct schedtrace_error *err)
{
	bool end = h->kind == MARKER_END || h->kind == MARKER_SNAPSHOT_END;
	bool snapshot = h->kind == MARKER_SNAPSHOT_BEGIN || h->kind == MARKER_SNAPSHOT_END;
	size_t i = 2 * snapshot + end;
	auto_json json_t *json = NULL;
	json_error_t error;
	char *larger;

	if (h->part == 0)
		facts->text[i].n = 0;
	else if (h->part != facts->text[i].next_part)
		return 0; /* a part is missing */
	facts->text[i].next_part = h->part + 1u;
	if (facts->text[i].n + h->bytes > MARKER_TEXT_MAX)
		return 0;
	larger = realloc(facts->text[i].bytes, facts->text[i].n + h->bytes + 1);
	if (!larger)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for a marker");
	facts->text[i].bytes = larger;
	memcpy(larger + facts->text[i].n, payload, h->bytes);
	facts->text[i].n += h->bytes;
	if (facts->text[i].next_part != h->parts)
		return 0;
	json = json_loadb(larger, facts->text[i].n, 0, &error);
	if (!json_is_object(json)) {
		note(&facts->options->notes,
		     "what the recorder noted about the recording's %s is damaged",
		     end ? "end" : "begin");
		return 0;
	}
	if (snapshot)
		return keep_snapshot(facts, &json, end, err);
	return end ? facts_end_marker(facts, json, r, err)
		   : facts_begin_marker(facts, json, r, err);
}

/* The list goes by pid: parents come first, but for those whose pids began anew. */
static bool is_of_command(const struct facts *facts, const struct marker_task *t)
{
	const struct schedtrace_task *parent = row_maker_life_at_start(facts->maker, t->ppid);

	return t->pid == facts->command_pid || t->tgid == facts->command_pid ||
	       (facts->recorder_pid > 0 && t->ppid == facts->recorder_pid) ||
	       (parent && parent->command_tree == 1);
}

/* Without a state it is of a flight recorder's save, and so is the name, if there is one. */
static int set_listed_name(struct facts *facts, struct schedtrace_task *task,
			   const struct marker_task *t, struct schedtrace_error *err)
{
	if (!t->state)
		return 0;
	task->comm = schedtrace_context_intern_comm(
		facts->ctx, t->comm, tasks_proc_name(t->comm, strnlen(t->comm, sizeof(t->comm))),
		err);
	return task->comm < 0 ? task->comm : 0;
}

static int tasks_marker(struct facts *facts, const char *payload, size_t bytes, int64_t written,
			struct schedtrace_error *err)
{
	struct marker_task t;

	for (; bytes >= sizeof(t); bytes -= sizeof(t), payload += sizeof(t)) {
		struct schedtrace_task task = SCHEDTRACE_TASK_UNKNOWN;
		int r;

		memcpy(&t, payload, sizeof(t));
		if (t.pid <= 0)
			continue;
		task.pid = t.pid;
		task.tgid = t.tgid > 0 ? t.tgid : -1;
		task.ppid = t.ppid >= 0 ? t.ppid : -1;
		task.cpu = t.cpu >= 0 ? t.cpu : -1;
		task.state = t.state;
		task.state_ns = written;
		r = set_listed_name(facts, &task, &t, err);
		if (r < 0)
			return r;
		for (int i = 0; i < 4; i++)
			if (t.pid == t.tgid && t.rss_bytes[i] >= 0)
				task.rss_bytes[i] = t.rss_bytes[i];
		if (facts->command_pid > 0)
			task.command_tree = is_of_command(facts, &t);
		r = row_maker_task_at_start(facts->maker, &task, err);
		if (r < 0)
			return r;
	}
	return 0;
}

/* The payload of a marker, or NULL. */
static const char *parse_marker(const struct facts *facts, const struct record *r,
				struct marker_header *h)
{
	const char *begin;

	if (r->size < facts->raw_offset || r->size - facts->raw_offset < sizeof(*h))
		return NULL;
	begin = (const char *)r->data + facts->raw_offset;
	memcpy(h, begin, sizeof(*h));
	if (h->id != MARKER_ID || r->size - facts->raw_offset - sizeof(*h) < h->bytes)
		return NULL;
	return begin + sizeof(*h);
}

int facts_add_unread(struct facts *facts, int32_t cpu, int32_t errnum, struct schedtrace_error *err)
{
	struct facts_unread *grown;

	for (size_t i = 0; i < facts->n_unread; i++)
		if (facts->unread[i].cpu == cpu)
			return 0;
	grown = reallocarray(facts->unread, facts->n_unread + 1, sizeof(*grown));
	if (!grown)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for CPUs that were not read");
	grown[facts->n_unread++] = (struct facts_unread){ cpu, errnum };
	facts->unread = grown;
	return 0;
}

static int unread_marker(struct facts *facts, const char *payload, size_t bytes,
			 struct schedtrace_error *err)
{
	struct marker_unread u;

	if (bytes != sizeof(u))
		return 0;
	memcpy(&u, payload, sizeof(u));
	return facts_add_unread(facts, u.cpu, u.errnum, err);
}

int facts_record(struct facts *facts, const struct record *r, struct schedtrace_error *err)
{
	struct marker_header h;
	const char *payload = parse_marker(facts, r, &h);

	if (!payload)
		return 0;
	switch (h.kind) {
	case MARKER_BEGIN:
		return facts->begun ? 0 : text_marker(facts, &h, payload, r, err);
	case MARKER_END:
		return facts->ended ? 0 : text_marker(facts, &h, payload, r, err);
	case MARKER_SNAPSHOT_BEGIN:
	case MARKER_SNAPSHOT_END:
		if (facts->snapshot[h.kind == MARKER_SNAPSHOT_END])
			return 0;
		return text_marker(facts, &h, payload, r, err);
	case MARKER_UNREAD:
		return unread_marker(facts, payload, h.bytes, err);
	case MARKER_TASKS:
		if (facts->tasks_read || h.part < facts->parts_read)
			return 0;
		facts->parts_read = h.part + 1u;
		facts->tasks_read = facts->parts_read == h.parts;
		return tasks_marker(facts, payload, h.bytes, r->timestamp, err);
	default:
		return 0;
	}
}

bool facts_is_marker(const struct facts *facts, const struct record *r)
{
	struct marker_header h;

	return parse_marker(facts, r, &h) != NULL;
}

bool facts_payload(const struct facts *facts, const struct record *r, enum marker_kind kind,
		   const char **data, size_t *bytes)
{
	struct marker_header h;

	*data = parse_marker(facts, r, &h);
	if (!*data || h.kind != kind)
		return false;
	*bytes = h.bytes;
	return true;
}

void facts_in_order(struct facts *facts, const struct record *r)
{
	struct marker_header h;

	if (!parse_marker(facts, r, &h) || h.kind != MARKER_TASKS)
		return;
	facts->parts_in_order = h.part == facts->parts_in_order ? h.part + 1u : UINT32_MAX;
	if (facts->parts_in_order == h.parts && facts->queues_follow)
		row_maker_seed_queues(facts->maker, facts->n_cpus);
}

char *facts_snapshot(const struct facts *facts)
{
	const char *begin = facts->snapshot[0], *end = facts->snapshot[1];
	char *text;

	if ((!begin && !end) || asprintf(&text, "{\"begin\": %s,\n\"end\": %s}\n",
					 begin ? begin : "null", end ? end : "null") < 0)
		return NULL;
	return text;
}

/* Empty if nothing is known to be missing at its end; NULL without memory. */
static char *say_incomplete(const struct facts *facts)
{
	char *text = NULL, why[128];
	size_t bytes;
	FILE *f = open_memstream(&text, &bytes);

	if (!f)
		return NULL;
	if (facts->begun && !facts->ended)
		fputs("the recorder did not reach the end of the recording", f);
	for (size_t i = 0; i < facts->n_unread; i++)
		fprintf(f, "%sthe recorder could not read CPU %d to the end: %s",
			ftell(f) ? "; " : "", facts->unread[i].cpu,
			strerror_r(facts->unread[i].errnum, why, sizeof(why)));
	if (fclose(f) != 0) {
		free(text);
		return NULL;
	}
	return text;
}

int facts_finish(struct facts *facts, struct schedtrace_error *err)
{
	struct schedtrace_info info = *schedtrace_context_info(facts->ctx);
	struct tasks *tasks = row_maker_tasks(facts->maker);
	struct task *command = tasks_seen(tasks, facts->command_pid);
	auto_free char *incomplete = NULL;

	if (facts->ended && facts->exit_status >= 0 && command && command->exited)
		tasks_life(tasks, command)->exit_code = facts->exit_status;
	incomplete = say_incomplete(facts);
	if (!incomplete)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for what is incomplete");
	if (!*incomplete)
		return 0;
	info.incomplete = incomplete;
	note(&facts->options->notes, "the recording is incomplete: %s", incomplete);
	return schedtrace_context_set_info(facts->ctx, &info, err);
}
