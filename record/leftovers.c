/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "record/leftovers.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cli/report_error.h"
#include "libschedtrace/mem.h"
#include "libschedtrace/working_file.h"
#include "record/output.h"
#include "record/recording.h"

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
		    const char *program)
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
		report(program,
		       "%s/%s was left by a recording that did not end: schedrec --repair makes it "
		       "an ordinary trace.dat",
		       directory, file);
		break;
	case LEFTOVER_EMPTY:
		if (may_remove(&st, owner) &&
		    fstatat(directory_fd, file, &there, AT_SYMLINK_NOFOLLOW) == 0 &&
		    st.st_dev == there.st_dev && st.st_ino == there.st_ino &&
		    unlinkat(directory_fd, file, 0) == 0)
			report(program,
			       "removed %s/%s, which a recording that did not end left without "
			       "events",
			       directory, file);
		break;
	case LEFTOVER_NONE:
		break;
	}
}

void leftovers_sweep(int directory_fd, const char *directory, const char *name, uid_t owner,
		     const char *program)
{
	int fd = openat(directory_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	struct dirent *entry;

	if (!dir && fd >= 0)
		close(fd);
	while (dir && (entry = readdir(dir)))
		if (is_working_name(entry->d_name, name))
			look_at(directory_fd, directory, entry->d_name, owner, program);
	if (dir)
		closedir(dir);
}
