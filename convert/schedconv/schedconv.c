/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* schedconv: a trace.dat into a SchedLog tarball. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/whole_file.h"
#include "cli/options.h"
#include "cli/outputs.h"
#include "cli/process.h"
#include "cli/progress.h"
#include "cli/report_error.h"
#include "convert/source.h"
#include "libschedtrace/tarball/derive.h"
#include "libschedtrace/tarball/writer.h"

#define PROGRAM "schedconv"

struct settings {
	bool store, derive, all_events, salvage, quiet;
	const char *instance;
	int64_t max_memory;
};

static const struct option_spec option_table[] = {
	{ 's', "store", NULL,
	  "do not deflate the columns: a larger file, written and opened faster", OPTION_FLAG,
	  offsetof(struct settings, store) },
	{ 0, "derive", NULL,
	  "add the columns nxt_timestamp_of_same_evt_on_same_cpu, nxt_blk_wkp_of_same_pid and "
	  "prv_frq_on_same_cpu, for SchedDisplay",
	  OPTION_FLAG, offsetof(struct settings, derive) },
	{ 0, "all-events", NULL,
	  "keep the records of events that have no rows, too, as members of their own (other_…)",
	  OPTION_FLAG, offsetof(struct settings, all_events) },
	{ 'i', "instance", "NAME",
	  "the buffer to convert where the file holds several; top for the unnamed one "
	  "[the only one with events]",
	  OPTION_TEXT, offsetof(struct settings, instance) },
	{ 0, "salvage", NULL, "convert what is whole of a damaged file, and end with status 4",
	  OPTION_FLAG, offsetof(struct settings, salvage) },
	{ 0, "max-memory", "BYTES", "memory that reading may take [256M]", OPTION_SIZE,
	  offsetof(struct settings, max_memory), .not_zero = true },
	{ 'q', "quiet", NULL, "print neither progress nor summary nor notes", OPTION_FLAG,
	  offsetof(struct settings, quiet) },
	{ 0 },
};

static const struct program program = {
	.name = PROGRAM,
	.usage = "[OPTION…] TRACE.dat [OUT.tar]",
	.about = "Converts a trace.dat, as schedrec and trace-cmd record it, into a SchedLog "
		 "tarball: "
		 "a column a file, for schedreport, SchedDisplay and numpy. Without OUT.tar the "
		 "tarball stands beside the trace, named as it is with .tar for .dat.",
	.options = option_table,
	.after = "Exit status: 0 done, 1 could not finish, 2 wrong usage, 3 the file is damaged or "
		 "of a\n"
		 "kind that is not read, 4 done with --salvage on a damaged file. Records lost in "
		 "the\n"
		 "recording are no damage: they are counted in the notes and marked in the rows.",
};

struct run {
	const struct settings *settings;
	struct progress progress;
	uint64_t rows;
};

static void print_note(void *user, const char *text)
{
	struct run *run = user;

	if (run->settings->quiet)
		return;
	progress_end(&run->progress);
	report(PROGRAM, "note: %s", text);
}

/* TRACE.dat beside itself as TRACE.tar; NULL without memory. */
static char *default_output(const char *input)
{
	size_t n = strlen(input);
	char *out;

	if (n > 4 && strcmp(input + n - 4, ".dat") == 0)
		n -= 4;
	return asprintf(&out, "%.*s.tar", (int)n, input) < 0 ? NULL : out;
}

/* Each array grows by a batch. */
static int copy_others(const struct source *source, struct schedtrace_writer *writer,
		       struct schedtrace_error *err)
{
	struct source_others o;
	int r;

	source_others(source, &o);
	if ((r = schedtrace_writer_array(writer, "other_timestamp.npy", "<i8", o.timestamp, o.n,
					 err)) < 0 ||
	    (r = schedtrace_writer_array(writer, "other_event.npy", "<i4", o.event, o.n, err)) <
		    0 ||
	    (r = schedtrace_writer_array(writer, "other_cpu.npy", "<i4", o.cpu, o.n, err)) < 0 ||
	    (r = schedtrace_writer_array(writer, "other_pid.npy", "<i4", o.pid, o.n, err)) < 0 ||
	    (r = schedtrace_writer_array(writer, "other_offsets.npy", "<i8", o.end, o.n, err)) < 0)
		return r;
	return schedtrace_writer_array(writer, "other_data.npy", "|u1", o.data, o.bytes, err);
}

/* The first record's bytes begin at 0, each other's where those before it end. */
static int begin_others(const struct source *source, struct schedtrace_writer *writer,
			struct schedtrace_error *err)
{
	static const int64_t begin;
	int r = schedtrace_writer_array(writer, "other_offsets.npy", "<i8", &begin, 1, err);

	return r < 0 ? r : copy_others(source, writer, err);
}

static int copy_rows(struct run *run, const char *input, struct source *source,
		     struct schedtrace_writer *writer, struct schedtrace_error *err)
{
	/* Gives the columns their types where there are no rows. */
	static const int64_t none64[1];
	static const int32_t none[1];
	struct schedtrace_events no_rows = {
		.timestamp = none64,
		.pid = none,
		.event = none,
		.cpu = none,
		.arg0 = none64,
		.arg1 = none64,
		.comm = none,
		.stack = source_has_stacks(source) ? none : NULL,
	};
	const struct schedtrace_events *events;
	int r = schedtrace_writer_rows(writer, &no_rows, err);

