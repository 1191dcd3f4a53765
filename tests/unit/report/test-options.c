/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include <schedtrace/error.h>

#include "base/nearest.h"
#include "cli/options.h"

struct settings {
	bool quiet, strict, kind;
	const char *output;
	const char *sample;
	int64_t top, files, buffer_kb, limit, duration_ns;
	struct option_list events;
};

static const struct option_spec options[] = {
	{ 'q', "quiet", NULL, "print no summary", OPTION_FLAG, offsetof(struct settings, quiet) },
	{ 'o', "output", "FILE", "where to write [trace.dat]", OPTION_TEXT,
	  offsetof(struct settings, output) },
	{ 0, "sample", "HZ", "sample /proc [20]", OPTION_OPTIONAL_TEXT,
	  offsetof(struct settings, sample) },
	{ 'n', "top", "N", "rows", OPTION_NUMBER, offsetof(struct settings, top) },
	{ 0, "files", "N", "how many", OPTION_NUMBER, offsetof(struct settings, files),
	  .not_zero = true },
	{ 'b', "buffer-size", "KiB",
	  "ring buffer per CPU; a text that is long enough to need a second line and then some "
	  "more "
	  "words after that [8192]",
	  OPTION_SIZE, offsetof(struct settings, buffer_kb) },
	{ 0, "limit-with-a-long-name", "BYTES", "most", OPTION_SIZE,
	  offsetof(struct settings, limit), .not_zero = true },
	{ 'd', "duration", "SECONDS", "how long", OPTION_SECONDS,
	  offsetof(struct settings, duration_ns), .not_zero = true },
	{ 'e', "event", "ITEM", "what", OPTION_LIST, offsetof(struct settings, events) },
	{ 0, "only-of-judge", NULL, "strictly", OPTION_FLAG, offsetof(struct settings, strict), 2 },
	{ 0, "only-of-prog", NULL, "kindly", OPTION_FLAG, offsetof(struct settings, kind), 1 },
	{ 0 },
};

static const struct program judge = {
	.name = "prog judge", .usage = "RULES FILE", .options = options, .command = 2
};

static const struct program program = {
	.name = "prog",
	.usage = "[OPTION…] FILE\n--other",
	.about = "Does things.",
	.options = options,
	.after = "Exit status: 0.\n",
	.command = 1,
	.commands = (const struct program *const[]){ &judge, NULL },
};

/* Parses the words up to NULL; returns the first operand's index. */
static int parse(struct settings *s, bool stop, const char **argv)
{
	int argc = 0;

	while (argv[argc])
		argc++;
	*s = (struct settings){ 0 };
	return options_parse(&program, argc, (char **)argv, stop, 2, s);
}

#define ARGV(...) ((const char *[]){ "prog", __VA_ARGS__, NULL })

static void every_type_is_stored_in_its_field(void **state)
{
	struct settings s;
	int n = parse(&s, false,
		      ARGV("-q", "-o", "x.dat", "--sample=50", "-n7", "-b", "16M", "-d", "0.1",
			   "-e", "sched", "--event=mm,futex", "--limit-with-a-long-name=2K"));

	assert_int_equal(n, 14);
	assert_true(s.quiet);
	assert_string_equal(s.output, "x.dat");
	assert_string_equal(s.sample, "50");
	assert_int_equal(s.top, 7);
	assert_int_equal(s.buffer_kb, 16384);
	assert_int_equal(s.limit, 2048);
	assert_int_equal(s.duration_ns, 100000000);
	assert_int_equal(s.events.n, 2);
	assert_string_equal(s.events.items[0], "sched");
	assert_string_equal(s.events.items[1], "mm,futex");
	option_list_free(&s.events);
	assert_null(s.events.items);
}

static void an_optional_value_may_be_left_out(void **state)
{
	struct settings s;

	assert_int_equal(parse(&s, false, ARGV("--sample", "file")), 2);
	assert_string_equal(s.sample, "");
}

static void options_end_at_the_command_when_asked(void **state)
{
	struct settings s;

	assert_int_equal(parse(&s, true, ARGV("-q", "make", "-o", "x")), 2);
	assert_null(s.output);
	assert_int_equal(parse(&s, true, ARGV("-q", "--", "-o", "x")), 3);
	assert_null(s.output);
}

