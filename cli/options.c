/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/options.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include <schedtrace/error.h>

#include "base/nearest.h"
#include "cli/option_rows.h"
#include "cli/process.h"
#include "cli/report_error.h"
#include "config.h"

#define FIRST_LONG 256 /* getopt_long()'s value of the table's first row */

static bool parse_digits(const char **text, int64_t *value)
{
	int64_t v = 0;
	const char *p = *text;

	if (*p < '0' || *p > '9')
		return false;
	for (; *p >= '0' && *p <= '9'; p++)
		if (__builtin_mul_overflow(v, 10, &v) || __builtin_add_overflow(v, *p - '0', &v))
			return false;
	*text = p;
	*value = v;
	return true;
}

static bool parse_size(const char *text, const char *unit, int64_t *value)
{
	bool kib = unit && strcmp(unit, "KiB") == 0;
	int64_t v;
	int shift;

	if (!parse_digits(&text, &v))
		return false;
	switch (*text) {
	case '\0':
		*value = v;
		return true;
	case 'k':
	case 'K':
		shift = 10;
		break;
	case 'm':
	case 'M':
		shift = 20;
		break;
	case 'g':
	case 'G':
		shift = 30;
		break;
	default:
		return false;
	}
	text++;
	if (strcmp(text, "") != 0 && strcmp(text, "B") != 0 && strcmp(text, "iB") != 0)
		return false;
	if (kib)
		shift -= 10;
	return !__builtin_mul_overflow(v, (int64_t)1 << shift, value);
}

/* In decimal digits, so that 0.1 s is exactly 100000000 ns. */
static bool parse_seconds(const char *text, int64_t *value)
{
	int64_t seconds = 0, ns = 0, scale = 100000000;

	if (*text != '.' && !parse_digits(&text, &seconds))
		return false;
	if (*text == '.') {
		text++;
		if (*text == '\0')
			return false;
		for (; *text >= '0' && *text <= '9'; text++, scale /= 10)
			ns += (*text - '0') * scale; /* digits after the ninth count nothing */
	}
	if (strcmp(text, "s") == 0)
		text++;
	return *text == '\0' && !__builtin_mul_overflow(seconds, 1000000000, &seconds) &&
	       !__builtin_add_overflow(seconds, ns, value);
}

bool options_parse_value(enum option_type type, const char *unit, const char *text, int64_t *value)
{
	int64_t v;
	bool ok;

	switch (type) {
	case OPTION_NUMBER:
		ok = parse_digits(&text, &v) && *text == '\0';
		break;
	case OPTION_SIZE:
		ok = parse_size(text, unit, &v);
		break;
	case OPTION_SECONDS:
		ok = parse_seconds(text, &v);
		break;
	default:
		return false;
	}
	if (ok)
		*value = v;
	return ok;
}

static bool append(struct option_list *list, const char *item)
{
	const char **items = reallocarray(list->items, list->n + 1, sizeof(*items));

	if (!items)
		return false;
	items[list->n++] = item;
	list->items = items;
	return true;
}

void option_list_free(struct option_list *list)
{
	free(list->items);
	*list = (struct option_list){ 0 };
}

static const char *value_form(const struct option_spec *o)
{
	switch (o->type) {
	case OPTION_NUMBER:
		return o->not_zero ? "a whole number above 0" : "a whole number, not negative";
	case OPTION_SIZE:
		return o->not_zero ? "a size above 0, such as 8192 or 16M"
				   : "a size such as 8192 or 16M";
	default:
		return o->not_zero ? "a number of seconds above 0, such as 10 or 0.5"
				   : "a number of seconds such as 10 or 0.5";
	}
}

static void store(const struct program *program, const struct option_spec *o, const char *argument,
		  int wrong_usage_status, void *settings)
{
	void *field = (char *)settings + o->offset;

	switch (o->type) {
	case OPTION_FLAG:
		*(bool *)field = true;
		break;
	case OPTION_TEXT:
		*(const char **)field = argument;
		break;
	case OPTION_OPTIONAL_TEXT:
		*(const char **)field = argument ? argument : "";
		break;
	case OPTION_LIST:
		if (!append(field, argument)) {
			report(program->name, "out of memory");
			exit(EXIT_UNFINISHED);
		}
		break;
	default:
		if (options_parse_value(o->type, o->argument, argument, field) &&
		    (*(int64_t *)field || !o->not_zero))
			break;
		report(program->name, "--%s: '%s' is not %s", o->name, argument, value_form(o));
		exit(wrong_usage_status);
	}
}

/* The row of getopt_long()'s value; rows->n if there is none. */
static size_t row_of(const struct option_rows *rows, int value)
{
	size_t i = 0;

	if (value >= FIRST_LONG)
		return (size_t)(value - FIRST_LONG);
	while (i < rows->n && (!rows->row[i]->letter || rows->row[i]->letter != value))
		i++;
	return i;
}

