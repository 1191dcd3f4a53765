/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The file to write: a working file .NAME.XXXXXX beside it, made with the user's rights and
 * renamed at the end. A path that we did not make is never removed or written through.
 */
#ifndef RECORD_WORKFILE_WORKFILE_H
#define RECORD_WORKFILE_WORKFILE_H

#include <stdbool.h>
#include <stddef.h>

#include <schedtrace/error.h>

#include "base/note.h"
#include "record/workfile/identity.h"

struct workfile {
	const struct identity *identity;
	char *path; /* as given, or what a symbolic link stands for */
	char *directory, *name;
	int directory_fd;
	int fd; /* the working file, locked as long as a recorder writes it */
	char *working_name;
};

/* Says what is the matter with @path as a target, if anything. The notes are what a symbolic link
 * was resolved to and which working files killed recorders left there; empty ones are removed. */
int workfile_open(struct workfile *out, const char *path, const struct identity *identity,
		  const struct notes *notes, struct schedtrace_error *err);

/* Makes another, empty working file for the same target; workfile_replace() takes it and removes
 * the first. */
int workfile_second(struct workfile *out, struct workfile *second, struct schedtrace_error *err);
void workfile_replace(struct workfile *out, struct workfile *second);

/* Makes a working file for the target @name in the same directory. */
int workfile_beside(const struct workfile *out, struct workfile *next, const char *name,
		    struct schedtrace_error *err);

/* Makes everything durable and gives the file its name. */
int workfile_commit(struct workfile *out, struct schedtrace_error *err);

/* Where the working file is now, its folder may have been renamed; false: it has been removed. */
bool workfile_where(const struct workfile *out, char *path, size_t size);

/* Removes the working file. */
void workfile_drop(struct workfile *out);

/* Forgets it, leaving the working file where it is. */
void workfile_close(struct workfile *out);

#endif
