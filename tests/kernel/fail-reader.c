/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * For LD_PRELOAD: while the file that FAIL_WHEN names exists, reading a file whose path contains
 * FAIL_PATH fails with the errno that the file holds, or waits where that is 0. With FAIL_DRAIN
 * only when tracing is off.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Does the instance that this file of one CPU belongs to record? */
static bool traces(const char *file)
{
	const char *end = strstr(file, "/per_cpu/");
	char path[600], on = '0';
	int fd;

	snprintf(path, sizeof(path), "%.*s/tracing_on", (int)(end - file), file);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	if (pread(fd, &on, 1, 0) != 1)
		on = '0';
	close(fd);
	return on == '1';
}

/* The errno to fail with, -1: do what is asked for. */
static int verdict(int fd)
{
	const char *when = getenv("FAIL_WHEN"), *path = getenv("FAIL_PATH");
	char link[64], target[512], text[16] = "";
	ssize_t n;
	int file;

	if (!when || !path || access(when, F_OK) != 0)
		return -1;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, target, sizeof(target) - 1);
	if (n < 0)
		return -1;
	target[n] = '\0';
	if (!strstr(target, path) || (getenv("FAIL_DRAIN") && traces(target)))
		return -1;
	file = open(when, O_RDONLY | O_CLOEXEC);
	if (file < 0)
		return -1;
	n = pread(file, text, sizeof(text) - 1, 0);
	close(file);
	return atoi(text);
}

/* Is the call to fail? Otherwise, perhaps later, it is to be made. */
static bool fails(int fd)
{
	int errnum;

	while ((errnum = verdict(fd)) == 0)
		usleep(10000);
	if (errnum > 0)
		errno = errnum;
	return errnum > 0;
}

ssize_t splice(int from, off64_t *from_at, int to, off64_t *to_at, size_t bytes, unsigned int flags)
{
	ssize_t (*next)(int, off64_t *, int, off64_t *, size_t, unsigned int);

	if (fails(from))
		return -1;
	*(void **)&next = dlsym(RTLD_NEXT, "splice");
	return next(from, from_at, to, to_at, bytes, flags);
}

ssize_t read(int fd, void *data, size_t bytes)
{
	ssize_t (*next)(int, void *, size_t);

	if (fails(fd))
		return -1;
	*(void **)&next = dlsym(RTLD_NEXT, "read");
	return next(fd, data, bytes);
}
