/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What recordings say of themselves: a row each. */
#ifndef ANALYZE_COMPARE_RECORDING_FACTS_H
#define ANALYZE_COMPARE_RECORDING_FACTS_H

#include "analyze/compare/one_file.h"

/* Values and figures stand after the first of these. */
enum {
	RECORDING_GROUP,
	RECORDING_FILE,
	RECORDING_TIME,
	RECORDING_ROWS,
	RECORDING_LOST,
	RECORDING_MISSING,
	RECORDING_FIRST,
	RECORDING_CPUS = RECORDING_FIRST,
	RECORDING_BEGAN,
	RECORDING_RELEASE,
	RECORDING_HOST,
	RECORDING_COMMAND,
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
