/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What recording an event costs on this machine, by a load that causes it again and again. */
#ifndef RECORD_SCHEDREC_MEASURE_H
#define RECORD_SCHEDREC_MEASURE_H

#include <schedtrace/error.h>

#include "record/tracefs/event_sets.h"

struct measurement {
	const char *load;	 /* in words; NULL: none is known that causes these events */
	double events_per_round; /* that the load causes; 0: none, and there are no figures */
	double ns;		 /* CPU time that an event adds, median of the pairs of runs */
	double noise_ns;	 /* half the range that the middle half of the pairs lies in */
};

/*
 * Runs the load for @set in pairs, with @events switched off and on in an instance of their own,
 * for a second or so.
 */
int measure_set(struct measurement *out, const char *root, const char *set,
		const struct event_list *events, struct schedtrace_error *err);

#endif