static void operands_move_to_the_end_otherwise(void **state)
{
	struct settings s;
	const char **argv = ARGV("file", "-o", "x");

	assert_int_equal(parse(&s, false, argv), 3);
	assert_string_equal(s.output, "x");
	assert_string_equal(argv[3], "file");
}

static void values_are_read_exactly_or_refused(void **state)
{
	int64_t v = -1;

	assert_true(options_parse_value(OPTION_SECONDS, NULL, "1.000000001", &v));
	assert_int_equal(v, 1000000001);
	assert_true(options_parse_value(OPTION_SECONDS, NULL, ".5s", &v));
	assert_int_equal(v, 500000000);
	assert_true(options_parse_value(OPTION_SIZE, "KiB", "1G", &v));
	assert_int_equal(v, 1048576);
	assert_true(options_parse_value(OPTION_SIZE, "KiB", "100", &v));
	assert_int_equal(v, 100);
	assert_true(options_parse_value(OPTION_SIZE, "BYTES", "3MiB", &v));
	assert_int_equal(v, 3145728);
	v = -1;
	assert_false(options_parse_value(OPTION_SECONDS, NULL, "1.", &v));
	assert_false(options_parse_value(OPTION_SECONDS, NULL, "1e3", &v));
	assert_false(options_parse_value(OPTION_SECONDS, NULL, "9223372037", &v));
	assert_false(options_parse_value(OPTION_NUMBER, NULL, "-1", &v));
	assert_false(options_parse_value(OPTION_NUMBER, NULL, "", &v));
	assert_false(options_parse_value(OPTION_NUMBER, NULL, "9223372036854775808", &v));
	assert_false(options_parse_value(OPTION_SIZE, "BYTES", "8589934592G", &v));
	assert_false(options_parse_value(OPTION_SIZE, "BYTES", "4Kx", &v));
	assert_int_equal(v, -1);
}

static void the_nearest_name_is_found_and_far_ones_are_not(void **state)
{
	const char *const names[] = { "output", "quiet", "buffer-size" };

	assert_string_equal(nearest_word("bufer-siz", names, 3), "buffer-size");
	assert_string_equal(nearest_word("outptu", names, 3), "output");
	assert_null(nearest_word("zzz", names, 3));
	assert_null(nearest_word("x", names, 0));
}

