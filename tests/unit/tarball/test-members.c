/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Members that somebody put into a tarball, and values that stand in them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <schedtrace/trace.h>

#include "analyze/compare/compared_values.h"
#include "libschedtrace/tarball/tar.h"

static char path[] = "/tmp/test-members.XXXXXX";

/* Puts a member before the end blocks that follow. */
static void put_member(FILE *f, const char *name, const char *text, size_t n)
{
	static const char zeroes[TAR_BLOCK];
	uint8_t block[TAR_BLOCK];

	tar_header(block, name, n, 0);
	assert_int_equal(fwrite(block, sizeof(block), 1, f), 1);
	assert_int_equal(fwrite(text, 1, n, f), n);
	fwrite(zeroes, 1, (TAR_BLOCK - n % TAR_BLOCK) % TAR_BLOCK, f);
}

/* A real tarball with members appended, as "tar --append" does it. */
static int make_tarball(void **state)
{
	static const char zeroes[2 * TAR_BLOCK];
	FILE *from = fopen(SOURCE_ROOT "/examples/traces/pingpong.tar", "r");
	int fd = mkstemp(path);
	FILE *f = fd < 0 ? NULL : fdopen(fd, "w");
	char *bytes = malloc(1 << 20);
	size_t n = from && bytes ? fread(bytes, 1, 1 << 20, from) : 0;

	if (!f || !n)
		return -1;
	while (n >= TAR_BLOCK && !memcmp(bytes + n - TAR_BLOCK, zeroes, TAR_BLOCK))
		n -= TAR_BLOCK;
	fwrite(bytes, 1, n, f);
	put_member(f, "bench.txt", "rate: 1", 7);
	put_member(f, "dir/bench.txt", "took 0x10 s\nrate: -2.5e1 MB/s\0rate: 9", 37);
	put_member(f, "fio.json", "{\"a/b\": [{\"~\": 3}, \"text\"], \"n\": \"7.5\"}", 39);
	fwrite(zeroes, 1, sizeof(zeroes), f);
	free(bytes);
	fclose(from);
	return fclose(f);
}

static int remove_tarball(void **state)
{
	return unlink(path);
}

struct seen {
	size_t n;
	uint64_t meta_size;
};

static int see(void *user, const char *name, uint64_t size, struct schedtrace_error *err)
{
	struct seen *seen = user;

	seen->n++;
	if (!strcmp(name, "meta.json"))
		seen->meta_size = size;
	return 0;
}

static int stop(void *user, const char *name, uint64_t size, struct schedtrace_error *err)
{
	return SCHEDTRACE_E_CANCELLED;
}

static void members_are_named_and_read(void **state)
{
	struct seen seen = { 0 };
	struct schedtrace *trace;
	size_t n;
	char *bytes;

	assert_int_equal(schedtrace_open(&trace, path, NULL, NULL), 0);
	assert_int_equal(schedtrace_members(trace, see, &seen, NULL), 0);
	assert_true(seen.n >= 12);
	assert_int_equal(schedtrace_members(trace, stop, NULL, NULL), SCHEDTRACE_E_CANCELLED);
	assert_int_equal(schedtrace_member_read(trace, "meta.json", 1 << 20, &bytes, &n, NULL), 0);
	assert_int_equal(n, seen.meta_size);
	assert_int_equal(bytes[0], '{');
	assert_int_equal(bytes[n], '\0');
	free(bytes);
	schedtrace_close(trace);
}

static void of_two_members_of_a_name_the_last_counts(void **state)
{
	struct schedtrace *trace;
	size_t n;
	char *bytes;

	assert_int_equal(schedtrace_open(&trace, path, NULL, NULL), 0);
	assert_int_equal(schedtrace_member_read(trace, "bench.txt", 100, &bytes, &n, NULL), 0);
	assert_int_equal(n, 37);
	free(bytes);
	schedtrace_close(trace);
}

static void a_member_that_is_not_there_or_too_large_is_refused(void **state)
{
	struct schedtrace_builder *builder;
	struct schedtrace_error err;
	struct schedtrace *trace;
	size_t n;
	char *bytes;

	assert_int_equal(schedtrace_open(&trace, path, NULL, NULL), 0);
	assert_int_equal(schedtrace_member_read(trace, "bench", 100, &bytes, &n, &err),
			 SCHEDTRACE_E_NOT_FOUND);
	assert_non_null(strstr(err.text, "no member bench"));
	assert_int_equal(schedtrace_member_read(trace, "fio.json", 38, &bytes, &n, &err),
			 SCHEDTRACE_E_LIMIT);
	schedtrace_close(trace);
	assert_int_equal(schedtrace_builder_new(&builder, NULL), 0);
	assert_int_equal(schedtrace_builder_finish(builder, &trace, NULL), 0);
	assert_int_equal(schedtrace_member_read(trace, "x", 100, &bytes, &n, &err),
			 SCHEDTRACE_E_NOT_FOUND);
	schedtrace_close(trace);
}

/* The number, or the text, that @spec finds; NULL if nothing. */
static const char *find(const char *spec)
{
	static char found[256];
	const struct option_list list = { &spec, 1 };
	const struct input_options options = { 0 };
	struct schedtrace_error err;
	struct values values;
	struct input *input;
	double number;
	char *text;
	int r;

	assert_int_equal(input_open(&input, path, &options, NULL), 0);
	assert_int_equal(values_parse(&values, &list, &err), 0);
	r = value_read(&values.all[0], input, &number, &text, &err);
	if (r > 0 && text)
		snprintf(found, sizeof(found), "%s", text);
	else if (r > 0)
		snprintf(found, sizeof(found), "%g", number);
	free(text);
	values_release(&values);
	input_close(input);
	return r > 0 ? found : NULL;
}

static void values_are_found_by_pattern_by_pointer_or_as_the_first_number(void **state)
{
	assert_string_equal(find("x=bench.txt:^rate: (.*)$"), "-25");
	assert_string_equal(find("x[text]=bench.txt:^rate: (.*)$"), "-2.5e1 MB/s");
	assert_string_equal(find("x=bench.txt:^rate: (9)"), "9");
	assert_string_equal(find("x=fio.json:/a~1b/0/~0"), "3");
	assert_string_equal(find("x=fio.json:/n"), "7.5");
	assert_string_equal(find("x[text]=fio.json:/a~1b/1"), "text");
	assert_string_equal(find("x=fio.json"), "3");
}

static void what_is_no_number_is_not_found(void **state)
{
	assert_null(find("x=bench.txt:took (.*)")); /* hexadecimal */
	assert_null(find("x=bench.txt:(MB)"));
	assert_null(find("x=fio.json:/a~1b/1"));
	assert_null(find("x=fio.json:/a~1b/2"));
	assert_null(find("x=fio.json:/a~1b/00x"));
	assert_null(find("x=fio.json:/a"));
	assert_null(find("x=bench.txt:/a"));
	assert_null(find("x=nothing"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(members_are_named_and_read),
		cmocka_unit_test(of_two_members_of_a_name_the_last_counts),
		cmocka_unit_test(a_member_that_is_not_there_or_too_large_is_refused),
		cmocka_unit_test(values_are_found_by_pattern_by_pointer_or_as_the_first_number),
		cmocka_unit_test(what_is_no_number_is_not_found),
	};

	return cmocka_run_group_tests(tests, make_tarball, remove_tarball);
}
