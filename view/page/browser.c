/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "view/page/browser.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"

#define STARTER "xdg-open"

/* Who called, also where sudo or pkexec stand between; NULL: nobody else than we are. */
static struct passwd *caller(void)
{
	const char *uid = getenv("SUDO_UID");

	if (!uid)
		uid = getenv("PKEXEC_UID");
	return geteuid() == 0 && uid ? getpwuid((uid_t)strtoul(uid, NULL, 10)) : NULL;
}

static int write_redirect(int fd, const char *url, const struct passwd *user)
{
	if (user && fchown(fd, user->pw_uid, user->pw_gid) < 0)
		return -1;
	return dprintf(fd,
		       "<!doctype html><meta charset=\"utf-8\"><title>schedview</title>"
		       "<meta http-equiv=\"refresh\" content=\"0; url=%s\">",
		       url) > 0
		       ? 0
		       : -1;
}

/* In a child: never returns. */
static void start(const char *path, const struct passwd *user)
{
	if (user) {
		if (initgroups(user->pw_name, user->pw_gid) < 0 || setgid(user->pw_gid) < 0 ||
		    setuid(user->pw_uid) < 0)
			_exit(127);
		setenv("HOME", user->pw_dir, 1);
		setenv("USER", user->pw_name, 1);
		setenv("LOGNAME", user->pw_name, 1);
	}
	/* Its words are not ours. */
	dup2(STDERR_FILENO, STDOUT_FILENO);
	setsid();
	execlp(STARTER, STARTER, path, (char *)NULL);
	_exit(127);
}

int browser_open(const char *url, char **file, struct schedtrace_error *err)
{
	const struct passwd *user = caller();
	const char *folder = getenv("XDG_RUNTIME_DIR");
	auto_close int fd = -1;
	char *path = NULL;
	pid_t first;

	if (!folder || user)
		folder = "/tmp";
	if (asprintf(&path, "%s/schedview-XXXXXX.html", folder) < 0)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for a file name");
	fd = mkostemps(path, strlen(".html"), O_CLOEXEC);
	if (fd < 0 || write_redirect(fd, url, user) < 0) {
		int r = error_errno(err, SCHEDTRACE_E_IO, errno,
				    "--open: cannot make a page for the browser");

		free(path);
		return r;
	}
	*file = path;
	first = fork();
	if (first < 0)
		return error_errno(err, SCHEDTRACE_E_IO, errno, "--open: cannot start a browser");
	if (first == 0) {
		/* A child of nobody: it may outlive us, and is not waited for. */
		pid_t second = fork();

		if (second == 0)
			start(path, user);
		_exit(0);
	}
	waitpid(first, NULL, 0);
	return 0;
}
