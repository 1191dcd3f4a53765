/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "base/error.h"
#include "base/mem.h"
#include "convert/facts_parts.h"
#include "convert/start_state.h"

/* Each event that the recorder recorded has a format in the file. */
static void note_lost_formats(const struct facts *facts, const json_t *events)
{
	for (size_t i = 0; i < json_array_size(events); i++) {
		const char *name = json_string_value(json_array_get(events, i));
		const char *colon = name ? strchr(name, ':') : NULL;

		if (colon && !facts_find_format(facts, name, (size_t)(colon - name), colon + 1))
			note(&facts->options->notes,
			     "%s was recorded, but the file has no format of it: its records are "
			     "left out",
			     name);
	}
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

int facts_begin_marker(struct facts *facts, const json_t *json, const struct record *r,
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

int facts_end_marker(struct facts *facts, const json_t *json, const struct record *r,
		     struct schedtrace_error *err)
{
	struct schedtrace_info info = *schedtrace_context_info(facts->ctx);

	read_clocks(json, r, &info.end_ns, &info.wall_offset_end_ns);
	facts->ended = true;
	info.tsc_hz = tsc_rate(facts, &info, number_of(json, "tsc", INT64_MIN), info.tsc_hz);
	facts->exit_status = small_number_of(json, "exit_status", -1);
	return schedtrace_context_set_info(facts->ctx, &info, err);
}
