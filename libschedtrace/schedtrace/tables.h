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
	SCHEDTRACE_TEXT =
		3, /* bytes, NUL-terminated, possibly from the recorded system and hostile;
			      * NULL is unknown */
};

/** enum schedtrace_kind - what a column's figures are about, so that a program can treat them */
enum schedtrace_kind {
	SCHEDTRACE_KIND_TEXT = 1, /* names and other words */
	SCHEDTRACE_KIND_ID,	  /* a number that names something, or says yes or no */
	SCHEDTRACE_KIND_ADDRESS,  /* of memory; people read it in hexadecimal */
	SCHEDTRACE_KIND_STAMP,	  /* a point on the trace clock, ns */
	SCHEDTRACE_KIND_DURATION, /* a length of time, ns */
	SCHEDTRACE_KIND_COUNT,	  /* how many, unit "1"; of type real a mean */
	SCHEDTRACE_KIND_SIZE,	  /* of memory, bytes */
	SCHEDTRACE_KIND_SHARE,	  /* a part of a whole, percent */
	SCHEDTRACE_KIND_AMOUNT,	  /* of anything else, in the column's unit */
};

/** enum schedtrace_merge - what becomes of a column's figures where several rows become one */
enum schedtrace_merge {
	SCHEDTRACE_MERGE_SUM, /* they are added; where there is no row it is 0 */
	SCHEDTRACE_MERGE_MAX,
	SCHEDTRACE_MERGE_MIN,
	SCHEDTRACE_MERGE_MEAN, /* weighted by the column's @weight */
	SCHEDTRACE_MERGE_ONE,  /* known only while there is one row, as of percentiles */
	SCHEDTRACE_MERGE_NONE, /* no figure, or one that says nothing beyond its row */
};

/** enum schedtrace_change - what becomes of figures between two snapshots of an engine */
enum schedtrace_change {
	/* What is counted up, a sum of durations, counts, sizes or amounts, is subtracted. A mean
	 * is that of what was added; a largest or smallest value is known where there is a new one;
	 * names, ids, stamps and what tells rows apart are the later ones. Else: unknown. */
	SCHEDTRACE_CHANGE_USUAL,
	SCHEDTRACE_CHANGE_LATER,   /* it says what is now: the later one */
	SCHEDTRACE_CHANGE_UNKNOWN, /* nobody knows; a table is left out */
};

/** enum schedtrace_doubt - what records that are missing may have done to a column's figures */
enum schedtrace_doubt {
	SCHEDTRACE_DOUBT_LOW = 1, /* they are too low, by nobody knows how much */
	SCHEDTRACE_DOUBT_COUNTED, /* they are too low, by at most 1 a lost record */
	SCHEDTRACE_DOUBT_ANY,	  /* they may be anything */
	SCHEDTRACE_DOUBT_NONE,	  /* nothing: they tell what is missing */
};

/**
 * struct schedtrace_column_info - one column
 * @name:   also the JSON key and the CSV heading
 * @unit:   "ns", "bytes", "1" for a count, "%" for 0 to 100, "" for names and ids
 * @about:  one line: what the figure means and whose definition it is
 * @type:   of the values
 * @kind:   what they are about
 * @merge:  what becomes of them where rows are put together
 * @weight: the columns, with + between, whose sum is a row's weight in a mean; NULL: all weigh the
 *          same
 * @most:   the column that says how large the value can be at most where records are missing; NULL:
 *          none does. It may be that of several columns together.
 * @adds:   @most is not the bound itself, but what may have to be added
 * @doubt:  what missing records do where @most is NULL; 0: what the table says
 * @unswitched: made without switches, so that one which is missing alone leaves it as it is
 * @needs:  the event without which it is unknown, by schedtrace_event_name(); NULL: what the table
 *          says
 * @change: what becomes of it between two snapshots
 * @of:     the column that it says more of, such as when the longest was: between two snapshots it
 *          is known only where that one is; NULL: none
 * @part:   of a share: the column whose share in the sum of @weight it is; NULL: no column is
 */
struct schedtrace_column_info {
	const char *name;
	const char *unit;
	const char *about;
	enum schedtrace_type type;
	enum schedtrace_kind kind;
	enum schedtrace_merge merge;
	const char *weight;
	const char *most;
	int adds;
	enum schedtrace_doubt doubt;
	int unswitched;
	const char *needs;
	enum schedtrace_change change;
	const char *of;
	const char *part;
};

/**
 * enum schedtrace_choice - by what rows can be chosen, once they are made or beforehand
 *
 * A row that is chosen says what it would say if nothing but the chosen had been counted. A row
 * that sums over tasks does not, and where only the first of many are kept, others may be missing:
 * there the engine is told before, and counts nothing else.
 */
