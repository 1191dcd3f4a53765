/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One form of message and exit status for all programs. */
#ifndef CLI_REPORT_ERROR_H
#define CLI_REPORT_ERROR_H

#include <schedtrace/error.h>

#include "base/note.h"

enum exit_status {
	EXIT_DONE = 0,
	EXIT_UNFINISHED = 1, /* I/O, memory, database */
	EXIT_USAGE = 2,
	EXIT_BAD_INPUT = 3,
	EXIT_SALVAGED = 4,    /* done with --salvage on damaged input */
	EXIT_RULE_FAILED = 5, /* schedreport assert */
};

/* Prints "PROGRAM: TEXT\n" on stderr, one printable line. */
void report(const char *program, const char *fmt, ...) SCHEDTRACE_PRINTF(2, 3);

/* Prints err->text likewise and returns the exit status that belongs to err->status. */
int report_error(const char *program, const struct schedtrace_error *err);

/* Notes go where those sentences do. */
struct notes report_notes(const char *program);

#endif
