/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TRACEDAT_TSC_SCALE_H
#define TRACEDAT_TSC_SCALE_H

#include <stdint.h>

/* ns = (ticks * mult >> shift) + offset, as trace.dat's option TSC2NSEC has it. */
struct tsc_scale {
	uint32_t mult, shift;
	uint64_t offset;
};

#endif
