/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/note.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/error.h"

void note(const struct notes *notes, const char *fmt, ...)
{
	struct schedtrace_error text; /* escapes what does not print */
	char raw[SCHEDTRACE_ERROR_SIZE];
	va_list args;

	if (!notes || !notes->tell)
		return;
	va_start(args, fmt);
	vsnprintf(raw, sizeof(raw), fmt, args);
	va_end(args);
	error_set(&text, 0, "%s", raw);
	notes->tell(notes->user, text.text);
}
