/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What schedrec writes into trace_marker_raw, so that facts about the recording travel in the
 * timeline with the trace's own clock. In the file each is an ftrace:raw_data record, whose id
 * (first 4 bytes of what was written) is MARKER_ID. Little endian; readers ignore kinds they do
 * not know. Shared with convert/, which turns them into the context and rows.
 */
#ifndef TRACEDAT_MARKERS_H
#define TRACEDAT_MARKERS_H

#include <stdint.h>

#define MARKER_ID 0x44455253u /* "SRED" */

/* A marker of several parts is written in order by one thread; parts are numbered from 0. */
struct marker_header {
	uint32_t id;	/* MARKER_ID */
	uint16_t kind;	/* enum marker_kind */
	uint16_t bytes; /* of payload that follow this header (records are padded) */
	uint16_t part;
	uint16_t parts;
	uint32_t reserved;
};

/* Most payload of a part: with its header 1024 bytes, all that kernels up to 6.1 take of
 * trace_marker_raw in one record. */
#define MARKER_PAYLOAD_MAX 1008

/* Name of the second buffer of --only in the file. */
#define BUFFER_ONLY "schedrec.only"

enum marker_kind {
	/*
	 * JSON object, UTF-8 (bytes of argv that are not are written \\xNN), concatenated over its
	 * parts. BEGIN: tool, command (array of arguments), host, release, machine, clock,
	 * timer_hz (CONFIG_HZ), page_size, memory_bytes, memory_and_swap_bytes, buffer_kb,
	 * cpus [{cpu, core, package, node, l2, l3 [ids of caches]}], events [names],
	 * missing [names of events that this kernel lacks], stacks (true with call stacks),
	 * command_pid, recorder_pid, pids [of -p], cgroup (folder or null), only (true: memory and
	 * system call events are those of the command, pids and cgroup), whole (true: the file
	 * begins where tracing was switched on), recorded_cpus [ids, or null for all], trace_ns,
	 * wall_ns (the two clocks read together, and on x86 with them tsc, the time-stamp counter;
	 * trace_ns null where user space cannot read the trace clock). END: trace_ns, wall_ns,
	 * exit_status (as waitpid's), reason ("exit", "signal", "duration", ...).
	 */
	MARKER_BEGIN = 1,
	MARKER_END = 2,
	/*
	 * struct marker_task each: every thread of the system when recording began. Those of a
	 * flight recorder's file are of its save: cpu -1, state 0, comm empty.
	 */
	MARKER_TASKS = 3,
	/*
	 * JSON object in parts, the system when recording began and ended. clocks {mono, mono_raw,
	 * boot, tai, wall [ns], tsc [ticks, 0 none], spread_ns} read together; memory {of
	 * /proc/meminfo, bytes}; cpus {possible, present, online, isolated, caches [{cpus, level,
	 * type, size}], frequency {see record/proc/cpu_frequency.h}}; columns [names] and tasks [a
	 * row each: every thread]; processes [{pid, cgroup, status {}, limits {name: [soft,
	 * hard]}}] of the MARKER_TASK_TREE ones.
	 */
	MARKER_SNAPSHOT_BEGIN = 8,
	MARKER_SNAPSHOT_END = 9,
	/* struct marker_sample each: figures of processes at this moment. */
	MARKER_SAMPLES = 6,
	/*
	 * With user stacks: struct marker_map each, its path behind it, padded to 8 bytes. What was
	 * mapped for execution before recording began, then every later mapping and exec.
	 */
	MARKER_MAPS = 7,
	/* struct marker_hotplug: a CPU went offline or came online; at the begin, is offline. */
	MARKER_HOTPLUG = 10,
	/* struct marker_unread: from now on nobody reads this CPU's buffer. */
	MARKER_UNREAD = 11,
	/*
	 * struct marker_file, the name, then bytes of a file that belongs to the recording: what
	 * the command printed, or wrote. Its pieces are in order; the last one has FILE_END.
	 */
	MARKER_FILE = 12,
};

struct marker_hotplug {
	int32_t cpu;
	uint32_t online; /* 0 or 1 */
};

struct marker_unread {
	int32_t cpu;
	int32_t errnum; /* why, as the recorder's kernel numbers errors */
};

/* Counts are those of the whole process since it began, threads that ended included; those of
 * its children are of the ones that ended and were waited for, with theirs. */
struct marker_sample {
	int32_t pid;   /* of the process, in the initial namespace */
	uint8_t state; /* character of /proc/PID/stat: of the first thread */
	uint8_t flags; /* SAMPLE_... */
	uint16_t reserved;
	char comm[16];
	uint64_t start_ticks; /* field 22 of /proc/PID/stat */
	int64_t minor, major; /* page faults */
	int64_t children_minor, children_major;
	int64_t user_ns, system_ns;
	int64_t children_user_ns, children_system_ns;
	int64_t rss_bytes;
};

#define MARKER_SAMPLES_MAX 9 /* in one marker, so that any kernel takes it in one piece */

#define SAMPLE_REGISTERED 1 /* by its pid, not as a descendant of the command */
#define SAMPLE_LAST	  2 /* of this process: it has ended, or is no longer sampled */

struct marker_task {
	int32_t pid, tgid, ppid;
	int32_t cpu;   /* last ran on */
	uint8_t state; /* character of /proc/PID/stat */
	uint8_t flags; /* MARKER_TASK_... */
	uint8_t reserved[6];
	char comm[16];
	uint64_t start_ticks; /* field 22 of /proc/PID/stat */
	int64_t rss_bytes[4]; /* file, anon, swap, shmem of the process; -1 unknown; only where
				 * pid == tgid */
};

/* In the tree of the command, of the pids of -p or of the members of the cgroup. */
#define MARKER_TASK_TREE 1

struct marker_file {
	uint64_t offset;     /* of these bytes */
	uint64_t size;	     /* of the whole, also where only its beginning was kept */
	uint16_t name_bytes; /* a base name */
	uint16_t flags;	     /* FILE_... */
	uint32_t bytes;
};

#define FILE_NAME_MAX 100 /* bytes of a name */
#define FILE_END      1   /* nothing was kept behind these bytes */

/* All files of a recording together keep at most so many bytes. */
#define FILES_MAX (64u << 20)

struct marker_map {
	int64_t time_ns;     /* on the trace clock; INT64_MIN: unknown, or there at the begin */
	uint64_t begin, end; /* addresses; both 0: the process runs another program from now on */
	uint64_t offset;     /* of begin in the file */
	int32_t tgid;
	uint16_t path_bytes;
	uint8_t build_id_bytes; /* 0 unknown */
	uint8_t reserved;
	uint8_t build_id[24];
};

#endif
