/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "record/privileges.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <mntent.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/mem.h"

#define BIT(capability) (UINT64_C(1) << (capability))

/* Permissions of files, which all of these can override. */
#define FILES (BIT(CAP_DAC_OVERRIDE) | BIT(CAP_DAC_READ_SEARCH))

struct sets {
	uint64_t effective, permitted;
};

/* The C library has no functions for these two calls. */
static int get(struct sets *s)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];

	*s = (struct sets){ 0 };
	if (syscall(SYS_capget, &header, data) != 0)
		return -errno;
	s->effective = data[0].effective | (uint64_t)data[1].effective << 32;
	s->permitted = data[0].permitted | (uint64_t)data[1].permitted << 32;
	return 0;
}

static int set(const struct sets *s)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = {
		{ .effective = (uint32_t)s->effective, .permitted = (uint32_t)s->permitted },
		{ .effective = (uint32_t)(s->effective >> 32),
		  .permitted = (uint32_t)(s->permitted >> 32) },
	};

	return syscall(SYS_capset, &header, data) == 0 ? 0 : -errno;
}

bool privileges_have(int capability)
{
	struct sets s;

	return get(&s) == 0 && s.effective & BIT(capability);
}

/* Kernels before 5.8 cannot tell by what the calling thread is allowed: then it is not. */
static bool allowed(int directory_fd, const char *path)
{
	return syscall(SYS_faccessat2, directory_fd, path, R_OK | W_OK | X_OK, AT_EACCESS) == 0;
}

/* Can all be done without overriding permissions of files? */
static bool files_suffice(const struct privileges_need *need)
{
	auto_free char *instances = NULL;

	if (asprintf(&instances, "%s/instances", need->tracefs) < 0) {
		instances = NULL;
		return false;
	}
	return allowed(AT_FDCWD, need->tracefs) && allowed(AT_FDCWD, instances) &&
	       (need->output_of_other || allowed(need->output_fd, "."));
}

/* In a directory like /tmp of somebody else, a file of a third can be replaced by root only. */
static bool is_sticky_and_foreign(int directory_fd)
{
	struct stat st;

	return fstat(directory_fd, &st) != 0 || (st.st_mode & S_ISVTX && st.st_uid != geteuid());
}

/* Does /proc hide the processes of other users? */
static bool proc_hides(void)
{
	FILE *f = setmntent("/proc/self/mounts", "re");
	struct mntent *m;
	bool hides = false;

	while (f && (m = getmntent(f))) {
		const char *option =
			strcmp(m->mnt_type, "proc") == 0 ? hasmntopt(m, "hidepid") : NULL;

		hides |= option && strncmp(option, "hidepid=0", 9) != 0 &&
			 strncmp(option, "hidepid=off", 11) != 0;
	}
	if (f)
		endmntent(f);
	return hides;
}

uint64_t privileges_needed(const struct privileges_need *need)
{
	uint64_t needed = 0;
	struct sets now, without;

	if (get(&now) < 0)
		return PRIVILEGES_ALL;
	without = now;
	without.effective &= ~FILES;
	if (set(&without) < 0 || !files_suffice(need))
		needed |= FILES;
	if (set(&now) < 0)
		return PRIVILEGES_ALL;
	if (need->output_of_other)
		needed |= BIT(CAP_SETUID) | BIT(CAP_SETGID);
	else if (is_sticky_and_foreign(need->output_fd))
		needed |= BIT(CAP_FOWNER);
	if (need->has_command)
		needed |= BIT(CAP_KILL);
	if (need->user_stacks)
		needed |= BIT(CAP_SYS_PTRACE) | BIT(CAP_PERFMON) | BIT(CAP_IPC_LOCK);
	/* Before Linux 5.8 there was only the one for everything. */
	if (need->user_stacks && !(now.permitted & BIT(CAP_PERFMON)))
		needed |= BIT(CAP_SYS_ADMIN);
	if (proc_hides())
		needed |= BIT(CAP_SYS_PTRACE);
	if (need->exit_counts)
		needed |= BIT(CAP_NET_ADMIN);
	return needed;
}

uint64_t privileges_of_reader(uint64_t needed)
{
	return needed & FILES;
}

int privileges_keep(uint64_t needed)
{
	struct sets s;
	int r = get(&s);

	if (r < 0)
		return r;
	s.effective &= needed;
	s.permitted &= needed;
	r = set(&s);
	if (r == 0 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		r = -errno;
	return r;
}
