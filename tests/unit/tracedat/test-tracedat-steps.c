/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Clocks that were set back while they were recorded. */
#include "tests/unit/tracedat_files.h"

/* Two CPUs with a page each before and after the clock is set back. */
static void set_back(struct fixture *f, uint64_t base, uint64_t back)
{
	const uint64_t before0[] = { base + 1000, base + 1010, base + 1020, base + 1500 };
	const uint64_t before2[] = { base + 1005, base + 1010, base + 1600 };
	const uint64_t after0[] = { base + 1700 - back, base + 1710 - back };
	const uint64_t after2[] = { base + 1701 - back, base + 1750 - back };

	memset(f->m.buffers[0].pages, 0, sizeof(f->m.buffers[0].pages));
	maker_page(&f->m.buffers[0], 0, 4, before0, 41);
	maker_page(&f->m.buffers[0], 0, 2, after0, 43);
	maker_page(&f->m.buffers[0], 2, 3, before2, 42);
	maker_page(&f->m.buffers[0], 2, 2, after2, 44);
}

/*
 * The longest silence of CPU 0 is 480 ns: twice as long after 1600, CPU 0's 1700 - 800 comes. With
 * little memory a page is a block.
 */
static void after_the_clock_was_set_back_times_go_on_behind_the_latest(void **state)
{
	struct fixture *f = *state;
	unsigned int threads;
	int i;

	set_back(f, 0, 800);
	for (i = -1; i < N_CODECS; i++) {
		make(f, i < 0 ? 6 : 7, i < 0 ? "none" : codecs[i]);
		for (threads = 1; threads < 5; threads++) {
			struct tracedat_options options = { .threads = threads & 1 ? 1 : 2,
							    .max_memory = threads > 2 };

			assert_int_equal(read_bytes(f, f->m.n, &options), 0);
			assert_string_equal(f->got,
					    "0 1000 41 1\n2 1005 42 1\n0 1010 41 2\n2 1010 42 2\n"
					    "0 1020 41 3\n0 1500 41 4\n2 1600 42 3\n0 2560 43 1\n"
					    "2 2561 44 1\n0 2570 43 2\n2 2610 44 2\n");
			assert_int_equal(f->gaps, 2);
			assert_int_equal(f->n_lost, 0);
			assert_false(f->damaged);
			assert_non_null(strstr(f->notes,
					       "the clock was set back 1 times, by up to 699 ns"));
		}
	}
}

static void a_clock_may_be_set_back_by_an_hour(void **state)
{
	static const uint64_t steps[] = { 1000000, 999999000, 1000000900, 10000000000,
					  3600000000000 };
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(steps) / sizeof(*steps); i++) {
		set_back(f, 4000000000000, steps[i]);
		make(f, 6, "none");
		assert_int_equal(read_bytes(f, f->m.n, NULL), 0);
		assert_non_null(strstr(f->got, "2 4000000001600 42 3\n0 4000000002560 43 1\n"
					       "2 4000000002561 44 1\n0 4000000002570 43 2\n"
					       "2 4000000002610 44 2\n"));
		assert_int_equal(f->gaps, 2);
		assert_false(f->damaged);
	}
}

/* It was silent for longer than the clock was set back. */
static void a_cpu_that_shows_no_step_goes_on_with_the_others(void **state)
{
	static const uint64_t before0[] = { 1000, 1010, 1020, 1500 }, after0[] = { 900, 910 };
	static const uint64_t quiet[] = { 1005, 2500 };
	struct fixture *f = *state;

	memset(f->m.buffers[0].pages, 0, sizeof(f->m.buffers[0].pages));
	maker_page(&f->m.buffers[0], 0, 4, before0, 41);
	maker_page(&f->m.buffers[0], 0, 2, after0, 43);
	maker_page(&f->m.buffers[0], 2, 2, quiet, 42);
	make(f, 6, "none");
	assert_int_equal(read_bytes(f, f->m.n, NULL), 0);
	assert_string_equal(f->got, "0 1000 41 1\n2 1005 42 1\n0 1010 41 2\n0 1020 41 3\n"
				    "0 1500 41 4\n0 2460 43 1\n0 2470 43 2\n2 4060 42 2\n");
	assert_string_equal(f->lost, "0 1500 2460\n2 1500 2460\n");
}

