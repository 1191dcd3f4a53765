/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Axes, sizes and the parts of figures, by pencil. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "config.h"

#include "analyze/plot/figures.h"
#include "plots/axes.h"
#include "plots/picture.h"
#include "plots/style.h"

/* All labels of an axis with blanks between. */
static const char *labels(const struct axis *axis)
{
	static char text[1024];

	*text = '\0';
	for (size_t i = 0; i < axis->n_ticks; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%s", i ? " " : "",
			 axis->labels[i]);
	return text;
}

static const char *title(const struct axis *axis, const char *name)
{
	static char text[64];

	axis_title(axis, name, text, sizeof(text));
	return text;
}

static const char *value(double v, const char *unit)
{
	static char text[32];

	axis_value(v, unit, text, sizeof(text));
	return text;
}

static void ticks_stand_at_one_two_or_five_times_a_power_of_ten(void **state)
{
	struct axis axis;

	axis_make(&axis, 0, 64.2e6, "ns", AXIS_ROUND, 5);
	assert_string_equal(labels(&axis), "0 20 40 60 80");
	assert_string_equal(title(&axis, "time"), "time [ms]");
	assert_true(axis.min == 0 && fabs(axis.max - 80e6) < 1);
	axis_make(&axis, 0, 10, "%", AXIS_ROUND, 5);
	assert_string_equal(labels(&axis), "0 2 4 6 8 10");
	axis_make(&axis, 0, 0.3, "1", AXIS_ROUND, 3);
	assert_string_equal(labels(&axis), "0.0 0.1 0.2 0.3");
	axis_make(&axis, -3, 4, "1", AXIS_ROUND, 4);
	assert_string_equal(labels(&axis), "-4 -2 0 2 4");
}

static void ends_of_a_time_axis_are_kept(void **state)
{
	struct axis axis;

	axis_make(&axis, 3.81e9, 4.0e9, "ns", 0, 5);
	assert_string_equal(labels(&axis), "3.85 3.90 3.95 4.00");
	assert_true(axis.min == 3.81e9 && axis.max == 4.0e9);
	assert_true(fabs(axis_at(&axis, 3.905e9) - 0.5) < 1e-9);
	assert_true(axis_at(&axis, 3.81e9) == 0 && axis_at(&axis, 4.0e9) == 1);
}

static void units_grow_with_the_values(void **state)
{
	static const struct {
		double max;
		const char *unit, *shown;
	} cases[] = {
		{ 999, "ns", "ns" },	     { 1e3, "ns", "µs" },	 { 999e3, "ns", "µs" },
		{ 1e9, "ns", "s" },	     { 1023, "bytes", "bytes" }, { 1024, "bytes", "KiB" },
		{ 0x1p31, "bytes", "GiB" },  { 50, "%", "%" },		 { 19999, "1", "" },
		{ 20000, "1", "thousands" }, { 2e7, "1", "millions" },	 { 3e6, "kHz", "GHz" },
		{ 7, "ticks", "ticks" },
	};
	struct axis axis;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		axis_make(&axis, 0, cases[i].max, cases[i].unit, 0, 4);
		assert_string_equal(axis.unit, cases[i].shown);
	}
}

static void whole_numbers_have_no_ticks_between(void **state)
{
	struct axis axis;

	axis_make(&axis, 0, 2, "1", AXIS_ROUND | AXIS_WHOLE, 5);
	assert_string_equal(labels(&axis), "0 1 2");
	axis_make(&axis, 0, 2, "1", AXIS_ROUND, 4);
	assert_string_equal(labels(&axis), "0.0 0.5 1.0 1.5 2.0");
}

