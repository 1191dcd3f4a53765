/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "view/live/live_recorder.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/note.h"
#include "record/privileges.h"
#include "record/sampler.h"
#include "view/live/live_frames.h"

/* ---- what the viewer gets ------------------------------------------------------------------- */

static int send_pages(void *user, int cpu, const void *pages, size_t bytes,
		      struct schedtrace_error *err)
{
	const struct live_recorder *r = user;

	return live_frame_send(
		r->to_viewer,
		&(struct live_frame){ .kind = LIVE_PAGES, .cpu = cpu, .bytes = bytes }, pages, err);
}

static int send_round(void *user, int64_t until_ns, struct schedtrace_error *err)
{
	const struct live_recorder *r = user;

	return live_frame_send(r->to_viewer,
			       &(struct live_frame){ .kind = LIVE_ROUND, .until_ns = until_ns },
			       NULL, err);
}

/* What begins a recording. The file is longer, and empty behind. */
static int send_head(struct live_recorder *r, struct schedtrace_error *err)
{
	off_t size = lseek(r->head, 0, SEEK_END), n = lseek(r->head, 0, SEEK_HOLE);
	const struct live_frame frame = { .kind = LIVE_HEAD,
					  .bytes = (uint64_t)n,
					  .head_size = size };
	auto_free char *bytes = n > 0 ? malloc((size_t)n) : NULL;

	if (!bytes || lseek(r->head, n, SEEK_DATA) >= 0 || pread(r->head, bytes, (size_t)n, 0) != n)
		return error_set(err, SCHEDTRACE_E_IO,
				 "cannot tell the viewer what events are like");
	return live_frame_send(r->to_viewer, &frame, bytes, err);
}

static json_t *registered(const struct live_recorder *r)
{
	json_t *pids = json_array();

	for (size_t i = 0; i < r->n_registered; i++)
		json_array_append_new(pids, json_integer(r->registered[i]));
	return pids;
}

/* How it is with the recording; @error: what went wrong with an order, or NULL. */
static int tell(struct live_recorder *r, const char *error, struct schedtrace_error *err)
{
	bool ended = r->workload.pid && r->workload.ended;
	json_t *all =
		json_pack("{s:b, s:i, s:s?, s:s?, s:o, s:o, s:s?}", "recording", r->capture != NULL,
			  "parts", r->parts, "file", r->path, "command",
			  r->options->command ? r->options->command[0] : NULL, "exit_status",
			  ended ? json_integer(workload_exit_status(&r->workload)) : json_null(),
			  "registered", registered(r), "error", error);
	auto_free char *text = all ? json_dumps(all, JSON_ENSURE_ASCII | JSON_COMPACT) : NULL;

	json_decref(all);
	/* Names may be no texts. */
	if (!text)
		return 0;
	return live_frame_send(r->to_viewer,
			       &(struct live_frame){ .kind = LIVE_TOLD, .bytes = strlen(text) },
			       text, err);
}

/* ---- a recording ---------------------------------------------------------------------------- */

/* "build.dat", "build-2.dat", …: never one that is there, but for the first. */
static int name_file(struct live_recorder *r, struct schedtrace_error *err)
{
	const char *out = r->options->out, *slash = strrchr(out, '/');
	const char *ending = strrchr(slash ? slash : out, '.');
	int stem = (int)(ending ? ending - out : (ptrdiff_t)strlen(out)), number = r->parts + 1;
	char *path = NULL;

	for (;; number++) {
		int n = number == 1 ? asprintf(&path, "%s", out)
				    : asprintf(&path, "%.*s-%d%s", stem, out, number,
					       ending ? ending : "");

		if (n < 0)
			return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for a file name");
		if (number == 1 || access(path, F_OK) < 0)
			break;
		free(path);
	}
	free(r->path);
	r->path = path;
	return 0;
}

int live_recorder_open_file(struct live_recorder *r, struct schedtrace_error *err)
{
	const struct notes notes = { r->options->tell, r->options->tell_user };
	int result = name_file(r, err);

	return result < 0 ? result : workfile_open(&r->file, r->path, r->caller, &notes, err);
}