/* It is silent for as long as nobody knows, too. */
static void a_cpu_whose_records_have_ended_has_the_moment_too(void **state)
{
	static const uint64_t before0[] = { 1000, 1010, 1020, 1500 }, after0[] = { 900, 910 };
	static const uint64_t only[] = { 1005 };
	struct fixture *f = *state;

	memset(f->m.buffers[0].pages, 0, sizeof(f->m.buffers[0].pages));
	maker_page(&f->m.buffers[0], 0, 4, before0, 41);
	maker_page(&f->m.buffers[0], 0, 2, after0, 43);
	maker_page(&f->m.buffers[0], 2, 1, only, 42);
	make(f, 6, "none");
	assert_int_equal(read_bytes(f, f->m.n, NULL), 0);
	assert_string_equal(f->lost, "0 1500 2460\n2 1500 2460\n");
}

/* Lost records are missing on CPU 2 from 1005 until after the step, whether its stamps show it or
 * not. */
static void a_gap_that_lasts_over_the_step_stays_one(void **state)
{
	static const uint64_t before0[] = { 1000, 1010, 1020, 1500 }, after0[] = { 900, 910 };
	static const uint64_t before2[] = { 1005 };
	static const uint64_t after2[] = { 2500, 905 };
	static const char *const lost[] = { "0 1500 2460\n2 1005 4060\n",
					    "0 1500 2460\n2 1005 2465\n" };
	const uint64_t commit = 16 | 1ull << 31;
	struct fixture *f = *state;

	for (int i = 0; i < 2; i++) {
		memset(f->m.buffers[0].pages, 0, sizeof(f->m.buffers[0].pages));
		maker_page(&f->m.buffers[0], 0, 4, before0, 41);
		maker_page(&f->m.buffers[0], 0, 2, after0, 43);
		maker_page(&f->m.buffers[0], 2, 1, before2, 42);
		maker_page(&f->m.buffers[0], 2, 1, &after2[i], 42);
		memcpy(f->m.buffers[0].data[2] + MAKER_PAGE + 8, &commit, 8);
		make(f, 6, "none");
		assert_int_equal(read_bytes(f, f->m.n, NULL), 0);
		assert_string_equal(f->lost, lost[i]);
		assert_int_equal(f->n_lost, -1);
	}
}

/*
 * CPU 0's kernel went on within its page, behind a mark; CPU 2 began a page. Both have 10 ns of
 * silence at least: 1010 + 2 * 10 is 475 of the new clock, and 500 of it 1055.
 */
static void a_page_that_goes_on_behind_the_kernels_mark_agrees_with_the_other_cpus(void **state)
{
	static const uint64_t before0[] = { 1000, 1010, 1010, 1020 }, after0[] = { 500, 510 };
	static const uint64_t before2[] = { 1005 }, after2[] = { 475, 505 };
	struct fixture *f = *state;
	uint8_t *page = f->m.buffers[0].data[0];
	uint64_t commit = 16 * 4 + 8;
	uint32_t mark[2] = { 30, 0 };

	memset(f->m.buffers[0].pages, 0, sizeof(f->m.buffers[0].pages));
	maker_page(&f->m.buffers[0], 0, 4, before0, 41);
	memmove(page + 16 + 16 * 2 + 8, page + 16 + 16 * 2, 16 * 2);
	memcpy(page + 16 + 16 * 2, mark, 8);
	memcpy(page + 8, &commit, 8);
	maker_page(&f->m.buffers[0], 0, 2, after0, 43);
	maker_page(&f->m.buffers[0], 2, 1, before2, 42);
	maker_page(&f->m.buffers[0], 2, 2, after2, 44);
	make(f, 6, "none");
	assert_int_equal(read_bytes(f, f->m.n, NULL), 0);
	assert_string_equal(f->got, "0 1000 41 1\n2 1005 42 1\n0 1010 41 2\n0 1030 41 3\n"
				    "2 1030 44 1\n0 1040 41 4\n0 1055 43 1\n2 1060 44 2\n"
				    "0 1065 43 2\n");
	assert_int_equal(f->gaps, 2);
}