static void a_log_axis_has_decades_with_their_own_units(void **state)
{
	struct axis axis;

	axis_make(&axis, 512, 33554432, "ns", AXIS_LOG, 8);
	assert_string_equal(labels(&axis), "1 µs 10 µs 100 µs 1 ms 10 ms");
	assert_string_equal(title(&axis, "length"), "length");
	assert_true(fabs(axis_at(&axis, sqrt(512.0 * 33554432)) - 0.5) < 1e-9);
	axis_make(&axis, 5, 2e6, "1", AXIS_LOG | AXIS_ROUND, 3);
	assert_true(axis.min == 1 && fabs(axis.max - 1e7) < 1);
	/* Without a positive begin there are no decades. */
	axis_make(&axis, 0, 100, "ns", AXIS_LOG, 5);
	assert_false(axis.log);
}

static void axes_of_nothing_of_one_value_and_of_the_largest_have_a_length(void **state)
{
	static const double ends[][2] = {
		{ NAN, NAN },  { 0, 0 },	{ 7, 7 },	    { -7, -7 },
		{ 5, 1 },      { 0, INFINITY }, { -INFINITY, 3 },   { 0, 9.2e18 },
		{ 0, 1e300 },  { 0, 1e-9 },	{ 9.2e18, 9.2e18 }, { -9.2e18, 9.2e18 },
		{ 0, 5e-324 },
	};
	static const unsigned int flags[] = { 0, AXIS_ROUND, AXIS_LOG, AXIS_WHOLE | AXIS_ROUND };
	struct axis axis;

	for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++)
		for (size_t f = 0; f < sizeof(flags) / sizeof(*flags); f++) {
			axis_make(&axis, ends[i][0], ends[i][1], "ns", flags[f], 5);
			assert_true(isfinite(axis.min) && isfinite(axis.max));
			assert_true(axis.max > axis.min);
			assert_true(axis.n_ticks <= AXIS_TICKS);
			for (size_t t = 0; t < axis.n_ticks; t++)
				assert_true(isfinite(axis_at(&axis, axis.ticks[t])));
		}
}

static void values_have_three_digits_and_a_unit(void **state)
{
	assert_string_equal(value(42329000, "ns"), "42.3 ms");
	assert_string_equal(value(1e9, "ns"), "1 s");
	assert_string_equal(value(962300, "ns"), "962 µs");
	assert_string_equal(value(0, "ns"), "0 ns");
	assert_string_equal(value(1536, "bytes"), "1.50 KiB");
	assert_string_equal(value(63, "1"), "63");
	assert_string_equal(value(98.64, "%"), "98.6 %");
	assert_string_equal(value(NAN, "ns"), "unknown");
}

static void sizes_are_millimetres_from_60_by_30_to_2000(void **state)
{
	struct schedtrace_error err;
	struct plot_size size;

	assert_int_equal(plot_parse_size("170x105.5", &size, NULL), 0);
	assert_true(size.width == 170 && size.height == 105.5);
	assert_int_equal(plot_parse_size("88", &size, NULL), 0);
	assert_true(size.width == 88 && size.height == 0);
	assert_int_equal(plot_parse_size("59x100", &size, &err), SCHEDTRACE_E_USAGE);
	assert_string_equal(err.text, "--plot-size: 59x100 is no WIDTHxHEIGHT in mm, from 60x30 to "
				      "2000x2000");
	assert_int_equal(plot_parse_size("100x", &size, NULL), SCHEDTRACE_E_USAGE);
	assert_int_equal(plot_parse_size("", &size, NULL), SCHEDTRACE_E_USAGE);
}

static void pictures_are_refused_where_they_cannot_be_drawn(void **state)
{
	struct schedtrace_error err;

	assert_int_equal(plot_check("--plot", "a.gif", &err), SCHEDTRACE_E_USAGE);
	assert_string_equal(err.text,
			    HAVE_CAIRO ? "--plot: a.gif does not end in .png, .svg or .pdf"
				       : "--plot: this program was built without cairo and "
					 "cannot draw; install libcairo2-dev and build it again");
	assert_int_equal(plot_check("--plot", "a.svg", &err), HAVE_CAIRO ? 0 : SCHEDTRACE_E_USAGE);
}

