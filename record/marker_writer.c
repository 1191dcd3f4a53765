/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "record/marker_writer.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include <jansson.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "config.h"
#include "record/tracefs/clocks.h"
#include "tracedat/markers.h"

_Static_assert(sizeof(struct marker_header) == 16, "layout of the file format");
_Static_assert(sizeof(struct marker_task) == 80, "layout of the file format");
_Static_assert(sizeof(struct marker_sample) == 104, "layout of the file format");
_Static_assert(sizeof(struct marker_hotplug) == 8, "layout of the file format");
_Static_assert(sizeof(struct marker_unread) == 8, "layout of the file format");
_Static_assert(sizeof(struct marker_file) == 24, "layout of the file format");
_Static_assert(MARKER_SAMPLES_MAX * sizeof(struct marker_sample) <= MARKER_PAYLOAD_MAX, "one part");

/* Writes @data in as many parts as it needs; no part is cut within @unit bytes. */
static int write_parts(int fd, enum marker_kind kind, const void *data, size_t bytes, size_t unit,
		       struct schedtrace_error *err)
{
	size_t most = MARKER_PAYLOAD_MAX - MARKER_PAYLOAD_MAX % unit;
	size_t parts = bytes ? (bytes + most - 1) / most : 1;
	const char *p = data;

	if (fd < 0)
		return 0; /* a recording of an old kernel does without */
	if (parts > UINT16_MAX)
		return error_set(err, SCHEDTRACE_E_LIMIT, "a marker of %zu bytes", bytes);
	for (size_t part = 0; part < parts; part++) {
		size_t n = bytes < most ? bytes : most;
		char record[sizeof(struct marker_header) + MARKER_PAYLOAD_MAX]
			__attribute__((aligned(8)));
		struct marker_header header = { .id = MARKER_ID,
						.kind = (uint16_t)kind,
						.bytes = (uint16_t)n,
						.part = (uint16_t)part,
						.parts = (uint16_t)parts };
		ssize_t written;

		memcpy(record, &header, sizeof(header));
		memcpy(record + sizeof(header), p, n);
		written = write(fd, record, sizeof(header) + n);
		if (written < 0)
			return error_errno(err, SCHEDTRACE_E_IO, errno, "trace_marker_raw");
		if ((size_t)written != sizeof(header) + n)
			return error_set(err, SCHEDTRACE_E_UNSUPPORTED,
					 "trace_marker_raw took %zd of %zu bytes", written,
					 sizeof(header) + n);
		p += n;
		bytes -= n;
	}
	return 0;
}

char *marker_escape(const char *text)
{
	char *out = malloc(4 * strlen(text) + 1);
	char *p = out;

	while (out && *text) {
		size_t n = utf8_decode(text, NULL);

		if (n) {
			memcpy(p, text, n);
			p += n;
			text += n;
		} else {
			p += sprintf(p, "\\x%02x", (unsigned char)*text++);
		}
	}
	if (out)
		*p = '\0';
	return out;
}

static json_t *text_of(const char *text)
{
	auto_free char *escaped = marker_escape(text);

	return escaped ? json_string(escaped) : NULL;
}

/* The trace's clock and the wall's, read together. */
static void set_clocks(json_t *object, const char *clock, int64_t trace_ns, int64_t ago_ns)
{
	struct clocks now;
	int64_t ns;
	bool known;

	clocks_read(&now);
	known = clocks_by_name(&now, clock, &ns);
	if (trace_ns) {
		now.wall -= known ? ns - trace_ns : ago_ns;
		now.tsc = 0;
		ns = trace_ns;
	}
	json_object_set_new(object, "trace_ns", known || trace_ns ? json_integer(ns) : json_null());
	if (now.tsc)
		json_object_set_new(object, "tsc", json_integer((json_int_t)now.tsc));
	json_object_set_new(object, "wall_ns", json_integer(now.wall));
}

static int64_t read_number(const char *format, int cpu)
{
	auto_fclose FILE *f = NULL;
	char path[128];
	long long v = -1;

	snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%d/%s", cpu, format);
	f = fopen(path, "re");
	if (!f || fscanf(f, "%lld", &v) != 1)
		return -1;
	return v;
}

static int64_t node_of(int cpu)
{
	struct dirent *entry;
	char path[64];
	int node = -1;
	DIR *dir;

	snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%d", cpu);
	dir = opendir(path);
	while (dir && (entry = readdir(dir)))
		if (sscanf(entry->d_name, "node%d", &node) == 1)
			break;
	if (dir)
		closedir(dir);
	return node;
}

