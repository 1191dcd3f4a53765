/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "record/proc/snapshot.h"

#include <errno.h>
#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <jansson.h>

#include "base/error.h"
#include "base/mem.h"
#include "record/marker_writer.h"
#include "record/proc/cpu_frequency.h"
#include "record/proc/file_json.h"

#define CPUS_MAX  8192
#define INDEX_MAX 16 /* caches of a CPU */

/* ---- the machine ---------------------------------------------------------------------- */

/* Lines "NAME: NUMBER kB" as bytes. */
static json_t *memory_json(void)
{
	auto_fclose FILE *f = fopen("/proc/meminfo", "re");
	json_t *object = json_object();
	char line[256], name[64];
	int64_t kb;

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "%63[^:]: %" SCNd64 " kB", name, &kb) == 2 && strstr(line, " kB"))
			json_object_set_new(object, name, json_integer(kb * 1024));
	return object;
}

/* One for all CPUs that share it: the first of them tells. */
static void add_caches(json_t *caches, int cpu)
{
	for (int i = 0; i < INDEX_MAX; i++) {
		auto_free char *shared = NULL;
		char path[128];
		json_t *cache;
		size_t n;

		n = (size_t)snprintf(path, sizeof(path),
				     "/sys/devices/system/cpu/cpu%d/cache/index%d/", cpu, i);
		snprintf(path + n, sizeof(path) - n, "shared_cpu_list");
		shared = file_read(path);
		if (!shared)
			return;
		if (atoi(shared) != cpu)
			continue;
		cache = json_object();
		json_object_set_new(cache, "cpus", text_json(shared));
		snprintf(path + n, sizeof(path) - n, "level");
		json_object_set_new(cache, "level", file_json(path));
		snprintf(path + n, sizeof(path) - n, "type");
		json_object_set_new(cache, "type", file_json(path));
		snprintf(path + n, sizeof(path) - n, "size");
		json_object_set_new(cache, "size", file_json(path));
		json_array_append_new(caches, cache);
	}
}

static json_t *cpus_json(void)
{
	static const char *const names[] = { "possible", "present", "online", "isolated" };
	json_t *object = json_object(), *caches = json_array();

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char path[64];

		snprintf(path, sizeof(path), "/sys/devices/system/cpu/%s", names[i]);
		json_object_set_new(object, names[i], file_json(path));
	}
	for (long cpu = 0, n = sysconf(_SC_NPROCESSORS_CONF); cpu < n && cpu < CPUS_MAX; cpu++)
		add_caches(caches, (int)cpu);
	json_object_set_new(object, "caches", caches);
	json_object_set_new(object, "frequency", cpu_frequency_json("/sys/devices/system/cpu"));
	return object;
}

static json_t *clocks_json(const struct clocks *c)
{
	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "mono", (json_int_t)c->mono,
			 "mono_raw", (json_int_t)c->mono_raw, "boot", (json_int_t)c->boot, "tai",
			 (json_int_t)c->tai, "wall", (json_int_t)c->wall, "tsc", (json_int_t)c->tsc,
			 "spread_ns", (json_int_t)c->spread_ns);
}

/* ---- tasks ---------------------------------------------------------------------------- */

/* As the kernel's lists are written: "0,2-3". */
static json_t *affinity_json(pid_t tid)
{
	static cpu_set_t set[CPUS_MAX / CPU_SETSIZE]; /* one thread takes snapshots */
	auto_free char *text = NULL;
	size_t bytes;
	FILE *out;

	if (sched_getaffinity(tid, sizeof(set), set) != 0 || !(out = open_memstream(&text, &bytes)))
		return json_null();
	for (int cpu = 0; cpu < CPUS_MAX; cpu++) {
		int last = cpu;

		if (!CPU_ISSET_S((size_t)cpu, sizeof(set), set))
			continue;
		while (last + 1 < CPUS_MAX && CPU_ISSET_S((size_t)last + 1, sizeof(set), set))
			last++;
		fprintf(out, "%s%d", ftell(out) ? "," : "", cpu);
		if (last > cpu)
			fprintf(out, "-%d", last);
		cpu = last;
	}
	if (fclose(out) != 0)
		return json_null();
	return json_string(text);
}

static const char *policy_name(int policy)
{
	static const char *const names[] = { "other", "fifo", "rr",	  "batch",
					     "iso",   "idle", "deadline", "ext" };

	policy &= ~SCHED_RESET_ON_FORK;
	return policy >= 0 && policy < (int)(sizeof(names) / sizeof(names[0])) ? names[policy]
									       : "unknown";
}

