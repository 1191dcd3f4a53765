/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the kernel counted for each CPU's buffer, and what it says about losses. */
#ifndef RECORD_TRACEFS_BUFFER_COUNTS_H
#define RECORD_TRACEFS_BUFFER_COUNTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct instance;

/* Of per_cpu/cpuN/stats. The instance is new, so these are the recording's own. */
struct cpu_stats {
	uint64_t entries; /* still in the buffer */
	uint64_t overrun; /* overwritten before they were read */
	uint64_t commit_overrun, dropped;
	uint64_t read_events;
};

void cpu_stats_parse(struct cpu_stats *out, const char *text);
uint64_t cpu_stats_lost(const struct cpu_stats *s);

/* The least power of two of KiB per CPU that would have held what was lost as well, were it all
 * lost at once: with records of @bytes / read_events bytes. */
int64_t losses_buffer_kb(const struct cpu_stats *s, uint64_t bytes, int64_t buffer_kb);

/* Of all parts of the file, as read last: CPUs of the first buffer, then of the second. */
struct buffer_counts {
	int n;
	char **texts; /* per_cpu/cpuN/stats; NULL where there is none */
	struct cpu_stats *cpus;
};

bool buffer_counts_new(struct buffer_counts *c, int n);
void buffer_counts_free(struct buffer_counts *c);
/* Those of @in, whose CPU 0 is part @first. */
void buffer_counts_read(struct buffer_counts *c, const struct instance *in, int first);
uint64_t buffer_counts_events(const struct buffer_counts *c); /* that were read */
uint64_t buffer_counts_unread(const struct buffer_counts *c);
uint64_t buffer_counts_lost(const struct buffer_counts *c);

/* 1234567 as 1,234,567 into @out of at least 32 bytes, which is returned. */
const char *format_count(char *out, uint64_t n);

#endif
