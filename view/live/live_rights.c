/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "view/live/live_rights.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/error.h"

static int take_user(struct identity *id, const char *name, struct schedtrace_error *err)
{
	const struct passwd *user = getpwnam(name);

	if (!user)
		return error_set(err, SCHEDTRACE_E_USAGE, "--user: there is no user %s", name);
	*id = (struct identity){ .other = true, .uid = user->pw_uid, .gid = user->pw_gid };
	id->name = strdup(user->pw_name);
	id->home = strdup(user->pw_dir);
	id->groups = calloc(1, sizeof(*id->groups));
	if (!id->name || !id->home || !id->groups)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for a user's name");
	id->groups[0] = user->pw_gid;
	id->n_groups = 1;
	return 0;
}

int live_rights_find(struct live_rights *rights, const char *user, struct schedtrace_error *err)
{
	int r = identity_find(&rights->caller, false, err);

	if (r < 0)
		return r;
	if (geteuid() != 0)
		return user ? error_set(err, SCHEDTRACE_E_USAGE,
					"--user: only root can take other rights")
			    : 0;
	/* The user nobody, where root itself called. */
	return user || !rights->caller.other
		       ? take_user(&rights->viewer, user ? user : "nobody", err)
		       : identity_find(&rights->viewer, false, err);
}

void live_rights_free(struct live_rights *rights)
{
	identity_free(&rights->caller);
	identity_free(&rights->viewer);
}

int live_rights_keep_files(int *a, int *b, struct schedtrace_error *err)
{
	int high_a = fcntl(*a, F_DUPFD, 10), high_b = fcntl(*b, F_DUPFD, 10);

	if (high_a < 0 || high_b < 0 || dup2(high_a, 3) < 0 || dup2(high_b, 4) < 0 ||
	    close_range(5, ~0u, 0) < 0)
		return error_errno(err, SCHEDTRACE_E_IO, errno,
				   "cannot close the recorder's files");
	*a = 3;
	*b = 4;
	return 0;
}

int live_rights_give_up(const struct live_rights *rights, int most_files,
			struct schedtrace_error *err)
{
	const struct rlimit files = { (rlim_t)most_files, (rlim_t)most_files }, cores = { 0, 0 };
	int failed = rights->viewer.other ? -identity_become(&rights->viewer) : 0;

	if (failed)
		return error_errno(err, SCHEDTRACE_E_IO, failed, "cannot take the rights of %s",
				   rights->viewer.name);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || setrlimit(RLIMIT_NOFILE, &files) < 0 ||
	    setrlimit(RLIMIT_CORE, &cores) < 0)
		return error_errno(err, SCHEDTRACE_E_IO, errno, "cannot limit the viewer");
	return 0;
}
