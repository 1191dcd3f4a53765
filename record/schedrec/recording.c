/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "record/schedrec/recording_state.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/mem.h"
#include "cli/outputs.h"
#include "cli/report_error.h"
#include "record/tracefs/tracefs_place.h"

#define TICK_NS	 250000000 /* how far the table of a killed recorder's file is behind */
#define HURRY_NS 1000000000

void recording_tell_error(struct recording *r)
{
	report_error(r->settings->program, &r->err);
	r->failed = true;
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
	/* What the terminal sends reaches the whole group, the command too; an alarm only us. */
	bool ours_alone = info->ssi_code <= 0 || sig == SIGALRM;

	if (sig == SIGCHLD)
		return;
	if (sig == SIGUSR1) {
		r->save_why = "signal";
		return;
	}
	if (alive && ours_alone)
		kill(r->workload.pid, sig);
	if (sig == SIGTSTP) {
		suspend(r, sig);
	} else if (sig != SIGCONT) {
		if (r->n_signals++ == 0)
			r->first_signal = sig;
	}
}

static void note_hotplug(struct recording *r)
{
	if (hotplug_look(&r->hotplug, r->instance.marker_fd, &r->err) < 0)
		report_error(r->settings->program, &r->err);
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
		{ .fd = r->reason ? -1 : r->hotplug.uevent_fd, .events = POLLIN },
		{ .fd = r->finishing ? r->finished_fd : -1, .events = POLLIN },
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
	if (fds[6].revents)
		note_hotplug(r);
	if (fds[7].revents && recording_finished(r) < 0 && !r->reason)
		r->reason = "output";
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

/* What the recording goes on for when the command has ended. */
static void name_awaited(const struct recording *r, char *out, size_t size)
{
	int n;

	*out = '\0';
	if (!r->settings->follow_all || !r->workload.ended || r->reason)
		return;
	n = workload_descendants();
	if (n)
		snprintf(out, size, "  waiting for %d process%s", n, n == 1 ? "" : "es");
	else
		snprintf(out, size, "  waiting for the command's descendants");
}

static void show_status(struct recording *r)
{
	char text[160], events[32], lost[32], awaited[48];

	if (!r->progress.enabled)
		return;
	name_awaited(r, awaited, sizeof(awaited));
	if (r->settings->flight_ns) {
		snprintf(text, sizeof(text), "flight recorder  %.1f s  %" PRIu64 " saved%s",
			 (double)(now_ns() - r->begun_ns) / 1e9, r->numbered.n_done,
			 awaited);
		progress_text(&r->progress, text);
		return;
	}
	read_counts(r);
	snprintf(text, sizeof(text), "recording  %.1f s  %s events  %.1f MB  %s lost%s",
		 (double)(now_ns() - r->begun_ns) / 1e9,
		 format_count(events,
			      buffer_counts_events(&r->counts) + buffer_counts_unread(&r->counts)),
		 (double)(r->numbered.bytes_done + tracedat_data_bytes(&r->writer)) / 1e6,
		 format_count(lost, buffer_counts_lost(&r->counts)), awaited);
	progress_text(&r->progress, text);
}

static int publish(struct recording *r)
{
	readers_sizes(&r->readers, &r->writer);
	return tracedat_writer_publish(&r->writer, &r->err);
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
		else if (workload_is_over(&r->workload))
			r->reason = "exit";
		else if (now >= end)
			r->reason = "duration";
		else if (attach_ended(&r->attach) && !r->workload.pid)
			r->reason = "exit";
		else if (!r->settings->rotate_bytes && file_is_full(r))
			r->reason = "size";
		recording_check_readers(r);
		recording_obey_rules(r);
		if (r->save_why) {
			if (recording_save_flight(r, r->save_why, NULL) < 0)
				recording_tell_error(r);
			r->save_why = NULL;
			*r->rules.fired = '\0';
		}
		/* A disk that is slow makes files larger, not more at a time. */
		if (!r->reason && file_is_full(r) && !r->finishing && recording_next_file(r) < 0) {
			recording_tell_error(r);
			r->reason = "output";
		}
		if (now < next)
			continue;
		next = now + TICK_NS;
		note_hotplug(r);
		recording_write_maps(r);
		if (publish(r) < 0 && !r->reason) {
			recording_tell_error(r);
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
		recording_finish_maps(r);
	if (!atomic_load(&r->readers.output_errnum)) {
		int status = r->workload.ended ? r->workload.wait_status : -1;

		recording_note_silent(r);
		/* The file is good without the notes of its end. */
		if (recording_note_end(r) < 0 || marker_write_end(&r->instance, r->settings->clock,
								  status, r->reason, &r->err) < 0)
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
		recording_give_up_readers(r, r->n_signals > 2);
	}
	read_counts(r);
	readers_sizes(&r->readers, &r->writer);
	readers_finish(&r->readers);
	r->reading = false;
	if (recording_count_unwritten(r) < 0)
		recording_tell_error(r);
	return r->n_signals <= 2;
}

static int save_last(struct recording *r)
{
	auto_free char *cmdlines = proc_tasks_cmdlines(&r->tasks, r->tracefs);
	char **stats = r->counts.texts;
	int result;

	if (r->numbered.path) {
		stats = numbered_stats(&r->numbered, r->counts.texts);
		if (!stats)
			return error_set(&r->err, SCHEDTRACE_E_NOMEM, "out of memory");
	}
	if (recording_mark_unread(r, stats))
		result = recording_save(r, cmdlines, stats);
	else
		result = error_set(&r->err, SCHEDTRACE_E_NOMEM, "out of memory");
	if (r->numbered.path)
		numbered_free_stats(&r->numbered, stats);
	return result;
}

/* ---- all together --------------------------------------------------------------------- */

static void remove_instances(struct recording *r)
{
	if (instance_destroy(&r->only, &r->err) < 0)
		recording_tell_error(r);
	if (instance_destroy(&r->instance, &r->err) < 0)
		recording_tell_error(r);
}

/* Takes everything back; nothing is left of the recording. */
static void abandon(struct recording *r)
{
	if (r->reading)
		readers_finish(&r->readers);
	r->reading = false;
	watch_close(steal_ptr(r->watch), NULL);
	remove_instances(r);
	workfile_drop(&r->output);
	workload_release(&r->workload);
}

static int open_output(struct recording *r)
{
	const struct recording_settings *s = r->settings;
	const struct notes notes = report_notes(s->program);
	const char *program = s->command && strchr(s->command[0], '/') ? s->command[0] : NULL;
	auto_free char *first = recording_digits(s)
					? numbered_name(s->output, recording_digits(s), 1)
					: strdup(s->output);
	int result;

	if (!first)
		return error_set(&r->err, SCHEDTRACE_E_NOMEM, "out of memory");
	result = outputs_check(&(struct program_output){ "-o", first }, 1, &program, 1, &r->err);
	return result < 0 ? result
			  : workfile_open(&r->output, first, &r->identity, &notes, &r->err);
}

/* Up to the moment when the command runs. 0, or an exit status after everything was undone. */
static int begin(struct recording *r)
{
	const struct recording_settings *s = r->settings;
	int status = RECORDER_FAILED;

	if (recording_check(r) < 0 || open_output(r) < 0) {
		recording_tell_error(r);
		return RECORDER_FAILED;
	}
	/* The child comes before every descriptor of tracefs, so that it cannot inherit one. */
	if ((s->command && workload_prepare(&r->workload, s->command, s->follow_all, &r->identity,
					    &r->saved_signals, &status, &r->err) < 0) ||
	    recording_set_up(r) < 0) {
		recording_tell_error(r);
		abandon(r);
		return status ? status : RECORDER_FAILED;
	}
	wait_for_news(r, 0);
	if (r->n_signals) {
		abandon(r);
		return 128 + r->first_signal;
	}
	status = RECORDER_FAILED;
	if (recording_start(r) < 0 ||
	    (s->command && workload_start(&r->workload, s->command[0], &status, &r->err) < 0)) {
		recording_tell_error(r);
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

/* Descendants that were to be recorded to their end, and were not. */
static void tell_left(struct recording *r)
{
	int n;

	if (!r->settings->follow_all || r->settings->quiet || workload_is_over(&r->workload))
		return;
	n = workload_descendants();
	if (n)
		report(r->settings->program, "%d process%s of the command go%s on, not recorded", n,
		       n == 1 ? "" : "es", n == 1 ? "es" : "");
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
	struct recording_summary summary = {
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
	r->failed |= recording_summary_failures(&summary);
	recording_finished(r);
	if (!whole) {
		if (tracedat_writer_publish(&r->writer, &r->err) < 0)
			recording_tell_error(r);
		recording_tell_where(r, &r->output, "ended by the third signal");
		r->failed = true;
	} else if (save_last(r) < 0) {
		recording_tell_error(r);
		recording_tell_where(r, &r->output, "the file could not be finished");
	} else if (!s->quiet) {
		recording_summary_print(&summary);
	}
	if (recording_summary_losses(&summary))
		r->failed |= s->strict;
}

static void release(struct recording *r)
{
	control_close(r->control);
	sampling_free(&r->sampling);
	user_maps_free(r->user_maps);
	attach_close(&r->attach);
	hotplug_close(&r->hotplug);
	free(r->cpus);
	buffer_counts_free(&r->counts);
	free(r->first_cmdlines);
	tracefs_place_forget(r->tracefs);
	watch_close(r->watch, NULL);
	rules_free(&r->rules);
	numbered_free(&r->numbered);
	readers_free(&r->readers);
	proc_tasks_free(&r->tasks);
	tracedat_writer_free(&r->writer);
	event_sets_free(&r->events);
	workfile_close(&r->output);
	identity_free(&r->identity);
	mem_close_p(&r->signal_fd);
	mem_close_p(&r->finished_fd);
}

int recording_run(const struct recording_settings *settings)
{
	struct recording r = { .settings = settings,
			       .output = { .directory_fd = -1, .fd = -1 },
			       .finished_fd = -1,
			       .saved_ns = INT64_MIN,
			       .workload = { .gate_fd = -1, .report_fd = -1 },
			       .attach = { .epoll_fd = -1 },
			       .hotplug = { .uevent_fd = -1 } };
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
			recording_end_flight(&r);
		else
			end(&r);
		remove_instances(&r);
		wait_for_command(&r);
		tell_left(&r);
		status = exit_status(&r);
	}
	release(&r);
	return status;
}
