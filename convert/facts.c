/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "convert/facts.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "base/error.h"
#include "base/mem.h"
#include "convert/start_state.h"
#include "tracedat/markers.h"

#define MARKER_TEXT_MAX (16u << 20)

static void free_json(json_t **json)
{
	json_decref(*json);
}

#define auto_json __attribute__((cleanup(free_json)))

/* Sum of the lines "NAME: NUMBER" that CPUSTAT has for the names; -1 if it has none of them. */
static int64_t cpustat_sum(const char *text, const char *const *names)
{
	int64_t sum = -1;

	for (const char *line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		for (size_t i = 0; names[i]; i++) {
			size_t n = strlen(names[i]);

			if (strncmp(line, names[i], n) == 0 && line[n] == ':') {
				int64_t value = strtoll(line + n + 1, NULL, 10);

				if (value >= 0 && value < INT64_MAX / 4)
					sum = (sum < 0 ? 0 : sum) + value;
			}
		}
	}
	return sum;
}

static int add_unread(struct facts *facts, int32_t cpu, int32_t errnum,
		      struct schedtrace_error *err)
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

/* What schedrec adds to CPUSTAT where it could not read a CPU to the end. */
static int note_failed_reader(struct facts *facts, int32_t cpu, const char *text,
			      struct schedtrace_error *err)
{
	static const char key[] = "\nreader failed: ";
	static const char *const unwritten[] = { "unwritten events", NULL };
	const char *line = text ? strstr(text, key) : NULL;
	long errnum = line ? strtol(line + strlen(key), NULL, 10) : 0;
	int64_t missing = -1;
	int r;

	if (errnum <= 0 || errnum > INT32_MAX)
		return 0;
	r = add_unread(facts, cpu, (int32_t)errnum, err);
	/* Tracing ended with the file or at the user's wish; else the buffer went on without its
	 * reader, and lost nobody knows what. */
	if (errnum == ENOSPC || errnum == EDQUOT || errnum == EFBIG || errnum == EINTR)
		missing = cpustat_sum(text, unwritten);
	return r < 0 ? r : row_maker_ends_early(facts->maker, cpu, missing, err);
}

static int set_cpus(struct facts *facts, const struct tracedat_head *head,
		    struct schedtrace_error *err)
{
	static const char *const lost[] = { "overrun", "commit overrun", "dropped events",
					    "unwritten events", NULL };
	static const char *const read[] = { "read events", NULL };

	for (int i = 0; i < head->n_cpus; i++) {
		const char *text = head->cpustats ? head->cpustats[i] : NULL;
		struct schedtrace_cpu cpu = SCHEDTRACE_CPU_UNKNOWN;
		int r;

		cpu.cpu = i;
		cpu.read = text ? cpustat_sum(text, read) : -1;
		cpu.lost = text ? cpustat_sum(text, lost) : -1;
		r = schedtrace_context_set_cpu(facts->ctx, &cpu, err);
		if (r == 0)
			r = note_failed_reader(facts, i, text, err);
		if (r < 0)
			return r;
	}
	return 0;
}

/* "Linux HOST RELEASE VERSION… MACHINE": the words that have a place in the facts. */
static int set_uname(struct schedtrace_info *info, char *text)
{
	char *save = NULL, *last = NULL;
	int n = 0;

	for (char *w = strtok_r(text, " \n", &save); w; w = strtok_r(NULL, " \n", &save), n++) {
		if (n == 1)
			info->host = w;
		else if (n == 2)
			info->release = w;
		last = w;
	}
	if (n > 3)
		info->machine = last;
	return 0;
}

static const struct format *find_format(const struct facts *facts, const char *system,
					size_t system_n, const char *name)
{
	for (size_t i = 0; i < facts->n_formats; i++) {
		const struct format *f = &facts->formats[i];

		if (strlen(f->system) == system_n && memcmp(f->system, system, system_n) == 0 &&
		    strcmp(f->name, name) == 0)
			return f;
	}
	return NULL;
}

static void find_markers(struct facts *facts, const char *writer)
{
	const struct format *f = find_format(facts, "ftrace", strlen("ftrace"), "raw_data");

	for (size_t i = 0; f && i < f->n_fields; i++)
		if (strcmp(f->fields[i].name, "id") == 0) {
			facts->raw_data = (int)(f - facts->formats);
			facts->raw_offset = f->fields[i].offset;
		}
	if (facts->raw_data < 0 && writer && strncmp(writer, "schedrec ", strlen("schedrec ")) == 0)
		note(&facts->options->notes,
		     "schedrec wrote it, but it has no format of ftrace:raw_data, "
		     "of which the recorder's own records are: the facts of the "
		     "recording, the tasks at its begin and samples are unknown");
}

