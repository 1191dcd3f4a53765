/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A file of the page's own or of its user's, read whole. */
#ifndef VIEW_PAGE_SMALL_FILE_H
#define VIEW_PAGE_SMALL_FILE_H

#include <stddef.h>

#include <schedtrace/error.h>

/* @name in the folder @folder (AT_FDCWD), of at most @most bytes; with a NUL behind them, to be
 * freed. E_NOT_FOUND: it cannot be opened. */
int small_file_read(int folder, const char *name, size_t most, char **bytes, size_t *n,
		    struct schedtrace_error *err);

#endif
