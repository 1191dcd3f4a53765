/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "output.h"

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

int output_open(struct output *output, const char *path, struct schedtrace_error *err)
{
	auto_close int fd = -1;
	struct stat st;
	mode_t mask;

	memset(output, 0, sizeof(*output));
	if (!path) {
		output->f = stdout;
		return 0;
	}
	if (!lstat(path, &st) && !S_ISREG(st.st_mode))
		return error_set(err, SCHEDTRACE_E_IO,
				 "%s: %s stands there; only a regular file is replaced", path,
				 S_ISDIR(st.st_mode)   ? "a directory"
				 : S_ISLNK(st.st_mode) ? "a symbolic link"
						       : "a device, pipe or socket");
	output->path = strdup(path);
	output->temporary = temporary_name(path);
	if (!output->path || !output->temporary)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for a file name");
	fd = mkostemp(output->temporary, O_CLOEXEC);
	if (fd < 0) {
		int errnum = errno;

		free(output->temporary);
		output->temporary = NULL;
		return error_errno(err, SCHEDTRACE_E_IO, errnum, "cannot make a file beside %s",
				   path);
	}
	mask = umask(0);
	umask(mask);
	fchmod(fd, 0666 & ~mask);
	output->f = fdopen(fd, "w");
	if (!output->f)
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

int output_finish(struct output *output, struct schedtrace_error *err)
{
	if (!flush(output->f)) {
		if (!output->path && errno == EPIPE) {
			/* The reader has seen enough, as in "schedreport … | head": end as others do. */
			signal(SIGPIPE, SIG_DFL);
			raise(SIGPIPE);
		}
		return error_errno(err, SCHEDTRACE_E_IO, errno, "%s",
				   output->path ? output->path : "standard output");
	}
	if (!output->path)
		return 0;
	if (fsync(fileno(output->f)) || rename(output->temporary, output->path))
		return error_errno(err, SCHEDTRACE_E_IO, errno, "%s", output->path);
	free(output->temporary);
	output->temporary = NULL;
	return 0;
}

void output_close(struct output *output)
{
	if (output->temporary)
		unlink(output->temporary);
	if (output->f && output->path)
		fclose(output->f);
	free(output->temporary);
	free(output->path);
	memset(output, 0, sizeof(*output));
}
