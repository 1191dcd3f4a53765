/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What memory.c counts and memory_tables.c prints. */
#ifndef LIBSCHEDTRACE_ANALYSES_MEMORY_H
#define LIBSCHEDTRACE_ANALYSES_MEMORY_H

#include "base/grown.h"
#include "libschedtrace/analysis.h"
#include "libschedtrace/choice.h"
#include "libschedtrace/replay/processes.h"

#define MEMORY_BIGGEST	       10
#define MEMORY_BIGGEST_COLUMNS 9

/* Rows of the table memory_biggest: n of them, and that of the others in the last place. */
struct memory_biggest {
	union schedtrace_value rows[MEMORY_BIGGEST + 1][MEMORY_BIGGEST_COLUMNS];
	int n;
	bool any_others;
};

/* What processes of one name add up to that were let go. */
struct memory_gone {
	int64_t processes;
	struct process sums; /* net is never below 0; peaks are the largest */
	int64_t mapped, mapped_peak, rss;
	bool knows_calls, knows_mapped, has_rss;
};

struct memory {
	const struct schedtrace_context *ctx;
	const struct schedtrace_sink *sink;
	struct replay *replay;
	struct choice *choice;
	const struct row_filter *row_filter;
	struct processes processes;
	int64_t window_begin;
	/* The MREMAP_FROM row that its MREMAP_TO follows. */
	int32_t from_pid;
	int64_t from_address, from_length;
	/* Of rows that belong to no process. */
	int64_t kernel_pages_allocated, kernel_pages_freed;
	bool has_faults, has_rss, has_pages, has_calls, has_majors;
	struct grown gone; /* struct memory_gone by life that stands for others */
	struct memory_biggest biggest_gone;
};

extern const struct schedtrace_picture picture_memory;
extern const struct schedtrace_table_info memory_info, memory_system_info, memory_biggest_info;

int memory_tables(const struct memory *m, struct schedtrace_tables *out,
		  struct schedtrace_error *err);

/* Adds a process, whose first thread is let go, to those of its name. */
int memory_forget(struct memory *m, const struct process *process);

int64_t memory_add(int64_t sum, int64_t change); /* stops at the largest number */
int64_t memory_rss(const struct process *process);

#endif
