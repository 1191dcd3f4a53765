/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "view/live/live.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "record/capture.h"
#include "record/privileges.h"
#include "record/workfile/workfile.h"
#include "record/workload/workload.h"
#include "view/live/live_frames.h"
#include "view/live/live_viewer.h"

#define VIEWER_FAILED 1 /* its exit status; it has said why */

struct live {
	const struct live_options *options;
	struct live_tables tables;
	struct identity caller, viewer;
	struct workload workload;
	struct signal_state signals;
	sigset_t blocked;
	struct capture *capture;
	struct workfile file; /* to be kept; without one nothing is */
	int head, to_viewer, signal_fd;
	pid_t viewer_pid;
};

/* ---- the viewer ------------------------------------------------------------------------- */

/* The user nobody, where root itself called. */
static int take_nobody(struct live *l, struct schedtrace_error *err)
{
	const char *name = l->options->user ? l->options->user : "nobody";
	const struct passwd *user = getpwnam(name);
	struct identity *id = &l->viewer;

	if (!user)
		return error_set(err, SCHEDTRACE_E_USAGE, "--user: there is no user %s", name);
	*id = (struct identity){ .other = true, .uid = user->pw_uid, .gid = user->pw_gid };
	id->name = strdup(user->pw_name);
	id->home = strdup(user->pw_dir);
	id->groups = calloc(1, sizeof(*id->groups));
	if (!id->name || !id->home || !id->groups)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for a user's name");
	id->groups[0] = user->pw_gid;
	id->n_groups = 1;
	return 0;
}

static int find_users(struct live *l, struct schedtrace_error *err)
{
	int r = identity_find(&l->caller, false, err);

	if (r < 0)
		return r;
	if (geteuid() != 0)
		return l->options->user ? error_set(err, SCHEDTRACE_E_USAGE,
						    "--user: only root can take other rights")
					: 0;
	return l->options->user || !l->caller.other ? take_nobody(l, err)
						    : identity_find(&l->viewer, false, err);
}

static int give_up_rights(const struct live *l, struct schedtrace_error *err)
{
	const struct rlimit files = { 64, 64 }, cores = { 0, 0 };
	int failed = l->viewer.other ? -identity_become(&l->viewer) : 0;

	if (failed)
		return error_errno(err, SCHEDTRACE_E_IO, failed, "cannot take the rights of %s",
				   l->viewer.name);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || setrlimit(RLIMIT_NOFILE, &files) < 0 ||
	    setrlimit(RLIMIT_CORE, &cores) < 0)
		return error_errno(err, SCHEDTRACE_E_IO, errno, "cannot limit the viewer");
	return 0;
}

/* Keeps the standard descriptors and two more, which become 3 and 4. */
static int keep_only(int *a, int *b, struct schedtrace_error *err)
{
	int high_a = fcntl(*a, F_DUPFD, 10), high_b = fcntl(*b, F_DUPFD, 10);

	if (high_a < 0 || high_b < 0 || dup2(high_a, 3) < 0 || dup2(high_b, 4) < 0 ||
	    close_range(5, ~0u, 0) < 0)
		return error_errno(err, SCHEDTRACE_E_IO, errno,
				   "cannot close the recorder's files");
	*a = 3;
	*b = 4;
	return 0;
}

/* What ends the recorder ends the viewer by the end of the pipe, after what came so far. */
static void take_no_signals(const struct live *l)
{
	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	sigprocmask(SIG_SETMASK, &l->signals.mask, NULL);
}

static int view(const struct live *l, int from_recorder, int head, struct schedtrace_error *err)
{
	struct live_viewer *viewer = NULL;
	int r;

	take_no_signals(l);
	r = keep_only(&from_recorder, &head, err);
	/* While it may still be opened: then nothing of root's is left. */
	if (r == 0)
		r = live_viewer_new(&viewer, &l->tables, head, err);
	close(head);
	if (r == 0)
		r = give_up_rights(l, err);
	if (r == 0)
		r = live_viewer_run(viewer, from_recorder, err);
	if (viewer)
		live_viewer_free(viewer);
	return r;
}

