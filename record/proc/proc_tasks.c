/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "record/proc/proc_tasks.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"

bool proc_tasks_parse_stat(const char *line, struct marker_task *task)
{
	const char *open = strchr(line, '(');
	const char *close_ = strrchr(line, ')'); /* a name may hold any of these */
	size_t n;
	int used = 0;

	if (!open || !close_ || close_ < open || sscanf(line, "%d", &task->pid) != 1)
		return false;
	n = (size_t)(close_ - open - 1);
	if (n > sizeof(task->comm) - 1)
		n = sizeof(task->comm) - 1;
	memcpy(task->comm, open + 1, n);
	/* Fields 3 and 4, 22 and 39. */
	if (sscanf(close_ + 1,
		   " %c %d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d "
		   "%" SCNu64 "%n",
		   (char *)&task->state, &task->ppid, &task->start_ticks, &used) != 3)
		return false;
	line = close_ + 1 + used; /* at the blank before field 23 */
	for (int field = 23; field < 39; field++) {
		line = strchr(line + 1, ' ');
		if (!line)
			return false;
	}
	task->cpu = atoi(line + 1);
	return true;
}

/* Why a file of /proc cannot be read: it has ended meanwhile, or is hidden from us. */
static bool is_gone(int errnum)
{
	return errnum == ENOENT || errnum == ESRCH || errnum == EACCES || errnum == EPERM;
}

/* Bytes read, 0 if there is nothing any more, or -errno. */
static ssize_t read_text(int directory, const char *file, char *text, size_t size)
{
	auto_close int fd = openat(directory, file, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd >= 0 ? read(fd, text, size - 1) : -1;

	if (n < 0)
		return is_gone(errno) ? 0 : -errno;
	text[n] = '\0';
	return n;
}

static int read_rss(int directory, const char *pid, struct marker_task *task)
{
	static const char *const names[] = { "\nRssFile:", "\nRssAnon:", "\nVmSwap:",
					     "\nRssShmem:" };
	char file[300], text[4096];
	ssize_t n;

	snprintf(file, sizeof(file), "%s/status", pid);
	n = read_text(directory, file, text, sizeof(text));
	for (int i = 0; n > 0 && i < 4; i++) {
		const char *at = strstr(text, names[i]);
		int64_t kb;

		if (at && sscanf(at + strlen(names[i]), "%" SCNd64, &kb) == 1)
			task->rss_bytes[i] = kb * 1024;
	}
	return n < 0 ? (int)n : 0;
}

static int add(struct task_list *list, const struct marker_task *task)
{
	if ((list->n & (list->n - 1)) == 0) { /* a power of two: full */
		size_t room = list->n ? 2 * list->n : 1;
		struct marker_task *items = reallocarray(list->items, room, sizeof(*items));

		if (!items)
			return -ENOMEM;
		list->items = items;
	}
	list->items[list->n++] = *task;
	return 0;
}

static int read_thread(struct task_list *list, int proc, const char *pid, int directory,
		       const char *tid, bool with_rss)
{
	struct marker_task task = { .tgid = atoi(pid), .rss_bytes = { -1, -1, -1, -1 } };
	char file[300], text[1024];
	ssize_t n;
	int r = 0;

	snprintf(file, sizeof(file), "%s/stat", tid);
	n = read_text(directory, file, text, sizeof(text));
	if (n <= 0 || !proc_tasks_parse_stat(text, &task))
		return n < 0 ? (int)n : 0;
	if (with_rss && task.pid == task.tgid)
		r = read_rss(proc, pid, &task);
	return r < 0 ? r : add(list, &task);
}

static int read_threads(struct task_list *list, int proc, const char *pid, bool with_rss)
{
	char file[300];
	struct dirent *entry;
	int directory, r = 0;
	DIR *dir;

	snprintf(file, sizeof(file), "%s/task", pid);
	directory = openat(proc, file, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	dir = directory >= 0 ? fdopendir(directory) : NULL;
	if (!dir) {
		r = is_gone(errno) ? 0 : -errno;
		mem_close_p(&directory);
		return r;
	}
	while (r == 0 && (entry = readdir(dir)))
		if (entry->d_name[0] >= '0' && entry->d_name[0] <= '9')
			r = read_thread(list, proc, pid, directory, entry->d_name, with_rss);
	closedir(dir);
	return r;
}

int proc_tasks_read(struct task_list *list, bool with_rss, struct schedtrace_error *err)
{
	DIR *dir = opendir("/proc");
	int r = dir ? 0 : -errno;
	struct dirent *entry;

	*list = (struct task_list){ 0 };
	while (r == 0 && (entry = readdir(dir)))
		if (entry->d_name[0] >= '0' && entry->d_name[0] <= '9')
			r = read_threads(list, dirfd(dir), entry->d_name, with_rss);
	if (dir)
		closedir(dir);
	if (r == 0)
		return 0;
	proc_tasks_free(list);
	return error_errno(err, SCHEDTRACE_E_IO, -r, "listing the tasks in /proc");
}

void proc_tasks_free(struct task_list *list)
{
	free(list->items);
	*list = (struct task_list){ 0 };
}

static int compare_ints(const void *a, const void *b)
{
	const int32_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static void print_name(FILE *out, int32_t pid, const char *name)
{
	fprintf(out, "%d ", pid);
	for (; *name; name++)
		fputc((unsigned char)*name < 0x20 || *name == 0x7f ? '?' : *name, out);
	fputc('\n', out);
}

/* Copies well-formed lines and collects their pids, sorted. */
static int32_t *copy_saved(FILE *out, const char *root, size_t *n)
{
	auto_free char *path = NULL;
	auto_free char *line = NULL;
	auto_fclose FILE *f = NULL;
	int32_t *pids = NULL;
	size_t size = 0, room = 0;

	*n = 0;
	if (!root || asprintf(&path, "%s/saved_cmdlines", root) < 0)
		return NULL;
	f = fopen(path, "re");
	while (f && getline(&line, &size, f) > 0) {
		char *name;
		long pid = strtol(line, &name, 10);

		if (name == line || *name != ' ' || pid <= 0 || pid > INT32_MAX)
			continue;
		if (*n == room) {
			int32_t *more = reallocarray(pids, 2 * room + 64, sizeof(*pids));

			if (!more)
				break;
			pids = more;
			room = 2 * room + 64;
		}
		pids[(*n)++] = (int32_t)pid;
		name[strcspn(name, "\n")] = '\0';
		print_name(out, (int32_t)pid, name + 1);
	}
	if (*n)
		qsort(pids, *n, sizeof(*pids), compare_ints);
	return pids;
}

char *proc_tasks_cmdlines(const struct task_list *list, const char *root)
{
	auto_free int32_t *saved = NULL;
	char *text = NULL;
	size_t bytes, n;
	FILE *out = open_memstream(&text, &bytes);

	if (!out)
		return NULL;
	saved = copy_saved(out, root, &n);
	for (size_t i = 0; i < list->n; i++)
		if (!n || !bsearch(&list->items[i].pid, saved, n, sizeof(*saved), compare_ints))
			print_name(out, list->items[i].pid, list->items[i].comm);
	if (fclose(out) != 0) {
		free(text);
		return NULL;
	}
	return text;
}
