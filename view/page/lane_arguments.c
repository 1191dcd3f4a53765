/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "view/page/lane_arguments.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"

#define FARTHEST (INT64_MAX / 4) /* ns: 73 years before or after the first row */

int lane_name_read(struct lane_name *out, const char **text, const struct timeline *t,
		   struct schedtrace_error *err)
{
	const char *begin = *text;
	char *end = (char *)begin + (*begin != '\0');
	unsigned long number = 0;
	bool is_there = *begin == 'a';

	if (*begin >= 'b' && begin[1] >= '0' && begin[1] <= '9')
		number = strtoul(begin + 1, &end, 10);
	if (strchr("cqw", *begin))
		is_there = end > begin + 1 && number < t->n_cpus && t->cpus[number].named;
	else if (*begin == 't')
		is_there = end > begin + 1 && number < t->n_tasks;
	if (!is_there || (*end && *end != ','))
		return error_set(err, SCHEDTRACE_E_USAGE, "lanes: there is no lane %.40s", begin);
	*out = (struct lane_name){ *begin, (uint32_t)number };
	*text = *end ? end + 1 : end;
	return 0;
}

const struct timeline_lane *lane_of(const struct timeline *t, struct lane_name name)
{
	switch (name.kind) {
	case 'c':
		return &t->cpus[name.number].runs;
	case 'q':
		return &t->cpus[name.number].queue;
	case 'w':
		return &t->cpus[name.number].waste;
	case 't':
		return &t->tasks[name.number].states;
	default:
		return NULL;
	}
}

int lane_time_read(const struct request *request, const char *name, const struct timeline *t,
		   int64_t *out, struct schedtrace_error *err)
{
	const char *text = request_arg(request, name);
	char *end;
	long long value;

	if (!text || !*text)
		return error_set(err, SCHEDTRACE_E_USAGE, "%s is missing", name);
	errno = 0;
	value = strtoll(text, &end, 10);
	if (*end || errno || value > FARTHEST || value < -FARTHEST)
		return error_set(err, SCHEDTRACE_E_USAGE,
				 "%s: %s is no whole number of ns since the first row", name, text);
	if (__builtin_add_overflow(t->begin, (int64_t)value, out))
		*out = value < 0 ? INT64_MIN : INT64_MAX;
	return 0;
}

int lane_window_read(const struct request *request, const struct timeline *t,
		     struct timeline_window *out, struct schedtrace_error *err)
{
	int r = lane_time_read(request, "x0", t, &out->begin, err);

	if (r == 0)
		r = lane_time_read(request, "x1", t, &out->end, err);
	if (r == 0 && out->begin >= out->end)
		r = error_set(err, SCHEDTRACE_E_USAGE, "x0 is below x1");
	return r;
}
