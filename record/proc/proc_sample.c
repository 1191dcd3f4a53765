/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "record/proc/proc_sample.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"

#define STAT_FIELDS 24 /* that are looked at */

/* Numbers of fields as proc(5) counts them. */
enum {
	F_PID = 1,
	F_STATE = 3,
	F_MINOR = 10,
	F_CHILDREN_MINOR,
	F_MAJOR,
	F_CHILDREN_MAJOR,
	F_USER,
	F_SYSTEM,
	F_CHILDREN_USER,
	F_CHILDREN_SYSTEM,
	F_THREADS = 20,
	F_START = 22,
	F_RSS = 24,
};

bool proc_sample_parse(const char *line, int64_t tick_ns, int64_t page_size,
		       struct marker_sample *out, int *threads)
{
	const char *open_ = strchr(line, '(');
	const char *close_ = strrchr(line, ')'); /* a name may hold any of these */
	int64_t f[STAT_FIELDS + 1] = { 0 };
	const char *p;
	size_t n;

	if (!open_ || !close_ || close_ < open_ || close_[1] != ' ' || !close_[2])
		return false;
	n = (size_t)(close_ - open_ - 1);
	if (n > sizeof(out->comm) - 1)
		n = sizeof(out->comm) - 1;
	f[F_PID] = strtoll(line, NULL, 10);
	p = close_ + 3; /* past the state */
	for (int i = F_STATE + 1; i <= STAT_FIELDS; i++) {
		char *end;

		f[i] = strtoll(p, &end, 10);
		if (end == p)
			return false;
		p = end;
	}
	memset(out->comm, 0, sizeof(out->comm));
	memcpy(out->comm, open_ + 1, n);
	out->pid = (int32_t)f[F_PID];
	out->state = (uint8_t)close_[2];
	out->start_ticks = (uint64_t)f[F_START];
	out->minor = f[F_MINOR];
	out->major = f[F_MAJOR];
	out->children_minor = f[F_CHILDREN_MINOR];
	out->children_major = f[F_CHILDREN_MAJOR];
	out->user_ns = f[F_USER] * tick_ns;
	out->system_ns = f[F_SYSTEM] * tick_ns;
	out->children_user_ns = f[F_CHILDREN_USER] * tick_ns;
	out->children_system_ns = f[F_CHILDREN_SYSTEM] * tick_ns;
	out->rss_bytes = f[F_RSS] * page_size;
	*threads = (int)f[F_THREADS];
	return true;
}

void proc_sample_divide(struct marker_sample *now, const struct marker_sample *before,
			int64_t total_ns)
{
	int64_t ticks = now->user_ns + now->system_ns;
	int64_t system;

	if (total_ns < before->user_ns + before->system_ns)
		total_ns = before->user_ns + before->system_ns;
	system = ticks ? (int64_t)((__int128)total_ns * now->system_ns / ticks) : 0;
	if (system < before->system_ns)
		system = before->system_ns;
	if (total_ns - system < before->user_ns)
		system = total_ns - before->user_ns;
	now->system_ns = system;
	now->user_ns = total_ns - system;
}

static int open_stat(pid_t pid)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	return open(path, O_RDONLY | O_CLOEXEC);
}

static int open_children(pid_t pid)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", (int)pid, (int)pid);
	return open(path, O_RDONLY | O_CLOEXEC);
}

/* 0, or -errno: is this the id of a whole process? */
static int check_process(pid_t pid)
{
	auto_fclose FILE *f = NULL;
	char path[64], line[256];
	int tgid = -1;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	f = fopen(path, "re");
	if (!f)
		return errno == ENOENT ? -ESRCH : -errno;
	while (tgid < 0 && fgets(line, sizeof(line), f))
		if (sscanf(line, "Tgid: %d", &tgid) == 1)
			break;
	/* The kernel says 0 of a process that is just reaped. */
	return tgid == pid ? 0 : tgid <= 0 ? -ESRCH : -EINVAL;
}

int proc_sample_open(struct proc_sample *p, pid_t pid)
{
	int result;

	*p = (struct proc_sample){ .pid = pid, .stat_fd = -1, .children_fd = -1, .pid_fd = -1 };
	p->stat_fd = open_stat(pid);
	if (p->stat_fd < 0)
		return errno == ENOENT ? -ESRCH : -errno;
	result = check_process(pid);
	p->has_clock = result == 0 && clock_getcpuclockid(pid, &p->clock) == 0;
	if (result == 0)
		result = proc_sample_read(p);
	if (result < 0) {
		proc_sample_close(p);
		return result;
	}
	p->children_fd = open_children(pid);
	p->pid_fd = (int)syscall(SYS_pidfd_open, pid, 0);
	return 0;
}

void proc_sample_close(struct proc_sample *p)
{
	mem_close_p(&p->stat_fd);
	mem_close_p(&p->children_fd);
	mem_close_p(&p->pid_fd);
	p->stat_fd = -1;
	p->children_fd = -1;
	p->pid_fd = -1;
}

