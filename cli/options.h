/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Command-line options as a table: parsing, --help and the shells' completion come from the same
 * rows, and the man pages' OPTIONS are checked against them.
 */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum option_type {
	OPTION_FLAG,   /* bool */
	OPTION_TEXT,   /* const char *, lent from argv */
	OPTION_NUMBER, /* int64_t, not negative */
	OPTION_SIZE, /* int64_t in KiB if the row's argument is "KiB", else in bytes; a number with
			* suffix K, M or G (8M) is that many bytes, whatever the unit */
	OPTION_SECONDS,	      /* int64_t ns, written as a decimal number of seconds: 0.5, 10 */
	OPTION_LIST,	      /* struct option_list: every use appends the whole argument */
	OPTION_OPTIONAL_TEXT, /* const char *: --name gives "", --name=VALUE gives VALUE */
};

struct option_spec {
	char letter;	      /* 0: only the long name */
	const char *name;     /* NULL ends the table */
	const char *argument; /* NULL for a flag */
	const char *help; /* a sentence, wrapped by --help; the default in [brackets] at its end */
	enum option_type type;
	size_t offset; /* of the field in the caller's settings */
	unsigned commands;  /* bits of the programs that take it; 0: all that share the table */
	const char *values; /* what completion offers for the argument: "text csv"; may be NULL */
	bool not_zero;	    /* a number, size or duration of 0 is refused: it would mean nothing */
};

struct option_list {
	const char **items; /* lent strings; freed by option_list_free() */
	size_t n;
};

struct program {
	const char *name;  /* "schedrec" */
	const char *usage; /* lines such as "[OPTION…] -- COMMAND [ARG…]", \n between */
	const char *about; /* a paragraph under the usage */
	const struct option_spec *options;
	const char *after; /* text after the options: examples, exit status; may be NULL */
	unsigned command;  /* its bit in the table's rows; 0: it takes all rows */

	/* Programs by a first operand, "schedrec ctl", NULL at the end; may be NULL. */
	const struct program *const *commands;
	/* The i-th operand that completion offers beside file names, or NULL; may be NULL. */
	const char *(*operand)(size_t i);
	bool runs_command; /* its operands are a command line: "schedrec make -j8" */
};

/*
 * Fills *settings from argv and returns the index of the first operand; options end at "--" (which
 * is skipped) or, if stop_at_operand, at the first operand; otherwise operands are moved to the end
 * and may stand between options. --help (-h), --version and --completion=SHELL print to stdout and
 * exit 0; --help is that of the command that the first operand names. A wrong option, or one that
 * this command does not take, prints one sentence to stderr and exits wrong_usage_status.
 */
int options_parse(const struct program *program, int argc, char **argv, bool stop_at_operand,
		  int wrong_usage_status, void *settings);

void option_list_free(struct option_list *list);

/* What --help prints, into @out. */
void options_print_help(const struct program *program, FILE *out);

/* A script for "bash", "zsh" or "fish" that completes @program's words; false: no such shell. */
bool options_print_completion(const struct program *program, const char *shell, FILE *out);

/*
 * The text of a number, size or duration as the options take it. Returns false, leaving *value
 * alone, if @text is no such thing or does not fit.
 */
bool options_parse_value(enum option_type type, const char *unit, const char *text, int64_t *value);

#endif
