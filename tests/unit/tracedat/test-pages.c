/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Pages that a pencil can make, and every fault that a page can have. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/unit/page_maker.h"
#include "tracedat/pages.h"

#define EVENT 7 /* id; 12 bytes at least */
#define SMALL 8 /* id; only the common fields */

struct fixture {
	struct pages_config config;
	struct page_records out;
	struct page_error fault;
	struct page page;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	f->config.layout = (struct page_layout){ PAGE_SIZE, 8 };
	f->config.pid_offset = 4;
	f->config.events = calloc(UINT16_MAX + 1, sizeof(*f->config.events));
	f->config.events[EVENT] = (struct page_event){ 1, 12 };
	f->config.events[SMALL] = (struct page_event){ 2, 8 };
	f->out.last = INT64_MIN;
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	pages_config_free(&f->config);
	free(f->out.list);
	free(f->out.steps);
	free(f);
	return 0;
}

static int decode(struct fixture *f)
{
	return page_decode(&f->config, f->page.b, PAGE_SIZE, 3, &f->out, &f->fault);
}

static void assert_fault(struct fixture *f, enum page_fault fault, uint32_t at)
{
	char text[256];

	assert_int_equal(decode(f), SCHEDTRACE_E_FORMAT);
	assert_int_equal(f->fault.fault, fault);
	assert_int_equal(f->fault.at, at);
	page_fault_text(&f->fault, text, sizeof(text));
	assert_non_null(strstr(text, " of the page: "));
}

static void records_have_the_sum_of_the_times_before_them(void **state)
{
	struct fixture *f = *state;

	page_begin(&f->page, 1000);
	page_event(&f->page, 0, EVENT, 41, 3);
	page_event(&f->page, 5, SMALL, -1, 2);
	page_event(&f->page, 0, EVENT, 42, 28);
	page_end(&f->page);
	assert_int_equal(decode(f), 0);
	assert_int_equal(f->out.n, 3);
	assert_int_equal(f->out.list[0].timestamp, 1000);
	assert_int_equal(f->out.list[0].pid, 41);
	assert_int_equal(f->out.list[0].size, 12);
	assert_int_equal(f->out.list[0].format, 0);
	assert_int_equal(f->out.list[0].cpu, 3);
	assert_ptr_equal(f->out.list[0].data, f->page.b + 20);
	assert_int_equal(f->out.list[1].timestamp, 1005);
	assert_int_equal(f->out.list[1].pid, -1);
	assert_int_equal(f->out.list[1].format, 1);
	assert_int_equal(f->out.list[2].timestamp, 1005);
	assert_int_equal(f->out.list[2].size, 112);
}

static void an_empty_page_has_no_records(void **state)
{
	struct fixture *f = *state;

	page_begin(&f->page, 1000);
	assert_int_equal(decode(f), 0);
	assert_int_equal(f->out.n, 0);
}

static void a_time_extend_adds_59_bits(void **state)
{
	struct fixture *f = *state;

	page_begin(&f->page, 10);
	page_head(&f->page, 30, 5);
	page_word(&f->page, 2); /* 2 << 27 */
	page_event(&f->page, 1, EVENT, 1, 3);
	page_end(&f->page);
	assert_int_equal(decode(f), 0);
	assert_int_equal(f->out.list[0].timestamp, 10 + 5 + (2ll << 27) + 1);
}

static void an_absolute_stamp_takes_its_top_bits_from_the_time_so_far(void **state)
{
	struct fixture *f = *state;
	uint64_t top = 3ull << 59;

	page_begin(&f->page, top + 100);
	page_head(&f->page, 31, 7);
	page_word(&f->page, 1);
	page_event(&f->page, 1, EVENT, 1, 3);
	page_end(&f->page);
	assert_int_equal(decode(f), 0);
	assert_int_equal(f->out.list[0].timestamp, (int64_t)(top + 7 + (1 << 27) + 1));
}

static void an_absolute_stamp_that_wrapped_goes_on_above(void **state)
{
	struct fixture *f = *state;

	page_begin(&f->page, (1ull << 59) - 2);
	page_head(&f->page, 31, 7);
	page_word(&f->page, 0);
	page_event(&f->page, 0, EVENT, 1, 3);
	page_end(&f->page);
	assert_int_equal(decode(f), 0);
	assert_int_equal(f->out.list[0].timestamp, (1ll << 59) + 7);
}

