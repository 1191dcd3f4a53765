/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Pages of several CPUs into one order, by and by. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/page_maker.h"
#include "tracedat/page_merge.h"

#define EVENT 7 /* ids */
#define STACK 8
#define CPUS  3

struct fixture {
	struct page_merge *m;
	struct formats formats;
	char text[512];
};

static const struct format_field fields[] = {
	{ .name = "common_type", .offset = 0, .size = 2 },
	{ .name = "common_pid", .offset = 4, .size = 4, .is_signed = true },
};

static int setup(void **state)
{
	static const struct page_layout layout = { PAGE_SIZE, 8 };
	struct fixture *f = calloc(1, sizeof(*f));
	struct schedtrace_error err;

	f->formats.list = calloc(2, sizeof(*f->formats.list));
	f->formats.by_id = calloc(UINT16_MAX + 1, sizeof(*f->formats.by_id));
	f->formats.n = 2;
	f->formats.list[0] = (struct format){ .id = EVENT,
					      .system = "test",
					      .name = "tick",
					      .fields = fields,
					      .n_fields = 2,
					      .min_size = 8 };
	f->formats.list[1] = f->formats.list[0];
	f->formats.list[1].id = STACK;
	f->formats.list[1].system = "ftrace";
	f->formats.list[1].name = "kernel_stack";
	f->formats.by_id[EVENT] = 1;
	f->formats.by_id[STACK] = 2;
	if (page_merge_new(&f->m, &layout, &f->formats, CPUS, &err) < 0)
		fail_msg("%s", err.text);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	page_merge_free(f->m);
	free(f->formats.list);
	free(f->formats.by_id);
	free(f);
	return 0;
}

static void add(struct fixture *f, int cpu, struct page *page)
{
	struct schedtrace_error err;

	page_end(page);
	if (page_merge_add(f->m, cpu, page->b, PAGE_SIZE, &err) < 0)
		fail_msg("%s", err.text);
}

/* A page with two ticks of @pid. */
static void add_two(struct fixture *f, int cpu, uint64_t at, uint32_t later, int pid)
{
	struct page page;

	page_begin(&page, at);
	page_event(&page, 0, EVENT, pid, 2);
	page_event(&page, later, EVENT, pid, 2);
	add(f, cpu, &page);
}

/* "time cpu pid" of each, with the letter of what is no event. */
static const char *next(struct fixture *f, int64_t until)
{
	const struct record *r;
	struct schedtrace_error err;
	size_t n, at = 0;

	if (page_merge_next(f->m, until, &r, &n, &err) < 0)
		fail_msg("%s", err.text);
	f->text[0] = '\0';
	for (size_t i = 0; i < n; i++) {
		if (r[i].kind == RECORD_EVENT) {
			int32_t pid;

			memcpy(&pid, r[i].data + 4, 4);
			assert_int_equal(pid, r[i].pid);
			at += (size_t)snprintf(f->text + at, sizeof(f->text) - at, "%ld %d %d%s\n",
					       (long)r[i].timestamp, r[i].cpu, pid,
					       r[i].format == 1 ? " stack" : "");
		} else {
			at += (size_t)snprintf(f->text + at, sizeof(f->text) - at, "%ld %d %c\n",
					       (long)r[i].timestamp, r[i].cpu,
					       r[i].kind == RECORD_GAP ? 'G' : 'L');
		}
	}
	return f->text;
}

static void records_of_all_cpus_come_in_the_order_of_time(void **state)
{
	struct fixture *f = *state;

	add_two(f, 2, 100, 30, 22);
	add_two(f, 0, 110, 10, 20);
	add_two(f, 1, 120, 0, 21);
	assert_string_equal(next(f, INT64_MAX), "100 2 22\n110 0 20\n120 0 20\n120 1 21\n"
						"120 1 21\n130 2 22\n");
	assert_string_equal(next(f, INT64_MAX), "");
}

static void what_is_not_older_than_the_round_waits_for_the_next(void **state)
{
	struct fixture *f = *state;

	add_two(f, 0, 100, 30, 20);
	assert_string_equal(next(f, 130), "100 0 20\n");
	add_two(f, 1, 120, 30, 21);
	assert_string_equal(next(f, 140), "120 1 21\n130 0 20\n");
	add_two(f, 0, 145, 100, 20);
	assert_string_equal(next(f, INT64_MAX), "145 0 20\n150 1 21\n245 0 20\n");
}

static void a_stack_comes_right_behind_its_record(void **state)
{
	struct fixture *f = *state;
	struct page page;

	page_begin(&page, 100);
	page_event(&page, 0, EVENT, 20, 2);
	page_event(&page, 8, STACK, 20, 2);
	add(f, 0, &page);
	add_two(f, 1, 104, 0, 21);
	assert_string_equal(next(f, 106), "100 0 20\n108 0 20 stack\n104 1 21\n104 1 21\n");
}

static void lost_records_are_a_gap_up_to_the_next(void **state)
{
	struct fixture *f = *state;
	struct page page;

	add_two(f, 0, 100, 10, 20);
	page_begin(&page, 200);
	page_event(&page, 0, EVENT, 20, 2);
	page_end(&page);
	page_commit(&page, (page.n - 16) | (uint64_t)1 << 31);
	if (page_merge_add(f->m, 0, page.b, PAGE_SIZE, NULL) < 0)
		fail();
	assert_string_equal(next(f, INT64_MAX), "100 0 20\n110 0 20\n110 0 G\n200 0 L\n200 0 20\n");
}

static void a_page_that_is_none_is_refused(void **state)
{
	struct fixture *f = *state;
	struct schedtrace_error err;
	struct page page;

	page_begin(&page, UINT64_MAX);
	page_end(&page);
	assert_int_equal(page_merge_add(f->m, 1, page.b, PAGE_SIZE, &err), SCHEDTRACE_E_FORMAT);
	assert_non_null(strstr(err.text, "CPU 1, a page of its buffer: "));
}

static void a_clock_that_is_set_back_is_refused(void **state)
{
	struct fixture *f = *state;
	struct schedtrace_error err;
	struct page page;

	add_two(f, 0, 1000, 10, 20);
	page_begin(&page, 500);
	page_event(&page, 0, EVENT, 20, 2);
	page_end(&page);
	assert_int_equal(page_merge_add(f->m, 0, page.b, PAGE_SIZE, &err), SCHEDTRACE_E_FORMAT);
	assert_non_null(strstr(err.text, "CPU 0: the trace clock was set back"));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(records_of_all_cpus_come_in_the_order_of_time),
		TEST(what_is_not_older_than_the_round_waits_for_the_next),
		TEST(a_stack_comes_right_behind_its_record),
		TEST(lost_records_are_a_gap_up_to_the_next),
		TEST(a_page_that_is_none_is_refused),
		TEST(a_clock_that_is_set_back_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
