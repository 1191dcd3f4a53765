/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "record/workfile/identity.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"

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

/* The user's groups, as the system's files name them; NULL if memory ran out. */
static gid_t *find_groups(const char *name, gid_t primary, int *n)
{
	gid_t *groups;

	*n = 64;
	groups = calloc((size_t)*n, sizeof(*groups));
	if (groups && getgrouplist(name, primary, groups, n) < 0) {
		free(groups);
		groups = calloc((size_t)*n, sizeof(*groups));
		if (groups && getgrouplist(name, primary, groups, n) < 0)
			*n = 0;
	}
	return groups;
}

static bool is_member(const struct identity *id, gid_t gid)
{
	for (int i = 0; i < id->n_groups; i++)
		if (id->groups[i] == gid)
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
	id->name = strdup(pw->pw_name);
	id->home = strdup(pw->pw_dir);
	id->groups = find_groups(pw->pw_name, pw->pw_gid, &id->n_groups);
	id->n_own_groups = getgroups(0, NULL);
	id->own_groups = calloc((size_t)id->n_own_groups + 1, sizeof(gid_t));
	if (!id->name || !id->home || !id->groups || !id->own_groups) {
		identity_free(id);
		return error_set(err, SCHEDTRACE_E_NOMEM, "out of memory");
	}
	if (!is_member(id, id->gid)) {
		int r = error_set(err, SCHEDTRACE_E_USAGE,
				  "user %s is not in the group %u that SUDO_GID names: unset it, "
				  "or say --as-root",
				  id->name, id->gid);

		identity_free(id);
		return r;
	}
	id->n_own_groups = getgroups(id->n_own_groups, id->own_groups);
	id->other = true;
	return 0;
}

void identity_free(struct identity *id)
{
	free(id->name);
	free(id->home);
	free(id->groups);
	free(id->own_groups);
	*id = (struct identity){ 0 };
}

/*
 * The system calls themselves, which are about one thread: the C library would make all threads
 * change, also those that need root's rights at this moment.
 */
static bool set_groups(int n, const gid_t *groups)
{
	return syscall(SYS_setgroups, (size_t)n, groups) == 0;
}

/* The ids that count for files. */
static bool set_ids(uid_t uid, gid_t gid)
{
	setfsgid(gid);
	setfsuid(uid);
	return setfsgid((gid_t)-1) == (int)gid && setfsuid((uid_t)-1) == (int)uid;
}

int identity_enter(const struct identity *id, struct schedtrace_error *err)
{
	if (!id->other)
		return 0;
	if (set_groups(id->n_groups, id->groups) && set_ids(id->uid, id->gid))
		return 0;
	identity_leave(id);
	return error_set(err, SCHEDTRACE_E_IO, "the rights of user %s could not be taken",
			 id->name);
}

void identity_leave(const struct identity *id)
{
	if (!id->other)
		return;
	/* The way back cannot fail for a process whose user is root. */
	if (!set_ids(geteuid(), getegid()) || !set_groups(id->n_own_groups, id->own_groups))
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
