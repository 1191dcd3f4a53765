/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/option_rows.h"

#include <stdlib.h>
#include <string.h>

const struct option_spec help_option = { 'h',	      "help", NULL, "print this help and exit",
					 OPTION_FLAG, 0 };
const struct option_spec version_option = { 0,		 "version",
					    NULL,	 "print the version and exit",
					    OPTION_FLAG, 0 };
const struct option_spec completion_option = {
	0,
	"completion",
	"SHELL",
	"print a script that completes the words of this program in bash, zsh or fish, and exit",
	OPTION_TEXT,
	0,
	0,
	"bash zsh fish"
};

void option_rows_collect(const struct program *program, struct option_rows *rows)
{
	rows->n = 0;
	for (const struct option_spec *o = program->options; o->name; o++) {
		if (rows->n == MAX_OPTIONS - 3)
			abort(); /* a table of ours that outgrew the limit */
		rows->row[rows->n++] = o;
	}
	rows->n_own = rows->n;
	rows->row[rows->n++] = &help_option;
	rows->row[rows->n++] = &version_option;
	rows->row[rows->n++] = &completion_option;
}

bool option_rows_takes(const struct program *program, const struct option_spec *option)
{
	/* A script is for the whole program. */
	if (option == &completion_option)
		return option_rows_command(program) == program->name;
	return !option->commands || !program->command || option->commands & program->command;
}

const char *option_rows_command(const struct program *program)
{
	const char *space = strrchr(program->name, ' ');

	return space ? space + 1 : program->name;
}
