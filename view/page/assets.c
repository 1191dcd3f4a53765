/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "view/page/assets.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/mem.h"

#define MOST_BYTES (4 << 20) /* of one file */

static const struct {
	const char *ending, *type;
} types[] = {
	{ ".html", "text/html; charset=utf-8" },
	{ ".css", "text/css; charset=utf-8" },
	{ ".js", "text/javascript; charset=utf-8" },
	{ ".svg", "image/svg+xml" },
};

static const char *type_of(const char *name)
{
	const char *ending = strrchr(name, '.');

	for (size_t i = 0; ending && i < sizeof(types) / sizeof(*types); i++)
		if (!strcmp(ending, types[i].ending))
			return types[i].type;
	return NULL;
}

static int read_file(int folder, const char *name, struct asset *out, struct schedtrace_error *err)
{
	auto_close int fd = openat(folder, name, O_RDONLY | O_CLOEXEC);
	struct stat s;
	ssize_t n;

	if (fd < 0 || fstat(fd, &s) < 0)
		return error_errno(err, SCHEDTRACE_E_IO, errno, "cannot read %s of the page", name);
	if (!S_ISREG(s.st_mode) || s.st_size > MOST_BYTES)
		return error_set(err, SCHEDTRACE_E_FORMAT, "%s of the page is no file of its size",
				 name);
	out->bytes = malloc((size_t)s.st_size + 1);
	if (!out->bytes)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for the page");
	while (out->n < (size_t)s.st_size) {
		n = read(fd, out->bytes + out->n, (size_t)s.st_size - out->n);
		if (n <= 0)
			return error_errno(err, SCHEDTRACE_E_IO, n ? errno : EIO,
					   "cannot read %s of the page", name);
		out->n += (size_t)n;
	}
	return 0;
}

static int read_folder(struct assets *assets, DIR *folder, struct schedtrace_error *err)
{
	struct dirent *entry;
	int r = 0;

	while (r == 0 && (entry = readdir(folder))) {
		struct asset *asset;

		if (!type_of(entry->d_name))
			continue;
		if (!array_room(assets->list, assets->n, assets->cap))
			return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for the page");
		asset = &assets->list[assets->n++];
		*asset = (struct asset){ strdup(entry->d_name), type_of(entry->d_name), NULL, 0 };
		r = asset->name ? read_file(dirfd(folder), entry->d_name, asset, err)
				: error_set(err, SCHEDTRACE_E_NOMEM, "no memory for the page");
	}
	return r;
}

/* Its scripts, seen from the folder of the program. */
static DIR *beside_program(const char *where)
{
	char program[4096], path[4200], *slash;
	ssize_t n = readlink("/proc/self/exe", program, sizeof(program) - 1);

	if (n <= 0)
		return NULL;
	program[n] = '\0';
	slash = strrchr(program, '/');
	if (!slash)
		return NULL;
	*slash = '\0';
	snprintf(path, sizeof(path), "%s/%s", program, where);
	return opendir(path);
}

int assets_read(struct assets *assets, struct schedtrace_error *err)
{
	DIR *folder = beside_program("web");
	int r;

	*assets = (struct assets){ .n = 0 };
	if (!folder)
		folder = beside_program("../share/schedtrace/web");
	if (!folder)
		folder = opendir(WEB_DIRECTORY);
	if (!folder)
		return error_set(err, SCHEDTRACE_E_IO,
				 "the page's scripts are not installed: they should be in %s",
				 WEB_DIRECTORY);
	r = read_folder(assets, folder, err);
	closedir(folder);
	return r;
}

void assets_free(struct assets *assets)
{
	for (size_t i = 0; i < assets->n; i++) {
		free(assets->list[i].name);
		free(assets->list[i].bytes);
	}
	free(assets->list);
	*assets = (struct assets){ .n = 0 };
}

bool assets_answer(const struct assets *assets, const char *path, struct answer *answer)
{
	const char *name = !strcmp(path, "/") ? "index.html" : path + 1;

	for (size_t i = 0; i < assets->n; i++)
		if (!strcmp(assets->list[i].name, name)) {
			*answer = (struct answer){ .status = 200,
						   .type = assets->list[i].type,
						   .body = assets->list[i].bytes,
						   .n = assets->list[i].n };
			return true;
		}
	return false;
}
