/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Completion scripts for shells, from the tables of options. Each script finds the first operand:
 * where it names a command ("schedrec ctl"), that command's options and operands are offered.
 */
#include <string.h>

#include "cli/option_rows.h"
#include "cli/options.h"

/* A program and its commands, in one list. */
static const struct program *part_at(const struct program *program, size_t i)
{
	return !i ? program : program->commands ? program->commands[i - 1] : NULL;
}

/* @each of every option that @part takes. */
static void each_option(const struct program *part, FILE *out,
			void (*each)(const struct program *part, const struct option_spec *o,
				     FILE *out))
{
	struct option_rows rows;

	option_rows_collect(part, &rows);
	for (size_t i = 0; i < rows.n; i++)
		if (option_rows_takes(part, rows.row[i]))
			each(part, rows.row[i], out);
}

/* @each of every row of all tables once. */
static void each_row(const struct program *program, FILE *out,
		     void (*each)(const struct program *part, const struct option_spec *o,
				  FILE *out))
{
	const struct program *part;
	struct option_rows rows;

	for (size_t p = 0; (part = part_at(program, p)); p++) {
		option_rows_collect(part, &rows);
		for (size_t i = 0; i < (p ? rows.n_own : rows.n); i++)
			if (!p || part->options != program->options)
				each(part, rows.row[i], out);
	}
}

static bool takes_file(const struct option_spec *o)
{
	return o->argument && (strstr(o->argument, "FILE") || strstr(o->argument, "DIR") ||
			       strstr(o->argument, "PATH"));
}

/* Names of the commands, @separator between. */
static void print_commands(const struct program *program, const char *separator, FILE *out)
{
	for (size_t i = 0; program->commands && program->commands[i]; i++)
		fprintf(out, "%s%s", i ? separator : "", option_rows_command(program->commands[i]));
}

/* Operands, and the commands where the program itself is meant. */
static void print_operands(const struct program *part, FILE *out)
{
	const char *word;

	print_commands(part, " ", out);
	for (size_t i = 0; part->operand && (word = part->operand(i)); i++)
		fprintf(out, "%s%s", i || part->commands ? " " : "", word);
}

/* @text with a backslash before each of @special, and ' as @quote. */
static void print_escaped(const char *text, const char *special, const char *quote, FILE *out)
{
	for (; *text; text++) {
		if (*text == '\'') {
			fputs(quote, out);
			continue;
		}
		if (strchr(special, *text))
			fputc('\\', out);
		fputc(*text, out);
	}
}

/* --- bash --- */

static void bash_name(const struct program *part, const struct option_spec *o, FILE *out)
{
	fprintf(out, " --%s", o->name);
}

/* Options whose argument is the next word. */
static void bash_with_argument(const struct program *part, const struct option_spec *o, FILE *out)
{
	if (!o->argument || o->type == OPTION_OPTIONAL_TEXT)
		return;
	if (o->letter)
		fprintf(out, "|-%c", o->letter);
	fprintf(out, "|--%s", o->name);
}

static void bash_values(const struct program *part, const struct option_spec *o, FILE *out)
{
	if (!o->values)
		return;
	fputs("\t", out);
	if (o->letter)
		fprintf(out, "-%c|", o->letter);
	fprintf(out, "--%s) words=\"%s\" ;;\n", o->name, o->values);
}

static void bash_part(const struct program *program, const struct program *part, FILE *out)
{
	fprintf(out, "\t%s)\n\t\toptions=\"", part == program ? "''" : option_rows_command(part));
	each_option(part, out, bash_name);
	fputs("\"\n\t\toperands=\"", out);
	print_operands(part, out);
	fputs("\" ;;\n", out);
}

static void print_bash(const struct program *program, FILE *out)
{
	const struct program *part;

	fprintf(out,
		"_%s()\n{\n"
		"\tlocal current=\"${COMP_WORDS[COMP_CWORD]}\" "
		"before=\"${COMP_WORDS[COMP_CWORD-1]}\"\n"
		"\tlocal command='' first=0 options='' operands='' words='' i\n"
		"\t[ \"$current\" = = ] && current=''\n"
		"\t[ \"$before\" = = ] && before=\"${COMP_WORDS[COMP_CWORD-2]}\"\n"
		"\tfor ((i = 1; i < COMP_CWORD; i++)); do\n"
		"\t\tcase \"${COMP_WORDS[i]}\" in\n"
		"\t\t--) first=$((i + 1)); break ;;\n"
		"\t\t=",
		program->name);
	each_row(program, out, bash_with_argument);
	fputs(") ((i++)); [ \"${COMP_WORDS[i]}\" = = ] && ((i++)) ;;\n\t\t-*) ;;\n", out);
	if (program->commands) {
		fputs("\t\t", out);
		print_commands(program, "|", out);
		fputs(") command=\"${COMP_WORDS[i]}\"; break ;;\n", out);
	}
	fputs("\t\t*) first=$i; break ;;\n\t\tesac\n\tdone\n", out);
	if (program->runs_command)
		fputs("\tif ((first)); then\n"
		      "\t\tif declare -F _comp_command_offset >/dev/null; then\n"
		      "\t\t\t_comp_command_offset $first\n"
		      "\t\telif declare -F _command_offset >/dev/null; then\n"
		      "\t\t\t_command_offset $first\n"
		      "\t\telse\n"
		      "\t\t\tmapfile -t COMPREPLY < <(compgen -c -f -- \"$current\")\n"
		      "\t\tfi\n"
		      "\t\treturn\n\tfi\n",
		      out);
	fputs("\tcase \"$command\" in\n", out);
	for (size_t i = 0; (part = part_at(program, i)); i++)
		bash_part(program, part, out);
	fputs("\tesac\n\tcase \"$before\" in\n", out);
	each_row(program, out, bash_values);
	fprintf(out,
		"\tesac\n"
		"\tcase \"$current\" in\n"
		"\t-*) words=\"$options\" ;;\n"
		"\t*) words=\"${words:-$operands}\" ;;\n"
		"\tesac\n"
		"\tmapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$current\"\n"
		"\t\t[ \"$words\" = \"$operands\" ] && compgen %s -- \"$current\")\n"
		"}\n"
		"complete -o filenames -o default -F _%s %s\n",
		program->runs_command ? "-c" : "-f", program->name, program->name);
}

