/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whose rights the command and the output file get when schedrec was started by sudo. */
#ifndef RECORD_WORKFILE_IDENTITY_H
#define RECORD_WORKFILE_IDENTITY_H

#include <stdbool.h>
#include <sys/types.h>

#include <schedtrace/error.h>

struct identity {
	bool other; /* another user than the one we run as */
	uid_t uid;
	gid_t gid;
	char *name;
	char *home;
	gid_t *groups, *own_groups; /* the user's, and ours to come back to */
	int n_groups, n_own_groups;
};

/* From SUDO_UID, SUDO_GID and SUDO_USER if we are root and not @as_root; refuses what does not
 * belong together. */
int identity_find(struct identity *id, bool as_root, struct schedtrace_error *err);
void identity_free(struct identity *id);

/* Between these two, the calling thread opens, makes and removes files with the user's rights. */
int identity_enter(const struct identity *id, struct schedtrace_error *err);
void identity_leave(const struct identity *id);

/* Becomes the user for good, with HOME, USER and LOGNAME; for a child before it runs a program.
 * Returns 0 or -errno. */
int identity_become(const struct identity *id);

#endif
