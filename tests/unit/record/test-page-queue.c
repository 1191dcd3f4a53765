/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "record/page_queue.h"
#include "tests/unit/page_maker.h"
#include "tracedat/page_cursor.h"

struct seen {
	int cpus[16];
	uint64_t stamps[16];
	bool lost[16];
	int n;
	int64_t until[16];
	int n_rounds;
};

static int take_pages(void *user, int cpu, const void *pages, size_t bytes,
		      struct schedtrace_error *err)
{
	const struct page_layout layout = page_layout_here(PAGE_SIZE);
	struct seen *s = user;

	for (const uint8_t *p = pages; p < (const uint8_t *)pages + bytes; p += PAGE_SIZE) {
		assert_true(s->n < 16);
		s->cpus[s->n] = cpu;
		s->stamps[s->n] = page_stamp(p);
		s->lost[s->n++] = page_lost(p, &layout) < 0;
	}
	return 0;
}

static int take_round(void *user, int64_t until, struct schedtrace_error *err)
{
	struct seen *s = user;

	s->until[s->n_rounds++] = until;
	return 0;
}

static struct page make(uint64_t ts)
{
	struct page p;

	page_begin(&p, ts);
	page_event(&p, 5, 7, 1, 3);
	page_end(&p);
	return p;
}

static void a_round_ends_where_the_slowest_cpu_has_been_read(void **state)
{
	struct seen s = { .n = 0 };
	const struct page_sink sink = { take_pages, take_round, &s };
	struct page_queue *q;
	struct page p = make(1000);

	assert_int_equal(page_queue_new(&q, 3, PAGE_SIZE, 1 << 20, NULL), 0);
	page_queue_expect(q, 0);
	page_queue_expect(q, 2); /* CPU 1 has no buffer */
	page_queue_put(q, 2, p.b, 1);
	page_queue_reached(q, 2, 3000);
	assert_int_equal(page_queue_take(q, &sink, NULL), 0);
	assert_int_equal(s.n, 1);
	assert_int_equal(s.cpus[0], 2);
	assert_int_equal(s.n_rounds, 0);
	page_queue_reached(q, 0, 2000);
	assert_int_equal(page_queue_take(q, &sink, NULL), 0);
	assert_int_equal(page_queue_take(q, &sink, NULL), 0); /* no news: no round */
	page_queue_reached(q, 0, INT64_MAX);
	page_queue_reached(q, 2, INT64_MAX);
	assert_int_equal(page_queue_take(q, &sink, NULL), 0);
	assert_int_equal(s.n_rounds, 2);
	assert_int_equal(s.until[0], 2000);
	assert_int_equal(s.until[1], INT64_MAX);
	page_queue_free(q);
}

static void what_finds_no_room_is_counted_and_marked(void **state)
{
	struct seen s = { .n = 0 };
	const struct page_sink sink = { take_pages, take_round, &s };
	struct page_queue *q;

	assert_int_equal(page_queue_new(&q, 1, PAGE_SIZE, PAGE_SIZE, NULL), 0);
	for (uint64_t ts = 1000; ts <= 4000; ts += 1000) {
		struct page p = make(ts);

		assert_int_equal(page_queue_full(q), ts > 1000);
		page_queue_put(q, 0, p.b, 1);
	}
	assert_int_equal(page_queue_skipped(q), 3 * PAGE_SIZE);
	assert_int_equal(page_queue_take(q, &sink, NULL), 0);
	assert_int_equal(s.n, 2);
	assert_int_equal(s.stamps[0], 1000);
	assert_false(s.lost[0]);
	assert_int_equal(s.stamps[1], 4005); /* up to the last record that is missing */
	assert_true(s.lost[1]);
	struct page p = make(5000);
	page_queue_put(q, 0, p.b, 1);
	assert_int_equal(page_queue_take(q, &sink, NULL), 0);
	assert_int_equal(s.n, 3);
	assert_false(s.lost[2]);
	page_queue_free(q);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_round_ends_where_the_slowest_cpu_has_been_read),
		cmocka_unit_test(what_finds_no_room_is_counted_and_marked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
