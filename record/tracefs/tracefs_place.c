/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "record/tracefs/tracefs_place.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/magic.h>
#include <mntent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <tracefs.h>

#include "base/error.h"
#include "base/mem.h"
#include "record/privileges.h"

int tracefs_place_refuse(const char *path, int errnum, struct schedtrace_error *err)
{
	switch (errnum) {
	case EACCES:
	case EPERM:
		if (privileges_have(CAP_DAC_OVERRIDE))
			return error_errno(err, SCHEDTRACE_E_IO, errnum,
					   "%s: with CAP_DAC_OVERRIDE: is the kernel locked down "
					   "(/sys/kernel/security/lockdown)?",
					   path);
		return error_set(
			err, SCHEDTRACE_E_IO,
			"%s: no permission, the capability CAP_DAC_OVERRIDE is missing: run "
			"schedrec with sudo, or let your group use tracefs (mount option "
			"gid=)",
			path);
	case EROFS:
		return error_set(err, SCHEDTRACE_E_IO,
				 "%s: tracefs is mounted read-only: mount -o remount,rw it", path);
	case ENOENT:
	case ENOTDIR:
		return error_set(err, SCHEDTRACE_E_IO,
				 "%s: there is no tracefs with instances here: give its place by "
				 "--tracefs, or mount -t tracefs nodev /sys/kernel/tracing",
				 path);
	default:
		return error_errno(err, SCHEDTRACE_E_IO, errnum, "%s", path);
	}
}

/* 0 if instances can be made below @root, or an errno. */
static int try_instances(const char *root)
{
	auto_free char *instances = NULL;

	if (asprintf(&instances, "%s/instances", root) < 0) {
		instances = NULL;
		return ENOMEM;
	}
	return faccessat(AT_FDCWD, instances, W_OK | X_OK, AT_EACCESS) == 0 ? 0 : errno;
}

/*
 * The same where a mount is to be that of tracefs; ENOENT if it is not, or only a part of it:
 * something else may have been mounted over it. Looking into debugfs mounts what is below it.
 */
static int try_mount(const char *root)
{
	struct statfs fs;

	if (statfs(root, &fs) != 0)
		return errno;
	return fs.f_type == TRACEFS_MAGIC ? try_instances(root) : ENOENT;
}

static int refuse_root(const char *root, int errnum, struct schedtrace_error *err)
{
	auto_free char *instances = NULL;

	if (asprintf(&instances, "%s/instances", root) < 0) {
		instances = NULL;
		return error_set(err, SCHEDTRACE_E_NOMEM, "out of memory");
	}
	return tracefs_place_refuse(instances, errnum, err);
}

/*
 * The first mount of @type that can be used, with @below after it; NULL if there is none, and then
 * *why tells of the first that is there and cannot be used, unless it tells of one already. Not
 * libtracefs' own search, which mounts it.
 */
static char *search(FILE *mounts, const char *type, const char *below, struct schedtrace_error *why)
{
	struct mntent *m;

	rewind(mounts);
	while ((m = getmntent(mounts))) {
		auto_free char *root = NULL;
		int errnum;

		if (strcmp(m->mnt_type, type) != 0)
			continue;
		if (asprintf(&root, "%s%s", m->mnt_dir, below) < 0)
			root = NULL;
		errnum = root ? try_mount(root) : ENOMEM;
		if (errnum == 0)
			return steal_ptr(root);
		if (root && errnum != ENOENT && why->status == SCHEDTRACE_OK)
			refuse_root(root, errnum, why);
	}
	return NULL;
}

static int find_mounted(char **root, struct schedtrace_error *err)
{
	FILE *mounts = setmntent("/proc/self/mounts", "re");
	struct schedtrace_error why = { .status = SCHEDTRACE_OK };

	if (!mounts)
		return error_errno(err, SCHEDTRACE_E_IO, errno,
				   "/proc/self/mounts, which tells where tracefs is");
	*root = search(mounts, "tracefs", "", &why);
	if (!*root)
		*root = search(mounts, "debugfs", "/tracing", &why);
	endmntent(mounts);
	if (*root)
		return 0;
	if (why.status == SCHEDTRACE_OK)
		return error_set(err, SCHEDTRACE_E_IO,
				 "tracefs is not mounted: mount -t tracefs nodev "
				 "/sys/kernel/tracing");
	if (err)
		*err = why;
	return why.status;
}

static int find_given(const char *given, char **root, struct schedtrace_error *err)
{
	auto_free char *found = realpath(given, NULL);
	int errnum = found ? try_instances(found) : 0;

	if (!found)
		return error_errno(err, SCHEDTRACE_E_IO, errno, "%s", given);
	if (errnum)
		return refuse_root(found, errnum, err);
	*root = steal_ptr(found);
	return 0;
}

int tracefs_place_find(const char *given, char **root, struct schedtrace_error *err)
{
	auto_free char *found = NULL;
	int r = given ? find_given(given, &found, err) : find_mounted(&found, err);

	if (r < 0)
		return r;
	if (tracefs_set_tracing_dir(found) != 0)
		return error_set(err, SCHEDTRACE_E_NOMEM, "out of memory");
	*root = steal_ptr(found);
	return 0;
}

void tracefs_place_forget(char *root)
{
	free(root);
	tracefs_set_tracing_dir(NULL);
}
