/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One record of a ring buffer, or what is known of those that are missing. */
#ifndef TRACEDAT_RECORD_H
#define TRACEDAT_RECORD_H

#include <stdbool.h>
#include <stdint.h>

enum record_kind {
	RECORD_EVENT,
	RECORD_UNKNOWN, /* of an event without a format, as of a probe that was made later */
	RECORD_GAP,  /* records are missing from here on, up to the CPU's RECORD_LOST, the next */
	RECORD_LOST, /* records are missing before the CPU's next record */
};

/* RECORD_EVENT and RECORD_UNKNOWN have data, size and pid; RECORD_LOST has lost_since and lost.
 * RECORD_GAP has neither. */
struct record {
	/* In ns where the clock is in ns, see struct tracedat_head; never less than that of the
	 * CPU's record before it. RECORD_GAP: of that record; RECORD_LOST: where records resume. */
	int64_t timestamp;
	union {
		const uint8_t *data; /* of the event, common fields first; lives until the next
					  * call of tracedat_next() */
		int64_t lost_since;  /* stamp of the record before the gap, INT64_MIN none */
	};
	union {
		struct {
			uint32_t size; /* of data */
			int32_t pid;   /* common_pid */
		};
		int64_t lost; /* how many, -1 unknown; 0: none, the clock was set back */
	};
	uint16_t kind;	 /* enum record_kind */
	uint16_t format; /* index into the formats of the head; RECORD_UNKNOWN: the event's id */
	int32_t cpu;	 /* of the buffer that held it */
};

static inline bool record_is_event(const struct record *r)
{
	return r->kind <= RECORD_UNKNOWN;
}

#endif