static void a_long_record_has_its_length_in_a_word(void **state)
{
	struct fixture *f = *state;
	int i;

	page_begin(&f->page, 0);
	page_head(&f->page, 0, 9);
	page_word(&f->page, 4 + 118); /* the word itself, and data that is not whole words */
	page_word(&f->page, EVENT);
	page_word(&f->page, 5);
	for (i = 0; i < 28; i++)
		page_word(&f->page, 0);
	page_event(&f->page, 1, SMALL, 6, 2);
	page_end(&f->page);
	assert_int_equal(decode(f), 0);
	assert_int_equal(f->out.n, 2);
	assert_int_equal(f->out.list[0].size, 118);
	assert_int_equal(f->out.list[0].pid, 5);
	assert_int_equal(f->out.list[1].timestamp, 10);
	assert_int_equal(f->out.list[1].pid, 6);
}

static void discarded_records_are_stepped_over_and_their_time_counts(void **state)
{
	struct fixture *f = *state;

	page_begin(&f->page, 100);
	page_head(&f->page, 29, 20);
	page_word(&f->page, 12);
	page_word(&f->page, 0xdead);
	page_word(&f->page, 0xdead);
	page_event(&f->page, 3, EVENT, 1, 3);
	page_head(&f->page, 29, 1); /* to the end of the page */
	page_word(&f->page, 8);
	page_word(&f->page, 0xdead);
	page_end(&f->page);
	assert_int_equal(decode(f), 0);
	assert_int_equal(f->out.n, 1);
	assert_int_equal(f->out.list[0].timestamp, 123);
}

static void a_page_after_a_gap_says_how_many_were_lost(void **state)
{
	struct fixture *f = *state;
	uint64_t count = 764;

	page_begin(&f->page, 100);
	page_event(&f->page, 3, EVENT, 1, 3);
	memcpy(f->page.b + f->page.n, &count, 8);
	page_commit(&f->page, (f->page.n - 16) | 1u << 31 | 1u << 30);
	f->out.last = 50;
	assert_int_equal(decode(f), 0);
	assert_int_equal(f->out.n, 3);
	assert_int_equal(f->out.list[0].kind, RECORD_GAP);
	assert_int_equal(f->out.list[0].timestamp, 50);
	assert_int_equal(f->out.list[1].kind, RECORD_LOST);
	assert_int_equal(f->out.list[1].lost, 764);
	assert_int_equal(f->out.list[1].lost_since, 50);
	assert_int_equal(f->out.list[1].timestamp, 103); /* of the first record after it */
	assert_int_equal(f->out.list[2].kind, RECORD_EVENT);
}

static void a_gap_without_a_count_is_of_unknown_size(void **state)
{
	struct fixture *f = *state;

	page_begin(&f->page, 100);
	page_event(&f->page, 3, EVENT, 1, 3);
	page_commit(&f->page, (f->page.n - 16) | 1u << 31);
	assert_int_equal(decode(f), 0);
	assert_int_equal(f->out.list[1].lost, -1);
	assert_int_equal(f->out.list[1].lost_since, INT64_MIN);
}

static void a_32_bit_kernel_has_4_bytes_of_commit(void **state)
{
	struct fixture *f = *state;

	f->config.layout = (struct page_layout){ PAGE_SIZE, 4 };
	page_begin(&f->page, 100);
	f->page.n = 12;
	page_event(&f->page, 3, EVENT, 77, 3);
	memcpy(f->page.b + 8, &(uint32_t){ 16 }, 4);
	assert_int_equal(decode(f), 0);
	assert_int_equal(f->out.n, 1);
	assert_int_equal(f->out.list[0].pid, 77);
}

static void a_step_back_in_time_is_noted_before_its_record(void **state)
{
	struct fixture *f = *state;

	page_begin(&f->page, 1000);
	page_event(&f->page, 500, EVENT, 1, 3);
	page_head(&f->page, 31, 1100); /* absolute */
	page_word(&f->page, 0);
	page_event(&f->page, 0, EVENT, 2, 3);
	page_event(&f->page, 600, EVENT, 3, 3);
	page_end(&f->page);
	assert_int_equal(decode(f), 0);
	assert_int_equal(f->out.n, 3);
	assert_int_equal(f->out.list[0].timestamp, 1500);
	assert_int_equal(f->out.list[1].timestamp, 1100);
	assert_int_equal(f->out.list[2].timestamp, 1700);
	assert_int_equal(f->out.n_steps, 1);
	assert_int_equal(f->out.steps[0], 1);
	assert_false(f->out.marked);
}

