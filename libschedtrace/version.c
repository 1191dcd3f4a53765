/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <schedtrace/error.h>

const char *schedtrace_version(void)
{
	return SCHEDTRACE_VERSION;
}
