/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The page itself and its scripts: the files of one folder, read once. */
#ifndef VIEW_PAGE_ASSETS_H
#define VIEW_PAGE_ASSETS_H

#include "view/page/server.h"

struct asset {
	char *name;
	const char *type;
	char *bytes;
	size_t n;
};

struct assets {
	struct asset *list;
	size_t n, cap;
};

/* Reads what is installed, or stands beside a program that was built and not installed. */
int assets_read(struct assets *assets, struct schedtrace_error *err);
void assets_free(struct assets *assets);

/* Answers for "/" and "/NAME"; false: there is no such file. */
bool assets_answer(const struct assets *assets, const char *path, struct answer *answer);

#endif
