/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "view/requests/request_feed.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "base/error.h"
#include "base/jhash.h"

#define SECOND_US    1000000
#define ZONE_QUARTER 900 /* clocks are put forward and back at no other times */

enum { TIME, PID, TGID, COMM, CALL, ADDRESS, SIZE, RESULT };

static void find_log(struct request_feed *feed)
{
	static const char *const names[REQUEST_LOG_COLUMNS] = {
		[TIME] = "time_ns", [PID] = "pid",	   [TGID] = "tgid", [COMM] = "comm",
		[CALL] = "call",    [ADDRESS] = "address", [SIZE] = "size", [RESULT] = "result",
	};

	feed->log = schedtrace_analysis_find(REQUEST_ANALYSIS)->logs[0];
	for (int i = 0; i < REQUEST_LOG_COLUMNS; i++)
		feed->columns[i] = schedtrace_column_index(feed->log, names[i]);
}

static uint32_t hash_text(const char *text)
{
	uint32_t words[16] = { 0 };

	strncpy((char *)words, text ? text : "", sizeof(words) - 1);
	return jhash_words(words, 16, 0);
}

/* When and where it was recorded tells recordings apart. */
static void name_recording(struct request_feed *feed, const struct schedtrace_info *info)
{
	snprintf(feed->recording, sizeof(feed->recording), "recording %" PRIx64 "-%" PRIx64 "-%08x",
		 (uint64_t)info->wall_offset_begin_ns, (uint64_t)info->begin_ns,
		 hash_text(info->host));
}

int request_feed_begin(struct request_feed *feed, const struct schedtrace_info *info, bool live,
		       struct schedtrace_error *err)
{
	uint64_t random;

	find_log(feed);
	feed->wall_offset_ns = info->wall_offset_begin_ns != INT64_MIN ? info->wall_offset_begin_ns
								       : info->wall_offset_end_ns;
	feed->zone_begin_s = feed->zone_end_s = 0;
	if (feed->wall_offset_ns == INT64_MIN)
		return error_set(err, SCHEDTRACE_E_UNSUPPORTED,
				 "the recording does not say what time of day it was");
	name_recording(feed, info);
	memcpy(feed->name, feed->recording, sizeof(feed->name));
	if (!live)
		return 0;
	if (getrandom(&random, sizeof(random), 0) != sizeof(random))
		return error_set(err, SCHEDTRACE_E_IO, "no random number to name this run by");
	snprintf(feed->name, sizeof(feed->name), "live %016" PRIx64, random);
	return 0;
}

static int16_t zone_at(struct request_feed *feed, int64_t seconds)
{
	time_t time = (time_t)seconds;
	struct tm tm;

	if (seconds >= feed->zone_begin_s && seconds < feed->zone_end_s)
		return feed->zone_min;
	feed->zone_begin_s = seconds - seconds % ZONE_QUARTER;
	feed->zone_end_s = feed->zone_begin_s + ZONE_QUARTER;
	feed->zone_min = localtime_r(&time, &tm) ? (int16_t)(tm.tm_gmtoff / 60) : 0;
	return feed->zone_min;
}

static int64_t floor_div(int64_t value, int64_t by)
{
	return value / by - (value % by < 0);
}

int request_feed_row(struct request_feed *feed, const struct schedtrace_table_info *log,
		     const union schedtrace_value *values, struct schedtrace_error *err)
{
	const union schedtrace_value *v = values;
	const size_t *at = feed->columns;
	struct request_row row;
	const char *result;

	if (log != feed->log)
		return 0;
	row.at_us = floor_div((int64_t)((uint64_t)v[at[TIME]].i + (uint64_t)feed->wall_offset_ns),
			      1000);
	row.zone_min = zone_at(feed, floor_div(row.at_us, SECOND_US));
	row.pid = (int32_t)v[at[PID]].i;
	row.tgid = v[at[TGID]].i == INT64_MIN ? -1 : (int32_t)v[at[TGID]].i;
	row.call = (uint8_t)request_call_parse(v[at[CALL]].s);
	row.address = v[at[ADDRESS]].i;
	row.size = v[at[SIZE]].i;
	result = v[at[RESULT]].s;
	return feed->take(feed->user, &row, v[at[COMM]].s ? v[at[COMM]].s : "",
			  strcmp(result, "ok") != 0 ? result : NULL, err);
}