/* The figures that a file stat of /proc holds now. */
static int read_stat(int fd, struct marker_sample *out, int *threads)
{
	static int64_t tick_ns, page_size;
	char line[1024];
	ssize_t n;

	if (!tick_ns) {
		tick_ns = 1000000000 / sysconf(_SC_CLK_TCK);
		page_size = sysconf(_SC_PAGESIZE);
	}
	n = pread(fd, line, sizeof(line) - 1, 0);
	if (n <= 0)
		return n < 0 ? -errno : -ESRCH;
	line[n] = '\0';
	return proc_sample_parse(line, tick_ns, page_size, out, threads) ? 0 : -EIO;
}

int proc_sample_read(struct proc_sample *p)
{
	struct marker_sample now = p->figures;
	struct timespec cpu_time;
	int result = read_stat(p->stat_fd, &now, &p->threads);

	if (result < 0)
		return result;
	/* Exact, which ticks are not; its pid cannot be another's as long as stat can be read. */
	if (p->has_clock && clock_gettime(p->clock, &cpu_time) == 0)
		proc_sample_divide(&now, &p->figures,
				   (int64_t)cpu_time.tv_sec * 1000000000 + cpu_time.tv_nsec);
	else if (now.user_ns < p->figures.user_ns || now.system_ns < p->figures.system_ns)
		proc_sample_divide(&now, &p->figures, now.user_ns + now.system_ns);
	p->figures = now;
	return 0;
}

/* Takes off what a thread has used, if it lives: the first one stays when it has ended. */
static void take_off(struct marker_sample *dead, int task_fd, const char *tid)
{
	auto_close int fd = -1, schedstat = -1;
	struct marker_sample f;
	char file[300], text[64];
	int64_t ns, ticks;
	ssize_t n;
	int threads;

	snprintf(file, sizeof(file), "%s/stat", tid);
	fd = openat(task_fd, file, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || read_stat(fd, &f, &threads) < 0 || f.state == 'Z' || f.state == 'X')
		return;
	dead->minor -= f.minor;
	dead->major -= f.major;
	/* What it ran exactly, divided as its ticks are. */
	snprintf(file, sizeof(file), "%s/schedstat", tid);
	schedstat = openat(task_fd, file, O_RDONLY | O_CLOEXEC);
	n = schedstat < 0 ? -1 : read(schedstat, text, sizeof(text) - 1);
	ticks = f.user_ns + f.system_ns;
	ns = n > 0 ? (text[n] = '\0', strtoll(text, NULL, 10)) : ticks;
	f.system_ns = ticks ? (int64_t)((__int128)ns * f.system_ns / ticks) : 0;
	dead->system_ns -= f.system_ns;
	dead->user_ns -= ns - f.system_ns;
}

static int64_t not_negative(int64_t v)
{
	return v < 0 ? 0 : v;
}

void proc_sample_dead(struct proc_sample *p, struct marker_sample *dead)
{
	struct dirent *entry;
	char path[64];
	DIR *dir;

	*dead = (struct marker_sample){ 0 };
	/* First the whole, then its parts: what is used in between makes it less. */
	if (proc_sample_read(p) < 0)
		return;
	snprintf(path, sizeof(path), "/proc/%d/task", (int)p->pid);
	dir = opendir(path);
	if (!dir)
		return;
	*dead = p->figures;
	while ((entry = readdir(dir)))
		if (entry->d_name[0] >= '0' && entry->d_name[0] <= '9')
			take_off(dead, dirfd(dir), entry->d_name);
	closedir(dir);
	dead->minor = not_negative(dead->minor);
	dead->major = not_negative(dead->major);
	dead->user_ns = not_negative(dead->user_ns);
	dead->system_ns = not_negative(dead->system_ns);
}

static int read_children(int fd, int (*found)(void *self, pid_t child), void *self)
{
	char text[4096];
	size_t kept = 0;
	off_t at = 0;

	for (;;) {
		ssize_t n = pread(fd, text + kept, sizeof(text) - 1 - kept, at);
		char *p = text, *end;

		if (n <= 0)
			return 0; /* its end, or that of the process */
		at += n;
		text[kept + (size_t)n] = '\0';
		while ((end = strchr(p, ' '))) {
			int result = found(self, (pid_t)atoi(p));

			if (result < 0)
				return result;
			p = end + 1;
		}
		kept = strlen(p);
		memmove(text, p, kept);
	}
}

int proc_sample_children(const struct proc_sample *p, int (*found)(void *self, pid_t child),
			 void *self)
{
	int result = p->children_fd >= 0 ? read_children(p->children_fd, found, self) : 0;
	struct dirent *entry;
	char path[64];
	DIR *dir;

	/* Each thread has its own children. */
	if (result < 0 || p->threads <= 1 || p->children_fd < 0)
		return result;
	snprintf(path, sizeof(path), "/proc/%d/task", (int)p->pid);
	dir = opendir(path);
	while (result >= 0 && dir && (entry = readdir(dir))) {
		auto_close int fd = -1;
		char file[300];

		if (entry->d_name[0] < '0' || entry->d_name[0] > '9' ||
		    atoi(entry->d_name) == p->pid)
			continue;
		snprintf(file, sizeof(file), "%s/children", entry->d_name);
		fd = openat(dirfd(dir), file, O_RDONLY | O_CLOEXEC);
		if (fd >= 0)
			result = read_children(fd, found, self);
	}
	if (dir)
		closedir(dir);
	return result;
}
