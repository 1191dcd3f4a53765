/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What filters chose from: for what they say where nothing matched. */
#ifndef ANALYZE_FILTERS_STATE_H
#define ANALYZE_FILTERS_STATE_H

#include <stdint.h>

#include "analyze/filters.h"
#include "base/intern.h"

/* The numbers of one option. */
struct filter_numbers {
	int64_t *values;
	bool *seen; /* by number: whether a row had it */
	size_t n;
	int64_t least, most; /* of all rows; least > most: there were none */
};

struct filters_state {
	struct filter_numbers pids, cpus;
	bool *comms_seen;	       /* by pattern */
	struct intern comms;	       /* names in rows, as long as some pattern matched none */
	struct conditions *conditions; /* filters_condition.c */
	bool condition_seen, command_seen;
	bool passed; /* some row did */
};

#endif
