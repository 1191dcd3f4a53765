/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "view/page/recording_list.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"

#define MOST_RECORDINGS 10000

static int no_memory(struct schedtrace_error *err)
{
	return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for a list of recordings");
}

static int add(struct recording_list *recordings, const char *name, struct schedtrace_error *err)
{
	for (size_t i = 0; i < recordings->n; i++)
		if (!strcmp(recordings->list[i].name, name))
			return 0;
	if (recordings->n == MOST_RECORDINGS)
		return error_set(err, SCHEDTRACE_E_LIMIT, "more than %d recordings",
				 MOST_RECORDINGS);
	if (!array_room(recordings->list, recordings->n, recordings->cap))
		return no_memory(err);
	recordings->list[recordings->n] = (struct listed_recording){ .name = strdup(name) };
	return recordings->list[recordings->n++].name ? 0 : no_memory(err);
}

static bool is_recording(const char *name)
{
	const char *ending = strrchr(name, '.');

	return *name != '.' && ending && (!strcmp(ending, ".tar") || !strcmp(ending, ".dat"));
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Links are not followed: whoever may write to the folder could show files of others by them. */
static int open_there(const struct recording_list *recordings, const char *name)
{
	return recordings->folder >= 0 ? openat(recordings->folder, name,
						O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
				       : open(name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
}

static int add_names(struct recording_list *recordings, char **names, size_t n,
		     struct schedtrace_error *err)
{
	int r = 0;

	qsort(names, n, sizeof(*names), by_name);
	for (size_t i = 0; i < n && r == 0; i++)
		r = add(recordings, names[i], err);
	return r;
}

/* Adds what has come into the folder. */
static int look_again(struct recording_list *recordings, struct schedtrace_error *err)
{
	int fd = openat(recordings->folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *folder = fd >= 0 ? fdopendir(fd) : NULL;
	char **names = NULL;
	size_t n = 0, cap = 0;
	struct dirent *entry;
	int r = 0;

	if (!folder) {
		r = error_errno(err, SCHEDTRACE_E_IO, errno, "cannot read the folder %s",
				recordings->folder_name);
		if (fd >= 0)
			close(fd);
		return r;
	}
	while (r == 0 && (entry = readdir(folder))) {
		struct stat s;

		if (!is_recording(entry->d_name) ||
		    fstatat(recordings->folder, entry->d_name, &s, AT_SYMLINK_NOFOLLOW) < 0 ||
		    !S_ISREG(s.st_mode))
			continue;
		if (!array_room(names, n, cap) || !(names[n] = strdup(entry->d_name)))
			r = no_memory(err);
		else
			n++;
	}
	closedir(folder);
	if (r == 0)
		r = add_names(recordings, names, n, err);
	while (n)
		free(names[--n]);
	free(names);
	return r;
}

int recording_list_refresh(struct recording_list *recordings, size_t *n,
			   struct schedtrace_error *err)
{
	int r;

	pthread_mutex_lock(&recordings->lock);
	r = recordings->folder >= 0 ? look_again(recordings, err) : 0;
	*n = recordings->n;
	pthread_mutex_unlock(&recordings->lock);
	return r;
}

int recording_list_open(struct recording_list *recordings, const char *const *paths, size_t n,
			struct schedtrace_error *err)
{
	int r = 0;

	*recordings = (struct recording_list){ .folder = -1 };
	pthread_mutex_init(&recordings->lock, NULL);
	if (n == 1)
		recordings->folder = open(paths[0], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (recordings->folder >= 0) {
		recordings->folder_name = strdup(paths[0]);
		return recordings->folder_name ? look_again(recordings, err) : no_memory(err);
	}
	for (size_t i = 0; i < n && r == 0; i++) {
		auto_close int fd = open_there(recordings, paths[i]);
		struct stat s;

		if (fd < 0 || fstat(fd, &s) < 0)
			return error_errno(err, SCHEDTRACE_E_IO, errno, "cannot open %s", paths[i]);
		if (S_ISDIR(s.st_mode))
			return error_set(err, SCHEDTRACE_E_USAGE,
					 "%s is a folder: name it alone, or recordings", paths[i]);
		r = add(recordings, paths[i], err);
	}
	return r;
}

void recording_list_close(struct recording_list *recordings)
{
	for (size_t i = 0; i < recordings->n; i++) {
		free(recordings->list[i].name);
		free(recordings->list[i].facts);
	}
	free(recordings->list);
	free(recordings->folder_name);
	if (recordings->folder >= 0)
		close(recordings->folder);
	pthread_mutex_destroy(&recordings->lock);
}

static struct recording_version version_of(const struct stat *s)
{
	return (struct recording_version){ s->st_dev, s->st_ino, (uint64_t)s->st_size,
					   s->st_mtim.tv_sec * INT64_C(1000000000) +
						   s->st_mtim.tv_nsec };
}

static bool same_version(const struct recording_version *a, const struct recording_version *b)
{
	return a->device == b->device && a->inode == b->inode && a->bytes == b->bytes &&
	       a->modified_ns == b->modified_ns;
}

/* Whoever is sent it need not know where our recordings lie. */
static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* Under the lock. */
static int open_number(struct recording_list *recordings, size_t i, struct recording_file *out,
		       struct schedtrace_error *err)
{
	const char *name = recordings->list[i].name;
	struct stat s;

	out->id = i;
	out->fd = open_there(recordings, name);
	snprintf(out->name, sizeof(out->name), "%s", base_name(name));
	if (out->fd < 0)
		return error_errno(err, SCHEDTRACE_E_NOT_FOUND, errno, "cannot open %s", out->name);
	if (fstat(out->fd, &s) < 0 || !S_ISREG(s.st_mode)) {
		close(out->fd);
		return error_set(err, SCHEDTRACE_E_NOT_FOUND, "%s is no regular file", out->name);
	}
	out->version = version_of(&s);
	snprintf(out->path, sizeof(out->path), "/proc/self/fd/%d", out->fd);
	if (!same_version(&out->version, &recordings->list[i].seen)) {
		recordings->list[i].seen = out->version;
		free(recordings->list[i].facts);
		recordings->list[i].facts = NULL;
	}
	return 0;
}

int recording_list_find(struct recording_list *recordings, const char *id,
			struct recording_file *out, struct schedtrace_error *err)
{
	char *end;
	unsigned long number = id && *id >= '1' && *id <= '9' ? strtoul(id, &end, 10) : 0;
	int r;

	if (!number || *end)
		return error_set(err, SCHEDTRACE_E_USAGE, "recording: %s is no number of one",
				 id ? id : "nothing");
	pthread_mutex_lock(&recordings->lock);
	if (number > recordings->n)
		r = error_set(err, SCHEDTRACE_E_NOT_FOUND, "there is no recording %s", id);
	else
		r = open_number(recordings, number - 1, out, err);
	pthread_mutex_unlock(&recordings->lock);
	return r;
}

void recording_file_close(struct recording_file *file)
{
	close(file->fd);
}

int recording_file_error(const struct recording_file *file, int status,
			 struct schedtrace_error *err)
{
	char text[SCHEDTRACE_ERROR_SIZE], *at = strstr(err->text, file->path);

	if (!at)
		return status;
	snprintf(text, sizeof(text), "%.*s%s%s", (int)(at - err->text), err->text, file->name,
		 at + strlen(file->path));
	return error_set(err, status, "%s", text);
}

void recording_list_set_facts(struct recording_list *recordings, const struct recording_file *file,
			      char *facts)
{
	pthread_mutex_lock(&recordings->lock);
	if (same_version(&recordings->list[file->id].seen, &file->version)) {
		free(recordings->list[file->id].facts);
		recordings->list[file->id].facts = facts;
		facts = NULL;
	}
	pthread_mutex_unlock(&recordings->lock);
	free(facts);
}
