/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The running system: tables of what happens, as it happens. */
#ifndef VIEW_LIVE_LIVE_H
#define VIEW_LIVE_LIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <schedtrace/error.h>

enum live_format { LIVE_TEXT, LIVE_CSV, LIVE_JSON, LIVE_PROMETHEUS };

struct live_options {
	const char
		*tables; /* names of tables or analyses, with commas between; NULL: tasks, cpus */
	enum live_format format;
	bool tty;	      /* tasks on a whole terminal, instead of printing */
	bool once;	      /* one table of the whole time, at the end of it */
	int64_t interval_ns;  /* 0: 2 s */
	int64_t count;	      /* so many intervals; 0: until it is interrupted */
	int64_t top;	      /* rows of a table; negative: as is usual, 0: all */
	const char *filter;   /* only rows that fulfil this (query/query.h), or NULL */
	const char *pids, *cgroup; /* only rows of these processes, as of attach_open(); or NULL */
	bool processes;		   /* threads are put together in the table "activity" */
	const char *user;     /* whose rights the part that shows has; NULL: who called */
	const char *out;      /* a trace.dat that gets all that is recorded, or NULL */
	char *const *command; /* NULL: none is run */
	/* A page instead of printing; it goes on when @command has ended. */
	bool page;
	const char *const *addresses, *const *hosts; /* as of struct page_options */
	size_t n_addresses, n_hosts;
	int64_t port;
	bool open;
	/* Where requests of memory are stored: as of request_store_open(), "none", or NULL: in the
	 * file of who called, where their events are recorded for a table. */
	const char *db;
	bool db_required;	       /* one that is away is a failure */
	int64_t keep_days, keep_bytes; /* of requests; 0: all */
	void (*tell)(void *user, const char *sentence);
	void *tell_user;
};

/*
 * Two processes: this one records, and one without privileges makes tables and prints them on
 * stdout, or serves a page. Ends with SIGINT or SIGTERM, after @count intervals, and, without a
 * page, with COMMAND. *status is what to exit with: that of COMMAND.
 */
int live_run(const struct live_options *options, int *status, struct schedtrace_error *err);

#endif
