/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Stands for live where nothing can be recorded. */
#include "base/error.h"
#include "view/live/live.h"

int live_run(const struct live_options *options, int *status, struct schedtrace_error *err)
{
	*status = 0;
	return error_set(
		err, SCHEDTRACE_E_UNSUPPORTED,
		"schedview was built without libtracefs and libtraceevent, which live needs");
}
