/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A Perfetto trace on its way to disk: packets, and the kernel's events, which wait in a bundle for
 * each CPU until there are enough of them for a packet.
 */
#ifndef OUTPUT_PERFETTO_TRACE_FILE_H
#define OUTPUT_PERFETTO_TRACE_FILE_H

#include "base/whole_file.h"
#include "output/perfetto/proto.h"

#define PERFETTO_CPUS 1024 /* readers refuse others */

/* Numbers of the fields of a TracePacket. */
enum {
	PACKET_FTRACE_EVENTS = 1,
	PACKET_PROCESS_TREE = 2,
	PACKET_CLOCK_SNAPSHOT = 6,
	PACKET_TIMESTAMP = 8,
	PACKET_SEQUENCE_ID = 10,
	PACKET_TRACK_EVENT = 11,
	PACKET_SEQUENCE_FLAGS = 13,
	PACKET_FTRACE_STATS = 34,
	PACKET_SYSTEM_INFO = 45,
	PACKET_TRACK_DESCRIPTOR = 60,
};

/* The switches of a bundle, a list a field. */
struct compact_switches {
	struct proto times, states, pids, prios, comms;
	struct proto names; /* those that comms number */
	uint32_t n_names;
	int32_t *numbers; /* by id of a name, -1 none; in use by this bundle only */
	int32_t n_numbers;
	int64_t last_ns;
};

struct bundle {
	struct proto events;
	struct compact_switches compact;
	bool lost; /* records, before the first of it */
};

struct trace_file {
	struct whole_file file;
	struct proto packets;
	struct bundle *bundles[PERFETTO_CPUS]; /* NULL: without events so far */
	int64_t shift_ns;		       /* from the recording's clock to that of the file */
};

int trace_file_open(struct trace_file *f, const char *path, const char *like,
		    struct schedtrace_error *err);
void trace_file_close(struct trace_file *f);

/* What waits goes to the file where it has become much, or all of it. */
int trace_file_write(struct trace_file *f, bool all, struct schedtrace_error *err);

/* A packet's fields are put in ->packets between these. */
size_t trace_file_packet(struct trace_file *f);
void trace_file_packet_end(struct trace_file *f, size_t begin);

/* NULL: no memory. */
struct bundle *trace_file_bundle(struct trace_file *f, int32_t cpu);

/* Records of @cpu are missing before those that come. */
void trace_file_lost(struct trace_file *f, int32_t cpu);

struct compact_switch {
	int64_t time_ns;
	int64_t prev_state;
	int32_t next_pid, next_prio;
	int32_t next_comm; /* the name's id, 0 none */
	const char *next_name;
};
void compact_switch_add(struct compact_switches *c, const struct compact_switch *s);

#endif
