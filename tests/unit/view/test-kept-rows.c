/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Kept rows count in the same pixels as each of them alone does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "view/figure/kept_rows.h"

#define ROWS  (KEPT_BLOCK_ROWS + 777)
#define WIDTH 40
#define TALL  25

static double begin_x[ROWS], begin_y[ROWS], end_x[ROWS], end_y[ROWS];
static struct kept_ends ends;
static unsigned int seed = 1;

static int below(int n)
{
	return rand_r(&seed) % n;
}

/* What a raster of all columns has after @count. */
static void counts_of(const struct raster_window *window, const struct kept_rows *kept,
		      uint64_t *out, uint64_t *counted)
{
	const struct mix unit = { 1, 3, 5, 7 };

	for (uint32_t first = 0; first < WIDTH; first += 16) {
		uint32_t columns = WIDTH - first < 16 ? WIDTH - first : 16;
		struct schedtrace_error err;
		struct raster raster;
		int r = raster_new(&raster, window, 16, &err);

		assert_int_equal(r, 0);
		raster_begin(&raster, first, columns);
		r = kept ? kept_rows_count(kept, &raster, &unit, &ends, counted, &err)
			 : raster_lines(&raster, &unit, begin_x, begin_y, end_x, end_y, ROWS,
					counted, &err);
		assert_int_equal(r, 0);
		raster_finish(&raster);
		for (uint32_t i = 0; i < columns * TALL; i++) {
			out[first * TALL + i] = raster.counts[i].n;
			assert_int_equal(raster.counts[i].blue, 7 * raster.counts[i].n);
		}
		raster_free(&raster);
	}
}

static void check_window(const struct kept_rows *kept, struct raster_window window)
{
	uint64_t expected[WIDTH * TALL], found[WIDTH * TALL], one = 0, other = 0;

	window.width = WIDTH;
	window.height = TALL;
	counts_of(&window, NULL, expected, &one);
	counts_of(&window, kept, found, &other);
	assert_memory_equal(found, expected, sizeof(found));
	assert_int_equal(one, other);
}

static void check_rows(void)
{
	struct kept_rows kept = { .memory = NULL };
	const struct query_column columns[] = {
		{ .reals = begin_x }, { .reals = begin_y }, { .reals = end_x }, { .reals = end_y }
	};
	struct schedtrace_error err;

	assert_int_equal(cache_memory_new(&kept.memory, &err), 0);
	assert_int_equal(kept_rows_add(&kept, &columns[0], &columns[1], &columns[2], &columns[3],
				       ROWS, &err),
			 0);
	assert_int_equal(kept_rows_finish(&kept, &err), 0);
	assert_int_equal(kept.n, 2);
	check_window(&kept, (struct raster_window){ begin_x[0], begin_x[ROWS - 1], -3, 40 });
	check_window(&kept,
		     (struct raster_window){ begin_x[0] - 99, begin_x[ROWS - 1] + 5, 7, 7.5 });
	for (int i = 0; i < 12; i++) {
		double begin = begin_x[below(ROWS)], bottom = below(30) / 4.0;

		check_window(&kept, (struct raster_window){ begin, begin + 1 + below(1 << 2 * i),
							    bottom, bottom + 1 + below(20) });
	}
	kept_rows_free(&kept);
	cache_memory_free(kept.memory);
}

/* Along x by up to @most each, whole numbers or not; @ys places along y. */
static void make_rows(int most, bool whole, int ys, bool upright, bool level)
{
	double x = 1e12;

	for (size_t i = 0; i < ROWS; i++) {
		x += below(most) + (whole ? 0 : below(8) / 8.0);
		begin_x[i] = x;
		end_x[i] = upright ? x : x + below(below(20) ? most : 2000 * most);
		begin_y[i] = below(ys) / 4.0;
		end_y[i] = level ? begin_y[i] : begin_y[i] + below(3);
	}
}

static void points_and_lines_of_any_kind_count_as_they_do_alone(void **state)
{
	for (int kind = 0; kind < 16; kind++) {
		make_rows(kind & 1 ? 3 : 2000, kind & 2, kind & 4 ? 12 : 1200, true, kind & 8);
		check_rows();
		make_rows(kind & 1 ? 3 : 2000, kind & 2, kind & 4 ? 12 : 1200, false, true);
		check_rows();
	}
	make_rows(50, false, 20000, true, true); /* more places than there are codes */
	check_rows();
	make_rows(50, true, 12, false, false); /* slanted */
	check_rows();
}

static void rows_in_no_order_count_as_they_do_alone(void **state)
{
	make_rows(50, true, 12, true, false);
	for (size_t i = 0; i < ROWS; i++) {
		size_t other = (size_t)below((int)ROWS);
		double x = begin_x[i];

		end_x[i] = begin_x[i] = begin_x[other];
		end_x[other] = begin_x[other] = x;
	}
	check_rows();
}

static void lines_to_the_left_count_as_they_do_alone(void **state)
{
	make_rows(50, true, 12, false, true);
	for (size_t i = 0; i < ROWS; i += 5)
		end_x[i] = begin_x[i] - below(4000);
	check_rows();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(points_and_lines_of_any_kind_count_as_they_do_alone),
		cmocka_unit_test(rows_in_no_order_count_as_they_do_alone),
		cmocka_unit_test(lines_to_the_left_count_as_they_do_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