	if (r == 0 && run->settings->all_events)
		r = begin_others(source, writer, err);
	if (r < 0)
		return r;
	while ((r = source_next(source, &events, err)) > 0) {
		uint64_t done, total, records;

		r = schedtrace_writer_rows(writer, events, err);
		if (r == 0 && run->settings->all_events)
			r = copy_others(source, writer, err);
		if (r < 0)
			return r;
		run->rows += events->n;
		if (!run->progress.enabled)
			continue;
		source_position(source, &done, &total, &records);
		progress_update(&run->progress, done, total, NULL);
	}
	return r < 0 ? error_prefix(err, r, "%s", input) : 0;
}

static double seconds_since(const struct timespec *begin)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)(now.tv_sec - begin->tv_sec) + (double)(now.tv_nsec - begin->tv_nsec) / 1e9;
}

static void print_summary(const struct run *run, struct source *source, const char *output,
			  const struct timespec *begin)
{
	uint64_t done, total, records;
	double seconds = seconds_since(begin);

	if (run->settings->quiet)
		return;
	source_position(source, &done, &total, &records);
	report(PROGRAM, "%s: %" PRIu64 " rows from %" PRIu64 " events in %.2f s (%.1f M events/s)",
	       output, run->rows, records, seconds, (double)records / seconds / 1e6);
}

/* What the recorder noted of the system, as it is: no analysis needs it to be understood. */
static int add_snapshot(const struct source *source, struct schedtrace_writer *writer,
			struct schedtrace_error *err)
{
	auto_free char *text = source_snapshot(source);

	return text ? schedtrace_writer_member(writer, "snapshot.json", text, strlen(text), err)
		    : 0;
}

static int add_other_events(const struct source *source, struct schedtrace_writer *writer,
			    struct schedtrace_error *err)
{
	auto_free char *text = source_other_events(source);

	if (!text)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for the names of events");
	return schedtrace_writer_member(writer, "other_events.json", text, strlen(text), err);
}

static int finish(const struct settings *settings, struct schedtrace_writer *writer,
		  const char *output, struct schedtrace_error *err)
{
	struct whole_file file;
	int r = writer_finish_open(writer, &file, err);

	if (r < 0)
		return r;
	if (settings->derive)
		r = derive_columns(&file, err);
	if (r == 0)
		r = whole_file_commit(&file, err);
	whole_file_close(&file);
	return r < 0 ? error_prefix(err, r, "%s", output) : 0;
}

static int convert(struct run *run, const char *input, const char *output,
		   struct schedtrace_error *err)
{
	const struct settings *settings = run->settings;
	const struct source_options options = {
		.file = {
			.instance = settings->instance,
			.salvage = settings->salvage,
			.max_memory = (uint64_t)settings->max_memory,
			.notes = { print_note, run },
		},
		.others = settings->all_events,
	};
	const struct schedtrace_writer_options writer_options = {
		.size = sizeof(writer_options),
		.store = settings->store,
		.like = input,
	};
	struct schedtrace_writer *writer = NULL;
	struct source *source = NULL;
	struct timespec begin;
	int r;

	clock_gettime(CLOCK_MONOTONIC, &begin);
	progress_begin(&run->progress, "converting", settings->quiet);
	r = source_open(&source, input, &options, err);
	if (r < 0) {
		error_prefix(err, r, "%s", input);
		goto out;
	}
	r = schedtrace_writer_new(&writer, output, source_context(source), &writer_options, err);
	if (r < 0)
		goto out;
	r = copy_rows(run, input, source, writer, err);
	if (r < 0)
		goto out;
	r = add_snapshot(source, writer, err);
	if (r == 0 && settings->all_events)
		r = add_other_events(source, writer, err);
	if (r < 0)
		goto out;
	r = finish(settings, steal_ptr(writer), output, err);
	if (r < 0)
		goto out;
	progress_end(&run->progress);
	print_summary(run, source, output, &begin);
	r = source_damaged(source) ? EXIT_SALVAGED : EXIT_DONE;
out:
	progress_end(&run->progress);
	schedtrace_writer_free(writer);
	source_close(source);
	return r;
}

int main(int argc, char **argv)
{
	struct settings settings = { 0 };
	struct run run = { .settings = &settings };
	struct schedtrace_error err;
	auto_free char *output = NULL;
	int first, r;

	process_begin(PROGRAM, EXIT_UNFINISHED);
	outputs_remove_at_signals();
	first = options_parse(&program, argc, argv, false, EXIT_USAGE, &settings);
	if (argc - first < 1 || argc - first > 2) {
		report(PROGRAM, "%s; see %s --help",
		       argc - first < 1 ? "no trace.dat to convert"
					: "more than a trace and a tarball named",
		       PROGRAM);
		return EXIT_USAGE;
	}
	output = argc - first == 2 ? strdup(argv[first + 1]) : default_output(argv[first]);
	if (!output) {
		report(PROGRAM, "no memory for a file name");
		return EXIT_UNFINISHED;
	}
	r = outputs_check(&(struct program_output){ NULL, output }, 1,
			  &(const char *){ argv[first] }, 1, &err);
	if (r == 0)
		r = convert(&run, argv[first], output, &err);
	return r < 0 ? report_error(PROGRAM, &err) : r;
}