/* Id of the cache of this level that holds data, -1 unknown. */
static int64_t cache_of(int cpu, int level)
{
	for (int i = 0; i < 16; i++) {
		char path[64];
		int64_t found;

		snprintf(path, sizeof(path), "cache/index%d/level", i);
		found = read_number(path, cpu);
		if (found < 0)
			return -1;
		snprintf(path, sizeof(path), "cache/index%d/id", i);
		if (found == level)
			return read_number(path, cpu);
	}
	return -1;
}

static json_t *cpu_of(int cpu)
{
	return json_pack("{s:i, s:I, s:I, s:I, s:I, s:I}", "cpu", cpu, "core",
			 (json_int_t)read_number("topology/core_id", cpu), "package",
			 (json_int_t)read_number("topology/physical_package_id", cpu), "node",
			 (json_int_t)node_of(cpu), "l2", (json_int_t)cache_of(cpu, 2), "l3",
			 (json_int_t)cache_of(cpu, 3));
}

static json_t *cpus_of(const struct instance *in)
{
	json_t *cpus = json_array();

	for (int cpu = 0; cpu < in->n_cpus; cpu++)
		if (in->has_cpu[cpu])
			json_array_append_new(cpus, cpu_of(cpu));
	return cpus;
}

static json_t *names_of(const struct event_list *events)
{
	json_t *names = json_array();

	for (size_t i = 0; i < events->n; i++)
		json_array_append_new(names, json_sprintf("%s:%s", events->items[i].system,
							  events->items[i].name));
	return names;
}

static json_t *recorded_cpus(const struct marker_begin *b)
{
	json_t *cpus = b->cpus ? json_array() : json_null();

	for (int cpu = 0; b->cpus && cpu < b->instance->n_cpus; cpu++)
		if (b->cpus[cpu])
			json_array_append_new(cpus, json_integer(cpu));
	return cpus;
}

static json_t *pids_of(const struct attach *a)
{
	json_t *pids = json_array();

	for (size_t i = 0; i < a->n_named; i++)
		json_array_append_new(pids, json_integer(a->pids[i]));
	return pids;
}

int marker_write_json(int fd, enum marker_kind kind, json_t *object, struct schedtrace_error *err)
{
	auto_free char *text = object ? json_dumps(object, JSON_COMPACT) : NULL;

	json_decref(object);
	if (!text)
		return error_set(err, SCHEDTRACE_E_NOMEM, "out of memory");
	return write_parts(fd, kind, text, strlen(text), 1, err);
}

/* The clock that the timer's ticks advance is as coarse as they are. */
static int64_t timer_hz(void)
{
	struct timespec tick;

	if (clock_getres(CLOCK_MONOTONIC_COARSE, &tick) != 0 || tick.tv_sec || tick.tv_nsec <= 0)
		return 0;
	return (1000000000 + tick.tv_nsec / 2) / tick.tv_nsec;
}

/* What the machine's processes can hold at most; 0 if the kernel does not say. */
static int64_t memory_and_swap_bytes(void)
{
	struct sysinfo info;

	if (sysinfo(&info) != 0)
		return 0;
	return ((int64_t)info.totalram + (int64_t)info.totalswap) * info.mem_unit;
}

