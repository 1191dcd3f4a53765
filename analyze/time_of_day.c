/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "analyze/time_of_day.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/checked.h"
#include "base/error.h"

#define SECOND INT64_C(1000000000)

static const struct {
	const char *word, *unit;
} forms[] = {
	[TIME_AS_WALL] = { "wall", "local" },
	[TIME_AS_UTC] = { "utc", "UTC" },
	[TIME_AS_ISO] = { "iso", "ISO 8601" },
};

int time_of_day_parse(struct time_of_day *time, const char *word, struct schedtrace_error *err)
{
	for (size_t i = 0; i < sizeof(forms) / sizeof(*forms); i++) {
		if (strcmp(word, forms[i].word) == 0) {
			time->form = i;
			return 0;
		}
	}
	return error_set(err, SCHEDTRACE_E_USAGE, "--clock: %s is not wall, utc or iso", word);
}

int time_of_day_begin(struct time_of_day *time, const struct schedtrace_info *info,
		      struct schedtrace_error *err)
{
	time->offset_ns = info->wall_offset_begin_ns != INT64_MIN ? info->wall_offset_begin_ns
								  : info->wall_offset_end_ns;
	if (time->offset_ns == INT64_MIN)
		return error_set(err, SCHEDTRACE_E_USAGE,
				 "--clock %s: the recording does not say what time of day it was",
				 forms[time->form].word);
	return 0;
}

int64_t time_of_day_drift(const struct schedtrace_info *info)
{
	int64_t drift;

	if (info->wall_offset_begin_ns == INT64_MIN || info->wall_offset_end_ns == INT64_MIN ||
	    !checked_sub(info->wall_offset_end_ns, info->wall_offset_begin_ns, &drift))
		return 0;
	return drift;
}

char *time_of_day_text(const struct time_of_day *time, int64_t trace_ns, int digits)
{
	char date[32], fraction[16], zone[8] = "", *text;
	int64_t ns, rest;
	time_t seconds;
	struct tm tm;

	if (!checked_add(trace_ns, time->offset_ns, &ns))
		return strdup("-");
	rest = ns % SECOND;
	seconds = ns / SECOND;
	if (rest < 0) {
		rest += SECOND;
		seconds--;
	}
	if (!(time->form == TIME_AS_UTC ? gmtime_r(&seconds, &tm) : localtime_r(&seconds, &tm)) ||
	    !strftime(date, sizeof(date), time->form == TIME_AS_ISO ? "%FT%T" : "%F %T", &tm))
		return strdup("-");
	snprintf(fraction, sizeof(fraction), "%09" PRId64, rest);
	if (time->form == TIME_AS_UTC)
		strcpy(zone, "Z");
	else if (time->form == TIME_AS_ISO)
		snprintf(zone, sizeof(zone), "%c%02ld:%02ld", tm.tm_gmtoff < 0 ? '-' : '+',
			 labs(tm.tm_gmtoff) / 3600 % 100, labs(tm.tm_gmtoff) / 60 % 60);
	return asprintf(&text, "%s.%.*s%s", date, digits, fraction, zone) < 0 ? NULL : text;
}

const char *time_of_day_unit(const struct time_of_day *time)
{
	return forms[time->form].unit;
}
