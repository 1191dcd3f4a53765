/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "record/attach.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <mntent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"

#define FIRST_PID_NAMESPACE 0xeffffffcu /* its inode in every kernel: PROC_PID_INIT_INO */
#define CGROUP_DEPTH	    32

static int nomem(struct schedtrace_error *err)
{
	return error_set(err, SCHEDTRACE_E_NOMEM, "out of memory");
}

int attach_check_namespace(const char *what, struct schedtrace_error *err)
{
	struct stat st;

	if (stat("/proc/self/ns/pid", &st) == 0 && st.st_ino != FIRST_PID_NAMESPACE)
		return error_set(
			err, SCHEDTRACE_E_UNSUPPORTED,
			"%s: schedrec runs in a pid namespace, such as a container's, whose "
			"pids are not those of the kernel's records: run it outside",
			what);
	return 0;
}

static int add_pid(struct attach *a, pid_t pid, struct schedtrace_error *err)
{
	pid_t *pids;

	for (size_t i = 0; i < a->n; i++)
		if (a->pids[i] == pid)
			return 0;
	pids = reallocarray(a->pids, a->n + 1, sizeof(*pids));
	if (!pids)
		return nomem(err);
	a->pids = pids;
	pids[a->n++] = pid;
	return 0;
}

/* ---- -p ------------------------------------------------------------------------------- */

/* Watches a process for its end; the descriptor is in the event, and closed when it has. */
static int watch(struct attach *a, pid_t pid, struct schedtrace_error *err)
{
	int fd = (int)syscall(SYS_pidfd_open, pid, 0);
	struct epoll_event event = { .events = EPOLLIN, .data.fd = fd };

	if (fd < 0 && errno == ESRCH)
		return error_set(err, SCHEDTRACE_E_USAGE, "-p: there is no process %d", pid);
	if (fd < 0 && (errno == EINVAL || errno == ENOENT))
		return error_set(err, SCHEDTRACE_E_USAGE,
				 "-p: %d is a thread: give the pid of its process", pid);
	if (fd < 0)
		return error_errno(err, SCHEDTRACE_E_IO, errno, "-p %d", pid);
	if (a->epoll_fd < 0)
		a->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (a->epoll_fd < 0 || epoll_ctl(a->epoll_fd, EPOLL_CTL_ADD, fd, &event) != 0) {
		int errnum = errno;

		close(fd);
		return error_errno(err, SCHEDTRACE_E_IO, errnum, "watching process %d", pid);
	}
	return 0;
}

static int add_named(struct attach *a, const char *text, struct schedtrace_error *err)
{
	for (const char *p = text;; p++) {
		size_t before = a->n;
		long pid;
		char *end;
		int r;

		errno = 0;
		pid = strtol(p, &end, 10);
		if (end == p || *p < '0' || *p > '9' || errno || pid <= 0 || pid > INT32_MAX ||
		    (*end && *end != ','))
			return error_set(err, SCHEDTRACE_E_USAGE,
					 "-p: '%s' is no list of pids such as 123 or 123,456",
					 text);
		if (pid == getpid())
			return error_set(err, SCHEDTRACE_E_USAGE, "-p: %ld is schedrec itself",
					 pid);
		r = add_pid(a, (pid_t)pid, err);
		if (r == 0 && a->n > before)
			r = watch(a, (pid_t)pid, err);
		if (r < 0)
			return r;
		a->n_named = a->n;
		p = end;
		if (!*p)
			return 0;
	}
}

/* ---- a cgroup ------------------------------------------------------------------------- */

static bool is_cgroup(const char *folder)
{
	auto_free char *path = NULL;

	return asprintf(&path, "%s/cgroup.procs", folder) >= 0 &&
	       faccessat(AT_FDCWD, path, F_OK, AT_EACCESS) == 0;
}

/* The folder of @path in one of the mounted hierarchies, version 2 first; NULL: none has it. */
static char *find_cgroup(const char *path)
{
	char *found = NULL;

	if (is_cgroup(path))
		return strdup(path);
	for (int version = 2; version >= 1 && !found; version--) {
		FILE *f = setmntent("/proc/self/mounts", "re");
		struct mntent *m;

		while (f && !found && (m = getmntent(f))) {
			if (strcmp(m->mnt_type, version == 2 ? "cgroup2" : "cgroup") != 0)
				continue;
			if (asprintf(&found, "%s/%s", m->mnt_dir, path + strspn(path, "/")) < 0)
				found = NULL;
			if (found && !is_cgroup(found)) {
				free(found);
				found = NULL;
			}
		}
		if (f)
			endmntent(f);
	}
	return found;
}

/*
 * Calls add_pid() for the processes in this folder and those below; *any tells whether there are
 * some, and with @a NULL that is all that is looked for.
 */
static int read_members(int at, const char *name, int depth, struct attach *a, bool *any,
			struct schedtrace_error *err)
{
	int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	struct dirent *entry;
	FILE *f = NULL;
	int r = 0, pid, procs;

