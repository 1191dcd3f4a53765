/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "error.h"
#include "mem.h"

#define COPY_BYTES	((size_t)1 << 20)
#define COPY_AT_ONCE	((size_t)1 << 30)
#define TEMPORARY_TRIES 100

static int check_target(const char *path, struct schedtrace_error *err)
{
	struct stat st;

	if (lstat(path, &st) < 0)
		return errno == ENOENT ? 0
				       : error_errno(err, SCHEDTRACE_E_IO, errno, "cannot write");
	if (S_ISREG(st.st_mode))
		return 0;
	return error_set(err, SCHEDTRACE_E_IO, "is %s, only a regular file is replaced",
			 S_ISDIR(st.st_mode)	? "a directory"
			 : S_ISFIFO(st.st_mode) ? "a pipe"
			 : S_ISSOCK(st.st_mode) ? "a socket"
						: "a device");
}

/* The path itself, or where a link there leads. */
static int resolve(const char *path, char **out, struct schedtrace_error *err)
{
	struct stat st;

	if (lstat(path, &st) == 0 && S_ISLNK(st.st_mode)) {
		*out = realpath(path, NULL);
		if (!*out)
			return error_errno(err, SCHEDTRACE_E_IO, errno,
					   "is a link that leads nowhere");
		return 0;
	}
	*out = strdup(path);
	return *out ? 0 : error_set(err, SCHEDTRACE_E_NOMEM, "no memory for a path");
}

/* .NAME.XXXXXX; like any new file it gets the permissions that the umask leaves. */
static int make_temporary(struct output *out, int flags, mode_t mode)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz012345";

	for (int i = 0; i < TEMPORARY_TRIES; i++) {
		uint8_t random[6];
		char suffix[8] = ".";

		if (getrandom(random, sizeof(random), 0) != sizeof(random))
			return -1;
		for (size_t j = 0; j < sizeof(random); j++)
			suffix[j + 1] = letters[random[j] % 32];
		free(out->temporary);
		if (asprintf(&out->temporary, ".%s%s", out->name, suffix) < 0) {
			out->temporary = NULL;
			errno = ENOMEM;
			return -1;
		}
		out->fd = openat(out->directory, out->temporary,
				 flags | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
		if (out->fd >= 0)
			return 0;
		if (errno != EEXIST)
			break;
	}
	free(out->temporary);
	out->temporary = NULL;
	return -1;
}

