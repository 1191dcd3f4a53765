/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* schedrec: records what the scheduler and the memory manager do while a command runs. */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "cli/options.h"
#include "cli/process.h"
#include "cli/report_error.h"
#include "record/sampler.h"
#include "record/schedrec/control_client.h"
#include "record/schedrec/event_list.h"
#include "record/schedrec/recording.h"
#include "record/schedrec/repair_command.h"

struct settings {
	struct option_list events, rules, added;
	const char *output;
	int64_t buffer_kb;
	const char *clock;
	int64_t duration_ns, max_bytes, subbuf_kb, rotate_bytes, max_files, flight_ns;
	const char *pids, *cgroup, *cpus;
	bool only, follow_all, keep_output;
	bool quiet, strict, user_stacks, as_root;
	const char *repair;
	const char *tracefs;
	const char *sample;
};

#define FIELD(name) offsetof(struct settings, name)

static const struct option_spec options[] = {
	{ 'e', "event", "ITEM[,ITEM…]",
	  "what to record: a set (sched, mm, pages, power, futex, irq, stacks), SYSTEM:EVENT or "
	  "EVENT; an "
	  "event may be followed by ' if FILTER'; may be given several times [sched]",
	  OPTION_LIST, FIELD(events), 0, "sched mm pages power futex irq stacks" },
	{ 'o', "output", "FILE", "where to write [trace.dat]", OPTION_TEXT, FIELD(output) },
	{ 'b', "buffer-size", "KiB", "ring buffer per CPU [8192; 16384 with mm, pages or stacks]",
	  OPTION_SIZE, FIELD(buffer_kb), .not_zero = true },
	{ 'C', "clock", "CLOCK", "trace clock [mono]", OPTION_TEXT, FIELD(clock), 0,
	  "mono boot mono_raw tai x86-tsc" },
	{ 'd', "duration", "SECONDS",
	  "stop recording after so long; a command runs on to its end, and none is needed",
	  OPTION_SECONDS, FIELD(duration_ns), .not_zero = true },
	{ 0, "sample", "HZ",
	  "put page faults, CPU time, memory and state of COMMAND, the processes of -p and their "
	  "descendants into the timeline so many times a second [20]; other processes: schedrec "
	  "ctl register",
	  OPTION_OPTIONAL_TEXT, FIELD(sample) },
	{ 'p', "pid", "PID[,PID…]",
	  "record until these processes have ended; with a COMMAND, until that has", OPTION_TEXT,
	  FIELD(pids) },
	{ 0, "cgroup", "PATH",
	  "record until the cgroup is empty; its processes now are treated as those of -p",
	  OPTION_TEXT, FIELD(cgroup) },
	{ 0, "only", NULL,
	  "limit memory and system call events to COMMAND, the processes of -p and --cgroup, and "
	  "their descendants; the scheduler's are recorded of all tasks",
	  OPTION_FLAG, FIELD(only) },
	{ 0, "follow-all", NULL,
	  "record until all descendants of COMMAND have ended too, daemons as well; the exit "
	  "status is still COMMAND's",
	  OPTION_FLAG, FIELD(follow_all) },
	{ 0, "keep-output", NULL,
	  "keep what COMMAND prints, up to 16 MiB, beside passing it on: schedconv makes the "
	  "members stdout.txt and stderr.txt of it",
	  OPTION_FLAG, FIELD(keep_output) },
	{ 0, "add", "FILE",
	  "keep FILE, up to 16 MiB, as it is when recording ends: schedconv makes a member of it; "
	  "may be given several times",
	  OPTION_LIST, FIELD(added) },
	{ 0, "cpus", "LIST", "record on these CPUs only, such as 0,2-3 [all]", OPTION_TEXT,
	  FIELD(cpus) },
	{ 0, "max-size", "BYTES",
	  "stop recording when the file has so many, such as 500M; a command runs on to its end",
	  OPTION_SIZE, FIELD(max_bytes), .not_zero = true },
	{ 0, "subbuf", "KiB", "pages of the ring buffer [the kernel's, mostly 4]", OPTION_SIZE,
	  FIELD(subbuf_kb), .not_zero = true },
	{ 0, "rotate", "SIZE",
	  "begin a new file, NAME.0001.dat, NAME.0002.dat and so on, whenever SIZE bytes are "
	  "recorded; each is complete on its own",
	  OPTION_SIZE, FIELD(rotate_bytes), .not_zero = true },
	{ 0, "max-files", "N", "with --rotate or --flight, keep only the newest N files [all]",
	  OPTION_NUMBER, FIELD(max_files), .not_zero = true },
	{ 0, "user-stacks", NULL,
	  "the program's call stack too, with every event of a process; of use for programs built "
	  "with frame pointers",
	  OPTION_FLAG, FIELD(user_stacks) },
	{ 0, "flight", "SECONDS",
	  "write nothing until asked by SIGUSR1 or schedrec ctl save; then save the last SECONDS "
	  "that the buffers hold into NAME.1.dat, NAME.2.dat and so on, and go on",
	  OPTION_SECONDS, FIELD(flight_ns), .not_zero = true },
	{ 0, "save-when", "RULE",
	  "with --flight, save also when RULE is fulfilled: 'latency(comm=NAME) > 5ms', "
	  "'run(pid=PID) > 100ms', 'faults(comm=NAME) > 1000/s', 'exit != 0'; NAME may be a shell "
	  "pattern; may be given "
	  "several times",
	  OPTION_LIST, FIELD(rules) },
	{ 'q', "quiet", NULL, "no status line and no summary; errors and losses are still told",
	  OPTION_FLAG, FIELD(quiet) },
	{ 0, "strict", NULL, "end with status 125 if events were lost", OPTION_FLAG,
	  FIELD(strict) },
	{ 0, "as-root", NULL, "under sudo: run the command, and own the file, as root", OPTION_FLAG,
	  FIELD(as_root) },
	{ 0, "repair", "FILE",
	  "make a file that a killed recorder left an ordinary trace.dat: in place, or as the "
	  "file that -o names",
	  OPTION_TEXT, FIELD(repair) },
	{ 0, "tracefs", "DIR", "root of tracefs [where it is mounted]", OPTION_TEXT,
	  FIELD(tracefs) },
	{ 0 },
};

