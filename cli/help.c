/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The text of --help. */
#include <string.h>

#include "cli/option_rows.h"
#include "cli/options.h"

#define HELP_WIDTH  79
#define HELP_INDENT 27 /* column of the help texts */

/* Columns on a terminal: bytes that do not continue a UTF-8 sequence. */
static size_t columns(const char *text, size_t bytes)
{
	size_t n = 0;

	for (size_t i = 0; i < bytes; i++)
		n += ((unsigned char)text[i] & 0xc0) != 0x80;
	return n;
}

/* Prints @text by words from column @at on, further lines indented by @indent. */
static void print_wrapped(FILE *out, const char *text, size_t at, size_t indent)
{
	bool first = true;

	while (*text) {
		size_t bytes = strcspn(text, " \n");
		size_t width = columns(text, bytes);

		if (!first && at + 1 + width > HELP_WIDTH) {
			fprintf(out, "\n%*s", (int)indent, "");
			at = indent;
			first = true;
		}
		if (!first) {
			fputc(' ', out);
			at++;
		}
		fwrite(text, 1, bytes, out);
		at += width;
		first = false;
		text += bytes;
		while (*text == ' ' || *text == '\n')
			text++;
	}
	fputc('\n', out);
}

static void print_option(FILE *out, const struct option_spec *o)
{
	char left[128];
	char letter[8] = "    ";
	size_t at;

	if (o->letter)
		snprintf(letter, sizeof(letter), "-%c, ", o->letter);
	if (!o->argument)
		snprintf(left, sizeof(left), "%s--%s", letter, o->name);
	else if (o->type == OPTION_OPTIONAL_TEXT)
		snprintf(left, sizeof(left), "%s--%s[=%s]", letter, o->name, o->argument);
	else
		snprintf(left, sizeof(left), "%s--%s=%s", letter, o->name, o->argument);
	fprintf(out, "  %s", left);
	at = 2 + columns(left, strlen(left));
	if (at + 2 > HELP_INDENT)
		fprintf(out, "\n%*s", HELP_INDENT, "");
	else
		fprintf(out, "%*s", (int)(HELP_INDENT - at), "");
	print_wrapped(out, o->help, HELP_INDENT, HELP_INDENT);
}

void options_print_help(const struct program *program, FILE *out)
{
	struct option_rows rows;
	const char *usage = program->usage;

	option_rows_collect(program, &rows);
	for (bool first = true; *usage; first = false) {
		size_t n = strcspn(usage, "\n");

		fprintf(out, "%s %s %.*s\n", first ? "Usage:" : "      ", program->name, (int)n,
			usage);
		usage += n + (usage[n] == '\n');
	}
	if (program->about)
		print_wrapped(out, program->about, 0, 0);
	fputc('\n', out);
	for (size_t i = 0; i < rows.n; i++)
		if (option_rows_takes(program, rows.row[i]))
			print_option(out, rows.row[i]);
	for (size_t i = 0; program->commands && program->commands[i]; i++)
		fprintf(out, "%s %s --help\n", i ? "   " : "\nSee", program->commands[i]->name);
	if (program->after)
		fprintf(out, "\n%s%s", program->after,
			*program->after && program->after[strlen(program->after) - 1] == '\n'
				? ""
				: "\n");
}
