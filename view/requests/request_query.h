/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is asked of a database of requests: a text with places for values, and the values. */
#ifndef VIEW_REQUESTS_REQUEST_QUERY_H
#define VIEW_REQUESTS_REQUEST_QUERY_H

#include <stdbool.h>
#include <stdint.h>

#include <schedtrace/tables.h>

#include "view/requests/request_batch.h"

struct request_store;

typedef int (*request_row_fn)(void *user, const union schedtrace_value *values,
			      struct schedtrace_error *err);

/* By what rows are found without looking at all of them. */
enum request_index {
	REQUEST_BY_TIME,
	REQUEST_BY_PID,
	REQUEST_BY_NAME,
	REQUEST_BY_SIZE,
	REQUEST_INDEXES
};

struct request_query {
	const struct schedtrace_table_info *info; /* of its rows */
	const char *sql;
	const int64_t *values; /* one for each ? */
	size_t n_values;
};

/* Which requests. All zeroes but @min_size and @max_size INT64_MIN: all. */
struct request_filter {
	const int64_t *pids; /* of threads or processes */
	size_t n_pids;
	const char *const *names; /* as text_matches() takes them */
	size_t n_names;
	bool calls[REQUEST_CALLS];   /* none: all */
	int64_t since_us, until_us;  /* 0: no limit; @until_us is not included */
	int64_t min_size, max_size;  /* INT64_MIN: no limit */
	int64_t after_id, before_id; /* pages: 0 no limit; neither is included */
	int64_t last;		     /* only the last so many; 0: all */
};

/* The columns of what the two below give. */
extern const struct schedtrace_table_info request_rows_info, request_sums_info;

enum {
	REQUEST_AT,
	REQUEST_PID,
	REQUEST_TGID,
	REQUEST_NAME,
	REQUEST_CALL,
	REQUEST_SIZE,
	REQUEST_ADDRESS,
	REQUEST_RESULT,
	REQUEST_ID, /* hidden: by which the next page is asked for */
	REQUEST_COLUMNS
};

/*
 * Calls @row for each request in the order in which they were stored, or for each process and name
 * the sums of its requests, those that asked for most first. Indexes that help are made when they
 * are first of use, unless the database is not to be changed.
 */
int request_store_rows(struct request_store *store, const struct request_filter *filter,
		       request_row_fn row, void *user, struct schedtrace_error *err);
int request_store_sums(struct request_store *store, const struct request_filter *filter,
		       request_row_fn row, void *user, struct schedtrace_error *err);

#endif
