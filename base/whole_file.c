/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/whole_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/working_file.h"

#define COPY_BYTES	((size_t)1 << 20)
#define COPY_AT_ONCE	((size_t)1 << 30)

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

#define OWN_LINK "/proc/self/fd/%d" /* leads to a file without a name too */

/* Whether whole_file_commit() will be able to name the file. */
static bool can_be_named(int fd)
{
	char link[sizeof(OWN_LINK) + 16];

	snprintf(link, sizeof(link), OWN_LINK, fd);
	return faccessat(AT_FDCWD, link, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static void forget_working(struct whole_file *out)
{
	working_file_forget(out->working_place);
	out->working_place = -1;
	free(out->working);
	out->working = NULL;
}

static int make_file(struct whole_file *out, struct schedtrace_error *err)
{
	mode_t mode = out->has_rights ? 0600 : 0666;

	working_files_sweep(out->directory, out->name);
	out->fd = openat(out->directory, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, mode);
	if (out->fd >= 0 && can_be_named(out->fd))
		return 0;
	mem_close_p(&out->fd);
	out->fd = working_file_make(out->directory, out->name, mode, &out->working,
				    &out->working_place);
	if (out->fd < 0)
		return error_errno(err, SCHEDTRACE_E_IO, errno, "cannot create a file beside it");
	return 0;
}

static int open_directory(struct whole_file *out, char *path, struct schedtrace_error *err)
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

int whole_file_open(struct whole_file *out, const char *path, const char *like,
		    struct schedtrace_error *err)
{
	struct whole_file o = OUTPUT_NONE;
	auto_free char *target = NULL;
	int r = resolve(path, &target, err);

	if (r == 0)
		r = check_target(target, err);
	o.has_rights = r == 0 && stat(like ? like : target, &o.rights) == 0;
	if (r == 0 && like && !o.has_rights)
		r = error_errno(err, SCHEDTRACE_E_IO, errno, "cannot get the rights of %s", like);
	if (r == 0)
		r = open_directory(&o, target, err);
	if (r == 0)
		r = make_file(&o, err);
	if (r < 0) {
		whole_file_close(&o);
		return r;
	}
	*out = o;
	return 0;
}

int whole_file_pwrite(int fd, const void *data, size_t n, uint64_t offset)
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

void whole_file_begin_writing(int fd, uint64_t offset, size_t n)
{
	sync_file_range(fd, (off_t)offset, (off_t)n, SYNC_FILE_RANGE_WRITE);
}

int whole_file_write(struct whole_file *out, const void *data, size_t n,
		     struct schedtrace_error *err)
{
	int errnum = whole_file_pwrite(out->fd, data, n, out->offset);

	if (errnum)
		return error_errno(err, SCHEDTRACE_E_IO, errnum, "cannot write byte %llu",
				   (unsigned long long)out->offset);
	out->offset += n;
	return 0;
}

int whole_file_zeros(struct whole_file *out, size_t n, struct schedtrace_error *err)
{
	static const uint8_t zeros[1024];
	int r = 0;

	for (size_t part; r == 0 && n > 0; n -= part) {
		part = n < sizeof(zeros) ? n : sizeof(zeros);
		r = whole_file_write(out, zeros, part, err);
	}
	return r;
}

/* For file systems that cannot copy by themselves. */
static int copy_by_hand(struct whole_file *out, int fd, uint64_t offset, uint64_t n,
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
		r = whole_file_write(out, buf, (size_t)got, err);
		if (r < 0)
			return r;
		offset += (uint64_t)got;
		n -= (uint64_t)got;
	}
	return 0;
}

int whole_file_copy(struct whole_file *out, int fd, uint64_t n, struct schedtrace_error *err)
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

bool whole_file_collapses(const struct whole_file *out, uint64_t size)
{
	const off_t unit = OUTPUT_COLLAPSE_ALIGNMENT;
	struct rlimit limit;

	if (getrlimit(RLIMIT_FSIZE, &limit) < 0 || limit.rlim_cur != RLIM_INFINITY)
		return false;
	return ftruncate(out->fd, (off_t)size) == 0 &&
	       fallocate(out->fd, FALLOC_FL_COLLAPSE_RANGE, 0, unit) == 0 &&
	       ftruncate(out->fd, 0) == 0;
}

int whole_file_collapse(struct whole_file *out, uint64_t begin, uint64_t end,
			struct schedtrace_error *err)
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

static void take_rights(const struct whole_file *out)
{
	mode_t mode = out->rights.st_mode & 0777;

	if (!out->has_rights)
		return;
	/* Only root can give a file away. A group that it cannot have got may what everybody
	 * may. */
	if (fchown(out->fd, out->rights.st_uid, out->rights.st_gid) < 0 &&
	    fchown(out->fd, (uid_t)-1, out->rights.st_gid) < 0)
		mode = (mode & ~070u) | (mode & 07) << 3;
	(void)!fchmod(out->fd, mode); /* where it fails there are no modes */
}

/* Nothing that is there can be replaced by linkat(): then the file is a working file for a
 * moment. */
static int give_name(struct whole_file *out)
{
	char link[sizeof(OWN_LINK) + 16];
	int errnum;

	snprintf(link, sizeof(link), OWN_LINK, out->fd);
	if (linkat(AT_FDCWD, link, out->directory, out->name, AT_SYMLINK_FOLLOW) == 0)
		return 0;
	if (errno != EEXIST)
		return -1;
	out->working = working_file_name(out->name);
	if (!out->working)
		return -1;
	flock(out->fd, LOCK_EX | LOCK_NB); /* nobody else has it */
	out->working_place = working_file_remember(out->directory, out->working);
	if (linkat(AT_FDCWD, link, out->directory, out->working, AT_SYMLINK_FOLLOW) == 0)
		return 0;
	errnum = errno;
	forget_working(out);
	errno = errnum;
	return -1;
}

int whole_file_commit(struct whole_file *out, struct schedtrace_error *err)
{
	int r = 0;

	take_rights(out);
	if (fsync(out->fd) < 0)
		return error_errno(err, SCHEDTRACE_E_IO, errno, "cannot bring it to the disk");
	if (!out->working)
		r = give_name(out);
	if (r == 0 && out->working)
		r = renameat(out->directory, out->working, out->directory, out->name);
	if (r < 0)
		return error_errno(err, SCHEDTRACE_E_IO, errno, "cannot put it in its place");
	forget_working(out);
	fsync(out->directory); /* some file systems refuse; the file itself is safe */
	return 0;
}

void whole_file_close(struct whole_file *out)
{
	if (out->working)
		unlinkat(out->directory, out->working, 0);
	forget_working(out);
	mem_close_p(&out->fd);
	mem_close_p(&out->directory);
	free(out->name);
	*out = OUTPUT_NONE;
}

int whole_file_spool(const struct whole_file *out, int *fd, struct schedtrace_error *err)
{
	auto_free char *name = NULL;
	int place = -1;

	*fd = openat(out->directory, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (*fd >= 0)
		return 0;
	/* Not every file system has files without a name from the start. */
	*fd = working_file_make(out->directory, out->name, 0600, &name, &place);
	if (*fd < 0)
		return error_errno(err, SCHEDTRACE_E_IO, errno,
				   "cannot create a spool file beside it");
	unlinkat(out->directory, name, 0);
	working_file_forget(place);
	return 0;
}
