/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/unit/page_maker.h"
#include "tracedat/page_cursor.h"
#include "tracedat/page_join.h"

#define MAX 4096

static const struct page_layout layout = { PAGE_SIZE, 8 };

/* What came out. */
struct out {
	uint8_t pages[8][PAGE_SIZE];
	int n;
};

/* Times and first words of records. */
struct list {
	uint64_t ts[MAX];
	uint32_t word[MAX];
	size_t n;
};

static int keep(void *self, const uint8_t *page)
{
	struct out *out = self;

	assert_true(out->n < 8);
	memcpy(out->pages[out->n++], page, PAGE_SIZE);
	return 0;
}

static void read_page(struct list *l, const uint8_t *page)
{
	struct page_cursor c;
	enum page_item item;

	page_cursor_begin(&c, page, &layout);
	while ((item = page_cursor_next(&c)) > PAGE_ITEM_FAULT) {
		if (item != PAGE_ITEM_RECORD)
			continue;
		assert_true(l->n < MAX);
		l->ts[l->n] = c.ts;
		l->word[l->n++] = page_load32(c.data);
	}
	assert_int_equal(item, PAGE_ITEM_END);
}

static void assert_same(const struct list *a, const struct list *b)
{
	assert_int_equal(a->n, b->n);
	for (size_t i = 0; i < a->n; i++) {
		assert_int_equal(a->ts[i], b->ts[i]);
		assert_int_equal(a->word[i], b->word[i]);
	}
}

/* Joins @n pages and compares the records; returns how many pages there are of them. */
static int join(const struct page *pages, int n)
{
	static struct list before, after;
	static struct out out;
	const struct page_join_out to = { keep, &out };
	const uint8_t *last;
	struct page_join j;

	before.n = after.n = 0;
	out.n = 0;
	assert_true(page_join_new(&j, &layout));
	for (int i = 0; i < n; i++) {
		read_page(&before, pages[i].b);
		assert_int_equal(page_join_add(&j, pages[i].b, &to), 0);
	}
	last = page_join_pending(&j);
	if (last)
		keep(&out, last);
	for (int i = 0; i < out.n; i++)
		read_page(&after, out.pages[i]);
	page_join_free(&j);
	assert_same(&before, &after);
	return out.n;
}

static void pages_of_few_records_become_one(void **state)
{
	struct page p[3];

	for (int i = 0; i < 3; i++) {
		page_begin(&p[i], 1000 * (uint64_t)(i + 1));
		page_event(&p[i], 5, 7, 1, 3);
		page_event(&p[i], 6, 8, 1, 4);
		page_end(&p[i]);
	}
	assert_int_equal(join(p, 3), 1);
}

static void a_time_between_pages_beyond_27_bits_is_kept(void **state)
{
	struct page p[2];

	page_begin(&p[0], 1000);
	page_event(&p[0], 5, 7, 1, 3);
	page_end(&p[0]);
	page_begin(&p[1], 1000 + 5 + ((uint64_t)3 << 40));
	page_event(&p[1], 0, 7, 1, 3);
	page_end(&p[1]);
	assert_int_equal(join(p, 2), 1);
}

static void pages_that_go_on_where_the_one_before_ended_need_no_time_between(void **state)
{
	struct page p[2];
	static struct out out;
	const struct page_join_out to = { keep, &out };
	struct page_join j;

	page_begin(&p[0], 1000);
	page_event(&p[0], 5, 7, 1, 3);
	page_end(&p[0]);
	page_begin(&p[1], 1005);
	page_event(&p[1], 6, 8, 1, 3);
	page_end(&p[1]);
	assert_true(page_join_new(&j, &layout));
	assert_int_equal(page_join_add(&j, p[0].b, &to), 0);
	assert_int_equal(page_join_add(&j, p[1].b, &to), 0);
	assert_int_equal(page_length(page_join_pending(&j)), 2 * 16);
	page_join_free(&j);
}

static void a_page_that_does_not_fit_is_split_between_records(void **state)
{
	struct page p[3];

	for (int i = 0; i < 3; i++) {
		page_begin(&p[i], 100000 * (uint64_t)(i + 1));
		while (p[i].n + 13 * 4 < PAGE_SIZE - (i == 1 ? 0 : 2000))
			page_event(&p[i], 3, 7, (int32_t)p[i].n, 12);
		page_end(&p[i]);
	}
	/* 2028 + 4056 + 2028 bytes, and times between them, in two pages of 4080. */
	assert_int_equal(join(p, 3), 2);
}

static void an_extend_by_nothing_is_no_mark_of_a_clock_that_was_set_back(void **state)
{
	struct page p[2];
	static struct out out;
	const struct page_join_out to = { keep, &out };
	struct page_join j;
	struct page_cursor c;

	for (int i = 0; i < 2; i++) {
		page_begin(&p[i], 1000 + (uint64_t)i);
		page_head(&p[i], PAGE_TYPE_EXTEND, 0);
		page_word(&p[i], 0);
		page_event(&p[i], 0, 7, 1, 3);
		page_end(&p[i]);
	}
	assert_true(page_join_new(&j, &layout));
	for (int i = 0; i < 2; i++)
		assert_int_equal(page_join_add(&j, p[i].b, &to), 0);
	page_cursor_begin(&c, page_join_pending(&j), &layout);
	for (enum page_item item; (item = page_cursor_next(&c)) != PAGE_ITEM_END;)
		assert_int_not_equal(item, PAGE_ITEM_STILL);
	page_join_free(&j);
}

static void pages_after_a_loss_or_with_a_fault_stay_as_they_are(void **state)
{
	struct page p[4];
	static struct out out;
	const struct page_join_out to = { keep, &out };
	struct page_join j;

	for (int i = 0; i < 4; i++) {
		page_begin(&p[i], 1000 * (uint64_t)(i + 1));
		page_event(&p[i], 5, 7, 1, 3);
		page_end(&p[i]);
	}
	page_commit(&p[1], (p[1].n - 16) | PAGE_COMMIT_MISSED);
	page_word(&p[2], 0); /* a record without a length */
	page_end(&p[2]);
	out.n = 0;
	assert_true(page_join_new(&j, &layout));
	for (int i = 0; i < 4; i++)
		assert_int_equal(page_join_add(&j, p[i].b, &to), 0);
	assert_int_equal(out.n, 3);
	for (int i = 0; i < 3; i++)
		assert_memory_equal(out.pages[i], p[i].b, PAGE_SIZE);
	assert_memory_equal(page_join_pending(&j), p[3].b, PAGE_SIZE);
	page_join_free(&j);
}

static void a_clock_that_goes_back_begins_a_page(void **state)
{
	struct page p[2];

	page_begin(&p[0], 2000);
	page_event(&p[0], 5, 7, 1, 3);
	page_end(&p[0]);
	page_begin(&p[1], 1000);
	page_event(&p[1], 5, 7, 1, 3);
	page_end(&p[1]);
	assert_int_equal(join(p, 2), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pages_of_few_records_become_one),
		cmocka_unit_test(a_time_between_pages_beyond_27_bits_is_kept),
		cmocka_unit_test(pages_that_go_on_where_the_one_before_ended_need_no_time_between),
		cmocka_unit_test(a_page_that_does_not_fit_is_split_between_records),
		cmocka_unit_test(an_extend_by_nothing_is_no_mark_of_a_clock_that_was_set_back),
		cmocka_unit_test(pages_after_a_loss_or_with_a_fault_stay_as_they_are),
		cmocka_unit_test(a_clock_that_goes_back_begins_a_page),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
