/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "analysis.h"

const struct analysis *const analyses[] = {
	NULL,
};

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
