/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A trace: a SchedLog tarball that was opened, or events made in memory. */
#ifndef SCHEDTRACE_TRACE_H
#define SCHEDTRACE_TRACE_H

#include <stdbool.h>

#include <schedtrace/context.h>

#ifdef __cplusplus
extern "C" {
#endif

struct schedtrace;

/**
 * struct schedtrace_open_options - how to open a trace; zeroes are the defaults
 * @size:        sizeof(struct schedtrace_open_options) as the caller was compiled
 * @max_bytes:   most memory that members may take when inflated, 0: no limit beside what their
 *               own headers allow
 * @threads:     threads that inflate, 0: as many as there are CPUs
 * @default_ids: read a tarball without a .start member by SchedLog's built-in ids 0 to 17
 *               instead of refusing it
 * @note:        called with one printable sentence for each harmless oddity, such as an unknown
 *               column; NULL: not wanted. Must not use the trace that is being opened.
 * @user:        passed to @note
 */
struct schedtrace_open_options {
	size_t size;
	uint64_t max_bytes;
	unsigned int threads;
	bool default_ids;
	void (*note)(void *user, const char *text);
	void *user;
};

/**
 * schedtrace_open() - open a SchedLog tarball
 * @out:     the trace; the caller closes it
 * @path:    an uncompressed tar as schedconv, SchedLog's own scripts, or numpy.savez into a tar
 *           make
 * @options: NULL for the defaults
 * @err:     explanation of a failure, or NULL
 *
 * Reads headers, types and lengths, in time that does not depend on the number of events. What
 * only the data can show (order of timestamps, ids without a name, checksums) is checked by
 * schedtrace_validate() and by every pass over the rows.
 *
 * Return: 0 or a negative enum schedtrace_status. Since: 0.1
 */
SCHEDTRACE_EXPORT int schedtrace_open(struct schedtrace **out, const char *path,
				      const struct schedtrace_open_options *options,
				      struct schedtrace_error *err);

/** schedtrace_close() - release a trace and all it lent; NULL does nothing. Since: 0.1 */
SCHEDTRACE_EXPORT void schedtrace_close(struct schedtrace *trace);

/** schedtrace_rows() - the number of rows. Since: 0.1 */
SCHEDTRACE_EXPORT uint64_t schedtrace_rows(const struct schedtrace *trace);

/** schedtrace_context() - what is known beside the rows; lives as long as @trace. Since: 0.1 */
SCHEDTRACE_EXPORT const struct schedtrace_context *
schedtrace_context(const struct schedtrace *trace);

/**
 * schedtrace_members() - name every member of a tarball, known to the library or not
 * @trace:  trace to read
 * @member: called with the path and the bytes of each regular member, in their order; a negative
 *          result ends the visit and is forwarded with what it wrote to @err. The path is hostile
 *          bytes, and lives until it returns.
 * @user:   passed to @member
 * @err:    explanation of a failure, or NULL
 *
 * Return: 0 or a negative enum schedtrace_status. Since: 0.1
 */
SCHEDTRACE_EXPORT int schedtrace_members(struct schedtrace *trace,
					 int (*member)(void *user, const char *path, uint64_t size,
						       struct schedtrace_error *err),
					 void *user, struct schedtrace_error *err);

/**
 * schedtrace_member_read() - the bytes of a member, such as a benchmark's own output
 * @trace:     trace to read
 * @name:      last part of its path, or the whole; of several the last one counts, so that
 *             "tar --append" replaces a member
 * @max_bytes: refuse a larger one
 * @out:       its bytes and a NUL behind them; the caller frees them with free()
 * @n:         how many bytes, without that NUL
 * @err:       explanation of a failure, or NULL
 *
 * Return: 0, SCHEDTRACE_E_NOT_FOUND without such a member, or another negative enum
 * schedtrace_status. Since: 0.1
 */
SCHEDTRACE_EXPORT int schedtrace_member_read(struct schedtrace *trace, const char *name,
					     size_t max_bytes, char **out, size_t *n,
					     struct schedtrace_error *err);

/**
 * schedtrace_validate() - check everything that opening leaves unchecked
 * @trace: trace to read
 * @err:   names the member and the row of the first fault
 *
 * Return: 0 for a sound trace, or a negative enum schedtrace_status. Since: 0.1
 */
SCHEDTRACE_EXPORT int schedtrace_validate(struct schedtrace *trace, struct schedtrace_error *err);

/**
 * schedtrace_load() - bring whole columns into memory
 * @trace:  trace to read
 * @events: set to all rows; they live as long as @trace
 * @err:    explanation of a failure, or NULL
 *
 * Costs no memory where members are stored (they are mapped), 40 bytes a row where they are
 * deflated (44 with call stacks). A second call lends the same columns. For one pass over a
 * trace larger than memory use schedtrace_reader_new().
 *
 * Order, ids and CPUs are checked, and the checksums of what is read; those of mapped members
 * only by schedtrace_validate(). Nobody may truncate a file while it is mapped: using its columns
 * would then raise SIGBUS. Replacing it by rename, as schedtrace_writer_finish() does, is safe, and
 * so are passes by schedtrace_reader_new(), which read and never map.
 *
 * Return: 0 or a negative enum schedtrace_status. Since: 0.1
 */
SCHEDTRACE_EXPORT int schedtrace_load(struct schedtrace *trace,
				      const struct schedtrace_events **events,
				      struct schedtrace_error *err);

struct schedtrace_reader;

/**
 * schedtrace_reader_new() - begin a pass over rows in batches
 * @out:   the reader; the caller frees it before closing @trace
 * @trace: trace to read; several readers may be in use at once, each by one thread
 * @begin: first row
 * @end:   row after the last, UINT64_MAX: all
 * @err:   explanation of a failure, or NULL
 *
 * Rows are read in whole blocks, so a fault near the range may be reported too. A pass over all
 * rows compares checksums. Memory: two blocks of 1,048,576 rows, about 80 MiB.
 *
 * Return: 0 or a negative enum schedtrace_status. Since: 0.1
 */
SCHEDTRACE_EXPORT int schedtrace_reader_new(struct schedtrace_reader **out,
					    struct schedtrace *trace, uint64_t begin, uint64_t end,
					    struct schedtrace_error *err);

/**
 * schedtrace_reader_next() - the next rows
 * @reader: the pass
 * @events: set to the next rows, which live until the next call; their number is the library's
 *          choice
 * @err:    names the member and the row of a fault, such as timestamps out of order
 *
 * Return: 1 with rows, 0 at the end, or a negative enum schedtrace_status. Since: 0.1
 */
SCHEDTRACE_EXPORT int schedtrace_reader_next(struct schedtrace_reader *reader,
					     const struct schedtrace_events **events,
					     struct schedtrace_error *err);

/** schedtrace_reader_free() - end a pass; NULL does nothing. Since: 0.1 */
SCHEDTRACE_EXPORT void schedtrace_reader_free(struct schedtrace_reader *reader);

struct schedtrace_builder;

/**
 * schedtrace_builder_new() - begin a trace made in memory, row by row
 * @out: the builder; the caller finishes or frees it
 * @err: explanation of a failure, or NULL
 *
 * Return: 0 or a negative enum schedtrace_status. Since: 0.1
 */
SCHEDTRACE_EXPORT int schedtrace_builder_new(struct schedtrace_builder **out,
					     struct schedtrace_error *err);

/** schedtrace_builder_context() - the context of the trace to be, to fill. Since: 0.1 */
SCHEDTRACE_EXPORT struct schedtrace_context *
schedtrace_builder_context(struct schedtrace_builder *builder);

/**
 * schedtrace_builder_add() - append a row
 * @builder:   trace to be
 * @timestamp: ns, at least that of the row before
 * @cpu:       0 to 65,534
 * @pid:       thread id, 0 idle, -1 unknown
 * @event:     enum schedtrace_event_id, or an id from schedtrace_context_add_event()
 * @arg0:      by SCHEDTRACE_EVENTS()
 * @arg1:      by SCHEDTRACE_EVENTS()
 * @comm:      id from schedtrace_context_intern_comm(), 0 unknown
 * @err:       explanation of a failure, or NULL
 *
 * Return: 0 or a negative enum schedtrace_status. Since: 0.1
 */
SCHEDTRACE_EXPORT int schedtrace_builder_add(struct schedtrace_builder *builder, int64_t timestamp,
					     int32_t cpu, int32_t pid, int32_t event, int64_t arg0,
					     int64_t arg1, int32_t comm,
					     struct schedtrace_error *err);

/**
 * schedtrace_builder_finish() - turn the rows into a trace
 * @builder: released by this call, also on failure
 * @out:     the trace; the caller closes it
 * @err:     explanation of a failure, or NULL
 *
 * Return: 0 or a negative enum schedtrace_status. Since: 0.1
 */
SCHEDTRACE_EXPORT int schedtrace_builder_finish(struct schedtrace_builder *builder,
						struct schedtrace **out,
						struct schedtrace_error *err);

/** schedtrace_builder_free() - drop a trace that was not finished; NULL does nothing. Since: 0.1 */
SCHEDTRACE_EXPORT void schedtrace_builder_free(struct schedtrace_builder *builder);

#ifdef __cplusplus
}
#endif
#endif