enum schedtrace_choice {
	SCHEDTRACE_BY_TASK = 1, /* it is about one task or process: columns pid and comm */
	SCHEDTRACE_BY_NAME = 2, /* about the tasks of a name: column comm */
	SCHEDTRACE_BY_CPU = 4,	/* about a CPU: column cpu; about a move: columns from and to */
	/* Beforehand, by parameters of schedtrace_engine_set_parameter(): */
	SCHEDTRACE_BEFORE_TASK = 8, /* pid, comm, command choose what is summed up or kept */
	SCHEDTRACE_FIRST_ONLY = 16, /* only the first of many are kept: others may be missing */
	SCHEDTRACE_BEFORE_CPU = 32, /* so does cpu; a task that did nothing there has no row */
};

/** enum schedtrace_picture_kind - how a picture shows a table or the rows of a log */
enum schedtrace_picture_kind {
	SCHEDTRACE_PICTURE_BARS = 1,	 /* a bar a row; several values beside each other */
	SCHEDTRACE_PICTURE_STACKED_BARS, /* several values behind each other */
	SCHEDTRACE_PICTURE_REQUESTED,	 /* a pie of the memory that processes asked for */
	SCHEDTRACE_PICTURE_HISTOGRAM,	 /* how many waits are how long */
	SCHEDTRACE_PICTURE_DISTRIBUTION, /* how many are not longer */
	SCHEDTRACE_PICTURE_UTILIZATION,	 /* how busy CPUs were, and with which tasks, over time */
	SCHEDTRACE_PICTURE_FAULTS,	 /* page faults over time, a curve a process */
	SCHEDTRACE_PICTURE_RESIDENT,	 /* resident memory over time, a curve a process */
	SCHEDTRACE_PICTURE_WHO_RAN,	 /* a lane a CPU, coloured by task */
	SCHEDTRACE_PICTURE_STATES,	 /* a lane a task, coloured by state */
	SCHEDTRACE_PICTURE_GAPS,	 /* a lane a CPU, coloured where nobody knows who ran */
	SCHEDTRACE_PICTURE_BUSY_MAP,	 /* a row a CPU, shaded by how busy it was */
	SCHEDTRACE_PICTURE_LENGTH_MAP,	 /* shaded by the length of its run queue */
	SCHEDTRACE_PICTURE_LENGTHS,	 /* the same as curves */
	SCHEDTRACE_PICTURE_MIGRATION_MATRIX, /* from CPU to CPU */
	SCHEDTRACE_PICTURE_MIGRATION_RATE,   /* over time, by cause */
};

/**
 * struct schedtrace_picture - one picture of a table or a log
 * @from:   the table or log whose rows it shows
 * @kind:   how
 * @title:  NULL: what the table says that it is
 * @labels: columns that name a row, with commas between; NULL: those that are not figures
 * @values: columns to draw, with commas between; A-B is their difference, A:WORDS what a legend
 *          calls it. NULL: as its kind says
 * @ranked: the table whose order says which tasks of a log are drawn; NULL: none
 * @ranked_on_cpus: the same where CPUs are chosen; NULL: @ranked
 * @top:    so many rows at most
 */
struct schedtrace_picture {
	const char *from;
	enum schedtrace_picture_kind kind;
	const char *title;
	const char *labels;
	const char *values;
	const char *ranked;
	const char *ranked_on_cpus;
	size_t top;
};

/**
 * struct schedtrace_table_compare - how a table compares with that of another recording
 * @same:      columns, with commas between, that make two rows the same; rows of one recording in
 *             which they are equal become one. NULL: its rows are not compared
 * @measures:  columns that are compared where nobody names some
 * @totals:    which rows add up to figures of the whole recording: "" all, "COLUMN=TEXT,..." those
 *             with these texts; NULL: none do
 * @called:    what such figures are from; NULL: the table
 * @usual:     its rows are compared where nobody names tables
 * @histogram: rows are bins, the same in each recording: counts of several are added, and shown as
 *             shares too
 */
struct schedtrace_table_compare {
	const char *same;
	const char *measures;
	const char *totals;
	const char *called;
	int usual;
	int histogram;
};

/**
 * struct schedtrace_table_interval - what becomes of a table's rows between two snapshots
 * @same:       columns, also hidden ones, with commas between, by which rows of both are the same;
 *              NULL: the key
 * @lasting:    the column that says for how long what goes on has lasted; NULL: none does
 * @lasting_in: the column that says which column will count that once it has ended, by index; -1:
 *              none
 * @rest:       the column that has it meanwhile; NULL: none
 * @change:     of the whole table: with SCHEDTRACE_CHANGE_LATER all its rows are the later ones
 */
