/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What memory.c counts and memory_tables.c prints. */
#ifndef LIBSCHEDTRACE_ANALYSES_MEMORY_H
#define LIBSCHEDTRACE_ANALYSES_MEMORY_H

#include "libschedtrace/analysis.h"
#include "libschedtrace/choice.h"
#include "libschedtrace/replay/processes.h"

struct memory {
	const struct schedtrace_context *ctx;
	const struct schedtrace_sink *sink;
	struct replay *replay;
	struct choice *choice;
	struct processes processes;
	int64_t window_begin;
	/* The MREMAP_FROM row that its MREMAP_TO follows. */
	int32_t from_pid;
	int64_t from_address, from_length;
	/* Of rows that belong to no process. */
	int64_t kernel_pages_allocated, kernel_pages_freed;
	bool has_faults, has_rss, has_pages, has_calls, has_majors;
};

extern const struct schedtrace_picture picture_memory;
extern const struct schedtrace_table_info memory_info, memory_system_info, memory_biggest_info;

int memory_tables(const struct memory *m, struct schedtrace_tables *out,
		  struct schedtrace_error *err);

int64_t memory_add(int64_t sum, int64_t change); /* stops at the largest number */
int64_t memory_rss(const struct process *process);

#endif
