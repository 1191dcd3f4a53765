/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "convert/start_state.h"

#include <stdlib.h>
#include <string.h>

#include "base/cpulist.h"

struct schedtrace_cpu start_state_cpu(const struct schedtrace_context *ctx, int32_t id)
{
	size_t n;
	const struct schedtrace_cpu *known = schedtrace_context_cpus(ctx, &n);
	struct schedtrace_cpu cpu = SCHEDTRACE_CPU_UNKNOWN;

	for (size_t k = 0; k < n; k++)
		if (known[k].cpu == id)
			return known[k];
	cpu.cpu = id;
	return cpu;
}

static const char *text_of(const json_t *json, const char *key)
{
	const char *text = json_string_value(json_object_get(json, key));

	return text ? text : "";
}

/* A cache that holds data is that of all CPUs that share it; the first of them names it. */
static int set_cache(struct schedtrace_context *ctx, const json_t *cache, int32_t n_cpus,
		     struct schedtrace_error *err)
{
	const char *cpus = text_of(cache, "cpus");
	int64_t level = strtol(text_of(cache, "level"), NULL, 10);
	int32_t first, last, id = -1;
	int r = 0;

	if (level < 1 || level > SCHEDTRACE_CACHE_LEVELS ||
	    strcmp(text_of(cache, "type"), "Instruction") == 0 || !cpulist_valid(cpus))
		return 0;
	while (r == 0 && cpulist_next(&cpus, &first, &last) > 0) {
		id = id < 0 ? first : id;
		for (int32_t i = first; r == 0 && i <= last && i < n_cpus; i++) {
			struct schedtrace_cpu cpu = start_state_cpu(ctx, i);

			cpu.caches[level - 1] = id;
			r = schedtrace_context_set_cpu(ctx, &cpu, err);
		}
	}
	return r;
}

/* Index of a column of the snapshot's tasks, -1 none. */
static int column_of(const json_t *snapshot, const char *name)
{
	const json_t *columns = json_object_get(snapshot, "columns");

	for (size_t i = 0; i < json_array_size(columns); i++)
		if (strcmp(name, json_string_value(json_array_get(columns, i)) ?: "") == 0)
			return (int)i;
	return -1;
}

static const json_t *cell(const json_t *row, int column)
{
	return column < 0 ? NULL : json_array_get(row, (size_t)column);
}

static int32_t int_cell(const json_t *row, int column, int32_t min, int32_t otherwise)
{
	const json_t *value = cell(row, column);
	json_int_t i = json_integer_value(value);

	return json_is_integer(value) && i >= min && i <= INT32_MAX ? (int32_t)i : otherwise;
}

int start_state_use(const json_t *snapshot, struct schedtrace_context *ctx, struct row_maker *maker,
		    int32_t n_cpus, struct schedtrace_error *err)
{
	const json_t *tasks = json_object_get(snapshot, "tasks");
	const json_t *caches = json_object_get(json_object_get(snapshot, "cpus"), "caches");
	int pid = column_of(snapshot, "pid"), policy = column_of(snapshot, "policy");
	int nice = column_of(snapshot, "nice"), rt = column_of(snapshot, "rt_priority");
	int affinity = column_of(snapshot, "affinity"), r = 0;

	for (size_t i = 0; r == 0 && i < json_array_size(caches); i++)
		r = set_cache(ctx, json_array_get(caches, i), n_cpus, err);
	for (size_t i = 0; i < json_array_size(tasks); i++) {
		const json_t *row = json_array_get(tasks, i);
		const char *cpus = json_string_value(cell(row, affinity));
		struct schedtrace_task *life =
			row_maker_life_at_start(maker, int_cell(row, pid, 1, 0));

		if (!life)
			continue;
		life->policy = json_string_value(cell(row, policy));
		life->nice = int_cell(row, nice, -20, INT32_MIN);
		life->rt_priority = int_cell(row, rt, 0, -1);
		life->affinity = cpus && cpulist_valid(cpus) ? cpus : NULL;
	}
	return r;
}
