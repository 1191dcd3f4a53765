/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "record/recording.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "cli/progress.h"
#include "cli/report_error.h"
#include "libschedtrace/error.h"
#include "libschedtrace/mem.h"
#include "record/attach.h"
#include "record/clocks.h"
#include "record/control.h"
#include "record/event_sets.h"
#include "record/flight.h"
#include "record/instance.h"
#include "record/marker_writer.h"
#include "record/numbered.h"
#include "record/output.h"
#include "record/proc_tasks.h"
#include "record/readers.h"
#include "record/rules.h"
#include "record/sampling.h"
#include "record/snapshot.h"
#include "record/summary.h"
#include "record/tracedat_writer.h"
#include "record/watch.h"
#include "record/user_maps.h"
#include "record/workload.h"

#define TICK_NS	 250000000 /* how far the table of a killed recorder's file is behind */
#define HURRY_NS 1000000000

#define ROTATE_MIN (1 << 20) /* what a file begins and ends with takes some 100 KiB */

struct recording {
	const struct recording_settings *settings;
	struct identity identity;
	struct signal_state saved_signals;
	sigset_t signals;
	int signal_fd;
	struct event_list events;
	char *tracefs;
	struct output output;
	struct numbered numbered; /* if the output has several files */
	struct workload workload;
	struct attach attach;
	struct instance instance, only; /* the second with --only */
	bool *cpus;			/* recorded; NULL: all */
	struct tracedat_writer writer;
	struct readers readers;
	struct clocks begun; /* when recording began */
	struct sampling sampling;
	struct user_maps *user_maps;		       /* NULL: no user stacks */
	struct control_verb verbs[SAMPLING_VERBS + 2]; /* orders taken while it runs */
	struct control *control;		       /* NULL: none are taken */
	bool reading;				       /* the readers' threads run */
	struct task_list tasks;			       /* before tracing began */
	char *first_cmdlines;
	struct buffer_counts counts;
	struct progress progress;
	int64_t begun_ns, ended_ns;
	struct rules rules;    /* by which a flight recorder saves */
	struct watch *watch;   /* NULL: no rule needs one */
	int64_t rule_saved_ns; /* CLOCK_MONOTONIC; 0: none has */
	int64_t saved_ns;      /* on the trace clock, where the last saved window ends */
	const char *save_why;  /* a flight recorder has been asked to save; NULL: it has not */
	const char *reason;    /* why it ended; NULL while it runs */
	int n_signals, first_signal; /* that ask to end */
	bool failed;		     /* something was reported: exit status 125 */
	struct schedtrace_error err;
};

static int64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void tell_error(struct recording *r)
{
	report_error(r->settings->program, &r->err);
	r->failed = true;
}

/* ---- set up --------------------------------------------------------------------------- */

static void report_missing(const struct recording *r)
{
	for (size_t i = 0; i < r->events.n_missing; i++)
		report(r->settings->program, "this kernel has no event %s: recording without it",
		       r->events.missing[i]);
}

/* What can be refused before anything is made. */
static int check_request(struct recording *r)
{
	const struct recording_settings *s = r->settings;
	int result, swept;

	result = event_sets_parse(&r->events, s->items, s->n_items, &r->err);
	r->events.user_stacks = s->user_stacks;
	if (result == 0)
		result = rules_parse(&r->rules, s->rules, s->n_rules, &r->err);
	if (result == 0 && s->n_rules && !s->flight_ns)
		result = error_set(&r->err, SCHEDTRACE_E_USAGE,
				   "--save-when is for a flight recorder: give --flight SECONDS");
	if (result == 0)
		result = identity_find(&r->identity, s->as_root, &r->err);
	if (result == 0)
		result = instance_find_tracefs(s->tracefs, &r->tracefs, &r->err);
	if (result == 0)
		result = event_sets_resolve(&r->events, r->tracefs, &r->err);
	if (result == 0)
		result = attach_open(&r->attach, s->pids, s->cgroup, &r->err);
	if (result == 0 && s->only)
		result = attach_check_namespace("--only", &r->err);
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
	int64_t n = 0, kb = r->instance.buffer_kb;

	if (s->buffer_kb && kb != s->buffer_kb && !s->quiet)
		report(s->program, "the kernel made the buffers %" PRId64 " KiB a CPU", kb);
	for (int cpu = 0; cpu < r->instance.n_cpus; cpu++)
		n += r->instance.has_cpu[cpu];
	n *= s->only ? 2 : 1;
	if (!s->quiet && isatty(STDERR_FILENO))
		report(s->program,
		       "%" PRId64 " ring buffers of %" PRId64 " KiB take %" PRId64 " MiB of memory",
		       n, kb, (n * kb + 1023) / 1024);
}