static void names_of_columns_become_words(void **state)
{
	struct plot_figure figure = { 0 };

	assert_string_equal(plot_column_name(&figure, "on_cpu_ns"), "on CPU");
	assert_string_equal(plot_column_name(&figure, "wait_wakeup_ns"), "wait wakeup");
	assert_string_equal(plot_column_name(&figure, "rss_bytes"), "rss");
	assert_string_equal(plot_column_name(&figure, "migrations"), "migrations");
	assert_string_equal(plot_column_name(&figure, "on_cpu_hi_ns"), "on CPU at most");
	assert_string_equal(plot_column_name(&figure, "p99_ns"), "99 % within");
	assert_string_equal(plot_column_name(&figure, "rq_mean"), "run queue mean");
	assert_string_equal(plot_column_name(&figure, "ns"), "ns");
	assert_string_equal(plot_title(&figure, "what each CPU did; a row a CPU"),
			    "What each CPU did");
	plot_figure_free(&figure);
}

static void texts_of_a_figure_are_escaped(void **state)
{
	struct plot_figure figure = { 0 };

	assert_string_equal(plot_text(&figure, "%s", "a\n\xff"), "a\\x0a\\xff");
	plot_figure_free(&figure);
}

static void states_have_the_same_style_everywhere(void **state)
{
	assert_int_equal(plot_style_of("on CPU", 0), plot_style_of("on CPU", 5));
	assert_int_equal(plot_style_of("unknown", 3), STYLE_UNKNOWN);
	assert_int_equal(plot_style_of("possibly on CPU", 3), STYLE_UNKNOWN);
	assert_int_equal(plot_style_of("another", 3), 3);
	assert_int_equal(plot_style(plot_style_of("running", 9))->fill,
			 plot_style(plot_style_of("on CPU", 9))->fill);
}

/* Brightness from 0 to 100, as a grey printer sees it. */
static double grey(uint32_t rgb)
{
	return (0.3 * (rgb >> 16) + 0.59 * (rgb >> 8 & 255) + 0.11 * (rgb & 255)) / 2.55;
}

static void fills_of_one_picture_differ_in_grey_or_in_their_hatch(void **state)
{
	for (size_t a = 0; a < 12; a++)
		for (size_t b = 0; b < a; b++) {
			const struct plot_style *first = plot_style(a), *second = plot_style(b);

			assert_true(first->hatch != second->hatch ||
				    fabs(grey(first->fill) - grey(second->fill)) > 10);
		}
}

static void dashes_of_eight_curves_differ(void **state)
{
	for (size_t a = 0; a < 8; a++)
		for (size_t b = 0; b < a; b++)
			assert_memory_not_equal(plot_style(a)->dashes, plot_style(b)->dashes,
						sizeof(plot_style(a)->dashes));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ticks_stand_at_one_two_or_five_times_a_power_of_ten),
		cmocka_unit_test(ends_of_a_time_axis_are_kept),
		cmocka_unit_test(units_grow_with_the_values),
		cmocka_unit_test(whole_numbers_have_no_ticks_between),
		cmocka_unit_test(a_log_axis_has_decades_with_their_own_units),
		cmocka_unit_test(axes_of_nothing_of_one_value_and_of_the_largest_have_a_length),
		cmocka_unit_test(values_have_three_digits_and_a_unit),
		cmocka_unit_test(sizes_are_millimetres_from_60_by_30_to_2000),
		cmocka_unit_test(pictures_are_refused_where_they_cannot_be_drawn),
		cmocka_unit_test(names_of_columns_become_words),
		cmocka_unit_test(texts_of_a_figure_are_escaped),
		cmocka_unit_test(states_have_the_same_style_everywhere),
		cmocka_unit_test(fills_of_one_picture_differ_in_grey_or_in_their_hatch),
		cmocka_unit_test(dashes_of_eight_curves_differ),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
