/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Stands for the page where it is not built. */
#include "base/error.h"
#include "view/page/page.h"

int page_run(const struct page_options *options, struct schedtrace_error *err)
{
	return error_set(err, SCHEDTRACE_E_UNSUPPORTED,
			 "schedview was built without libwebsockets, which the page needs");
}
