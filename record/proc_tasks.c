/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "record/proc_tasks.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libschedtrace/mem.h"

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

static bool read_text(int directory, const char *file, char *text, size_t size)
{
	auto_close int fd = openat(directory, file, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd >= 0 ? read(fd, text, size - 1) : -1;

	if (n <= 0)
		return false;
	text[n] = '\0';
	return true;
}

static void read_rss(int directory, const char *pid, struct marker_task *task)
{
	static const char *const names[] = { "\nRssFile:", "\nRssAnon:", "\nVmSwap:",
					     "\nRssShmem:" };
	char file[300], text[4096];

	snprintf(file, sizeof(file), "%s/status", pid);
	if (!read_text(directory, file, text, sizeof(text)))
		return;
	for (int i = 0; i < 4; i++) {
		const char *at = strstr(text, names[i]);
		int64_t kb;

		if (at && sscanf(at + strlen(names[i]), "%" SCNd64, &kb) == 1)
			task->rss_bytes[i] = kb * 1024;
	}
}

static bool add(struct task_list *list, const struct marker_task *task)
{
	if ((list->n & (list->n - 1)) == 0) { /* a power of two: full */
		size_t room = list->n ? 2 * list->n : 1;
		struct marker_task *items = reallocarray(list->items, room, sizeof(*items));

		if (!items)
			return false;
		list->items = items;
	}
	list->items[list->n++] = *task;
	return true;
}

static bool read_threads(struct task_list *list, int proc, const char *pid, bool with_rss)
{
	char file[300], text[1024];
	struct dirent *entry;
	int directory;
	DIR *dir;

	snprintf(file, sizeof(file), "%s/task", pid);
	directory = openat(proc, file, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	dir = directory >= 0 ? fdopendir(directory) : NULL;
	if (!dir) {
		if (directory >= 0)
			close(directory);
		return true; /* it has ended meanwhile */
	}
	while ((entry = readdir(dir))) {
		struct marker_task task = { .tgid = atoi(pid), .rss_bytes = { -1, -1, -1, -1 } };

		if (entry->d_name[0] < '0' || entry->d_name[0] > '9')
			continue;
		snprintf(file, sizeof(file), "%s/stat", entry->d_name);
		if (!read_text(directory, file, text, sizeof(text)) ||
		    !proc_tasks_parse_stat(text, &task))
			continue;
		if (with_rss && task.pid == task.tgid)
			read_rss(proc, pid, &task);
		if (!add(list, &task)) {
			closedir(dir);
			return false;
		}
	}
	closedir(dir);
	return true;
}

bool proc_tasks_read(struct task_list *list, bool with_rss)
{
	DIR *dir = opendir("/proc");
	struct dirent *entry;
	bool ok = true;

	*list = (struct task_list){ 0 };
	while (ok && dir && (entry = readdir(dir)))
		if (entry->d_name[0] >= '0' && entry->d_name[0] <= '9')
			ok = read_threads(list, dirfd(dir), entry->d_name, with_rss);
	if (dir)
		closedir(dir);
	if (!ok)
		proc_tasks_free(list);
	return ok;
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
