/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>

#include "base/jsonio.h"
#include "libschedtrace/context.h"
#include "libschedtrace/tarball/members.h"

/* All of SchedLog's names must be there, and no blank line: other readers rely on both. */
void members_put_start(FILE *f, const struct schedtrace_context *ctx)
{
	const char *name;

	for (int32_t id = 0; (name = schedtrace_context_event_name(ctx, id)); id++)
		fprintf(f, "%s%d %s", id ? "\n" : "", id, name);
	fputc('\n', f);
}

void members_put_comm(FILE *f, const struct schedtrace_context *ctx)
{
	fputc('{', f);
	for (int32_t id = 1; id <= schedtrace_context_comms(ctx); id++) {
		fputs(id > 1 ? ",\n" : "\n", f);
		jsonio_put_bytes(f, schedtrace_context_comm(ctx, id));
		fprintf(f, ": %d", id);
	}
	fputs("\n}\n", f);
}

static void put_int(FILE *f, const char *key, int64_t value, int64_t unknown)
{
	if (value != unknown)
		fprintf(f, ", \"%s\": %" PRId64, key, value);
}

static void put_bytes(FILE *f, const char *key, const char *bytes)
{
	if (!bytes)
		return;
	fprintf(f, ", \"%s\": ", key);
	jsonio_put_bytes(f, bytes);
}

static void put_names(FILE *f, const struct schedtrace_context *ctx,
		      const struct schedtrace_task *task)
{
	if (task->n_names == 0)
		return;
	fputs(", \"names\": [", f);
	for (size_t i = 0; i < task->n_names; i++) {
		const char *comm = schedtrace_context_comm(ctx, task->names[i].comm);

		fprintf(f, "%s[%" PRId64 ", ", i ? ", " : "", task->names[i].time_ns);
		jsonio_put_bytes(f, comm ? comm : "");
		fputc(']', f);
	}
	fputc(']', f);
}

static void put_rss(FILE *f, const int64_t rss[4])
{
	bool known = false;

	for (int i = 0; i < 4; i++)
		known |= rss[i] != INT64_MIN;
	if (!known)
		return;
	for (int i = 0; i < 4; i++) {
		fputs(i ? ", " : ", \"rss_bytes\": [", f);
		if (rss[i] == INT64_MIN)
			fputs("null", f);
		else
			fprintf(f, "%" PRId64, rss[i]);
	}
	fputc(']', f);
}

static void put_task(FILE *f, const struct schedtrace_context *ctx,
		     const struct schedtrace_task *task)
{
	char state[2] = { (char)task->state, '\0' };

	fprintf(f, "{\"pid\": %d", task->pid);
	put_int(f, "start_ns", task->start_ns, INT64_MIN);
	put_int(f, "seen_ns", task->seen_ns, INT64_MIN);
	put_int(f, "end_ns", task->end_ns, INT64_MIN);
	put_int(f, "tgid", task->tgid, -1);
	put_int(f, "ppid", task->ppid, -1);
	put_bytes(f, "comm", schedtrace_context_comm(ctx, task->comm));
	put_names(f, ctx, task);
	put_int(f, "exit_code", task->exit_code, -1);
	put_int(f, "command_tree", task->command_tree, -1);
	put_int(f, "cpu", task->cpu, -1);
	put_bytes(f, "state", task->state > 0 && task->state < 128 ? state : NULL);
	put_int(f, "state_ns", task->state_ns, INT64_MIN);
	put_bytes(f, "policy", task->policy);
	put_int(f, "nice", task->nice, INT32_MIN);
	put_int(f, "rt_priority", task->rt_priority, -1);
	put_bytes(f, "affinity", task->affinity);
	put_rss(f, task->rss_bytes);
	fputc('}', f);
}

/* A line a task life. */
void members_put_tasks(FILE *f, const struct schedtrace_context *ctx)
{
	size_t n;
	const struct schedtrace_task *tasks = schedtrace_context_tasks(ctx, &n);

	fputc('[', f);
	for (size_t i = 0; i < n; i++) {
		fputs(i ? ",\n" : "\n", f);
		put_task(f, ctx, &tasks[i]);
	}
	fputs("\n]\n", f);
}

static void put_caches(FILE *f, const int32_t caches[SCHEDTRACE_CACHE_LEVELS])
{
	int n = SCHEDTRACE_CACHE_LEVELS;

	while (n > 0 && caches[n - 1] < 0)
		n--;
	for (int i = 0; i < n; i++) {
		fputs(i ? ", " : ", \"caches\": [", f);
		if (caches[i] < 0)
			fputs("null", f);
		else
			fprintf(f, "%d", caches[i]);
	}
	if (n)
		fputc(']', f);
}

static void put_cpus(FILE *f, const struct schedtrace_context *ctx)
{
	size_t n;
	const struct schedtrace_cpu *cpus = schedtrace_context_cpus(ctx, &n);

	fputs(", \"cpu\": [", f);
	for (size_t i = 0; i < n; i++) {
		fprintf(f, "%s\n{\"cpu\": %d", i ? "," : "", cpus[i].cpu);
		put_int(f, "core", cpus[i].core, -1);
		put_int(f, "package", cpus[i].package, -1);
		put_int(f, "node", cpus[i].node, -1);
		put_int(f, "read", cpus[i].read, -1);
		put_int(f, "lost", cpus[i].lost, -1);
		put_caches(f, cpus[i].caches);
		fputc('}', f);
	}
	fputs("]", f);
}

void members_put_meta(FILE *f, const struct schedtrace_context *ctx)
{
	const struct schedtrace_info *info = schedtrace_context_info(ctx);

	fprintf(f, "{\"format_version\": %d", META_FORMAT_VERSION);
	put_bytes(f, "written_by", "schedtrace");
	put_bytes(f, "written_by_version", schedtrace_version());
	put_int(f, "cpus", info->cpus, 0);
	put_int(f, "page_size", info->page_size, 0);
	put_int(f, "memory_bytes", info->memory_bytes, 0);
	put_int(f, "memory_and_swap_bytes", info->memory_and_swap_bytes, 0);
	put_int(f, "begin_ns", info->begin_ns, INT64_MIN);
	put_int(f, "end_ns", info->end_ns, INT64_MIN);
	put_int(f, "wall_offset_begin_ns", info->wall_offset_begin_ns, INT64_MIN);
	put_int(f, "wall_offset_end_ns", info->wall_offset_end_ns, INT64_MIN);
	put_int(f, "tsc_hz", info->tsc_hz, 0);
	put_int(f, "timer_hz", info->timer_hz, 0);
	put_int(f, "buffer_kb", info->buffer_kb, 0);
	for (size_t i = 0; i < CONTEXT_INFO_STRINGS; i++)
		put_bytes(f, context_info_strings[i].name,
			  *(const char *const *)((const char *)info +
						 context_info_strings[i].offset));
	put_cpus(f, ctx);
	fputs("}\n", f);
}