/* What must be known of the system before anything of it is recorded. */
static int look_around(struct recording *r)
{
	if (!proc_tasks_read(&r->tasks, false) ||
	    !(r->first_cmdlines = proc_tasks_cmdlines(&r->tasks, NULL)) ||
	    !buffer_counts_new(&r->counts, tracedat_parts(&r->writer)))
		return error_set(&r->err, SCHEDTRACE_E_NOMEM, "out of memory");
	return 0;
}

/* Of the numbers of files; 0: the file has none. */
static int digits(const struct recording_settings *s)
{
	return s->flight_ns ? 1 : s->rotate_bytes ? 4 : 0;
}

/* The instances, the file and the readers; tracing is still off. */
static int set_up(struct recording *r)
{
	const struct recording_settings *s = r->settings;
	struct readers_mode mode = { 0 };
	int result = set_up_instance(r, &r->instance, "");

	if (result == 0 && s->only)
		result = set_up_instance(r, &r->only, INSTANCE_ONLY);
	if (result == 0)
		tell_buffers(r);
	if (result == 0)
		result = tracedat_writer_init(&r->writer, &r->instance,
					      s->only ? "schedrec" INSTANCE_ONLY : NULL, r->tracefs,
					      &r->events, &r->err);
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
	if (result == 0 && digits(s))
		result = numbered_init(&r->numbered, s->output, digits(s), s->max_files,
				       tracedat_parts(&r->writer), &r->err);
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
	int result;

	user_maps_free(steal_ptr(r->user_maps)); /* of the file before */
	result = user_maps_start(&r->user_maps, r->instance.marker_fd, r->settings->clock,
				 &followed, &r->err);

	if (result == 0 && !followed)
		report(r->settings->program,
		       "the kernel tells nothing of new mappings (perf_event_open): user stacks of "
		       "programs that begin from now on stay numbers");
	return result;
}

static void write_user_maps(struct recording *r)
{
	if (user_maps_write(r->user_maps, &r->err) == 0)
		return;
	report_error(r->settings->program, &r->err);
	user_maps_free(steal_ptr(r->user_maps));
}

static void finish_user_maps(struct recording *r)
{
	write_user_maps(r);
	if (user_maps_lost(r->user_maps))
		report(r->settings->program,
		       "%" PRIu64
		       " mappings of programs were missed: some user stacks stay numbers",
		       user_maps_lost(r->user_maps));
}

static int save_flight(struct recording *r, const char *why, json_t *reply);

