/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Writes a SchedLog tarball from rows, in bounded memory. */
#ifndef SCHEDTRACE_WRITER_H
#define SCHEDTRACE_WRITER_H

#include <stdbool.h>

#include <schedtrace/context.h>

#ifdef __cplusplus
extern "C" {
#endif

struct schedtrace_writer;

/**
 * struct schedtrace_writer_options - how to write; zeroes are the defaults
 * @size:    sizeof(struct schedtrace_writer_options) as the caller was compiled
 * @store:   do not deflate: larger, but readers map the columns in place
 * @threads: threads that deflate, 0: as many as there are CPUs
 * @like:    a file that the tarball is made from: who may read that may read the tarball, and
 *           nobody else. NULL: as the file that is replaced, or what the umask leaves
 */
struct schedtrace_writer_options {
	size_t size;
	bool store;
	unsigned int threads;
	const char *like;
};

/**
 * schedtrace_writer_new() - begin a tarball
 * @out:     the writer; the caller finishes or frees it
 * @path:    file to make or replace. It appears only when finished; until then the data is in
 *           files without a name in the same directory. Where the file system has no such files
 *           that of the tarball is named .NAME.XXXXXX, and if the program is killed the next
 *           writer of the same path removes it
 * @ctx:     context of the rows; must outlive the writer, and may grow until the end
 * @options: NULL for the defaults
 * @err:     explanation of a failure, or NULL
 *
 * Takes two blocks of 1,048,576 rows of memory, about 80 MiB, and as much again while they are
 * deflated; the disk holds spool files and the result at once in the end. A target that exists and
 * is no regular file is refused. Where a limit on file sizes is set, the program should ignore
 * SIGXFSZ: then the limit is an error like a full disk.
 *
 * Return: 0 or a negative enum schedtrace_status. Since: 0.1
 */
SCHEDTRACE_EXPORT int schedtrace_writer_new(struct schedtrace_writer **out, const char *path,
					    const struct schedtrace_context *ctx,
					    const struct schedtrace_writer_options *options,
					    struct schedtrace_error *err);

/**
 * schedtrace_writer_rows() - append rows
 * @writer: tarball to be
 * @events: copied; comm and stack columns must be present either always or never, and a first
 *          batch of no rows says so too
 * @err:    explanation of a failure, or NULL
 *
 * Return: 0 or a negative enum schedtrace_status. Since: 0.1
 */
SCHEDTRACE_EXPORT int schedtrace_writer_rows(struct schedtrace_writer *writer,
					     const struct schedtrace_events *events,
					     struct schedtrace_error *err);

/**
 * schedtrace_writer_member() - add another member, such as a file of the caller's
 * @writer: tarball to be
 * @name:   plain member name without a slash; the library's own names are refused
 * @data:   its bytes, copied
 * @n:      their number
 * @err:    explanation of a failure, or NULL
 *
 * Return: 0 or a negative enum schedtrace_status. Since: 0.1
 */
SCHEDTRACE_EXPORT int schedtrace_writer_member(struct schedtrace_writer *writer, const char *name,
					       const void *data, size_t n,
					       struct schedtrace_error *err);

/**
 * schedtrace_writer_array() - append values to a member that is an array
 * @writer: tarball to be
 * @name:   plain member name that ends in .npy; the library's own names are refused
 * @type:   type of the values as numpy names it, such as "<i8" or "|u1", at most 8 bytes each; the
 *          same in each call
 * @data:   the values, copied
 * @n:      their number; 0 makes an empty array that may grow
 * @err:    explanation of a failure, or NULL
 *
 * Like the columns, they wait in an unlinked file: an array may be larger than memory.
 *
 * Return: 0 or a negative enum schedtrace_status. Since: 0.1
 */
SCHEDTRACE_EXPORT int schedtrace_writer_array(struct schedtrace_writer *writer, const char *name,
					      const char *type, const void *data, size_t n,
					      struct schedtrace_error *err);

/**
 * schedtrace_writer_finish() - write everything out and put the file in its place
 * @writer: released by this call, also on failure, when nothing is left at its path
 * @err:    explanation of a failure, or NULL
 *
 * comm.json, tasks.json and meta.json are made from the context as it is now.
 *
 * Return: 0 or a negative enum schedtrace_status. Since: 0.1
 */
SCHEDTRACE_EXPORT int schedtrace_writer_finish(struct schedtrace_writer *writer,
					       struct schedtrace_error *err);

/** schedtrace_writer_free() - drop what was not finished; NULL does nothing. Since: 0.1 */
SCHEDTRACE_EXPORT void schedtrace_writer_free(struct schedtrace_writer *writer);

#ifdef __cplusplus
}
#endif
#endif
