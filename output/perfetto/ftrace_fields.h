/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The kernel's events that Perfetto has a message of its own for, and the numbers of their fields;
 * source: protos/perfetto/trace/ftrace/ of Perfetto. */
#ifndef OUTPUT_PERFETTO_FTRACE_FIELDS_H
#define OUTPUT_PERFETTO_FTRACE_FIELDS_H

#include <stdint.h>

enum {
	FTRACE_SCHED_SWITCH = 4,
	FTRACE_CPU_FREQUENCY = 11,
	FTRACE_CPU_IDLE = 13,
	FTRACE_SCHED_WAKEUP = 17,
	FTRACE_SCHED_WAKING = 20,
	FTRACE_SOFTIRQ_ENTRY = 24,
	FTRACE_SOFTIRQ_EXIT = 25,
	FTRACE_IRQ_HANDLER_ENTRY = 36,
	FTRACE_IRQ_HANDLER_EXIT = 37,
	FTRACE_SCHED_WAKEUP_NEW = 114,
	FTRACE_TASK_NEWTASK = 235,
	FTRACE_TASK_RENAME = 236,
	FTRACE_SCHED_PROCESS_EXEC = 237,
	FTRACE_SCHED_PROCESS_EXIT = 238,
	FTRACE_SCHED_PROCESS_FORK = 239,
	FTRACE_MM_PAGE_ALLOC = 307,
	FTRACE_MM_PAGE_FREE = 310,
	FTRACE_RSS_STAT = 313,
	FTRACE_GENERIC = 327,
	FTRACE_SCHED_MIGRATE_TASK = 491,
};

#define FTRACE_FIELDS 6

struct ftrace_field {
	const char *name;
	uint32_t number;
};

struct ftrace_message {
	const char *system, *name; /* the kernel's */
	uint32_t number;
	struct ftrace_field fields[FTRACE_FIELDS];
};

/* NULL: Perfetto has none, and takes it as a generic event. */
const struct ftrace_message *ftrace_message(const char *system, const char *name);

#endif