struct schedtrace_table_interval {
	const char *same;
	const char *lasting;
	const char *lasting_in;
	const char *rest;
	enum schedtrace_change change;
};

/** enum schedtrace_shown - whether a table is shown where nobody named any */
enum schedtrace_shown {
	SCHEDTRACE_SHOWN_NAMED, /* no: only where it or its analysis is named */
	SCHEDTRACE_SHOWN,
	SCHEDTRACE_SHOWN_WITH_ROWS,  /* if it has a row */
	SCHEDTRACE_SHOWN_IF_MISSING, /* if records or switches are missing */
};

/**
 * struct schedtrace_table_info - the shape of a table or of a log, and how to treat it
 * @name:      of the table, or log
 * @about:     what a row is, in a line
 * @n_columns: number of @columns
 * @columns:   pointers to them, so that a column can grow
 * @choices:   of enum schedtrace_choice, added up; 0: by nothing
 * @key:       columns, with commas between, that tell rows apart (lives that share a pid may have
 *             one key); NULL: there is one row at most
 * @order:     the usual order of its rows: a column, with - before it from the largest down; with
 *             commas between, the first that is known somewhere. NULL: as the rows come
 * @first:     columns, with commas between, that matter first where there is no room for all
 * @curve:     rows are points of a curve, of which every so many-th stands for all
 * @micros:    durations are told in microseconds, with so many decimals, since the short ones
 *             matter beside the long ones; 0: in what fits the longest
 * @doubt:     of its columns, unless they say otherwise; 0: SCHEDTRACE_DOUBT_LOW
 * @unswitched: so are all of its columns
 * @needs:     so do all of its columns, and its rows
 * @shown:     whether it is shown where nobody named any
 * @shown_with: and then only with rows of this event; NULL: whatever there is
 * @compare:   NULL: its figures say nothing beside those of another recording
 * @pictures:  NULL-terminated; NULL: it has none of its own
 * @n_hidden:  columns behind the first @n_columns, which no function lends: they say what
 *             schedtrace_tables_interval() must know, such as which of the tasks that had a pid a
 *             row is about
 * @interval:  what becomes of rows between two snapshots; NULL: the usual, rows being the same by
 *             @key
 *
 * Lists of columns are texts as on the command line. Structs and arrays are lent, live as long as
 * the library, and grow only at their end, which is why every array is one of pointers.
 */
struct schedtrace_table_info {
	const char *name;
	const char *about;
	size_t n_columns;
	const struct schedtrace_column_info *const *columns;
	unsigned int choices;
	const char *key;
	const char *order;
	const char *first;
	int curve;
	int micros;
	enum schedtrace_doubt doubt;
	int unswitched;
	const char *needs;
	enum schedtrace_shown shown;
	const char *shown_with;
	const struct schedtrace_table_compare *compare;
	const struct schedtrace_picture *const *pictures;
	size_t n_hidden;
	const struct schedtrace_table_interval *interval;
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

/**
 * schedtrace_tables_interval() - what happened between two snapshots of an engine
 * @before: the earlier snapshot, or NULL: since the first row
 * @now:    the later one
 * @out:    tables of the same shapes; the caller frees them, before or after the others
 * @err:    explanation of a failure, or NULL
 *
 * The columns' descriptions say what becomes of each figure (enum schedtrace_change). A row is
 * there where something changed; one of tasks that were let go meanwhile has what those did since
 * @before, by the name that they had at the end. Tables that only one of the two has are left out,
 * as are those whose rows are points, intervals or the first of many.
 *
 * Sums over intervals that follow each other are those of the whole: to the nanosecond and the
 * count. What lasts, in column lasting_ns, counts where it lasted, not where it ends: a task that
 * runs on for ten intervals has been running in each. Times are those that an engine gives whose
 * window begins at @before; waits, stretches and runs that a row counts one by one are counted
 * where they end. A figure is negative where later rows showed that it was too large before. Upper
 * bounds hold for the interval; where an earlier doubt was settled they may be wider than the
 * difference.
 *
 * Return: 0 or a negative enum schedtrace_status: SCHEDTRACE_E_USAGE where the two are not of one
 * engine, or in the wrong order. Since: 0.1
 */
SCHEDTRACE_EXPORT int schedtrace_tables_interval(const struct schedtrace_tables *before,
						 const struct schedtrace_tables *now,
						 struct schedtrace_tables **out,
						 struct schedtrace_error *err);

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