static void a_page_older_than_the_record_before_it_begins_with_a_step(void **state)
{
	struct fixture *f = *state;

	page_begin(&f->page, 1000);
	page_event(&f->page, 0, EVENT, 1, 3);
	page_end(&f->page);
	f->out.last = 3600000001000;
	assert_int_equal(decode(f), 0);
	assert_int_equal(f->out.n_steps, 1);
	assert_int_equal(f->out.steps[0], 0);
	assert_int_equal(f->out.last, 1000);
}

/* Where the clock went back, the kernel writes an extension by nothing, and goes on from there. */
static void a_time_extend_of_nothing_marks_a_step_that_the_next_page_shows(void **state)
{
	struct fixture *f = *state;

	page_begin(&f->page, 1000);
	page_head(&f->page, 30, 0); /* before the first record it is any extension */
	page_word(&f->page, 0);
	page_event(&f->page, 0, EVENT, 1, 3);
	page_event(&f->page, 100, EVENT, 2, 3);
	page_head(&f->page, 30, 0);
	page_word(&f->page, 0);
	page_event(&f->page, 0, EVENT, 3, 3);
	page_end(&f->page);
	assert_int_equal(decode(f), 0);
	assert_int_equal(f->out.n_steps, 1);
	assert_int_equal(f->out.steps[0], 2);
	assert_true(f->out.marked);
	page_begin(&f->page, 1150);
	page_event(&f->page, 0, EVENT, 4, 3);
	page_end(&f->page);
	assert_int_equal(decode(f), 0);
	assert_int_equal(f->out.n_steps, 2);
	assert_int_equal(f->out.steps[1], 3);
	assert_false(f->out.marked);
}

static void records_before_a_fault_are_kept(void **state)
{
	struct fixture *f = *state;

	page_begin(&f->page, 1000);
	page_event(&f->page, 0, EVENT, 1, 3);
	page_event(&f->page, 0, EVENT, 1, 2);
	page_end(&f->page);
	assert_fault(f, RECORD_SHORT, 32);
	assert_int_equal(f->out.n, 1);
}

static void a_record_of_an_event_without_a_format_is_one_of_its_length(void **state)
{
	struct fixture *f = *state;

	page_begin(&f->page, 1000);
	page_event(&f->page, 5, 99, 4194304, 7);
	page_event(&f->page, 6, EVENT, 42, 3);
	page_end(&f->page);
	assert_int_equal(decode(f), 0);
	assert_int_equal(f->out.n, 2);
	assert_int_equal(f->out.list[0].kind, RECORD_UNKNOWN);
	assert_int_equal(f->out.list[0].format, 99);
	assert_int_equal(f->out.list[0].size, 28);
	assert_int_equal(f->out.list[0].pid, 4194304);
	assert_int_equal(f->out.list[0].timestamp, 1005);
	assert_int_equal(f->out.list[1].kind, RECORD_EVENT);
	assert_int_equal(f->out.list[1].timestamp, 1011);
}

/* Whatever stands where a record of an event should be is damage, not an event made later. */
static void an_event_without_a_format_that_no_kernel_writes_is_a_fault(void **state)
{
	struct fixture *f = *state;

	page_begin(&f->page, 1000);
	page_event(&f->page, 5, 99, 4194305, 3);
	page_end(&f->page);
	assert_fault(f, RECORD_STRANGE, 16);
	page_begin(&f->page, 1000);
	page_event(&f->page, 5, 99, -1, 3);
	page_end(&f->page);
	assert_fault(f, RECORD_STRANGE, 16);
	page_begin(&f->page, 1000);
	page_event(&f->page, 5, 0, 41, 3);
	page_end(&f->page);
	assert_fault(f, RECORD_STRANGE, 16);
}

static void more_data_than_a_page_holds_is_a_fault(void **state)
{
	struct fixture *f = *state;

	page_begin(&f->page, 1000);
	page_commit(&f->page, PAGE_SIZE - 15);
	assert_fault(f, PAGE_COMMIT_LONG, 8);
}

