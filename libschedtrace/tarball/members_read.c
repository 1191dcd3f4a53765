/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdlib.h>
#include <string.h>

#include "base/cpulist.h"
#include "base/error.h"
#include "base/jsonio.h"
#include "base/mem.h"
#include "libschedtrace/context.h"
#include "libschedtrace/tarball/members.h"

#define MAX_EVENT_ID 65535
#define MAX_COMM_ID  (1 << 26)

void id_map_free(struct id_map *map)
{
	free(map->own);
	memset(map, 0, sizeof(*map));
}

/* False without memory. */
static bool id_map_set(struct id_map *map, int32_t id, int32_t own)
{
	if (id >= map->n) {
		int32_t n = id < map->n * 2 ? map->n * 2 : id + 1;
		int32_t *ids = reallocarray(map->own, (size_t)n, sizeof(*ids));

		if (!ids)
			return false;
		memset(ids + map->n, 0xff, (size_t)(n - map->n) * sizeof(*ids));
		map->own = ids;
		map->n = n;
	}
	map->own[id] = own;
	return true;
}

/* Drops room that was made ahead, and sees whether there is anything to translate. */
static void id_map_finish(struct id_map *map)
{
	while (map->n > 0 && map->own[map->n - 1] < 0)
		map->n--;
	map->identity = true;
	for (int32_t i = 0; i < map->n && map->identity; i++)
		map->identity = map->own[i] == i;
}

static int start_line(struct id_map *map, struct schedtrace_context *ctx, const char *line,
		      size_t n, struct schedtrace_error *err)
{
	char name[256];
	int32_t id = 0, own;
	size_t digits = 0;

	for (; digits < n && line[digits] >= '0' && line[digits] <= '9'; digits++) {
		id = id * 10 + (line[digits] - '0');
		if (id > MAX_EVENT_ID)
			return error_set(err, SCHEDTRACE_E_LIMIT, "an event id above %d",
					 MAX_EVENT_ID);
	}
	if (digits == 0 || digits == n || line[digits] != ' ' ||
	    !context_event_name_ok(line + digits + 1, n - digits - 1))
		return error_set(err, SCHEDTRACE_E_FORMAT,
				 "'%.*s' is not ID NAME with one space between",
				 (int)(n < 100 ? n : 100), line);
	memcpy(name, line + digits + 1, n - digits - 1);
	name[n - digits - 1] = '\0';
	if (id < map->n && map->own[id] >= 0)
		return error_set(err, SCHEDTRACE_E_FORMAT, "event id %d is declared twice", id);
	own = schedtrace_context_add_event(ctx, name, err);
	if (own < 0)
		return own;
	for (int32_t i = 0; i < map->n; i++)
		if (map->own[i] == own)
			return error_set(err, SCHEDTRACE_E_FORMAT, "event %s is declared twice",
					 name);
	if (!id_map_set(map, id, own))
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for event ids");
	return 0;
}

int members_get_start(struct id_map *map, struct schedtrace_context *ctx, const char *text,
		      size_t n, struct schedtrace_error *err)
{
	const char *end = text + n;

	for (size_t line = 1; text < end; line++) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));
		size_t length = (size_t)((newline ? newline : end) - text);
		int r;

		if (length == 0) /* all readers of this file stop at the first blank line */
			break;
		r = start_line(map, ctx, text, length, err);
		if (r < 0)
			return error_prefix(err, r, "line %zu", line);
		text += length + 1;
	}
	id_map_finish(map);
	return 0;
}

int members_default_start(struct id_map *map, struct schedtrace_error *err)
{
	for (int32_t id = SCHEDTRACE_WAKING; id-- > 0;)
		if (!id_map_set(map, id, id))
			return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for event ids");
	id_map_finish(map);
	return 0;
}

static int intern_bytes(struct schedtrace_context *ctx, const char *string, int32_t *id,
			struct schedtrace_error *err)
{
	auto_free char *bytes = jsonio_get_bytes(string);

