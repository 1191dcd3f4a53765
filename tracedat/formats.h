/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The format texts of a file, parsed by libtraceevent in a worker process. A hostile text can
 * crash or hang that library; then only the worker dies, and the event stays without fields.
 */
#ifndef TRACEDAT_FORMATS_H
#define TRACEDAT_FORMATS_H

#include "tracedat/container.h"
#include "tracedat/tracedat.h"

struct formats {
	struct format *list;
	size_t n;
	uint16_t *by_id; /* 65536 entries: index + 1 of the format with that id, 0 none */
};

/* @f is zeroed by the caller; formats_free() releases also after a failure. */
int formats_parse(struct formats *f, const struct format_text *texts, size_t n,
		  const struct notes *notes, struct schedtrace_error *err);
void formats_free(struct formats *f);

#define FORMAT_NAME_MAX	  64
#define FORMAT_FIELDS_MAX 512

/* What is to be told of sched_switch's table of states. */
enum format_states_doubt {
	FORMAT_STATES_CERTAIN,
	FORMAT_STATES_NEW,	  /* letters in an order that no kernel so far has had */
	FORMAT_STATES_UNREADABLE, /* there is none, or its bits contradict each other: left empty */
};

/* What the worker sends for one text: a head, then n_fields fields. */
struct format_head {
	uint32_t index;
	int32_t id;	   /* -1: the text could not be parsed */
	uint32_t bad_line; /* likewise; where the text is damaged, 0: it is not */
	uint32_t n_fields;
	uint32_t min_size;
	char name[FORMAT_NAME_MAX];
	struct format_states states;
	enum format_states_doubt states_doubt;
};

struct format_wire_field {
	uint32_t offset, size;
	uint8_t is_signed, is_string, is_data_loc, is_rel_loc;
	char name[FORMAT_NAME_MAX];
};

/*
 * The number of the first line that no kernel prints there, 0 if there is none: the lines are
 * "name:", "ID:" and "format:", fields that follow each other, and "print fmt:".
 */
uint32_t format_bad_line(const char *text, size_t n);

/*
 * What the worker does with one text. @fields has room for FORMAT_FIELDS_MAX. Only who has the text
 * from the kernel itself, the worker and the fuzz target call it.
 */
void format_parse_text(const char *system, const char *text, size_t n, struct format_head *head,
		       struct format_wire_field *fields);

#endif