static int open_directory(struct output *out, char *path, struct schedtrace_error *err)
{
	char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;

	if (!*name || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return error_set(err, SCHEDTRACE_E_IO, "is a directory");
	out->name = strdup(name);
	if (!out->name)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for a path");
	if (slash)
		slash[slash == path ? 1 : 0] = '\0';
	out->directory = open(slash ? path : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (out->directory < 0)
		return error_errno(err, SCHEDTRACE_E_IO, errno, "cannot open its directory");
	return 0;
}

int output_open(struct output *out, const char *path, struct schedtrace_error *err)
{
	struct output o = { .fd = -1, .directory = -1 };
	auto_free char *target = NULL;
	int r = resolve(path, &target, err);

	if (r == 0)
		r = check_target(target, err);
	if (r == 0)
		r = open_directory(&o, target, err);
	if (r == 0 && make_temporary(&o, O_RDWR, 0666) < 0)
		r = error_errno(err, SCHEDTRACE_E_IO, errno, "cannot create a file beside it");
	if (r < 0) {
		output_close(&o);
		return r;
	}
	*out = o;
	return 0;
}

int output_pwrite(int fd, const void *data, size_t n, uint64_t offset)
{
	const char *p = data;

	while (n > 0) {
		ssize_t done = pwrite(fd, p, n, (off_t)offset);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return errno;
		p += done;
		n -= (size_t)done;
		offset += (uint64_t)done;
	}
	return 0;
}

void output_begin_writing(int fd, uint64_t offset, size_t n)
{
	sync_file_range(fd, (off_t)offset, (off_t)n, SYNC_FILE_RANGE_WRITE);
}

int output_write(struct output *out, const void *data, size_t n, struct schedtrace_error *err)
{
	int errnum = output_pwrite(out->fd, data, n, out->offset);

	if (errnum)
		return error_errno(err, SCHEDTRACE_E_IO, errnum, "cannot write byte %llu",
				   (unsigned long long)out->offset);
	out->offset += n;
	return 0;
}

int output_zeros(struct output *out, size_t n, struct schedtrace_error *err)
{
	static const uint8_t zeros[1024];
	int r = 0;

	for (size_t part; r == 0 && n > 0; n -= part) {
		part = n < sizeof(zeros) ? n : sizeof(zeros);
		r = output_write(out, zeros, part, err);
	}
	return r;
}

/* For file systems that cannot copy by themselves. */
static int copy_by_hand(struct output *out, int fd, uint64_t offset, uint64_t n,
			struct schedtrace_error *err)
{
	auto_free uint8_t *buf = malloc(COPY_BYTES);

	if (!buf)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory to copy");
	while (n > 0) {
		ssize_t got =
			pread(fd, buf, n < COPY_BYTES ? (size_t)n : COPY_BYTES, (off_t)offset);
		int r;

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return error_errno(err, SCHEDTRACE_E_IO, got ? errno : EIO,
					   "cannot read a spool file");
		r = output_write(out, buf, (size_t)got, err);
		if (r < 0)
			return r;
		offset += (uint64_t)got;
		n -= (uint64_t)got;
	}
	return 0;
}

int output_copy(struct output *out, int fd, uint64_t n, struct schedtrace_error *err)
{
	loff_t from = 0;

	while (n > 0) {
		loff_t to = (loff_t)out->offset;
		ssize_t done = copy_file_range(fd, &from, out->fd, &to,
					       n < COPY_AT_ONCE ? (size_t)n : COPY_AT_ONCE, 0);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0 &&
		    (errno == ENOSPC || errno == EIO || errno == EFBIG || errno == EDQUOT))
			return error_errno(err, SCHEDTRACE_E_IO, errno, "cannot write byte %llu",
					   (unsigned long long)out->offset);
		if (done <= 0)
			return copy_by_hand(out, fd, (uint64_t)from, n, err);
		out->offset += (uint64_t)done;
		n -= (uint64_t)done;
	}
	return 0;
}

bool output_collapses(const struct output *out, uint64_t size)
{
	const off_t unit = OUTPUT_COLLAPSE_ALIGNMENT;
	struct rlimit limit;

	if (getrlimit(RLIMIT_FSIZE, &limit) < 0 || limit.rlim_cur != RLIM_INFINITY)
		return false;
	return ftruncate(out->fd, (off_t)size) == 0 &&
	       fallocate(out->fd, FALLOC_FL_COLLAPSE_RANGE, 0, unit) == 0 &&
	       ftruncate(out->fd, 0) == 0;
}

int output_collapse(struct output *out, uint64_t begin, uint64_t end, struct schedtrace_error *err)
{
	int r;

	do
		r = fallocate(out->fd, FALLOC_FL_COLLAPSE_RANGE, (off_t)begin,
			      (off_t)(end - begin));
	while (r < 0 && errno == EINTR);
	if (r < 0)
		return error_errno(err, SCHEDTRACE_E_IO, errno, "cannot cut the hole at byte %llu",
				   (unsigned long long)begin);
	return 0;
}

int output_commit(struct output *out, struct schedtrace_error *err)
{
	if (fsync(out->fd) < 0)
		return error_errno(err, SCHEDTRACE_E_IO, errno, "cannot bring it to the disk");
	if (renameat(out->directory, out->temporary, out->directory, out->name) < 0)
		return error_errno(err, SCHEDTRACE_E_IO, errno, "cannot put it in its place");
	free(out->temporary);
	out->temporary = NULL;
	fsync(out->directory); /* some file systems refuse; the file itself is safe */
	return 0;
}

void output_close(struct output *out)
{
	if (out->temporary)
		unlinkat(out->directory, out->temporary, 0);
	if (out->fd >= 0)
		close(out->fd);
	if (out->directory >= 0)
		close(out->directory);
	free(out->temporary);
	free(out->name);
	*out = (struct output){ .fd = -1, .directory = -1 };
}

int output_spool(const struct output *out, int *fd, struct schedtrace_error *err)
{
	struct output named = { .fd = -1, .directory = out->directory, .name = out->name };

	*fd = openat(out->directory, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (*fd >= 0)
		return 0;
	/* Not every file system has files without a name. */
	if (make_temporary(&named, O_RDWR, 0600) < 0)
		return error_errno(err, SCHEDTRACE_E_IO, errno,
				   "cannot create a spool file beside it");
	unlinkat(named.directory, named.temporary, 0);
	free(named.temporary);
	*fd = named.fd;
	return 0;
}
