/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "record/workfile/leftovers.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/working_file.h"
#include "record/workfile/repair.h"
#include "record/workfile/workfile.h"

#define MIN_AGE_S 60
#define DIGITS	  "0123456789"

/* Is @file .TARGET.XXXXXX? Numbers may differ, as those of rotated files do. */
static bool is_working_name(const char *file, const char *target)
{
	if (*file++ != '.')
		return false;
	while (*target) {
		size_t n = strspn(target, DIGITS), m = strspn(file, DIGITS);

		if ((n == 0) != (m == 0) || (n == 0 && *file != *target))
			return false;
		target += n ? n : 1;
		file += m ? m : 1;
	}
	return *file == '.' && strlen(file + 1) == WORKING_FILE_LETTERS && !strchr(file + 1, '.');
}

/* Made as schedrec makes them, by this user, and not written for a while. */
static bool may_remove(const struct stat *st, uid_t owner)
{
	return st->st_uid == owner && st->st_nlink == 1 && (st->st_mode & 07777) == 0600 &&
	       st->st_mtime < time(NULL) - MIN_AGE_S;
}

static void look_at(int directory_fd, const char *directory, const char *file, uid_t owner,
		    const struct notes *notes)
{
	auto_close int fd =
		openat(directory_fd, file, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct stat st, there;

	/* The lock is kept, so that nobody repairs what we remove. */
	if (fd < 0 || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) ||
	    flock(fd, LOCK_EX | LOCK_NB) != 0)
		return;
	switch (repair_look(fd)) {
	case LEFTOVER_WITH_EVENTS:
		note(notes,
		     "%s/%s was left by a recording that did not end: schedrec --repair makes it "
		     "an ordinary trace.dat. It takes %.1f MB; the rest of its size of %.0f GiB "
		     "are holes",
		     directory, file, (double)st.st_blocks * 512 / 1e6,
		     (double)st.st_size / (1 << 30));
		break;
	case LEFTOVER_EMPTY:
		if (may_remove(&st, owner) &&
		    fstatat(directory_fd, file, &there, AT_SYMLINK_NOFOLLOW) == 0 &&
		    st.st_dev == there.st_dev && st.st_ino == there.st_ino &&
		    unlinkat(directory_fd, file, 0) == 0)
			note(notes,
			     "removed %s/%s, which a recording that did not end left without "
			     "events",
			     directory, file);
		break;
	case LEFTOVER_NONE:
		break;
	}
}

/* Is @file .TARGET.XXXXXX, of this very target? */
static bool is_left_of(const char *file, const char *target)
{
	size_t n = strlen(target);

	return *file == '.' && !strncmp(file + 1, target, n) && file[n + 1] == '.' &&
	       strlen(file + n + 2) == WORKING_FILE_LETTERS && !strchr(file + n + 2, '.');
}

int leftovers_find(const char *path, char **out, struct schedtrace_error *err)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	int before = (int)(name - path), n = 0;
	auto_free char *directory = strndup(before ? path : ".", before ? (size_t)before : 1);
	auto_free char *all = NULL;
	DIR *dir = directory ? opendir(directory) : NULL;
	struct dirent *entry;
	size_t size;
	FILE *f;

	if (!dir)
		return error_errno(err, SCHEDTRACE_E_IO, errno, "%s", path);
	f = open_memstream(&all, &size);
	while (f && (entry = readdir(dir))) {
		if (!is_left_of(entry->d_name, name))
			continue;
		fprintf(f, "%s%.*s%s", n++ ? ", " : "", before, path, entry->d_name);
	}
	closedir(dir);
	if (!f || fclose(f))
		return error_set(err, SCHEDTRACE_E_NOMEM, "out of memory");
	if (n == 0)
		return error_set(err, SCHEDTRACE_E_IO,
				 "%s is not there, and no working file .%s.XXXXXX that a killed "
				 "recorder left for it",
				 path, name);
	if (n > 1)
		return error_set(err, SCHEDTRACE_E_USAGE,
				 "%s is not there, and killed recorders left several: say which of "
				 "%s",
				 path, all);
	*out = steal_ptr(all);
	return 0;
}

void leftovers_sweep(int directory_fd, const char *directory, const char *name, uid_t owner,
		     const struct notes *notes)
{
	int fd = openat(directory_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	struct dirent *entry;

	if (!dir && fd >= 0)
		close(fd);
	while (dir && (entry = readdir(dir)))
		if (is_working_name(entry->d_name, name))
			look_at(directory_fd, directory, entry->d_name, owner, notes);
	if (dir)
		closedir(dir);
}
