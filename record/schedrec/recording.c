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

/* What was recorded so far is kept. */
static void end_by_error(struct recording *r)
{
	if (r->reason)
		return;
	recording_tell_error(r);
	r->reason = "output";
}

void recording_wait(struct recording *r, int64_t timeout_ns)
{
	struct pollfd fds[] = {
		{ .fd = r->signal_fd, .events = POLLIN },
		{ .fd = r->capture ? capture_fd(r->capture) : -1, .events = POLLIN },
		{ .fd = r->control ? control_fd(r->control) : -1, .events = POLLIN },
		{ .fd = watch_fd(r->watch), .events = POLLIN },
		{ .fd = r->reason ? -1 : r->attach.epoll_fd, .events = POLLIN },
		{ .fd = r->finishing ? r->finished_fd : -1, .events = POLLIN },
	};
	struct signalfd_siginfo info;

	if (timeout_ns < 0)
		timeout_ns = 0;
	poll(fds, sizeof(fds) / sizeof(*fds), (int)((timeout_ns + 999999) / 1000000));
	if (fds[1].revents && capture_step(r->capture, &r->err) < 0)
		end_by_error(r);
	if (fds[2].revents)
		control_serve(r->control);
	if (fds[3].revents)
		watch_run(r->watch);
	if (fds[5].revents && recording_finished(r) < 0 && !r->reason)
		r->reason = "output";
	while (read(r->signal_fd, &info, sizeof(info)) == (ssize_t)sizeof(info))
		handle_signal(r, &info);
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
	const struct buffer_counts *counts = capture_counts(r->capture);
	double seconds = (double)(now_ns() - capture_begun_ns(r->capture)) / 1e9;
	char text[160], events[32], lost[32], awaited[48];

	if (!r->progress.enabled)
		return;
	name_awaited(r, awaited, sizeof(awaited));
	if (r->settings->flight_ns) {
		snprintf(text, sizeof(text), "flight recorder  %.1f s  %" PRIu64 " saved%s",
			 seconds, r->numbered.n_done, awaited);
		progress_text(&r->progress, text);
		return;
	}
	capture_read_counts(r->capture);
	snprintf(
		text, sizeof(text), "recording  %.1f s  %s events  %.1f MB  %s lost%s", seconds,
		format_count(events, buffer_counts_events(counts) + buffer_counts_unread(counts)),
		(double)(r->numbered.bytes_done + tracedat_data_bytes(capture_writer(r->capture))) /
			1e6,
		format_count(lost, buffer_counts_lost(counts)), awaited);
	progress_text(&r->progress, text);
}

/* Why it is to end, as the notes in the file have it; NULL: it goes on. */
static const char *why_end(struct recording *r, int64_t now, int64_t end)
{
	if (r->n_signals)
		return "signal";
	if (workload_is_over(&r->workload))
		return "exit";
	if (now >= end)
		return "duration";
	if (attach_ended(&r->attach) && !r->workload.pid)
		return "exit";
	return !r->settings->rotate_bytes && capture_is_full(r->capture) ? "size" : NULL;
}

/* What a flight recorder was asked for, or a file that is full. */
static void change_files(struct recording *r)
{
	recording_obey_rules(r);
	if (r->save_why) {
		if (recording_save_flight(r, r->save_why, NULL) < 0)
			recording_tell_error(r);
		r->save_why = NULL;
		*r->rules.fired = '\0';
	}
	/* A disk that is slow makes files larger, not more at a time. */
	if (!r->reason && capture_is_full(r->capture) && !r->finishing &&
	    recording_next_file(r) < 0)
		end_by_error(r);
}

static void record(struct recording *r)
{
	int64_t end = r->settings->duration_ns
			      ? capture_begun_ns(r->capture) + r->settings->duration_ns
			      : INT64_MAX;
	int64_t next = now_ns() + TICK_NS;

	while (!r->reason) {
		int64_t now = now_ns();
		const char *why, *trouble;

		recording_wait(r, (next < end ? next : end) - now);
		now = now_ns();
		why = why_end(r, now, end);
		if (why)
			r->reason = why;
		if (capture_step(r->capture, &r->err) < 0)
			end_by_error(r);
		trouble = capture_trouble(r->capture);
		if (trouble && (!r->reason || strcmp(trouble, "output") == 0))
			r->reason = trouble;
		change_files(r);
		if (now < next)
			continue;
		next = now + TICK_NS;
		show_status(r);
	}
}

