/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What analyses are told by name and value, beside the choice of tasks and CPUs (choice.h). */
#ifndef LIBSCHEDTRACE_PARAMETERS_H
#define LIBSCHEDTRACE_PARAMETERS_H

#include <stdbool.h>

#include <schedtrace/analyses.h>

#define LATENCY_WORST_MOST	1000
#define UTILIZATION_POINTS_MOST 200

enum parameter { PARAMETER_WORST, PARAMETER_POINTS, N_PARAMETERS };

struct parameters {
	int64_t values[N_PARAMETERS];
};

/* All as they are unless they are set. */
struct parameters parameters_usual(void);

/* *known: there is one of that name; then it is set, or the value is wrong. */
int parameters_set(struct parameters *parameters, const char *name, const char *value, bool *known,
		   struct schedtrace_error *err);

#endif
