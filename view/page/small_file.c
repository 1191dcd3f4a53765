/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "view/page/small_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/mem.h"

int small_file_read(int folder, const char *name, size_t most, char **bytes, size_t *n,
		    struct schedtrace_error *err)
{
	auto_close int fd = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	auto_free char *text = NULL;
	struct stat s;
	size_t done = 0;

	if (fd < 0 || fstat(fd, &s) < 0)
		return error_errno(err, SCHEDTRACE_E_NOT_FOUND, errno, "cannot read %s", name);
	if (!S_ISREG(s.st_mode) || (size_t)s.st_size > most)
		return error_set(err, SCHEDTRACE_E_LIMIT, "%s is no file of at most %zu KiB", name,
				 most >> 10);
	text = malloc((size_t)s.st_size + 1);
	if (!text)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for %s", name);
	while (done < (size_t)s.st_size) {
		ssize_t got = read(fd, text + done, (size_t)s.st_size - done);

		if (got <= 0)
			return error_errno(err, SCHEDTRACE_E_IO, got ? errno : EIO,
					   "cannot read %s to its end", name);
		done += (size_t)got;
	}
	text[done] = '\0';
	*bytes = steal_ptr(text);
	*n = done;
	return 0;
}
