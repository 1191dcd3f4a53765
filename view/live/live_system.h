/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Figures of the whole system from /proc, and what watching it costs. */
#ifndef VIEW_LIVE_LIVE_SYSTEM_H
#define VIEW_LIVE_LIVE_SYSTEM_H

#include <stdint.h>
#include <sys/types.h>

#include <jansson.h>

/* What was counted at the last reading. All zero: there was none. */
struct live_system {
	int64_t read_ns;
	uint64_t switches, interrupts, forks;
	int64_t recorder_ns, viewer_ns; /* CPU time */
};

/*
 * Load, memory in bytes, pressure (PSI, % of the last 10 s), tasks that are runnable and blocked,
 * and a second: forks, switches, interrupts, and how much of a CPU the process @recorder and this
 * one used. What the kernel does not tell is null, as rates are at the first time.
 */
json_t *live_system_read(struct live_system *system, pid_t recorder);

#endif
