/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "output/perfetto/perfetto_facts.h"

#include <stdio.h>

/* Numbers of Perfetto's clocks. */
enum { CLOCK_WALL = 1, CLOCK_MONO = 3, CLOCK_MONO_RAW = 5, CLOCK_BOOT = 6 };
enum { SNAPSHOT_CLOCK = 1, SNAPSHOT_PRIMARY = 2, CLOCK_ID = 1, CLOCK_TIMESTAMP = 2 };
enum { SYSTEM_NAMES = 1, SYSTEM_HZ = 3, SYSTEM_PAGE_SIZE = 6, SYSTEM_CPUS = 8 };
enum { NAMES_SYSTEM = 1, NAMES_VERSION = 2, NAMES_RELEASE = 3, NAMES_MACHINE = 4 };
enum {
	STATS_PHASE = 1,
	STATS_CPU = 2,
	CPU_STATS_CPU = 1,
	CPU_STATS_OVERRUN = 3,
	CPU_STATS_READ = 9
};
enum { PHASE_START = 1, PHASE_END = 2 };
enum { TREE_PROCESS = 1, TREE_THREAD = 2 };
enum { PROCESS_PID = 1, PROCESS_PARENT = 2, PROCESS_COMMAND = 3 };
enum { THREAD_TID = 1, THREAD_NAME = 2, THREAD_TGID = 3 };

/* The states of tasks are written as they are since then. */
#define STATES_MAJOR 4
#define STATES_MINOR 14

static int64_t begin_of(const struct schedtrace_context *ctx, int64_t first_ns)
{
	int64_t begin = schedtrace_context_info(ctx)->begin_ns;

	return begin == INT64_MIN || begin > first_ns ? first_ns : begin;
}

static void put_clock(struct proto *p, uint64_t id, int64_t time_ns)
{
	size_t clock = proto_begin(p, SNAPSHOT_CLOCK);

	proto_uint(p, CLOCK_ID, id);
	proto_uint(p, CLOCK_TIMESTAMP, (uint64_t)time_ns);
	proto_end(p, clock);
}

static void put_clocks(struct trace_file *f, const struct schedtrace_info *info, int64_t begin_ns,
		       int64_t wall_offset_ns)
{
	size_t packet = trace_file_packet(f), snapshot;
	struct proto *p = &f->packets;

	snapshot = proto_begin(p, PACKET_CLOCK_SNAPSHOT);
	put_clock(p, CLOCK_BOOT, begin_ns + f->shift_ns);
	if (info->clock && strcmp(info->clock, "mono") == 0)
		put_clock(p, CLOCK_MONO, begin_ns);
	if (info->clock && strcmp(info->clock, "mono_raw") == 0)
		put_clock(p, CLOCK_MONO_RAW, begin_ns);
	if (wall_offset_ns != INT64_MIN)
		put_clock(p, CLOCK_WALL, begin_ns + wall_offset_ns);
	proto_uint(p, SNAPSHOT_PRIMARY, CLOCK_BOOT);
	proto_end(p, snapshot);
	trace_file_packet_end(f, packet);
}

/* A reader takes the bits of states by it. */
static bool has_states_of_today(const char *release)
{
	int major, minor;

	return release && sscanf(release, "%d.%d", &major, &minor) == 2 &&
	       (major > STATES_MAJOR || (major == STATES_MAJOR && minor >= STATES_MINOR));
}

static void put_system(struct trace_file *f, const struct schedtrace_info *info)
{
	size_t packet = trace_file_packet(f), system, names;
	bool today = has_states_of_today(info->release);
	struct proto *p = &f->packets;

	system = proto_begin(p, PACKET_SYSTEM_INFO);
	names = proto_begin(p, SYSTEM_NAMES);
	proto_text(p, NAMES_SYSTEM, "Linux");
	if (!today)
		proto_text(p, NAMES_VERSION, info->release ? info->release : "release unknown");
	proto_text(p, NAMES_RELEASE, today ? info->release : "4.14.0");
	proto_text(p, NAMES_MACHINE, info->machine);
	proto_end(p, names);
	if (info->timer_hz > 0)
		proto_int(p, SYSTEM_HZ, info->timer_hz);
	if (info->page_size > 0)
		proto_int(p, SYSTEM_PAGE_SIZE, info->page_size);
	if (info->cpus > 0)
		proto_int(p, SYSTEM_CPUS, info->cpus);
	proto_end(p, system);
	trace_file_packet_end(f, packet);
}