int live_recorder_open(struct live_recorder *r, struct schedtrace_error *err)
{
	const struct page_sink sink = { send_pages, send_round, r };
	struct capture_options options = { .items = r->items,
					   .sink = &sink,
					   .notes = { r->options->tell, r->options->tell_user } };
	bool kept = r->options->out;
	int result;

	if (kept && r->file.fd < 0) {
		result = live_recorder_open_file(r, err);
		if (result < 0)
			return result;
	}
	while (r->items[options.n_items])
		options.n_items++;
	result = capture_new(&r->capture, &options, err);
	if (result < 0)
		return result;
	r->parts++;
	return capture_set_up(r->capture, kept ? r->file.fd : -1, kept ? r->path : NULL,
			      PRIVILEGES_ALL, err);
}

static int tell_head(struct live_recorder *r, struct schedtrace_error *err)
{
	int result;

	r->head = memfd_create("head", MFD_CLOEXEC);
	if (r->head < 0)
		return error_errno(err, SCHEDTRACE_E_IO, errno, "cannot make a file in memory");
	result = capture_write_head(r->capture, r->head, err);
	return result < 0 ? result : send_head(r, err);
}

/* What was recorded so far is kept, however it ended. */
static int keep_file(struct live_recorder *r, struct schedtrace_error *err)
{
	int result = r->options->out ? capture_finish_file(r->capture, err) : 0;

	if (result == 0 && r->options->out)
		result = workfile_commit(&r->file, err);
	workfile_drop(&r->file);
	return result;
}

static int start(struct live_recorder *r, struct schedtrace_error *err)
{
	struct schedtrace_error gone;
	int result = tell_head(r, err);

	if (result == 0)
		result = capture_start(r->capture, NULL, 0, err);
	for (size_t i = 0; i < r->n_registered && result == 0; i++)
		if (sampler_register(capture_sampler(r->capture), r->registered[i], &gone) < 0)
			r->registered[i--] = r->registered[--r->n_registered];
	return result;
}

static void end_capture(struct live_recorder *r)
{
	capture_free(r->capture);
	r->capture = NULL;
	mem_close_p(&r->head);
	r->head = -1;
}

/* @result: of what went before; the first failure is told. */
static int stop(struct live_recorder *r, int result, struct schedtrace_error *err)
{
	struct schedtrace_error later;
	int then = capture_stop(r->capture, -1, "stop", result < 0 ? &later : err);

	if (result == 0)
		result = then;
	if (result == 0)
		result = live_frame_send(r->to_viewer, &(struct live_frame){ .kind = LIVE_END },
					 NULL, err);
	if (result == SCHEDTRACE_E_CANCELLED)
		result = 0;
	then = keep_file(r, result < 0 ? &later : err);
	end_capture(r);
	return result < 0 ? result : then;
}

/* ---- orders --------------------------------------------------------------------------------- */

static int restart(struct live_recorder *r, struct schedtrace_error *err)
{
	int result = live_recorder_open(r, err);

	if (result == 0)
		result = start(r, err);
	if (result < 0) {
		end_capture(r);
		workfile_drop(&r->file);
	}
	return result;
}

static int register_pid(struct live_recorder *r, pid_t pid, struct schedtrace_error *err)
{
	int result = 0;

	for (size_t i = 0; i < r->n_registered; i++)
		if (r->registered[i] == pid)
			return 0;
	if (r->n_registered == LIVE_MOST_REGISTERED)
		return error_set(err, SCHEDTRACE_E_LIMIT,
				 "no more than %d processes can be sampled", LIVE_MOST_REGISTERED);
	if (r->capture)
		result = sampler_register(capture_sampler(r->capture), pid, err);
	if (result == 0)
		r->registered[r->n_registered++] = pid;
	return result;
}

static int unregister_pid(struct live_recorder *r, pid_t pid, struct schedtrace_error *err)
{
	for (size_t i = 0; i < r->n_registered; i++) {
		if (r->registered[i] != pid)
			continue;
		r->registered[i] = r->registered[--r->n_registered];
		return r->capture ? sampler_unregister(capture_sampler(r->capture), pid, err) : 0;
	}
	return error_set(err, SCHEDTRACE_E_NOT_FOUND, "process %d is not sampled", pid);
}

/* Whether what was ordered failed is for who ordered it; a recording that cannot end is not. */
static int obey(struct live_recorder *r, const struct live_order *order,
		struct schedtrace_error *err)
{
	struct schedtrace_error failure;
	int result = 0;

	switch (order->kind) {
	case LIVE_STOP:
		if (r->capture && stop(r, 0, err) < 0)
			return err->status;
		break;
	case LIVE_START:
		result = r->capture ? 0 : restart(r, &failure);
		break;
	case LIVE_REGISTER:
		result = register_pid(r, order->pid, &failure);
		break;
	case LIVE_UNREGISTER:
		result = unregister_pid(r, order->pid, &failure);
		break;
	}
	return tell(r, result < 0 ? failure.text : NULL, err);
}

