/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a flight recorder saves: of the pages that the buffers held, the records of the last
 * seconds, with what a file begins with put before them. All CPUs begin at the same moment, from
 * which on every one of them is complete.
 */
#ifndef RECORD_TRIGGERS_FLIGHT_H
#define RECORD_TRIGGERS_FLIGHT_H

#include <stdbool.h>
#include <stdint.h>

#include <schedtrace/error.h>

#include "record/marker_writer.h"
#include "tracedat/tracedat_writer.h"

/* Free bytes in the file before the pages of a CPU, for what is put before them. */
#define FLIGHT_ROOM ((uint64_t)64 << 20)

struct flight_part {
	bool overwritten; /* records before the first were lost */
	uint64_t events;  /* records in the file */
	uint64_t lost;	  /* between them, as far as the pages tell how many */
};

struct flight_window {
	int64_t begin_ns, end_ns; /* on the trace clock */
	int64_t after_ns;	  /* set by the caller: the file before ends here, INT64_MIN none */
	bool short_of;		  /* the buffers did not hold as much as was asked for */
	struct flight_part *parts;
	int n_parts;
	uint64_t events;
};

/*
 * Cuts the parts of @w, whose offset and size say where their pages are, down to the last
 * @wanted_ns that all of them hold. @window->parts has .overwritten set by the caller.
 */
int flight_cut(struct flight_window *window, struct tracedat_writer *w, int64_t wanted_ns,
	       struct schedtrace_error *err);

/* Puts the markers of a beginning before the first record of the first part. */
int flight_put_begin(struct flight_window *window, struct tracedat_writer *w,
		     const struct marker_begin *begin, struct schedtrace_error *err);

/* One page of @page_size bytes, which has to hold records from @begin_ns on only: returns how many
 * are left. Those before are taken out, and what the page tells of losses before it. */
uint64_t flight_trim_page(uint8_t *page, uint32_t page_size, int64_t begin_ns);

#endif