/* Runs a parse that exits in a child; returns its status and what it wrote to @fd. */
static int parse_in_child(int fd, const char **argv, char *text, size_t size)
{
	int pipe_fds[2], status;
	size_t n = 0;
	ssize_t r;
	pid_t pid;

	assert_int_equal(pipe(pipe_fds), 0);
	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		struct settings s;

		dup2(pipe_fds[1], fd);
		parse(&s, false, argv);
		_exit(99);
	}
	close(pipe_fds[1]);
	while ((r = read(pipe_fds[0], text + n, size - 1 - n)) > 0)
		n += (size_t)r;
	text[n] = '\0';
	close(pipe_fds[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void a_wrong_option_is_named_with_its_neighbour(void **state)
{
	char text[4096];

	assert_int_equal(parse_in_child(2, ARGV("--ouput=x"), text, sizeof(text)), 2);
	assert_string_equal(text, "prog: there is no option --ouput: did you mean --output?\n");
	assert_int_equal(parse_in_child(2, ARGV("-z"), text, sizeof(text)), 2);
	assert_string_equal(text, "prog: there is no option -z: see --help\n");
	assert_int_equal(parse_in_child(2, ARGV("-o"), text, sizeof(text)), 2);
	assert_string_equal(text, "prog: --output needs FILE: see --help\n");
	assert_int_equal(parse_in_child(2, ARGV("--quiet=3"), text, sizeof(text)), 2);
	assert_string_equal(text, "prog: --quiet takes no value: see --help\n");
	assert_int_equal(parse_in_child(2, ARGV("-d", "a\nb"), text, sizeof(text)), 2);
	assert_string_equal(text,
			    "prog: --duration: 'a\\x0ab' is not a number of seconds above 0, such "
			    "as 10 or 0.5\n");
}

static void zero_is_refused_where_it_means_nothing(void **state)
{
	char text[4096];

	assert_int_equal(parse_in_child(2, ARGV("-d", "0"), text, sizeof(text)), 2);
	assert_string_equal(text, "prog: --duration: '0' is not a number of seconds above 0, such "
				  "as 10 or 0.5\n");
	assert_int_equal(parse_in_child(2, ARGV("-d", "0.0000000001"), text, sizeof(text)), 2);
	assert_int_equal(parse_in_child(2, ARGV("--files=0"), text, sizeof(text)), 2);
	assert_string_equal(text, "prog: --files: '0' is not a whole number above 0\n");
	assert_int_equal(parse_in_child(2, ARGV("--limit-with-a-long-name=0K"), text, sizeof(text)),
			 2);
	assert_string_equal(text, "prog: --limit-with-a-long-name: '0K' is not a size above 0, "
				  "such as 8192 or 16M\n");
	assert_int_equal(parse_in_child(2, ARGV("-n0"), text, sizeof(text)), 99);
}

static void help_fits_eighty_columns_and_names_every_option(void **state)
{
	char text[8192];

	assert_int_equal(parse_in_child(1, ARGV("--help"), text, sizeof(text)), 0);
	for (const struct option_spec *o = options; o->name; o++)
		assert_true(!strstr(text, o->name) == (o->commands == 2));
	assert_non_null(strstr(text, "Usage: prog [OPTION…] FILE\n       prog --other\n"));
	assert_non_null(strstr(text, "  -o, --output=FILE        where to write [trace.dat]\n"));
	assert_non_null(strstr(text, "      --limit-with-a-long-name=BYTES\n"
				     "                           most\n"));
	for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
		assert_true(strlen(line) < 80);
}

static void help_after_a_command_is_that_of_the_command(void **state)
{
	char text[8192];

	assert_int_equal(parse_in_child(1, ARGV("judge", "--help"), text, sizeof(text)), 0);
	assert_non_null(strstr(text, "Usage: prog judge RULES FILE\n"));
	assert_non_null(strstr(text, "--only-of-judge"));
	assert_non_null(strstr(text, "--quiet"));
	assert_null(strstr(text, "--only-of-prog"));
	assert_null(strstr(text, "--completion"));
}

static void an_option_of_another_command_is_refused(void **state)
{
	struct settings s;
	char text[4096];

	assert_int_equal(parse(&s, false, ARGV("--only-of-judge", "judge", "x")), 2);
	assert_true(s.strict);
	assert_int_equal(parse_in_child(2, ARGV("x", "--only-of-judge"), text, sizeof(text)), 2);
	assert_string_equal(text, "prog: --only-of-judge is not for prog, but for prog judge: see "
				  "prog --help\n");
	assert_int_equal(parse_in_child(2, ARGV("judge", "--only-of-prog"), text, sizeof(text)), 2);
	assert_string_equal(text, "prog: --only-of-prog is not for prog judge, but for prog: see "
				  "prog judge --help\n");
}

static void completion_is_for_shells_that_are_known(void **state)
{
	char text[8192];

	assert_int_equal(parse_in_child(2, ARGV("--completion=ksh"), text, sizeof(text)), 2);
	assert_string_equal(text, "prog: --completion: there is none for ksh, but for bash, zsh, "
				  "fish\n");
	assert_int_equal(parse_in_child(1, ARGV("--completion=bash"), text, sizeof(text)), 0);
	assert_non_null(strstr(text, "complete -o filenames -o default -F _prog prog\n"));
}

static void version_is_the_librarys(void **state)
{
	char text[256], expected[64];

	snprintf(expected, sizeof(expected), "prog %s\n", schedtrace_version());
	assert_int_equal(parse_in_child(1, ARGV("--version"), text, sizeof(text)), 0);
	assert_string_equal(text, expected);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_type_is_stored_in_its_field),
		cmocka_unit_test(an_optional_value_may_be_left_out),
		cmocka_unit_test(options_end_at_the_command_when_asked),
		cmocka_unit_test(operands_move_to_the_end_otherwise),
		cmocka_unit_test(values_are_read_exactly_or_refused),
		cmocka_unit_test(the_nearest_name_is_found_and_far_ones_are_not),
		cmocka_unit_test(a_wrong_option_is_named_with_its_neighbour),
		cmocka_unit_test(zero_is_refused_where_it_means_nothing),
		cmocka_unit_test(help_fits_eighty_columns_and_names_every_option),
		cmocka_unit_test(help_after_a_command_is_that_of_the_command),
		cmocka_unit_test(an_option_of_another_command_is_refused),
		cmocka_unit_test(completion_is_for_shells_that_are_known),
		cmocka_unit_test(version_is_the_librarys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