static json_t *task_json(const struct marker_task *t)
{
	struct sched_param param = { 0 };
	int policy = sched_getscheduler(t->pid);
	char state[2] = { (char)t->state, '\0' };
	int nice;

	sched_getparam(t->pid, &param);
	errno = 0;
	nice = getpriority(PRIO_PROCESS, (id_t)t->pid);
	if (policy < 0 || errno) /* it has ended */
		return NULL;
	return json_pack("[i, i, i, o, s, i, s, i, i, o]", t->pid, t->tgid, t->ppid,
			 text_json(t->comm), state, t->cpu, policy_name(policy), nice,
			 param.sched_priority, affinity_json(t->pid));
}

/* "Name:	value" lines of /proc/PID/status as an object. */
static json_t *status_json(const char *path)
{
	auto_free char *text = file_read(path);
	json_t *object = json_object();
	char *rest = NULL;

	if (!text)
		return object;
	for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		char *colon = strchr(line, ':');

		if (!colon)
			continue;
		*colon = '\0';
		json_object_set_new(object, line, text_json(colon + 1 + strspn(colon + 1, " \t")));
	}
	return object;
}

/* "Max cpu time   unlimited   unlimited   seconds": columns begin below those of the heading. */
static json_t *limits_json(const char *path)
{
	auto_free char *text = file_read(path);
	json_t *object = json_object();
	char *rest = NULL, *line = text ? strtok_r(text, "\n", &rest) : NULL;
	const char *soft = line ? strstr(line, "Soft Limit") : NULL;
	size_t at = soft ? (size_t)(soft - line) : 0;

	while (at && (line = strtok_r(NULL, "\n", &rest))) {
		char values[2][32], *end;

		if (strlen(line) <= at || sscanf(line + at, "%31s %31s", values[0], values[1]) != 2)
			continue;
		for (end = line + at; end > line && end[-1] == ' '; end--)
			;
		*end = '\0';
		json_object_set_new(object, line, json_pack("[s, s]", values[0], values[1]));
	}
	return object;
}

static json_t *process_json(pid_t pid)
{
	json_t *object = json_object();
	char path[64];
	size_t n = (size_t)snprintf(path, sizeof(path), "/proc/%d/", pid);

	json_object_set_new(object, "pid", json_integer(pid));
	snprintf(path + n, sizeof(path) - n, "cgroup");
	json_object_set_new(object, "cgroup", file_json(path));
	snprintf(path + n, sizeof(path) - n, "status");
	json_object_set_new(object, "status", status_json(path));
	snprintf(path + n, sizeof(path) - n, "limits");
	json_object_set_new(object, "limits", limits_json(path));
	return object;
}

/* ---- all ------------------------------------------------------------------------------ */

int snapshot_write(int marker_fd, bool end, const struct task_list *tasks,
		   const struct clocks *clocks, struct schedtrace_error *err)
{
	static const char *const columns[] = { "pid", "tgid",	"ppid", "comm",	       "state",
					       "cpu", "policy", "nice", "rt_priority", "affinity" };
	json_t *object, *names, *list, *processes;

	if (marker_fd < 0)
		return 0; /* a recording of an old kernel does without */
	object = json_object();
	names = json_array();
	list = json_array();
	processes = json_array();
	for (size_t i = 0; i < sizeof(columns) / sizeof(columns[0]); i++)
		json_array_append_new(names, json_string(columns[i]));
	for (size_t i = 0; i < tasks->n; i++) {
		const struct marker_task *t = &tasks->items[i];
		json_t *row = task_json(t);

		if (row)
			json_array_append_new(list, row);
		if (row && t->pid == t->tgid && (t->flags & MARKER_TASK_TREE))
			json_array_append_new(processes, process_json(t->pid));
	}
	json_object_set_new(object, "clocks", clocks_json(clocks));
	json_object_set_new(object, "memory", memory_json());
	json_object_set_new(object, "cpus", cpus_json());
	json_object_set_new(object, "columns", names);
	json_object_set_new(object, "tasks", list);
	json_object_set_new(object, "processes", processes);
	return marker_write_json(marker_fd, end ? MARKER_SNAPSHOT_END : MARKER_SNAPSHOT_BEGIN,
				 object, err);
}
