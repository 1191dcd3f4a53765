/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Logs that the page shows as they come: the last rows of each. */
#ifndef VIEW_LIVE_LIVE_LOGS_H
#define VIEW_LIVE_LIVE_LOGS_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>
#include <schedtrace/tables.h>

#define LIVE_LOG_ROWS	 1000 /* that are kept */
#define LIVE_LOG_COLUMNS 16
#define LIVE_LOG_TEXT	 32

struct live_log_row {
	union schedtrace_value values[LIVE_LOG_COLUMNS]; /* texts lie in @texts */
	char texts[3][LIVE_LOG_TEXT];			 /* of the first text columns */
};

struct live_log {
	const char *name, *view; /* which log, and who shows it */
	uint64_t topic;
	const struct schedtrace_table_info *info; /* NULL: no row so far */
	struct live_log_row *rows;		  /* a ring */
	uint64_t n, sent; /* rows since the begin, and those that were sent */
};

#define LIVE_LOGS 2

/* They are of the thread that follows, but for names and topics. */
struct live_logs {
	struct live_log list[LIVE_LOGS];
};

void live_logs_open(struct live_logs *logs);
/* Frees all rows; others may come. */
void live_logs_clear(struct live_logs *logs);

/* That which a view shows, or NULL. */
struct live_log *live_logs_of(struct live_logs *logs, const char *view);

/* Keeps a row if it is of one of them. */
void live_logs_take(struct live_logs *logs, const struct schedtrace_table_info *info,
		    const union schedtrace_value *values);

/*
 * {"log", "columns": [{"name", "unit", "about"}], "rows": [[]], "left_out"}: rows that have not
 * been sent, or, of @all, those that are kept; NULL where there is none. @wall_offset_ns, unless it
 * is unknown, is told with them.
 */
json_t *live_log_news(struct live_log *log, bool all, int64_t wall_offset_ns);

#endif
