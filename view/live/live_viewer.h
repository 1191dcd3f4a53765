/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The part of live without privileges: the recorder's frames in, tables out. */
#ifndef VIEW_LIVE_LIVE_VIEWER_H
#define VIEW_LIVE_LIVE_VIEWER_H

#include "view/live/live_tables.h"
#include "view/requests/request_log.h"

/*
 * Reads frames from @fd to the end and prints on stdout what is asked for; returns before the end
 * when that is all. Keys of a terminal give the recorder orders through @orders. @requests takes
 * the requests of memory, NULL: nobody does.
 */
int live_viewer_run(struct live_tables *tables, int fd, int orders, struct request_log *requests,
		    struct schedtrace_error *err);

#endif
