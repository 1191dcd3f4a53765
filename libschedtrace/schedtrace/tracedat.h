/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads a trace.dat of schedrec or trace-cmd: a library of its own, libschedtrace-tracedat. */
#ifndef SCHEDTRACE_TRACEDAT_H
#define SCHEDTRACE_TRACEDAT_H

#include <stdbool.h>

#include <schedtrace/context.h>

#ifdef __cplusplus
extern "C" {
#endif

struct schedtrace_tracedat;

/**
 * struct schedtrace_tracedat_options - how to read; zeroes are the defaults
 * @size:       sizeof(struct schedtrace_tracedat_options) as the caller was compiled
 * @instance:   buffer to read of a file with several, "top" the unnamed one; NULL: the only one
 *              that has events
 * @salvage:    give what is whole of a damaged file instead of failing
 * @threads:    threads that decode, 0: as many as there are CPUs
 * @max_memory: bytes that reading may take, 0: 256 MiB
 * @note:       gets sentences for the user that are no failures, such as how much was lost; may be
 *              NULL
 * @user:       passed to it
 */
struct schedtrace_tracedat_options {
	size_t size;
	const char *instance;
	bool salvage;
	unsigned int threads;
	uint64_t max_memory;
	void (*note)(void *user, const char *text);
	void *user;
};

/** schedtrace_is_tracedat() - whether a file begins as a trace.dat does. Since: 0.1 */
SCHEDTRACE_EXPORT bool schedtrace_is_tracedat(const char *path);

/**
 * schedtrace_tracedat_open() - open a trace.dat
 * @out:     the reading; the caller closes it
 * @path:    file of version 6 or 7
 * @options: NULL for the defaults
 * @err:     explanation of a failure, or NULL
 *
 * The descriptions of events in the file are parsed by a process of its own, which is forked here
 * and has ended when this returns: a program that handles SIGCHLD should expect one.
 *
 * Return: 0 or a negative enum schedtrace_status. Since: 0.1
 */
SCHEDTRACE_EXPORT int
schedtrace_tracedat_open(struct schedtrace_tracedat **out, const char *path,
			 const struct schedtrace_tracedat_options *options,
			 struct schedtrace_error *err);

/** schedtrace_tracedat_close() - release a reading; NULL does nothing. Since: 0.1 */
SCHEDTRACE_EXPORT void schedtrace_tracedat_close(struct schedtrace_tracedat *tracedat);

/**
 * schedtrace_tracedat_context() - what the rows are about
 * @tracedat: a reading
 *
 * It grows while rows are read and is complete after the last; an engine may be made of it at once.
 *
 * Return: the context, which lives as long as the reading. Since: 0.1
 */
SCHEDTRACE_EXPORT const struct schedtrace_context *
schedtrace_tracedat_context(const struct schedtrace_tracedat *tracedat);

/**
 * schedtrace_tracedat_next() - the next rows
 * @tracedat: a reading
 * @events:   rows in time order, the columns of a tarball that schedconv makes; they live until the
 *            next call
 * @err:      explanation of a failure, or NULL
 *
 * Return: 1 with rows, 0 at the end, or a negative enum schedtrace_status. Since: 0.1
 */
SCHEDTRACE_EXPORT int schedtrace_tracedat_next(struct schedtrace_tracedat *tracedat,
					       const struct schedtrace_events **events,
					       struct schedtrace_error *err);

/**
 * schedtrace_tracedat_damaged() - whether something was left out
 * @tracedat: a reading with salvage, after the last row
 *
 * Return: true where the file is damaged. Since: 0.1
 */
SCHEDTRACE_EXPORT bool schedtrace_tracedat_damaged(const struct schedtrace_tracedat *tracedat);

#ifdef __cplusplus
}
#endif
#endif
