/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What holds of every file that a program writes: it is none that is read, and no half of it
 * stays. */
#ifndef CLI_OUTPUTS_H
#define CLI_OUTPUTS_H

#include <stddef.h>

#include <schedtrace/error.h>

struct program_output {
	const char *option; /* as it is written: "--junit"; NULL for an operand */
	const char *path;   /* NULL: the option was not given */
};

/*
 * Refuses as wrong usage an output that is one of the inputs, by whatever name, or that is another
 * output, and a standard output that is an input. Inputs that are not there are for others to tell;
 * a path of NULL is none.
 */
int outputs_check(const struct program_output *outputs, size_t n, const char *const *inputs,
		  size_t n_inputs, struct schedtrace_error *err);

/*
 * From here on a signal that ends the program, such as SIGINT, first removes the files that it has
 * not finished. Signals that are ignored stay so.
 */
void outputs_remove_at_signals(void);

#endif
