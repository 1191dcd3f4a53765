/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "record/schedrec/kept_files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/ending.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "tracedat/markers.h"

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static bool is_utf8(const char *text)
{
	size_t n;

	while (*text && (n = utf8_decode(text, NULL)) > 0)
		text += n;
	return !*text;
}

/* What is wrong with a name; NULL: nothing. */
static const char *fault(const char *name)
{
	if (!*name || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return "is no name of a file";
	if (strlen(name) >= FILE_NAME_MAX)
		return "is too long: a member's name has less than 100 bytes";
	if (!is_utf8(name))
		return "is not UTF-8";
	if (has_ending(name, ".npz") || has_ending(name, ".npy"))
		return "would be taken for a column of the recording: give it another ending";
	return NULL;
}

int kept_files_check(const char *const *paths, size_t n, bool output, struct schedtrace_error *err)
{
	for (size_t i = 0; i < n; i++) {
		const char *name = base_name(paths[i]), *what = fault(name);

		if (what)
			return error_set(err, SCHEDTRACE_E_USAGE, "--add %s: \"%s\" %s", paths[i],
					 name, what);
		if (output && (strcmp(name, KEPT_STDOUT) == 0 || strcmp(name, KEPT_STDERR) == 0))
			return error_set(err, SCHEDTRACE_E_USAGE,
					 "--add %s: --keep-output makes a member of that name",
					 paths[i]);
		for (size_t j = 0; j < i; j++)
			if (strcmp(base_name(paths[j]), name) == 0)
				return error_set(err, SCHEDTRACE_E_USAGE,
						 "--add %s: --add %s has the same name", paths[i],
						 paths[j]);
	}
	return 0;
}

/* Files of /proc have no size. */
static int read_beginning(struct kept_file *file, int fd, const char *path,
			  struct schedtrace_error *err)
{
	size_t room = 0;
	struct stat st;
	ssize_t n;

	if (fstat(fd, &st) != 0)
		return error_errno(err, SCHEDTRACE_E_IO, errno, "--add %s", path);
	if (!S_ISREG(st.st_mode))
		return error_set(err, SCHEDTRACE_E_USAGE, "--add %s: not a regular file", path);
	do {
		if (file->n == room) {
			char *larger = realloc(file->data, room = room ? 2 * room : 65536);

			if (!larger)
				return error_set(err, SCHEDTRACE_E_NOMEM, "--add %s: no memory",
						 path);
			file->data = larger;
		}
		n = read(fd, file->data + file->n, room - file->n);
		file->n += n > 0 ? (size_t)n : 0;
	} while ((n > 0 && file->n <= KEPT_MOST) || (n < 0 && errno == EINTR));
	if (n < 0)
		return error_errno(err, SCHEDTRACE_E_IO, errno, "--add %s", path);
	file->size = file->n;
	if (file->n > KEPT_MOST) {
		file->size = (uint64_t)st.st_size > file->n ? (uint64_t)st.st_size : file->n;
		file->n = KEPT_MOST;
	}
	return 0;
}

int kept_file_read(struct kept_file *file, const char *path, const struct identity *id,
		   struct schedtrace_error *err)
{
	int r = identity_enter(id, err), fd, errnum;

	*file = (struct kept_file){ 0 };
	if (r < 0)
		return r;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	errnum = errno;
	identity_leave(id);
	if (fd < 0)
		return error_errno(err, SCHEDTRACE_E_IO, errnum, "--add %s", path);
	file->name = strdup(base_name(path));
	r = file->name ? read_beginning(file, fd, path, err)
		       : error_set(err, SCHEDTRACE_E_NOMEM, "--add %s: no memory", path);
	close(fd);
	if (r < 0)
		kept_file_free(file);
	return r;
}

void kept_file_free(struct kept_file *file)
{
	free(file->name);
	free(file->data);
	*file = (struct kept_file){ 0 };
}
