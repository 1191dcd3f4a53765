/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Rows about single tasks, where only those of the recorded command are asked for. Which life of a
 * pid a row is about, nobody can tell who has the row alone: so they are chosen here.
 */
#ifndef LIBSCHEDTRACE_COMMAND_ROWS_H
#define LIBSCHEDTRACE_COMMAND_ROWS_H

#include "libschedtrace/choice.h"
#include "libschedtrace/table.h"

/* A sink before another one. */
struct command_rows {
	const struct schedtrace_sink *sink;
	struct choice *choice;
	struct lives *lives;
};

/* A row of a log, about the life that its pid means now: given to the other sink, or dropped. */
int command_rows_take(void *rows, const struct schedtrace_table_info *log,
		      const union schedtrace_value *values, struct schedtrace_error *err);

/* Leaves only those rows of tables. */
int command_rows_keep(struct schedtrace_tables *tables, struct choice *choice,
		      const struct lives *lives, struct schedtrace_error *err);

#endif
