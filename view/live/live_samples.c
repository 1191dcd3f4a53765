/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "view/live/live_samples.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "record/attach.h"

/* Fields of /proc/PID/stat behind the name, from 0: proc(5) counts them from 3. */
enum {
	MINOR = 7,
	MAJOR = 9,
	USER = 11,
	SYSTEM = 12,
	START = 19,
	RSS = 21,
	CPU = 36,
	GUEST = 40,
	N_FIELDS = 41,
};

bool live_sample_parse(const char *line, int64_t tick_ns, int64_t page_size,
		       struct live_sample *out)
{
	const char *at = strrchr(line, ')'); /* a name may hold any byte */
	int64_t fields[N_FIELDS] = { 0 };
	char *end;

	if (!at || at[1] != ' ' || !at[2])
		return false;
	at += 3; /* the state, a letter */
	for (int i = 1; i < N_FIELDS; i++) {
		fields[i] = strtoll(at, &end, 10);
		if (end == at)
			return false;
		at = end;
	}
	out->guest_ns = fields[GUEST] * tick_ns;
	out->user_ns = fields[USER] * tick_ns - out->guest_ns;
	out->system_ns = fields[SYSTEM] * tick_ns;
	out->minor = fields[MINOR];
	out->major = fields[MAJOR];
	out->start = (uint64_t)fields[START];
	out->rss_bytes = fields[RSS] * page_size;
	out->cpu = (int32_t)fields[CPU];
	return true;
}

static bool read_line(int folder, const char *thread, char *line, size_t size)
{
	char path[32];
	auto_close int fd = -1;
	ssize_t n;

	snprintf(path, sizeof(path), "%s/stat", thread);
	fd = openat(folder, path, O_RDONLY | O_CLOEXEC);
	n = fd >= 0 ? read(fd, line, size - 1) : -1;
	if (n > 0)
		line[n] = '\0';
	return n > 0;
}

/* Threads come and go meanwhile: one that cannot be read has ended. */
static void read_thread(struct live_samples *samples, int folder, const char *thread)
{
	static int64_t tick_ns, page_size;
	struct live_sample sample = { .pid = atoi(thread) };
	struct stat status;
	char line[1024];

	if (!tick_ns) {
		page_size = sysconf(_SC_PAGESIZE);
		tick_ns = 1000000000 / sysconf(_SC_CLK_TCK);
	}
	if (!read_line(folder, thread, line, sizeof(line)) ||
	    fstatat(folder, thread, &status, 0) < 0 ||
	    !live_sample_parse(line, tick_ns, page_size, &sample) ||
	    !array_room(samples->list, samples->n, samples->cap))
		return;
	sample.user = status.st_uid;
	samples->list[samples->n++] = sample;
}

static void read_process(struct live_samples *samples, int proc, const char *process)
{
	char path[32];
	DIR *threads;
	struct dirent *entry;
	int fd;

	snprintf(path, sizeof(path), "%.15s/task", process);
	fd = openat(proc, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	threads = fd >= 0 ? fdopendir(fd) : NULL;
	if (!threads) {
		mem_close_p(&fd);
		return;
	}
	while ((entry = readdir(threads)))
		if (isdigit((unsigned char)*entry->d_name))
			read_thread(samples, dirfd(threads), entry->d_name);
	closedir(threads);
}

static int by_pid(const void *a, const void *b)
{
	const struct live_sample *x = a, *y = b;

	return x->pid < y->pid ? -1 : x->pid > y->pid;
}

void live_samples_read(struct live_samples *samples)
{
	DIR *proc = attach_check_namespace("", NULL) < 0 ? NULL : opendir("/proc");
	struct dirent *entry;

	samples->n = 0;
	samples->read = proc;
	if (!proc)
		return;
	while ((entry = readdir(proc)))
		if (isdigit((unsigned char)*entry->d_name))
			read_process(samples, dirfd(proc), entry->d_name);
	closedir(proc);
	if (samples->n)
		qsort(samples->list, samples->n, sizeof(*samples->list), by_pid);
}

void live_samples_free(struct live_samples *samples)
{
	free(samples->list);
	*samples = (struct live_samples){ .list = NULL };
}

const struct live_sample *live_samples_find(const struct live_samples *samples, int32_t pid)
{
	const struct live_sample wanted = { .pid = pid };

	return samples->n ? bsearch(&wanted, samples->list, samples->n, sizeof(wanted), by_pid)
			  : NULL;
}

bool live_samples_since(const struct live_samples *before, const struct live_samples *now,
			int32_t pid, struct live_sample *out)
{
	const struct live_sample *then = live_samples_find(before, pid);
	const struct live_sample *found = live_samples_find(now, pid);

	if (!before->read || !found)
		return false;
	*out = *found;
	if (!then || then->start != found->start)
		return true;
	out->user_ns -= then->user_ns;
	out->system_ns -= then->system_ns;
	out->guest_ns -= then->guest_ns;
	out->minor -= then->minor;
	out->major -= then->major;
	return true;
}