/* All that are there; E_CANCELLED: the viewer has gone. */
static int take_orders(struct live_recorder *r, short events, struct schedtrace_error *err)
{
	struct live_order order;

	if (!(events & POLLIN))
		return SCHEDTRACE_E_CANCELLED;
	if (read(r->orders, &order, sizeof(order)) != sizeof(order))
		return SCHEDTRACE_E_CANCELLED;
	return obey(r, &order, err);
}

/* ---- while it runs -------------------------------------------------------------------------- */

/* Whether a signal has come that ends it. */
static bool take_signals(struct live_recorder *r)
{
	struct signalfd_siginfo info;
	bool ends = false;

	while (read(r->signal_fd, &info, sizeof(info)) == sizeof(info))
		if (info.ssi_signo == SIGINT || info.ssi_signo == SIGTERM ||
		    info.ssi_signo == SIGHUP)
			ends = true;
	return ends;
}

static int step(struct live_recorder *r, struct schedtrace_error *err)
{
	const char *trouble;
	int result = capture_step(r->capture, err);

	if (result < 0)
		return result;
	trouble = capture_trouble(r->capture);
	if (!trouble)
		return 0;
	return error_set(err, SCHEDTRACE_E_IO, "recording ends: %s",
			 strcmp(trouble, "output") == 0 ? "the file takes no more"
							: "no CPU can be read any more");
}

/* 1: all is over; with a page or a terminal, the recording is. */
static int end_of_command(struct live_recorder *r, struct schedtrace_error *err)
{
	int result;

	if (!r->workload.pid || r->command_told || !workload_has_ended(&r->workload))
		return 0;
	r->command_told = true;
	if (!r->options->page && !r->options->tty)
		return 1;
	result = r->capture ? stop(r, 0, err) : 0;
	return result < 0 ? result : tell(r, NULL, err);
}

static int record(struct live_recorder *r, struct schedtrace_error *err)
{
	int result;

	for (;;) {
		struct pollfd fds[] = { { r->capture ? capture_fd(r->capture) : -1, POLLIN, 0 },
					{ r->signal_fd, POLLIN, 0 },
					{ r->to_viewer, 0, 0 },
					{ r->orders, POLLIN, 0 } };

		if (poll(fds, 4, -1) < 0 && errno != EINTR)
			return error_errno(err, SCHEDTRACE_E_IO, errno, "cannot wait for events");
		if (fds[2].revents & POLLERR) /* the viewer has all that it wanted */
			return SCHEDTRACE_E_CANCELLED;
		result = r->capture ? step(r, err) : 0;
		if (result == 0 && fds[3].revents)
			result = take_orders(r, fds[3].revents, err);
		if (result < 0)
			return result;
		if (!fds[1].revents)
			continue;
		if (take_signals(r))
			return 0;
		result = end_of_command(r, err);
		if (result)
			return result < 0 ? result : 0;
	}
}

/* What is not needed to record on, and to begin again. */
static void keep_privileges(struct live_recorder *r)
{
	uint64_t needed = privileges_needed(&(struct privileges_need){
		.tracefs = capture_tracefs(r->capture),
		.output_fd = r->file.directory_fd,
		.output_of_other = r->caller->other,
		.has_command = r->options->command != NULL,
		.exit_counts = true,
	});
	int failed = privileges_keep(needed);

	if (failed < 0)
		note(&(struct notes){ r->options->tell, r->options->tell_user },
		     "capabilities that are no longer needed cannot be given up: %s",
		     strerror(-failed));
}

int live_recorder_run(struct live_recorder *r, int *status, struct schedtrace_error *err)
{
	char *const *command = r->options->command;
	int result = start(r, err);

	if (result == 0)
		result = tell(r, NULL, err);
	if (result == 0)
		keep_privileges(r);
	if (result == 0 && command)
		result = workload_start(&r->workload, command[0], status, err);
	if (result == 0) {
		*status = 0;
		result = record(r, err);
	}
	if (r->capture)
		return stop(r, result, err);
	return result == SCHEDTRACE_E_CANCELLED ? 0 : result;
}

void live_recorder_close(struct live_recorder *r)
{
	end_capture(r);
	workload_release(&r->workload);
	workfile_drop(&r->file);
	free(r->path);
}
