/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Files that appear whole or not at all, whatever ends the program that writes them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/whole_file.h"
#include "base/working_file.h"
#include "cli/outputs.h"

static char directory[] = "/tmp/test-output-XXXXXX";
static struct schedtrace_error err;

/* How many names there are in the directory, but for NAME. */
static int others(const char *name)
{
	DIR *d = opendir(".");
	const struct dirent *entry;
	int n = 0;

	while ((entry = readdir(d)))
		n += strcmp(entry->d_name, ".") && strcmp(entry->d_name, "..") &&
		     strcmp(entry->d_name, name);
	closedir(d);
	return n;
}

static void put(const char *path, const char *text, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
}

static const char *content(const char *path)
{
	static char text[64];
	int fd = open(path, O_RDONLY);
	ssize_t n;

	assert_true(fd >= 0);
	n = read(fd, text, sizeof(text) - 1);
	assert_true(n >= 0);
	text[n] = '\0';
	close(fd);
	return text;
}

static mode_t mode_of(const char *path)
{
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	return st.st_mode & 07777;
}

static void write_whole(const char *path, const char *like)
{
	struct whole_file out;

	assert_int_equal(whole_file_open(&out, path, like, &err), 0);
	assert_int_equal(whole_file_write(&out, "new", 3, &err), 0);
	assert_int_equal(whole_file_commit(&out, &err), 0);
	whole_file_close(&out);
}

static int empty_directory(void **state)
{
	DIR *d = opendir(".");
	const struct dirent *entry;

	while ((entry = readdir(d)))
		unlink(entry->d_name);
	closedir(d);
	return 0;
}

static void a_file_has_its_name_when_it_is_whole_and_replaces_another_then(void **state)
{
	struct whole_file out;

	for (int there = 0; there < 2; there++) {
		if (there)
			put("x", "old", 0644);
		assert_int_equal(whole_file_open(&out, "x", NULL, &err), 0);
		assert_int_equal(whole_file_write(&out, "new", 3, &err), 0);
		assert_int_equal(access("x", F_OK), there - 1);
		assert_int_equal(whole_file_commit(&out, &err), 0);
		assert_string_equal(content("x"), "new");
		whole_file_close(&out);
		assert_int_equal(others("x"), 0);
		unlink("x");
	}
}

static void what_is_not_committed_leaves_nothing(void **state)
{
	struct whole_file out;

	put("x", "old", 0644);
	assert_int_equal(whole_file_open(&out, "x", NULL, &err), 0);
	whole_file_close(&out);
	assert_string_equal(content("x"), "old");
	assert_int_equal(others("x"), 0);
}

static void who_may_not_read_the_input_may_not_read_what_is_made_of_it(void **state)
{
	static const mode_t modes[] = { 0600, 0640, 0444, 0666 };

	for (size_t i = 0; i < sizeof(modes) / sizeof(*modes); i++) {
		put("input", "", modes[i]);
		write_whole("x", "input");
		assert_int_equal(mode_of("x"), modes[i]);
	}
	assert_int_equal(whole_file_open(&(struct whole_file){ 0 }, "x", "none", &err),
			 SCHEDTRACE_E_IO);
}

static void a_file_that_is_replaced_keeps_its_mode_and_a_new_one_has_that_of_the_umask(void **state)
{
	mode_t before = umask(027);

	write_whole("x", NULL);
	assert_int_equal(mode_of("x"), 0640);
	put("x", "", 0600);
	write_whole("x", NULL);
	assert_int_equal(mode_of("x"), 0600);
	umask(before);
}

/* ---- where files must have names ----------------------------------------------------------- */

/* Without /proc a file that was made without a name cannot get one: so it has one from the
 * start. */
static void leave_proc(void)
{
	if (chroot(".") < 0 || chdir("/") < 0)
		_exit(77);
}

/* A child that writes half a file, says so, and waits for its end. */
static pid_t start_writer(void)
{
	int told[2];
	pid_t pid;
	char byte;

	assert_int_equal(pipe(told), 0);
	pid = fork();
	if (pid == 0) {
		struct whole_file out;

		leave_proc();
		/* Whatever started the tests, nohup for one. */
		signal(SIGHUP, SIG_DFL);
		signal(SIGINT, SIG_DFL);
		signal(SIGQUIT, SIG_DFL);
		signal(SIGTERM, SIG_DFL);
		outputs_remove_at_signals();
		if (whole_file_open(&out, "x", NULL, &err) < 0 ||
		    whole_file_write(&out, "ne", 2, &err) < 0)
			_exit(1);
		if (write(told[1], "", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	close(told[1]);
	if (read(told[0], &byte, 1) != 1) {
		int status;

		close(told[0]);
		waitpid(pid, &status, 0);
		if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
			skip(); /* only root changes its root */
		fail();
	}
	close(told[0]);
	return pid;
}

static int end_by(pid_t pid, int signal)
{
	int status;

	kill(pid, signal);
	waitpid(pid, &status, 0);
	return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

/* In a child that has no /proc either. */
static void write_whole_there(void)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		struct whole_file out;

		leave_proc();
		if (whole_file_open(&out, "x", NULL, &err) < 0 || !out.working ||
		    whole_file_write(&out, "new", 3, &err) < 0 || whole_file_commit(&out, &err) < 0)
			_exit(1);
		whole_file_close(&out);
		_exit(0);
	}
	waitpid(pid, &status, 0);
	assert_int_equal(status, 0);
}

static void a_signal_that_ends_the_program_removes_its_working_file(void **state)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };

	for (size_t i = 0; i < sizeof(signals) / sizeof(*signals); i++) {
		pid_t pid = start_writer();

		assert_int_equal(others(""), 1);
		assert_int_equal(end_by(pid, signals[i]), signals[i]);
		assert_int_equal(others(""), 0);
	}
}

