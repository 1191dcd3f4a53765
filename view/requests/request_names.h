/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What numbers names have in a database, so far as they were looked up. */
#ifndef VIEW_REQUESTS_REQUEST_NAMES_H
#define VIEW_REQUESTS_REQUEST_NAMES_H

#include "view/requests/request_batch.h"

struct request_names {
	struct intern known;
	int64_t *ids; /* by the number in @known; 0: not looked up */
	int32_t max;
};

/* Asks the database for the number of a name, which it may have to add. */
typedef int (*request_name_fn)(void *user, const char *name, int64_t *id,
			       struct schedtrace_error *err);

void request_names_init(struct request_names *names);
void request_names_free(struct request_names *names);

/* Where a transaction failed, names that it added are not there. */
void request_names_forget(struct request_names *names);

/*
 * Sets @ids, one for each text of the batch, of those that are names of its rows from @first on.
 * Names are asked for as escape_utf8() writes them.
 */
int request_names_find(struct request_names *names, const struct request_batch *batch,
		       uint32_t first, int64_t *ids, request_name_fn look_up, void *user,
		       struct schedtrace_error *err);

#endif