static void unknown_bits_of_the_commit_word_are_a_fault(void **state)
{
	struct fixture *f = *state;

	page_begin(&f->page, 1000);
	page_commit(&f->page, 1u << 28);
	assert_fault(f, PAGE_COMMIT_BITS, 8);
	page_commit(&f->page, 1ull << 40);
	assert_fault(f, PAGE_COMMIT_BITS, 8);
}

static void a_count_of_losses_without_losses_is_a_fault(void **state)
{
	struct fixture *f = *state;

	page_begin(&f->page, 1000);
	page_commit(&f->page, 1u << 30);
	assert_fault(f, PAGE_COUNT_ALONE, 8);
}

static void a_stamp_beyond_the_year_2079_is_a_fault(void **state)
{
	struct fixture *f = *state;

	page_begin(&f->page, 3ull << 60);
	assert_fault(f, PAGE_TIME, 0);
	page_begin(&f->page, (3ull << 60) - 1);
	page_head(&f->page, 30, 1);
	page_word(&f->page, 0);
	page_end(&f->page);
	assert_fault(f, RECORD_TIME, 16);
}

static void a_short_page_is_a_fault(void **state)
{
	struct fixture *f = *state;

	page_begin(&f->page, 1000);
	page_event(&f->page, 0, EVENT, 1, 3);
	page_event(&f->page, 0, EVENT, 1, 3);
	page_end(&f->page);
	assert_int_equal(page_decode(&f->config, f->page.b, 15, 0, &f->out, &f->fault),
			 SCHEDTRACE_E_FORMAT);
	assert_int_equal(f->fault.fault, PAGE_CUT);
	/* Cut between its two records, and within the second. */
	assert_int_equal(page_decode(&f->config, f->page.b, 32, 0, &f->out, &f->fault),
			 SCHEDTRACE_E_FORMAT);
	assert_int_equal(f->fault.fault, PAGE_CUT);
	assert_int_equal(f->out.n, 1);
	assert_int_equal(page_decode(&f->config, f->page.b, 47, 0, &f->out, &f->fault),
			 SCHEDTRACE_E_FORMAT);
	assert_int_equal(f->out.n, 2);
	/* All that the commit word claims is there. */
	assert_int_equal(page_decode(&f->config, f->page.b, 48, 0, &f->out, &f->fault), 0);
	assert_int_equal(f->out.n, 4);
}

static void a_record_without_room_for_its_head_is_a_fault(void **state)
{
	struct fixture *f = *state;

	page_begin(&f->page, 1000);
	page_commit(&f->page, 3);
	assert_fault(f, RECORD_CUT, 16);
}

static void a_time_extend_without_its_second_word_is_a_fault(void **state)
{
	struct fixture *f = *state;

	page_begin(&f->page, 1000);
	page_head(&f->page, 30, 1);
	page_end(&f->page);
	assert_fault(f, RECORD_EXTEND_CUT, 16);
}

static void a_record_without_its_length_word_is_a_fault(void **state)
{
	struct fixture *f = *state;

	page_begin(&f->page, 1000);
	page_head(&f->page, 0, 1);
	page_end(&f->page);
	assert_fault(f, RECORD_LENGTH_CUT, 16);
}

static void a_length_word_without_data_is_a_fault(void **state)
{
	struct fixture *f = *state;

	page_begin(&f->page, 1000);
	page_head(&f->page, 0, 1);
	page_word(&f->page, 4);
	page_end(&f->page);
	assert_fault(f, RECORD_LENGTH_ZERO, 16);
}

static void a_record_past_the_end_of_the_data_is_a_fault(void **state)
{
	struct fixture *f = *state;

	page_begin(&f->page, 1000);
	page_event(&f->page, 0, EVENT, 1, 3);
	page_commit(&f->page, f->page.n - 16 - 4);
	assert_fault(f, RECORD_LONG, 16);
	page_begin(&f->page, 1000);
	page_head(&f->page, 0, 1);
	page_word(&f->page, 0xfffffffe);
	page_end(&f->page);
	assert_fault(f, RECORD_LONG, 16);
}

static void a_record_without_common_fields_is_a_fault(void **state)
{
	struct fixture *f = *state;

	page_begin(&f->page, 1000);
	page_head(&f->page, 1, 0);
	page_word(&f->page, EVENT);
	page_end(&f->page);
	assert_fault(f, RECORD_NO_COMMON, 16);
}

