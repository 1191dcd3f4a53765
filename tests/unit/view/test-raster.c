/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Pixels by pencil; many rows at once are asked of numpy in the witness of figures. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "view/figure/raster.h"
#include "view/figure/raster_hit.h"

static const struct raster_window window = { 0, 10, 0, 4, 5, 4 };

static const struct mix unit = { 1, 255, 7, 0 };

static const struct mix *pixel(const struct raster *r, uint32_t column, uint32_t row)
{
	return &r->counts[(column - r->first) * window.height + row];
}

/* The digits of a raster's columns, in the rows of the whole picture; each count has colours. */
static void note(struct raster *raster, char digits[4][6])
{
	raster_finish(raster);
	for (uint32_t row = 0; row < window.height; row++)
		for (uint32_t c = raster->first; c < raster->first + raster->columns; c++) {
			const struct mix *mix = pixel(raster, c, row);

			digits[3 - row][c] = (char)('0' + mix->n);
			assert_int_equal(mix->red, 255 * mix->n);
			assert_int_equal(mix->green, 7 * mix->n);
			assert_int_equal(mix->blue, 0);
		}
}

/* Rows from the highest down, a digit a pixel. */
static void expect(char digits[4][6], uint64_t counted, const char *picture)
{
	char found[32];

	snprintf(found, sizeof(found), "%s %s %s %s", digits[0], digits[1], digits[2], digits[3]);
	assert_string_equal(found, picture);
	for (const char *c = found; *c; c++)
		counted -= *c == ' ' ? 0 : (uint64_t)(*c - '0');
	assert_int_equal(counted, 0);
}

/* In strips of 1 to 5 columns, the last one narrower. */
static void check(size_t n, const double *x0, const double *y0, const double *x1, const double *y1,
		  const char *picture)
{
	for (uint32_t width = 1; width <= window.width; width++) {
		char digits[4][6] = { { 0 } };
		struct raster raster;
		uint64_t counted = 0;

		assert_int_equal(raster_new(&raster, &window, width, NULL), 0);
		for (uint32_t c = 0; c < window.width; c += width) {
			raster_begin(&raster, c,
				     width < window.width - c ? width : window.width - c);
			if (x1)
				assert_int_equal(raster_lines(&raster, &unit, x0, y0, x1, y1, n,
							      &counted, NULL),
						 0);
			else
				counted += raster_points(&raster, &unit, x0, y0, n);
			note(&raster, digits);
		}
		raster_free(&raster);
		expect(digits, counted, picture);
	}
}

static void check_line(double x0, double y0, double x1, double y1, const char *picture)
{
	check(1, &x0, &y0, &x1, &y1, picture);
}

static void a_point_is_in_the_pixel_that_begins_at_or_before_it(void **state)
{
	const double x[] = { 0, 1.999, 2, 10, 10.001, -0.001, 5 };
	const double y[] = { 0, 0, 0, 4, 1, 1, 4.001 };

	check(7, x, y, NULL, NULL, "00001 00000 00000 21000");
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
		struct raster raster;
		uint64_t counted = 0;

		if (n % 4 == 0)
			y1 = y0;
		if (n % 4 == 1)
			x1 = x0;
		assert_int_equal(raster_new(&raster, &window, window.width, NULL), 0);
		raster_begin(&raster, 0, window.width);
		assert_int_equal(
			raster_lines(&raster, &unit, &x0, &y0, &x1, &y1, 1, &counted, NULL), 0);
		raster_finish(&raster);
		for (uint32_t i = 0; i < window.width * window.height; i++)
			if (pixel(&raster, i % window.width, i / window.width)->n !=
			    raster_hit(&window, x0, y0, x1, y1, i % window.width, i / window.width))
				fail_msg("%g,%g to %g,%g: pixel %u", x0, y0, x1, y1, i);
		raster_free(&raster);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_point_is_in_the_pixel_that_begins_at_or_before_it),
		cmocka_unit_test(a_level_line_covers_its_pixels_and_those_of_its_ends),
		cmocka_unit_test(an_upright_line_likewise),
		cmocka_unit_test(
			a_flat_line_has_a_pixel_in_each_column_and_a_steep_one_in_each_row),
		cmocka_unit_test(a_row_hits_the_pixels_that_count_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
