/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Pixels by pencil; many rows at once are asked of numpy in the witness of figures. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "view/figure/raster.h"
#include "view/figure/raster_hit.h"

static const struct raster_window window = { 0, 10, 0, 4, 5, 4 };

/* Rows from the highest down, a digit a pixel. */
static void expect(struct raster *raster, const char *picture)
{
	char found[32], *at = found;

	raster_finish(raster);
	for (uint32_t row = window.height; row-- > 0; *at++ = ' ')
		for (uint32_t column = 0; column < window.width; column++)
			*at++ = (char)('0' + raster->counts[row * window.width + column]);
	at[-1] = '\0';
	assert_string_equal(found, picture);
	raster_free(raster);
}

static void check_points(size_t n, const double *x, const double *y, const char *picture)
{
	const struct query_column xs = { .reals = x }, ys = { .reals = y };
	struct raster raster;

	assert_int_equal(raster_new(&raster, &window, NULL), 0);
	raster_points(&raster, &xs, &ys, n);
	expect(&raster, picture);
}

static void check_line(double x0, double y0, double x1, double y1, const char *picture)
{
	const struct query_column c[] = {
		{ .reals = &x0 }, { .reals = &y0 }, { .reals = &x1 }, { .reals = &y1 }
	};
	struct raster raster;

	assert_int_equal(raster_new(&raster, &window, NULL), 0);
	assert_int_equal(raster_lines(&raster, &c[0], &c[1], &c[2], &c[3], 1, NULL), 0);
	expect(&raster, picture);
}

static void a_point_is_in_the_pixel_that_begins_at_or_before_it(void **state)
{
	const double x[] = { 0, 1.999, 2, 10, 10.001, -0.001, 5 };
	const double y[] = { 0, 0, 0, 4, 1, 1, 4.001 };

	check_points(7, x, y, "00001 00000 00000 21000");
}

static void whole_numbers_are_points_as_well(void **state)
{
	static const int64_t x[] = { 3, INT64_MAX };
	static const int32_t y[] = { 2, 2 };
	const struct query_column xs = { .ints = x }, ys = { .small_ints = y };
	struct raster raster;

	assert_int_equal(raster_new(&raster, &window, NULL), 0);
	raster_points(&raster, &xs, &ys, 2);
	expect(&raster, "00000 01000 00000 00000");
}

static void a_level_line_covers_its_pixels_and_those_of_its_ends(void **state)
{
	check_line(1, 1, 4, 1, "00000 00000 11100 00000");
	check_line(4, 1, 1, 1, "00000 00000 11100 00000");
	check_line(-5, 0, 50, 0, "00000 00000 00000 11111");
	check_line(-5, 0, 0, 0, "00000 00000 00000 10000");
	check_line(10, 4, 12, 4, "00001 00000 00000 00000");
	check_line(11, 1, 12, 1, "00000 00000 00000 00000");
	check_line(1, 5, 4, 5, "00000 00000 00000 00000");
	check_line(3, 3, 3, 3, "01000 00000 00000 00000");
}

static void an_upright_line_likewise(void **state)
{
	check_line(3, 1, 3, 2.5, "00000 01000 01000 00000");
	check_line(3, 2.5, 3, 1, "00000 01000 01000 00000");
	check_line(3, -9, 3, 9, "01000 01000 01000 01000");
	check_line(11, 0, 11, 4, "00000 00000 00000 00000");
}

static void a_flat_line_has_a_pixel_in_each_column_and_a_steep_one_in_each_row(void **state)
{
	check_line(0, 0, 10, 4, "00001 00110 01000 10000");
	check_line(10, 4, 0, 0, "00001 00110 01000 10000");
	check_line(0, 4, 10, 0, "10000 01100 00010 00001");
	check_line(0, 0, 2.1, 4, "10000 10000 10000 10000");
	check_line(-10, -4, 20, 8, "00001 00110 01000 10000");
	check_line(-10, 0, -1, 4, "00000 00000 00000 00000");
	check_line(0, 0, INFINITY, 4, "00000 00000 00000 11111");
}

/* Coordinates that often meet: edges of pixels, ends of the window, and beyond it. */
static double coordinate(double end)
{
	int r = rand() % 40;

	if (r < 2)
		return r ? INFINITY : -INFINITY;
	return (double)(r - 8) * end / 20 + (rand() % 3 ? 0 : 0.013);
}

static void a_row_hits_the_pixels_that_count_it(void **state)
{
	srand(1);
	for (int n = 0; n < 20000; n++) {
		double x0 = coordinate(10), y0 = coordinate(4), x1 = coordinate(10),
		       y1 = coordinate(4);
		const struct query_column c[] = {
			{ .reals = &x0 }, { .reals = &y0 }, { .reals = &x1 }, { .reals = &y1 }
		};
		struct raster raster;

		if (n % 4 == 0)
			y1 = y0;
		if (n % 4 == 1)
			x1 = x0;
		assert_int_equal(raster_new(&raster, &window, NULL), 0);
		assert_int_equal(raster_lines(&raster, &c[0], &c[1], &c[2], &c[3], 1, NULL), 0);
		raster_finish(&raster);
		for (uint32_t i = 0; i < window.width * window.height; i++)
			if (raster.counts[i] != raster_hit(&window, x0, y0, x1, y1,
							   i % window.width, i / window.width))
				fail_msg("%g,%g to %g,%g: pixel %u", x0, y0, x1, y1, i);
		raster_free(&raster);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_point_is_in_the_pixel_that_begins_at_or_before_it),
		cmocka_unit_test(whole_numbers_are_points_as_well),
		cmocka_unit_test(a_level_line_covers_its_pixels_and_those_of_its_ends),
		cmocka_unit_test(an_upright_line_likewise),
		cmocka_unit_test(
			a_flat_line_has_a_pixel_in_each_column_and_a_steep_one_in_each_row),
		cmocka_unit_test(a_row_hits_the_pixels_that_count_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