/* --- zsh --- */

static void zsh_option(const struct program *part, const struct option_spec *o, FILE *out)
{
	const char *form = !o->argument ? "" : o->type == OPTION_OPTIONAL_TEXT ? "=-" : "=";

	fputs("\t\t'", out);
	if (o->type == OPTION_LIST)
		fputs("*", out);
	else if (o->letter)
		fprintf(out, "(-%c --%s)", o->letter, o->name);
	if (o->letter)
		fprintf(out, "'{-%c%s,--%s%s}'", o->letter, o->argument ? "+" : "", o->name, form);
	else
		fprintf(out, "--%s%s", o->name, form);
	fputc('[', out);
	print_escaped(o->help, "[]\\", "'\\''", out);
	fputc(']', out);
	if (o->argument) {
		fputs(o->type == OPTION_OPTIONAL_TEXT ? "::" : ":", out);
		print_escaped(o->argument, ":\\", "'\\''", out);
		fputc(':', out);
		if (o->values)
			fprintf(out, "(%s)", o->values);
		else if (takes_file(o))
			fputs("_files", out);
	}
	fputs("' \\\n", out);
}

static void zsh_part(const struct program *program, const struct program *part, FILE *out)
{
	fputs("\t_arguments -s -S \\\n", out);
	each_option(part, out, zsh_option);
	if (part->runs_command)
		fprintf(out,
			"\t\t'(-)1:command:{ compadd -- %s; _command_names -e }' \\\n"
			"\t\t'*::argument:_normal'\n",
			"\"${operands[@]}\"");
	else
		fputs("\t\t'*:operand:{ compadd -- \"${operands[@]}\"; _files }'\n", out);
}

static void print_zsh(const struct program *program, FILE *out)
{
	const struct program *part;

	fprintf(out, "#compdef %s\n_%s()\n{\n\tlocal -a operands\n\tcase \"$words[2]\" in\n",
		program->name, program->name);
	for (size_t i = 1; (part = part_at(program, i)); i++) {
		fprintf(out, "\t(%s)\n\tshift words; ((CURRENT--))\n\toperands=(",
			option_rows_command(part));
		print_operands(part, out);
		fputs(")\n", out);
		zsh_part(program, part, out);
		fputs("\t;;\n", out);
	}
	fputs("\t(*)\n\toperands=(", out);
	print_operands(program, out);
	fputs(")\n", out);
	zsh_part(program, program, out);
	/* Sourced by eval as well as found in a folder of functions. */
	fprintf(out,
		"\t;;\n\tesac\n}\n"
		"if [ \"$funcstack[1]\" = _%s ]; then _%s \"$@\"; else compdef _%s %s; fi\n",
		program->name, program->name, program->name, program->name);
}

/* --- fish --- */

static void fish_head(const struct program *part, FILE *out)
{
	const size_t n = strcspn(part->name, " ");

	fprintf(out, "complete -c %.*s -n '", (int)n, part->name);
	if (part->name[n]) {
		fprintf(out, "__fish_seen_subcommand_from %s'", option_rows_command(part));
	} else if (part->commands) {
		fputs("not __fish_seen_subcommand_from ", out);
		print_commands(part, " ", out);
		fputs("'", out);
	} else {
		fputs("true'", out);
	}
}

static void fish_option(const struct program *part, const struct option_spec *o, FILE *out)
{
	fish_head(part, out);
	if (o->letter)
		fprintf(out, " -s %c", o->letter);
	fprintf(out, " -l %s", o->name);
	if (o->argument && o->type != OPTION_OPTIONAL_TEXT)
		fputs(takes_file(o) ? " -r" : " -x", out);
	if (o->values)
		fprintf(out, " -a '%s'", o->values);
	fputs(" -d '", out);
	print_escaped(o->help, "\\", "\\'", out);
	fputs("'\n", out);
}

static void print_fish(const struct program *program, FILE *out)
{
	const struct program *part;

	for (size_t i = 0; (part = part_at(program, i)); i++) {
		each_option(part, out, fish_option);
		if (part->operand || part->commands) {
			fish_head(part, out);
			fputs(" -a '", out);
			print_operands(part, out);
			fputs("'\n", out);
		}
		if (part->runs_command) {
			fish_head(part, out);
			fputs(" -x -a '(__fish_complete_subcommand)'\n", out);
		}
	}
}

bool options_print_completion(const struct program *program, const char *shell, FILE *out)
{
	static const struct {
		const char *shell;
		void (*print)(const struct program *program, FILE *out);
	} shells[] = { { "bash", print_bash }, { "zsh", print_zsh }, { "fish", print_fish } };

	for (size_t i = 0; i < sizeof(shells) / sizeof(*shells); i++) {
		if (strcmp(shell, shells[i].shell) == 0) {
			shells[i].print(program, out);
			return true;
		}
	}
	return false;
}
