/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Everything before the first event: the instances, the file, the readers; and its notes. */
#include "record/schedrec/recording_state.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/mem.h"
#include "cli/report_error.h"
#include "record/privileges.h"
#include "record/proc/snapshot.h"
#include "record/tracefs/kernel_head.h"
#include "record/tracefs/tracefs_place.h"
#include "record/triggers/flight.h"
#include "tracedat/markers.h"

#define FDS_READER 5	     /* a buffer, its pipe and file, and what wakes its reader */
#define FDS_REST   20	     /* sockets, markers, lists of /proc */
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
	for (size_t i = 0; i < r->events.n_missing; i++)
		report(r->settings->program, "this kernel has no event %s: recording without it",
		       r->events.missing[i]);
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

/* What can be refused before anything is made. */
int recording_check(struct recording *r)
{
	const struct recording_settings *s = r->settings;
	const char *refusal = misfit(s);
	int result, swept;

	if (refusal)
		return error_set(&r->err, SCHEDTRACE_E_USAGE, "%s", refusal);
	result = check_namespace(s, &r->err);
	if (result == 0)
		result = event_sets_parse(&r->events, s->items, s->n_items, &r->err);
	r->events.user_stacks = s->user_stacks;
	if (result == 0)
		result = rules_parse(&r->rules, s->rules, s->n_rules, &r->err);
	if (result == 0 && rules_have(&r->rules, RULE_EXIT) && !s->command)
		result = error_set(&r->err, SCHEDTRACE_E_USAGE,
				   "--save-when 'exit …' is about the COMMAND, and there is none");
	if (result == 0)
		result = identity_find(&r->identity, s->as_root, &r->err);
	if (result == 0)
		result = tracefs_place_find(s->tracefs, &r->tracefs, &r->err);
	if (result == 0)
		result = event_sets_resolve(&r->events, r->tracefs, &r->err);
	if (result == 0)
		result = attach_open(&r->attach, s->pids, s->cgroup, &r->err);
	if (result == 0 && s->only && event_sets_choose_only(&r->events) == 0)
		result = error_set(&r->err, SCHEDTRACE_E_USAGE,
				   "--only limits memory and system call events, and none is "
				   "recorded: add -e mm or the events that you want");
	if (result < 0)
		return result;
	swept = instance_sweep(r->tracefs);
	if (swept && !s->quiet)
		report(s->program, "removed %d tracefs instance%s of recorders that were killed",
		       swept, swept == 1 ? "" : "s");
	report_missing(r);
	return 0;
}

/* Everything about a buffer but its events. */
static int set_up_instance(struct recording *r, struct instance *in, const char *suffix)
{
	const struct recording_settings *s = r->settings;
	int64_t kb = s->buffer_kb ? s->buffer_kb : r->events.buffer_kb;
	int result = instance_create(in, r->tracefs, suffix, &r->err);

	if (result == 0)
		result = instance_set_clock(in, s->clock, &r->err);
	if (result == 0 && s->subbuf_kb)
		result = instance_set_subbuf(in, s->subbuf_kb, &r->err);
	if (result == 0)
		result = instance_set_buffer(in, kb, s->only ? 2 : 1, &r->err);
	if (result == 0 && s->cpus) {
		free(r->cpus);
		r->cpus = calloc((size_t)in->n_cpus, sizeof(*r->cpus));
		result = r->cpus ? instance_set_cpus(in, s->cpus, r->cpus, &r->err)
				 : error_set(&r->err, SCHEDTRACE_E_NOMEM, "out of memory");
	}
	return result;
}

static void tell_buffers(const struct recording *r)
{
	const struct recording_settings *s = r->settings;
	int64_t n = instance_buffers(&r->instance), kb = r->instance.buffer_kb;

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

/* What is opened from now on: little of it can be done without, and nothing without a word. */
static int check_descriptors(struct recording *r)
{
	const struct recording_settings *s = r->settings;
	int64_t buffers = (int64_t)r->instance.n_cpus * (s->only ? 2 : 1);
	int64_t more = FDS_REST + FDS_READER * buffers + (recording_digits(s) ? buffers : 0) +
		       (s->user_stacks ? buffers : 0);
	auto_close int next = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0);
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0 ||
	    (next >= 0 && (rlim_t)(next + more) <= limit.rlim_cur))
		return 0;
	return error_errno(&r->err, SCHEDTRACE_E_LIMIT, EMFILE,
			   "the limit of %" PRIu64
			   " open files (ulimit -n) leaves no room for %" PRId64 " more",
			   (uint64_t)limit.rlim_cur, more);
}

