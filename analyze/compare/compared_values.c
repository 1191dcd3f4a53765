/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "analyze/compare/compared_values.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/error.h"
#include "base/jsonio.h"
#include "base/mem.h"
#include "cli/report_error.h"

#define MAX_BYTES ((size_t)64 << 20) /* of a member */

static int no_memory(struct schedtrace_error *err)
{
	return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for a value");
}

static int compile(struct value_spec *spec, struct schedtrace_error *err)
{
	int r = regcomp(&spec->regex, spec->pattern, REG_EXTENDED);
	char text[256];

	if (r) {
		regerror(r, &spec->regex, text, sizeof(text));
		return error_set(err, SCHEDTRACE_E_USAGE, "--value %s: the pattern %s: %s",
				 spec->name, spec->pattern, text);
	}
	spec->compiled = true;
	if (spec->regex.re_nsub != 1)
		return error_set(err, SCHEDTRACE_E_USAGE,
				 "--value %s: the pattern %s needs one pair of parentheses around "
				 "the value; it has %zu",
				 spec->name, spec->pattern, spec->regex.re_nsub);
	return 0;
}

/* A name that can be the head of a column. */
static bool is_name(const char *text, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!isalnum((unsigned char)text[i]) && !strchr("_-./", text[i]))
			return false;
	return n > 0;
}

static int parse_one(struct value_spec *spec, const char *text, struct schedtrace_error *err)
{
	size_t name = strcspn(text, "[="), unit = 0;
	const char *at = text + name, *colon;

	if (*at == '[') {
		unit = strcspn(++at, "]=");
		at += unit + (at[unit] == ']');
	}
	if (!is_name(text, name) || *at != '=' || !at[1] || at[1] == ':')
		return error_set(err, SCHEDTRACE_E_USAGE,
				 "--value: %s is not NAME[UNIT]=MEMBER:PATTERN, such as "
				 "'rate[MB/s]=bench.txt:rate ([0-9.]+)'",
				 text);
	colon = strchrnul(at + 1, ':');
	spec->name = strndup(text, name);
	spec->unit = strndup(text + name + 1, unit);
	spec->member = strndup(at + 1, (size_t)(colon - at - 1));
	spec->pattern = strdup(*colon ? colon + 1 : "");
	if (!spec->name || !spec->unit || !spec->member || !spec->pattern)
		return no_memory(err);
	spec->text = !strcmp(spec->unit, "text");
	if (spec->text)
		*spec->unit = '\0';
	if (!*spec->pattern && spec->text)
		return error_set(err, SCHEDTRACE_E_USAGE,
				 "--value %s: a text needs a pattern, such as '(.*)' for the first "
				 "line",
				 spec->name);
	spec->kind = !*spec->pattern	     ? VALUE_NUMBER
		     : *spec->pattern == '/' ? VALUE_POINTER
					     : VALUE_REGEX;
	return spec->kind == VALUE_REGEX ? compile(spec, err) : 0;
}

int values_parse(struct values *values, const struct option_list *list,
		 struct schedtrace_error *err)
{
	int r = 0;

	memset(values, 0, sizeof(*values));
	values->all = calloc(list->n + 1, sizeof(*values->all));
	if (!values->all)
		return no_memory(err);
	for (size_t i = 0; i < list->n && !r; i++) {
		values->n++;
		r = parse_one(&values->all[i], list->items[i], err);
		for (size_t j = 0; j < i && !r; j++)
			if (!strcmp(values->all[j].name, values->all[i].name))
				r = error_set(err, SCHEDTRACE_E_USAGE,
					      "--value: two values are named %s",
					      values->all[i].name);
	}
	return r;
}

void values_release(struct values *values)
{
	for (size_t i = 0; i < values->n; i++) {
		struct value_spec *spec = &values->all[i];

		if (spec->compiled)
			regfree(&spec->regex);
		free(spec->name);
		free(spec->unit);
		free(spec->member);
		free(spec->pattern);
	}
	free(values->all);
	memset(values, 0, sizeof(*values));
}

/* A decimal number at the begin of a text, after blanks. */
static bool parse_number(const char *text, double *number)
{
	const char *digits;
	char *end;

	text += strspn(text, " \t");
	digits = text + (*text == '-' || *text == '+');
	/* strtod() would take "inf", "nan" and hexadecimal digits too. */
	if (!strspn(digits, "0123456789.") || !strncasecmp(digits, "0x", 2))
		return false;
	*number = strtod(text, &end);
	return end > text && isfinite(*number);
}

static int not_there(const struct value_spec *spec, const char *what, struct schedtrace_error *why)
{
	error_set(why, SCHEDTRACE_E_NOT_FOUND, "%s is unknown: %s of %s %s", spec->name,
		  spec->member, *spec->pattern ? spec->pattern : "a number", what);
	return 0;
}

/* What was found, as the kind of value that is wanted. */
static int take(const struct value_spec *spec, const char *found, size_t n, double *number,
		char **text, struct schedtrace_error *why)
{
	auto_free char *copy = strndup(found, n);

	if (!copy)
		return no_memory(why);
	if (!spec->text) {
		if (parse_number(copy, number))
			return 1;
		error_set(why, SCHEDTRACE_E_FORMAT, "%s is unknown: \"%s\" in %s is no number",
			  spec->name, copy, spec->member);
		return 0;
	}
	*text = steal_ptr(copy);
	return 1;
}

