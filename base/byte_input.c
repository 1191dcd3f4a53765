/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/byte_input.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/checked.h"
#include "base/error.h"
#include "base/mem.h"

static const char *kind_of(mode_t mode)
{
	if (S_ISDIR(mode))
		return "a directory";
	if (S_ISFIFO(mode))
		return "a pipe";
	if (S_ISSOCK(mode))
		return "a socket";
	return "a device";
}

int byte_input_open(struct byte_input *in, const char *path, struct schedtrace_error *err)
{
	struct stat st;
	/* Without O_NONBLOCK a pipe nobody writes to would keep us here. */
	auto_close int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd < 0 || fstat(fd, &st) < 0)
		return error_errno(err, SCHEDTRACE_E_IO, errno, "cannot open");
	if (!S_ISREG(st.st_mode))
		return error_set(err, SCHEDTRACE_E_FORMAT,
				 "%s, not a file: a tarball is read at many places at once",
				 kind_of(st.st_mode));
	in->memory = NULL;
	in->size = (uint64_t)st.st_size;
	in->fd = steal_fd(&fd);
	return 0;
}

int byte_input_read(const struct byte_input *in, uint64_t offset, void *buf, size_t n,
		    struct schedtrace_error *err)
{
	char *to = buf;

	if (!checked_range(offset, n, in->size))
		return error_set(
			err, SCHEDTRACE_E_FORMAT,
			"%zu bytes at byte %llu are needed, but the file ends at byte %llu", n,
			(unsigned long long)offset, (unsigned long long)in->size);
	if (in->memory) {
		memcpy(buf, in->memory + offset, n);
		return 0;
	}
	while (n > 0) {
		ssize_t got = pread(in->fd, to, n, (off_t)offset);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return error_errno(err, SCHEDTRACE_E_IO, errno, "cannot read byte %llu",
					   (unsigned long long)offset);
		if (got == 0)
			return error_set(
				err, SCHEDTRACE_E_FORMAT,
				"the file became shorter than %llu bytes while it was read",
				(unsigned long long)in->size);
		to += got;
		n -= (size_t)got;
		offset += (uint64_t)got;
	}
	return 0;
}