/* What must be known of the system before anything of it is recorded. */
static int look_around(struct recording *r)
{
	int result = proc_tasks_read(&r->tasks, false, &r->err);

	if (result < 0)
		return result;
	if (!(r->first_cmdlines = proc_tasks_cmdlines(&r->tasks, NULL)) ||
	    !buffer_counts_new(&r->counts, tracedat_parts(&r->writer)))
		return error_set(&r->err, SCHEDTRACE_E_NOMEM, "out of memory");
	return 0;
}

/* The instances, the file and the readers; tracing is still off. */
int recording_set_up(struct recording *r)
{
	const struct recording_settings *s = r->settings;
	struct readers_mode mode = { 0 };
	int result = set_up_instance(r, &r->instance, "");

	if (result == 0 && s->only)
		result = set_up_instance(r, &r->only, INSTANCE_ONLY);
	if (result == 0)
		result = check_descriptors(r);
	if (result == 0)
		tell_buffers(r);
	if (result == 0)
		result = hotplug_open(&r->hotplug, HOTPLUG_ROOT, r->instance.n_cpus, &r->err);
	if (result == 0)
		result = kernel_head_read(&r->writer, &r->instance, s->only ? BUFFER_ONLY : NULL,
					  r->tracefs, &r->events, &r->err);
	if (result == 0)
		result = look_around(r);
	/* A recorder that is killed has no second reading: this one does until the end. */
	if (result == 0 && strcmp(s->clock, "x86-tsc") == 0)
		r->writer.has_tsc = clocks_measure_tsc(&r->writer.tsc);
	if (result == 0) {
		result =
			tracedat_writer_begin(&r->writer, r->output.fd, r->first_cmdlines, &r->err);
		if (result < 0)
			error_prefix(&r->err, result, "%s", r->output.path);
	}
	if (result == 0)
		result = instance_enable_events(&r->instance, &r->events, false, &r->err);
	if (result == 0)
		result = instance_open_controls(&r->instance, &r->err);
	if (result == 0 && s->only)
		result = instance_enable_events(&r->only, &r->events, true, &r->err);
	if (result == 0 && s->only)
		result = instance_open_controls(&r->only, &r->err);
	if (result == 0 && recording_digits(s))
		result = numbered_init(&r->numbered, s->output, recording_digits(s), s->max_files,
				       tracedat_parts(&r->writer), &r->err);
	if (result == 0 && s->rotate_bytes) {
		r->finished_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
		if (r->finished_fd < 0)
			result = error_errno(&r->err, SCHEDTRACE_E_IO, errno, "eventfd");
	}
	r->privileges = privileges_needed(&(struct privileges_need){
		.tracefs = r->tracefs,
		.output_fd = r->output.directory_fd,
		.output_of_other = r->identity.other,
		.has_command = s->command != NULL,
		.user_stacks = s->user_stacks,
		.exit_counts = !s->sample_hz, /* of processes that are registered later */
	});
	mode.privileges = privileges_of_reader(r->privileges);
	mode.hold = s->flight_ns != 0;
	mode.room = s->flight_ns ? FLIGHT_ROOM : 0;
	mode.limit = (uint64_t)(s->rotate_bytes ? s->rotate_bytes : s->max_bytes);
	if (result == 0)
		result = readers_start(&r->readers, &r->instance, s->only ? &r->only : NULL,
				       &r->writer, &mode, &r->err);
	r->reading = result == 0;
	if (result == 0)
		result = watch_open(&r->watch, &r->rules, r->tracefs, &r->err);
	if (result == 0 && r->cpus)
		result = instance_stay_on(r->cpus, r->instance.n_cpus, &r->err);
	return result;
}

/* The programs that user stacks lead through. */
static int start_user_maps(struct recording *r)
{
	bool followed;
	int result = user_maps_start(&r->user_maps, r->instance.marker_fd, r->settings->clock,
				     &followed, &r->err);

	if (result == 0 && !followed)
		report(r->settings->program,
		       "the kernel tells nothing of new mappings (perf_event_open%s): user stacks "
		       "of "
		       "programs that begin from now on stay numbers",
		       privileges_have(CAP_PERFMON) ? ""
						    : ", the capability CAP_PERFMON is missing");
	return result;
}

void recording_write_maps(struct recording *r)
{
	if (user_maps_write(r->user_maps, &r->err) == 0)
		return;
	report_error(r->settings->program, &r->err);
	user_maps_free(steal_ptr(r->user_maps));
}

