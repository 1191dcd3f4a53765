/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What recordings say of themselves: a row each. */
#ifndef ANALYZE_RECORDINGS_H
#define ANALYZE_RECORDINGS_H

#include "one_file.h"

enum {
	RECORDING_GROUP,
	RECORDING_FILE,
	RECORDING_COMMAND,
	RECORDING_RELEASE,
	RECORDING_HOST,
	RECORDING_CPUS,
	RECORDING_BEGAN,
	RECORDING_TIME,
	RECORDING_ROWS,
	RECORDING_LOST,
	RECORDING_MISSING,
	RECORDING_INCOMPLETE,
	RECORDING_FACTS
};

extern const struct schedtrace_column_info recording_columns[RECORDING_FACTS];

/* Texts that a row of facts needs. */
struct recording_texts {
	char began[40];
};

/*
 * The facts of a file, in the order of the columns. Its texts live as long as @file, @texts and
 * @group. Where its rows were not read, what only they show is unknown.
 */
void recording_facts(union schedtrace_value *v, const struct one_file *file, const char *group,
		     struct recording_texts *texts);

#endif
