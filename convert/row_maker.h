/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From the kernel's records to rows: one table says which event is made into which rows. */
#ifndef CONVERT_ROW_MAKER_H
#define CONVERT_ROW_MAKER_H

#include "convert/row_batch.h"
#include "convert/stream_options.h"
#include "convert/task_table.h"

struct row_maker;

/* Formats and context must outlive it. Notes say which events cannot be read, and why. */
int row_maker_new(struct row_maker **out, const struct format *formats, size_t n_formats,
		  struct schedtrace_context *ctx, const struct stream_options *options,
		  struct schedtrace_error *err);
void row_maker_free(struct row_maker *m);

/*
 * Appends the rows of a record, at most ROWS_RECORD; the caller keeps that much room. Records
 * come in time order.
 */
int row_maker_record(struct row_maker *m, const struct record *record, struct rows *rows,
		     struct schedtrace_error *err);

/* The records of this CPU, as of one that a marker names, end before the recording, which lacks so
 * many; -1: nobody knows. */
int row_maker_ends_early(struct row_maker *m, int32_t cpu, int64_t missing,
			 struct schedtrace_error *err);

/*
 * After the last record: what the next CPU that the recorder could not read to the end lacks, as
 * a record of lost ones; false if there is none more.
 */
bool row_maker_unread(struct row_maker *m, struct record *record);

/* Every task seen, by pid and life. */
struct tasks *row_maker_tasks(struct row_maker *m);

/*
 * Before the first record is given: one that comes before the list of tasks at the start, in time
 * order. Only what it says of names and of tasks that it makes is taken.
 */
int row_maker_ahead(struct row_maker *m, const struct record *record, struct schedtrace_error *err);

/* Whether records of the file can name tasks. */
bool row_maker_tells_names(const struct row_maker *m);

/* What is known beside the records: the tasks at the start, and the command's pid, 0 unknown. */
int row_maker_task_at_start(struct row_maker *m, const struct schedtrace_task *task,
			    struct schedtrace_error *err);
/* The life of @pid that was there at the start, to be completed; NULL none. */
struct schedtrace_task *row_maker_life_at_start(struct row_maker *m, int32_t pid);
void row_maker_command(struct row_maker *m, int32_t pid);

/*
 * The list of tasks at the start is complete, was read after all events were switched on at one
 * moment, and switches, wakeups and migrations are among them: then a task that no record has
 * named is where the list has it, and every queue's length is known from this record on.
 */
void row_maker_seed_queues(struct row_maker *m, int n_cpus);

/* Records given of an event such as "sched", "sched_switch". */
uint64_t row_maker_count(const struct row_maker *m, const char *system, const char *name);

/*
 * Records of the event with this index among the formats that no row was made of. *@why is a clause
 * that explains it, or NULL where no rows are defined for such an event.
 */
uint64_t row_maker_left_out(const struct row_maker *m, size_t format, const char **why);

/* Whether rows, or call stacks, are made of the records of the event with this index. */
bool row_maker_has_rows(const struct row_maker *m, size_t format);

/* Whether there were records of an event whose format text is damaged; only with salvage. */
bool row_maker_damaged(const struct row_maker *m);

/* LOST rows; records that those count as lost. */
struct row_maker_faults {
	uint64_t gaps;
	uint64_t lost; /* in gaps whose number is known */
	uint64_t unknown_gaps;
	uint64_t broken_chains; /* RUNS rows after a CPU's first */
};
void row_maker_faults(const struct row_maker *m, struct row_maker_faults *faults);

#endif
