/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Everything before the first event: the instances, the file, the readers; and its notes. */
#include "record/schedrec/recording_state.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/error.h"
#include "cli/report_error.h"
#include "record/privileges.h"
#include "record/schedrec/kept_files.h"
#include "record/triggers/flight.h"

#define ROTATE_MIN (1 << 20) /* what a file begins and ends with takes some 100 KiB */

static bool clock_in_ns(const char *clock)
{
	static const char *const names[] = { "mono",  "mono_raw", "boot", "tai",
					     "local", "global",	  "perf" };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (strcmp(names[i], clock) == 0)
			return true;
	return false;
}

/* The sentence for options that do not go together, or NULL. */
static const char *misfit(const struct recording_settings *s)
{
	bool has_tasks = s->command || s->pids || s->cgroup;

	if (!has_tasks && !s->duration_ns && !s->max_bytes && !s->flight_ns && !s->rotate_bytes)
		return "give a COMMAND to record, -p PID or -d SECONDS: see --help";
	if (s->follow_all && !s->command)
		return "--follow-all is about the descendants of a COMMAND, and there is none";
	if (s->only && !has_tasks)
		return "--only needs a COMMAND, -p PID or --cgroup PATH";
	if (s->flight_ns && (s->rotate_bytes || s->max_bytes))
		return "--flight saves files when asked: --rotate and --max-size do not go with it";
	if (s->flight_ns && s->user_stacks)
		return "--flight cannot keep what --user-stacks needs to name functions";
	if (s->flight_ns && !clock_in_ns(s->clock))
		return "--flight needs a clock that counts ns, such as mono";
	if (s->flight_ns && (s->keep_output || s->n_added))
		return "--flight saves files while the command runs: --keep-output and --add do "
		       "not go with it";
	if (s->keep_output && !s->command)
		return "--keep-output is about what COMMAND prints, and there is none";
	if (s->n_rules && !s->flight_ns)
		return "--save-when is for a flight recorder: give --flight SECONDS";
	if (s->rotate_bytes && s->max_bytes)
		return "--max-size ends a recording, --rotate does not: to limit what all files "
		       "take, give --max-files";
	if (s->rotate_bytes && s->rotate_bytes < ROTATE_MIN)
		return "--rotate needs at least 1M";
	if (s->max_files && !s->rotate_bytes && !s->flight_ns)
		return "--max-files is for numbered files: give --rotate SIZE or --flight SECONDS";
	return NULL;
}

static void report_missing(const struct recording *r)
{
	const struct event_list *events = capture_events(r->capture);

	for (size_t i = 0; i < events->n_missing; i++)
		report(r->settings->program, "this kernel has no event %s: recording without it",
		       events->missing[i]);
}

/* All that the recording is about is known by its pid. */
static int check_namespace(const struct recording_settings *s, struct schedtrace_error *err)
{
	const char *what = s->pids	? "-p"
			   : s->cgroup	? "--cgroup"
			   : s->command ? "COMMAND"
					: "recording";

	return attach_check_namespace(what, err);
}

static int open_capture(struct recording *r)
{
	const struct recording_settings *s = r->settings;
	const struct capture_options options = {
		.items = s->items,
		.n_items = s->n_items,
		.tracefs = s->tracefs,
		.clock = s->clock,
		.buffer_kb = s->buffer_kb,
		.subbuf_kb = s->subbuf_kb,
		.cpus = s->cpus,
		.only = s->only,
		.user_stacks = s->user_stacks,
		.attach = &r->attach,
		.sample_hz = s->sample_hz,
		.hold = s->flight_ns != 0,
		.room = s->flight_ns ? FLIGHT_ROOM : 0,
		.limit = (uint64_t)(s->rotate_bytes ? s->rotate_bytes : s->max_bytes),
		.identity = &r->identity,
		.notes = report_notes(s->program),
	};

	return capture_new(&r->capture, &options, &r->err);
}

