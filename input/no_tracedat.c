/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* In place of tracedat_input.c where the converter is not built. */
#include "base/error.h"
#include "input/input_kind.h"
#include "tracedat/recognize.h"

static int refuse(void **self, const char *path, const struct input_options *options,
		  struct schedtrace_error *err)
{
	return error_set(err, SCHEDTRACE_E_UNSUPPORTED,
			 "this is a trace.dat, and this program was built without the converter; "
			 "make a tarball with schedconv");
}

const struct input_kind input_of_tracedat = { .recognizes = tracedat_is, .open = refuse };
