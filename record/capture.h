/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A recording as an object: it makes the instance, switches events on, and hands the pages of every
 * CPU to a sink, to a file, or to both. It prints nothing, and neither signals nor
 * processes are its business. When it is freed, or killed, nothing of it stays in tracefs.
 */
#ifndef RECORD_CAPTURE_H
#define RECORD_CAPTURE_H

#include <stddef.h>
#include <stdint.h>

#include <schedtrace/error.h>

#include "record/page_queue.h"

struct capture;

struct capture_options {
	const char *const *items; /* as of schedrec -e: sets, SYSTEM:EVENT, EVENT; none: sched */
	size_t n_items;
	const char *tracefs; /* NULL: where it is mounted */
	const char *clock;   /* mono, mono_raw or boot, which are never set back; NULL: mono */
	int64_t buffer_kb;   /* per CPU; 0: as the events need */
	size_t max_memory;   /* of pages that nobody has taken yet, bytes; 0: 64 MiB */
};

/* What the options lend is not needed after that. */
int capture_new(struct capture **out, const struct capture_options *options,
		const struct page_sink *sink, struct schedtrace_error *err);
void capture_free(struct capture *c);

/* Per-CPU buffers: the largest number of a CPU + 1; bytes of a page. */
int capture_cpus(const struct capture *c);
size_t capture_page_size(const struct capture *c);

/*
 * Makes the empty file @fd, which may be in memory, a trace.dat without events: what it says of
 * formats, symbols and names is all that a reader of the pages needs (tracedat_open()).
 */
int capture_write_head(struct capture *c, int fd, struct schedtrace_error *err);

/* Before the start: the same, and from the start on the file gets all records. */
int capture_begin_file(struct capture *c, int fd, struct schedtrace_error *err);

/* After the end: makes that file whole, with what the kernel counted. */
int capture_finish_file(struct capture *c, struct schedtrace_error *err);

/* From now on events are recorded; what the system was like stands before them. */
int capture_start(struct capture *c, struct schedtrace_error *err);

/* A descriptor that is readable when it is time for a round: 20 times a second. */
int capture_fd(const struct capture *c);
int capture_step(struct capture *c, struct schedtrace_error *err);

/* Bytes of pages that came while max_memory was full. Those after them say that records were lost;
 * the file has them. */
uint64_t capture_skipped(const struct capture *c);

/* Ends recording; a last round with all that there is, until INT64_MAX. */
int capture_stop(struct capture *c, struct schedtrace_error *err);

#endif
