/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/report_error.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/escape.h"

void report(const char *program, const char *fmt, ...)
{
	char text[SCHEDTRACE_ERROR_SIZE];
	char line[4 * sizeof(text) + 1];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	escape_sentence(line, text);
	fprintf(stderr, "%s: %s\n", program, line);
}

static int exit_status(int status)
{
	switch (status) {
	case SCHEDTRACE_OK:
		return EXIT_DONE;
	case SCHEDTRACE_E_USAGE:
		return EXIT_USAGE;
	case SCHEDTRACE_E_FORMAT:
	case SCHEDTRACE_E_LIMIT:
	case SCHEDTRACE_E_UNSUPPORTED:
	case SCHEDTRACE_E_NOT_FOUND:
		return EXIT_BAD_INPUT;
	default:
		return EXIT_UNFINISHED;
	}
}

int report_error(const char *program, const struct schedtrace_error *err)
{
	report(program, "%s", err->text);
	return exit_status(err->status);
}

static void report_note(void *program, const char *text)
{
	report(program, "%s", text);
}

struct notes report_notes(const char *program)
{
	return (struct notes){ report_note, (void *)program };
}
