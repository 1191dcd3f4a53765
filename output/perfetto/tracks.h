/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tracks of our own beside the kernel's events: counters, and spans on a track for each CPU. */
#ifndef OUTPUT_PERFETTO_TRACKS_H
#define OUTPUT_PERFETTO_TRACKS_H

#include "base/intmap.h"
#include "output/perfetto/trace_file.h"

/* What a counter is of, in the order of docs/exports.md. */
enum track_kind {
	TRACK_LOST = 1, /* spans, for each CPU */
	TRACK_RUNQUEUE, /* for each CPU */
	TRACK_RUNNABLE,
	TRACK_IDLE_WHILE_WAITING,
	TRACK_RSS_FILE, /* for each process */
	TRACK_RSS_ANON,
	TRACK_RSS_SWAP,
	TRACK_RSS_SHMEM,
	TRACK_SAMPLE_RSS, /* for each task */
	TRACK_SAMPLE_MINOR_FAULTS,
	TRACK_SAMPLE_MAJOR_FAULTS,
	TRACK_SAMPLE_USER,
	TRACK_SAMPLE_SYSTEM,
};

struct tracks {
	struct trace_file *file;
	struct intmap described; /* by number of the track */
};

int tracks_init(struct tracks *t, struct trace_file *file, struct schedtrace_error *err);
void tracks_free(struct tracks *t);

/* @of: the CPU, pid, or 0. Times are those of the recording. */
void tracks_counter(struct tracks *t, enum track_kind kind, int32_t of, int64_t time_ns,
		    int64_t value);
void tracks_span(struct tracks *t, int32_t cpu, const char *name, int64_t begin_ns, int64_t end_ns);

#endif
