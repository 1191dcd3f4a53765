/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The list of analyses: a new one is a file in analyses/ and a line here. */
#include <string.h>

#include "libschedtrace/analysis.h"

#define ANALYSES(X)                                                                                \
	X(tasks)                                                                                   \
	X(cpus)                                                                                    \
	X(migrations)                                                                              \
	X(latency)                                                                                 \
	X(timehist)                                                                                \
	X(map)                                                                                     \
	X(states)                                                                                  \
	X(utilization)                                                                             \
	X(runqueue)                                                                                \
	X(waits)                                                                                   \
	X(memory)                                                                                  \
	X(faults)                                                                                  \
	X(stacks)                                                                                  \
	X(losses)

#define DECLARE(name) extern const struct analysis analysis_##name;
ANALYSES(DECLARE)

#define LIST(name) &analysis_##name,
const struct analysis *const analyses[] = { ANALYSES(LIST) NULL };

const struct schedtrace_analysis_info *schedtrace_analysis_at(size_t index)
{
	for (size_t i = 0; analyses[i]; i++) {
		if (i == index)
			return &analyses[i]->info;
	}
	return NULL;
}

const struct schedtrace_analysis_info *schedtrace_analysis_find(const char *name)
{
	for (size_t i = 0; name && analyses[i]; i++) {
		if (!strcmp(analyses[i]->info.name, name))
			return &analyses[i]->info;
	}
	return NULL;
}