	if (!dir) {
		if (fd >= 0)
			close(fd);
		return 0; /* removed meanwhile: it has no members */
	}
	procs = openat(fd, "cgroup.procs", O_RDONLY | O_CLOEXEC);
	f = procs >= 0 ? fdopen(procs, "r") : NULL;
	/* A threaded cgroup lists its processes only at the top of the threads. */
	while (f && r == 0 && fscanf(f, "%d", &pid) == 1) {
		*any = true;
		if (a && pid > 0 && pid != getpid())
			r = add_pid(a, pid, err);
	}
	if (f)
		fclose(f);
	else if (procs >= 0)
		close(procs);
	while (r == 0 && depth < CGROUP_DEPTH && (a || !*any) && (entry = readdir(dir)))
		if (entry->d_type == DT_DIR && entry->d_name[0] != '.')
			r = read_members(fd, entry->d_name, depth + 1, a, any, err);
	closedir(dir);
	return r;
}

static int add_cgroup(struct attach *a, const char *path, struct schedtrace_error *err)
{
	bool any = false;
	int r;

	a->cgroup = *path ? find_cgroup(path) : NULL;
	if (!a->cgroup)
		return error_set(err, SCHEDTRACE_E_USAGE,
				 "--cgroup: no mounted cgroup file system has '%s'", path);
	r = read_members(AT_FDCWD, a->cgroup, 0, a, &any, err);
	if (r == 0 && !any)
		return error_set(err, SCHEDTRACE_E_USAGE, "--cgroup: %s has no processes",
				 a->cgroup);
	return r;
}

/* ---- both ----------------------------------------------------------------------------- */

int attach_open(struct attach *a, const char *pids, const char *cgroup,
		struct schedtrace_error *err)
{
	int r = 0;

	*a = (struct attach){ .epoll_fd = -1 };
	if (pids)
		r = add_named(a, pids, err);
	if (r == 0 && cgroup)
		r = add_cgroup(a, cgroup, err);
	if (r < 0)
		attach_close(a);
	return r;
}

void attach_close(struct attach *a)
{
	struct epoll_event event;

	/* The pidfds of those that live on are closed with the program. */
	while (a->epoll_fd >= 0 && epoll_wait(a->epoll_fd, &event, 1, 0) == 1) {
		epoll_ctl(a->epoll_fd, EPOLL_CTL_DEL, event.data.fd, NULL);
		close(event.data.fd);
	}
	mem_close_p(&a->epoll_fd);
	free(a->pids);
	free(a->cgroup);
	*a = (struct attach){ .epoll_fd = -1 };
}

bool attach_ended(struct attach *a)
{
	struct epoll_event event;
	bool any = false;

	if (!attach_any(a))
		return false;
	while (a->n_ended < a->n_named && epoll_wait(a->epoll_fd, &event, 1, 0) == 1) {
		/* A close alone would not do while the command at its gate holds a copy. */
		epoll_ctl(a->epoll_fd, EPOLL_CTL_DEL, event.data.fd, NULL);
		close(event.data.fd);
		a->n_ended++;
	}
	if (a->n_ended < a->n_named)
		return false;
	if (a->cgroup)
		read_members(AT_FDCWD, a->cgroup, 0, NULL, &any, NULL);
	return !any;
}

static int compare_pids(const void *a, const void *b)
{
	const pid_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

size_t attach_mark(const struct attach *a, pid_t parent, struct task_list *list)
{
	auto_free pid_t *in = calloc(a->n + list->n + 1, sizeof(*in)); /* processes, sorted */
	size_t n = 0, marked = 0, before;

	if (!in)
		return 0;
	for (size_t i = 0; i < a->n; i++)
		in[n++] = a->pids[i];
	do {
		before = n;
		qsort(in, n, sizeof(*in), compare_pids);
		for (size_t i = 0; i < list->n; i++) {
			const struct marker_task *t = &list->items[i];

			/* Every process is listed by its first thread. */
			if (t->pid == t->tgid &&
			    ((parent && t->ppid == parent) ||
			     bsearch(&t->ppid, in, before, sizeof(*in), compare_pids)) &&
			    !bsearch(&t->pid, in, before, sizeof(*in), compare_pids))
				in[n++] = t->pid;
		}
	} while (n > before);
	for (size_t i = 0; i < list->n; i++) {
		struct marker_task *t = &list->items[i];

		if (bsearch(&t->tgid, in, n, sizeof(*in), compare_pids)) {
			t->flags |= MARKER_TASK_TREE;
			marked++;
		}
	}
	return marked;
}

int attach_follow(const struct attach *a, pid_t parent, struct instance *in,
		  struct schedtrace_error *err)
{
	auto_free int32_t *tids = NULL;
	size_t followed = 0, n;
	int result = instance_follow_begin(in, err);

	do {
		struct task_list tasks = { 0 };

		if (result < 0)
			return result;
		result = proc_tasks_read(&tasks, false, err);
		if (result < 0)
			return result;
		attach_mark(a, parent, &tasks);
		free(tids);
		tids = calloc(tasks.n + 1, sizeof(*tids));
		n = 0;
		for (size_t i = 0; tids && i < tasks.n; i++)
			if (tasks.items[i].flags & MARKER_TASK_TREE)
				tids[n++] = tasks.items[i].pid;
		proc_tasks_free(&tasks);
		if (!tids)
			return nomem(err);
		if (n <= followed)
			return 0;
		result = instance_follow(in, tids, n, err);
		followed = n;
	} while (true);
}
