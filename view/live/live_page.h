/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The part of live without privileges, where it serves a page: pages of events in, views out. */
#ifndef VIEW_LIVE_LIVE_PAGE_H
#define VIEW_LIVE_LIVE_PAGE_H

#include "view/live/live.h"
#include "view/requests/request_log.h"

struct live_page;

/* Reads what the page is made of, with the rights that one has then. @frames and @orders: the
 * recorder's frames, and where it takes orders (live_frames.h). */
int live_page_new(struct live_page **out, const struct live_options *options, int frames,
		  int orders, struct schedtrace_error *err);
void live_page_free(struct live_page *page);

/* Serves until the recorder has gone. @requests takes the requests of memory, NULL: nobody does. */
int live_page_run(struct live_page *page, struct request_log *requests,
		  struct schedtrace_error *err);

#endif
