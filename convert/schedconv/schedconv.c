/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* schedconv: a trace.dat, or a tarball, into a SchedLog tarball. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/ending.h"
#include "base/error.h"
#include "base/mem.h"
#include "cli/options.h"
#include "cli/outputs.h"
#include "cli/process.h"
#include "cli/report_error.h"
#include "convert/schedconv/conversion.h"
#include "output/output.h"

#define PROGRAM "schedconv"

static const struct option_spec option_table[] = {
	{ 's', "store", NULL,
	  "do not deflate the columns: a larger file, written and opened faster", OPTION_FLAG,
	  offsetof(struct conversion_settings, store) },
	{ 0, "columns", "LIST",
	  "columns beside the six that every tarball has, such as comm,stack; '' for none "
	  "[all that there are]",
	  OPTION_TEXT, offsetof(struct conversion_settings, columns), 0, "comm stack" },
	{ 0, "derive", NULL,
	  "add the columns nxt_timestamp_of_same_evt_on_same_cpu, nxt_blk_wkp_of_same_pid and "
	  "prv_frq_on_same_cpu, for SchedDisplay",
	  OPTION_FLAG, offsetof(struct conversion_settings, derive) },
	{ 0, "all-events", NULL,
	  "keep the records of events that have no rows, too, as members of their own (other_…)",
	  OPTION_FLAG, offsetof(struct conversion_settings, all_events) },
	{ 0, "compact", NULL,
	  "for Perfetto: write switches as lists, in less room; refused where one is "
	  "missing",
	  OPTION_FLAG, offsetof(struct conversion_settings, compact) },
	{ 0, "close-gaps", NULL,
	  "for Perfetto: add a switch where the records prove that one is missing, beside it an "
	  "event schedtrace_closed_gap",
	  OPTION_FLAG, offsetof(struct conversion_settings, close_gaps) },
	{ 'i', "instance", "NAME",
	  "the buffer to convert where the file holds several; top for the unnamed one "
	  "[the only one with events]",
	  OPTION_TEXT, offsetof(struct conversion_settings, instance) },
	{ 'w', "window", "BEGIN:END",
	  "only the rows from BEGIN on and before END, each seconds since the begin of the "
	  "recording, @ and ns on its clock, or nothing for the edge",
	  OPTION_TEXT, offsetof(struct conversion_settings, window) },
	{ 0, "default-ids", NULL, "read a tarball that names no events by SchedLog's ids 0 to 17",
	  OPTION_FLAG, offsetof(struct conversion_settings, default_ids) },
	{ 0, "salvage", NULL, "convert what is whole of a damaged file, and end with status 4",
	  OPTION_FLAG, offsetof(struct conversion_settings, salvage) },
	{ 0, "max-memory", "BYTES", "memory that reading may take [256M]", OPTION_SIZE,
	  offsetof(struct conversion_settings, max_memory), .not_zero = true },
	{ 0, "to", "FORMAT", "what to make [by the ending of OUT's name, else schedlog]",
	  OPTION_TEXT, offsetof(struct conversion_settings, format), 0, "perfetto schedlog" },
	{ 0, "list-outputs", NULL, "print the formats, and what each keeps and loses", OPTION_FLAG,
	  offsetof(struct conversion_settings, list) },
	{ 'q', "quiet", NULL, "print neither progress nor summary nor notes", OPTION_FLAG,
	  offsetof(struct conversion_settings, quiet) },
	{ 0 },
};

static const struct program program = {
	.name = PROGRAM,
	.usage = "[OPTION…] TRACE.dat [OUT.tar]\n[OPTION…] IN.tar OUT.tar\n--list-outputs",
	.about = "Converts a trace.dat, as schedrec and trace-cmd record it, into a SchedLog "
		 "tarball: "
		 "a column a file, for schedreport, SchedDisplay and numpy. Without OUT.tar the "
		 "tarball stands beside the trace, named as it is with .tar for .dat. A tarball is "
		 "taken, too: to cut a window out of it, to store it, to add columns.",
	.options = option_table,
	.after = "Exit status: 0 done, 1 could not finish, 2 wrong usage, 3 the file is damaged or "
		 "of a\n"
		 "kind that is not read, 4 done with --salvage on a damaged file. Records lost in "
		 "the\n"
		 "recording are no damage: they are counted in the notes and marked in the rows.",
};

/* TRACE.dat beside itself as TRACE.tar; to be freed. */
static int default_output(const char *input, char **out, struct schedtrace_error *err)
{
	size_t n = strlen(input) - (has_ending(input, ".dat") ? 4 : 0);

	if (has_ending(input, ".tar"))
		return error_set(err, SCHEDTRACE_E_USAGE,
				 "%s is a tarball: name the one to make, too", input);
	if (asprintf(out, "%.*s.tar", (int)n, input) >= 0)
		return 0;
	*out = NULL;
	return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for a file name");
}

static double seconds_since(const struct timespec *begin)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)(now.tv_sec - begin->tv_sec) + (double)(now.tv_nsec - begin->tv_nsec) / 1e9;
}

static int list_outputs(void)
{
	const struct output_format *f;
	struct schedtrace_error err;
	int errnum;

	for (size_t i = 0; (f = output_format(i)); i++)
		printf("%s (%s)\n\tkeeps %s\n\tloses %s\n", f->name, f->ending, f->keeps,
		       f->loses ? f->loses : "nothing");
	errnum = process_flush(stdout);
	if (!errnum)
		return EXIT_DONE;
	error_errno(&err, SCHEDTRACE_E_IO, errnum, "standard output");
	return report_error(PROGRAM, &err);
}

static int convert(const struct conversion_settings *settings, const char *input,
		   const char *output, struct schedtrace_error *err)
{
	struct conversion_result result;
	struct timespec begin;
	double seconds;
	int r;

	clock_gettime(CLOCK_MONOTONIC, &begin);
	r = conversion_run(settings, input, output, PROGRAM, &result, err);
	if (r < 0)
		return r;
	seconds = seconds_since(&begin);
	if (!settings->quiet)
		report(PROGRAM, "%s: %" PRIu64 " rows from %" PRIu64 " %s in %.2f s (%.1f M %s/s)",
		       output, result.rows, result.read, result.what, seconds,
		       (double)result.read / seconds / 1e6, result.what);
	return result.damaged ? EXIT_SALVAGED : EXIT_DONE;
}

int main(int argc, char **argv)
{
	struct conversion_settings settings = { 0 };
	struct schedtrace_error err;
	auto_free char *made = NULL;
	const char *output;
	int first, r = 0;

	process_begin(PROGRAM, EXIT_UNFINISHED);
	outputs_remove_at_signals();
	first = options_parse(&program, argc, argv, false, EXIT_USAGE, &settings);
	if (settings.list && argc == first)
		return list_outputs();
	if (argc - first < 1 || argc - first > 2) {
		report(PROGRAM, "%s; see %s --help",
		       argc - first < 1 ? "no trace.dat or tarball to convert"
					: "more than a trace and a tarball are named",
		       PROGRAM);
		return EXIT_USAGE;
	}
	output = argv[argc - 1];
	if (argc - first == 1) {
		r = default_output(argv[first], &made, &err);
		output = made;
	}
	if (r == 0)
		r = outputs_check(&(struct program_output){ NULL, output }, 1,
				  &(const char *){ argv[first] }, 1, &err);
	if (r == 0)
		r = convert(&settings, argv[first], output, &err);
	return r < 0 ? report_error(PROGRAM, &err) : r;
}