static void refuse_unknown(const struct program *program, const struct option_rows *rows,
			   const char *word, int status)
{
	const char *names[MAX_OPTIONS];
	const char *nearest;
	char name[128];
	size_t same = 0;

	snprintf(name, sizeof(name), "%.*s", (int)strcspn(word + 2, "="), word + 2);
	for (size_t i = 0; i < rows->n; i++) {
		names[i] = rows->row[i]->name;
		same += strncmp(names[i], name, strlen(name)) == 0;
	}
	nearest = nearest_word(name, names, rows->n);
	if (same > 1)
		report(program->name, "--%s may mean several options: write it out (see --help)",
		       name);
	else if (nearest)
		report(program->name, "there is no option --%s: did you mean --%s?", name, nearest);
	else
		report(program->name, "there is no option --%s: see --help", name);
	exit(status);
}

static void refuse(const struct program *program, const struct option_rows *rows, int result,
		   const char *word, int status)
{
	size_t row = optopt ? row_of(rows, optopt) : rows->n;
	const struct option_spec *o = row < rows->n ? rows->row[row] : NULL;

	if (result == ':' && o)
		report(program->name, "--%s needs %s: see --help", o->name, o->argument);
	else if (o)
		report(program->name, "--%s takes no value: see --help", o->name);
	else if (optopt)
		report(program->name, "there is no option -%c: see --help", optopt);
	else
		refuse_unknown(program, rows, word, status);
	exit(status);
}

/* The table in getopt_long()'s two forms. */
static void getopt_forms(const struct option_rows *rows, bool stop_at_operand, char *letters,
			 struct option *longs)
{
	if (stop_at_operand)
		*letters++ = '+';
	*letters++ = ':';
	for (size_t i = 0; i < rows->n; i++) {
		const struct option_spec *o = rows->row[i];
		int has_arg = o->type == OPTION_FLAG		? no_argument
			      : o->type == OPTION_OPTIONAL_TEXT ? optional_argument
								: required_argument;

		longs[i] = (struct option){ o->name, has_arg, NULL, FIRST_LONG + (int)i };
		if (!o->letter)
			continue;
		*letters++ = o->letter;
		for (int colon = 0; colon < has_arg; colon++)
			*letters++ = ':';
	}
	*letters = '\0';
	longs[rows->n] = (struct option){ 0 };
}

/* The command that @word names, or the program itself. */
static const struct program *command_of(const struct program *program, const char *word)
{
	for (size_t i = 0; word && program->commands && program->commands[i]; i++)
		if (strcmp(word, option_rows_command(program->commands[i])) == 0)
			return program->commands[i];
	return program;
}

/* Prints and exits: what the options that ask for a text want. */
static void print_and_exit(const struct program *program, const struct option_spec *o,
			   int wrong_usage_status)
{
	if (o == &version_option) {
		printf("%s %s\n", program->name, SCHEDTRACE_VERSION);
	} else if (o == &help_option) {
		options_print_help(program, stdout);
	} else if (!options_print_completion(program, optarg, stdout)) {
		report(program->name, "--completion: there is none for %s, but for bash, zsh, fish",
		       optarg);
		exit(wrong_usage_status);
	}
	exit(process_flush(stdout) ? EXIT_UNFINISHED : EXIT_DONE);
}

/* The first of @program and its commands that takes the option. */
static const struct program *who_takes(const struct program *program, const struct option_spec *o)
{
	const struct program *const *command = program->commands;

	if (option_rows_takes(program, o))
		return program;
	while (!option_rows_takes(*command, o))
		command++;
	return *command;
}

/* An option of one command means nothing to another, and is not ignored. */
static void check_given(const struct program *program, const struct program *chosen,
			const struct option_rows *rows, const bool *given, int wrong_usage_status)
{
	for (size_t i = 0; i < rows->n_own; i++) {
		const struct option_spec *o = rows->row[i];

		if (!given[i] || option_rows_takes(chosen, o))
			continue;
		report(program->name, "--%s is not for %s, but for %s: see %s --help", o->name,
		       chosen->name, who_takes(program, o)->name, chosen->name);
		exit(wrong_usage_status);
	}
}

int options_parse(const struct program *program, int argc, char **argv, bool stop_at_operand,
		  int wrong_usage_status, void *settings)
{
	char letters[3 * MAX_OPTIONS + 3];
	struct option longs[MAX_OPTIONS + 1];
	bool given[MAX_OPTIONS] = { false }, help = false;
	const struct program *chosen;
	struct option_rows rows;
	int c;

	option_rows_collect(program, &rows);
	getopt_forms(&rows, stop_at_operand, letters, longs);
	optind = 0; /* glibc: begin anew */
	opterr = 0;
	while ((c = getopt_long(argc, argv, letters, longs, NULL)) != -1) {
		size_t row;

		if (c == '?' || c == ':')
			refuse(program, &rows, c, argv[optind - 1], wrong_usage_status);
		row = row_of(&rows, c);
		given[row] = true;
		if (rows.row[row] == &help_option)
			help = true;
		else if (row >= rows.n_own)
			print_and_exit(program, rows.row[row], wrong_usage_status);
		else
			store(program, rows.row[row], optarg, wrong_usage_status, settings);
	}
	chosen = command_of(program, stop_at_operand ? NULL : argv[optind]);
	if (help)
		print_and_exit(chosen, &help_option, wrong_usage_status);
	check_given(program, chosen, &rows, given, wrong_usage_status);
	return optind;
}
