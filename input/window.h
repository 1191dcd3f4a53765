/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A part of a trace, as the command line names it. */
#ifndef INPUT_WINDOW_H
#define INPUT_WINDOW_H

#include <stdint.h>

#include <schedtrace/error.h>

/*
 * "BEGIN:END": each side is a decimal number of seconds since @origin, "@" and nanoseconds on the
 * trace clock, or empty for the edge of the trace. An @origin of INT64_MIN is unknown; then only
 * the second form will do.
 */
int window_parse(const char *text, int64_t origin, int64_t *begin, int64_t *end,
		 struct schedtrace_error *err);

#endif
