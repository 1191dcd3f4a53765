/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whose rights the two processes have. */
#ifndef VIEW_LIVE_LIVE_RIGHTS_H
#define VIEW_LIVE_LIVE_RIGHTS_H

#include <schedtrace/error.h>

#include "record/workfile/identity.h"

struct live_rights {
	struct identity caller; /* of the command, and of files */
	struct identity viewer;
};

/* @user: of the viewer; NULL: who called through sudo, else nobody. */
int live_rights_find(struct live_rights *rights, const char *user, struct schedtrace_error *err);
void live_rights_free(struct live_rights *rights);

/* In the viewer: keeps the standard descriptors and these two, which become 3 and 4. */
int live_rights_keep_files(int *a, int *b, struct schedtrace_error *err);

/* Then: becomes the user for good, without capabilities or a way to any. */
int live_rights_give_up(const struct live_rights *rights, int most_files,
			struct schedtrace_error *err);

#endif