/* Two pages in order, with room for it between them. */
static void a_page_from_the_past_is_given_up_with_salvage(void **state)
{
	static const uint64_t times[][2] = { { 10000000000, 10000000010 },
					     { 5000000000, 5000000010 },
					     { 10000000100, 10000000200 } };
	struct fixture *f = *state;
	struct tracedat_options salvage = { .salvage = true };

	memset(f->m.buffers[0].pages, 0, sizeof(f->m.buffers[0].pages));
	for (int i = 0; i < 3; i++)
		maker_page(&f->m.buffers[0], 0, 2, times[i], 41);
	make(f, 6, "none");
	assert_int_equal(read_bytes(f, f->m.n, NULL), SCHEDTRACE_E_FORMAT);
	assert_text(f, "the page begins 5000000010 ns before the record before it");
	assert_int_equal(read_file(f, &salvage), 0);
	assert_string_equal(f->got, "0 10000000000 41 1\n0 10000000010 41 2\n"
				    "0 10000000100 41 1\n0 10000000200 41 2\n");
	assert_int_equal(f->gaps, 1);
	assert_int_equal(f->n_lost, -1);
	assert_true(f->damaged);
}

/*
 * A damaged stamp is as far ahead as half of all time; the true ones after it, in a block of their
 * own, go on 20 ns behind it, and the next damaged one would be beyond the end.
 */
static void times_that_a_step_moves_too_far_are_given_up_with_salvage(void **state)
{
	static const uint64_t ahead[] = { 2305843009213700000, 2305843009213700010 };
	static const uint64_t true_ones[] = { 1000, 1010 };
	struct fixture *f = *state;

	for (unsigned int threads = 1; threads < 3; threads++) {
		struct tracedat_options options = { .threads = threads, .max_memory = 1 };

		memset(f->m.buffers[0].pages, 0, sizeof(f->m.buffers[0].pages));
		maker_page(&f->m.buffers[0], 0, 2, ahead, 41);
		maker_page(&f->m.buffers[0], 0, 2, true_ones, 42);
		maker_page(&f->m.buffers[0], 0, 2, ahead, 43);
		maker_page(&f->m.buffers[0], 0, 2, ahead, 44);
		make(f, 6, "none");
		assert_int_equal(read_bytes(f, f->m.n, &options), SCHEDTRACE_E_FORMAT);
		options.salvage = true;
		assert_int_equal(read_file(f, &options), 0);
		assert_string_equal(f->got,
				    "0 2305843009213700000 41 1\n0 2305843009213700010 41 2\n"
				    "0 2305843009213700030 42 1\n0 2305843009213700040 42 2\n");
		assert_non_null(strstr(f->lost, "\n0 2305843009213700040 4611686018427387904\n"));
		assert_non_null(strstr(f->notes, "CPU 0: a time above 2^62 after the clock was set "
						 "back"));
		assert_true(f->damaged);
	}
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(after_the_clock_was_set_back_times_go_on_behind_the_latest),
		TEST(a_clock_may_be_set_back_by_an_hour),
		TEST(a_cpu_that_shows_no_step_goes_on_with_the_others),
		TEST(a_cpu_whose_records_have_ended_has_the_moment_too),
		TEST(a_gap_that_lasts_over_the_step_stays_one),
		TEST(a_page_that_goes_on_behind_the_kernels_mark_agrees_with_the_other_cpus),
		TEST(a_page_from_the_past_is_given_up_with_salvage),
		TEST(times_that_a_step_moves_too_far_are_given_up_with_salvage),
	};

	return cmocka_run_group_tests_name("tracedat steps", tests, NULL, NULL);
}
