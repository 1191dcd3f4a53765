/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The table "system": figures of the whole machine from /proc, and what watching it costs. */
#ifndef VIEW_LIVE_LIVE_SYSTEM_H
#define VIEW_LIVE_LIVE_SYSTEM_H

#include <stdint.h>
#include <sys/types.h>

#include <jansson.h>

#include "libschedtrace/table.h"

#define LIVE_SYSTEM_COLUMNS 18

extern const struct schedtrace_table_info live_system_info;

/* What was counted at the last reading. All zero: there was none. */
struct live_system {
	int64_t read_ns;
	uint64_t switches, interrupts, forks;
	int64_t recorder_ns, viewer_ns; /* CPU time */
};

/* The values of the table's row; rates are those since the reading before, of the process
 * @recorder and this one too. */
void live_system_read(struct live_system *system, pid_t recorder,
		      union schedtrace_value values[LIVE_SYSTEM_COLUMNS]);

/* {COLUMN: value}; what is unknown is null. */
json_t *live_system_json(const union schedtrace_value values[LIVE_SYSTEM_COLUMNS]);

#endif
