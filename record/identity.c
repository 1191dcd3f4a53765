/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "record/identity.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libschedtrace/error.h"
#include "libschedtrace/mem.h"

static bool parse_id(const char *text, unsigned int *id)
{
	char *end;
	unsigned long long v;

	if (!text || *text < '0' || *text > '9')
		return false;
	errno = 0;
	v = strtoull(text, &end, 10);
	if (errno || *end || v >= (unsigned int)-1)
		return false;
	*id = (unsigned int)v;
	return true;
}

static bool is_member(const char *name, gid_t primary, gid_t gid)
{
	int n = 64;
	auto_free gid_t *groups = calloc((size_t)n, sizeof(*groups));

	if (groups && getgrouplist(name, primary, groups, &n) < 0) {
		gid_t *more = reallocarray(groups, (size_t)n, sizeof(*groups));

		if (!more)
			return false;
		groups = more;
		if (getgrouplist(name, primary, groups, &n) < 0)
			return false;
	}
	for (int i = 0; groups && i < n; i++)
		if (groups[i] == gid)
			return true;
	return false;
}

int identity_find(struct identity *id, bool as_root, struct schedtrace_error *err)
{
	const char *uid = getenv("SUDO_UID"), *gid = getenv("SUDO_GID"),
		   *user = getenv("SUDO_USER");
	struct passwd *pw;

	*id = (struct identity){ .uid = geteuid(), .gid = getegid() };
	if (as_root || geteuid() != 0 || (!uid && !gid && !user))
		return 0;
	if (!parse_id(uid, &id->uid) || !parse_id(gid, &id->gid))
		return error_set(
			err, SCHEDTRACE_E_USAGE,
			"SUDO_UID and SUDO_GID do not both hold a number: unset them, or say "
			"--as-root");
	if (id->uid == 0)
		return 0;
	pw = getpwuid(id->uid);
	if (!pw)
		return error_set(
			err, SCHEDTRACE_E_USAGE,
			"SUDO_UID is %u, and there is no such user: unset it, or say --as-root",
			id->uid);
	if (user && strcmp(user, pw->pw_name) != 0)
		return error_set(
			err, SCHEDTRACE_E_USAGE,
			"SUDO_UID %u is user %s, but SUDO_USER says %s: unset them, or say "
			"--as-root",
			id->uid, pw->pw_name, user);
	if (!is_member(pw->pw_name, pw->pw_gid, id->gid))
		return error_set(
			err, SCHEDTRACE_E_USAGE,
			"user %s is not in the group %u that SUDO_GID names: unset it, or say "
			"--as-root",
			pw->pw_name, id->gid);
	id->name = strdup(pw->pw_name);
	id->home = strdup(pw->pw_dir);
	id->n_own_groups = getgroups(0, NULL);
	id->own_groups = calloc((size_t)id->n_own_groups + 1, sizeof(gid_t));
	if (!id->name || !id->home || !id->own_groups) {
		identity_free(id);
		return error_set(err, SCHEDTRACE_E_NOMEM, "out of memory");
	}
	id->n_own_groups = getgroups(id->n_own_groups, id->own_groups);
	id->other = true;
	return 0;
}

void identity_free(struct identity *id)
{
	free(id->name);
	free(id->home);
	free(id->own_groups);
	*id = (struct identity){ 0 };
}

int identity_enter(const struct identity *id, struct schedtrace_error *err)
{
	int errnum;

	if (!id->other)
		return 0;
	if (initgroups(id->name, id->gid) == 0 && setegid(id->gid) == 0 && seteuid(id->uid) == 0)
		return 0;
	errnum = errno;
	identity_leave(id);
	return error_errno(err, SCHEDTRACE_E_IO, errnum, "taking the rights of user %s", id->name);
}

void identity_leave(const struct identity *id)
{
	if (!id->other)
		return;
	/* The way back cannot fail for a process whose real user is root. */
	if (seteuid(0) != 0 || setegid(0) != 0 ||
	    setgroups((size_t)id->n_own_groups, id->own_groups) != 0)
		abort();
}

int identity_become(const struct identity *id)
{
	if (!id->other)
		return 0;
	if (initgroups(id->name, id->gid) != 0 || setresgid(id->gid, id->gid, id->gid) != 0 ||
	    setresuid(id->uid, id->uid, id->uid) != 0)
		return -errno;
	if (setuid(0) == 0)
		return -EPERM; /* still root: do not go on */
	if (setenv("HOME", id->home, 1) != 0 || setenv("USER", id->name, 1) != 0 ||
	    setenv("LOGNAME", id->name, 1) != 0)
		return -errno;
	return 0;
}
