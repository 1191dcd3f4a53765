/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* CPUs that come and go, in a folder in place of the kernel's; markers are read from a pipe. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#include "record/tracefs/hotplug.h"
#include "tracedat/markers.h"

static char root[] = "/tmp/hotplug-XXXXXX";

static void set(const char *file, const char *list)
{
	char path[64];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", root, file);
	if (!list) {
		remove(path);
		return;
	}
	f = fopen(path, "w");
	assert_non_null(f);
	fprintf(f, "%s\n", list);
	assert_int_equal(fclose(f), 0);
}

/* What was noted: "-1 +3 ", in order. */
static const char *noted(int fd)
{
	struct {
		struct marker_header header;
		struct marker_hotplug change;
	} m;
	static char text[256];
	size_t n = 0;

	text[0] = '\0';
	while (read(fd, &m, sizeof(m)) == (ssize_t)sizeof(m)) {
		assert_int_equal(m.header.id, MARKER_ID);
		assert_int_equal(m.header.kind, MARKER_HOTPLUG);
		assert_int_equal(m.header.bytes, sizeof(m.change));
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%c%d ",
				      m.change.online ? '+' : '-', m.change.cpu);
	}
	return text;
}

struct noting {
	struct hotplug h;
	int fds[2]; /* of markers */
};

static void begin(struct noting *n, const char *online, const char *present)
{
	set("online", online);
	set("present", present);
	assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, n->fds), 0);
	assert_int_equal(hotplug_open(&n->h, root, 8, NULL), 0);
	/* This machine's own CPUs are none of ours. */
	if (n->h.uevent_fd >= 0)
		close(n->h.uevent_fd);
	n->h.uevent_fd = -1;
}

static void end(struct noting *n)
{
	hotplug_close(&n->h);
	close(n->fds[0]);
	close(n->fds[1]);
}

static const char *look(struct noting *n)
{
	assert_int_equal(hotplug_look(&n->h, n->fds[0], NULL), 0);
	return noted(n->fds[1]);
}

static void a_cpu_that_leaves_or_joins_the_list_is_noted_once(void **state)
{
	struct noting n;

	begin(&n, "0-7", "0-7");
	assert_string_equal(look(&n), "");
	set("online", "0-2,4,6-7");
	assert_string_equal(look(&n), "-3 -5 ");
	assert_string_equal(look(&n), "");
	set("online", "0-5,7");
	assert_string_equal(look(&n), "+3 +5 -6 ");
	end(&n);
}

static void a_file_begins_with_the_present_cpus_that_are_offline(void **state)
{
	struct noting n;

	begin(&n, "0,2", "0-3");
	assert_int_equal(hotplug_note_offline(&n.h, n.fds[0], NULL), 0);
	assert_string_equal(noted(n.fds[1]), "-1 -3 ");
	set("online", "0-2,5"); /* 5 was plugged in meanwhile */
	assert_string_equal(look(&n), "+1 +5 ");
	end(&n);
}

static void what_the_kernel_announces_is_noted_even_if_it_is_over(void **state)
{
	static const char *const messages[] = {
		"offline@/devices/system/cpu/cpu1",	 "add@/devices/virtual/net/lo",
		"online@/devices/system/cpu/cpu1",	 "online@/devices/system/cpu/cpu2",
		"online@/devices/system/memory/memory9", "offline@/devices/system/cpu/cpu99",
	};
	struct noting n;
	int kernel[2];

	begin(&n, "0-7", "0-7");
	assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, kernel), 0);
	n.h.uevent_fd = kernel[0];
	for (size_t i = 0; i < sizeof(messages) / sizeof(*messages); i++)
		assert_true(send(kernel[1], messages[i], strlen(messages[i]) + 1, 0) > 0);
	assert_string_equal(look(&n), "-1 +1 ");
	close(kernel[1]);
	end(&n);
}

static void without_a_list_nothing_is_noted(void **state)
{
	struct noting n;

	begin(&n, NULL, NULL);
	assert_int_equal(hotplug_note_offline(&n.h, n.fds[0], NULL), 0);
	assert_string_equal(look(&n), "");
	end(&n);
	begin(&n, "0-7", "0-7");
	set("online", "0-x");
	assert_string_equal(look(&n), "");
	end(&n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_cpu_that_leaves_or_joins_the_list_is_noted_once),
		cmocka_unit_test(a_file_begins_with_the_present_cpus_that_are_offline),
		cmocka_unit_test(what_the_kernel_announces_is_noted_even_if_it_is_over),
		cmocka_unit_test(without_a_list_nothing_is_noted),
	};
	int failed;

	if (!mkdtemp(root))
		return 1;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	set("online", NULL);
	set("present", NULL);
	rmdir(root);
	return failed;
}
