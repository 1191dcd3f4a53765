/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "record/workfile/workfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/working_file.h"
#include "record/workfile/leftovers.h"

static const char *kind_of(mode_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFDIR:
		return "a directory";
	case S_IFCHR:
		return "a character device";
	case S_IFBLK:
		return "a block device";
	case S_IFIFO:
		return "a FIFO";
	case S_IFSOCK:
		return "a socket";
	default:
		return "no regular file";
	}
}

/* The target as it stands now: nothing, or a regular file that the user may write. */
static int check_target(const char *path, struct schedtrace_error *err)
{
	struct stat st;

	if (lstat(path, &st) != 0)
		return errno == ENOENT ? 0 : error_errno(err, SCHEDTRACE_E_IO, errno, "%s", path);
	if (!S_ISREG(st.st_mode))
		return error_set(err, SCHEDTRACE_E_USAGE,
				 "%s is %s: give -o a regular file or a new name", path,
				 kind_of(st.st_mode));
	if (faccessat(AT_FDCWD, path, W_OK, AT_EACCESS) != 0)
		return error_errno(err, SCHEDTRACE_E_IO, errno, "%s", path);
	return 0;
}

/* Follows a symbolic link once, here, so that nobody can turn it round later. */
static int resolve(struct workfile *out, const char *path, const struct notes *notes,
		   struct schedtrace_error *err)
{
	auto_free char *target = NULL;
	struct stat st;
	char *slash;

	if (!*path)
		return error_set(err, SCHEDTRACE_E_USAGE, "-o needs a file name");
	if (lstat(path, &st) == 0 && S_ISLNK(st.st_mode)) {
		target = realpath(path, NULL);
		if (!target)
			return error_errno(err, SCHEDTRACE_E_IO, errno, "%s, a symbolic link",
					   path);
		note(notes, "%s is a symbolic link: writing %s", path, target);
	} else {
		target = strdup(path);
		if (!target)
			return error_set(err, SCHEDTRACE_E_NOMEM, "out of memory");
	}
	slash = strrchr(target, '/');
	if (slash && !slash[1])
		return error_set(err, SCHEDTRACE_E_USAGE, "%s is a directory: give -o a file name",
				 path);
	out->name = strdup(slash ? slash + 1 : target);
	out->directory = !slash		   ? strdup(".")
			 : slash == target ? strdup("/")
					   : strndup(target, (size_t)(slash - target));
	out->path = steal_ptr(target);
	if (!out->name || !out->directory)
		return error_set(err, SCHEDTRACE_E_NOMEM, "out of memory");
	return check_target(out->path, err);
}

static bool is_removed(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && st.st_nlink == 0;
}

/* Readable by the user alone, whatever the umask. */
static int open_working_file(struct workfile *out, struct schedtrace_error *err)
{
	out->fd = working_file_make(out->directory_fd, out->name, 0600, &out->working_name, NULL);
	if (out->fd < 0 && errno == ENOENT && is_removed(out->directory_fd))
		return error_set(err, SCHEDTRACE_E_IO,
				 "%s cannot be made: its folder has been removed", out->path);
	if (out->fd < 0)
		return error_errno(err, SCHEDTRACE_E_IO, errno, "a file beside %s cannot be made",
				   out->path);
	fchmod(out->fd, 0600);
	return 0;
}

