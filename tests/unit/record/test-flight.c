/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "record/triggers/flight.h"
#include "record/workfile/numbered.h"

#define PAGE 256

/* A page that begins at 1000, with records of one word at 1000 + 5, + 5 + 7 and, after an extend of
 * 1 << 27, + 3 more; marked as the first after a loss of 9. */
static uint32_t *make_page(uint8_t *page)
{
	uint64_t begin = 1000, commit = 32 | (uint64_t)3 << 30, lost = 9;
	uint32_t *data = (uint32_t *)(page + 16);

	memset(page, 0, PAGE);
	memcpy(page, &begin, 8);
	data[0] = 1 | 5 << 5;
	data[1] = 0x11;
	data[2] = 1 | 7 << 5;
	data[3] = 0x22;
	data[4] = 30; /* extend: 1 in the second word */
	data[5] = 1;
	data[6] = 1 | 3 << 5;
	data[7] = 0x33;
	memcpy(page, &begin, 8);
	memcpy(page + 8, &commit, 8);
	memcpy(page + 16 + 32, &lost, 8);
	return data;
}

static uint64_t load(const uint8_t *at)
{
	uint64_t v;

	memcpy(&v, at, 8);
	return v;
}

static void a_page_within_the_window_keeps_its_records_and_forgets_what_was_lost(void **state)
{
	uint8_t page[PAGE] __attribute__((aligned(8)));
	uint32_t *data = make_page(page);

	assert_int_equal(flight_trim_page(page, PAGE, 1005), 3);
	assert_int_equal(load(page), 1000);
	assert_int_equal(load(page + 8), 32);
	assert_int_equal(data[1], 0x11);
	assert_int_equal(load(page + 16 + 32), 0);
}

static void
records_before_the_window_go_and_the_page_begins_before_the_rest(void **state)
{
	uint8_t page[PAGE] __attribute__((aligned(8)));
	uint32_t *data = make_page(page);

	assert_int_equal(flight_trim_page(page, PAGE, 1006), 2);
	assert_int_equal(load(page), 1005);
	assert_int_equal(load(page + 8), 24);
	assert_int_equal(data[1], 0x22);
	assert_int_equal(data[5], 0x33);
	assert_int_equal(load(page + 16 + 24), 0);
}

static void the_time_of_an_extend_that_goes_is_in_the_time_of_the_page(void **state)
{
	uint8_t page[PAGE] __attribute__((aligned(8)));
	uint32_t *data = make_page(page);

	assert_int_equal(flight_trim_page(page, PAGE, 1013), 1);
	assert_int_equal(load(page), 1000 + 12 + (1 << 27));
	assert_int_equal(load(page + 8), 8);
	assert_int_equal(data[0], 1 | 3 << 5);
	assert_int_equal(data[1], 0x33);
}

static void a_page_before_the_window_has_no_record_left(void **state)
{
	uint8_t page[PAGE] __attribute__((aligned(8)));

	make_page(page);
	assert_int_equal(flight_trim_page(page, PAGE, 1016 + (1 << 27)), 0);
}

static void check_name(const char *name, int digits, uint64_t number, const char *expected)
{
	char *made = numbered_name(name, digits, number);

	assert_string_equal(made, expected);
	free(made);
}

static void numbers_stand_before_the_ending_of_the_file_name(void **state)
{
	check_name("trace.dat", 4, 1, "trace.0001.dat");
	check_name("trace.dat", 4, 12345, "trace.12345.dat");
	check_name("trace.dat", 1, 7, "trace.7.dat");
	check_name("a.b/trace", 4, 2, "a.b/trace.0002");
	check_name("a/.hidden", 4, 2, "a/.hidden.0002");
	check_name("x.y.dat", 4, 10, "x.y.0010.dat");
}

static void counts_of_a_numbered_file_are_those_since_the_file_before_it(void **state)
{
	struct numbered n;
	char first[] = "entries: 5\noverrun: 10\ncommit overrun: 0\nbytes: 9\n"
		       "oldest event ts:  1.0\nnow ts:  2.0\ndropped events: 1\nread events: 100\n";
	char second[] = "entries: 0\noverrun: 17\ncommit overrun: 2\nbytes: 9\n"
			"dropped events: 1\nread events: 350\n";
	char *texts[2] = { NULL, first };
	char **stats;

	assert_int_equal(numbered_init(&n, "x.dat", 4, 0, 2, NULL), 0);
	stats = numbered_stats(&n, texts);
	assert_null(stats[0]);
	assert_string_equal(stats[1], "entries: 0\noverrun: 10\ncommit overrun: 0\n"
				      "dropped events: 1\nread events: 100\n");
	numbered_free_stats(&n, stats);
	texts[1] = second;
	stats = numbered_stats(&n, texts);
	assert_string_equal(stats[1], "entries: 0\noverrun: 7\ncommit overrun: 2\n"
				      "dropped events: 0\nread events: 250\n");
	numbered_free_stats(&n, stats);
	numbered_free(&n);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			a_page_within_the_window_keeps_its_records_and_forgets_what_was_lost),
		cmocka_unit_test(
			records_before_the_window_go_and_the_page_begins_before_the_rest),
		cmocka_unit_test(the_time_of_an_extend_that_goes_is_in_the_time_of_the_page),
		cmocka_unit_test(a_page_before_the_window_has_no_record_left),
		cmocka_unit_test(numbers_stand_before_the_ending_of_the_file_name),
		cmocka_unit_test(counts_of_a_numbered_file_are_those_since_the_file_before_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
