/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libschedtrace: scheduler and memory events as columns, and tables computed from them.
 *
 *	struct schedtrace_error err;
 *	struct schedtrace *trace;
 *
 *	if (schedtrace_open(&trace, "out.tar", NULL, &err) < 0)
 *		...                                  err.text is one printable sentence
 *
 * Conventions of every function:
 *  - A negative result is an enum schedtrace_status and @err (which may be NULL) says why;
 *    0 is done; a positive result is an outcome that the function documents.
 *  - open/close and new/free make and release; releasing NULL does nothing. A function named
 *    by a plain noun lends a pointer that lives as long as the object it came from.
 *  - Times are nanoseconds on the trace's clock. Unknown is INT64_MIN, NaN or NULL.
 *  - There is no global state. Different handles may be used by different threads; one handle
 *    may be read by several threads only where a function says so. Nothing exits or prints.
 */
#ifndef SCHEDTRACE_SCHEDTRACE_H
#define SCHEDTRACE_SCHEDTRACE_H

#include <schedtrace/error.h>
#include <schedtrace/events.h>
#include <schedtrace/context.h>
#include <schedtrace/trace.h>
#include <schedtrace/tables.h>
#include <schedtrace/analyses.h>
#include <schedtrace/writer.h>
#include <schedtrace/arrow.h>

#endif
