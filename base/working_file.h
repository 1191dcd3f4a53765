/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Files .NAME.XXXXXX beside NAME, which they become once they are whole. Their maker keeps them
 * locked, so that one which nobody has locked was left by a process that was killed.
 */
#ifndef BASE_WORKING_FILE_H
#define BASE_WORKING_FILE_H

#include <stdbool.h>
#include <sys/types.h>

#define WORKING_FILE_LETTERS 6 /* random ones at the end of the name */

/* .TARGET.XXXXXX with new random letters, to be freed; NULL with errno. */
char *working_file_name(const char *target);

/*
 * Makes an empty file for @target in the directory, open for reading and writing and locked. @name
 * is to be freed. @place: where it is remembered, see below; NULL: nowhere. Returns the descriptor,
 * or -1 with errno.
 */
int working_file_make(int directory, const char *target, mode_t mode, char **name, int *place);

/*
 * Removes what killed processes of this user left of @target. Working files of a recorder stay:
 * they hold what cannot be made again.
 */
void working_files_sweep(int directory, const char *target);

/*
 * A list of this process's working files, so that a program which a signal ends can remove them. It
 * is short: -1 where it is full, which working_file_forget() accepts.
 */
int working_file_remember(int directory, const char *name);
void working_file_forget(int place);

/* Removes all that are in the list. For a signal handler: calls nothing but unlinkat(). */
void working_files_remove(void);

#endif