static int start_viewer(struct live *l, struct schedtrace_error *err)
{
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) < 0)
		return error_errno(err, SCHEDTRACE_E_IO, errno, "cannot make a pipe");
	fcntl(fds[1], F_SETPIPE_SZ, 1 << 20);
	l->viewer_pid = fork();
	if (l->viewer_pid == 0) {
		struct schedtrace_error failure;

		close(fds[1]);
		if (view(l, fds[0], l->options->out ? l->file.fd : l->head, &failure) == 0)
			_exit(fflush(stdout) == 0 ? 0 : VIEWER_FAILED);
		l->options->tell(l->options->tell_user, failure.text);
		_exit(VIEWER_FAILED);
	}
	close(fds[0]);
	l->to_viewer = fds[1];
	if (l->viewer_pid < 0)
		return error_errno(err, SCHEDTRACE_E_IO, errno, "cannot start the viewer");
	return 0;
}

/* ---- the recorder ----------------------------------------------------------------------- */

static int send_pages(void *user, int cpu, const void *pages, size_t bytes,
		      struct schedtrace_error *err)
{
	const struct live *l = user;

	return live_frame_send(l->to_viewer, &(struct live_frame){ LIVE_PAGES, cpu, bytes, 0 },
			       pages, err);
}

static int send_round(void *user, int64_t until_ns, struct schedtrace_error *err)
{
	const struct live *l = user;

	return live_frame_send(l->to_viewer, &(struct live_frame){ LIVE_ROUND, 0, 0, until_ns },
			       NULL, err);
}

static int open_capture(struct live *l, struct schedtrace_error *err)
{
	const char *items[LIVE_MOST_ITEMS];
	const struct page_sink sink = { send_pages, send_round, l };
	struct capture_options options = { .items = items,
					   .sink = &sink,
					   .notes = { l->options->tell, l->options->tell_user } };
	int r;

	live_tables_items(&l->tables, items);
	while (items[options.n_items])
		options.n_items++;
	r = capture_new(&l->capture, &options, err);
	if (r < 0)
		return r;
	r = capture_set_up(l->capture, l->options->out ? l->file.fd : -1, l->options->out,
			   PRIVILEGES_ALL, err);
	if (r < 0 || l->options->out)
		return r;
	l->head = memfd_create("head", MFD_CLOEXEC);
	if (l->head < 0)
		return error_errno(err, SCHEDTRACE_E_IO, errno, "cannot make a file in memory");
	return capture_write_head(l->capture, l->head, err);
}

/* What was recorded so far is kept, however it ended. */
static int keep_file(struct live *l, struct schedtrace_error *err)
{
	int r = l->options->out ? capture_finish_file(l->capture, err) : 0;

	return r == 0 && l->options->out ? workfile_commit(&l->file, err) : r;
}

/* Whether something has come that ends the recording. */
static bool take_signals(struct live *l)
{
	struct signalfd_siginfo info;
	bool ends = false;

	while (read(l->signal_fd, &info, sizeof(info)) == sizeof(info))
		if (info.ssi_signo == SIGINT || info.ssi_signo == SIGTERM ||
		    info.ssi_signo == SIGHUP)
			ends = true;
	return ends || (l->workload.pid && workload_has_ended(&l->workload));
}