static void what_a_killed_program_left_the_next_one_removes(void **state)
{
	pid_t pid = start_writer();

	assert_int_equal(end_by(pid, SIGKILL), SIGKILL);
	assert_int_equal(others(""), 1);
	write_whole_there();
	assert_string_equal(content("x"), "new");
	assert_int_equal(others("x"), 0);
}

static void working_files_of_others_stay(void **state)
{
	pid_t pid = start_writer();

	put(".x.recor1", "\x17\x08\x44tracing, a recording that was killed", 0600);
	put(".y.abcdef", "of another target", 0600);
	put(".x.notours", "of another form", 0600);
	write_whole("x", NULL);
	assert_int_equal(others("x"), 4);
	assert_int_equal(end_by(pid, SIGTERM), SIGTERM);
	assert_int_equal(others("x"), 3);
}

static void working_files_have_six_letters_after_the_name(void **state)
{
	char *name = working_file_name("x.tar");

	assert_int_equal(strlen(name), strlen(".x.tar.") + WORKING_FILE_LETTERS);
	assert_memory_equal(name, ".x.tar.", 7);
	free(name);
}

/* ---- outputs that are inputs ----------------------------------------------------------------- */

static int check_one(const char *output, const char *input)
{
	return outputs_check(&(struct program_output){ "-o", output }, 1, &input, 1, &err);
}

static void an_output_that_is_an_input_by_any_name_is_refused(void **state)
{
	put("a", "", 0600);
	put("b", "", 0600);
	assert_int_equal(symlink("a", "soft"), 0);
	assert_int_equal(link("a", "hard"), 0);
	assert_int_equal(check_one("a", "a"), SCHEDTRACE_E_USAGE);
	assert_string_equal(err.text, "-o a is read too: give the output another name");
	assert_int_equal(check_one("soft", "a"), SCHEDTRACE_E_USAGE);
	assert_string_equal(err.text,
			    "-o soft is the same file as a, which is read: give the output "
			    "another name");
	assert_int_equal(check_one("a", "soft"), SCHEDTRACE_E_USAGE);
	assert_int_equal(check_one("hard", "a"), SCHEDTRACE_E_USAGE);
	assert_int_equal(check_one("./a", "a"), SCHEDTRACE_E_USAGE);
	assert_int_equal(check_one("b", "a"), 0);
	assert_int_equal(check_one("new", "a"), 0);
	assert_int_equal(check_one("no/directory", "a"), 0);
	assert_int_equal(check_one(NULL, "a"), 0);
}

static void two_outputs_of_one_name_are_refused_before_either_is_there(void **state)
{
	const struct program_output outputs[] = { { "-o", "new" }, { "--junit", "./new" } };
	const struct program_output apart[] = { { "-o", "new" }, { "--junit", "newer" } };

	assert_int_equal(outputs_check(outputs, 2, NULL, 0, &err), SCHEDTRACE_E_USAGE);
	assert_string_equal(err.text,
			    "-o and --junit would write one file, ./new: give each its own");
	assert_int_equal(outputs_check(apart, 2, NULL, 0, &err), 0);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, empty_directory, empty_directory)
		TEST(a_file_has_its_name_when_it_is_whole_and_replaces_another_then),
		TEST(what_is_not_committed_leaves_nothing),
		TEST(who_may_not_read_the_input_may_not_read_what_is_made_of_it),
		TEST(a_file_that_is_replaced_keeps_its_mode_and_a_new_one_has_that_of_the_umask),
		TEST(a_signal_that_ends_the_program_removes_its_working_file),
		TEST(what_a_killed_program_left_the_next_one_removes),
		TEST(working_files_of_others_stay),
		TEST(working_files_have_six_letters_after_the_name),
		TEST(an_output_that_is_an_input_by_any_name_is_refused),
		TEST(two_outputs_of_one_name_are_refused_before_either_is_there),
	};
	int failed;

	if (!mkdtemp(directory) || chdir(directory) < 0)
		return 1;
	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	rmdir(directory);
	return failed;
}