static int first_number(const struct value_spec *spec, const char *bytes, double *number,
			struct schedtrace_error *why)
{
	for (const char *at = bytes; (at = strpbrk(at, "-+.0123456789")); at++)
		if (parse_number(at, number))
			return 1;
	return not_there(spec, "is not there", why);
}

/* Line by line: the memory that a match takes grows with the text. A NUL ends a line too. */
static int match(const struct value_spec *spec, char *bytes, size_t n, double *number, char **text,
		 struct schedtrace_error *why)
{
	char *rest;

	for (size_t i = 0; i < n; i++)
		if (!bytes[i])
			bytes[i] = '\n';

	for (char *line = strtok_r(bytes, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		regmatch_t found[2];

		if (!regexec(&spec->regex, line, 2, found, 0) && found[1].rm_so >= 0)
			return take(spec, line + found[1].rm_so,
				    (size_t)(found[1].rm_eo - found[1].rm_so), number, text, why);
	}
	return not_there(spec, "does not match", why);
}

/* The next part of a JSON pointer, with ~1 for / and ~0 for ~; NULL without memory. */
static char *next_part(const char **pointer)
{
	size_t n = strcspn(*pointer, "/");
	char *part = strndup(*pointer, n), *to = part;

	for (const char *from = part; from && *from; from++) {
		if (from[0] == '~' && (from[1] == '0' || from[1] == '1'))
			*to++ = *++from == '1' ? '/' : '~';
		else
			*to++ = *from;
	}
	if (to)
		*to = '\0';
	*pointer += n;
	return part;
}

static const json_t *element(const json_t *array, const char *part)
{
	size_t n = strspn(part, "0123456789");

	if (!n || part[n] || n > 9)
		return NULL;
	return json_array_get(array, strtoul(part, NULL, 10));
}

/* What a pointer such as "/jobs/0/read/iops" points to; NULL if nothing. */
static int follow(const json_t *json, const char *pointer, const json_t **out)
{
	while (json && *pointer) {
		auto_free char *part = NULL;

		pointer++;
		part = next_part(&pointer);
		if (!part)
			return -1;
		json = json_is_array(json) ? element(json, part) : json_object_get(json, part);
	}
	*out = json;
	return 0;
}

static int take_json(const struct value_spec *spec, const json_t *value, double *number,
		     char **text, struct schedtrace_error *why)
{
	auto_free char *dumped = NULL;

	if (json_is_string(value))
		return take(spec, json_string_value(value), json_string_length(value), number, text,
			    why);
	if (!spec->text) {
		if (!json_is_number(value))
			return not_there(spec, "is no number", why);
		*number = json_number_value(value);
		return 1;
	}
	dumped = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
	if (!dumped)
		return no_memory(why);
	*text = steal_ptr(dumped);
	return 1;
}

static int point(const struct value_spec *spec, const char *bytes, size_t n, double *number,
		 char **text, struct schedtrace_error *why)
{
	const json_t *value;
	json_t *json;
	int r = jsonio_parse(&json, bytes, n, why);

	if (r == SCHEDTRACE_E_NOMEM)
		return r;
	if (r < 0) {
		error_prefix(why, r, "%s is unknown: %s", spec->name, spec->member);
		return 0;
	}
	if (follow(json, spec->pattern, &value))
		r = no_memory(why);
	else if (!value)
		r = not_there(spec, "is not there", why);
	else
		r = take_json(spec, value, number, text, why);
	json_decref(json);
	return r;
}

int value_read(const struct value_spec *spec, struct input *recording, double *number, char **text,
	       struct schedtrace_error *why)
{
	auto_free char *bytes = NULL;
	size_t n;
	int r;

	*number = NAN;
	*text = NULL;
	r = input_member_read(recording, spec->member, MAX_BYTES, &bytes, &n, why);
	if (r == SCHEDTRACE_E_NOT_FOUND) {
		const char *hint = input_tarball(recording)
					   ? ""
					   : "; what a trace.dat does not keep can stand in the "
					     "tarball that schedconv makes of it";

		error_set(why, r, "%s is unknown: there is no member %s%s", spec->name,
			  spec->member, hint);
		return 0;
	}
	if (r < 0)
		return r;
	if (spec->kind == VALUE_POINTER)
		return point(spec, bytes, n, number, text, why);
	if (spec->kind == VALUE_REGEX)
		return match(spec, bytes, n, number, text, why);
	return first_number(spec, bytes, number, why);
}

struct schedtrace_column_info value_column(const struct value_spec *spec)
{
	return (struct schedtrace_column_info){
		spec->name, *spec->unit || spec->text ? spec->unit : "1", "of --value",
		spec->text ? SCHEDTRACE_TEXT : SCHEDTRACE_REAL,
		spec->text ? SCHEDTRACE_KIND_TEXT : SCHEDTRACE_KIND_AMOUNT
	};
}

int value_of_file(const struct value_spec *spec, const struct one_file *file,
		  union schedtrace_value *cell, char **text, bool quiet,
		  struct schedtrace_error *err)
{
	double number;
	int r = value_read(spec, file->reading.infile, &number, text, err);

	if (!r && !quiet)
		report("schedreport", "note: %s: %s", file->path, err->text);
	if (spec->text)
		cell->s = *text;
	else
		cell->f = number;
	return r;
}

int values_check_found(const struct values *values, struct schedtrace_error *err)
{
	for (size_t i = 0; i < values->n; i++)
		if (!values->all[i].found)
			return error_set(err, SCHEDTRACE_E_NOT_FOUND,
					 "--value %s: no recording has it", values->all[i].name);
	return 0;
}
