/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sentences about failures: written where the fault is found, context put before by callers. */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

#include <schedtrace/error.h>

/* Writes the sentence (unless @err is NULL) and returns @status, so that callers return it.
 * Bytes that do not print are escaped as \xNN: texts may quote a hostile file. */
int error_set(struct schedtrace_error *err, int status, const char *fmt, ...)
	SCHEDTRACE_PRINTF(3, 4);

/* As error_set(), with ": " and the text of @errnum at the end; ENOMEM becomes E_NOMEM. */
int error_errno(struct schedtrace_error *err, int status, int errnum, const char *fmt, ...)
	SCHEDTRACE_PRINTF(4, 5);

/* Puts "context: " before the sentence that is there and returns @status unchanged. */
int error_prefix(struct schedtrace_error *err, int status, const char *fmt, ...)
	SCHEDTRACE_PRINTF(3, 4);

#endif
