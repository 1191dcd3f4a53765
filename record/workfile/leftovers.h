/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Working files of recorders that were killed. */
#ifndef RECORD_WORKFILE_LEFTOVERS_H
#define RECORD_WORKFILE_LEFTOVERS_H

#include <sys/types.h>

#include <schedtrace/error.h>

#include "base/note.h"

/*
 * In @directory, open as @directory_fd, looks for working files of the target @name, or of another
 * number of it, that no recorder holds any more. Those with events are named; those that have none
 * and are older than a minute are removed, if they are @owner's.
 */
void leftovers_sweep(int directory_fd, const char *directory, const char *name, uid_t owner,
		     const struct notes *notes);

/*
 * Where the only working file is that was left for the target @path, which is not there; the caller
 * frees it. E_IO if there is none, E_USAGE with their names if there are several.
 */
int leftovers_find(const char *path, char **out, struct schedtrace_error *err);

#endif
