/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How a function of libschedtrace says what failed. */
#ifndef SCHEDTRACE_ERROR_H
#define SCHEDTRACE_ERROR_H

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define SCHEDTRACE_EXPORT __attribute__((visibility("default")))
#define SCHEDTRACE_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#else
#define SCHEDTRACE_EXPORT
#define SCHEDTRACE_PRINTF(fmt, args)
#endif

/** enum schedtrace_status - what kind of failure a negative result is; values never change */
enum schedtrace_status {
	SCHEDTRACE_OK = 0,
	SCHEDTRACE_E_USAGE = -1,       /* the caller broke a rule: NULL, wrong order */
	SCHEDTRACE_E_NOMEM = -2,       /* memory ran out */
	SCHEDTRACE_E_IO = -3,          /* the system refused to open, read, write or rename */
	SCHEDTRACE_E_FORMAT = -4,      /* the input is damaged or is not what it claims to be */
	SCHEDTRACE_E_LIMIT = -5,       /* the input asks for more than a limit allows */
	SCHEDTRACE_E_UNSUPPORTED = -6, /* well formed, but of a kind that we do not read */
	SCHEDTRACE_E_NOT_FOUND = -7,   /* no member, analysis, table or column of that name */
	SCHEDTRACE_E_CANCELLED = -8,   /* a callback of the caller asked to stop */
};

#define SCHEDTRACE_ERROR_SIZE 1024

/**
 * struct schedtrace_error - explanation of a failure, owned by the caller
 * @status: the enum schedtrace_status that the function returned
 * @text:   one sentence of printable UTF-8: what failed, where (member, row, offset), what to do
 *
 * Written only when a function fails. Needs no initialisation.
 */
struct schedtrace_error {
	int status;
	char text[SCHEDTRACE_ERROR_SIZE];
};

/**
 * schedtrace_status_name() - the name of a status for programs, such as "format"
 * @status: any value
 *
 * Return: a static string, "unknown" for a value that is no status. Since: 0.1
 */
SCHEDTRACE_EXPORT const char *schedtrace_status_name(int status);

/**
 * schedtrace_version() - the library's own version, such as "0.1.0"
 *
 * Return: a static string. Since: 0.1
 */
SCHEDTRACE_EXPORT const char *schedtrace_version(void);

#ifdef __cplusplus
}
#endif
#endif
