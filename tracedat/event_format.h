/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Events as their format texts describe them. */
#ifndef TRACEDAT_EVENT_FORMAT_H
#define TRACEDAT_EVENT_FORMAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

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

#endif
