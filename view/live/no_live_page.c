/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Stands for live's page where no page is built. */
#include "base/error.h"
#include "view/live/live_page.h"

int live_page_new(struct live_page **out, const struct live_options *options, int frames,
		  int orders, struct schedtrace_error *err)
{
	return error_set(err, SCHEDTRACE_E_UNSUPPORTED,
			 "schedview was built without libwebsockets, which the page needs");
}

void live_page_free(struct live_page *page)
{
}

int live_page_run(struct live_page *page, struct request_log *requests,
		  struct schedtrace_error *err)
{
	return 0;
}