static void a_record_shorter_than_its_format_is_a_fault(void **state)
{
	struct fixture *f = *state;

	page_begin(&f->page, 1000);
	page_event(&f->page, 0, EVENT, 1, 2);
	page_end(&f->page);
	assert_fault(f, RECORD_SHORT, 16);
}

static void padding_past_the_end_of_the_data_is_a_fault(void **state)
{
	struct fixture *f = *state;

	page_begin(&f->page, 1000);
	page_head(&f->page, 29, 1);
	page_word(&f->page, 8);
	page_end(&f->page);
	assert_fault(f, PADDING_LONG, 16);
}

static void an_end_mark_before_data_is_a_fault(void **state)
{
	struct fixture *f = *state;

	page_begin(&f->page, 1000);
	page_head(&f->page, 29, 0);
	page_event(&f->page, 0, EVENT, 1, 3);
	page_end(&f->page);
	assert_fault(f, PADDING_NULL, 16);
}

/* Room for the records of a page is taken for the smallest that fields so placed can have. */
static void common_pid_stands_behind_the_type_or_is_refused(void **state)
{
	static const struct {
		uint32_t offset;
		int status;
	} cases[] = { { 0, SCHEDTRACE_E_UNSUPPORTED },
		      { 2, SCHEDTRACE_E_UNSUPPORTED },
		      { 4, 0 },
		      { 8, 0 },
		      { 65, SCHEDTRACE_E_UNSUPPORTED } };
	struct format_field fields[] = {
		{ .name = "common_type", .offset = 0, .size = 2 },
		{ .name = "common_pid", .size = 4 },
	};
	struct format format = {
		.id = EVENT, .name = "tick", .system = "test", .fields = fields, .n_fields = 2
	};
	struct page_layout layout = { PAGE_SIZE, 8 };
	struct formats formats = { .list = &format, .n = 1 };

	formats.by_id = calloc(UINT16_MAX + 1, sizeof(*formats.by_id));
	formats.by_id[EVENT] = 1;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct pages_config config = { 0 };

		fields[1].offset = cases[i].offset;
		assert_int_equal(pages_configure(&config, &layout, &formats, NULL),
				 cases[i].status);
		pages_config_free(&config);
	}
	free(formats.by_id);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(records_have_the_sum_of_the_times_before_them),
		TEST(an_empty_page_has_no_records),
		TEST(a_time_extend_adds_59_bits),
		TEST(an_absolute_stamp_takes_its_top_bits_from_the_time_so_far),
		TEST(an_absolute_stamp_that_wrapped_goes_on_above),
		TEST(a_long_record_has_its_length_in_a_word),
		TEST(discarded_records_are_stepped_over_and_their_time_counts),
		TEST(a_page_after_a_gap_says_how_many_were_lost),
		TEST(a_gap_without_a_count_is_of_unknown_size),
		TEST(a_32_bit_kernel_has_4_bytes_of_commit),
		TEST(a_step_back_in_time_is_noted_before_its_record),
		TEST(a_page_older_than_the_record_before_it_begins_with_a_step),
		TEST(a_time_extend_of_nothing_marks_a_step_that_the_next_page_shows),
		TEST(records_before_a_fault_are_kept),
		TEST(a_record_of_an_event_without_a_format_is_one_of_its_length),
		TEST(an_event_without_a_format_that_no_kernel_writes_is_a_fault),
		TEST(more_data_than_a_page_holds_is_a_fault),
		TEST(unknown_bits_of_the_commit_word_are_a_fault),
		TEST(a_count_of_losses_without_losses_is_a_fault),
		TEST(a_stamp_beyond_the_year_2079_is_a_fault),
		TEST(a_short_page_is_a_fault),
		TEST(a_record_without_room_for_its_head_is_a_fault),
		TEST(a_time_extend_without_its_second_word_is_a_fault),
		TEST(a_record_without_its_length_word_is_a_fault),
		TEST(a_length_word_without_data_is_a_fault),
		TEST(a_record_past_the_end_of_the_data_is_a_fault),
		TEST(a_record_without_common_fields_is_a_fault),
		TEST(a_record_shorter_than_its_format_is_a_fault),
		TEST(padding_past_the_end_of_the_data_is_a_fault),
		TEST(an_end_mark_before_data_is_a_fault),
		TEST(common_pid_stands_behind_the_type_or_is_refused),
	};

	return cmocka_run_group_tests_name("pages", tests, NULL, NULL);
}
