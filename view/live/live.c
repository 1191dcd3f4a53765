/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "view/live/live.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "view/live/live_page.h"
#include "view/live/live_recorder.h"
#include "view/live/live_requests.h"
#include "view/live/live_rights.h"
#include "view/live/live_terminal.h"
#include "view/live/live_viewer.h"

#define VIEWER_FAILED 1	 /* its exit status; it has said why */
#define PRINTER_FILES 64 /* descriptors that it may open */
#define MOST_LATER    32
#define SERVER_FILES  2048 /* one a client */

struct live {
	const struct live_options *options;
	struct live_tables tables;
	struct live_rights rights;
	struct live_requests requests;
	struct live_recorder recorder;
	struct signal_state signals;
	sigset_t blocked;
	pid_t viewer;
	struct live_terminal terminal; /* of both processes: who is left gives it back */
	struct live_options own_options;
	const struct live_options *given; /* tell of these */
	char *later[MOST_LATER];	  /* sentences for when the terminal is given back */
	size_t n_later;
};

/* ---- a terminal ------------------------------------------------------------------------- */

/* What is said while the terminal is drawn on would not stay. */
static void tell(void *user, const char *sentence)
{
	struct live *l = user;

	if (!l->terminal.on)
		l->given->tell(l->given->tell_user, sentence);
	else if (l->n_later < MOST_LATER)
		l->later[l->n_later++] = strdup(sentence);
}

static void give_terminal_back(struct live *l)
{
	live_terminal_give_back(&l->terminal);
	for (size_t i = 0; i < l->n_later; i++) {
		if (l->later[i])
			tell(l, l->later[i]);
		free(l->later[i]);
	}
	l->n_later = 0;
}

/* ---- the viewer ------------------------------------------------------------------------- */

/* What ends the recorder ends the viewer by the end of the pipe, after what came so far. */
static void take_no_signals(const struct live *l)
{
	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	sigprocmask(SIG_SETMASK, &l->signals.mask, NULL);
}

static int give_up_rights(struct live *l, int most_files, struct schedtrace_error *err)
{
	bool stores = l->tables.stores_requests;
	int r = stores ? live_requests_open_before(&l->requests, err) : 0;

	if (r == 0)
		r = live_rights_give_up(&l->rights, most_files, err);
	return r == 0 && stores ? live_requests_open_after(&l->requests, err) : r;
}

static int serve(struct live *l, int frames, int orders, struct schedtrace_error *err)
{
	struct live_page *page;
	int r = live_page_new(&page, l->options, frames, orders, err);

	if (r < 0)
		return r;
	r = give_up_rights(l, SERVER_FILES, err);
	if (r == 0)
		r = live_page_run(page, l->requests.log, err);
	live_page_free(page);
	return r;
}

static int print(struct live *l, int frames, int orders, struct schedtrace_error *err)
{
	int r = give_up_rights(l, PRINTER_FILES, err);

	return r < 0 ? r : live_viewer_run(&l->tables, frames, orders, l->requests.log, err);
}

/* Whether the recorder has anything to send; if it cannot begin it says so itself. */
static bool begins(int frames)
{
	struct pollfd fd = { frames, POLLIN, 0 };

	while (poll(&fd, 1, -1) < 0 && errno == EINTR)
		;
	return fd.revents & POLLIN;
}

static int view(struct live *l, int frames, int orders, struct schedtrace_error *err)
{
	struct schedtrace_error later;
	int r, stored = 0;

	take_no_signals(l);
	if (!begins(frames))
		return 0;
	r = live_rights_keep_files(&frames, &orders, err);
	if (r < 0)
		return r;
	r = l->options->page ? serve(l, frames, orders, err) : print(l, frames, orders, err);
	give_terminal_back(l);
	/* What has come is stored, however it ended. */
	if (l->requests.log)
		stored = request_log_finish(l->requests.log, r < 0 ? &later : err);
	request_log_free(l->requests.log);
	return r < 0 ? r : stored;
}

static int start_viewer(struct live *l, struct schedtrace_error *err)
{
	int frames[2], orders[2] = { -1, -1 };

	if (pipe2(frames, O_CLOEXEC) < 0)
		return error_errno(err, SCHEDTRACE_E_IO, errno, "cannot make a pipe");
	fcntl(frames[1], F_SETPIPE_SZ, 1 << 20);
	if (pipe2(orders, O_CLOEXEC) == 0)
		l->viewer = fork();
	else
		l->viewer = -1;
	if (l->viewer == 0) {
		struct schedtrace_error failure;

		close(frames[1]);
		close(orders[0]);
		l->n_later = 0; /* the recorder tells them */
		if (view(l, frames[0], orders[1], &failure) == 0)
			_exit(fflush(stdout) == 0 ? 0 : VIEWER_FAILED);
		l->options->tell(l->options->tell_user, failure.text);
		_exit(VIEWER_FAILED);
	}
	close(frames[0]);
	if (orders[1] >= 0)
		close(orders[1]);
	l->recorder.to_viewer = frames[1];
	l->recorder.orders = orders[0];
	if (l->viewer < 0)
		return error_errno(err, SCHEDTRACE_E_IO, errno, "cannot start the viewer");
	return 0;
}

