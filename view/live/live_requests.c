/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "view/live/live_requests.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"

#define DAY_US (INT64_C(86400) * 1000000)

static int open_log(struct live_requests *requests, struct schedtrace_error *err)
{
	const struct live_options *options = requests->options;
	const struct identity *caller = requests->caller;
	const char *home = caller->other ? caller->home : getenv("HOME");
	struct request_log_options log = {
		.url = options->db,
		.home = home,
		.required = options->db_required,
		.keep = { options->keep_days * DAY_US, options->keep_bytes },
		.notes = { options->tell, options->tell_user },
	};
	auto_free char *usual = NULL;
	int r = 0;

	if (!log.url)
		r = request_store_usual(&usual, home, !caller->other, true, err);
	if (!log.url)
		log.url = usual;
	return r < 0 ? r : request_log_open(&requests->log, &log, err);
}

static bool is_viewers_own(const struct live_requests *requests)
{
	const struct identity *viewer = requests->viewer;

	return !viewer->other || viewer->uid == requests->caller->uid;
}

int live_requests_open_before(struct live_requests *requests, struct schedtrace_error *err)
{
	int r;

	if (is_viewers_own(requests))
		return 0;
	r = identity_enter(requests->caller, err);
	if (r < 0)
		return r;
	r = open_log(requests, err);
	identity_leave(requests->caller);
	return r;
}

int live_requests_open_after(struct live_requests *requests, struct schedtrace_error *err)
{
	int r = is_viewers_own(requests) ? open_log(requests, err) : 0;

	return r < 0 ? r : request_log_reach(requests->log, err);
}

/* Whether it is away is told later, by the viewer, unless that is a failure. */
static int try_here(struct live_requests *requests, struct schedtrace_error *err)
{
	int r = live_requests_open_before(requests, err), failed;

	if (r < 0)
		return r;
	failed = -identity_become(requests->viewer);
	if (failed)
		return error_errno(err, SCHEDTRACE_E_IO, failed, "cannot take the rights of %s",
				   requests->viewer->name);
	if (requests->options->db_required)
		return live_requests_open_after(requests, err);
	return is_viewers_own(requests) ? open_log(requests, err) : 0;
}

static void answer(int fd, const struct live_requests *requests)
{
	struct live_requests own = *requests;
	struct schedtrace_error failure = { 0 };

	if (try_here(&own, &failure) == 0)
		failure.status = 0;
	request_log_free(own.log);
	if (write(fd, &failure, sizeof(failure)) != sizeof(failure))
		_exit(1);
	_exit(0);
}

int live_requests_try(const struct live_requests *requests, struct schedtrace_error *err)
{
	struct schedtrace_error failure;
	ssize_t got = -1;
	int fds[2];
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC) < 0)
		return error_errno(err, SCHEDTRACE_E_IO, errno, "cannot make a pipe");
	pid = fork();
	if (pid == 0)
		answer(fds[1], requests);
	close(fds[1]);
	if (pid > 0) {
		do {
			got = read(fds[0], &failure, sizeof(failure));
		} while (got < 0 && errno == EINTR);
		while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	close(fds[0]);
	if (got != sizeof(failure))
		return error_set(err, SCHEDTRACE_E_IO, "the database cannot be tried");
	if (failure.status && err)
		*err = failure;
	return failure.status;
}