void recording_finish_maps(struct recording *r)
{
	recording_write_maps(r);
	if (user_maps_lost(r->user_maps))
		report(r->settings->program,
		       "%" PRIu64
		       " mappings of programs were missed: some user stacks stay numbers",
		       user_maps_lost(r->user_maps));
}

static int obey_save(void *self, const char *argument, json_t *reply, struct schedtrace_error *err)
{
	struct recording *r = self;
	int result = recording_save_flight(r, "ctl", reply);

	if (result < 0)
		*err = r->err;
	return result;
}

/* Samples, and the socket that takes orders about them. */
static int start_sampling(struct recording *r)
{
	const struct recording_settings *s = r->settings;
	int result = sampling_start(&r->sampling, s, r->instance.marker_fd, r->begun_ns, &r->err);

	if (result == 0)
		result = sampling_follow(&r->sampling, &r->workload, &r->attach, &r->err);
	if (result < 0)
		return result;
	sampling_verbs(&r->sampling, r->verbs);
	if (s->flight_ns)
		r->verbs[SAMPLING_VERBS] = (struct control_verb){ "save", obey_save, r };
	if (control_open(&r->control, r->verbs, &r->err) < 0 && !s->quiet)
		report(s->program, "schedrec ctl cannot reach this recording: %s", r->err.text);
	return 0;
}

struct marker_begin recording_marker_begin(const struct recording *r)
{
	const struct recording_settings *s = r->settings;

	return (struct marker_begin){ .instance = &r->instance,
				      .events = &r->events,
				      .clock = s->clock,
				      .command = s->command,
				      .command_pid = r->workload.pid,
				      .attach = &r->attach,
				      .only = s->only,
				      .cpus = r->cpus };
}

/* What a file begins with. */
int recording_write_begin(struct recording *r, bool whole)
{
	struct marker_begin begin = recording_marker_begin(r);
	struct task_list tasks = { 0 };
	struct clocks now;
	int result;

	begin.whole = whole;
	result = marker_write_begin(&begin, &r->err);
	if (result < 0)
		return result;
	result = proc_tasks_read(&tasks, true, &r->err);
	if (result < 0)
		return result;
	attach_mark(&r->attach, r->workload.pid ? getpid() : 0, &tasks);
	result = marker_write_tasks(&r->instance, &tasks, &r->err);
	clocks_read(&now);
	if (result == 0)
		result = snapshot_write(r->instance.marker_fd, false, &tasks, &now, &r->err);
	proc_tasks_free(&r->tasks);
	r->tasks = tasks;
	if (result == 0)
		result = hotplug_note_offline(&r->hotplug, r->instance.marker_fd, &r->err);
	if (result == 0)
		result = recording_note_unread(r);
	if (result == 0 && r->events.user_stacks)
		result = r->user_maps ? user_maps_again(r->user_maps, &r->err) : start_user_maps(r);
	return result;
}

/* The system as it is now, and what the clocks say. */
int recording_note_end(struct recording *r)
{
	struct task_list tasks = { 0 };
	struct clocks now;
	int result;

	clocks_read(&now);
	if (strcmp(r->settings->clock, "x86-tsc") == 0 &&
	    clocks_tsc_scale(&r->begun, &now, &r->writer.tsc))
		r->writer.has_tsc = true;
	result = proc_tasks_read(&tasks, false, &r->err);
	if (result < 0)
		return result;
	attach_mark(&r->attach, r->workload.pid ? getpid() : 0, &tasks);
	result = snapshot_write(r->instance.marker_fd, true, &tasks, &now, &r->err);
	proc_tasks_free(&tasks);
	return result;
}

int recording_start(struct recording *r)
{
	const struct recording_settings *s = r->settings;
	int result = s->only ? attach_follow(&r->attach, r->workload.pid ? getpid() : 0, &r->only,
					     &r->err)
			     : 0;

	if (result < 0)
		return result;
	result = instance_trace(&r->instance, true);
	if (result == 0 && s->only)
		result = instance_trace(&r->only, true);
	if (result < 0)
		return error_errno(&r->err, SCHEDTRACE_E_IO, -result, "switching tracing on");
	r->begun_ns = now_ns();
	clocks_read(&r->begun);
	/* A flight recorder puts what a file begins with before what it saves. */
	result = s->flight_ns ? 0 : recording_write_begin(r, true);
	if (result == 0)
		result = start_sampling(r);
	if (result < 0)
		return result;
	result = privileges_keep(r->privileges);
	if (result < 0)
		report(s->program, "capabilities that are no longer needed cannot be given up: %s",
		       strerror(-result));
	return 0;
}
