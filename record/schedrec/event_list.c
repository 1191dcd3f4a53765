/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "record/schedrec/event_list.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "cli/options.h"
#include "cli/process.h"
#include "cli/report_error.h"
#include "record/schedrec/measure.h"
#include "record/tracefs/event_sets.h"
#include "record/tracefs/instance.h"
#include "record/tracefs/tracefs_place.h"

#define PROGRAM "schedrec list"
#define INDENT	9 /* column of what stands beside the names of sets */
#define WIDTH	79

struct settings {
	bool measure;
	const char *tracefs;
};

static const struct option_spec options[] = {
	{ 0, "measure", NULL,
	  "measure what recording an event costs: by a load for each set, half a minute in all",
	  OPTION_FLAG, offsetof(struct settings, measure) },
	{ 0, "tracefs", "DIR", "root of tracefs [where it is mounted]", OPTION_TEXT,
	  offsetof(struct settings, tracefs) },
	{ 0 },
};

const struct program list_program = {
	.name = PROGRAM,
	.usage = "[OPTION…]",
	.about = "Lists the sets of events that -e takes, their events, and which of them this "
		 "kernel lacks. To record a program named list, write: schedrec -- list",
	.options = options,
};

/* Where the events are listed: no right to record is needed to read them. */
static int find_root(const struct settings *s, char **root, struct schedtrace_error *err)
{
	auto_free char *events = NULL;

	if (!s->tracefs || s->measure)
		return tracefs_place_find(s->tracefs, root, err);
	if (asprintf(&events, "%s/events", s->tracefs) < 0 || !(*root = strdup(s->tracefs)))
		return error_set(err, SCHEDTRACE_E_NOMEM, "out of memory");
	if (faccessat(AT_FDCWD, events, R_OK | X_OK, AT_EACCESS) != 0)
		return error_errno(err, SCHEDTRACE_E_IO, errno, "%s", events);
	return 0;
}

/* Words after @first, wrapped in the column beside the names of sets. */
static void print_words(const char *first, char *const *words, size_t n)
{
	size_t at = INDENT + strlen(first);

	if (!n)
		return;
	printf("%*s%s", INDENT, "", first);
	for (size_t i = 0; i < n; i++) {
		size_t width = strlen(words[i]) + 1;

		bool begins = at == INDENT + strlen(first);

		if (at + width > WIDTH && !begins) {
			printf("\n%*s", (int)(INDENT + strlen(first)), "");
			at = INDENT + strlen(first);
			begins = true;
		}
		printf("%s%s", begins ? "" : " ", words[i]);
		at += width;
	}
	printf("\n");
}

static void print_cost(const struct measurement *m)
{
	if (!m->load)
		printf("%*snot measured: no load is known that causes these events\n", INDENT, "");
	else if (m->events_per_round <= 0)
		printf("%*snot measured: none of these events came (%s)\n", INDENT, "", m->load);
	else if (m->ns < m->noise_ns)
		printf("%*sbelow the noise of %.0f ns an event (%s: %.1f events each time)\n",
		       INDENT, "", m->noise_ns, m->load, m->events_per_round);
	else
		printf("%*s%.0f ns an event, +- %.0f (%s: %.1f events)\n", INDENT, "", m->ns,
		       m->noise_ns, m->load, m->events_per_round);
	fflush(stdout);
}

static int list_set(const char *root, size_t i, bool measure, struct schedtrace_error *err)
{
	const char *name = event_sets_name(i);
	struct event_list events = { 0 };
	auto_free char **words = NULL;
	struct measurement m;
	size_t n = 0;
	int r = event_sets_parse(&events, &name, 1, err);

	if (r < 0)
		return r;
	r = event_sets_resolve(&events, root, err);
	if (r == SCHEDTRACE_E_USAGE)
		r = 0; /* it has none of them, as the list of those it lacks says */
	words = calloc(events.n + 1, sizeof(*words));
	if (!words && r == 0)
		r = error_set(err, SCHEDTRACE_E_NOMEM, "out of memory");
	printf("%-*s%s\n", INDENT, name, event_sets_about(i));
	for (; r == 0 && n < events.n; n++)
		if (asprintf(&words[n], "%s:%s", events.items[n].system, events.items[n].name) < 0)
			r = error_set(err, SCHEDTRACE_E_NOMEM, "out of memory");
	if (r == 0) {
		print_words("", words, n);
		print_words("this kernel lacks ", events.missing, events.n_missing);
	}
	while (n)
		free(words[--n]);
	if (r == 0 && measure && events.n) {
		r = measure_set(&m, root, name, &events, err);
		if (r == 0)
			print_cost(&m);
	}
	event_sets_free(&events);
	return r;
}

int list_sets(int argc, char **argv)
{
	struct settings s = { 0 };
	int first = options_parse(&list_program, argc, argv, false, EXIT_USAGE, &s);
	struct schedtrace_error err;
	char *root = NULL;
	int errnum, r;

	if (first < argc) {
		report(PROGRAM,
		       "%s is too much: to record a program named list, write: schedrec "
		       "-- list",
		       argv[first]);
		return EXIT_USAGE;
	}
	r = find_root(&s, &root, &err);
	if (r == 0 && s.measure)
		printf("Costs are the CPU time of a load when the set is recorded less that when "
		       "it is "
		       "not,\nby event: the median of pairs of runs, +- half the range of their "
		       "middle half.\nA set has events that cost more and less; these are those "
		       "that "
		       "the load causes.\n\n");
	for (size_t i = 0; r == 0 && event_sets_name(i); i++)
		r = list_set(root, i, s.measure, &err);
	if (root)
		tracefs_place_forget(root);
	errnum = process_flush(stdout);
	if (r == 0 && errnum)
		r = error_errno(&err, SCHEDTRACE_E_IO, errnum, "writing the list");
	return r < 0 ? report_error(PROGRAM, &err) : EXIT_SUCCESS;
}
