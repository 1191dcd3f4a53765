/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "record/proc/proc_sample.h"

static void a_line_of_stat_is_read_whatever_the_name(void **state)
{
	static const char line[] =
		"4711 (a) R (b c) S 1 4711 4711 0 -1 4194304 101 202 3 4 55 66 7 8 20 0 5 0 99 "
		"1000000 250 18446744073709551615 1 1";
	struct marker_sample s = { .flags = SAMPLE_REGISTERED };
	int threads;

	assert_true(proc_sample_parse(line, 10000000, 4096, &s, &threads));
	assert_int_equal(s.pid, 4711);
	assert_int_equal(s.state, 'S');
	assert_string_equal(s.comm, "a) R (b c");
	assert_int_equal(s.minor, 101);
	assert_int_equal(s.children_minor, 202);
	assert_int_equal(s.major, 3);
	assert_int_equal(s.children_major, 4);
	assert_int_equal(s.user_ns, 550000000);
	assert_int_equal(s.system_ns, 660000000);
	assert_int_equal(s.children_user_ns, 70000000);
	assert_int_equal(s.children_system_ns, 80000000);
	assert_int_equal(threads, 5);
	assert_int_equal(s.start_ticks, 99);
	assert_int_equal(s.rss_bytes, 250 * 4096);
}

static void a_line_that_is_cut_is_refused(void **state)
{
	static const char *const lines[] = { "",	 "12",		 "12 (a",   "12 (a)",
					     "12 (a) S", "12 (a) S 1 2", ")12( S 1" };
	struct marker_sample s;
	int threads;

	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++)
		assert_false(proc_sample_parse(lines[i], 1, 1, &s, &threads));
}

static void divide(struct marker_sample *s, int64_t user, int64_t system, int64_t total)
{
	struct marker_sample before = *s;

	s->user_ns = user;
	s->system_ns = system;
	proc_sample_divide(s, &before, total);
	assert_int_equal(s->user_ns + s->system_ns, total);
	assert_true(s->user_ns >= before.user_ns && s->system_ns >= before.system_ns);
}

static void times_add_up_to_the_exact_sum_and_never_go_back(void **state)
{
	struct marker_sample s = { 0 };

	divide(&s, 0, 0, 7); /* before the first tick all is user time */
	assert_int_equal(s.user_ns, 7);
	divide(&s, 30, 10, 44);
	assert_int_equal(s.system_ns, 11);
	divide(&s, 30, 30, 64); /* as ticks say it would be 32 and 32, but 33 were user already */
	assert_int_equal(s.user_ns, 33);
	assert_int_equal(s.system_ns, 31);
}

static void a_process_that_has_ended_can_be_read_until_it_is_waited_for(void **state)
{
	struct proc_sample p;
	struct rusage u;
	pid_t pid = fork();
	siginfo_t info;

	if (pid == 0) {
		char *memory = malloc(4 << 20);

		for (size_t i = 0; memory && i < 4 << 20; i += 4096)
			((volatile char *)memory)[i] = 1;
		pause();
		_exit(0);
	}
	assert_int_equal(proc_sample_open(&p, pid), 0);
	kill(pid, SIGKILL);
	assert_int_equal(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
	assert_int_equal(proc_sample_read(&p), 0);
	assert_int_equal(p.figures.state, 'Z');
	assert_int_equal(wait4(pid, NULL, 0, &u), pid);
	assert_int_equal(p.figures.minor, u.ru_minflt);
	assert_int_equal(p.figures.major, u.ru_majflt);
	assert_int_equal(proc_sample_read(&p), -ESRCH);
	proc_sample_close(&p);
}

static int count_child(void *self, pid_t child)
{
	pid_t *wanted = self;

	if (child == *wanted)
		*wanted = 0;
	return 0;
}

static void children_are_found_and_nobody_is_refused(void **state)
{
	struct proc_sample p;
	pid_t child = fork(), wanted = child;

	if (child == 0) {
		pause();
		_exit(0);
	}
	assert_int_equal(proc_sample_open(&p, getpid()), 0);
	proc_sample_children(&p, count_child, &wanted);
	proc_sample_close(&p);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	assert_int_equal(wanted, 0);
	assert_int_equal(proc_sample_open(&p, 999999999), -ESRCH);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_of_stat_is_read_whatever_the_name),
		cmocka_unit_test(a_line_that_is_cut_is_refused),
		cmocka_unit_test(times_add_up_to_the_exact_sum_and_never_go_back),
		cmocka_unit_test(a_process_that_has_ended_can_be_read_until_it_is_waited_for),
		cmocka_unit_test(children_are_found_and_nobody_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
