/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Notes in the timeline which CPUs go offline and come online. The kernel announces that on a
 * socket, unless it happens in a suspend; so its list of CPUs is looked at as well.
 */
#ifndef RECORD_TRACEFS_HOTPLUG_H
#define RECORD_TRACEFS_HOTPLUG_H

#include <stdbool.h>

#include <schedtrace/error.h>

#define HOTPLUG_ROOT "/sys/devices/system/cpu"

struct hotplug {
	char *list;   /* path of the file with the CPUs that are online */
	bool *online; /* of @n CPUs, as noted last */
	bool *present;
	int n;
	int uevent_fd; /* readable when something may have changed; -1: nothing tells */
};

/* Of CPUs 0 to @n - 1. Where @root has no list, all are taken to be online. */
int hotplug_open(struct hotplug *h, const char *root, int n, struct schedtrace_error *err);

/* Writes the present CPUs that are offline to @marker_fd: what a file begins with. */
int hotplug_note_offline(const struct hotplug *h, int marker_fd, struct schedtrace_error *err);

/* Writes what has changed since. */
int hotplug_look(struct hotplug *h, int marker_fd, struct schedtrace_error *err);

void hotplug_close(struct hotplug *h);

#endif
