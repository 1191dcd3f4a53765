/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "view/page/assets.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "view/figure/beside_program.h"
#include "view/page/small_file.h"

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
		r = asset->name ? small_file_read(dirfd(folder), entry->d_name, MOST_BYTES,
						  &asset->bytes, &asset->n, err)
				: error_set(err, SCHEDTRACE_E_NOMEM, "no memory for the page");
	}
	return r;
}

int assets_read(struct assets *assets, struct schedtrace_error *err)
{
	auto_free char *path = beside_program("web");
	DIR *folder = opendir(path ? path : WEB_DIRECTORY);
	int r;

	*assets = (struct assets){ .n = 0 };
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