int marker_write_begin(const struct marker_begin *b, struct schedtrace_error *err)
{
	json_t *object = json_object(), *command = json_array(), *missing = json_array();
	struct utsname u;

	if (uname(&u) != 0)
		return error_errno(err, SCHEDTRACE_E_IO, errno, "uname");
	for (char *const *word = b->command; word && *word; word++)
		json_array_append_new(command, text_of(*word));
	for (size_t i = 0; i < b->events->n_missing; i++)
		json_array_append_new(missing, text_of(b->events->missing[i]));
	json_object_set_new(object, "tool", json_string("schedrec " SCHEDTRACE_VERSION));
	json_object_set_new(object, "command", command);
	json_object_set_new(object, "host", text_of(u.nodename));
	json_object_set_new(object, "release", text_of(u.release));
	json_object_set_new(object, "machine", text_of(u.machine));
	json_object_set_new(object, "clock", json_string(b->clock));
	json_object_set_new(object, "timer_hz", json_integer(timer_hz()));
	json_object_set_new(object, "page_size", json_integer(sysconf(_SC_PAGESIZE)));
	json_object_set_new(
		object, "memory_bytes",
		json_integer((json_int_t)sysconf(_SC_PHYS_PAGES) * sysconf(_SC_PAGESIZE)));
	json_object_set_new(object, "memory_and_swap_bytes", json_integer(memory_and_swap_bytes()));
	json_object_set_new(object, "buffer_kb", json_integer(b->instance->buffer_kb));
	json_object_set_new(object, "cpus", cpus_of(b->instance));
	json_object_set_new(object, "events", names_of(b->events));
	json_object_set_new(object, "missing", missing);
	if (b->events->stacks || b->events->user_stacks)
		json_object_set_new(object, "stacks", json_true());
	json_object_set_new(object, "command_pid",
			    b->command_pid ? json_integer(b->command_pid) : json_null());
	json_object_set_new(object, "pids", pids_of(b->attach));
	json_object_set_new(object, "cgroup",
			    b->attach->cgroup ? text_of(b->attach->cgroup) : json_null());
	json_object_set_new(object, "only", json_boolean(b->only));
	json_object_set_new(object, "whole", json_boolean(b->whole));
	json_object_set_new(object, "recorded_cpus", recorded_cpus(b));
	json_object_set_new(object, "recorder_pid", json_integer(getpid()));
	set_clocks(object, b->clock, b->trace_ns, b->ago_ns);
	return marker_write_json(b->instance->marker_fd, MARKER_BEGIN, object, err);
}

int marker_write_tasks(const struct instance *in, const struct task_list *tasks,
		       struct schedtrace_error *err)
{
	return write_parts(in->marker_fd, MARKER_TASKS, tasks->items,
			   tasks->n * sizeof(*tasks->items), sizeof(*tasks->items), err);
}

int marker_write_samples(int marker_fd, const struct marker_sample *samples, size_t n,
			 struct schedtrace_error *err)
{
	return write_parts(marker_fd, MARKER_SAMPLES, samples, n * sizeof(*samples),
			   sizeof(*samples), err);
}

int marker_write_maps(int marker_fd, const void *maps, size_t bytes, struct schedtrace_error *err)
{
	return write_parts(marker_fd, MARKER_MAPS, maps, bytes, bytes, err);
}

int marker_write_hotplug(int marker_fd, int cpu, bool online, struct schedtrace_error *err)
{
	struct marker_hotplug change = { .cpu = cpu, .online = online };

	return write_parts(marker_fd, MARKER_HOTPLUG, &change, sizeof(change), sizeof(change), err);
}

int marker_write_unread(int marker_fd, int cpu, int errnum, struct schedtrace_error *err)
{
	struct marker_unread unread = { .cpu = cpu, .errnum = errnum };

	return write_parts(marker_fd, MARKER_UNREAD, &unread, sizeof(unread), sizeof(unread), err);
}

int marker_write_file(int marker_fd, const struct kept_file *file, size_t *done,
		      struct schedtrace_error *err)
{
	char payload[MARKER_PAYLOAD_MAX];
	size_t name_bytes = strlen(file->name);
	size_t head = sizeof(struct marker_file) + name_bytes, n = file->n - *done;
	struct marker_file piece = { .offset = *done,
				     .size = file->size,
				     .name_bytes = (uint16_t)name_bytes };
	int r;

	if (name_bytes > FILE_NAME_MAX)
		return error_set(err, SCHEDTRACE_E_LIMIT, "a name of %zu bytes", name_bytes);
	if (n > sizeof(payload) - head)
		n = sizeof(payload) - head;
	piece.bytes = (uint32_t)n;
	piece.flags = *done + n == file->n ? FILE_END : 0;
	memcpy(payload, &piece, sizeof(piece));
	memcpy(payload + sizeof(piece), file->name, name_bytes);
	if (n)
		memcpy(payload + head, file->data + *done, n);
	r = write_parts(marker_fd, MARKER_FILE, payload, head + n, head + n, err);
	if (r < 0)
		return r;
	*done += n;
	return *done < file->n;
}

int marker_write_end(const struct instance *in, const char *clock, int wait_status,
		     const char *reason, struct schedtrace_error *err)
{
	json_t *object = json_object();

	set_clocks(object, clock, 0, 0);
	json_object_set_new(object, "exit_status",
			    wait_status < 0 ? json_null() : json_integer(wait_status));
	json_object_set_new(object, "reason", json_string(reason));
	return marker_write_json(in->marker_fd, MARKER_END, object, err);
}