	if (!bytes)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for a task name");
	*id = schedtrace_context_intern_comm(ctx, bytes, strlen(bytes), err);
	return *id < 0 ? *id : 0;
}

/* Ids in the order of their values, so that those of our own files stay what they are. */
static int add_comms(struct id_map *map, struct schedtrace_context *ctx, json_t *object,
		     struct schedtrace_error *err)
{
	auto_free const char **names = NULL;
	int32_t n = 0;
	const char *name;
	json_t *value;

	json_object_foreach(object, name, value)
	{
		json_int_t id = json_integer_value(value);

		if (!json_is_integer(value) || id < 0 || id > MAX_COMM_ID)
			return error_set(err, SCHEDTRACE_E_FORMAT,
					 "the id of \"%.64s\" is no integer within 0 to %d", name,
					 MAX_COMM_ID);
		if (id >= n)
			n = (int32_t)id + 1;
	}
	names = calloc((size_t)n + 1, sizeof(*names));
	if (!names)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for task names");
	json_object_foreach(object, name, value)
	{
		json_int_t id = json_integer_value(value);

		if (names[id])
			return error_set(err, SCHEDTRACE_E_FORMAT,
					 "\"%.64s\" and \"%.64s\" have the same id", names[id],
					 name);
		names[id] = name;
	}
	for (int32_t id = 0; id < n; id++) {
		int32_t own = 0;
		int r;

		if (!names[id])
			continue;
		r = intern_bytes(ctx, names[id], &own, err);
		if (r < 0)
			return r;
		if (!id_map_set(map, id, own))
			return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for task names");
	}
	/* 0 is unknown unless the file gives it to a name. */
	if ((map->n == 0 || map->own[0] < 0) && !id_map_set(map, 0, 0))
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for task names");
	id_map_finish(map);
	return 0;
}

int members_get_comm(struct id_map *map, struct schedtrace_context *ctx, const char *text, size_t n,
		     struct schedtrace_error *err)
{
	json_t *object;
	int r = jsonio_parse(&object, text, n, err);

	if (r < 0)
		return r;
	if (json_is_object(object))
		r = add_comms(map, ctx, object, err);
	else
		r = error_set(err, SCHEDTRACE_E_FORMAT, "not an object of names and ids");
	json_decref(object);
	return r;
}

static int get_int32(const json_t *object, const char *key, int64_t min, int32_t *out,
		     struct schedtrace_error *err)
{
	int64_t value = *out;
	int r = jsonio_int(object, key, min, INT32_MAX, &value, err);

	*out = (int32_t)value;
	return r;
}

static int get_names(struct schedtrace_context *ctx, const json_t *list,
		     struct schedtrace_task *task, struct schedtrace_task_name **names,
		     struct schedtrace_error *err)
{
	size_t n = json_array_size(list);

	if (!list)
		return 0;
	*names = calloc(n + 1, sizeof(**names));
	if (!*names)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for task names");
	for (size_t i = 0; i < n; i++) {
		const json_t *pair = json_array_get(list, i);
		const json_t *time = json_array_get(pair, 0), *name = json_array_get(pair, 1);
		int r;

		if (json_array_size(pair) != 2 || !json_is_integer(time) || !json_is_string(name))
			return error_set(err, SCHEDTRACE_E_FORMAT,
					 "names is no list of [time, name]");
		(*names)[i].time_ns = json_integer_value(time);
		r = intern_bytes(ctx, json_string_value(name), &(*names)[i].comm, err);
		if (r < 0)
			return r;
	}
	task->n_names = n;
	task->names = *names;
	return 0;
}

