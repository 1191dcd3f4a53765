/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The processes that a recording is about: own children, a folder in place of a cgroup's. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "record/attach.h"

static pid_t child(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		pause();
		_exit(0);
	}
	assert_true(pid > 0);
	return pid;
}

static void end(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void what_is_no_list_of_pids_is_refused(void **state)
{
	static const char *const lists[] = { "",     "x",   "1,",	  ",1",
					     "1,,2", "1;2", "-1",	  "0",
					     "1,-2", " 1",  "+1",	  "1 ",
					     "1x",   "0x1", "2147483648", "99999999999999999999" };
	struct schedtrace_error err;
	struct attach a;

	for (size_t i = 0; i < sizeof(lists) / sizeof(*lists); i++) {
		assert_int_equal(attach_open(&a, lists[i], NULL, &err), SCHEDTRACE_E_USAGE);
		assert_non_null(strstr(err.text, "no list of pids"));
		assert_null(a.pids);
	}
}

static void processes_that_cannot_be_meant_are_refused(void **state)
{
	struct schedtrace_error err;
	struct attach a;
	char text[64];
	pid_t gone;

	gone = child();
	end(gone);
	snprintf(text, sizeof(text), "%d", gone);
	assert_int_equal(attach_open(&a, text, NULL, &err), SCHEDTRACE_E_USAGE);
	assert_non_null(strstr(err.text, "there is no process"));
	snprintf(text, sizeof(text), "1,%d", getpid());
	assert_int_equal(attach_open(&a, text, NULL, &err), SCHEDTRACE_E_USAGE);
	assert_non_null(strstr(err.text, "schedrec itself"));
}

static void it_has_ended_when_the_last_process_has(void **state)
{
	struct schedtrace_error err;
	struct attach a;
	pid_t one, two;
	char text[64];

	one = child();
	two = child();
	snprintf(text, sizeof(text), "%d,%d,%d", one, two, one);
	assert_int_equal(attach_open(&a, text, NULL, &err), 0);
	assert_int_equal(a.n_named, 2); /* one of them was named twice */
	assert_false(attach_ended(&a));
	end(one);
	assert_false(attach_ended(&a));
	end(two);
	assert_true(attach_ended(&a));
	assert_true(attach_ended(&a));
	attach_close(&a);
}

static void nothing_attached_never_ends(void **state)
{
	struct attach a;

	assert_int_equal(attach_open(&a, NULL, NULL, NULL), 0);
	assert_false(attach_any(&a));
	assert_false(attach_ended(&a));
	attach_close(&a);
}

static void write_members(const char *folder, const char *members)
{
	char path[128];
	FILE *f;

	snprintf(path, sizeof(path), "%s/cgroup.procs", folder);
	f = fopen(path, "w");
	assert_non_null(f);
	fputs(members, f);
	assert_int_equal(fclose(f), 0);
}

static void a_cgroup_is_its_folder_and_those_below(void **state)
{
	char root[] = "/tmp/attach-XXXXXX", below[64], path[128];
	struct schedtrace_error err;
	struct attach a;

	assert_non_null(mkdtemp(root));
	snprintf(below, sizeof(below), "%s/below", root);
	assert_int_equal(mkdir(below, 0700), 0);
	assert_int_equal(attach_open(&a, NULL, root, &err), SCHEDTRACE_E_USAGE);
	assert_non_null(strstr(err.text, "no mounted cgroup file system has"));
	write_members(root, "");
	write_members(below, "");
	assert_int_equal(attach_open(&a, NULL, root, &err), SCHEDTRACE_E_USAGE);
	assert_non_null(strstr(err.text, "has no processes"));

	write_members(root, "10\n20\n");
	write_members(below, "30\n10\n");
	assert_int_equal(attach_open(&a, NULL, root, &err), 0);
	assert_int_equal(a.n, 3);
	assert_int_equal(a.n_named, 0);
	assert_false(attach_ended(&a));
	write_members(root, "");
	assert_false(attach_ended(&a)); /* 30 is left */
	write_members(below, "");
	assert_true(attach_ended(&a));
	attach_close(&a);
	snprintf(path, sizeof(path), "%s/cgroup.procs", below);
	remove(path);
	remove(below);
	snprintf(path, sizeof(path), "%s/cgroup.procs", root);
	remove(path);
	remove(root);
}

static void the_tree_is_the_processes_their_threads_and_descendants(void **state)
{
	/* Children stand before their parents, too. */
	struct marker_task tasks[] = {
		{ .pid = 1, .tgid = 1, .ppid = 0 },    { .pid = 9, .tgid = 9, .ppid = 40 },
		{ .pid = 20, .tgid = 20, .ppid = 1 },  { .pid = 21, .tgid = 20, .ppid = 1 },
		{ .pid = 30, .tgid = 30, .ppid = 20 }, { .pid = 31, .tgid = 30, .ppid = 20 },
		{ .pid = 40, .tgid = 40, .ppid = 30 }, { .pid = 50, .tgid = 50, .ppid = 1 },
		{ .pid = 60, .tgid = 60, .ppid = 50 }, { .pid = 70, .tgid = 70, .ppid = 1 },
	};
	static const bool of_pid[] = { 0, 1, 1, 1, 1, 1, 1, 0, 0, 0 };
	static const bool of_both[] = { 0, 1, 1, 1, 1, 1, 1, 0, 1, 0 };
	struct task_list list = { tasks, sizeof(tasks) / sizeof(*tasks) };
	pid_t pids[] = { 20 };
	struct attach a = { .pids = pids, .n = 1, .n_named = 1, .epoll_fd = -1 };

	assert_int_equal(attach_mark(&a, 0, &list), 6);
	for (size_t i = 0; i < list.n; i++)
		assert_int_equal(!!(tasks[i].flags & MARKER_TASK_TREE), of_pid[i]);
	for (size_t i = 0; i < list.n; i++)
		tasks[i].flags = 0;
	assert_int_equal(attach_mark(&a, 50, &list), 7); /* and what is a child of 50 */
	for (size_t i = 0; i < list.n; i++)
		assert_int_equal(!!(tasks[i].flags & MARKER_TASK_TREE), of_both[i]);
	for (size_t i = 0; i < list.n; i++)
		tasks[i].flags = 0;
	pids[0] = 12345; /* that has ended */
	assert_int_equal(attach_mark(&a, 0, &list), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_no_list_of_pids_is_refused),
		cmocka_unit_test(processes_that_cannot_be_meant_are_refused),
		cmocka_unit_test(it_has_ended_when_the_last_process_has),
		cmocka_unit_test(nothing_attached_never_ends),
		cmocka_unit_test(a_cgroup_is_its_folder_and_those_below),
		cmocka_unit_test(the_tree_is_the_processes_their_threads_and_descendants),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
