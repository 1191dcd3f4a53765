/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "analyze/compare/recording_facts.h"

#include <string.h>
#include <time.h>

#include "base/checked.h"

const struct schedtrace_column_info recording_columns[RECORDING_FACTS] = {
	[RECORDING_GROUP] = { "group", "", "what it is compared as", SCHEDTRACE_TEXT,
			      SCHEDTRACE_KIND_TEXT },
	[RECORDING_FILE] = { "file", "", "its path", SCHEDTRACE_TEXT, SCHEDTRACE_KIND_TEXT },
	[RECORDING_COMMAND] = { "command", "", "the command that was recorded", SCHEDTRACE_TEXT,
				SCHEDTRACE_KIND_TEXT },
	[RECORDING_RELEASE] = { "release", "", "kernel release", SCHEDTRACE_TEXT,
				SCHEDTRACE_KIND_TEXT },
	[RECORDING_HOST] = { "host", "", "name of the machine", SCHEDTRACE_TEXT,
			     SCHEDTRACE_KIND_TEXT },
	[RECORDING_CPUS] = { "cpus", "1", "CPUs of the machine", SCHEDTRACE_INT,
			     SCHEDTRACE_KIND_COUNT },
	[RECORDING_BEGAN] = { "began", "", "when recording began, UTC", SCHEDTRACE_TEXT,
			      SCHEDTRACE_KIND_TEXT },
	[RECORDING_TIME] = { "recorded_ns", "ns",
			     "from its begin to its end, as the recorder noted them",
			     SCHEDTRACE_INT, SCHEDTRACE_KIND_DURATION },
	[RECORDING_ROWS] = { "rows", "1", "rows of its columns", SCHEDTRACE_INT,
			     SCHEDTRACE_KIND_COUNT },
	[RECORDING_LOST] = { "lost", "1", "records that were lost", SCHEDTRACE_INT,
			     SCHEDTRACE_KIND_COUNT },
	[RECORDING_MISSING] = { "unrecorded", "1", "switches that the kernel did not record",
				SCHEDTRACE_INT, SCHEDTRACE_KIND_COUNT },
	[RECORDING_INCOMPLETE] = { "incomplete", "", "why its end is missing", SCHEDTRACE_TEXT,
				   SCHEDTRACE_KIND_TEXT },
};

static int64_t known(int64_t v)
{
	return v > 0 ? v : INT64_MIN;
}

static const char *began(const struct schedtrace_info *info, char *text, size_t size)
{
	int64_t wall;
	time_t seconds;
	struct tm tm;

	if (info->begin_ns == INT64_MIN || info->wall_offset_begin_ns == INT64_MIN ||
	    !checked_add(info->begin_ns, info->wall_offset_begin_ns, &wall))
		return NULL;
	seconds = wall / 1000000000;
	if (!gmtime_r(&seconds, &tm) || !strftime(text, size, "%Y-%m-%dT%H:%M:%SZ", &tm))
		return NULL;
	return text;
}

/* Where the recorder did not note it: from the first row to the last. */
static int64_t recorded_time(const struct summary *summary, const struct schedtrace_info *info)
{
	bool noted = info->begin_ns != INT64_MIN && info->end_ns != INT64_MIN;
	int64_t ns;

	if (noted && checked_sub(info->end_ns, info->begin_ns, &ns) && ns >= 0)
		return ns;
	if (summary->rows && checked_sub(summary->last_ns, summary->first_ns, &ns) && ns >= 0)
		return ns;
	return INT64_MIN;
}

/* Without rows: from what each CPU's buffer says. */
static int64_t lost_of(const struct schedtrace_context *ctx)
{
	size_t n;
	const struct schedtrace_cpu *cpus = schedtrace_context_cpus(ctx, &n);
	int64_t lost = n ? 0 : INT64_MIN;

	for (size_t i = 0; i < n && lost != INT64_MIN; i++)
		if (cpus[i].lost < 0 || !checked_add(lost, cpus[i].lost, &lost))
			lost = INT64_MIN;
	return lost;
}

void recording_facts(union schedtrace_value *v, const struct one_file *file, const char *group,
		     struct recording_texts *texts)
{
	const struct schedtrace_context *ctx = input_context(file->reading.infile);
	const struct schedtrace_info *info = schedtrace_context_info(ctx);
	const struct schedtrace_table *losses =
		file->reading.tables ? schedtrace_tables_find(file->reading.tables, "losses")
				     : NULL;
	struct summary_missing missing = { 0 };
	int64_t rows = file->reading.tables ? (int64_t)file->reading.summary.rows
					    : input_rows(file->reading.infile);

	if (losses)
		missing = summary_count_missing(losses);
	v[RECORDING_GROUP].s = group;
	v[RECORDING_FILE].s = file->path;
	v[RECORDING_COMMAND].s = info->command;
	v[RECORDING_RELEASE].s = info->release;
	v[RECORDING_HOST].s = info->host;
	v[RECORDING_CPUS].i = known(info->cpus);
	v[RECORDING_BEGAN].s = began(info, texts->began, sizeof(texts->began));
	v[RECORDING_TIME].i = recorded_time(&file->reading.summary, info);
	v[RECORDING_ROWS].i = rows;
	v[RECORDING_LOST].i = losses ? missing.lost : lost_of(ctx);
	v[RECORDING_MISSING].i = losses ? missing.switches : INT64_MIN;
	v[RECORDING_INCOMPLETE].s = info->incomplete;
}
