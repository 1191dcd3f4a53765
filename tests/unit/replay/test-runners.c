/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "libschedtrace/replay/runners.h"

enum { LIVES = 50 };

static int count(void *user, uint32_t life, int64_t ns)
{
	int64_t *sums = user;

	assert_true(life < LIVES);
	assert_true(ns > 0);
	sums[life] += ns;
	return 0;
}

static void the_latest_stretches_are_told_exactly(void **state)
{
	struct runners r = { 0 };
	int64_t sums[LIVES] = { 0 };

	assert_int_equal(runners_add(&r, 1, 100, 110), 0);
	assert_int_equal(runners_add(&r, 2, 110, 130), 0);
	assert_int_equal(runners_add(&r, 1, 140, 145), 0);
	assert_int_equal(runners_add(&r, 1, 145, 150), 0);
	assert_int_equal(runners_since(&r, 115, count, sums), 0);
	assert_int_equal(sums[1], 10);
	assert_int_equal(sums[2], 15);
	sums[1] = sums[2] = 0;
	runners_since(&r, 142, count, sums);
	assert_int_equal(sums[1], 8);
	assert_int_equal(sums[2], 0);
	sums[1] = 0;
	runners_since(&r, 150, count, sums);
	assert_int_equal(sums[1], 0);
	runners_free(&r);
}

static void of_few_tasks_most_of_a_long_time_is_told(void **state)
{
	struct runners r = { 0 };

	for (int64_t i = 0; i < 100000; i++)
		assert_int_equal(runners_add(&r, (uint32_t)(i % 3), 10 * i, 10 * i + 7), 0);
	for (int64_t since = 0; since < 1000000; since += 12345) {
		int64_t sums[LIVES] = { 0 }, all = (1000000 - since) * 7 / 10 / 3;

		assert_int_equal(runners_since(&r, since, count, sums), 0);
		for (int life = 0; life < 3; life++)
			assert_in_range(sums[life], all * 3 / 5, all + 7);
	}
	runners_free(&r);
}

static void never_more_is_told_than_there_was(void **state)
{
	enum { N = 3000 };
	static struct {
		uint32_t life;
		int64_t begin, end;
	} all[N];
	unsigned int seed = 1;
	struct runners r = { 0 };
	int64_t now = 1000;

	for (int i = 0; i < N; i++) {
		all[i].life = (uint32_t)rand_r(&seed) % LIVES;
		all[i].begin = now + rand_r(&seed) % 3;
		all[i].end = now = all[i].begin + 1 + rand_r(&seed) % 100;
		assert_int_equal(runners_add(&r, all[i].life, all[i].begin, all[i].end), 0);
		if (i % 37 == 0) {
			int64_t sums[LIVES] = { 0 }, since = 1000 + rand_r(&seed) % (now - 1000);

			assert_int_equal(runners_since(&r, since, count, sums), 0);
			for (int k = i; k >= 0 && all[k].end > since; k--)
				sums[all[k].life] -=
					all[k].end - (all[k].begin > since ? all[k].begin : since);
			for (int life = 0; life < LIVES; life++)
				assert_true(sums[life] <= 0);
		}
	}
	runners_free(&r);
}

static int refuse(void *user, uint32_t life, int64_t ns)
{
	return -7;
}

static void the_one_who_asks_may_stop(void **state)
{
	struct runners r = { 0 };

	runners_add(&r, 1, 100, 110);
	assert_int_equal(runners_since(&r, 0, refuse, NULL), -7);
	runners_free(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_latest_stretches_are_told_exactly),
		cmocka_unit_test(of_few_tasks_most_of_a_long_time_is_told),
		cmocka_unit_test(never_more_is_told_than_there_was),
		cmocka_unit_test(the_one_who_asks_may_stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