static const struct program program = {
	.name = "schedrec",
	.usage = "[OPTION…] [--] COMMAND [ARG…]\n[OPTION…] -p PID[,PID…]\n[OPTION…] -d SECONDS\n"
		 "[OPTION…] --flight SECONDS | --rotate SIZE\n"
		 "--repair FILE [-o FILE]\n"
		 "list [--measure]\n"
		 "ctl register PID | unregister PID | status | save",
	.about = "Records scheduler and memory events of the whole system while COMMAND runs, into "
		 "a trace.dat that schedconv, trace-cmd and KernelShark read.",
	.options = options,
	.after = "The exit status is COMMAND's (128 + N if signal N ended it), 127 if it was not\n"
		 "found, 126 if it could not be run, and 125 if the recording failed.\n",
	.commands = (const struct program *const[]){ &list_program, &control_program, NULL },
	.runs_command = true,
};

/* The rate in @text, "" for the default; -1 if it is none. */
static int64_t sample_rate(const char *text)
{
	int64_t hz = SAMPLER_DEFAULT_HZ;

	if (!text)
		return 0;
	if (*text &&
	    (!options_parse_value(OPTION_NUMBER, NULL, text, &hz) || hz < 1 || hz > SAMPLER_MAX_HZ))
		return -1;
	return hz;
}

static int run(int argc, char **argv)
{
	struct settings s = { .clock = "mono" };
	int first = options_parse(&program, argc, argv, true, RECORDER_FAILED, &s);
	struct recording_settings recording = {
		.program = program.name,
		.items = s.events.items,
		.n_items = s.events.n,
		.output = s.output ? s.output : "trace.dat",
		.clock = s.clock,
		.tracefs = s.tracefs,
		.buffer_kb = s.buffer_kb,
		.duration_ns = s.duration_ns,
		.max_bytes = s.max_bytes,
		.subbuf_kb = s.subbuf_kb,
		.pids = s.pids,
		.cgroup = s.cgroup,
		.cpus = s.cpus,
		.only = s.only,
		.follow_all = s.follow_all,
		.keep_output = s.keep_output,
		.added = s.added.items,
		.n_added = s.added.n,
		.rotate_bytes = s.rotate_bytes,
		.max_files = s.max_files,
		.user_stacks = s.user_stacks,
		.flight_ns = s.flight_ns,
		.rules = s.rules.items,
		.n_rules = s.rules.n,
		.quiet = s.quiet,
		.strict = s.strict,
		.as_root = s.as_root,
		.sample_hz = sample_rate(s.sample),
		.command = first < argc ? argv + first : NULL,
	};
	int status;

	if (s.repair && first < argc) {
		report(program.name, "--repair takes no command");
		status = RECORDER_FAILED;
	} else if (s.repair) {
		status = repair_command(program.name, s.repair, s.output, s.as_root);
	} else if (recording.sample_hz < 0) {
		report(program.name, "--sample=%s: give a rate from 1 to %d", s.sample,
		       SAMPLER_MAX_HZ);
		status = RECORDER_FAILED;
	} else {
		status = recording_run(&recording);
	}
	option_list_free(&s.events);
	option_list_free(&s.rules);
	option_list_free(&s.added);
	return status;
}

int main(int argc, char **argv)
{
	process_begin(program.name, RECORDER_FAILED);
	if (argc > 1 && strcmp(argv[1], "ctl") == 0)
		return control_client(argc - 1, argv + 1);
	if (argc > 1 && strcmp(argv[1], "list") == 0)
		return list_sets(argc - 1, argv + 1);
	return run(argc, argv);
}
