/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What comes out of the command's pipes is passed on and kept, whoever reads it or not. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "record/workload/kept_output.h"

struct made {
	struct kept_output *k;
	int command[2];	       /* the ends that a command would have */
	int readers[2], to[2]; /* who reads what is passed on */
};

static void begin(struct made *m, size_t most)
{
	int outputs[2];

	assert_int_equal(kept_output_new(&m->k, most, outputs, NULL), 0);
	for (int i = 0; i < 2; i++) {
		int fds[2];

		m->command[i] = dup(outputs[i]);
		assert_int_equal(pipe(fds), 0);
		m->readers[i] = fds[0];
		m->to[i] = fds[1];
	}
	assert_int_equal(kept_output_start(m->k, m->to, NULL), 0);
}

static void end_command(struct made *m)
{
	close(m->command[0]);
	close(m->command[1]);
	kept_output_settle(m->k);
}

static void end(struct made *m)
{
	kept_output_end(m->k);
	while (!kept_output_ended(m->k))
		usleep(1000);
	kept_output_free(m->k);
	for (int i = 0; i < 2; i++) {
		close(m->readers[i]);
		close(m->to[i]);
	}
}

static void print(int fd, const char *text)
{
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
}

static void assert_kept(const struct made *m, int i, const char *text, uint64_t size)
{
	struct kept_bytes b = kept_output_bytes(m->k, i);

	assert_int_equal(b.n, strlen(text));
	assert_memory_equal(b.data ? b.data : "", text, b.n);
	assert_int_equal(b.size, size);
}

static void assert_passed_on(const struct made *m, int i, const char *text)
{
	char got[64];
	size_t n = 0;

	while (n < strlen(text)) {
		ssize_t r = read(m->readers[i], got + n, sizeof(got) - n);

		assert_true(r > 0);
		n += (size_t)r;
	}
	assert_int_equal(n, strlen(text));
	assert_memory_equal(got, text, n);
}

static void both_outputs_are_kept_apart_and_passed_on(void **state)
{
	struct made m;

	begin(&m, 100);
	print(m.command[0], "out");
	print(m.command[1], "error");
	print(m.command[0], "put");
	end_command(&m);
	assert_kept(&m, 0, "output", 6);
	assert_kept(&m, 1, "error", 5);
	assert_passed_on(&m, 0, "output");
	assert_passed_on(&m, 1, "error");
	end(&m);
}

static void only_the_beginning_is_kept_but_all_is_passed_on(void **state)
{
	struct made m;

	begin(&m, 4);
	print(m.command[0], "abc");
	print(m.command[0], "defg");
	end_command(&m);
	assert_kept(&m, 0, "abcd", 7);
	assert_passed_on(&m, 0, "abcdefg");
	end(&m);
}

/* The reader's pipe is full, so that passing on stands still. */
static void output_that_nobody_takes_yet_is_kept(void **state)
{
	static char much[1 << 20];
	struct made m;
	ssize_t filled;

	begin(&m, 100);
	assert_int_equal(fcntl(m.to[0], F_SETFL, O_NONBLOCK), 0);
	while ((filled = write(m.to[0], much, sizeof(much))) > 0)
		;
	assert_int_equal(fcntl(m.to[0], F_SETFL, 0), 0);
	print(m.command[0], "waits");
	end_command(&m);
	assert_kept(&m, 0, "waits", 5);
	assert_false(kept_output_ended(m.k));
	close(m.readers[0]); /* now nobody ever will */
	m.readers[0] = open("/dev/null", O_RDONLY);
	end(&m);
}

static void the_command_is_told_when_nobody_reads(void **state)
{
	struct made m;

	begin(&m, 100);
	close(m.readers[0]);
	m.readers[0] = open("/dev/null", O_RDONLY);
	while (write(m.command[0], "x", 1) == 1)
		usleep(1000);
	assert_int_equal(errno, EPIPE);
	end_command(&m);
	end(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_outputs_are_kept_apart_and_passed_on),
		cmocka_unit_test(only_the_beginning_is_kept_but_all_is_passed_on),
		cmocka_unit_test(output_that_nobody_takes_yet_is_kept),
		cmocka_unit_test(the_command_is_told_when_nobody_reads),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