/* ---- the end -------------------------------------------------------------------------- */

/* Tracing off, buffers emptied. False if a third signal asked to leave all as it is. */
static bool drain(struct recording *r)
{
	const struct cpu_stats *base = r->numbered.path ? r->numbered.base : NULL;
	int status = r->workload.ended ? r->workload.wait_status : -1;
	int64_t hurry_at = INT64_MAX;
	bool hurry = false;

	control_close(steal_ptr(r->control));
	sampling_end(&r->sampling);
	recording_write_kept(r);
	capture_end(r->capture, status, r->reason);
	while (!capture_drained(r->capture, hurry, r->n_signals > 2)) {
		recording_wait(r, TICK_NS / 5);
		if (r->n_signals > 1 && hurry_at == INT64_MAX)
			hurry_at = now_ns() + HURRY_NS;
		hurry = r->n_signals > 2 || now_ns() >= hurry_at;
	}
	if (capture_collect(r->capture, base, &r->err) < 0)
		recording_tell_error(r);
	return r->n_signals <= 2;
}

static int save_last(struct recording *r)
{
	auto_free char *cmdlines = capture_cmdlines(r->capture);
	char *const *texts = capture_counts(r->capture)->texts;
	char **stats = (char **)texts;
	int result;

	if (r->numbered.path) {
		stats = numbered_stats(&r->numbered, texts);
		if (!stats)
			return error_set(&r->err, SCHEDTRACE_E_NOMEM, "out of memory");
	}
	if (capture_mark_unread(r->capture, stats))
		result = recording_save(r, &r->output, capture_writer(r->capture), cmdlines, stats);
	else
		result = error_set(&r->err, SCHEDTRACE_E_NOMEM, "out of memory");
	if (r->numbered.path)
		numbered_free_stats(&r->numbered, stats);
	return result;
}

/* ---- all together --------------------------------------------------------------------- */

static void remove_instances(struct recording *r)
{
	if (capture_remove(r->capture, &r->err) < 0)
		recording_tell_error(r);
}

/* Takes everything back; nothing is left of the recording. */
static void abandon(struct recording *r)
{
	watch_close(steal_ptr(r->watch), NULL);
	capture_free(steal_ptr(r->capture));
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
	if ((s->command && recording_prepare_command(r, &status) < 0) || recording_set_up(r) < 0) {
		recording_tell_error(r);
		abandon(r);
		return status ? status : RECORDER_FAILED;
	}
	recording_wait(r, 0);
	if (r->n_signals) {
		abandon(r);
		return 128 + r->first_signal;
	}
	status = RECORDER_FAILED;
	if (recording_start(r) < 0 ||
	    (s->command && recording_start_command(r, &status) < 0)) {
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
		recording_wait(r, TICK_NS);
}

/* What the command has printed goes on to who reads it, unless the user wants no more. */
static void pass_on_rest(struct recording *r)
{
	int signals = r->n_signals;

	if (!r->kept_output)
		return;
	kept_output_end(r->kept_output);
	while (!kept_output_ended(r->kept_output) && r->n_signals == signals)
		recording_wait(r, 1000000);
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
	bool whole = drain(r);
	const struct recording_summary summary = {
		.program = s->program,
		.output = &r->output,
		.capture = r->capture,
		.writer = capture_writer(r->capture),
		.readers = capture_readers(r->capture),
		.counts = capture_counts(r->capture),
		.numbered = r->numbered.path ? &r->numbered : NULL,
	};

	progress_end(&r->progress);
	r->failed |= recording_summary_failures(&summary);
	recording_finished(r);
	if (!whole) {
		if (tracedat_writer_publish(capture_writer(r->capture), &r->err) < 0)
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
	watch_close(r->watch, NULL);
	sampling_end(&r->sampling);
	capture_free(r->capture);
	attach_close(&r->attach);
	rules_free(&r->rules);
	numbered_free(&r->numbered);
	workfile_close(&r->output);
	kept_output_free(r->kept_output);
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
			recording_end_flight(&r);
		else
			end(&r);
		remove_instances(&r);
		wait_for_command(&r);
		pass_on_rest(&r);
		tell_left(&r);
		r.failed |= capture_failed(r.capture);
		status = exit_status(&r);
	}
	release(&r);
	return status;
}
