/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The database of requests: whose rights it is opened with, and what is told of it. */
#ifndef VIEW_LIVE_LIVE_REQUESTS_H
#define VIEW_LIVE_LIVE_REQUESTS_H

#include "record/workfile/identity.h"
#include "view/live/live.h"
#include "view/requests/request_log.h"

struct live_requests {
	const struct live_options *options;
	const struct identity *caller, *viewer;
	struct request_log *log; /* NULL: none are stored */
};

/*
 * In a process of its own, so that nothing of a file is read with root's rights: whether the
 * database can be opened, before anything else begins.
 */
int live_requests_try(const struct live_requests *requests, struct schedtrace_error *err);

/*
 * In the viewer, before and after it gives up root's rights: what belongs to another user than the
 * viewer will be is opened before, with that user's rights for files.
 */
int live_requests_open_before(struct live_requests *requests, struct schedtrace_error *err);
int live_requests_open_after(struct live_requests *requests, struct schedtrace_error *err);

#endif
