/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What live has of a database: opened with the rights of who called, fed without. */
#ifndef VIEW_REQUESTS_REQUEST_LOG_H
#define VIEW_REQUESTS_REQUEST_LOG_H

#include <schedtrace/analyses.h>

#include "view/requests/request_writer.h"

struct request_log;

struct request_log_options {
	const char *url;
	const char *home; /* of who called; may be NULL */
	bool required;	  /* a database that is away is a failure */
	struct request_retention keep;
	struct notes notes;
};

/* Opens what needs rights. */
int request_log_open(struct request_log **out, const struct request_log_options *options,
		     struct schedtrace_error *err);

/* Whether the database is there; where it is not and need not be, that is told. */
int request_log_reach(struct request_log *log, struct schedtrace_error *err);

/* Before the first row of each recording, of which @info is known then. Makes threads. */
int request_log_begin(struct request_log *log, const struct schedtrace_info *info,
		      struct schedtrace_error *err);

/* For a sink, whose user is the log: takes requests, passes over what else there is. */
int request_log_row(void *log, const struct schedtrace_table_info *info,
		    const union schedtrace_value *values, struct schedtrace_error *err);

/* All that were taken are stored then, or the failure says how many are not. */
int request_log_finish(struct request_log *log, struct schedtrace_error *err);
void request_log_free(struct request_log *log); /* NULL does nothing */

#endif