/* Its own sentence stands already. */
static int wait_for_viewer(const struct live *l)
{
	int status;

	while (waitpid(l->viewer, &status, 0) < 0)
		if (errno != EINTR)
			return VIEWER_FAILED;
	return WIFEXITED(status) ? WEXITSTATUS(status) : VIEWER_FAILED;
}

/* ---- both ------------------------------------------------------------------------------- */

/* On a terminal that is drawn on it prints nothing. */
static int prepare_command(struct live *l, int *status, struct schedtrace_error *err)
{
	auto_close int nowhere = l->options->tty ? open("/dev/null", O_RDWR | O_CLOEXEC) : -1;
	const int outputs[] = { nowhere, nowhere };
	const struct workload_options options = { .identity = &l->rights.caller,
						  .signals = &l->signals,
						  .outputs = nowhere >= 0 ? outputs : NULL };

	return workload_prepare(&l->recorder.workload, l->options->command, &options, status, err);
}

static int prepare(struct live *l, int *status, struct schedtrace_error *err)
{
	struct live_recorder *recorder = &l->recorder;
	const struct live_options *options = l->options;
	int r = 0;

	workload_take_signals(&l->signals, &l->blocked);
	recorder->signal_fd = signalfd(-1, &l->blocked, SFD_CLOEXEC | SFD_NONBLOCK);
	if (recorder->signal_fd < 0)
		return error_errno(err, SCHEDTRACE_E_IO, errno, "cannot wait for signals");
	if (options->tty)
		r = live_terminal_take(&l->terminal, err);
	if (r == 0 && options->out)
		r = live_recorder_open_file(recorder, err);
	/* Both processes come before the recorder's threads, one of which may hold a lock at a
	 * fork. */
	if (r == 0 && options->command)
		r = prepare_command(l, status, err);
	if (r == 0)
		r = start_viewer(l, err);
	return r < 0 ? r : live_recorder_open(recorder, err);
}

static void close_live(struct live *l)
{
	struct live_recorder *recorder = &l->recorder;

	give_terminal_back(l);
	live_recorder_close(recorder);
	live_rights_free(&l->rights);
	live_tables_release(&l->tables);
	mem_close_p(&recorder->orders);
	mem_close_p(&recorder->to_viewer);
	mem_close_p(&recorder->signal_fd);
}

/* The viewer shows all that has come before it ends. */
static void end_viewer(struct live *l, int result, int *status)
{
	int viewer;

	mem_close_p(&l->recorder.to_viewer);
	l->recorder.to_viewer = -1;
	if (l->viewer <= 0)
		return;
	viewer = wait_for_viewer(l);
	if (result == 0 && !*status)
		*status = viewer;
}

int live_run(const struct live_options *options, int *status, struct schedtrace_error *err)
{
	struct live l = { .options = &l.own_options,
			  .own_options = *options,
			  .given = options,
			  .recorder = { .options = &l.own_options,
					.head = -1,
					.to_viewer = -1,
					.orders = -1,
					.signal_fd = -1,
					.file = { .directory_fd = -1, .fd = -1 } } };
	int r;

	l.own_options.tell = tell;
	l.own_options.tell_user = &l;
	r = live_tables_choose(&l.tables, l.options, err);
	*status = 0;
	l.recorder.caller = &l.rights.caller;
	live_tables_items(&l.tables, l.recorder.items);
	if (r == 0)
		r = live_rights_find(&l.rights, options->user, err);
	l.requests = (struct live_requests){ l.options, &l.rights.caller, &l.rights.viewer, NULL };
	if (r == 0 && l.tables.stores_requests)
		r = live_requests_try(&l.requests, err);
	if (r < 0) {
		live_rights_free(&l.rights);
		live_tables_release(&l.tables);
		return r;
	}
	r = prepare(&l, status, err);
	if (r == 0)
		r = live_recorder_run(&l.recorder, status, err);
	end_viewer(&l, r, status);
	if (r == 0 && !*status && options->command && l.recorder.workload.ended)
		*status = workload_exit_status(&l.recorder.workload);
	close_live(&l);
	return r;
}
