/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tables: what every analysis gives. Typed columns with a name, a unit and a one-line meaning. */
#ifndef SCHEDTRACE_TABLES_H
#define SCHEDTRACE_TABLES_H

#include <stddef.h>
#include <stdint.h>

#include <schedtrace/error.h>

#ifdef __cplusplus
extern "C" {
#endif

/** enum schedtrace_type - what a column's values are */
enum schedtrace_type {
	SCHEDTRACE_INT = 1,  /* int64_t; INT64_MIN is unknown */
	SCHEDTRACE_REAL = 2, /* double; NaN is unknown */
	SCHEDTRACE_TEXT = 3, /* bytes, NUL-terminated, possibly from the recorded system and hostile;
			      * NULL is unknown */
};

/** struct schedtrace_column_info - one column */
struct schedtrace_column_info {
	const char *name; /* also the JSON key and the CSV heading */
	const char *unit; /* "ns", "bytes", "1" for a count, "%" for 0 to 100, "" for names and ids */
	const char *about; /* one line: what the figure means and whose definition it is */
	enum schedtrace_type type;
};

/**
 * enum schedtrace_choice - by what rows can be chosen once they are made
 *
 * A row that is chosen says what it would say if nothing but the chosen had been counted. A row that
 * sums over tasks does not, and where only the first of many are kept, others may be missing.
 */
enum schedtrace_choice {
	SCHEDTRACE_BY_TASK = 1,	    /* it is about one task or process: columns pid and comm */
	SCHEDTRACE_BY_NAME = 2,	    /* about the tasks of a name: column comm */
	SCHEDTRACE_BY_CPU = 4,	    /* about a CPU: column cpu; about a move: columns from and to */
	SCHEDTRACE_BY_COMMAND = 8,  /* schedtrace_engine_set_command_only() chooses beforehand */
	SCHEDTRACE_FIRST_ONLY = 16, /* only the first of many are kept: by nothing at all */
};

/** struct schedtrace_table_info - the shape of a table or of a log */
struct schedtrace_table_info {
	const char *name;
	const char *about;
	size_t n_columns;
	const struct schedtrace_column_info *columns;
	unsigned int choices; /* of enum schedtrace_choice, added up; 0: by nothing */
};

/**
 * schedtrace_column_index() - where a column stands in the rows of a table or log
 * @info:   shape of the table or log
 * @column: the column's name
 *
 * Return: an index into @info->columns and the values of a row; SIZE_MAX when there is no such
 * column. Since: 0.1
 */
SCHEDTRACE_EXPORT size_t schedtrace_column_index(const struct schedtrace_table_info *info,
						 const char *column);

/**
 * schedtrace_printable() - a text from a trace, made safe to print
 * @text: bytes from a recorded system, such as a task's name; NULL: unknown
 * @out:  takes the text; cut where it does not fit
 * @size: bytes that @out has room for, at least 1
 *
 * Printable ASCII stays, but for the backslash, which becomes \x5c, as every other byte becomes
 * \xNN: different texts stay different. Unknown is "-".
 *
 * Return: @out. Since: 0.1
 */
SCHEDTRACE_EXPORT const char *schedtrace_printable(const char *text, char *out, size_t size);

struct schedtrace_table;
struct schedtrace_tables;

/** schedtrace_tables_count() - how many tables there are. Since: 0.1 */
SCHEDTRACE_EXPORT size_t schedtrace_tables_count(const struct schedtrace_tables *tables);

/** schedtrace_tables_at() - a table by index, NULL past the end. Since: 0.1 */
SCHEDTRACE_EXPORT const struct schedtrace_table *
schedtrace_tables_at(const struct schedtrace_tables *tables, size_t index);

/** schedtrace_tables_find() - a table by name, or NULL. Since: 0.1 */
SCHEDTRACE_EXPORT const struct schedtrace_table *
schedtrace_tables_find(const struct schedtrace_tables *tables, const char *name);

/** schedtrace_tables_free() - release all tables; NULL does nothing. Since: 0.1 */
SCHEDTRACE_EXPORT void schedtrace_tables_free(struct schedtrace_tables *tables);

/** schedtrace_table_info() - name and columns; lives as long as the library. Since: 0.1 */
SCHEDTRACE_EXPORT const struct schedtrace_table_info *
schedtrace_table_info(const struct schedtrace_table *table);

/** schedtrace_table_rows() - the number of rows. Since: 0.1 */
SCHEDTRACE_EXPORT size_t schedtrace_table_rows(const struct schedtrace_table *table);

/**
 * schedtrace_table_ints() - the values of an integer column
 * @table:  table to read
 * @column: the column's name
 *
 * Return: schedtrace_table_rows() values that live as long as the table, INT64_MIN where
 * unknown; NULL when there is no such column of this type. Since: 0.1
 */
SCHEDTRACE_EXPORT const int64_t *schedtrace_table_ints(const struct schedtrace_table *table,
						       const char *column);

/** schedtrace_table_reals() - the same for a column of doubles, NaN where unknown. Since: 0.1 */
SCHEDTRACE_EXPORT const double *schedtrace_table_reals(const struct schedtrace_table *table,
						       const char *column);

/** schedtrace_table_texts() - the same for a column of bytes, NULL where unknown. Since: 0.1 */
SCHEDTRACE_EXPORT const char *const *schedtrace_table_texts(const struct schedtrace_table *table,
							    const char *column);

/** union schedtrace_value - one value; the column's type says which member holds it */
union schedtrace_value {
	int64_t i;
	double f;
	const char *s;
};

/**
 * schedtrace_table_value() - one value by row and column index
 *
 * Return: the value; unknown when an index is out of range. Since: 0.1
 */
SCHEDTRACE_EXPORT union schedtrace_value
schedtrace_table_value(const struct schedtrace_table *table, size_t row, size_t column);

/**
 * schedtrace_table_write_npz() - write a table for numpy: an array a column
 * @table: table to write
 * @path:  file to make or replace; never left half written
 * @err:   explanation of a failure, or NULL
 *
 * Integers are <i8, reals <f8, texts fixed-width byte strings (S).
 *
 * Return: 0 or a negative enum schedtrace_status. Since: 0.1
 */
SCHEDTRACE_EXPORT int schedtrace_table_write_npz(const struct schedtrace_table *table,
						 const char *path, struct schedtrace_error *err);

/**
 * struct schedtrace_sink - takes the rows of logs as they come; nothing keeps them
 * @size: sizeof(struct schedtrace_sink) as the caller was compiled
 * @user: passed to @row
 * @row:  called for each row in time order with as many values as the log has columns; texts
 *        live until it returns. A negative result ends the pass and is forwarded with what it
 *        wrote to @err. It must not use the engine that calls it, and must return normally.
 */
struct schedtrace_sink {
	size_t size;
	void *user;
	int (*row)(void *user, const struct schedtrace_table_info *log,
		   const union schedtrace_value *values, struct schedtrace_error *err);
};

#ifdef __cplusplus
}
#endif
#endif
