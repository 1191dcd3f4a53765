/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tracedat/recognize.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"

bool tracedat_is(const char *path)
{
	static const char magic[10] = "\x17\x08\x44tracing";
	char begin[sizeof(magic)];
	auto_close int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	return fd >= 0 && pread(fd, begin, sizeof(begin), 0) == (ssize_t)sizeof(begin) &&
	       memcmp(begin, magic, sizeof(magic)) == 0;
}
