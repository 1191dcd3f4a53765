/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "output/perfetto/tracks.h"

#include <stdio.h>

#include "base/error.h"

enum { DESCRIPTOR_UUID = 1, DESCRIPTOR_NAME = 2, DESCRIPTOR_COUNTER = 8 };
enum { COUNTER_UNIT = 3 };
enum { UNIT_TIME_NS = 1, UNIT_COUNT = 2, UNIT_BYTES = 3 };
enum { EVENT_TYPE = 9, EVENT_TRACK = 11, EVENT_NAME = 23, EVENT_COUNTER = 30 };
enum { TYPE_BEGIN = 1, TYPE_END = 2, TYPE_COUNTER = 4 };

struct track {
	const char *name; /* with a place for the number of what it is of */
	int unit;	  /* 0: no counter */
};

static const struct track kinds[] = {
	[TRACK_LOST] = { "lost on CPU %d", 0 },
	[TRACK_RUNQUEUE] = { "run queue of CPU %d", UNIT_COUNT },
	[TRACK_RUNNABLE] = { "runnable tasks", UNIT_COUNT },
	[TRACK_IDLE_WHILE_WAITING] = { "CPUs idle while tasks wait", UNIT_COUNT },
	[TRACK_RSS_FILE] = { "RSS of %d: file", UNIT_BYTES },
	[TRACK_RSS_ANON] = { "RSS of %d: anonymous", UNIT_BYTES },
	[TRACK_RSS_SWAP] = { "RSS of %d: swap", UNIT_BYTES },
	[TRACK_RSS_SHMEM] = { "RSS of %d: shared", UNIT_BYTES },
	[TRACK_SAMPLE_RSS] = { "sample of %d: RSS", UNIT_BYTES },
	[TRACK_SAMPLE_MINOR_FAULTS] = { "sample of %d: minor faults", UNIT_COUNT },
	[TRACK_SAMPLE_MAJOR_FAULTS] = { "sample of %d: major faults", UNIT_COUNT },
	[TRACK_SAMPLE_USER] = { "sample of %d: user time", UNIT_TIME_NS },
	[TRACK_SAMPLE_SYSTEM] = { "sample of %d: system time", UNIT_TIME_NS },
};

int tracks_init(struct tracks *t, struct trace_file *file, struct schedtrace_error *err)
{
	t->file = file;
	return intmap_init(&t->described) < 0
		       ? error_set(err, SCHEDTRACE_E_NOMEM, "no memory for tracks")
		       : 0;
}

void tracks_free(struct tracks *t)
{
	intmap_free(&t->described);
}

static void describe(struct tracks *t, enum track_kind kind, int32_t of, uint64_t uuid)
{
	struct proto *p = &t->file->packets;
	size_t packet, descriptor, counter;
	char name[64];

	if (intmap_set(&t->described, uuid, 1) < 0) {
		p->failed = true;
		return;
	}
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	snprintf(name, sizeof(name), kinds[kind].name, of);
#pragma GCC diagnostic pop
	packet = trace_file_packet(t->file);
	descriptor = proto_begin(p, PACKET_TRACK_DESCRIPTOR);
	proto_uint(p, DESCRIPTOR_UUID, uuid);
	proto_text(p, DESCRIPTOR_NAME, name);
	if (kinds[kind].unit) {
		counter = proto_begin(p, DESCRIPTOR_COUNTER);
		proto_uint(p, COUNTER_UNIT, (uint64_t)kinds[kind].unit);
		proto_end(p, counter);
	}
	proto_end(p, descriptor);
	trace_file_packet_end(t->file, packet);
}

/* The number of a track, which is described when it is first met. */
static uint64_t track(struct tracks *t, enum track_kind kind, int32_t of)
{
	uint64_t uuid = (uint64_t)kind << 32 | (uint32_t)of;

	if (intmap_get(&t->described, uuid) == INTMAP_NONE)
		describe(t, kind, of, uuid);
	return uuid;
}

static size_t begin_event(struct tracks *t, uint64_t uuid, int64_t time_ns, int type,
			  size_t *packet)
{
	struct proto *p = &t->file->packets;
	size_t event;

	*packet = trace_file_packet(t->file);
	proto_uint(p, PACKET_TIMESTAMP, (uint64_t)(time_ns + t->file->shift_ns));
	event = proto_begin_short(p, PACKET_TRACK_EVENT);
	proto_uint(p, EVENT_TYPE, (uint64_t)type);
	proto_uint(p, EVENT_TRACK, uuid);
	return event;
}

static void end_event(struct tracks *t, size_t event, size_t packet)
{
	proto_end_short(&t->file->packets, event);
	trace_file_packet_end(t->file, packet);
}

void tracks_counter(struct tracks *t, enum track_kind kind, int32_t of, int64_t time_ns,
		    int64_t value)
{
	size_t packet, event = begin_event(t, track(t, kind, of), time_ns, TYPE_COUNTER, &packet);

	proto_int(&t->file->packets, EVENT_COUNTER, value);
	end_event(t, event, packet);
}

void tracks_span(struct tracks *t, int32_t cpu, const char *name, int64_t begin_ns, int64_t end_ns)
{
	uint64_t uuid = track(t, TRACK_LOST, cpu);
	size_t packet, event = begin_event(t, uuid, begin_ns, TYPE_BEGIN, &packet);

	proto_text(&t->file->packets, EVENT_NAME, name);
	end_event(t, event, packet);
	event = begin_event(t, uuid, end_ns, TYPE_END, &packet);
	end_event(t, event, packet);
}
