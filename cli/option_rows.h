/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A program's table of options as a list, with the rows that every program has behind its own. */
#ifndef CLI_OPTION_ROWS_H
#define CLI_OPTION_ROWS_H

#include "cli/options.h"

#define MAX_OPTIONS 96

struct option_rows {
	const struct option_spec *row[MAX_OPTIONS];
	size_t n_own; /* those of the program's table come first */
	size_t n;
};

extern const struct option_spec help_option, version_option, completion_option;

/* All rows of the table, also those that only other commands take. */
void option_rows_collect(const struct program *program, struct option_rows *rows);

bool option_rows_takes(const struct program *program, const struct option_spec *option);

/* "ctl" of "schedrec ctl", "schedrec" of "schedrec". */
const char *option_rows_command(const struct program *program);

#endif
