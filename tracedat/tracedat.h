/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * trace.dat, versions 6 and 7, whoever wrote it: its records in time order, and what stands
 * beside them. Knows the container and the ring buffer, nothing of what an event means.
 */
#ifndef TRACEDAT_TRACEDAT_H
#define TRACEDAT_TRACEDAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <schedtrace/error.h>

#include "base/note.h"

struct tracedat;

struct tracedat_options {
	const char *instance; /* buffer of the file to read, NULL: the only one with events */
	bool salvage;	      /* damaged input: give what is whole instead of failing */
	uint64_t max_memory;  /* bytes, 0: the default of 256 MiB */
	unsigned int threads; /* 0: as many as there are CPUs */
	struct notes notes;
};

/* A field of an event, as its format text in the file says. */
struct format_field {
	const char *name;
	uint32_t offset;
	uint32_t size;
	bool is_signed;
	bool is_string;	  /* char array, or data_loc of char */
	bool is_data_loc; /* the value (4 bytes) is length << 16 | offset from the record's begin */
	bool is_rel_loc;  /* the same from the end of the field */
};

/* The prev_state table in sched_switch's print fmt; empty for other events. */
struct format_states {
	struct {
		uint64_t bit;
		char code; /* 'S', 'D', ... */
	} flags[32];
	size_t n;
	uint64_t preempted; /* the "+" bit, 0 if the format has none */
	uint64_t mask;	    /* bits that the table decodes */
};

struct format {
	uint16_t id; /* common_type */
	const char *system;
	const char *name;
	const struct format_field *fields; /* common_ fields included */
	size_t n_fields;		   /* 0: the format text could not be parsed */
	uint32_t bad_line;		   /* ... since this line of it is damaged; 0: none is */
	uint32_t min_size; /* where its fields end, but for a last array: no record of it
				  * that the reader gives is shorter */
	struct format_states states;
};

enum record_kind {
	RECORD_EVENT,
	RECORD_UNKNOWN, /* of an event without a format, as of a probe that was made later */
	RECORD_GAP,  /* records are missing from here on, up to the CPU's RECORD_LOST, the next */
	RECORD_LOST, /* records are missing before the CPU's next record */
};

/* RECORD_EVENT and RECORD_UNKNOWN have data, size and pid; RECORD_LOST has lost_since and lost.
 * RECORD_GAP has neither. */
struct record {
	/* In ns where the clock is in ns, see tracedat_clock(); never less than that of the CPU's
	 * record before it. RECORD_GAP: of that record; RECORD_LOST: where records resume. */
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
	uint16_t format; /* index into tracedat_formats(); RECORD_UNKNOWN: the event's id */
	int32_t cpu;	 /* of the buffer that held it */
};

static inline bool record_is_event(const struct record *r)
{
	return r->kind <= RECORD_UNKNOWN;
}

/* Same options as a source; opening reads all that stands beside the records. Failures do not
 * name the file. */
int tracedat_open(struct tracedat **out, const char *path, const struct tracedat_options *options,
		  struct schedtrace_error *err);
void tracedat_close(struct tracedat *t);

/* All of the file, in its order; those that could not be parsed have no fields, and got a note. */
const struct format *tracedat_formats(const struct tracedat *t, size_t *n);

/* Facts of the file; strings live as long as @t, NULL where the file has none. */
const char *tracedat_clock(const struct tracedat *t); /* "mono", "local", "x86-tsc", ... */
const char *tracedat_uname(const struct tracedat *t); /* option UNAME as it stands */
const char *tracedat_writer(const struct tracedat *t); /* option VERSION: who wrote the file */
const char *tracedat_cmdlines(const struct tracedat *t, size_t *bytes); /* "PID NAME\n" lines */
const char *tracedat_kallsyms(const struct tracedat *t, size_t *bytes);
int tracedat_cpus(const struct tracedat *t); /* buffers, empty ones too */
/* Text of option CPUSTAT for @cpu, or NULL: lines such as "overrun: 12", "read events: 345". */
const char *tracedat_cpustat(const struct tracedat *t, int cpu);
uint32_t tracedat_page_size(const struct tracedat *t);
/* Option TSC2NSEC: ns = (cycles * mult >> shift) + offset. False when the file has none. */
bool tracedat_tsc(const struct tracedat *t, uint32_t *mult, uint32_t *shift, uint64_t *offset);

/*
 * The next records of all CPUs, merged by time (equal stamps: by CPU, then the buffer's order),
 * decoded by several threads. 1 with records, 0 at the end, negative on failure: then the text
 * says at which byte and how many whole records precede it.
 */
int tracedat_next(struct tracedat *t, const struct record **records, size_t *n,
		  struct schedtrace_error *err);

/* Bytes of event data decoded so far and in all; records so far. */
void tracedat_position(const struct tracedat *t, uint64_t *done, uint64_t *total,
		       uint64_t *records);
bool tracedat_damaged(const struct tracedat *t);

/* After the end with salvage: whether more of this CPU was recorded than the records up to its last. */
bool tracedat_ends_early(const struct tracedat *t, int32_t cpu);

#endif