/* Each event that the recorder recorded has a format in the file. */
static void note_lost_formats(const struct facts *facts, const json_t *events)
{
	for (size_t i = 0; i < json_array_size(events); i++) {
		const char *name = json_string_value(json_array_get(events, i));
		const char *colon = name ? strchr(name, ':') : NULL;

		if (colon && !find_format(facts, name, (size_t)(colon - name), colon + 1))
			note(&facts->options->notes,
			     "%s was recorded, but the file has no format of it: its records are "
			     "left out",
			     name);
	}
}

int facts_open(struct facts *facts, const struct tracedat_head *head,
	       struct schedtrace_context *ctx, struct row_maker *maker,
	       const struct stream_options *options, struct schedtrace_error *err)
{
	struct schedtrace_info info = *schedtrace_context_info(ctx);
	auto_free char *uname = NULL;
	int r;

	*facts = (struct facts){
		.ctx = ctx,
		.maker = maker,
		.options = options,
		.raw_data = -1,
		.formats = head->formats,
		.n_formats = head->n_formats,
		.n_cpus = head->n_cpus,
	};
	find_markers(facts, head->writer);
	info.clock = head->clock;
	info.cpus = head->n_cpus;
	if (head->uname) {
		uname = strdup(head->uname);
		if (!uname)
			return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for a uname");
		set_uname(&info, uname);
	}
	r = schedtrace_context_set_info(ctx, &info, err);
	if (r < 0)
		return r;
	return set_cpus(facts, head, err);
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

static const char *text_of(const json_t *json, const char *key, const char *otherwise)
{
	const char *text = json_string_value(json_object_get(json, key));

	return text ? text : otherwise;
}

static int64_t number_of(const json_t *json, const char *key, int64_t otherwise)
{
	const json_t *value = json_object_get(json, key);

	return json_is_integer(value) ? json_integer_value(value) : otherwise;
}

static int32_t small_number_of(const json_t *json, const char *key, int32_t otherwise)
{
	int64_t value = number_of(json, key, otherwise);

	return value >= INT32_MIN && value <= INT32_MAX ? (int32_t)value : otherwise;
}

/* The arguments as a shell would take them; NULL without memory. */
static char *quote_command(const json_t *arguments)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789%+,-./:=@_^";
	char *text = NULL;
	size_t bytes;
	FILE *f = open_memstream(&text, &bytes);

	if (!f)
		return NULL;
	for (size_t i = 0; i < json_array_size(arguments); i++) {
		const char *a = json_string_value(json_array_get(arguments, i));

		if (!a)
			a = "";
		if (i > 0)
			fputc(' ', f);
		if (*a && strspn(a, plain) == strlen(a)) {
			fputs(a, f);
			continue;
		}
		fputc('\'', f);
		for (; *a; a++)
			if (*a == '\'')
				fputs("'\\''", f);
			else
				fputc(*a, f);
		fputc('\'', f);
	}
	if (fclose(f) != 0) {
		free(text);
		return NULL;
	}
	return text;
}

static int set_topology(struct facts *facts, const json_t *cpus, struct schedtrace_error *err)
{
	for (size_t i = 0; i < json_array_size(cpus); i++) {
		const json_t *json = json_array_get(cpus, i);
		int32_t id = small_number_of(json, "cpu", -1);
		struct schedtrace_cpu cpu = start_state_cpu(facts->ctx, id);
		int r;

		if (id < 0 || id >= 65535)
			continue;
		cpu.core = small_number_of(json, "core", -1);
		cpu.package = small_number_of(json, "package", -1);
		cpu.node = small_number_of(json, "node", -1);
		r = schedtrace_context_set_cpu(facts->ctx, &cpu, err);
		if (r < 0)
			return r;
	}
	return 0;
}

/* The two clocks as the recorder read them together, or the marker's own stamp. */
static void read_clocks(const json_t *json, const struct record *r, int64_t *trace_ns,
			int64_t *wall_offset)
{
	int64_t wall = number_of(json, "wall_ns", INT64_MIN);

	*trace_ns = number_of(json, "trace_ns", r->timestamp);
	if (wall == INT64_MIN || __builtin_sub_overflow(wall, *trace_ns, wall_offset))
		*wall_offset = INT64_MIN;
}

/* Names as the recorder writes them, "sched:sched_switch". */
static bool has_events(const json_t *events, const char *const *names)
{
	for (; *names; names++) {
		bool found = false;

		for (size_t i = 0; i < json_array_size(events); i++) {
			const char *name = json_string_value(json_array_get(events, i));

			found |= name && strcmp(name, *names) == 0;
		}
		if (!found)
			return false;
	}
	return true;
}