static int record(struct live *l, struct schedtrace_error *err)
{
	struct pollfd fds[] = { { capture_fd(l->capture), POLLIN, 0 },
				{ l->signal_fd, POLLIN, 0 },
				{ l->to_viewer, 0, 0 } };

	for (;;) {
		int r;

		if (poll(fds, 3, -1) < 0 && errno != EINTR)
			return error_errno(err, SCHEDTRACE_E_IO, errno, "cannot wait for events");
		if (fds[2].revents & POLLERR) /* the viewer has all that it wanted */
			return SCHEDTRACE_E_CANCELLED;
		r = capture_step(l->capture, err);
		if (r < 0)
			return r;
		if (capture_trouble(l->capture))
			return error_set(err, SCHEDTRACE_E_IO, "recording ends: %s",
					 strcmp(capture_trouble(l->capture), "output") == 0
						 ? "the file takes no more"
						 : "no CPU can be read any more");
		if (fds[1].revents && take_signals(l))
			return 0;
	}
}

static int run(struct live *l, int *status, struct schedtrace_error *err)
{
	char *const *command = l->options->command;
	int r = capture_start(l->capture, NULL, 0, err), stopped;
	struct schedtrace_error later;

	if (r == 0 && command)
		r = workload_start(&l->workload, command[0], status, err);
	if (r == 0) {
		*status = 0;
		r = record(l, err);
	}
	stopped = capture_stop(l->capture, -1, "stop", r < 0 ? &later : err);
	if (r == 0)
		r = stopped;
	if (r == 0)
		r = live_frame_send(l->to_viewer, &(struct live_frame){ .kind = LIVE_END }, NULL,
				    err);
	if (r == SCHEDTRACE_E_CANCELLED)
		r = 0;
	stopped = keep_file(l, r < 0 ? &later : err);
	return r < 0 ? r : stopped;
}

/* Its own sentence stands already. */
static int wait_for_viewer(const struct live *l)
{
	int status;

	while (waitpid(l->viewer_pid, &status, 0) < 0)
		if (errno != EINTR)
			return VIEWER_FAILED;
	return WIFEXITED(status) ? WEXITSTATUS(status) : VIEWER_FAILED;
}

static void close_live(struct live *l)
{
	capture_free(l->capture);
	workload_release(&l->workload);
	workfile_drop(&l->file);
	workfile_close(&l->file);
	identity_free(&l->caller);
	identity_free(&l->viewer);
	if (l->head >= 0)
		close(l->head);
	if (l->to_viewer >= 0)
		close(l->to_viewer);
	if (l->signal_fd >= 0)
		close(l->signal_fd);
}

int live_run(const struct live_options *options, int *status, struct schedtrace_error *err)
{
	struct live l = { .options = options,
			  .head = -1,
			  .to_viewer = -1,
			  .signal_fd = -1,
			  .file = { .directory_fd = -1, .fd = -1 } };
	int r = live_tables_choose(&l.tables, options, err), viewer;

	*status = 0;
	if (r == 0)
		r = find_users(&l, err);
	if (r < 0)
		return r;
	workload_take_signals(&l.signals, &l.blocked);
	l.signal_fd = signalfd(-1, &l.blocked, SFD_CLOEXEC | SFD_NONBLOCK);
	if (l.signal_fd < 0)
		r = error_errno(err, SCHEDTRACE_E_IO, errno, "cannot wait for signals");
	if (r == 0 && options->out)
		r = workfile_open(&l.file, options->out, &l.caller,
				  &(struct notes){ options->tell, options->tell_user }, err);
	if (r == 0 && options->command)
		r = workload_prepare(&l.workload, options->command,
				     &(struct workload_options){ .identity = &l.caller,
								 .signals = &l.signals },
				     status, err);
	if (r == 0)
		r = open_capture(&l, err);
	if (r == 0)
		r = start_viewer(&l, err);
	if (r == 0)
		r = run(&l, status, err);
	if (l.to_viewer >= 0)
		close(steal_fd(&l.to_viewer));
	if (l.viewer_pid > 0) {
		viewer = wait_for_viewer(&l);
		if (r == 0 && !*status)
			*status = viewer;
	}
	if (r == 0 && !*status && options->command && l.workload.ended)
		*status = workload_exit_status(&l.workload);
	close_live(&l);
	return r;
}