/* What can be refused before anything is made. */
int recording_check(struct recording *r)
{
	const struct recording_settings *s = r->settings;
	const char *refusal = misfit(s);
	int result, swept;

	if (refusal)
		return error_set(&r->err, SCHEDTRACE_E_USAGE, "%s", refusal);
	result = kept_files_check(s->added, s->n_added, s->keep_output, &r->err);
	if (result < 0)
		return result;
	result = check_namespace(s, &r->err);
	if (result < 0)
		return result;
	result = rules_parse(&r->rules, s->rules, s->n_rules, &r->err);
	if (result < 0)
		return result;
	if (rules_have(&r->rules, RULE_EXIT) && !s->command)
		return error_set(&r->err, SCHEDTRACE_E_USAGE,
				 "--save-when 'exit …' is about the COMMAND, and there is none");
	result = identity_find(&r->identity, s->as_root, &r->err);
	if (result < 0)
		return result;
	result = attach_open(&r->attach, s->pids, s->cgroup, &r->err);
	if (result < 0)
		return result;
	result = open_capture(r);
	if (result < 0)
		return result;
	swept = capture_swept(r->capture);
	if (swept && !s->quiet)
		report(s->program, "removed %d tracefs instance%s of recorders that were killed",
		       swept, swept == 1 ? "" : "s");
	report_missing(r);
	return 0;
}

static void tell_buffers(const struct recording *r)
{
	const struct recording_settings *s = r->settings;
	const struct instance *in = capture_instance(r->capture);
	int64_t n = instance_buffers(in), kb = in->buffer_kb;

	if (s->buffer_kb && kb != s->buffer_kb && !s->quiet)
		report(s->program, "the kernel made the buffers %" PRId64 " KiB a CPU", kb);
	n *= s->only ? 2 : 1;
	if (!s->quiet && isatty(STDERR_FILENO))
		report(s->program,
		       "%" PRId64 " ring buffers of %" PRId64 " KiB take %" PRId64 " MiB of memory",
		       n, kb, (n * kb + 1023) / 1024);
}

/* Of the numbers of files; 0: the file has none. */
int recording_digits(const struct recording_settings *s)
{
	return s->flight_ns ? 1 : s->rotate_bytes ? 4 : 0;
}

static int open_numbered(struct recording *r)
{
	const struct recording_settings *s = r->settings;
	int result = 0;

	if (recording_digits(s))
		result = numbered_init(&r->numbered, s->output, recording_digits(s), s->max_files,
				       tracedat_parts(capture_writer(r->capture)), &r->err);
	if (result < 0 || !s->rotate_bytes)
		return result;
	r->finished_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return r->finished_fd < 0 ? error_errno(&r->err, SCHEDTRACE_E_IO, errno, "eventfd") : 0;
}

/* All but the first event. */
int recording_set_up(struct recording *r)
{
	const struct recording_settings *s = r->settings;
	int result;

	r->privileges = privileges_needed(&(struct privileges_need){
		.tracefs = capture_tracefs(r->capture),
		.output_fd = r->output.directory_fd,
		.output_of_other = r->identity.other,
		.has_command = s->command != NULL,
		.user_stacks = s->user_stacks,
		.exit_counts = !s->sample_hz, /* of processes that are registered later */
	});
	result = capture_set_up(r->capture, r->output.fd, r->output.path,
				privileges_of_reader(r->privileges), &r->err);
	if (result < 0)
		return result;
	tell_buffers(r);
	result = open_numbered(r);
	return result < 0 ? result
			  : watch_open(&r->watch, &r->rules, capture_tracefs(r->capture), &r->err);
}

static int obey_save(void *self, const char *argument, json_t *reply, struct schedtrace_error *err)
{
	struct recording *r = self;
	int result = recording_save_flight(r, "ctl", reply);

	if (result < 0)
		*err = r->err;
	return result;
}

/* The socket that takes orders. */
static void open_control(struct recording *r)
{
	const struct recording_settings *s = r->settings;

	sampling_begin(&r->sampling, s, r->capture, &r->workload);
	sampling_verbs(&r->sampling, r->verbs);
	if (s->flight_ns)
		r->verbs[SAMPLING_VERBS] = (struct control_verb){ "save", obey_save, r };
	if (control_open(&r->control, r->verbs, &r->err) < 0 && !s->quiet)
		report(s->program, "schedrec ctl cannot reach this recording: %s", r->err.text);
}

int recording_start(struct recording *r)
{
	const struct recording_settings *s = r->settings;
	int result = capture_start(r->capture, s->command, r->workload.pid, &r->err);

	if (result < 0)
		return result;
	open_control(r);
	result = privileges_keep(r->privileges);
	if (result < 0)
		report(s->program, "capabilities that are no longer needed cannot be given up: %s",
		       strerror(-result));
	return 0;
}
