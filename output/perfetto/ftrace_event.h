/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One event of a bundle, between a begin and an end: its time and task, then its own message. */
#ifndef OUTPUT_PERFETTO_FTRACE_EVENT_H
#define OUTPUT_PERFETTO_FTRACE_EVENT_H

#include "output/perfetto/ftrace_fields.h"
#include "output/perfetto/proto.h"

enum { FTRACE_EVENT = 2, FTRACE_TIMESTAMP = 1, FTRACE_PID = 2 };
enum { GENERIC_NAME = 1, GENERIC_FIELD = 2 };
enum { FIELD_NAME = 1, FIELD_TEXT = 3, FIELD_INT = 4, FIELD_UINT = 5 };

struct ftrace_event {
	struct proto *p;
	bool is_short;
	size_t begin, message;
};

static inline size_t ftrace_begin_part(const struct ftrace_event *e, uint32_t field)
{
	return e->is_short ? proto_begin_short(e->p, field) : proto_begin(e->p, field);
}

static inline void ftrace_end_part(const struct ftrace_event *e, size_t begin)
{
	if (e->is_short)
		proto_end_short(e->p, begin);
	else
		proto_end(e->p, begin);
}

/* A short one has fewer than 128 bytes in all. */
static inline struct ftrace_event ftrace_event_begin(struct proto *p, bool is_short,
						     int64_t time_ns, int32_t pid, uint32_t number)
{
	struct ftrace_event e = { .p = p, .is_short = is_short };

	e.begin = ftrace_begin_part(&e, FTRACE_EVENT);
	proto_uint(p, FTRACE_TIMESTAMP, (uint64_t)time_ns);
	proto_uint(p, FTRACE_PID, (uint32_t)pid);
	e.message = ftrace_begin_part(&e, number);
	return e;
}

static inline void ftrace_event_end(struct ftrace_event e)
{
	ftrace_end_part(&e, e.message);
	ftrace_end_part(&e, e.begin);
}

static inline void generic_field_int(struct proto *p, const char *name, bool is_signed,
				     int64_t value)
{
	size_t field = proto_begin(p, GENERIC_FIELD);

	proto_text(p, FIELD_NAME, name);
	proto_int(p, is_signed ? FIELD_INT : FIELD_UINT, value);
	proto_end(p, field);
}

#endif
