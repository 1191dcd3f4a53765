/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "convert/note.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/error.h"

void note(const struct source_options *options, const char *fmt, ...)
{
	struct schedtrace_error text; /* escapes what does not print */
	char raw[SCHEDTRACE_ERROR_SIZE];
	va_list args;

	if (!options || !options->note)
		return;
	va_start(args, fmt);
	vsnprintf(raw, sizeof(raw), fmt, args);
	va_end(args);
	error_set(&text, 0, "%s", raw);
	options->note(options->user, text.text);
}
