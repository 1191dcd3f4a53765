/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Has the browser of the user who called show an address. */
#ifndef VIEW_PAGE_BROWSER_H
#define VIEW_PAGE_BROWSER_H

#include <schedtrace/error.h>

/*
 * By a file that only this user can read, which sends the browser on: so that the token in the
 * address stands in no process's arguments. *file is its path, to be removed and freed at the end.
 */
int browser_open(const char *url, char **file, struct schedtrace_error *err);

#endif
