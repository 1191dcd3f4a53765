/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "tracedat/stack_kind.h"

enum stack_kind stack_kind_of(const struct format *format)
{
	if (strcmp(format->system, "ftrace") != 0)
		return STACK_NONE;
	return strcmp(format->name, "kernel_stack") == 0 ? STACK_KERNEL
	       : strcmp(format->name, "user_stack") == 0 ? STACK_USER
							 : STACK_NONE;
}
