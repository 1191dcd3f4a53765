/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Rows and tables for programs that speak Arrow's C data interface, such as DuckDB, polars, pyarrow
 * and R, without a library between: https://arrow.apache.org/docs/format/CDataInterface.html
 */
#ifndef SCHEDTRACE_ARROW_H
#define SCHEDTRACE_ARROW_H

#include <stdint.h>

#include <schedtrace/tables.h>
#include <schedtrace/trace.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The structs are those of Arrow's specification; whoever declares them first does so for all. */
#ifndef ARROW_C_DATA_INTERFACE
#define ARROW_C_DATA_INTERFACE

#define ARROW_FLAG_DICTIONARY_ORDERED 1
#define ARROW_FLAG_NULLABLE	      2
#define ARROW_FLAG_MAP_KEYS_SORTED    4

struct ArrowSchema {
	const char *format;
	const char *name;
	const char *metadata;
	int64_t flags;
	int64_t n_children;
	struct ArrowSchema **children;
	struct ArrowSchema *dictionary;
	void (*release)(struct ArrowSchema *);
	void *private_data;
};

struct ArrowArray {
	int64_t length;
	int64_t null_count;
	int64_t offset;
	int64_t n_buffers;
	int64_t n_children;
	const void **buffers;
	struct ArrowArray **children;
	struct ArrowArray *dictionary;
	void (*release)(struct ArrowArray *);
	void *private_data;
};

#endif

#ifndef ARROW_C_STREAM_INTERFACE
#define ARROW_C_STREAM_INTERFACE

struct ArrowArrayStream {
	int (*get_schema)(struct ArrowArrayStream *, struct ArrowSchema *out);
	int (*get_next)(struct ArrowArrayStream *, struct ArrowArray *out);
	const char *(*get_last_error)(struct ArrowArrayStream *);
	void (*release)(struct ArrowArrayStream *);
	void *private_data;
};

#endif

/**
 * schedtrace_arrow_events() - rows of a trace as a stream of Arrow arrays
 * @out:   the stream, which its consumer releases; @trace must outlive it, but not its arrays
 * @trace: trace to read
 * @begin: first row
 * @end:   row after the last, UINT64_MAX: all
 * @err:   explanation of a failure, or NULL
 *
 * An array of structs a batch: timestamp (int64, ns), cpu, pid (int32), event (a dictionary of the
 * events' names), arg0, arg1 (int64), and where the trace has them comm (a dictionary of names) and
 * stack (int32, an id of schedtrace_context_stack()). Names that are not UTF-8 are as
 * schedtrace_printable() has them. Memory: a batch and its copy.
 *
 * Return: 0 or a negative enum schedtrace_status. Since: 0.1
 */
SCHEDTRACE_EXPORT int schedtrace_arrow_events(struct ArrowArrayStream *out,
					      struct schedtrace *trace, uint64_t begin,
					      uint64_t end, struct schedtrace_error *err);

/**
 * schedtrace_arrow_table() - a table as a stream of one Arrow array
 * @out:    the stream, which its consumer releases
 * @tables: the result of an analysis, which must outlive the stream and its array: their numbers
 *          are those of the table, without a copy
 * @name:   of the table
 * @err:    explanation of a failure, or NULL
 *
 * An array of structs: int64, float64 and utf8 columns with the table's names, null where a value
 * is unknown. The unit and the meaning of a column are metadata of its field: "unit", "about".
 *
 * Return: 0, SCHEDTRACE_E_NOT_FOUND without such a table, or another negative enum
 * schedtrace_status. Since: 0.1
 */
SCHEDTRACE_EXPORT int schedtrace_arrow_table(struct ArrowArrayStream *out,
					     const struct schedtrace_tables *tables,
					     const char *name, struct schedtrace_error *err);

#ifdef __cplusplus
}
#endif
#endif
