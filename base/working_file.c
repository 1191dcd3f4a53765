/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/working_file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"

#define TRIES  100
#define PLACES 8

static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

static bool has_name(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && st.st_nlink > 0;
}

char *working_file_name(const char *target)
{
	unsigned char random[WORKING_FILE_LETTERS];
	char suffix[WORKING_FILE_LETTERS + 1] = { 0 }, *name;

	if (getrandom(random, sizeof(random), 0) != (ssize_t)sizeof(random))
		return NULL;
	for (size_t i = 0; i < sizeof(random); i++)
		suffix[i] = letters[random[i] % (sizeof(letters) - 1)];
	if (asprintf(&name, ".%s.%s", target, suffix) >= 0)
		return name;
	errno = ENOMEM;
	return NULL;
}

/* Locked and still there: whoever sweeps may have had the lock before us. */
static int make_locked(int directory, const char *name, mode_t mode)
{
	auto_close int fd =
		openat(directory, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);

	if (fd < 0)
		return -1;
	/* A file system that cannot lock does not let anyone sweep either. */
	while (flock(fd, LOCK_EX) < 0 && errno == EINTR)
		;
	if (has_name(fd))
		return steal_fd(&fd);
	errno = EEXIST;
	return -1;
}

int working_file_make(int directory, const char *target, mode_t mode, char **name, int *place)
{
	for (int i = 0; i < TRIES; i++) {
		auto_free char *candidate = working_file_name(target);
		int remembered =
			candidate && place ? working_file_remember(directory, candidate) : -1;
		int fd = candidate ? make_locked(directory, candidate, mode) : -1;

		if (fd >= 0) {
			*name = steal_ptr(candidate);
			if (place)
				*place = remembered;
			return fd;
		}
		working_file_forget(remembered);
		if (errno != EEXIST)
			break;
	}
	return -1;
}

static bool is_working_name(const char *file, const char *target)
{
	size_t n = strlen(target);

	return *file == '.' && strncmp(file + 1, target, n) == 0 && file[n + 1] == '.' &&
	       strlen(file + n + 2) == WORKING_FILE_LETTERS &&
	       strspn(file + n + 2, letters) == WORKING_FILE_LETTERS;
}

static bool is_recording(int fd)
{
	static const char magic[] = "\x17\x08\x44tracing";
	char begin[sizeof(magic) - 1];

	return pread(fd, begin, sizeof(begin), 0) == (ssize_t)sizeof(begin) &&
	       memcmp(begin, magic, sizeof(begin)) == 0;
}

static void sweep(int directory, const char *file)
{
	auto_close int fd =
		openat(directory, file, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	struct stat st, there;

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_uid != geteuid() ||
	    st.st_nlink != 1 || flock(fd, LOCK_EX | LOCK_NB) < 0 || is_recording(fd))
		return;
	if (fstatat(directory, file, &there, AT_SYMLINK_NOFOLLOW) == 0 &&
	    st.st_dev == there.st_dev && st.st_ino == there.st_ino)
		unlinkat(directory, file, 0);
}

void working_files_sweep(int directory, const char *target)
{
	int fd = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	const struct dirent *entry;

	if (!dir && fd >= 0)
		close(fd);
	while (dir && (entry = readdir(dir)))
		if (is_working_name(entry->d_name, target))
			sweep(directory, entry->d_name);
	if (dir)
		closedir(dir);
}

enum place_state { FREE, CHANGING, FILLED };

/* Filled and emptied by threads, read by a signal handler that may come at any moment. */
static struct place {
	_Atomic enum place_state state;
	int directory;
	char name[NAME_MAX + 1];
} places[PLACES];

int working_file_remember(int directory, const char *name)
{
	if (strlen(name) > NAME_MAX)
		return -1;
	for (int i = 0; i < PLACES; i++) {
		enum place_state expected = FREE;

		if (!atomic_compare_exchange_strong(&places[i].state, &expected, CHANGING))
			continue;
		places[i].directory = directory;
		strcpy(places[i].name, name);
		atomic_store(&places[i].state, FILLED);
		return i;
	}
	return -1;
}

void working_file_forget(int place)
{
	if (place >= 0)
		atomic_store(&places[place].state, FREE);
}

void working_files_remove(void)
{
	for (int i = 0; i < PLACES; i++)
		if (atomic_load(&places[i].state) == FILLED)
			unlinkat(places[i].directory, places[i].name, 0);
}