int workfile_open(struct workfile *out, const char *path, const struct identity *identity,
		  const struct notes *notes, struct schedtrace_error *err)
{
	int r;

	*out = (struct workfile){ .identity = identity, .directory_fd = -1, .fd = -1 };
	r = identity_enter(identity, err);
	if (r < 0)
		return r;
	r = resolve(out, path, notes, err);
	if (r == 0) {
		out->directory_fd = open(out->directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (out->directory_fd < 0)
			r = error_errno(err, SCHEDTRACE_E_IO, errno, "%s", out->directory);
	}
	if (r == 0) {
		leftovers_sweep(out->directory_fd, out->directory, out->name, identity->uid, notes);
		r = open_working_file(out, err);
	}
	identity_leave(identity);
	if (r < 0)
		workfile_close(out);
	return r;
}

int workfile_second(struct workfile *out, struct workfile *second, struct schedtrace_error *err)
{
	return workfile_beside(out, second, out->name, err);
}

int workfile_beside(const struct workfile *out, struct workfile *second, const char *name,
		    struct schedtrace_error *err)
{
	size_t before = strlen(out->path) - strlen(out->name);
	int r;

	*second = (struct workfile){ .identity = out->identity, .directory_fd = -1, .fd = -1 };
	if (asprintf(&second->path, "%.*s%s", (int)before, out->path, name) < 0)
		second->path = NULL;
	second->directory = strdup(out->directory);
	second->name = strdup(name);
	second->directory_fd = fcntl(out->directory_fd, F_DUPFD_CLOEXEC, 0);
	if (!second->path || !second->directory || !second->name || second->directory_fd < 0) {
		workfile_close(second);
		return error_set(err, SCHEDTRACE_E_NOMEM, "out of memory");
	}
	r = identity_enter(out->identity, err);
	if (r == 0) {
		r = check_target(second->path, err);
		if (r == 0)
			r = open_working_file(second, err);
		identity_leave(out->identity);
	}
	if (r < 0)
		workfile_close(second);
	return r;
}

/* Removes the name, if it still is the file that we made. */
static void unlink_working(struct workfile *out)
{
	struct stat ours, there;

	if (out->fd >= 0 && fstat(out->fd, &ours) == 0 &&
	    fstatat(out->directory_fd, out->working_name, &there, AT_SYMLINK_NOFOLLOW) == 0 &&
	    ours.st_dev == there.st_dev && ours.st_ino == there.st_ino)
		unlinkat(out->directory_fd, out->working_name, 0);
}

void workfile_replace(struct workfile *out, struct workfile *second)
{
	struct workfile old = *out;

	*out = *second;
	*second = (struct workfile){ .directory_fd = -1, .fd = -1 };
	workfile_drop(&old);
}

bool workfile_where(const struct workfile *out, char *path, size_t size)
{
	char link[64];
	ssize_t n;

	if (is_removed(out->fd))
		return false;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", out->fd);
	n = readlink(link, path, size - 1);
	if (n > 0)
		path[n] = '\0';
	else
		snprintf(path, size, "%s/%s", out->directory, out->working_name);
	return true;
}

int workfile_commit(struct workfile *out, struct schedtrace_error *err)
{
	auto_close int directory = -1;
	struct stat st;
	int r;

	if (fsync(out->fd) != 0)
		return error_errno(err, SCHEDTRACE_E_IO, errno, "%s/%s: fsync", out->directory,
				   out->working_name);
	r = identity_enter(out->identity, err);
	if (r < 0)
		return r;
	/* Something else may have come to stand there meanwhile. */
	if (fstatat(out->directory_fd, out->name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    !S_ISREG(st.st_mode))
		r = error_set(err, SCHEDTRACE_E_IO, "%s has become %s while recording", out->path,
			      S_ISLNK(st.st_mode) ? "a symbolic link" : kind_of(st.st_mode));
	else if (is_removed(out->fd))
		r = error_set(err, SCHEDTRACE_E_IO,
			      "%s cannot be made: its working file has been removed, alone or with "
			      "the folder",
			      out->path);
	else if (renameat(out->directory_fd, out->working_name, out->directory_fd, out->name) != 0)
		r = error_errno(err, SCHEDTRACE_E_IO, errno, "renaming %s to %s", out->working_name,
				out->path);
	directory = openat(out->directory_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	identity_leave(out->identity);
	/* Some file systems cannot sync a directory; the file itself is safe. */
	if (r == 0 && directory >= 0)
		(void)!fsync(directory);
	return r;
}

void workfile_drop(struct workfile *out)
{
	if (out->fd >= 0 && identity_enter(out->identity, NULL) == 0) {
		unlink_working(out);
		identity_leave(out->identity);
	}
	workfile_close(out);
}

void workfile_close(struct workfile *out)
{
	mem_close_p(&out->fd);
	mem_close_p(&out->directory_fd);
	free(out->path);
	free(out->directory);
	free(out->name);
	free(out->working_name);
	*out = (struct workfile){ .directory_fd = -1, .fd = -1 };
}