/* Readers take the difference between start and end, of which the first is 0. */
static void put_stats(struct trace_file *f, const struct schedtrace_context *ctx, int phase)
{
	size_t packet = trace_file_packet(f), stats, n;
	const struct schedtrace_cpu *cpus = schedtrace_context_cpus(ctx, &n);
	struct proto *p = &f->packets;

	stats = proto_begin(p, PACKET_FTRACE_STATS);
	proto_uint(p, STATS_PHASE, (uint64_t)phase);
	for (size_t i = 0; i < n; i++) {
		size_t cpu = proto_begin(p, STATS_CPU);
		bool end = phase == PHASE_END;

		proto_uint(p, CPU_STATS_CPU, (uint64_t)cpus[i].cpu);
		proto_uint(p, CPU_STATS_OVERRUN,
			   end && cpus[i].lost > 0 ? (uint64_t)cpus[i].lost : 0);
		proto_uint(p, CPU_STATS_READ, end && cpus[i].read > 0 ? (uint64_t)cpus[i].read : 0);
		proto_end(p, cpu);
	}
	proto_end(p, stats);
	trace_file_packet_end(f, packet);
}

void put_begin_facts(struct trace_file *f, const struct schedtrace_context *ctx, int64_t begin_ns)
{
	const struct schedtrace_info *info = schedtrace_context_info(ctx);

	put_clocks(f, info, begin_of(ctx, begin_ns), info->wall_offset_begin_ns);
	put_system(f, info);
	put_stats(f, ctx, PHASE_START);
}

/* ---- tasks ----------------------------------------------------------------------------- */

static void put_process(struct proto *p, const struct schedtrace_context *ctx,
			const struct schedtrace_task *task)
{
	size_t process = proto_begin(p, TREE_PROCESS);

	proto_int(p, PROCESS_PID, task->pid);
	if (task->ppid >= 0)
		proto_int(p, PROCESS_PARENT, task->ppid);
	proto_text(p, PROCESS_COMMAND, schedtrace_context_comm(ctx, task->comm));
	proto_end(p, process);
}

static void put_thread(struct proto *p, const struct schedtrace_context *ctx,
		       const struct schedtrace_task *task)
{
	size_t thread = proto_begin(p, TREE_THREAD);

	proto_int(p, THREAD_TID, task->pid);
	proto_text(p, THREAD_NAME, schedtrace_context_comm(ctx, task->comm));
	proto_int(p, THREAD_TGID, task->tgid);
	proto_end(p, thread);
}

/* A packet a task, as of its begin: a number can have several. */
static void put_task(struct trace_file *f, const struct schedtrace_context *ctx,
		     const struct schedtrace_task *task, int64_t begin_ns)
{
	int64_t time_ns = task->start_ns > begin_ns ? task->start_ns : begin_ns;
	struct proto *p = &f->packets;
	size_t packet, tree;

	packet = trace_file_packet(f);
	proto_uint(p, PACKET_TIMESTAMP, (uint64_t)(time_ns + f->shift_ns));
	tree = proto_begin(p, PACKET_PROCESS_TREE);
	if (task->tgid == task->pid)
		put_process(p, ctx, task);
	else
		put_thread(p, ctx, task);
	proto_end(p, tree);
	trace_file_packet_end(f, packet);
}

void put_end_facts(struct trace_file *f, const struct schedtrace_context *ctx, int64_t begin_ns)
{
	const struct schedtrace_task *tasks;
	int64_t begin = begin_of(ctx, begin_ns);
	size_t n;

	tasks = schedtrace_context_tasks(ctx, &n);
	for (size_t i = 0; i < n; i++)
		if (tasks[i].pid > 0 && tasks[i].tgid > 0)
			put_task(f, ctx, &tasks[i], begin);
	put_stats(f, ctx, PHASE_END);
}
