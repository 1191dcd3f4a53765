/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What must be known beside the rows to understand them: clock, CPUs, names, losses, and the
 * tasks at the start. The same for a file, a live stream and events made in memory: whoever
 * produces rows owns a context and fills it; every analysis only reads it.
 */
#ifndef SCHEDTRACE_CONTEXT_H
#define SCHEDTRACE_CONTEXT_H

#include <schedtrace/events.h>

#ifdef __cplusplus
extern "C" {
#endif

struct schedtrace_context;

/**
 * struct schedtrace_info - facts about the whole recording; meta.json of a tarball holds them
 * @size:              sizeof(struct schedtrace_info) as the caller was compiled
 * @cpus:              CPUs of the machine, 0 unknown; ids of rows may still be larger
 * @page_size:         bytes, 0 unknown
 * @memory_bytes:      the machine's memory, 0 unknown
 * @begin_ns:          when recording began on the trace clock, INT64_MIN unknown (then the first
 *                     row)
 * @end_ns:            when it ended, INT64_MIN unknown (then the last row)
 * @wall_offset_begin_ns: wall-clock time minus trace clock at the begin, INT64_MIN unknown
 * @wall_offset_end_ns:   the same at the end: they differ when the wall clock was set
 * @clock:             name of the trace clock such as "mono", NULL unknown
 * @host:              node name, NULL unknown
 * @release:           kernel release, NULL unknown
 * @machine:           machine such as "x86_64", NULL unknown
 * @command:           the command recorded, arguments quoted for a shell, NULL unknown
 * @tool:              who recorded, such as "schedrec 0.1.0", NULL unknown
 * @incomplete:        NULL, or why the recording is known to lack its end
 * @tsc_hz:            ticks of the time-stamp counter a second, 0 unknown
 * @buffer_kb:         ring buffer of each CPU, KiB, 0 unknown
 * @events:            the kernel's events that were enabled, SYSTEM:EVENT with commas between,
 *                     NULL unknown
 * @missing:           likewise those that were wanted and that the kernel lacks
 * @timer_hz:          ticks of the kernel's timer a second (CONFIG_HZ), 0 unknown
 * @memory_and_swap_bytes: that memory and the swap space when recording began, 0 unknown
 */
struct schedtrace_info {
	size_t size;
	int32_t cpus;
	int32_t page_size;
	int64_t memory_bytes;
	int64_t begin_ns;
	int64_t end_ns;
	int64_t wall_offset_begin_ns;
	int64_t wall_offset_end_ns;
	const char *clock;
	const char *host;
	const char *release;
	const char *machine;
	const char *command;
	const char *tool;
	const char *incomplete;
	int64_t tsc_hz;
	int64_t buffer_kb;
	const char *events;
	const char *missing;
	int64_t timer_hz;
	int64_t memory_and_swap_bytes;
};

/** SCHEDTRACE_CACHE_LEVELS - levels of caches that a struct schedtrace_cpu tells of */
#define SCHEDTRACE_CACHE_LEVELS 4

/**
 * struct schedtrace_cpu - one CPU of the recording
 * @cpu:        its id
 * @core:       id of the physical core, -1 unknown; CPUs of one core are SMT siblings
 * @package:    id of the package, -1 unknown
 * @node:       NUMA node, -1 unknown
 * @read:       records that the recorder read from this CPU's buffer, -1 unknown
 * @lost:       records lost there, by the kernel's own count, -1 unknown
 * @caches:     its data or unified cache of each level, the first is L1: CPUs with the same id at
 *              a level share that cache; -1 unknown, or no such level
 *
 * Begin with SCHEDTRACE_CPU_UNKNOWN and set what is known.
 */
struct schedtrace_cpu {
	int32_t cpu;
	int32_t core;
	int32_t package;
	int32_t node;
	int64_t read;
	int64_t lost;
	int32_t caches[SCHEDTRACE_CACHE_LEVELS];
};

/** SCHEDTRACE_CPU_UNKNOWN - initial value of a struct schedtrace_cpu: nothing is known */
#define SCHEDTRACE_CPU_UNKNOWN                                                                     \
	{                                                                                          \
		-1, -1, -1, -1, -1, -1,                                                            \
		{                                                                                  \
			-1, -1, -1, -1                                                             \
		}                                                                                  \
	}

/** struct schedtrace_task_name - from @time_ns on, the task was called @comm (an id) */
struct schedtrace_task_name {
	int64_t time_ns;
	int32_t comm;
};

/**
 * struct schedtrace_task - a task life as known beside the rows
 * @pid:       thread id
 * @tgid:      process id, -1 unknown
 * @ppid:      parent's process id, -1 unknown
 * @cpu:       CPU it last ran on at the start of the recording, -1 unknown
 * @state:     state character of /proc/PID/stat at the start, 0 unknown
 * @comm:      id of its first known name, 0 unknown
 * @start_ns:  when it was created on the trace clock; INT64_MIN: before the recording or unknown
 * @end_ns:    when it exited; INT64_MIN: after the recording or unknown
 * @rss_bytes: resident memory at the start of the recording by kind, in the order file, anon,
 *             swap, shmem; INT64_MIN unknown
 * @command_tree: 1 when the task is the recorded command or descends from it, 0 when not, -1
 *                unknown
 * @exit_code: as wait() gives it (exit status times 256, or the signal), -1 unknown
 * @n_names:   number of @names
 * @names:     names after the first, by time; NULL without any
 * @state_ns:  when at the latest @state and @cpu were read, on the trace clock; INT64_MIN: right
 *             at the start
 * @policy:    scheduling policy at the start: "other", "batch", "idle", "fifo", "rr", "deadline",
 *             "ext"; NULL unknown
 * @nice:      nice value at the start, INT32_MIN unknown
 * @rt_priority: real-time priority at the start, 1 to 99; 0 for a policy without; -1 unknown
 * @affinity:  CPUs that it may run on at the start, as the kernel writes lists: "0-3,8"; NULL
 *             unknown
 * @seen_ns:   when it was first seen, where that and the death of an earlier task of its pid are
 *             all that is known of its begin; INT64_MIN for others
 *
 * Begin with SCHEDTRACE_TASK_UNKNOWN and set what is known.
 */
struct schedtrace_task {
	int32_t pid;
	int32_t tgid;
	int32_t ppid;
	int32_t cpu;
	int32_t state;
	int32_t comm;
	int64_t start_ns;
	int64_t end_ns;
	int64_t rss_bytes[4];
	int32_t command_tree;
	int32_t exit_code;
	size_t n_names;
	const struct schedtrace_task_name *names;
	int64_t state_ns;
	const char *policy;
	int32_t nice;
	int32_t rt_priority;
	const char *affinity;
	int64_t seen_ns;
};

/** SCHEDTRACE_TASK_UNKNOWN - initial value of a struct schedtrace_task: nothing is known */
#define SCHEDTRACE_TASK_UNKNOWN                                                                    \
	{                                                                                          \
		-1, -1, -1, -1, 0, 0, INT64_MIN, INT64_MIN,                                        \
			{ INT64_MIN, INT64_MIN, INT64_MIN, INT64_MIN }, -1, -1, 0, NULL,           \
			INT64_MIN, NULL, INT32_MIN, -1, NULL, INT64_MIN                            \
	}

/**
 * schedtrace_context_new() - an empty context, to be filled by whoever makes rows
 * @out: the new context; the caller frees it
 * @err: explanation of a failure, or NULL
 *
 * Return: 0 or SCHEDTRACE_E_NOMEM. Since: 0.1
 */
SCHEDTRACE_EXPORT int schedtrace_context_new(struct schedtrace_context **out,
					     struct schedtrace_error *err);

/** schedtrace_context_free() - release a context; NULL does nothing. Since: 0.1 */
SCHEDTRACE_EXPORT void schedtrace_context_free(struct schedtrace_context *ctx);

/**
 * schedtrace_context_info() - the facts about the whole recording
 *
 * Return: facts that live and change with @ctx, never NULL. Since: 0.1
 */
SCHEDTRACE_EXPORT const struct schedtrace_info *
schedtrace_context_info(const struct schedtrace_context *ctx);

/**
 * schedtrace_context_set_info() - replace the facts
 * @ctx:  context to change
 * @info: copied, its strings too; fields beyond its size become unknown
 * @err:  explanation of a failure, or NULL
 *
 * Return: 0 or a negative enum schedtrace_status. Since: 0.1
 */
SCHEDTRACE_EXPORT int schedtrace_context_set_info(struct schedtrace_context *ctx,
						  const struct schedtrace_info *info,
						  struct schedtrace_error *err);

/**
 * schedtrace_context_cpus() - the CPUs that were recorded, by ascending id
 * @ctx: context to read
 * @n:   set to their number
 *
 * Return: @n elements that live until @ctx changes. Since: 0.1
 */
SCHEDTRACE_EXPORT const struct schedtrace_cpu *
schedtrace_context_cpus(const struct schedtrace_context *ctx, size_t *n);

/**
 * schedtrace_context_set_cpu() - add a CPU, or replace what is known of it
 * @ctx: context to change
 * @cpu: copied; its id is 0 to 65,534
 * @err: explanation of a failure, or NULL
 *
 * Return: 0 or a negative enum schedtrace_status. Since: 0.1
 */
SCHEDTRACE_EXPORT int schedtrace_context_set_cpu(struct schedtrace_context *ctx,
						 const struct schedtrace_cpu *cpu,
						 struct schedtrace_error *err);

/**
 * schedtrace_context_comm() - a task name by its id
 * @ctx: context to read
 * @id:  value of the comm column
 *
 * The bytes come from the recorded system and are hostile: any byte but NUL can occur. Escape
 * them where they are printed.
 *
 * Return: a string that lives as long as @ctx, or NULL for 0 and ids never given. Since: 0.1
 */
SCHEDTRACE_EXPORT const char *schedtrace_context_comm(const struct schedtrace_context *ctx,
						      int32_t id);

/**
 * schedtrace_context_comms() - how many ids schedtrace_context_comm() knows: 1 to this value
 *
 * Since: 0.1
 */
SCHEDTRACE_EXPORT int32_t schedtrace_context_comms(const struct schedtrace_context *ctx);

/**
 * schedtrace_context_intern_comm() - the id of a task name, given now if it is new
 * @ctx:  context to change
 * @name: bytes of the name, not necessarily terminated
 * @n:    length; the name ends earlier at a NUL
 * @err:  explanation of a failure, or NULL
 *
 * Return: the id, 1 or more; 0 for an empty name; or a negative enum schedtrace_status. Since: 0.1
 */
SCHEDTRACE_EXPORT int32_t schedtrace_context_intern_comm(struct schedtrace_context *ctx,
							 const char *name, size_t n,
							 struct schedtrace_error *err);

/**
 * schedtrace_context_event_name() - the name of an event id
 * @ctx: context to read; it names events beyond SCHEDTRACE_EVENT_COUNT
 * @id:  value of the event column
 *
 * Return: a string that lives as long as @ctx, or NULL for an id without a name. Since: 0.1
 */
SCHEDTRACE_EXPORT const char *schedtrace_context_event_name(const struct schedtrace_context *ctx,
							    int32_t id);

/**
 * schedtrace_context_add_event() - name an event that schedtrace has no id for
 * @ctx:  context to change
 * @name: printable ASCII without spaces
 * @err:  explanation of a failure, or NULL
 *
 * Return: its id, an existing one where the name is known; or a negative enum schedtrace_status.
 * Since: 0.1
 */
SCHEDTRACE_EXPORT int32_t schedtrace_context_add_event(struct schedtrace_context *ctx,
						       const char *name,
						       struct schedtrace_error *err);

/**
 * schedtrace_context_tasks() - task lives known beside the rows: those at the start of the
 * recording, and from a tarball's tasks.json all that were seen
 * @ctx: context to read
 * @n:   set to their number
 *
 * Those of a tarball are read by the first call, unless schedtrace_context_load_tasks() or an
 * engine did so before.
 *
 * Return: @n elements by ascending pid, then start, that live until @ctx changes; none where those
 * of a tarball cannot be read. Since: 0.1
 */
SCHEDTRACE_EXPORT const struct schedtrace_task *
schedtrace_context_tasks(const struct schedtrace_context *ctx, size_t *n);

/**
 * schedtrace_context_load_tasks() - read the task lives of a tarball now
 * @ctx: context to complete
 * @err: explanation of a failure, or NULL
 *
 * Opening a tarball does not read them, so that it takes the same time however many there are.
 * Engines and schedtrace_validate() call this first. It can add names to @ctx: call it before
 * threads share @ctx without an engine. Does nothing the second time.
 *
 * Return: 0 or a negative enum schedtrace_status, the same again when called again. Since: 0.1
 */
SCHEDTRACE_EXPORT int schedtrace_context_load_tasks(const struct schedtrace_context *ctx,
						    struct schedtrace_error *err);

/**
 * schedtrace_task_may_run() - whether a task's affinity lets it run on a CPU
 * @task: task life
 * @cpu:  id of the CPU
 *
 * Return: 1 or 0, -1 when its affinity is unknown. Since: 0.1
 */
SCHEDTRACE_EXPORT int schedtrace_task_may_run(const struct schedtrace_task *task, int32_t cpu);

/**
 * schedtrace_context_add_task() - add a task life, or replace that with the same pid and start
 * @ctx:  context to change
 * @task: copied, its names and texts too
 * @err:  explanation of a failure, or NULL
 *
 * Cheap: lives are put in order when schedtrace_context_tasks() is next called.
 *
 * Return: 0 or a negative enum schedtrace_status. Since: 0.1
 */
SCHEDTRACE_EXPORT int schedtrace_context_add_task(struct schedtrace_context *ctx,
						  const struct schedtrace_task *task,
						  struct schedtrace_error *err);

/**
 * struct schedtrace_stack - a call stack
 * @n:        frames in all
 * @n_kernel: of these, the first so many are the kernel's; the others are the program's
 * @space:    address space that the program's frames belong to, a number that stands for one
 *            program in one process; 0 where there are none
 * @frames:   addresses, the innermost first; where both parts exist the kernel's come first
 */
struct schedtrace_stack {
	uint32_t n;
	uint32_t n_kernel;
	int32_t space;
	const uint64_t *frames;
};

/**
 * schedtrace_context_stacks() - how many call stacks there are: ids are 0 to this value - 1
 *
 * Since: 0.1
 */
SCHEDTRACE_EXPORT int32_t schedtrace_context_stacks(const struct schedtrace_context *ctx);

/**
 * schedtrace_context_stack() - a call stack by its id
 * @ctx: context to read; the stacks of a tarball are read when one is first asked for
 * @id:  value of the stack column
 * @out: set to the stack; its frames live until @ctx changes
 * @err: explanation of a failure, or NULL
 *
 * Return: 0 or a negative enum schedtrace_status. Since: 0.1
 */
SCHEDTRACE_EXPORT int schedtrace_context_stack(const struct schedtrace_context *ctx, int32_t id,
					       struct schedtrace_stack *out,
					       struct schedtrace_error *err);

/**
 * schedtrace_context_symbol() - the function that an address of a stack lies in
 * @ctx:     context to read, after schedtrace_context_stack()
 * @space:   0 for a kernel address, else the stack's
 * @address: one of its frames
 *
 * Return: hostile bytes that live as long as @ctx, or NULL where unknown. Since: 0.1
 */
SCHEDTRACE_EXPORT const char *schedtrace_context_symbol(const struct schedtrace_context *ctx,
							int32_t space, uint64_t address);

/**
 * schedtrace_context_add_stack() - the id of a call stack, given now if it is new
 * @ctx:   context to change
 * @stack: copied; at most 4096 frames
 * @err:   explanation of a failure, or NULL
 *
 * Return: the id, 0 or more, or a negative enum schedtrace_status. Since: 0.1
 */
SCHEDTRACE_EXPORT int32_t schedtrace_context_add_stack(struct schedtrace_context *ctx,
						       const struct schedtrace_stack *stack,
						       struct schedtrace_error *err);

/**
 * schedtrace_context_set_symbol() - name an address
 * @ctx:     context to change
 * @space:   0 for the kernel's, else that of the stacks
 * @address: as it stands in stacks
 * @name:    copied
 * @err:     explanation of a failure, or NULL
 *
 * Return: 0 or a negative enum schedtrace_status. Since: 0.1
 */
SCHEDTRACE_EXPORT int schedtrace_context_set_symbol(struct schedtrace_context *ctx, int32_t space,
						    uint64_t address, const char *name,
						    struct schedtrace_error *err);

#ifdef __cplusplus
}
#endif
#endif
