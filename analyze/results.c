/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "results.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libschedtrace/error.h"
#include "libschedtrace/mem.h"

/* "DIR/.NAME.XXXXXX" beside @path. */
static char *temporary_name(const char *path)
{
	const char *slash = strrchr(path, '/');
	int dir = slash ? (int)(slash - path) + 1 : 0;
	char *name;

	return asprintf(&name, "%.*s.%s.XXXXXX", dir, path, path + dir) < 0 ? NULL : name;
}

int results_open(struct results *results, const char *path, struct schedtrace_error *err)
{
	auto_close int fd = -1;
	struct stat st;
	mode_t mask;

	memset(results, 0, sizeof(*results));
	if (!path) {
		results->f = stdout;
		return 0;
	}
	if (!lstat(path, &st) && !S_ISREG(st.st_mode))
		return error_set(err, SCHEDTRACE_E_IO,
				 "%s: %s stands there; only a regular file is replaced", path,
				 S_ISDIR(st.st_mode)   ? "a directory"
				 : S_ISLNK(st.st_mode) ? "a symbolic link"
						       : "a device, pipe or socket");
	results->path = strdup(path);
	results->temporary = temporary_name(path);
	if (!results->path || !results->temporary)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for a file name");
	fd = mkostemp(results->temporary, O_CLOEXEC);
	if (fd < 0) {
		int errnum = errno;

		free(results->temporary);
		results->temporary = NULL;
		return error_errno(err, SCHEDTRACE_E_IO, errnum, "cannot make a file beside %s",
				   path);
	}
	mask = umask(0);
	umask(mask);
	fchmod(fd, 0666 & ~mask);
	results->f = fdopen(fd, "w");
	if (!results->f)
		return error_errno(err, SCHEDTRACE_E_IO, errno, "%s", path);
	steal_fd(&fd);
	return 0;
}

/* True when all that was printed is out; else errno says why not. */
static bool flush(FILE *f)
{
	if (ferror(f)) {
		/* An earlier write failed and its errno is gone: the next one fails likewise. */
		clearerr(f);
		errno = EIO;
		fputc('\n', f);
		fflush(f);
		return false;
	}
	return !fflush(f);
}

int results_finish(struct results *results, struct schedtrace_error *err)
{
	if (!flush(results->f)) {
		if (!results->path && errno == EPIPE) {
			/* The reader has seen enough, as in "schedreport … | head": end as others do. */
			signal(SIGPIPE, SIG_DFL);
			raise(SIGPIPE);
		}
		return error_errno(err, SCHEDTRACE_E_IO, errno, "%s",
				   results->path ? results->path : "standard output");
	}
	if (!results->path)
		return 0;
	if (fsync(fileno(results->f)) || rename(results->temporary, results->path))
		return error_errno(err, SCHEDTRACE_E_IO, errno, "%s", results->path);
	free(results->temporary);
	results->temporary = NULL;
	return 0;
}

void results_close(struct results *results)
{
	if (results->temporary)
		unlink(results->temporary);
	if (results->f && results->path)
		fclose(results->f);
	free(results->temporary);
	free(results->path);
	memset(results, 0, sizeof(*results));
}
