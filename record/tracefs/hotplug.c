/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "record/tracefs/hotplug.h"

#include <linux/netlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cpulist.h"
#include "base/error.h"
#include "base/mem.h"
#include "record/marker_writer.h"

#define UEVENTS_OF_KERNEL 1 /* the multicast group */

/* Sets those of @set that are in the kernel's list. False if it cannot be read. */
static bool read_list(const char *path, bool *set, int n)
{
	auto_fclose FILE *f = fopen(path, "re");
	auto_free char *line = NULL;
	const char *list;
	int32_t first, last;
	size_t size = 0;
	int r;

	if (!f || getline(&line, &size, f) <= 0)
		return false;
	line[strcspn(line, "\n")] = '\0';
	memset(set, false, (size_t)n);
	for (list = line; (r = cpulist_next(&list, &first, &last)) > 0;)
		for (int cpu = first; cpu <= last && cpu < n; cpu++)
			set[cpu] = true;
	return r == 0;
}

int hotplug_open(struct hotplug *h, const char *root, int n, struct schedtrace_error *err)
{
	struct sockaddr_nl address = { .nl_family = AF_NETLINK, .nl_groups = UEVENTS_OF_KERNEL };
	auto_free char *present = NULL;

	*h = (struct hotplug){ .n = n, .uevent_fd = -1 };
	h->online = calloc((size_t)n, sizeof(*h->online));
	h->present = calloc((size_t)n, sizeof(*h->present));
	if (asprintf(&h->list, "%s/online", root) < 0)
		h->list = NULL;
	if (asprintf(&present, "%s/present", root) < 0)
		present = NULL;
	if (!h->online || !h->present || !h->list || !present) {
		hotplug_close(h);
		return error_set(err, SCHEDTRACE_E_NOMEM, "out of memory");
	}
	/* Before the list is read, so that nothing is missed in between. */
	h->uevent_fd =
		socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_KOBJECT_UEVENT);
	if (h->uevent_fd >= 0 &&
	    bind(h->uevent_fd, (const struct sockaddr *)&address, sizeof(address)) != 0)
		close(steal_fd(&h->uevent_fd));
	if (!read_list(h->list, h->online, n))
		memset(h->online, true, (size_t)n);
	if (!read_list(present, h->present, n))
		memset(h->present, true, (size_t)n);
	return 0;
}

static int note(struct hotplug *h, int cpu, bool online, int marker_fd,
		struct schedtrace_error *err)
{
	if (cpu < 0 || cpu >= h->n || h->online[cpu] == online)
		return 0;
	h->online[cpu] = online;
	return marker_write_hotplug(marker_fd, cpu, online, err);
}

int hotplug_note_offline(const struct hotplug *h, int marker_fd, struct schedtrace_error *err)
{
	int r = 0;

	for (int cpu = 0; r == 0 && cpu < h->n; cpu++)
		if (!h->online[cpu] && h->present[cpu])
			r = marker_write_hotplug(marker_fd, cpu, false, err);
	return r;
}

int hotplug_look(struct hotplug *h, int marker_fd, struct schedtrace_error *err)
{
	auto_free bool *now = calloc((size_t)h->n, sizeof(*now));
	char message[4096]; /* "offline@/devices/system/cpu/cpu1", and more behind a NUL */
	int cpu, r = 0;
	ssize_t n;

	if (!now)
		return error_set(err, SCHEDTRACE_E_NOMEM, "out of memory");
	while (r == 0 && h->uevent_fd >= 0 &&
	       (n = recv(h->uevent_fd, message, sizeof(message) - 1, 0)) > 0) {
		message[n] = '\0';
		if (sscanf(message, "online@/devices/system/cpu/cpu%d", &cpu) == 1)
			r = note(h, cpu, true, marker_fd, err);
		else if (sscanf(message, "offline@/devices/system/cpu/cpu%d", &cpu) == 1)
			r = note(h, cpu, false, marker_fd, err);
	}
	if (!read_list(h->list, now, h->n))
		return r;
	for (cpu = 0; r == 0 && cpu < h->n; cpu++)
		r = note(h, cpu, now[cpu], marker_fd, err);
	return r;
}

void hotplug_close(struct hotplug *h)
{
	mem_close_p(&h->uevent_fd);
	free(h->list);
	free(h->online);
	free(h->present);
	*h = (struct hotplug){ .uevent_fd = -1 };
}
