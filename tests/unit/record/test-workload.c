/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "cli/process.h"
#include "record/workload/workload.h"

static struct signal_state saved;
static const struct identity me;
static const struct workload_options alone = { .identity = &me, .signals = &saved };

static int take_signals(void **state)
{
	sigset_t blocked;

	process_begin("test", 1);
	workload_take_signals(&saved, &blocked);
	return !sigismember(&blocked, SIGCHLD);
}

/* Runs a program to its end; its status as the shell has it. */
static int run(char *const *argv)
{
	struct workload w;
	int status;

	assert_int_equal(workload_prepare(&w, argv, &alone, &status, NULL), 0);
	assert_int_equal(workload_start(&w, argv[0], &status, NULL), 0);
	while (!workload_has_ended(&w))
		usleep(1000);
	return workload_exit_status(&w);
}

#define ARGV(...)  ((char *[]){ __VA_ARGS__, NULL })
#define SH(script) ARGV((char *)"sh", (char *)"-c", (char *)(script))

static void the_status_is_the_commands(void **state)
{
	assert_int_equal(run(SH("exit 0")), 0);
	assert_int_equal(run(SH("exit 43")), 43);
	assert_int_equal(run(SH("kill -TERM $$")), 128 + SIGTERM);
}

static void nothing_runs_before_the_gate_is_opened(void **state)
{
	char path[] = "/tmp/workload-XXXXXX", script[128];
	struct workload w;
	int status, fd = mkstemp(path);

	assert_true(fd >= 0);
	snprintf(script, sizeof(script), "rm %s", path);
	assert_int_equal(workload_prepare(&w, SH(script), &alone, &status, NULL), 0);
	workload_release(&w); /* the gate ends instead of opening */
	assert_true(w.ended);
	assert_int_equal(access(path, F_OK), 0);
	unlink(path);
	close(fd);
}

static void a_program_that_cannot_run_is_told_before_the_gate(void **state)
{
	struct schedtrace_error err;
	struct workload w;
	int status;

	assert_true(workload_prepare(&w, ARGV((char *)"no-such-program"), &alone, &status, &err) <
		    0);
	assert_int_equal(status, 127);
	assert_string_equal(err.text, "no-such-program: command not found");
	assert_true(workload_prepare(&w, ARGV((char *)"/tmp"), &alone, &status, &err) <
		    0);
	assert_int_equal(status, 126);
	assert_true(workload_prepare(&w, ARGV((char *)""), &alone, &status, &err) < 0);
	assert_int_equal(status, 127);
}

static void the_child_has_the_signals_of_its_parent_before(void **state)
{
	/* SIGINT is blocked here and must not be there; SIGPIPE is ignored here and not there. */
	assert_int_equal(run(SH("kill -INT $$")), 128 + SIGINT);
	assert_int_equal(run(SH("kill -PIPE $$")), 128 + SIGPIPE);
}

/* Sends this process's group a signal again and again, and is not of the group. */
static pid_t send_all_the_time(int sig)
{
	pid_t group = getpid(), pid;

	if (getpgrp() != group)
		assert_int_equal(setpgid(0, 0), 0);
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		setpgid(0, 0);
		for (;;)
			kill(-group, sig);
	}
	assert_true(pid > 0);
	return pid;
}

static void a_signal_to_all_does_not_hide_that_the_program_was_found(void **state)
{
	struct workload w;
	pid_t sender = send_all_the_time(SIGTERM);
	int status, failed = 0;

	for (int i = 0; i < 20; i++) {
		failed += workload_prepare(&w, SH("exit 0"), &alone, &status, NULL) < 0;
		workload_release(&w);
	}
	kill(sender, SIGKILL);
	waitpid(sender, &status, 0);
	assert_int_equal(failed, 0);
}

static void orphans_are_waited_for_if_they_are_to_be_followed(void **state)
{
	const struct workload_options followed = { .follow_all = true,
						   .identity = &me,
						   .signals = &saved };
	struct workload w;
	char script[64];
	int fds[2], status;

	assert_int_equal(pipe(fds), 0);
	assert_int_equal(fcntl(fds[1], F_SETFD, FD_CLOEXEC), 0);
	snprintf(script, sizeof(script), "(read x <&%d) & exit 3", fds[0]);
	assert_int_equal(workload_prepare(&w, SH(script), &followed, &status, NULL), 0);
	assert_int_equal(workload_start(&w, "sh", &status, NULL), 0);
	while (!workload_has_ended(&w))
		usleep(1000);
	assert_false(workload_is_over(&w));
	assert_int_equal(workload_descendants(), 1);
	close(fds[1]); /* it reads the end */
	while (!workload_is_over(&w))
		usleep(1000);
	assert_int_equal(workload_descendants(), 0);
	assert_int_equal(workload_exit_status(&w), 3);
	assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0), 0);
	close(fds[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_status_is_the_commands),
		cmocka_unit_test(nothing_runs_before_the_gate_is_opened),
		cmocka_unit_test(a_program_that_cannot_run_is_told_before_the_gate),
		cmocka_unit_test(the_child_has_the_signals_of_its_parent_before),
		cmocka_unit_test(a_signal_to_all_does_not_hide_that_the_program_was_found),
		cmocka_unit_test(orphans_are_waited_for_if_they_are_to_be_followed),
	};

	return cmocka_run_group_tests(tests, take_signals, NULL);
}