static int get_task(void *user, json_t *value, struct schedtrace_error *err)
{
	struct schedtrace_task task = SCHEDTRACE_TASK_UNKNOWN;
	auto_free struct schedtrace_task_name *names = NULL;
	struct schedtrace_context *ctx = user;
	const char *comm, *state;
	const json_t *rss;
	int r;

	if (!json_is_integer(json_object_get(value, "pid")))
		return error_set(err, SCHEDTRACE_E_FORMAT, "a task without a pid");
	if ((r = get_int32(value, "pid", 1, &task.pid, err)) < 0 ||
	    (r = jsonio_int(value, "start_ns", INT64_MIN, INT64_MAX, &task.start_ns, err)) < 0 ||
	    (r = jsonio_int(value, "seen_ns", INT64_MIN, INT64_MAX, &task.seen_ns, err)) < 0 ||
	    (r = jsonio_int(value, "end_ns", INT64_MIN, INT64_MAX, &task.end_ns, err)) < 0 ||
	    (r = get_int32(value, "tgid", -1, &task.tgid, err)) < 0 ||
	    (r = get_int32(value, "ppid", -1, &task.ppid, err)) < 0 ||
	    (r = get_int32(value, "exit_code", -1, &task.exit_code, err)) < 0 ||
	    (r = get_int32(value, "command_tree", -1, &task.command_tree, err)) < 0 ||
	    (r = get_int32(value, "cpu", -1, &task.cpu, err)) < 0 ||
	    (r = jsonio_int(value, "state_ns", INT64_MIN, INT64_MAX, &task.state_ns, err)) < 0 ||
	    (r = get_int32(value, "nice", -20, &task.nice, err)) < 0 ||
	    (r = get_int32(value, "rt_priority", -1, &task.rt_priority, err)) < 0)
		return error_prefix(err, r, "pid %d", task.pid);
	comm = json_string_value(json_object_get(value, "comm"));
	if (comm)
		r = intern_bytes(ctx, comm, &task.comm, err);
	if (r == 0)
		r = get_names(ctx, json_object_get(value, "names"), &task, &names, err);
	if (r < 0)
		return error_prefix(err, r, "pid %d", task.pid);
	state = json_string_value(json_object_get(value, "state"));
	if (state)
		task.state = (unsigned char)*state;
	task.policy = json_string_value(json_object_get(value, "policy"));
	task.affinity = json_string_value(json_object_get(value, "affinity"));
	if (task.affinity && !cpulist_valid(task.affinity))
		return error_set(err, SCHEDTRACE_E_FORMAT,
				 "pid %d: affinity \"%.64s\" is no list of CPUs", task.pid,
				 task.affinity);
	rss = json_object_get(value, "rss_bytes");
	for (size_t i = 0; i < 4; i++)
		if (json_is_integer(json_array_get(rss, i)))
			task.rss_bytes[i] = json_integer_value(json_array_get(rss, i));
	return schedtrace_context_add_task(ctx, &task, err);
}

int members_get_tasks(struct schedtrace_context *ctx, const char *text, size_t n,
		      struct schedtrace_error *err)
{
	return jsonio_each(text, n, get_task, ctx, err);
}