/* The texts of an array with commas between. */
static char *join(const json_t *array)
{
	auto_free char *joined = NULL;
	size_t n = 0, i;
	const json_t *item;
	FILE *f = open_memstream(&joined, &n);
	bool failed;

	if (!f)
		return NULL;
	json_array_foreach(array, i, item) fprintf(
		f, "%s%s", i ? "," : "", json_is_string(item) ? json_string_value(item) : "");
	failed = ferror(f);
	return fclose(f) == 0 && !failed ? steal_ptr(joined) : NULL;
}

static int begin_marker(struct facts *facts, const json_t *json, const struct record *r,
			struct schedtrace_error *err)
{
	static const char *const queue_events[] = { "sched:sched_switch", "sched:sched_wakeup",
						    "sched:sched_wakeup_new",
						    "sched:sched_migrate_task", NULL };
	struct schedtrace_info info = *schedtrace_context_info(facts->ctx);
	const json_t *command = json_object_get(json, "command");
	const json_t *cpus = json_object_get(json, "cpus");
	auto_free char *events = join(json_object_get(json, "events"));
	auto_free char *missing = join(json_object_get(json, "missing"));
	auto_free char *quoted = NULL;
	int status;

	if (!events || !missing)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for the names of events");
	if (json_array_size(command) > 0) {
		quoted = quote_command(command);
		if (!quoted)
			return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for the command");
		info.command = quoted;
	}
	info.tool = text_of(json, "tool", info.tool);
	info.host = text_of(json, "host", info.host);
	info.release = text_of(json, "release", info.release);
	info.machine = text_of(json, "machine", info.machine);
	info.page_size = small_number_of(json, "page_size", info.page_size);
	info.memory_bytes = number_of(json, "memory_bytes", info.memory_bytes);
	info.memory_and_swap_bytes =
		number_of(json, "memory_and_swap_bytes", info.memory_and_swap_bytes);
	info.buffer_kb = number_of(json, "buffer_kb", info.buffer_kb);
	info.timer_hz = number_of(json, "timer_hz", info.timer_hz);
	info.events = *events ? events : NULL;
	info.missing = *missing ? missing : NULL;
	facts->begin_tsc = number_of(json, "tsc", INT64_MIN);
	if (json_array_size(cpus) > 0 && json_array_size(cpus) < 65535)
		info.cpus = (int32_t)json_array_size(cpus);
	read_clocks(json, r, &info.begin_ns, &info.wall_offset_begin_ns);
	status = schedtrace_context_set_info(facts->ctx, &info, err);
	if (status < 0)
		return status;
	facts->begun = true;
	note_lost_formats(facts, json_object_get(json, "events"));
	facts->queues_follow = has_events(json_object_get(json, "events"), queue_events);
	tasks_states_hold(row_maker_tasks(facts->maker),
			  facts->queues_follow && !json_is_false(json_object_get(json, "whole")) &&
				  !json_is_array(json_object_get(json, "recorded_cpus")));
	facts->stacks = json_is_true(json_object_get(json, "stacks"));
	facts->command_pid = small_number_of(json, "command_pid", 0);
	facts->recorder_pid = small_number_of(json, "recorder_pid", 0);
	row_maker_command(facts->maker, facts->command_pid);
	return set_topology(facts, cpus, err);
}

/* Ticks a second, from the counter at both ends of the recording. */
static int64_t tsc_rate(const struct facts *facts, const struct schedtrace_info *info, int64_t tsc,
			int64_t known)
{
	int64_t ticks, ns;

	if (known || !facts->begun || tsc == INT64_MIN || facts->begin_tsc == INT64_MIN ||
	    info->begin_ns == INT64_MIN || !checked_sub(tsc, facts->begin_tsc, &ticks) ||
	    !checked_sub(info->end_ns, info->begin_ns, &ns) || ticks <= 0 || ns < 1000000)
		return known;
	return (int64_t)((__int128)ticks * 1000000000 / ns);
}

static int end_marker(struct facts *facts, const json_t *json, const struct record *r,
		      struct schedtrace_error *err)
{
	struct schedtrace_info info = *schedtrace_context_info(facts->ctx);

	read_clocks(json, r, &info.end_ns, &info.wall_offset_end_ns);
	facts->ended = true;
	info.tsc_hz = tsc_rate(facts, &info, number_of(json, "tsc", INT64_MIN), info.tsc_hz);
	facts->exit_status = small_number_of(json, "exit_status", -1);
	return schedtrace_context_set_info(facts->ctx, &info, err);
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
	return end ? end_marker(facts, json, r, err) : begin_marker(facts, json, r, err);
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

static int unread_marker(struct facts *facts, const char *payload, size_t bytes,
			 struct schedtrace_error *err)
{
	struct marker_unread u;

	if (bytes != sizeof(u))
		return 0;
	memcpy(&u, payload, sizeof(u));
	return add_unread(facts, u.cpu, u.errnum, err);
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