static int obey_save(void *self, const char *argument, json_t *reply, struct schedtrace_error *err)
{
	struct recording *r = self;
	int result = save_flight(r, "ctl", reply);

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

static struct marker_begin begin_facts(const struct recording *r)
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
static int write_begin(struct recording *r)
{
	struct marker_begin begin = begin_facts(r);
	struct task_list tasks = { 0 };
	struct clocks now;
	int result = marker_write_begin(&begin, &r->err);

	if (result < 0)
		return result;
	if (!proc_tasks_read(&tasks, true))
		return error_set(&r->err, SCHEDTRACE_E_NOMEM, "out of memory");
	attach_mark(&r->attach, r->workload.pid, &tasks);
	result = marker_write_tasks(&r->instance, &tasks, &r->err);
	clocks_read(&now);
	if (result == 0)
		result = snapshot_write(r->instance.marker_fd, false, &tasks, &now, &r->err);
	proc_tasks_free(&r->tasks);
	r->tasks = tasks;
	if (result == 0 && r->events.user_stacks)
		result = start_user_maps(r);
	return result;
}

/* The system as it is now, and what the clocks say. */
static int note_end(struct recording *r)
{
	struct task_list tasks = { 0 };
	struct clocks now;
	int result;

	clocks_read(&now);
	if (strcmp(r->settings->clock, "x86-tsc") == 0 &&
	    clocks_tsc_scale(&r->begun, &now, &r->writer.tsc))
		r->writer.has_tsc = true;
	if (!proc_tasks_read(&tasks, false))
		return error_set(&r->err, SCHEDTRACE_E_NOMEM, "out of memory");
	attach_mark(&r->attach, r->workload.pid, &tasks);
	result = snapshot_write(r->instance.marker_fd, true, &tasks, &now, &r->err);
	proc_tasks_free(&tasks);
	return result;
}

static int start_tracing(struct recording *r)
{
	const struct recording_settings *s = r->settings;
	int result = s->only ? attach_follow(&r->attach, r->workload.pid, &r->only, &r->err) : 0;

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
	result = s->flight_ns ? 0 : write_begin(r);
	return result < 0 ? result : start_sampling(r);
}

/* ---- signals -------------------------------------------------------------------------- */

/* Stops as the shell expects of its job. */
static void suspend(struct recording *r, int sig)
{
	sigset_t one;

	progress_end(&r->progress);
	sigemptyset(&one);
	sigaddset(&one, sig);
	raise(sig);
	sigprocmask(SIG_UNBLOCK, &one, NULL); /* here we stop until SIGCONT */
	sigprocmask(SIG_BLOCK, &one, NULL);
	progress_begin(&r->progress, "recording", r->settings->quiet || r->reason);
}

static void handle_signal(struct recording *r, const struct signalfd_siginfo *info)
{
	int sig = (int)info->ssi_signo;
	bool alive = r->workload.pid && !workload_has_ended(&r->workload);
	/* What the terminal sends reaches the whole group, the command too. */
	bool from_process = info->ssi_code <= 0;

	if (sig == SIGCHLD)
		return;
	if (sig == SIGUSR1) {
		r->save_why = "signal";
		return;
	}
	if (alive && from_process)
		kill(r->workload.pid, sig);
	if (sig == SIGTSTP) {
		suspend(r, sig);
	} else if (sig != SIGCONT) {
		if (r->n_signals++ == 0)
			r->first_signal = sig;
	}
}

/* Waits for a signal, news of the readers or the end of @timeout_ns. */
static void wait_for_news(struct recording *r, int64_t timeout_ns)
{
	struct pollfd fds[] = {
		{ .fd = r->signal_fd, .events = POLLIN },
		{ .fd = r->reading ? r->readers.news_fd : -1, .events = POLLIN },
		{ .fd = sampling_fd(&r->sampling), .events = POLLIN },
		{ .fd = r->control ? control_fd(r->control) : -1, .events = POLLIN },
		{ .fd = watch_fd(r->watch), .events = POLLIN },
		{ .fd = r->reason ? -1 : r->attach.epoll_fd, .events = POLLIN },
	};
	struct signalfd_siginfo info;
	uint64_t count;

	if (timeout_ns < 0)
		timeout_ns = 0;
	poll(fds, sizeof(fds) / sizeof(*fds), (int)((timeout_ns + 999999) / 1000000));
	if (fds[2].revents)
		sampling_run(&r->sampling);
	if (fds[3].revents)
		control_serve(r->control);
	if (fds[4].revents)
		watch_run(r->watch);
	if (fds[1].revents && read(r->readers.news_fd, &count, sizeof(count)) < 0)
		return;
	while (read(r->signal_fd, &info, sizeof(info)) == (ssize_t)sizeof(info))
		handle_signal(r, &info);
}

static void read_counts(struct recording *r)
{
	buffer_counts_read(&r->counts, &r->instance, 0);
	if (r->only.handle)
		buffer_counts_read(&r->counts, &r->only, r->instance.n_cpus);
}

/* ---- while it runs -------------------------------------------------------------------- */

static void show_status(struct recording *r)
{
	char text[160], events[32], lost[32];

	if (!r->progress.enabled)
		return;
	if (r->settings->flight_ns) {
		snprintf(text, sizeof(text), "flight recorder  %.1f s  %" PRIu64 " saved",
			 (double)(now_ns() - r->begun_ns) / 1e9, r->numbered.n_done);
		progress_text(&r->progress, text);
		return;
	}
	read_counts(r);
	snprintf(text, sizeof(text), "recording  %.1f s  %s events  %.1f MB  %s lost",
		 (double)(now_ns() - r->begun_ns) / 1e9,
		 format_count(events,
			      buffer_counts_events(&r->counts) + buffer_counts_unread(&r->counts)),
		 (double)(r->numbered.bytes_done + tracedat_data_bytes(&r->writer)) / 1e6,
		 format_count(lost, buffer_counts_lost(&r->counts)));
	progress_text(&r->progress, text);
}

/* A reader that ended by itself while the recording goes on. */
static void check_readers(struct recording *r)
{
	int alive = 0;

	for (int i = 0; i < r->readers.n; i++)
		alive += atomic_load(&r->readers.items[i].errnum) == 0;
	if (atomic_load(&r->readers.output_errnum))
		r->reason = "output";
	else if (alive == 0)
		r->reason = "readers";
}

static int publish(struct recording *r)
{
	readers_sizes(&r->readers, &r->writer);
	return tracedat_writer_publish(&r->writer, &r->err);
}

/* ---- files ---------------------------------------------------------------------------- */

struct saving {
	struct output *output, second;
};

static int open_second(void *self, int *fd, struct schedtrace_error *err)
{
	struct saving *s = self;
	int result = output_second(s->output, &s->second, err);

	*fd = s->second.fd;
	return result;
}

/* Makes what is in @output, written by @w, a file of its own; @cmdlines may be NULL. */
static int save(struct recording *r, struct output *output, struct tracedat_writer *w,
		const char *cmdlines, char *const *stats)
{
	struct saving saving = { output, { .directory_fd = -1, .fd = -1 } };
	struct tracedat_second second = { open_second, &saving };
	enum tracedat_shape shape;
	int result;

	result = tracedat_writer_finish(w, cmdlines ? cmdlines : r->first_cmdlines,
					r->first_cmdlines, stats, &second, &shape, &r->err);
	if (result == 0 && shape == TRACEDAT_COPIED)
		output_replace(output, &saving.second);
	else if (saving.second.fd >= 0)
		output_drop(&saving.second);
	if (result == 0)
		result = output_commit(output, &r->err);
	if (result == 0 && shape == TRACEDAT_SPARSE)
		report(r->settings->program,
		       "%s keeps holes that this file system cannot take out, and there is no room "
		       "for "
		       "a copy: schedrec --repair %s -o ELSEWHERE makes a compact one",
		       output->path, output->path);
	return result;
}

static void tell_where(struct recording *r, const struct output *output, const char *why)
{
	report(r->settings->program,
	       "%s: what was recorded is in %s/%s: schedrec --repair makes it an ordinary "
	       "trace.dat",
	       why, output->directory, output->working_name);
}

/* The file of a number, with what the kernel counted for it. */
static int save_numbered(struct recording *r, struct output *output, struct tracedat_writer *w,
			 const char *cmdlines, char *const *texts)
{
	char **stats = numbered_stats(&r->numbered, texts);
	int result;

	if (!stats)
		return error_set(&r->err, SCHEDTRACE_E_NOMEM, "out of memory");
	result = save(r, output, w, cmdlines, stats);
	numbered_free_stats(&r->numbered, stats);
	if (result == 0)
		result = numbered_done(&r->numbered, output, &r->err);
	return result;
}

/* The file after the present one, up to its first header. */
static int open_next(struct recording *r, struct output *output, struct tracedat_writer *w)
{
	const char *slash = strrchr(r->numbered.path, '/');
	auto_free char *name = numbered_name(slash ? slash + 1 : r->numbered.path,
					     r->numbered.digits, r->numbered.number + 1);
	auto_free char *cmdlines = proc_tasks_cmdlines(&r->tasks, NULL);
	int result;

	if (!name || !cmdlines)
		return error_set(&r->err, SCHEDTRACE_E_NOMEM, "out of memory");
	result = output_beside(&r->output, output, name, &r->err);
	if (result == 0)
		result = tracedat_writer_another(&r->writer, w, &r->err);
	if (result == 0)
		result = tracedat_writer_begin(w, output->fd, cmdlines, &r->err);
	if (result < 0)
		error_prefix(&r->err, result, "%s", name);
	return result;
}

/* Lets the readers go over to another file, while tracing goes on. */
static int cut(struct recording *r, const char *why, struct output *output,
	       struct tracedat_writer *w)
{
	int status = r->workload.ended ? r->workload.wait_status : -1;
	int result = open_next(r, output, w);

	/* A flight recorder has been asked to save what was, and now. */
	if (result == 0 && !r->settings->flight_ns)
		result = note_end(r);
	if (result == 0)
		write_user_maps(r);
	if (result == 0)
		result = marker_write_end(&r->instance, r->settings->clock, status, why, &r->err);
	if (result == 0)
		result = readers_cut(&r->readers, w, &r->err);
	if (result < 0) {
		tracedat_writer_free(w);
		output_drop(output);
		return result;
	}
	for (int i = 0; i < r->readers.n; i++) {
		const struct reader *item = &r->readers.items[i];
		struct tracedat_part *part = &r->writer.parts[item->part];

		part->offset = tracedat_writer_position(&r->writer, item->part) + r->readers.room;
		part->size = item->cut_bytes;
	}
	return 0;
}

static void go_over(struct recording *r, struct output *output, struct tracedat_writer *w)
{
	output_close(&r->output);
	tracedat_writer_free(&r->writer);
	r->output = *output;
	r->writer = *w;
	r->numbered.number++;
}

/* Ends the present file and begins the next. */
static int begin_next_file(struct recording *r)
{
	struct output output = { .directory_fd = -1, .fd = -1 };
	struct tracedat_writer w = { .fd = -1 };
	auto_free char *cmdlines = NULL;
	auto_free char **texts = calloc((size_t)tracedat_parts(&r->writer), sizeof(*texts));
	int result;

	if (!texts)
		return error_set(&r->err, SCHEDTRACE_E_NOMEM, "out of memory");
	result = cut(r, "rotation", &output, &w);
	if (result < 0)
		return result;
	for (int i = 0; i < r->readers.n; i++)
		texts[r->readers.items[i].part] = r->readers.items[i].cut_stats;
	cmdlines = proc_tasks_cmdlines(&r->tasks, r->tracefs);
	result = write_begin(r);
	if (result == 0)
		result = save_numbered(r, &r->output, &r->writer, cmdlines, texts);
	if (result < 0)
		tell_where(r, &r->output, "the file could not be finished");
	go_over(r, &output, &w);
	return result;
}

/* ---- the flight recorder -------------------------------------------------------------- */

/* What was overwritten before the window is no loss of the file, so the counts are its own. */
static char **flight_stats(const struct flight_window *window)
{
	char **stats = calloc((size_t)window->n_parts, sizeof(*stats));

	for (int i = 0; stats && i < window->n_parts; i++)
		if (asprintf(&stats[i],
			     "entries: 0\noverrun: %" PRIu64 "\ncommit overrun: 0\n"
			     "dropped events: 0\nread events: %" PRIu64 "\n",
			     window->parts[i].lost, window->parts[i].events) < 0)
			stats[i] = NULL;
	return stats;
}

static int write_window(struct recording *r, struct flight_window *window)
{
	struct marker_begin begin = begin_facts(r);
	auto_free char *cmdlines = NULL;
	struct task_list tasks = { 0 };
	char **stats;
	int result = flight_cut(window, &r->writer, r->settings->flight_ns, &r->err);

	if (result == 0)
		result = flight_put_begin(window, &r->writer, &begin, &r->err);
	if (result < 0)
		return result;
	if (proc_tasks_read(&tasks, false)) {
		proc_tasks_free(&r->tasks);
		r->tasks = tasks;
	}
	cmdlines = proc_tasks_cmdlines(&r->tasks, r->tracefs);
	stats = flight_stats(window);
	result = save(r, &r->output, &r->writer, cmdlines, stats);
	numbered_free_stats(&r->numbered, stats);
	return result < 0 ? result : numbered_done(&r->numbered, &r->output, &r->err);
}

static void tell_window(const struct recording *r, const struct flight_window *window,
			const char *why)
{
	double held = (double)(window->end_ns - window->begin_ns) / 1e9;
	char count[32];

	if (window->short_of)
		report(r->settings->program,
		       "%s: %s events of the last %.3f s, at %s: the buffers held no more of the "
		       "%.3f s asked for; a larger -b does",
		       r->output.path, format_count(count, window->events), held, why,
		       (double)r->settings->flight_ns / 1e9);
	else if (!r->settings->quiet)
		report(r->settings->program, "%s: %s events of the last %.3f s, at %s",
		       r->output.path, format_count(count, window->events), held, why);
}

/* Saves what the buffers hold; recording goes on. @reply may be NULL. */
static int save_flight(struct recording *r, const char *why, json_t *reply)
{
	struct output output = { .directory_fd = -1, .fd = -1 };
	struct tracedat_writer w = { .fd = -1 };
	int n = tracedat_parts(&r->writer);
	auto_free struct flight_part *parts = calloc((size_t)n, sizeof(*parts));
	struct flight_window window = { .after_ns = r->saved_ns, .parts = parts, .n_parts = n };
	int result;

	if (!parts)
		return error_set(&r->err, SCHEDTRACE_E_NOMEM, "out of memory");
	result = cut(r, why, &output, &w);
	if (result < 0)
		return result;
	for (int i = 0; i < r->readers.n; i++) {
		const struct reader *item = &r->readers.items[i];
		struct cpu_stats *base = &r->numbered.base[item->part], now = *base;

		if (item->cut_stats)
			cpu_stats_parse(&now, item->cut_stats);
		parts[item->part].overwritten = now.overrun > base->overrun;
		*base = now;
	}
	result = write_window(r, &window);
	r->saved_ns = window.end_ns;
	if (result == 0) {
		tell_window(r, &window, why);
		if (reply) {
			json_object_set_new(reply, "file", json_string(r->output.path));
			json_object_set_new(reply, "events",
					    json_integer((json_int_t)window.events));
			json_object_set_new(reply, "held_ns",
					    json_integer(window.end_ns - window.begin_ns));
		}
	} else {
		output_drop(&r->output);
	}
	go_over(r, &output, &w);
	return result;
}

static void end_flight(struct recording *r)
{
	control_close(steal_ptr(r->control));
	sampling_finish(&r->sampling);
	instance_trace(&r->instance, false);
	atomic_store(&r->readers.hurry, true);
	readers_finish(&r->readers);
	r->reading = false;
	if (watch_close(steal_ptr(r->watch), &r->err) < 0)
		tell_error(r);
	progress_end(&r->progress);
	output_drop(&r->output);
	if (!r->settings->quiet)
		report(r->settings->program, "saved %" PRIu64 " file%s in %.1f s",
		       r->numbered.n_done, r->numbered.n_done == 1 ? "" : "s",
		       (double)(now_ns() - r->begun_ns) / 1e9);
}

/* After a save by a rule the next one waits until there is a whole window again. */
static void obey_rules(struct recording *r)
{
	int64_t now = now_ns();

	if (r->reason && r->workload.ended)
		rules_exit(&r->rules, workload_exit_status(&r->workload));
	if (!*r->rules.fired || r->save_why)
		return;
	if (r->rule_saved_ns && now < r->rule_saved_ns + r->settings->flight_ns && !r->reason) {
		*r->rules.fired = '\0';
		return;
	}
	r->rule_saved_ns = now;
	r->save_why = r->rules.fired;
}

static bool file_is_full(const struct recording *r)
{
	return atomic_load(&r->readers.total) >= r->readers.limit;
}

static void record(struct recording *r)
{
	int64_t end = r->settings->duration_ns ? r->begun_ns + r->settings->duration_ns : INT64_MAX;
	int64_t next = now_ns() + TICK_NS;

	while (!r->reason) {
		int64_t now = now_ns();

		wait_for_news(r, (next < end ? next : end) - now);
		now = now_ns();
		if (r->n_signals)
			r->reason = "signal";
		else if (workload_has_ended(&r->workload))
			r->reason = "exit";
		else if (now >= end)
			r->reason = "duration";
		else if (attach_ended(&r->attach) && !r->workload.pid)
			r->reason = "exit";
		else if (!r->settings->rotate_bytes && file_is_full(r))
			r->reason = "size";
		check_readers(r);
		obey_rules(r);
		if (r->save_why) {
			if (save_flight(r, r->save_why, NULL) < 0)
				tell_error(r);
			r->save_why = NULL;
			*r->rules.fired = '\0';
		}
		if (!r->reason && file_is_full(r) && begin_next_file(r) < 0) {
			tell_error(r);
			r->reason = "output";
		}
		if (now < next)
			continue;
		next = now + TICK_NS;
		write_user_maps(r);
		if (publish(r) < 0 && !r->reason) {
			tell_error(r);
			r->reason = "output";
		}
		show_status(r);
	}
}

/* ---- the end -------------------------------------------------------------------------- */

/* Tracing off, buffers emptied. False if a third signal asked to leave all as it is. */
static bool drain(struct recording *r)
{
	int64_t hurry_at = INT64_MAX;

	control_close(steal_ptr(r->control));
	sampling_finish(&r->sampling);
	if (r->user_maps)
		finish_user_maps(r);
	if (!atomic_load(&r->readers.output_errnum)) {
		int status = r->workload.ended ? r->workload.wait_status : -1;

		/* The file is good without the notes of its end. */
		if (note_end(r) < 0 || marker_write_end(&r->instance, r->settings->clock, status,
							r->reason, &r->err) < 0)
			report_error(r->settings->program, &r->err);
	}
	instance_trace(&r->instance, false);
	if (r->only.handle)
		instance_trace(&r->only, false);
	r->ended_ns = now_ns();
	readers_stop(&r->readers);
	while (!readers_done(&r->readers)) {
		wait_for_news(r, TICK_NS / 5);
		if (r->n_signals > 1 && hurry_at == INT64_MAX)
			hurry_at = now_ns() + HURRY_NS;
		if (r->n_signals > 2 || now_ns() >= hurry_at)
			atomic_store(&r->readers.hurry, true);
	}
	read_counts(r);
	readers_sizes(&r->readers, &r->writer);
	readers_finish(&r->readers);
	r->reading = false;
	return r->n_signals <= 2;
}

static int save_last(struct recording *r)
{
	auto_free char *cmdlines = proc_tasks_cmdlines(&r->tasks, r->tracefs);

	if (r->numbered.path)
		return save_numbered(r, &r->output, &r->writer, cmdlines, r->counts.texts);
	return save(r, &r->output, &r->writer, cmdlines, r->counts.texts);
}

/* ---- all together --------------------------------------------------------------------- */

static void remove_instances(struct recording *r)
{
	if (instance_destroy(&r->only, &r->err) < 0)
		tell_error(r);
	if (instance_destroy(&r->instance, &r->err) < 0)
		tell_error(r);
}

/* Takes everything back; nothing is left of the recording. */
static void abandon(struct recording *r)
{
	if (r->reading)
		readers_finish(&r->readers);
	r->reading = false;
	watch_close(steal_ptr(r->watch), NULL);
	remove_instances(r);
	output_drop(&r->output);
	workload_release(&r->workload);
}

static bool clock_in_ns(const char *clock)
{
	static const char *const names[] = { "mono",  "mono_raw", "boot", "tai",
					     "local", "global",	  "perf" };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (strcmp(names[i], clock) == 0)
			return true;
	return false;
}

static int open_output(struct recording *r)
{
	const struct recording_settings *s = r->settings;
	auto_free char *first = NULL;

	if (!digits(s))
		return output_open(&r->output, s->output, &r->identity, s->program, &r->err);
	if (s->flight_ns && (s->rotate_bytes || s->max_bytes))
		return error_set(&r->err, SCHEDTRACE_E_USAGE,
				 "--flight saves files when asked: --rotate and --max-size do not "
				 "go with it");
	if (s->flight_ns && s->user_stacks)
		return error_set(&r->err, SCHEDTRACE_E_USAGE,
				 "--flight cannot keep what --user-stacks needs to name functions");
	if (s->flight_ns && !clock_in_ns(s->clock))
		return error_set(&r->err, SCHEDTRACE_E_USAGE,
				 "--flight needs a clock that counts ns, such as mono, not %s",
				 s->clock);
	if (!s->flight_ns && s->rotate_bytes < ROTATE_MIN)
		return error_set(&r->err, SCHEDTRACE_E_USAGE, "--rotate needs at least 1M");
	if (s->max_bytes)
		return error_set(
			&r->err, SCHEDTRACE_E_USAGE,
			"--max-size ends a recording, --rotate does not: to limit what all "
			"files take, give --max-files");
	first = numbered_name(s->output, digits(s), 1);
	if (!first)
		return error_set(&r->err, SCHEDTRACE_E_NOMEM, "out of memory");
	return output_open(&r->output, first, &r->identity, s->program, &r->err);
}

/* Up to the moment when the command runs. 0, or an exit status after everything was undone. */
static int begin(struct recording *r)
{
	const struct recording_settings *s = r->settings;
	int status = RECORDER_FAILED;

	if (check_request(r) < 0 || open_output(r) < 0) {
		tell_error(r);
		return RECORDER_FAILED;
	}
	/* The child comes before every descriptor of tracefs, so that it cannot inherit one. */
	if ((s->command && workload_prepare(&r->workload, s->command, &r->identity,
					    &r->saved_signals, &status, &r->err) < 0) ||
	    set_up(r) < 0) {
		tell_error(r);
		abandon(r);
		return status ? status : RECORDER_FAILED;
	}
	wait_for_news(r, 0);
	if (r->n_signals) {
		abandon(r);
		return 128 + r->first_signal;
	}
	status = RECORDER_FAILED;
	if (start_tracing(r) < 0 ||
	    (s->command && workload_start(&r->workload, s->command[0], &status, &r->err) < 0)) {
		tell_error(r);
		abandon(r);
		return status;
	}
	return 0;
}

/* The recording is saved; the command may run on. */
static void wait_for_command(struct recording *r)
{
	int enough = r->n_signals + (r->n_signals ? 1 : 2);

	while (r->workload.pid && !workload_has_ended(&r->workload) && r->n_signals < enough)
		wait_for_news(r, TICK_NS);
}

static int exit_status(struct recording *r)
{
	const struct recording_settings *s = r->settings;
	bool ended = r->workload.ended;

	if (r->failed && ended)
		report(s->program, "the command itself ended with status %d",
		       workload_exit_status(&r->workload));
	if (r->failed)
		return RECORDER_FAILED;
	if (ended)
		return workload_exit_status(&r->workload);
	return r->n_signals ? 128 + r->first_signal : 0;
}

static void end(struct recording *r)
{
	const struct recording_settings *s = r->settings;
	struct summary summary = {
		.program = s->program,
		.output = &r->output,
		.writer = &r->writer,
		.readers = &r->readers,
		.counts = &r->counts,
		.instance = &r->instance,
		.numbered = r->numbered.path ? &r->numbered : NULL,
	};
	bool whole = drain(r);

	summary.begun_ns = r->begun_ns;
	summary.ended_ns = r->ended_ns;
	progress_end(&r->progress);
	r->failed |= summary_print_failures(&summary);
	if (!whole) {
		if (tracedat_writer_publish(&r->writer, &r->err) < 0)
			tell_error(r);
		tell_where(r, &r->output, "ended by the third signal");
		r->failed = true;
	} else if (save_last(r) < 0) {
		tell_error(r);
		tell_where(r, &r->output, "the file could not be finished");
	} else if (!s->quiet) {
		summary_print(&summary);
	}
	if (summary_print_losses(&summary))
		r->failed |= s->strict;
}

static void release(struct recording *r)
{
	control_close(r->control);
	sampling_free(&r->sampling);
	user_maps_free(r->user_maps);
	attach_close(&r->attach);
	free(r->cpus);
	buffer_counts_free(&r->counts);
	free(r->first_cmdlines);
	instance_forget_tracefs(r->tracefs);
	watch_close(r->watch, NULL);
	rules_free(&r->rules);
	numbered_free(&r->numbered);
	free(r->readers.items);
	proc_tasks_free(&r->tasks);
	tracedat_writer_free(&r->writer);
	event_sets_free(&r->events);
	output_close(&r->output);
	identity_free(&r->identity);
	mem_close_p(&r->signal_fd);
}

int recording_run(const struct recording_settings *settings)
{
	struct recording r = { .settings = settings,
			       .output = { .directory_fd = -1, .fd = -1 },
			       .saved_ns = INT64_MIN,
			       .workload = { .gate_fd = -1, .report_fd = -1 },
			       .attach = { .epoll_fd = -1 } };
	int status;

	workload_take_signals(&r.saved_signals, &r.signals);
	if (settings->flight_ns) {
		sigaddset(&r.signals, SIGUSR1);
		sigprocmask(SIG_BLOCK, &r.signals, NULL);
	}
	r.signal_fd = signalfd(-1, &r.signals, SFD_CLOEXEC | SFD_NONBLOCK);
	status = begin(&r);
	if (status == 0) {
		progress_begin(&r.progress, "recording", settings->quiet);
		record(&r);
		if (settings->flight_ns)
			end_flight(&r);
		else
			end(&r);
		remove_instances(&r);
		wait_for_command(&r);
		status = exit_status(&r);
	}
	release(&r);
	return status;
}
