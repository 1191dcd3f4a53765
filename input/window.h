/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A part of a trace, as the command line names it. */
#ifndef INPUT_WINDOW_H
#define INPUT_WINDOW_H

#include <stdint.h>

#include <schedtrace/context.h>

/*
 * "BEGIN:END": each side is a decimal number of seconds since @origin, "@" and nanoseconds on the
 * trace clock, or empty for the edge of the trace. An @origin of INT64_MIN is unknown; then only
 * the second form will do.
 */
int window_parse(const char *text, int64_t origin, int64_t *begin, int64_t *end,
		 struct schedtrace_error *err);

/* Where seconds are counted from: the recorder's mark, or the first row, which can be a little
 * older;
 * @first_ns INT64_MIN: there is none. INT64_MIN: nothing is known. */
int64_t window_origin(const struct schedtrace_context *ctx, int64_t first_ns);

/* Refuses a window with nothing of a recording in it that began at @origin and took @length ns. */
int window_check(const char *text, int64_t begin, int64_t end, int64_t origin, int64_t length,
		 struct schedtrace_error *err);

#endif
