/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What filters say that matched nothing: with the nearest of what there is. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/filters_state.h"
#include "base/escape.h"
#include "base/mem.h"
#include "base/nearest.h"

/* So many names are proposed. */
#define MOST_NAMES 3

/* Without the signs that make it a pattern. NULL without memory. */
static char *letters_of(const char *pattern)
{
	char *word = strdup(pattern), *end = word;

	for (; word && *pattern; pattern++)
		if (!strchr("*?[]", *pattern))
			*end++ = *pattern;
	if (word)
		*end = '\0';
	return word;
}

/* Moves names that contain @word, or whose beginning it is, to the front; returns how many. */
static size_t put_alike_first(const char **names, size_t n, const char *word)
{
	size_t alike = 0;

	for (size_t i = 0; i < n && *word && alike < MOST_NAMES; i++)
		if (strcasestr(names[i], word) || (*names[i] && strcasestr(word, names[i]))) {
			const char *name = names[i];

			names[i] = names[alike];
			names[alike++] = name;
		}
	return alike;
}

/* The same for those that a slip of the keyboard away, the nearest first. */
static size_t put_near_first(const char **names, size_t n, const char *word)
{
	size_t near = 0;
	const char *name;

	while (near < MOST_NAMES && (name = nearest_word(word, names + near, n - near))) {
		size_t i = near;

		while (names[i] != name)
			i++;
		names[i] = names[near];
		names[near++] = name;
	}
	return near;
}

static void print_names(FILE *f, const char **names, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		auto_free char *visible = escape_visible(names[i]);

		fprintf(f, "%s%s", i ? ", " : "", visible ? visible : "?");
	}
}

/* "; the nearest names are A, B", or some that there are. */
static void propose_names(FILE *f, const struct intern *comms, const char *pattern)
{
	size_t n = (size_t)comms->n, near;
	auto_free const char **names = calloc(n + 1, sizeof(*names));
	auto_free char *word = letters_of(pattern);

	if (!names || !word || !n)
		return;
	memcpy(names, comms->names, n * sizeof(*names));
	near = put_near_first(names, n, word);
	if (near < MOST_NAMES)
		near += put_alike_first(names + near, n - near, word);
	if (near > MOST_NAMES)
		near = MOST_NAMES;
	if (near) {
		fprintf(f, near > 1 ? "; the nearest names are " : "; did you mean ");
		print_names(f, names, near);
		fputs(near > 1 ? "" : "?", f);
		return;
	}
	fputs("; there are ", f);
	print_names(f, names, n < MOST_NAMES ? n : MOST_NAMES);
	if (n > MOST_NAMES)
		fprintf(f, " and %zu more", n - MOST_NAMES);
}

static void say_comm(FILE *f, const struct filters *filters, size_t i)
{
	fprintf(f, "--comm %s matches no task's name here", filters->comms.items[i]);
	propose_names(f, &filters->state->comms, filters->comms.items[i]);
}

static void say_number(FILE *f, const char *option, const char *what,
		       const struct filter_numbers *numbers, size_t i)
{
	fprintf(f, "%s %" PRId64 " matches no row here", option, numbers->values[i]);
	if (numbers->least < numbers->most)
		fprintf(f, "; there are %s from %" PRId64 " to %" PRId64, what, numbers->least,
			numbers->most);
	else if (numbers->least == numbers->most)
		fprintf(f, "; there is only %" PRId64, numbers->least);
}

/* Writes about the @at-th of all that was asked for, unless that matched something. */
static void say(FILE *f, const struct filters *filters, size_t at)
{
	const struct filters_state *state = filters->state;

	if (at < state->pids.n) {
		if (!state->pids.seen[at])
			say_number(f, "--pid", "pids", &state->pids, at);
		return;
	}
	at -= state->pids.n;
	if (at < filters->comms.n) {
		if (!state->comms_seen[at])
			say_comm(f, filters, at);
		return;
	}
	at -= filters->comms.n;
	if (at < state->cpus.n) {
		if (!state->cpus.seen[at])
			say_number(f, "--cpu", "CPUs", &state->cpus, at);
		return;
	}
	if (!state->condition_seen)
		fprintf(f, "--filter \"%s\": no row here fulfils it", filters->condition);
}

static size_t count_asked(const struct filters *filters)
{
	const struct filters_state *state = filters->state;

	return state ? state->pids.n + filters->comms.n + state->cpus.n + !!filters->condition : 0;
}

/* Whether everything that was asked for is in some row, but no row has it all. */
static bool only_singly(const struct filters *filters)
{
	const struct filters_state *state = filters->state;

	for (size_t i = 0; i < state->pids.n; i++)
		if (!state->pids.seen[i])
			return false;
	for (size_t i = 0; i < filters->comms.n; i++)
		if (!state->comms_seen[i])
			return false;
	for (size_t i = 0; i < state->cpus.n; i++)
		if (!state->cpus.seen[i])
			return false;
	return !state->passed && (!filters->condition || state->condition_seen);
}

char *filters_unmatched(const struct filters *filters, size_t *at)
{
	size_t n = count_asked(filters), size;

	for (; filters->state && *at < n + 1; ++*at) {
		char *text = NULL;
		FILE *f = open_memstream(&text, &size);

		if (!f)
			return NULL;
		if (*at < n)
			say(f, filters, *at);
		else if (only_singly(filters))
			fputs(filters->state->command_seen || !filters->command
				      ? "no row matches all the filters at once"
				      : "--command matches no row here",
			      f);
		if (fclose(f) || *text) {
			++*at;
			return text;
		}
		free(text);
	}
	return NULL;
}
