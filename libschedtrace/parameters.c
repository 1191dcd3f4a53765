/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "libschedtrace/parameters.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"

static const struct schedtrace_parameter_info counts[N_PARAMETERS] = {
	[PARAMETER_WORST] = {
		.name = "worst",
		.kind = SCHEDTRACE_PARAMETER_COUNT,
		.about = "how many of the longest waits table latency_worst keeps",
		.usual = "20",
		.analysis = "latency",
		.least = 1,
		.most = LATENCY_WORST_MOST,
	},
	[PARAMETER_POINTS] = {
		.name = "points",
		.kind = SCHEDTRACE_PARAMETER_COUNT,
		.about = "into how many intervals table utilization parts the time at most",
		.usual = "200",
		.analysis = "utilization",
		.least = 2,
		.most = UTILIZATION_POINTS_MOST,
	},
};

/* Those of choice.h. */
static const struct schedtrace_parameter_info choices[] = {
	{ "pid", SCHEDTRACE_PARAMETER_NUMBERS, "tasks that count, by thread id", NULL, NULL, 0, 0 },
	{ "comm", SCHEDTRACE_PARAMETER_PATTERN, "tasks that count, by name", NULL, NULL, 0, 0 },
	{ "command", SCHEDTRACE_PARAMETER_YES_NO,
	  "whether only tasks of the recorded command count", "no", NULL, 0, 0 },
	{ "cpu", SCHEDTRACE_PARAMETER_NUMBERS, "CPUs that count", NULL, NULL, 0, 0 },
};

#define N_CHOICES (sizeof(choices) / sizeof(*choices))

const struct schedtrace_parameter_info *schedtrace_parameter_at(size_t index)
{
	if (index < N_CHOICES)
		return &choices[index];
	return index < N_CHOICES + N_PARAMETERS ? &counts[index - N_CHOICES] : NULL;
}

static bool parse(const char *text, int64_t *value)
{
	char *end;

	errno = 0;
	*value = strtoll(text, &end, 10);
	return !errno && end != text && !*end && *text >= '0' && *text <= '9';
}

struct parameters parameters_usual(void)
{
	struct parameters p = { { 0 } };

	for (int i = 0; i < N_PARAMETERS; i++)
		parse(counts[i].usual, &p.values[i]);
	return p;
}

int parameters_set(struct parameters *parameters, const char *name, const char *value, bool *known,
		   struct schedtrace_error *err)
{
	int64_t number;
	int i = 0;

	while (i < N_PARAMETERS && strcmp(counts[i].name, name) != 0)
		i++;
	*known = i < N_PARAMETERS;
	if (!*known)
		return 0;
	if (!parse(value, &number) || number < counts[i].least || number > counts[i].most)
		return error_set(err, SCHEDTRACE_E_USAGE,
				 "parameter %s: \"%.100s\" is no number from %" PRId64
				 " to %" PRId64,
				 name, value, counts[i].least, counts[i].most);
	parameters->values[i] = number;
	return 0;
}
