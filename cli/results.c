/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/results.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "cli/process.h"

int results_open(struct results *results, const char *path, struct schedtrace_error *err)
{
	auto_close int fd = -1;
	int r;

	memset(results, 0, sizeof(*results));
	if (!path) {
		results->f = stdout;
		return 0;
	}
	r = whole_file_open(&results->file, path, NULL, err);
	if (r)
		return error_prefix(err, r, "%s", path);
	results->path = path;
	fd = fcntl(results->file.fd, F_DUPFD_CLOEXEC, 0);
	results->f = fd < 0 ? NULL : fdopen(fd, "w");
	if (!results->f)
		return error_errno(err, SCHEDTRACE_E_IO, errno, "%s", path);
	steal_fd(&fd);
	return 0;
}

int results_finish(struct results *results, struct schedtrace_error *err)
{
	int errnum = process_flush(results->f), r = 0;

	if (errnum)
		return error_errno(err, SCHEDTRACE_E_IO, errnum, "%s",
				   results->path ? results->path : "standard output");
	if (results->path)
		r = whole_file_commit(&results->file, err);
	return r ? error_prefix(err, r, "%s", results->path) : 0;
}

void results_close(struct results *results)
{
	if (!results->path)
		return;
	if (results->f)
		fclose(results->f);
	whole_file_close(&results->file);
	memset(results, 0, sizeof(*results));
}
