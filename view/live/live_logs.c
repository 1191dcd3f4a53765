/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "view/live/live_logs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/escape.h"
#include "base/mem.h"

#define MOST_SENT 1000 /* rows at a time */

void live_logs_open(struct live_logs *logs)
{
	*logs = (struct live_logs){ {
		{ .name = "migration_log", .view = "migrations", .topic = 2 },
		{ .name = "requests", .view = "memory", .topic = 3 },
	} };
}

struct live_log *live_logs_of(struct live_logs *logs, const char *view)
{
	for (size_t i = 0; i < LIVE_LOGS; i++)
		if (!strcmp(logs->list[i].view, view))
			return &logs->list[i];
	return NULL;
}

static void keep(struct live_log *log, const union schedtrace_value *values)
{
	struct live_log_row *row = &log->rows[log->n % LIVE_LOG_ROWS];
	size_t texts = 0;

	for (size_t c = 0; c < log->info->n_columns && c < LIVE_LOG_COLUMNS; c++) {
		row->values[c] = values[c];
		if (log->info->columns[c]->type != SCHEDTRACE_TEXT || !values[c].s)
			continue;
		row->values[c].s = NULL;
		if (texts == sizeof(row->texts) / sizeof(*row->texts))
			continue;
		snprintf(row->texts[texts], LIVE_LOG_TEXT, "%s", values[c].s);
		row->values[c].s = row->texts[texts++];
	}
	log->n++;
}

void live_logs_take(struct live_logs *logs, const struct schedtrace_table_info *info,
		    const union schedtrace_value *values)
{
	for (size_t i = 0; i < LIVE_LOGS; i++) {
		struct live_log *log = &logs->list[i];

		if (strcmp(info->name, log->name) != 0)
			continue;
		log->info = info;
		if (!log->rows)
			log->rows = calloc(LIVE_LOG_ROWS, sizeof(*log->rows));
		if (log->rows)
			keep(log, values);
		return;
	}
}

static json_t *value_of(const struct schedtrace_column_info *column, union schedtrace_value v)
{
	auto_free char *text = NULL;

	switch (column->type) {
	case SCHEDTRACE_INT:
		return v.i == INT64_MIN ? json_null() : json_integer(v.i);
	case SCHEDTRACE_REAL:
		return json_real(v.f); /* NULL where it is unknown: not a number */
	default:
		text = v.s ? escape_utf8(v.s) : NULL;
		return text ? json_string(text) : json_null();
	}
}

static json_t *describe(const struct schedtrace_table_info *info)
{
	json_t *columns = json_array();

	for (size_t c = 0; c < info->n_columns && c < LIVE_LOG_COLUMNS; c++)
		json_array_append_new(columns,
				      json_pack("{s:s, s:s, s:s}", "name", info->columns[c]->name,
						"unit", info->columns[c]->unit, "about",
						info->columns[c]->about));
	return columns;
}

static json_t *row_of(const struct live_log *log, uint64_t number)
{
	const struct live_log_row *row = &log->rows[number % LIVE_LOG_ROWS];
	json_t *values = json_array();

	for (size_t c = 0; c < log->info->n_columns && c < LIVE_LOG_COLUMNS; c++) {
		json_t *value = value_of(log->info->columns[c], row->values[c]);

		json_array_append_new(values, value ? value : json_null());
	}
	return values;
}

json_t *live_log_news(struct live_log *log, bool all, int64_t wall_offset_ns)
{
	uint64_t first = all ? 0 : log->sent, most = all ? LIVE_LOG_ROWS : MOST_SENT;
	uint64_t left_out = log->n - first > most ? log->n - first - most : 0;
	json_t *rows;

	if (!log->info || first == log->n)
		return NULL;
	rows = json_array();
	for (uint64_t i = first + left_out; i < log->n; i++)
		json_array_append_new(rows, row_of(log, i));
	if (!all)
		log->sent = log->n;
	return json_pack("{s:s, s:o, s:o, s:I, s:I, s:o}", "log", log->name, "columns",
			 describe(log->info), "rows", rows, "left_out", (json_int_t)left_out,
			 "count", (json_int_t)log->n, "wall_offset_ns",
			 wall_offset_ns == INT64_MIN ? json_null() : json_integer(wall_offset_ns));
}

void live_logs_clear(struct live_logs *logs)
{
	for (size_t i = 0; i < LIVE_LOGS; i++)
		free(logs->list[i].rows);
	live_logs_open(logs);
}