static int get_cpus(struct schedtrace_context *ctx, const json_t *list,
		    struct schedtrace_error *err)
{
	for (size_t i = 0; i < json_array_size(list); i++) {
		struct schedtrace_cpu cpu = SCHEDTRACE_CPU_UNKNOWN;
		const json_t *value = json_array_get(list, i);
		const json_t *caches = json_object_get(value, "caches");
		int r;

		if ((r = get_int32(value, "cpu", 0, &cpu.cpu, err)) < 0 ||
		    (r = get_int32(value, "core", -1, &cpu.core, err)) < 0 ||
		    (r = get_int32(value, "package", -1, &cpu.package, err)) < 0 ||
		    (r = get_int32(value, "node", -1, &cpu.node, err)) < 0 ||
		    (r = jsonio_int(value, "read", -1, INT64_MAX, &cpu.read, err)) < 0 ||
		    (r = jsonio_int(value, "lost", -1, INT64_MAX, &cpu.lost, err)) < 0)
			return r;
		for (size_t l = 0; l < SCHEDTRACE_CACHE_LEVELS; l++) {
			json_int_t id = json_integer_value(json_array_get(caches, l));

			if (json_is_integer(json_array_get(caches, l)) && id >= 0 &&
			    id <= INT32_MAX)
				cpu.caches[l] = (int32_t)id;
		}
		if (cpu.cpu < 0 || cpu.cpu > CONTEXT_MAX_CPU)
			return error_set(err, SCHEDTRACE_E_FORMAT, "CPU id %d", cpu.cpu);
		r = schedtrace_context_set_cpu(ctx, &cpu, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int get_meta(struct schedtrace_context *ctx, const json_t *meta,
		    struct schedtrace_error *err)
{
	struct schedtrace_info info = *schedtrace_context_info(ctx);
	char *strings[CONTEXT_INFO_STRINGS] = { NULL };
	int64_t version = META_FORMAT_VERSION;
	int r;

	if (!json_is_object(meta))
		return error_set(err, SCHEDTRACE_E_FORMAT, "not an object");
	r = jsonio_int(meta, "format_version", 1, INT64_MAX, &version, err);
	if (r < 0)
		return r;
	if (version > META_FORMAT_VERSION)
		return error_set(err, SCHEDTRACE_E_UNSUPPORTED,
				 "format version %lld, this is schedtrace %s and reads up to %d: "
				 "use a newer one",
				 (long long)version, schedtrace_version(), META_FORMAT_VERSION);
	if ((r = get_int32(meta, "cpus", 0, &info.cpus, err)) < 0 ||
	    (r = get_int32(meta, "page_size", 0, &info.page_size, err)) < 0 ||
	    (r = jsonio_int(meta, "memory_bytes", 0, INT64_MAX, &info.memory_bytes, err)) < 0 ||
	    (r = jsonio_int(meta, "memory_and_swap_bytes", 0, INT64_MAX,
			    &info.memory_and_swap_bytes, err)) < 0 ||
	    (r = jsonio_int(meta, "begin_ns", INT64_MIN, INT64_MAX, &info.begin_ns, err)) < 0 ||
	    (r = jsonio_int(meta, "end_ns", INT64_MIN, INT64_MAX, &info.end_ns, err)) < 0 ||
	    (r = jsonio_int(meta, "wall_offset_begin_ns", INT64_MIN, INT64_MAX,
			    &info.wall_offset_begin_ns, err)) < 0 ||
	    (r = jsonio_int(meta, "wall_offset_end_ns", INT64_MIN, INT64_MAX,
			    &info.wall_offset_end_ns, err)) < 0 ||
	    (r = jsonio_int(meta, "tsc_hz", 0, INT64_MAX, &info.tsc_hz, err)) < 0 ||
	    (r = jsonio_int(meta, "timer_hz", 0, 1000000, &info.timer_hz, err)) < 0 ||
	    (r = jsonio_int(meta, "buffer_kb", 0, INT64_MAX, &info.buffer_kb, err)) < 0 ||
	    (r = get_cpus(ctx, json_object_get(meta, "cpu"), err)) < 0)
		return r;
	for (size_t i = 0; r == 0 && i < CONTEXT_INFO_STRINGS; i++) {
		const json_t *value = json_object_get(meta, context_info_strings[i].name);

		if (!json_is_string(value))
			continue;
		strings[i] = jsonio_get_bytes(json_string_value(value));
		if (!strings[i])
			r = error_set(err, SCHEDTRACE_E_NOMEM, "no memory for its strings");
		*(const char **)((char *)&info + context_info_strings[i].offset) = strings[i];
	}
	if (r == 0)
		r = schedtrace_context_set_info(ctx, &info, err);
	for (size_t i = 0; i < CONTEXT_INFO_STRINGS; i++)
		free(strings[i]);
	return r;
}

int members_get_meta(struct schedtrace_context *ctx, const char *text, size_t n,
		     struct schedtrace_error *err)
{
	json_t *meta;
	int r = jsonio_parse(&meta, text, n, err);

	if (r < 0)
		return r;
	r = get_meta(ctx, meta, err);
	json_decref(meta);
	return r;
}
