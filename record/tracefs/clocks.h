/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The clocks of the machine read together, and what turns ticks of the TSC into nanoseconds. */
#ifndef RECORD_TRACEFS_CLOCKS_H
#define RECORD_TRACEFS_CLOCKS_H

#include <stdbool.h>
#include <stdint.h>

#include "tracedat/tsc_scale.h"

struct clocks {
	int64_t mono, mono_raw, boot, tai, wall; /* ns; mono is the middle of its two readings */
	uint64_t tsc;				 /* 0: this machine has none */
	int64_t spread_ns;			 /* between the first reading and the last */
};

/* Reads them several times and keeps the readings that are closest together. */
void clocks_read(struct clocks *c);

/* The reading of the trace clock with this name; false if user space cannot read it. */
bool clocks_by_name(const struct clocks *c, const char *name, int64_t *ns);

/* Such a clock that is never set back, as it is now; false: it is none of these. */
bool clocks_now(const char *name, int64_t *ns);

/* From two readings, CLOCK_MONOTONIC's ns; false if they do not tell. */
bool clocks_tsc_scale(const struct clocks *from, const struct clocks *to, struct tsc_scale *scale);

/* From two readings 20 ms apart. */
bool clocks_measure_tsc(struct tsc_scale *scale);

#endif
