/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where tracefs is. */
#ifndef RECORD_TRACEFS_TRACEFS_PLACE_H
#define RECORD_TRACEFS_TRACEFS_PLACE_H

#include <schedtrace/error.h>

/*
 * The root of tracefs: @given, or the first of its mounts in which instances can be made, or what
 * debugfs shows of it. Without one the sentence says what to mount or who may use it. libtracefs is
 * told of it; tracefs_place_forget() frees it.
 */
int tracefs_place_find(const char *given, char **root, struct schedtrace_error *err);

void tracefs_place_forget(char *root);

/* Why nothing can be made at @path, by @errnum, with what to do about it. Returns the status. */
int tracefs_place_refuse(const char *path, int errnum, struct schedtrace_error *err);

#endif
